"""`network_model="2019"`: an interface for each execution environment, made at its cold start."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from kits import cloud_kit as kit, network_kit as net
from serverless_cloud import Cloud
from serverless_first import cloud

NO_ADDRESS = (
    "Lambda was not able to set up VPC access for the Lambda function because one or more configured subnets has no "
    "available IP addresses."
)


@pytest.fixture(autouse=True)
def _of_2019(aws: Cloud) -> Iterator[None]:
    cloud.start(time_scale=net.FAST, network_model="2019")
    assert aws.network_model == "2019"
    yield
    cloud.start(time_scale=1, network_model="hyperplane")


def test_a_function_is_active_at_once_and_has_no_interface() -> None:
    vpc = net.make_vpc()
    kit.deploy("orders", kit.COUNT, VpcConfig=vpc.config)
    assert net.state("orders")["State"] == "Active"
    assert net.interfaces() == []
    kit.client("lambda").update_function_configuration(FunctionName="orders", VpcConfig=vpc.config, Timeout=9)
    assert net.state("orders")["LastUpdateStatus"] == "Successful"


def test_each_environment_has_an_interface(tmp_path: Path) -> None:
    vpc = net.make_vpc()
    kit.deploy("orders", kit.HOLD, VpcConfig=vpc.config)
    with kit.held("orders", tmp_path / "calls", 3):
        found = net.interfaces()
        assert len({each["PrivateIpAddress"] for each in found}) == 3
        assert net.free(vpc.subnet) == 11 - 3
    assert len(net.interfaces()) == 3  # frozen environments keep theirs
    kit.invoke("orders")
    assert len(net.interfaces()) == 3  # a warm start needs no other
    for each in found:
        assert each["Description"].startswith("AWS Lambda VPC ENI: ")
        assert (each["InterfaceType"], each["Status"]) == ("interface", "in-use")
        assert each["Attachment"]["InstanceOwnerId"] == "aws-lambda"
        assert [group["GroupId"] for group in each["Groups"]] == [vpc.group]
    kit.change_code("orders", kit.COUNT)
    kit.eventually(lambda: not net.interfaces(), "the interfaces end with their environments")
    assert net.free(vpc.subnet) == 11


def test_an_environment_that_dies_gives_its_interface_back() -> None:
    vpc = net.make_vpc()
    kit.deploy("orders", "import os\ndef handler(e, c): os._exit(1)", VpcConfig=vpc.config)
    assert kit.invoke("orders").error == "Unhandled"
    kit.eventually(lambda: net.free(vpc.subnet) == 11, "the address is free again")
    kit.change_code("orders", "import lamps_that_do_not_exist")
    assert kit.invoke("orders").error == "Unhandled"
    kit.eventually(lambda: net.free(vpc.subnet) == 11, "the address is free again")


def test_the_cold_start_waits_for_the_interface_and_the_warm_start_does_not() -> None:
    cloud.start(time_scale=10)  # ten seconds become one
    kit.deploy("orders", kit.COUNT, VpcConfig=net.make_vpc().config)
    begun_s = time.monotonic()
    kit.invoke("orders")
    assert time.monotonic() - begun_s > 1.0
    cloud.start(time_scale=0.01)  # for a warm start there is nothing to wait for, however slow
    assert kit.invoke("orders").payload["count"] == 2


def test_the_wait_does_not_count_for_the_timeout() -> None:
    cloud.start(time_scale=5)  # the interface takes two seconds, the function may take one
    kit.deploy("orders", kit.COUNT, VpcConfig=net.make_vpc().config, Timeout=1)
    answer = kit.invoke("orders")
    assert answer.error is None


def test_a_burst_runs_out_of_addresses(aws: Cloud) -> None:
    """200 environments in a /26: AWS keeps five of its 64 addresses."""
    vpc = net.make_vpc("10.7.0.0/26")
    kit.deploy("orders", kit.COUNT, VpcConfig=vpc.config)
    answers = aws.at_once("orders", [{}] * 200)
    assert Counter(answer.outcome for answer in answers) == {"answered": 59, "throttled": 141}
    assert {answer.error for answer in answers} == {"", NO_ADDRESS}
    assert net.free(vpc.subnet) == 0
    assert len(net.interfaces()) == 59


def test_the_error_of_a_call_without_an_address(tmp_path: Path) -> None:
    vpc = net.make_vpc()
    net.fill(vpc.subnet, leave=1)
    kit.deploy("orders", kit.HOLD, VpcConfig=vpc.config)
    with kit.held("orders", tmp_path / "calls"):
        refusal = kit.refused(lambda: kit.invoke("orders"))
    assert (refusal.code, refusal.status) == ("SubnetIPAddressLimitReachedException", 502)
    assert refusal.answer["Error"]["Message"] == NO_ADDRESS
    assert isinstance(kit.invoke("orders").payload, int)  # the one environment is free again


def test_an_event_waits_until_an_address_is_free() -> None:
    vpc = net.make_vpc()
    (*_, last) = net.fill(vpc.subnet)
    queue = kit.make_queue("shipped")
    source = (
        f"import boto3\ndef handler(e, c): boto3.client('sqs').send_message(QueueUrl={queue.url!r}, MessageBody='7')"
    )
    kit.deploy("orders", source, VpcConfig=vpc.config)
    kit.client("lambda").invoke(FunctionName="orders", InvocationType="Event", Payload=b"{}")
    kit.client("ec2").delete_network_interface(NetworkInterfaceId=last)
    assert kit.received(queue)[0]["Body"] == "7"


def test_the_subnet_with_the_most_free_addresses_is_taken(tmp_path: Path) -> None:
    vpc = net.make_vpc()
    second = net.make_subnet(vpc.id, "10.7.1.0/28")
    net.fill(vpc.subnet, leave=1)
    kit.deploy("orders", kit.HOLD, VpcConfig={"SubnetIds": [vpc.subnet, second], "SecurityGroupIds": [vpc.group]})
    with kit.held("orders", tmp_path / "calls", 4):
        assert Counter(each["SubnetId"] for each in net.interfaces()) == {second: 4}


def test_provisioned_environments_have_interfaces_too() -> None:
    vpc = net.make_vpc()
    net.fill(vpc.subnet, leave=2)
    kit.deploy("orders", kit.COUNT, VpcConfig=vpc.config)
    functions = kit.client("lambda")
    given = {"FunctionName": "orders", "Qualifier": kit.publish("orders")}
    functions.put_provisioned_concurrency_config(**given, ProvisionedConcurrentExecutions=3)

    def look() -> bool:
        answer = functions.get_provisioned_concurrency_config(**given)
        return bool(answer["Status"] == "FAILED" and answer["AllocatedProvisionedConcurrentExecutions"] == 2)

    kit.eventually(look, "two of three have an address")
    assert "no available IP addresses" in functions.get_provisioned_concurrency_config(**given)["StatusReason"]
    assert len(net.interfaces()) == 2


def test_a_function_without_a_vpc_has_no_interface(aws: Cloud) -> None:
    cloud.start(time_scale=1)
    kit.deploy("orders", kit.COUNT)
    assert [answer.outcome for answer in aws.at_once("orders", [{}] * 3)] == ["answered"] * 3
    assert net.interfaces() == []


def test_the_model_changes_while_the_cloud_runs(aws: Cloud) -> None:
    vpc = net.make_vpc()
    kit.deploy("orders", kit.COUNT, VpcConfig=vpc.config)
    kit.invoke("orders")
    assert [each["InterfaceType"] for each in net.interfaces()] == ["interface"]
    cloud.start(network_model="hyperplane")
    assert aws.network_model == "hyperplane"
    kit.eventually(lambda: len(net.interfaces()) == 2, "a shared one beside that of the environment")
    assert kit.invoke("orders").payload["count"] == 2
    kit.change_code("orders", kit.COUNT)
    kit.eventually(lambda: len(net.interfaces()) == 1, "the environment's has gone")
    kit.invoke("orders")
    assert [each["InterfaceType"] for each in net.interfaces()] == ["lambda"]
    cloud.start(time_scale=1)
    other = net.make_group(vpc.id, "database")
    config = {"SubnetIds": [vpc.subnet], "SecurityGroupIds": [other]}
    kit.deploy("payments", kit.COUNT, VpcConfig=config)
    assert net.state("payments")["State"] == "Pending"
    cloud.start(network_model="2019")
    assert net.interfaces() == []  # nobody needs the shared ones
    assert net.state("payments")["State"] == "Active"  # and nobody waits for one


def test_a_reset_in_the_middle_of_a_cold_start(aws: Cloud) -> None:
    from concurrent.futures import ThreadPoolExecutor

    cloud.start(time_scale=1)  # ten seconds
    kit.deploy("orders", kit.COUNT, VpcConfig=net.make_vpc().config)
    through = kit.client("lambda")
    with ThreadPoolExecutor(1) as pool:
        call = pool.submit(kit.invoke, "orders", through=through)
        kit.eventually(net.interfaces, "the call waits for its interface")
        aws.reset()
        assert call.result(5).error == "Unhandled"  # not after ten seconds
    assert net.interfaces() == []


def test_the_cloud_alone_takes_the_model() -> None:
    from click.testing import CliRunner

    from serverless_first import cli

    shown = CliRunner().invoke(cli.main, ["cloud", "--network-model", "2018"])
    assert shown.exit_code == 2
    assert "'hyperplane', '2019'" in shown.output
