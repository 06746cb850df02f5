"""`enforce_iam`: a handler may do what its role allows, and nothing else; so may roles and users of the learner's."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.config import Config

from kits import iam_kit
from serverless_cloud import Cloud
from serverless_first import cloud

HOME = "arn:aws:sqs:us-east-1:123456789012"
SESSION = "arn:aws:sts::123456789012:assumed-role/hikari-functions/worker"
TRUSTS_THE_ACCOUNT = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"AWS": "123456789012"}, "Action": "sts:AssumeRole"}],
}


@pytest.fixture
def enforced(aws: Cloud) -> Iterator[Cloud]:
    """The module's local cloud with permissions enforced."""
    yield cloud.start(enforce_iam=True)
    aws.reset()
    cloud.start(enforce_iam=False)


def client_with(service: str, credentials: dict[str, Any]) -> Any:
    """A client with other credentials than the learner's, as STS or IAM gave them out."""
    return boto3.client(
        service,
        aws_access_key_id=credentials["AccessKeyId"],
        aws_secret_access_key=credentials["SecretAccessKey"],
        aws_session_token=credentials.get("SessionToken"),
        config=Config(retries={"total_max_attempts": 1}),
    )


@pytest.mark.usefixtures("enforced")
def test_a_handler_without_rights_is_refused_in_the_words_of_each_service(kit: Any) -> None:
    orders = kit.make_queue("orders")
    kit.deploy("worker", iam_kit.CALLS, Timeout=20)
    topic = "arn:aws:sns:us-east-1:123456789012:paid"
    table = "arn:aws:dynamodb:us-east-1:123456789012:table/orders"
    function = "arn:aws:lambda:us-east-1:123456789012:function:worker"
    expected = [
        (["sqs", "send_message", {"QueueUrl": orders.url, "MessageBody": "x"}],
         "AccessDenied", 403, f"sqs:sendmessage on resource: {orders.arn}"),
        (["sns", "publish", {"TopicArn": topic, "Message": "x"}],
         "AuthorizationError", 403, f"SNS:Publish on resource: {topic}"),
        (["s3", "get_object", {"Bucket": "hikari", "Key": "a b/ü"}],
         "AccessDenied", 403, 's3:GetObject on resource: "arn:aws:s3:::hikari/a b/ü"'),
        (["dynamodb", "get_item", {"TableName": "orders", "Key": {"id": {"S": "1"}}}],
         "AccessDeniedException", 400, f"dynamodb:GetItem on resource: {table}"),
        (["lambda", "invoke", {"FunctionName": "worker"}],
         "AccessDeniedException", 403, f"lambda:InvokeFunction on resource: {function}"),
        (["cloudwatch", "put_metric_data", {"Namespace": "hikari", "MetricData": []}],
         "AccessDenied", 403, "cloudwatch:PutMetricData"),
        (["secretsmanager", "get_secret_value", {"SecretId": "hikari/db"}],  # named as it was asked for
         "AccessDeniedException", 400, "secretsmanager:GetSecretValue on resource: hikari/db"),
        (["secretsmanager", "list_secrets", {}], "AccessDeniedException", 400, "secretsmanager:ListSecrets"),
        (["sts", "assume_role", {"RoleArn": "arn:aws:iam::123456789012:role/admin", "RoleSessionName": "mine"}],
         "AccessDenied", 403, "sts:AssumeRole on resource: arn:aws:iam::123456789012:role/admin"),
    ]  # fmt: skip
    answers = kit.invoke("worker", [each[0] for each in expected]).payload
    for answer, (_, code, status, asked) in zip(answers, expected, strict=True):
        assert (answer["code"], answer["status"]) == (code, status)
        action = asked.split()[0]
        because = "" if action == "sts:AssumeRole" else f" because no identity-based policy allows the {action} action"
        assert answer["message"] == f"User: {SESSION} is not authorized to perform: {asked}{because}"
    # A HEAD request has no body to say why; who one is may always be asked; and nothing was logged.
    calls = [["s3", "head_object", {"Bucket": "hikari", "Key": "a"}], ["sts", "get_caller_identity", {}]]
    calls.append(["dynamodb", "execute_statement", {"Statement": "SELECT * FROM orders"}])  # refused by name
    assert iam_kit.outcomes("worker", calls) == ["403", "done", "NotImplementedException"]
    assert iam_kit.log_lines("worker") == []


@pytest.mark.usefixtures("enforced")
def test_a_handler_may_do_what_its_role_allows(kit: Any) -> None:
    orders, stock = kit.make_queue("orders"), kit.make_queue("stock")
    kit.client("s3").create_bucket(Bucket="hikari")
    kit.client("s3").put_object(Bucket="hikari", Key="in/lamp", Body=b"lamp")
    kit.client("secretsmanager").create_secret(Name="db", SecretString="secret")
    kit.deploy("worker", iam_kit.CALLS, Timeout=20)
    iam_kit.allow(
        ("sqs:SendMessage sqs:GetQueueUrl", orders.arn),
        ("s3:GetObject", "arn:aws:s3:::hikari/in/*"),
        ("secretsmanager:GetSecretValue", "arn:aws:secretsmanager:us-east-1:123456789012:secret:db-??????"),
    )
    body = {"MessageBody": "x"}
    calls = [
        (["sqs", "send_message", {"QueueUrl": orders.url, **body}], "done"),
        (["sqs", "send_message", {"QueueUrl": stock.url, **body}], "AccessDenied"),
        (["sqs", "receive_message", {"QueueUrl": orders.url}], "AccessDenied"),
        (["s3", "get_object", {"Bucket": "hikari", "Key": "in/lamp"}], "done"),
        (["s3", "get_object", {"Bucket": "hikari", "Key": "in/none"}], "AccessDenied"),  # without s3:ListBucket
        (["s3", "put_object", {"Bucket": "hikari", "Key": "in/lamp"}], "AccessDenied"),
        (["s3", "presigned", {"Bucket": "hikari", "Key": "in/lamp"}], None),
        (["s3", "presigned", {"Bucket": "hikari", "Key": "out/lamp"}], None),
        (["secretsmanager", "get_secret_value", {"SecretId": "db"}], "done"),
    ]
    found = iam_kit.outcomes("worker", [call for call, _ in calls])
    assert [code for code in found if not code.startswith("http")] == [code for _, code in calls if code]
    # An address that a handler signs is worth what its role may do.
    good, bad = (code for code in found if code.startswith("http"))
    assert urllib.request.urlopen(good).read() == b"lamp"
    with pytest.raises(urllib.error.HTTPError, match="403"):
        urllib.request.urlopen(bad)
    # With the right to list, a missing object is called missing; AWS's own policy lets a function write its log.
    iam_kit.allow(("s3:ListBucket", "arn:aws:s3:::hikari"), name="list")
    basic = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"
    kit.client("iam").attach_role_policy(RoleName=iam_kit.ROLE, PolicyArn=basic)
    missing = [["s3", "get_object", {"Bucket": "hikari", "Key": "in/none"}]]
    assert iam_kit.outcomes("worker", missing) == ["NoSuchKey"]
    assert "at work" in [line.strip() for line in iam_kit.log_lines("worker")]
    attached = kit.client("iam").list_attached_role_policies(RoleName=iam_kit.ROLE)["AttachedPolicies"]
    assert [each["PolicyArn"] for each in attached] == [basic]
    # A group that is there needs no right to make one: the stream and its events still do.
    kit.client("iam").detach_role_policy(RoleName=iam_kit.ROLE, PolicyArn=basic)
    written = len(iam_kit.log_lines("worker"))
    iam_kit.outcomes("worker", missing)
    assert len(iam_kit.log_lines("worker")) == written
    group = "arn:aws:logs:us-east-1:123456789012:log-group:/aws/lambda/worker:*"
    iam_kit.allow(("logs:CreateLogStream logs:PutLogEvents", group), name="log")
    iam_kit.outcomes("worker", missing)
    assert len(iam_kit.log_lines("worker")) > written


def test_it_can_be_switched_on_and_off(aws: Cloud, kit: Any) -> None:
    call = [["sqs", "list_queues", {}]]
    kit.deploy("worker", iam_kit.CALLS, Timeout=20)
    assert iam_kit.outcomes("worker", call) == ["done"]
    assert cloud.start(enforce_iam=True) is aws
    assert aws.enforce_iam
    assert iam_kit.outcomes("worker", call) == ["AccessDenied"]  # the environment from before, too
    assert [e.invocations for e in aws.environments("worker")] == [2]
    cloud.start(time_scale=1.0)  # leaves it as it is
    aws.reset()
    kit.deploy("worker", iam_kit.CALLS, Timeout=20)
    assert iam_kit.outcomes("worker", call) == ["AccessDenied"]
    assert iam_kit.log_lines("worker") == []
    cloud.start(enforce_iam=False)
    assert not aws.enforce_iam
    assert iam_kit.outcomes("worker", call) == ["done"]


@pytest.mark.usefixtures("enforced")
def test_policies_of_resources_boundaries_and_denials(kit: Any) -> None:
    orders, iam = kit.make_queue("orders"), kit.client("iam")
    kit.deploy("worker", iam_kit.CALLS, Timeout=20)
    send = [["sqs", "send_message", {"QueueUrl": orders.url, "MessageBody": "x"}]]

    def message() -> str:
        (answer,) = kit.invoke("worker", send).payload
        return answer if isinstance(answer, str) else str(answer["message"])

    # Inside one account the queue's own policy is enough.
    grant = {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::123456789012:role/{iam_kit.ROLE}"},
             "Action": "sqs:SendMessage", "Resource": orders.arn}  # fmt: skip
    sqs = kit.client("sqs")
    sqs.set_queue_attributes(QueueUrl=orders.url, Attributes={"Policy": iam_kit.policy(grant)})
    assert message() == "done"
    sqs.set_queue_attributes(QueueUrl=orders.url, Attributes={"Policy": iam_kit.policy(grant | {"Effect": "Deny"})})
    iam_kit.allow(("sqs:*", "*"))
    assert message().endswith("with an explicit deny in a resource-based policy")
    sqs.set_queue_attributes(QueueUrl=orders.url, Attributes={"Policy": ""})
    assert message() == "done"
    iam_kit.allow(("sqs:Send*", "*"), name="stop", effect="Deny")
    assert message().endswith("with an explicit deny in an identity-based policy")
    iam.delete_role_policy(RoleName=iam_kit.ROLE, PolicyName="stop")
    boundary = iam.create_policy(PolicyName="boundary", PolicyDocument=iam_kit.policy(("s3:*", "*")))["Policy"]["Arn"]
    iam.put_role_permissions_boundary(RoleName=iam_kit.ROLE, PermissionsBoundary=boundary)
    assert message().endswith("because no permissions boundary allows the sqs:sendmessage action")
    iam.create_policy_version(PolicyArn=boundary, PolicyDocument=iam_kit.policy(("sqs:*", "*")), SetAsDefault=True)
    assert message() == "done"
    elsewhere = {"Effect": "Allow", "Action": "sqs:*", "Resource": "*",
                 "Condition": {"StringEquals": {"aws:RequestedRegion": "eu-west-1"}}}  # fmt: skip
    iam_kit.allow(elsewhere)
    assert "because no identity-based policy" in message()
    iam_kit.allow(elsewhere | {"Condition": {"StringEquals": {"aws:PrincipalTag/team": "lamps"}}})
    assert "doesn't support the condition key aws:PrincipalTag/team" in message()
    # A role that is gone is no longer anybody.
    iam.delete_role_policy(RoleName=iam_kit.ROLE, PolicyName="own")
    iam.delete_role(RoleName=iam_kit.ROLE)
    assert message() == "The security token included in the request is invalid."


@pytest.mark.usefixtures("enforced")
def test_roles_that_are_assumed_and_users(kit: Any) -> None:
    iam, sts = kit.client("iam"), kit.client("sts")
    orders = kit.make_queue("orders")
    reader = kit.make_role("reader", TRUSTS_THE_ACCOUNT)
    iam_kit.allow(("sqs:*", "*"), role="reader")
    of_lambda = kit.make_role()  # trusts Lambda alone: an administrator may not assume it either
    refusal = kit.refused(lambda: sts.assume_role(RoleArn=of_lambda, RoleSessionName="aiko"))
    assert (refusal.code, refusal.status) == ("AccessDenied", 403)
    assert refusal.message.endswith(f"is not authorized to perform: sts:AssumeRole on resource: {of_lambda}")
    limit = iam_kit.policy(("sqs:GetQueueAttributes", "*"))
    session = sts.assume_role(RoleArn=reader, RoleSessionName="aiko", Policy=limit)["Credentials"]
    sqs = client_with("sqs", session)
    sqs.get_queue_attributes(QueueUrl=orders.url, AttributeNames=["QueueArn"])
    refusal = kit.refused(lambda: sqs.receive_message(QueueUrl=orders.url))
    assert refusal.message.startswith("User: arn:aws:sts::123456789012:assumed-role/reader/aiko is not authorized")
    assert refusal.message.endswith("because no session policy allows the sqs:receivemessage action")
    # One connection takes a refusal of something large, and what comes after it; a condition on a header is seen.
    kit.client("s3").create_bucket(Bucket="hikari")
    sealed = {"Effect": "Allow", "Action": "s3:PutObject", "Resource": "arn:aws:s3:::hikari/*",
              "Condition": {"StringEquals": {"s3:x-amz-server-side-encryption": "AES256"}}}  # fmt: skip
    iam_kit.allow(sealed, role="reader", name="sealed")
    s3 = client_with("s3", sts.assume_role(RoleArn=reader, RoleSessionName="aiko")["Credentials"])
    lamp = {"Bucket": "hikari", "Key": "lamp", "Body": b"lamp" * 500_000}
    for _ in range(3):
        assert kit.refused(lambda: s3.put_object(**lamp)).code == "AccessDenied"
        s3.put_object(**lamp, ServerSideEncryption="AES256")
    for wrong in ({"SessionToken": "another"}, {"AccessKeyId": "ASIAAAAAAAAAAAAAAAAA"}):
        refusal = kit.refused(lambda wrong=wrong: client_with("sqs", session | wrong).list_queues())
        assert (refusal.code, refusal.status) == ("InvalidClientTokenId", 403)
        assert kit.refused(lambda wrong=wrong: client_with("dynamodb", session | wrong).list_tables()).code == (
            "UnrecognizedClientException"
        )
        assert kit.refused(lambda wrong=wrong: client_with("s3", session | wrong).list_buckets()).code == (
            "InvalidAccessKeyId"
        )

    iam.create_user(UserName="ken")
    key = iam.create_access_key(UserName="ken")["AccessKey"]
    sqs, as_ken = client_with("sqs", key), client_with("sts", key)
    assert as_ken.get_caller_identity()["Arn"] == "arn:aws:iam::123456789012:user/ken"
    assert kit.refused(lambda: sqs.receive_message(QueueUrl=orders.url)).message == (
        "User: arn:aws:iam::123456789012:user/ken is not authorized to perform: sqs:receivemessage on resource: "
        f"{orders.arn} because no identity-based policy allows the sqs:receivemessage action"
    )
    iam.create_group(GroupName="staff")
    named = ("sqs:ReceiveMessage", "arn:aws:sqs:*:*:${aws:username}-*")
    iam.put_group_policy(GroupName="staff", PolicyName="own", PolicyDocument=iam_kit.policy(named))
    iam.add_user_to_group(GroupName="staff", UserName="ken")
    sqs.receive_message(QueueUrl=kit.make_queue("ken-orders").url)
    assert kit.refused(lambda: sqs.receive_message(QueueUrl=orders.url)).code == "AccessDenied"
    # The role trusts the account, so a user needs the right to assume it.
    assert kit.refused(lambda: as_ken.assume_role(RoleArn=reader, RoleSessionName="ken")).code == "AccessDenied"
    allowed = iam_kit.policy(("sts:AssumeRole", reader))
    iam.put_user_policy(UserName="ken", PolicyName="assume", PolicyDocument=allowed)
    taken = as_ken.assume_role(RoleArn=reader, RoleSessionName="ken")["Credentials"]
    assert client_with("sqs", taken).list_queues()["QueueUrls"]
    iam.update_access_key(UserName="ken", AccessKeyId=key["AccessKeyId"], Status="Inactive")
    assert kit.refused(as_ken.get_caller_identity).code == "InvalidClientTokenId"


@pytest.mark.usefixtures("enforced")
@pytest.mark.parametrize("folder", ["lamps", "two words", "ランプ", "a+b%20c"])
def test_a_policy_names_objects_as_they_are_written(kit: Any, folder: str) -> None:
    """An address carries a key percent-encoded; a policy has it in plain letters."""
    kit.client("s3").create_bucket(Bucket="hikari")
    kit.client("iam").create_user(UserName="ken")
    key = kit.client("iam").create_access_key(UserName="ken")["AccessKey"]
    policy = iam_kit.policy(("s3:PutObject", f"arn:aws:s3:::hikari/{folder}/*"))
    kit.client("iam").put_user_policy(UserName="ken", PolicyName="own", PolicyDocument=policy)
    s3 = client_with("s3", key)
    s3.put_object(Bucket="hikari", Key=f"{folder}/1", Body=b"lamp")
    assert kit.refused(lambda: s3.put_object(Bucket="hikari", Key=f"{folder}2/1")).code == "AccessDenied"


@pytest.mark.usefixtures("enforced")
def test_handing_over_a_role_needs_the_right_to(kit: Any) -> None:
    deployer = kit.make_role("deployer", TRUSTS_THE_ACCOUNT)
    target = kit.make_role()
    iam_kit.allow(("lambda:*", "*"), role="deployer")
    session = kit.client("sts").assume_role(RoleArn=deployer, RoleSessionName="ci")["Credentials"]
    functions = client_with("lambda", session)
    given = {
        "FunctionName": "price", "Runtime": "python3.13", "Handler": "price.handler", "Role": target,
        "Code": {"ZipFile": kit.zip_of({"price.py": "def handler(event, context): ..."})},
    }  # fmt: skip
    refusal = kit.refused(lambda: functions.create_function(**given))
    assert (refusal.code, refusal.status) == ("AccessDeniedException", 403)
    assert f"iam:PassRole on resource: {target} because" in refusal.message
    to_lambda = {"Effect": "Allow", "Action": "iam:PassRole", "Resource": target,
                 "Condition": {"StringEquals": {"iam:PassedToService": "lambda.amazonaws.com"}}}  # fmt: skip
    iam_kit.allow(("lambda:*", "*"), to_lambda, role="deployer")
    assert functions.create_function(**given)["Role"] == target


@pytest.mark.usefixtures("enforced")
def test_records_go_where_the_execution_role_may_send_them(kit: Any) -> None:
    failed, dead = kit.make_queue("failed"), kit.make_queue("dead")
    functions, fails = kit.client("lambda"), "def handler(event, context):\n    raise ValueError(event)"
    letters, records = {"TargetArn": dead.arn}, {"OnFailure": {"Destination": failed.arn}}
    # They are looked at when they are set ...
    refusal = kit.refused(lambda: kit.deploy("orders", fails, DeadLetterConfig=letters))
    assert refusal.code == "InvalidParameterValueException"
    assert refusal.message == "The provided execution role does not have permissions to call SendMessage on SQS"
    kit.deploy("orders", fails)

    def set_targets() -> None:
        functions.update_function_configuration(FunctionName="orders", DeadLetterConfig=letters)
        functions.put_function_event_invoke_config(
            FunctionName="orders", MaximumRetryAttempts=0, DestinationConfig=records
        )

    assert kit.refused(set_targets).code == "InvalidParameterValueException"
    iam_kit.allow(("sqs:SendMessage", dead.arn))
    refusal = kit.refused(set_targets)
    assert refusal.message.endswith(f"does not have permissions to call SendMessage on {failed.arn}")
    iam_kit.allow(("sqs:SendMessage", "*"))
    set_targets()
    # ... and again for each event.
    iam_kit.allow(("sqs:SendMessage", dead.arn))
    functions.invoke(FunctionName="orders", InvocationType="Event", Payload=json.dumps("first"))
    assert kit.records(dead) == ["first"]  # the record went first, and was not allowed to
    iam_kit.allow(("sqs:SendMessage", failed.arn))
    functions.invoke(FunctionName="orders", InvocationType="Event", Payload=json.dumps("second"))
    assert [each["requestPayload"] for each in kit.records(failed)] == ["second"]


def test_the_cloud_that_stands_alone(tools: Any) -> None:
    command = [sys.executable, "-m", "serverless_first.cli", "cloud", "--port", "0", "--enforce-iam"]
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("AWS_", "MOTO_"))}
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=kept, encoding="utf-8", start_new_session=True) as it:
        try:
            assert it.stdout is not None
            found = re.search(r"http://127\.0\.0\.1:\d+", it.stdout.readline())
            assert found
            at = {"endpoint_url": found.group(), "region_name": "us-east-1"}
            keys = {"aws_access_key_id": "local", "aws_secret_access_key": "local"}
            iam = boto3.client("iam", **at, **keys)
            iam.create_user(UserName="ken")
            key = iam.create_access_key(UserName="ken")["AccessKey"]
            as_ken = {"aws_access_key_id": key["AccessKeyId"], "aws_secret_access_key": key["SecretAccessKey"]}
            assert tools.refused(boto3.client("sqs", **at, **as_ken).list_queues).code == "AccessDenied"
        finally:
            it.terminate()
        assert it.wait(20) == 0
