"""A function's VpcConfig: interfaces that functions share, and the states of functions meanwhile."""

from __future__ import annotations

import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest

import serverless_cloud as cloud
from kits import cloud_kit as kit, network_kit as net
from serverless_cloud import Cloud

OLD, NEW = "def handler(e, c): return 'old'", "def handler(e, c): return 'new'"
NO_ADDRESS = (
    "Lambda was not able to set up VPC access for the Lambda function because one or more configured subnets has no "
)


@pytest.fixture(autouse=True)
def _hyperplane(aws: Cloud) -> Iterator[None]:
    del aws
    cloud.start(time_scale=net.FAST, network_model="hyperplane")
    yield
    cloud.start(time_scale=1)


def slow() -> None:
    """From now on interfaces take as long as on AWS: longer than a test."""
    cloud.start(time_scale=1)


# ---- a new function


def test_a_new_function_is_pending_until_its_interface_is_there() -> None:
    slow()
    vpc = net.make_vpc()
    kit.deploy("orders", OLD, VpcConfig=vpc.config)
    found = net.state("orders")
    assert found["State"] == "Pending"
    assert (found["StateReasonCode"], found["StateReason"]) == ("Creating", "The function is being created.")
    assert found["VpcConfig"] == {**vpc.config, "VpcId": vpc.id, "Ipv6AllowedForDualStack": False}
    assert net.interfaces() == []
    cloud.start(time_scale=net.FAST)
    net.active("orders")
    found = net.state("orders")
    assert "StateReason" not in found
    assert "StateReasonCode" not in found
    assert kit.invoke("orders").payload == "old"


def test_a_pending_function_is_refused_what_aws_refuses_it() -> None:
    slow()
    kit.deploy("orders", OLD, VpcConfig=net.make_vpc().config)
    functions = kit.client("lambda")
    for call in (
        lambda: kit.invoke("orders"),
        lambda: functions.invoke(FunctionName="orders", InvocationType="Event"),
        lambda: kit.change_code("orders", NEW),
        lambda: functions.update_function_configuration(FunctionName="orders", Timeout=9),
        lambda: kit.publish("orders"),
    ):
        refusal = kit.refused(call)
        assert (refusal.code, refusal.status) == ("ResourceConflictException", 409)
        assert refusal.message == (
            "The operation cannot be performed at this time. The function is currently in the following state: Pending"
        )
    functions.delete_function(FunctionName="orders")
    cloud.start(time_scale=net.FAST)
    kit.deploy("payments", OLD)
    assert kit.invoke("payments").payload == "old"
    assert net.interfaces() == []  # the one that was being made for orders is not made


def test_what_waits_for_a_pending_function_is_done_when_it_is_active() -> None:
    """Lambda's own queue: a topic's message is not lost."""
    slow()
    queue = kit.make_queue("shipped")
    source = (
        "import boto3\ndef handler(e, c):\n"
        f"    boto3.client('sqs').send_message(QueueUrl={queue.url!r}, MessageBody=e['Records'][0]['Sns']['Message'])"
    )
    arn = kit.deploy("orders", source, VpcConfig=net.make_vpc().config)
    sns = kit.client("sns")
    topic = sns.create_topic(Name="paid")["TopicArn"]
    kit.permit("orders", "sns", SourceArn=topic)
    sns.subscribe(TopicArn=topic, Protocol="lambda", Endpoint=arn)
    sns.publish(TopicArn=topic, Message="lamp 7")
    assert net.state("orders")["State"] == "Pending"
    cloud.start(time_scale=net.FAST)
    assert kit.received(queue)[0]["Body"] == "lamp 7"


def test_a_url_of_a_pending_function() -> None:
    slow()
    kit.deploy("orders", OLD, VpcConfig=net.make_vpc().config)
    url = kit.client("lambda").create_function_url_config(FunctionName="orders", AuthType="NONE")["FunctionUrl"]
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(url, timeout=kit.LIMIT_S)
    assert refused.value.code == 502
    cloud.start(time_scale=net.FAST)
    net.becomes("orders", State="Active")
    with urllib.request.urlopen(url, timeout=kit.LIMIT_S) as answer:
        assert answer.read() == b"old"


def test_an_interface_as_ec2_shows_it(aws: Cloud) -> None:
    vpc = net.make_vpc()
    net.deploy("orders", OLD, vpc)
    (found,) = net.interfaces()
    assert found["Description"].startswith("AWS Lambda VPC ENI-orders-")
    assert (found["InterfaceType"], found["Status"], found["RequesterManaged"]) == ("lambda", "in-use", True)
    assert found["RequesterId"].endswith(f":{aws.account_id}")
    assert (found["SubnetId"], found["VpcId"]) == (vpc.subnet, vpc.id)
    assert [group["GroupId"] for group in found["Groups"]] == [vpc.group]
    assert found["Attachment"]["AttachmentId"].startswith("ela-attach-")
    assert found["Attachment"]["InstanceOwnerId"] == "amazon-aws"
    assert "InstanceId" not in found["Attachment"]
    assert found["PrivateIpAddress"] == "10.7.0.4"  # the first four belong to AWS
    for name, value in {
        "interface-type": "lambda",
        "subnet-id": vpc.subnet,
        "group-id": vpc.group,
        "vpc-id": vpc.id,
        "requester-id": f"*:{aws.account_id}",
        "requester-managed": "true",
        "status": "in-use",
        "description": "AWS Lambda VPC ENI-orders-*",
        "attachment.instance-owner-id": "amazon-aws",
    }.items():
        wanted = [{"Name": name, "Values": [value]}]
        (same,) = kit.client("ec2").describe_network_interfaces(Filters=wanted)["NetworkInterfaces"]
        assert same["NetworkInterfaceId"] == found["NetworkInterfaceId"], name


def test_a_published_version_waits_as_its_function_does() -> None:
    slow()
    kit.deploy("orders", OLD, VpcConfig=net.make_vpc().config, Publish=True)
    assert net.state("orders", Qualifier="1")["State"] == "Pending"
    assert kit.refused(lambda: kit.invoke("orders", Qualifier="1")).code == "ResourceConflictException"
    cloud.start(time_scale=net.FAST)
    net.active("orders", Qualifier="1")
    assert kit.invoke("orders", Qualifier="1").payload == "old"


# ---- sharing


def test_functions_with_the_same_subnet_and_groups_share_an_interface() -> None:
    vpc = net.make_vpc()
    other = net.make_group(vpc.id, "database")
    net.deploy("orders", OLD, vpc)
    slow()  # from here on nothing is made: what is there is enough
    kit.deploy("payments", OLD, VpcConfig=vpc.config)
    assert net.state("payments")["State"] == "Active"
    assert kit.invoke("payments").payload == "old"
    cloud.start(time_scale=net.FAST)
    for name, groups in (("stock", [vpc.group, other]), ("mail", [other, vpc.group])):
        kit.deploy(name, OLD, VpcConfig={"SubnetIds": [vpc.subnet], "SecurityGroupIds": groups})
        net.becomes(name, State="Active")
    assert len(net.interfaces()) == 2  # one for each set of groups, whatever their order
    assert net.free(vpc.subnet) == 11 - 2


def test_one_interface_for_each_subnet() -> None:
    vpc = net.make_vpc()
    second = net.make_subnet(vpc.id, "10.7.1.0/28")
    kit.deploy("orders", OLD, VpcConfig={"SubnetIds": [vpc.subnet, second], "SecurityGroupIds": [vpc.group]})
    net.becomes("orders", State="Active")
    assert {found["SubnetId"] for found in net.interfaces()} == {vpc.subnet, second}


def test_environments_share_the_interface(aws: Cloud) -> None:
    vpc = net.make_vpc()
    net.deploy("orders", kit.COUNT, vpc)
    answers = aws.at_once("orders", [{}] * 12)  # more than the subnet has addresses
    assert [answer.outcome for answer in answers] == ["answered"] * 12
    assert len(net.interfaces()) == 1


def test_the_interface_goes_after_the_last_function() -> None:
    vpc = net.make_vpc()
    net.deploy("orders", OLD, vpc)
    net.deploy("payments", OLD, vpc)
    functions = kit.client("lambda")
    functions.delete_function(FunctionName="orders")
    (shared,) = net.interfaces()
    slow()
    functions.delete_function(FunctionName="payments")
    assert net.interfaces() == [shared]  # it lingers, and holds the subnet
    assert kit.refused(lambda: kit.client("ec2").delete_subnet(SubnetId=vpc.subnet)).code == "DependencyViolation"
    kit.deploy("stock", OLD, VpcConfig=vpc.config)
    assert net.state("stock")["State"] == "Active"  # and who needs it meanwhile takes it over
    functions.delete_function(FunctionName="stock")
    cloud.start(time_scale=net.FAST)
    kit.eventually(lambda: not net.interfaces(), "the interface has gone")
    assert net.free(vpc.subnet) == 11
    kit.client("ec2").delete_subnet(SubnetId=vpc.subnet)
    kit.client("ec2").delete_security_group(GroupId=vpc.group)


def test_a_version_keeps_the_interface() -> None:
    vpc = net.make_vpc()
    net.deploy("orders", OLD, vpc)
    number = kit.publish("orders")
    functions = kit.client("lambda")
    empty: dict[str, list[str]] = {"SubnetIds": [], "SecurityGroupIds": []}
    functions.update_function_configuration(FunctionName="orders", VpcConfig=empty)
    assert net.state("orders")["VpcConfig"] == {**empty, "VpcId": "", "Ipv6AllowedForDualStack": False}
    assert net.state("orders", Qualifier=number)["VpcConfig"]["VpcId"] == vpc.id
    assert kit.invoke("orders").payload == "old"
    (kept,) = net.interfaces()
    functions.delete_function(FunctionName="orders", Qualifier=number)
    kit.eventually(lambda: not net.interfaces(), f"{kept['NetworkInterfaceId']} has gone")


def test_a_change_of_the_vpc_makes_a_new_version() -> None:
    vpc = net.make_vpc()
    kit.deploy("orders", OLD)
    assert kit.publish("orders") == "1"
    kit.client("lambda").update_function_configuration(FunctionName="orders", VpcConfig=vpc.config)
    net.becomes("orders", LastUpdateStatus="Successful")
    assert kit.publish("orders") == "2"
    assert kit.publish("orders") == "2"


# ---- a change


def test_a_change_is_in_progress_until_its_interface_is_there(aws: Cloud) -> None:
    vpc = net.make_vpc()
    net.deploy("orders", "import os\ndef handler(e, c): return os.environ['LAMP']", vpc,
               Environment={"Variables": {"LAMP": "old"}})  # fmt: skip
    first = kit.invoke("orders").payload
    other = net.make_group(vpc.id, "database")
    functions = kit.client("lambda")
    slow()
    functions.update_function_configuration(
        FunctionName="orders",
        VpcConfig={"SecurityGroupIds": [other], "SubnetIds": [vpc.subnet]},
        Environment={"Variables": {"LAMP": "new"}},
    )
    found = net.state("orders")
    assert (found["State"], found["LastUpdateStatus"]) == ("Active", "InProgress")
    assert found["VpcConfig"]["SecurityGroupIds"] == [other]
    assert (first, kit.invoke("orders").payload) == ("old", "old")  # calls run the function as it was
    assert len(aws.environments("orders")) == 1  # in the environment that was there
    for call in (
        lambda: kit.change_code("orders", NEW),
        lambda: functions.update_function_configuration(FunctionName="orders", Timeout=9),
        lambda: kit.publish("orders"),
    ):
        kit.refused(call, "ResourceConflictException", "An update is in progress for resource: arn:aws:lambda:")
    cloud.start(time_scale=net.FAST)
    functions.get_waiter("function_updated_v2").wait(FunctionName="orders", WaiterConfig={"Delay": 1})
    assert kit.invoke("orders").payload == "new"
    kit.eventually(lambda: len(net.interfaces()) == 1, "the old interface has gone")
    assert [group["GroupId"] for group in net.interfaces()[0]["Groups"]] == [other]


def test_a_change_of_something_else_is_done_at_once() -> None:
    vpc = net.make_vpc()
    net.deploy("orders", OLD, vpc)
    slow()
    answer = kit.client("lambda").update_function_configuration(FunctionName="orders", Timeout=9, VpcConfig=vpc.config)
    assert (answer["LastUpdateStatus"], answer["Timeout"]) == ("Successful", 9)
    kit.change_code("orders", NEW)
    assert kit.invoke("orders").payload == "new"


# ---- no address


def test_a_function_in_a_full_subnet_fails() -> None:
    vpc = net.make_vpc()
    taken = net.fill(vpc.subnet)
    assert len(taken) == 11
    kit.deploy("orders", OLD, VpcConfig=vpc.config)
    found = net.becomes("orders", State="Failed")
    assert found["StateReasonCode"] == "SubnetOutOfIPAddresses"
    assert found["StateReason"].startswith(NO_ADDRESS)
    listed = kit.client("lambda").list_functions(FunctionVersion="ALL")["Functions"]
    assert [(each["FunctionName"], "StateReasonCode" in each) for each in listed] == [("orders", False)]
    assert kit.refused(lambda: kit.invoke("orders")).message.endswith("in the following state: Failed")
    assert net.interfaces() == []
    functions = kit.client("lambda")
    functions.delete_function(FunctionName="orders")
    kit.client("ec2").delete_network_interface(NetworkInterfaceId=taken[5])
    net.deploy("orders", OLD, vpc)  # it has the address that has become free
    assert net.interfaces()[0]["PrivateIpAddress"] == "10.7.0.9"


def test_a_change_into_a_full_subnet_fails_and_changes_nothing() -> None:
    vpc = net.make_vpc()
    net.deploy("orders", OLD, vpc, Timeout=5)
    full = net.make_subnet(vpc.id, "10.7.1.0/28")
    net.fill(full)
    kit.client("lambda").update_function_configuration(
        FunctionName="orders", Timeout=9, VpcConfig={"SubnetIds": [full], "SecurityGroupIds": [vpc.group]}
    )
    found = net.becomes("orders", LastUpdateStatus="Failed")
    assert found["LastUpdateStatusReasonCode"] == "SubnetOutOfIPAddresses"
    assert found["LastUpdateStatusReason"].startswith(NO_ADDRESS)
    assert (found["State"], found["Timeout"], found["VpcConfig"]["SubnetIds"]) == ("Active", 5, [vpc.subnet])
    assert kit.invoke("orders").payload == "old"
    answer = kit.client("lambda").update_function_configuration(FunctionName="orders", Timeout=7)
    assert answer["LastUpdateStatus"] == "Successful"
    assert len(net.interfaces()) == 1


def test_a_subnet_that_is_deleted_meanwhile() -> None:
    slow()
    vpc = net.make_vpc()
    kit.deploy("orders", OLD, VpcConfig=vpc.config)
    kit.client("ec2").delete_subnet(SubnetId=vpc.subnet)
    cloud.start(time_scale=net.FAST)
    assert net.becomes("orders", State="Failed")["StateReasonCode"] == "InvalidSubnet"


# ---- the rest


def test_a_reset_forgets_everything(aws: Cloud) -> None:
    vpc = net.make_vpc()
    net.deploy("orders", OLD, vpc)
    slow()
    kit.deploy("payments", OLD, VpcConfig=net.make_vpc().config)
    aws.reset()
    assert net.interfaces() == []
    cloud.start(time_scale=net.FAST)
    vpc = net.make_vpc()
    net.deploy("payments", NEW, vpc)
    assert kit.invoke("payments").payload == "new"
    assert len(net.interfaces()) == 1


def test_a_function_without_a_vpc_is_active_at_once() -> None:
    slow()
    kit.deploy("orders", OLD)
    found = net.state("orders")
    assert (found["State"], found["LastUpdateStatus"]) == ("Active", "Successful")
    assert "VpcConfig" not in found
    assert net.interfaces() == []


def test_functions_of_two_regions_do_not_share() -> None:
    net.deploy("orders", OLD, net.make_vpc())
    there: dict[str, Any] = {"region_name": "eu-central-1"}
    assert kit.client("ec2", **there).describe_network_interfaces()["NetworkInterfaces"] == []


def test_provisioned_environments_and_aliases_in_a_vpc(aws: Cloud) -> None:
    net.deploy("orders", kit.COUNT, net.make_vpc())
    functions = kit.client("lambda")
    functions.create_alias(FunctionName="orders", Name="live", FunctionVersion=kit.publish("orders"))
    given = {"FunctionName": "orders", "Qualifier": "live"}
    functions.put_provisioned_concurrency_config(**given, ProvisionedConcurrentExecutions=2)
    kit.eventually(
        lambda: functions.get_provisioned_concurrency_config(**given)["Status"] == "READY", "two are provisioned"
    )
    pids = {environment.pid for environment in aws.environments("orders")}
    assert kit.invoke("orders", Qualifier="live").payload["pid"] in pids
    assert len(net.interfaces()) == 1


def test_the_start_of_the_cloud_does_not_wait_for_ec2() -> None:
    """What a notebook without a VPC does not need is not imported: EC2 takes moto half a second."""
    source = (
        "import sys; from serverless_cloud.server import CloudServer; CloudServer();"
        "print([m for m in sys.modules if m.startswith('moto.ec2')])"
    )
    done = subprocess.run([sys.executable, "-c", source], capture_output=True, text=True, timeout=60)
    assert done.stdout.strip() == "[]", done.stderr
