"""Cleaning up and confirming under attack: what is another's stays, and what is real is never called an emulator.

No account is at hand: moto in this process stands for AWS.
"""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto.server import ThreadedMotoServer
from tests.cloud.account_kit import ACCOUNT, YES

from serverless_cloud import CloudError, client, guard
from serverless_cloud.notebook import surroundings
from serverless_first import cloud
from serverless_first.real_account import cleaning, finders, plan
from serverless_first.real_account.journal import Journal, Made
from serverless_first.real_account.owned import Account

RULE = {"FlexibleTimeWindow": {"Mode": "OFF"}, "ScheduleExpression": "rate(1 day)"}
TARGET = {"Target": {"Arn": f"arn:aws:sqs:us-east-1:{ACCOUNT}:q", "RoleArn": f"arn:aws:iam::{ACCOUNT}:role/r"}}
STACK = {"StackName": "theirs", "TemplateBody": '{"Resources": {"T": {"Type": "AWS::SNS::Topic"}}}'}


@pytest.fixture(scope="module")
def moto() -> Iterator[str]:
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def real(moto: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    """A process with keys, and moto where AWS would be."""
    for name in [n for n in os.environ if n.startswith("AWS_")] + list(plan._UNATTENDED):
        monkeypatch.delenv(name, raising=False)
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, str(tmp_path / name))
    for name, value in (("AWS_ENDPOINT_URL", moto), ("AWS_ACCESS_KEY_ID", "me"), ("AWS_SECRET_ACCESS_KEY", "me")):
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setenv("SERVERLESS_FIRST_WORK", str(tmp_path / "work"))
    session = surroundings.swap_default_session(None)
    import urllib.request

    urllib.request.urlopen(urllib.request.Request(f"{moto}/moto-api/reset", b"", method="POST")).close()
    yield monkeypatch
    if (running := client.running()) is not None:
        running.stop()
    surroundings.swap_default_session(session)


@pytest.fixture(autouse=True)
def _few_kinds(monkeypatch: pytest.MonkeyPatch) -> None:
    """Looks for what these tests make, and not for the other kinds, each of which loads a client."""
    few = (
        "logs of stacks",
        "stacks",
        "parameters",
        "resources without tags",
        "functions",
        "queues",
        "buckets",
        "network",
        "log groups",
    )
    monkeypatch.setattr(finders, "ORDER", tuple(each for each in finders.ORDER if each[0] in few))


def start(**more: Any) -> Any:
    return cloud.start(target="aws", confirm=YES, owner="ann", **more)


def journals(work: Path) -> list[str]:
    return sorted(file.name for file in work.rglob("*.jsonl"))


@pytest.mark.usefixtures("real")
def test_a_change_set_without_a_type_changes_a_stack_that_is_there_and_tags_nothing() -> None:
    boto3.client("cloudformation").create_stack(**STACK)
    with start() as aws:
        client = boto3.client("cloudformation")
        seen: list[Any] = []
        client.meta.events.register_last(
            "before-call.cloudformation.CreateChangeSet", lambda params, **_: seen.append(params)
        )
        with contextlib.suppress(client.exceptions.ClientError):  # moto wants the type that AWS does not need
            client.create_change_set(**STACK, ChangeSetName="change")
        assert len(seen) == 1
        assert "serverless-first" not in str(seen[0]["body"])
        assert aws.cleanup().removed == []


@pytest.mark.usefixtures("real")
def test_what_is_made_in_another_region_removes_no_namesake_here(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    boto3.client("scheduler").create_schedule(Name="stock-count", **RULE, **TARGET)  # somebody's, in us-east-1
    boto3.client("sqs", region_name="eu-west-1").create_queue(QueueName="theirs")  # somebody's, in eu-west-1
    with start() as aws:
        boto3.client("scheduler", region_name="eu-west-1").create_schedule(Name="stock-count", **RULE, **TARGET)
        boto3.client("sqs", region_name="eu-west-1").create_queue(QueueName="theirs")
        boto3.client("s3", region_name="eu-west-1").create_bucket(
            Bucket="ann-far", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"}
        )
        assert capsys.readouterr().err.count("creates resources in eu-west-1") == 1
        assert aws.cleanup(dry_run=True).removed == []
        assert aws.cleanup().removed == []
        assert boto3.client("scheduler").get_schedule(Name="stock-count")["State"] == "ENABLED"
    with cloud.start(target="aws", region="eu-west-1", confirm=f"{ACCOUNT} eu-west-1", owner="ann") as aws:
        assert sorted(map(str, aws.cleanup().removed)) == ["bucket ann-far", "schedule stock-count"]
        assert len(boto3.client("sqs").list_queues()["QueueUrls"]) == 1
    assert journals(tmp_path) == []


def test_what_other_credentials_make_in_another_account_is_not_noted(
    real: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    del real
    with start() as aws:
        # moto's keys all belong to one account: the session's is another one, then.
        aws.session.account.id = "111122223333"
        boto3.client("scheduler").create_schedule(Name="stock-count", **RULE, **TARGET)
        assert (
            f"Created in another account, so not noted: arn:aws:scheduler:us-east-1:{ACCOUNT}:"
            in capsys.readouterr().err
        )
        assert journals(tmp_path) == []


def test_what_is_removed_is_removed_with_the_credentials_that_were_looked_at(real: pytest.MonkeyPatch) -> None:
    with start() as aws:
        real.setenv("AWS_ACCESS_KEY_ID", "other")  # boto3's own session is made now, by the first client
        boto3.client("sqs").create_queue(QueueName="in-another-account")
        real.setenv("AWS_ACCESS_KEY_ID", "me")
        used = []
        real.setattr(cleaning, "clean_up", lambda account, **_: used.append(account))
        aws.cleanup()
        assert used[0].client("sqs")._request_signer._credentials.access_key == "me"


def test_a_log_group_that_was_there_stays_though_a_function_gets_its_name(real: pytest.MonkeyPatch) -> None:
    del real
    logs = boto3.client("logs")
    logs.create_log_group(logGroupName="/aws/lambda/orders")  # of somebody's function, which is gone
    role = boto3.client("iam").create_role(RoleName="r", AssumeRolePolicyDocument="{}")["Role"]["Arn"]
    from kits import cloud_kit as kit

    code = {"ZipFile": kit.zip_of({"a.py": "def handler(event, context):\n    return 1\n"})}
    given = {"Runtime": "python3.13", "Handler": "a.handler", "Role": role, "Code": code}
    with start() as aws:
        for name in ("orders", "payments"):
            boto3.client("lambda").create_function(FunctionName=name, **given)
        logs.create_log_group(logGroupName="/aws/lambda/payments")  # as Lambda does, without a tag: an older client
        removed = sorted(map(str, aws.cleanup().removed))
    assert removed == ["function orders", "function payments", "log group /aws/lambda/payments"]
    assert [each["logGroupName"] for each in logs.describe_log_groups()["logGroups"]] == ["/aws/lambda/orders"]


@pytest.mark.usefixtures("real")
def test_a_second_start_does_not_pass_over_another_owner_or_another_confirmation() -> None:
    with start() as aws:
        assert start() is aws
        assert cloud.start(target="aws") is aws
        with pytest.raises(CloudError, match="tag belongs to ann, not to bob"):
            cloud.start(target="aws", owner="bob", confirm=YES)
        with pytest.raises(CloudError, match="You confirmed '1 us-east-1', but this session is on account"):
            cloud.start(target="aws", confirm="1 us-east-1")


def answers(account: str) -> Any:
    """Stands for sts, so that nothing is sent."""
    return lambda *_, **__: {"Account": account, "Arn": f"arn:aws:iam::{account}:user/ann"}


@pytest.mark.parametrize("setting", ["AWS_USE_DUALSTACK_ENDPOINT", "AWS_USE_FIPS_ENDPOINT", ""])
def test_aws_under_another_of_its_names_is_no_emulator(real: pytest.MonkeyPatch, setting: str) -> None:
    from botocore.client import BaseClient

    real.delenv("AWS_ENDPOINT_URL")
    if setting:
        real.setenv(setting, "true")
    real.setattr(BaseClient, "_make_api_call", answers(ACCOUNT))
    account = plan.identify("us-east-1", None)
    assert account.endpoint is None
    assert "you pay for it" in str(plan.Plan(account, ()))


def test_a_single_service_that_goes_elsewhere_is_refused_before_anything_is_sent(
    real: pytest.MonkeyPatch, moto: str, tmp_path: Path
) -> None:
    from botocore.client import BaseClient

    def sent(*_: Any, **__: Any) -> None:
        pytest.fail("something was sent")

    real.setattr(BaseClient, "_make_api_call", sent)
    real.delenv("AWS_ENDPOINT_URL")
    real.setenv("AWS_ENDPOINT_URL_STS", moto)  # the rest would be real
    with pytest.raises(CloudError, match="than the rest: AWS_ENDPOINT_URL_STS"):
        plan.identify("us-east-1", None)
    real.delenv("AWS_ENDPOINT_URL_STS")
    config = f"[default]\nservices = mixed\n[services mixed]\nsts =\n  endpoint_url = {moto}\n"
    (tmp_path / "AWS_CONFIG_FILE").write_text(config, encoding="utf-8")
    with pytest.raises(CloudError, match="than the rest: sts"):
        plan.identify("us-east-1", None)


def test_a_name_that_changes_with_each_session_is_no_owner(real: pytest.MonkeyPatch) -> None:
    from botocore.client import BaseClient

    arn = f"arn:aws:sts::{ACCOUNT}:assumed-role/Admin/botocore-session-1764115200"
    real.setattr(BaseClient, "_make_api_call", lambda *_, **__: {"Account": ACCOUNT, "Arn": arn})
    with pytest.raises(CloudError, match="tomorrow's cleanup would find nothing"):
        plan.identify("us-east-1", None)
    assert plan.identify("us-east-1", "ann").owner == "ann"


def test_an_emulators_journal_is_none_of_the_account_of_the_same_number(real: pytest.MonkeyPatch) -> None:
    from botocore.client import BaseClient

    real.setattr(BaseClient, "_make_api_call", answers("111122223333"))
    emulator = plan.identify("us-east-1", "ann")
    emulator.journal.add(Made("scheduler", "CreateSchedule", {"Name": "stock-count"}, False))
    real.delenv("AWS_ENDPOINT_URL")
    account = plan.identify("us-east-1", "ann")
    assert (account.id, account.journal.read()) == (emulator.id, [])


@pytest.mark.parametrize(
    ("resource", "by_hand"),
    [
        ("iam::1:user/hikari", True),
        ("iam::1:instance-profile/web", True),
        ("apigateway:us-east-1::/vpclinks/abc", True),
        ("batch:us-east-1:1:scheduling-policy/fair", True),
        ("cloudformation:us-east-1:1:stackset/all:1", True),
        ("iam::1:role/hikari", False),
        ("lambda:us-east-1:1:function:orders", False),
        ("apigateway:us-east-1::/restapis/abc", False),
        ("apigateway:us-east-1::/apis/abc/stages/prod", False),
        ("batch:us-east-1:1:job-queue/nightly", False),
    ],
)
def test_what_no_finder_looks_for_is_left_to_do_by_hand(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, resource: str, by_hand: bool
) -> None:
    arn = f"arn:aws:{resource}"
    tags = [{"Key": "serverless-first", "Value": "ann"}]
    monkeypatch.setattr(Account, "pages", lambda *_, **__: iter([{"ResourceARN": arn, "Tags": tags}]))
    account = Account("1", "us-east-1", "ann", None, "arn", Journal(tmp_path / "j"))
    assert cleaning._still_tagged(account, cleaning.Cleanup(False)) == ([arn] if by_hand else [])


@pytest.mark.usefixtures("real")
def test_a_dry_run_lists_a_stacks_network_once_with_the_stack() -> None:
    template = '{"Resources": {"V": {"Type": "AWS::EC2::VPC", "Properties": {"CidrBlock": "10.8.0.0/16"}}}}'
    with start() as aws:
        boto3.client("cloudformation").create_stack(StackName="ann-net", TemplateBody=template)
        (vpc,) = boto3.client("ec2").describe_vpcs(Filters=[{"Name": "cidr", "Values": ["10.8.0.0/16"]}])["Vpcs"]
        # AWS hands a stack's tags on, and adds its own, which moto does under other names.
        tags = [{"Key": "serverless-first", "Value": "ann"}]
        boto3.client("ec2").create_tags(Resources=[vpc["VpcId"]], Tags=tags)
        before = [str(each) for each in aws.cleanup(dry_run=True).removed]
        assert before == ["stack ann-net"]
        assert [str(each) for each in aws.cleanup().removed] == before


@pytest.mark.usefixtures("real")
def test_a_parameter_that_overwrites_nothing_is_new_and_one_that_was_there_stays(tmp_path: Path) -> None:
    boto3.client("ssm").put_parameter(Name="theirs", Value="1", Type="String")
    with start() as aws:
        client = boto3.client("ssm")
        for name in ("mine", "theirs", "mine"):
            client.put_parameter(Name=name, Value="2", Type="String", Overwrite=True)
        client.put_parameter(Name="also-mine", Value="1", Type="String")
        assert journals(tmp_path) == []
        assert sorted(map(str, aws.cleanup().removed)) == ["parameter also-mine", "parameter mine"]
        assert client.get_parameter(Name="theirs")["Parameter"]["Value"] == "2"


FUNCTION = """
Resources:
  Role:
    Type: AWS::IAM::Role
    Properties: {AssumeRolePolicyDocument: {Version: "2012-10-17", Statement: []}}
  %s:
    Type: AWS::Lambda::Function
    Properties:
      FunctionName: %s
      Role: !GetAtt Role.Arn
      Runtime: python3.13
      Handler: index.handler
      Code: {ZipFile: "def handler(event, context): pass"}
"""


@pytest.mark.usefixtures("real")
def test_the_logs_of_a_stacks_functions_go_with_the_stack_and_those_that_were_there_stay() -> None:
    logs = boto3.client("logs")
    logs.create_log_group(logGroupName="/aws/lambda/old")  # of somebody's function, which is gone
    with start() as aws:
        for name in ("old", "new"):
            boto3.client("cloudformation").create_stack(StackName=name, TemplateBody=FUNCTION % ("F", name))
        logs.create_log_group(logGroupName="/aws/lambda/new")  # as Lambda does, without a tag: an older client
        removed = sorted(map(str, aws.cleanup().removed))
        assert removed == ["log group /aws/lambda/new", "stack new", "stack old"]
        assert aws.cleanup(dry_run=True).removed == []
    assert [each["logGroupName"] for each in logs.describe_log_groups()["logGroups"]] == ["/aws/lambda/old"]


@pytest.mark.usefixtures("real")
def test_a_stack_and_its_logs_go_where_nothing_can_be_noted(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "work").mkdir()
    (tmp_path / "work" / "real-account").write_text("no folder", encoding="utf-8")
    with start() as aws:
        boto3.client("cloudformation").create_stack(StackName="new", TemplateBody=FUNCTION % ("F", "new"))
        boto3.client("logs").create_log_group(logGroupName="/aws/lambda/new")
        assert sorted(map(str, aws.cleanup().removed)) == ["log group /aws/lambda/new", "stack new"]
        said = capsys.readouterr().out
        assert re.search("NOT LOOKED AT: logs of stacks: .*real-account.* cannot be read or written: ", said)
        assert aws.cleanup().clean


def test_a_start_that_fails_leaves_no_setting_behind(real: pytest.MonkeyPatch) -> None:
    real.delenv("AWS_ENDPOINT_URL")
    mine = boto3.Session(region_name="eu-west-1")
    real.setattr(boto3, "DEFAULT_SESSION", mine)
    before = dict(os.environ)
    with pytest.raises(CloudError, match="could not find out whose account this is, so it created nothing"):
        cloud.start(target="http://127.0.0.1:9", owner="ann")
    assert dict(os.environ) == before
    assert boto3.DEFAULT_SESSION is mine
    assert not guard.is_armed()
