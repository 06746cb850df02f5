"""A session on "aws" or at another endpoint: confirmed, tagged, cleaned up by the tag, in an order that works.

No account is at hand: a plain moto server and a second local cloud, each a process of its own, stand for AWS.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from tests.cloud.account_kit import ACCOUNT, YES, make_a_database, make_a_shop

from kits import cloud_kit as kit
from serverless_cloud import CloudError, CloudNotRunning, client, guard, settings
from serverless_cloud.notebook import surroundings
from serverless_first import cloud
from serverless_first.real_account import costs, plan
from serverless_first.real_account.owned import KEY
from serverless_first.real_account.session import AccountSession

SERVERS = {
    "moto": ["-m", "moto.server", "-p"],
    "local": ["-m", "serverless_first.cli", "cloud", "--port"],
}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="module")
def servers() -> Iterator[Callable[[str], str]]:
    """Starts a server of a kind, once: its URL."""
    started: dict[str, tuple[subprocess.Popen[bytes], str]] = {}

    def url_of(kind: str) -> str:
        if kind not in started:
            port = free_port()
            kept = {k: v for k, v in os.environ.items() if not k.startswith(("AWS_", "MOTO_"))}
            process = subprocess.Popen(
                [sys.executable, *SERVERS[kind], str(port)],
                env=kept,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
            started[kind] = (process, f"http://127.0.0.1:{port}")
            kit.eventually(lambda: answers(port), f"the {kind} server answers", limit_s=60.0)
        return started[kind][1]

    yield url_of
    for process, _ in started.values():
        process.terminate()
        process.wait(60)


def answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@pytest.fixture
def plain(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    """A process with no setting of AWS's, no profile, nobody who watches, and a learner's folder of its own."""
    for name in [n for n in os.environ if n.startswith("AWS_")] + list(plan._UNATTENDED):
        monkeypatch.delenv(name, raising=False)
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, str(tmp_path / name))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setenv("SERVERLESS_FIRST_WORK", str(tmp_path / "work"))
    session = surroundings.swap_default_session(None)
    yield monkeypatch
    if (running := client.running()) is not None:
        running.stop()
    surroundings.swap_default_session(session)


@pytest.fixture
def standing_in(plain: pytest.MonkeyPatch, servers: Callable[[str], str]) -> Callable[[str], str]:
    """Lets a server stand for AWS, and empties it: AWS_ENDPOINT_URL, with keys as a learner has them."""

    def use(kind: str) -> str:
        url = servers(kind)
        reset = "/moto-api/reset" if kind == "moto" else "/_local/reset?region=us-east-1"
        urllib.request.urlopen(urllib.request.Request(url + reset, b"{}", method="POST")).read()
        for name, value in (("AWS_ENDPOINT_URL", url), ("AWS_ACCESS_KEY_ID", "me"), ("AWS_SECRET_ACCESS_KEY", "me")):
            plain.setenv(name, value)
        return url

    return use


KINDS_OF_A_SHOP = {
    "layer version", "schedule", "rule", "event source mapping", "REST API", "HTTP API", "state machine", "function",
    "secret", "topic", "queue", "event bus", "table", "bucket", "VPC endpoint", "NAT gateway", "Elastic IP address",
    "internet gateway", "subnet", "route table", "network ACL", "security group", "VPC", "alarm", "role",
}  # fmt: skip


@pytest.mark.parametrize("kind", SERVERS)
def test_what_is_made_is_tagged_and_removed_in_an_order_that_works(
    kind: str, standing_in: Callable[[str], str], capsys: pytest.CaptureFixture[str]
) -> None:
    standing_in(kind)
    with cloud.start(target="aws", confirm=YES, owner="bob"):
        boto3.client("sqs").create_queue(QueueName="bob-orders")
        boto3.client("iam").create_role(RoleName="bob-shop", AssumeRolePolicyDocument=json.dumps(kit.ASSUMABLE))
    with cloud.start(target="aws", confirm=YES, owner="ann") as aws:
        make_a_shop("ann")
        make_a_database("ann")
        boto3.client("cloudformation").create_stack(
            StackName="ann-stack", TemplateBody='{"Resources": {"T": {"Type": "AWS::SNS::Topic"}}}'
        )
        made = aws.cleanup(dry_run=True)
        kinds = {each.kind for each in made.removed} - {"log group"}  # only the local cloud writes logs
        assert kinds == KINDS_OF_A_SHOP | {"stack", "database", "parameter group", "proxy"}
        assert not any("bob" in each.name for each in made.removed)
        assert boto3.client("lambda").get_function(FunctionName="ann-orders")["Tags"] == {"team": "lamps", KEY: "ann"}

        capsys.readouterr()
        done = cloud.cleanup()
        told = capsys.readouterr().out
        assert done.clean, done
        others = {str(each) for each in made.removed if not each.name.startswith("ann-stack-")}  # go with the stack
        assert others <= {str(each) for each in done.removed}
        order = [each.kind for each in done.removed]
        for first, second in [
            ("stack", "function"), ("event source mapping", "function"), ("event source mapping", "queue"),
            ("rule", "event bus"), ("function", "role"), ("proxy", "database"), ("database", "parameter group"),
            ("proxy", "secret"), ("NAT gateway", "Elastic IP address"), ("subnet", "VPC"), ("security group", "VPC"),
        ]:  # fmt: skip
            assert order.index(first) < order.index(second), (first, second)
        assert "  function ann-orders\n" in told
        assert told.endswith("removed, nothing left.\n")
        again = cloud.cleanup()
        assert (again.removed, again.clean) == ([], True)
        assert not list(Path(os.environ["SERVERLESS_FIRST_WORK"]).rglob("*-ann.jsonl"))
    with cloud.start(target="aws", confirm=YES, owner="bob") as aws:  # another notebook, another day
        assert [str(each) for each in aws.cleanup(dry_run=True).removed] == ["queue bob-orders", "role bob-shop"]


def test_the_plan_tells_account_region_costs_and_changes_nothing(
    standing_in: Callable[[str], str], capsys: pytest.CaptureFixture[str]
) -> None:
    standing_in("moto")
    shown = cloud.start(target="aws", region="ap-northeast-1", dry_run=True)
    said = capsys.readouterr().out
    assert shown.words == f"{ACCOUNT} ap-northeast-1"
    for words in (ACCOUNT, "ap-northeast-1", "serverless-first=moto", "an emulator", "because this was a dry run"):
        assert words in said
    (five,) = [cost for cost in shown.costs if cost.module == "05"]
    assert f"  05       {five.hour_usd:>9.3f}{five.month_usd:>23.2f}  a db.t4g.micro database" in said
    assert "the table shows the prices of us-east-1" in said
    with pytest.raises(CloudNotRunning, match="Start first, with the target that you used"):
        cloud.cleanup()
    assert not guard.is_armed()


def test_costs_are_those_of_the_price_list() -> None:
    from serverless_first.facts import prices

    found = {cost.module: cost for cost in costs.by_the_hour("us-east-1")}
    usd = prices.of("us-east-1").each_usd
    database = usd("rds-postgres-t4g-micro") + 20 * usd("rds-postgres-storage") / 730
    assert found["04"].hour_usd == pytest.approx(database)
    assert found["05"].hour_usd == pytest.approx(database + 4 * usd("rds-proxy-vcpu"))
    assert found["06"].hour_usd == pytest.approx(database + usd("nat-gateway") + usd("public-ipv4"))
    assert found["05"].month_usd == pytest.approx(730 * found["05"].hour_usd)
    tokyo = {cost.module: cost for cost in costs.by_the_hour("ap-northeast-1")}
    assert (tokyo["08"].region, tokyo["06"].region) == ("ap-northeast-1", "us-east-1")  # no price of an address there
    assert {cost.region for cost in costs.by_the_hour("eu-west-1")} == {"us-east-1"}


REFUSALS: dict[str, tuple[dict[str, str], dict[str, Any], str]] = {
    "in CI": ({"CI": "true"}, {}, "CI is set, so this runs without a person"),
    "no terminal": ({}, {}, "there is no terminal and no notebook in a browser"),
    "another account": ({}, {"confirm": "111122223333 us-east-1"}, f"belong to account {ACCOUNT}"),
    "another Region": ({}, {"confirm": f"{ACCOUNT} eu-west-1"}, "the Region is us-east-1"),
    "no account": ({}, {"confirm": "yes"}, "You confirmed 'yes'"),
    "without --allow-real-aws": ({"AWS_ENDPOINT_URL": surroundings.NOWHERE}, {"confirm": YES}, "--allow-real-aws"),
}


@pytest.mark.parametrize("way", REFUSALS)
def test_without_a_confirmation_nothing_is_started(
    way: str, standing_in: Callable[[str], str], plain: pytest.MonkeyPatch
) -> None:
    standing_in("moto")
    variables, given, words = REFUSALS[way]
    for name, value in variables.items():
        plain.setenv(name, value)
    before = dict(os.environ)
    with pytest.raises(plan.NotConfirmed, match=words):
        cloud.start(target="aws", **given)
    assert dict(os.environ) == before
    with pytest.raises(CloudNotRunning):
        cloud.cleanup()


def test_in_ci_a_confirmation_in_the_code_is_one(standing_in: Callable[[str], str], plain: pytest.MonkeyPatch) -> None:
    standing_in("moto")
    plain.setenv("CI", "true")
    with cloud.start(target="aws", confirm=f" {ACCOUNT}  us-east-1 ") as aws:
        assert (aws.account_id, aws.region, aws.allow_real_aws) == (ACCOUNT, "us-east-1", True)
        assert cloud.start(target="aws") is aws  # running: nobody is asked again
        with pytest.raises(CloudError, match="different settings"):
            cloud.start()
    assert "AWS_REGION" not in os.environ


def test_somebody_types_it(
    standing_in: Callable[[str], str], plain: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    standing_in("moto")
    asked: list[str] = []
    plain.setattr(plan, "in_a_kernel", lambda: True)

    def somebody(question: str) -> str:
        asked.append(question)
        return str(YES)

    plain.setattr("builtins.input", somebody)
    with cloud.start(target="aws"):
        assert asked == ["To continue, type the account number and the Region, as in 111122223333 eu-west-1: "]
        assert capsys.readouterr().out.index("an hour") >= 0  # the estimate is shown before the question

    def nobody(_: str) -> str:
        raise RuntimeError("raw_input was called, but this frontend does not support input requests.")

    plain.setattr("builtins.input", nobody)
    with pytest.raises(plan.NotConfirmed, match="Nobody can confirm this here"):
        cloud.start(target="aws")


def test_credentials_are_never_guessed(plain: pytest.MonkeyPatch) -> None:
    plain.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    with pytest.raises(CloudError, match="boto3 finds no credentials, and the course does not ask for any"):
        cloud.start(target="aws", confirm=YES)
    plain.setenv("AWS_ACCESS_KEY_ID", "me")
    plain.setenv("AWS_SECRET_ACCESS_KEY", "me")
    with pytest.raises(CloudError, match="could not find out whose account this is, so it created nothing"):
        cloud.start(target="aws", confirm=YES)


@pytest.mark.usefixtures("plain")
def test_arguments_that_belong_to_another_target_are_refused() -> None:
    with pytest.raises(CloudError, match='confirm and dry_run are only for target="aws"'):
        cloud.start(confirm=YES)
    with pytest.raises(CloudError, match="owner is only for a target"):
        cloud.start(owner="ann")
    with pytest.raises(ValueError, match=r"owner is '灯', but it needs letters or digits"):
        cloud.start(target="http://127.0.0.1:9", owner="灯")
    assert client.running() is None


def test_calls_that_look_inside_say_what_aws_has(standing_in: Callable[[str], str]) -> None:
    standing_in("moto")
    with cloud.start(target="aws", confirm=YES) as aws:
        calls: list[tuple[Callable[[], object], str]] = [
            (aws.environments, "metric ConcurrentExecutions"),
            (lambda: aws.timeline("orders"), "REPORT lines"),
            (lambda: aws.database_sessions("orders-db"), "pg_stat_activity"),
            (lambda: aws.local_url("abc"), "API at its own address"),
            (aws.reset, r"cloud.cleanup\(\)"),
            (lambda: aws.image("hikari/render", "."), "Amazon ECR"),
        ]
        for call, words in calls:
            with pytest.raises(CloudError, match=f"Only the local cloud can do this. .*{words}"):
                call()
        address = "https://abc.execute-api.us-east-1.amazonaws.com/prod"
        assert aws.local_url(address) == address
        with pytest.raises(CloudError, match="There is no RDS instance or RDS proxy named 'orders-db'"):
            aws.database_address("orders-db")


def test_a_local_cloud_that_is_shared(plain: pytest.MonkeyPatch, servers: Callable[[str], str]) -> None:
    url = servers("local")
    with cloud.start(target=url, owner="ann smith") as aws:
        kit.deploy("shared", kit.COUNT)
        answers_of: list[Any] = aws.at_once("shared", [{}, {}])
        pids = {result.payload["pid"] for result in answers_of}
        assert {e.pid for e in aws.environments("shared")} == pids
        assert len(pids) == 2  # they begin together: the local cloud is asked to
        assert [i.phase for i in aws.timeline("shared")].count("invoke") == 2
        with pytest.raises(CloudError, match=r"Others may also use http://127\.0\.0\.1"):
            aws.reset()
        assert [str(each) for each in aws.cleanup().removed if each.kind == "function"] == ["function shared"]
        assert os.environ["AWS_ACCESS_KEY_ID"] == settings.LOCAL_KEY
    assert guard.is_armed() is False
    del plain


def test_another_emulator(plain: pytest.MonkeyPatch, servers: Callable[[str], str]) -> None:
    with cloud.start(target=servers("moto")) as aws:
        boto3.client("rds").create_db_instance(
            DBInstanceIdentifier="address-db", DBInstanceClass="db.t4g.micro", Engine="postgres", AllocatedStorage=20,
            MasterUsername="hikari", MasterUserPassword="lamps-for-all",
        )  # fmt: skip
        host, port = aws.database_address("address-db")
        assert (host.split(".")[0], port) == ("address-db", 5432)
        assert aws.account_id == ACCOUNT
        calls: list[Callable[[], object]] = [aws.environments, aws.reset, lambda: aws.timeline("orders")]
        for call in calls:
            with pytest.raises(CloudError, match="Only the local cloud can do this, but boto3 uses the target"):
                call()
        with pytest.raises(CloudError, match="Nothing is tagged here"):
            cloud.cleanup()
        boto3.client("rds").delete_db_instance(DBInstanceIdentifier="address-db", SkipFinalSnapshot=True)
    del plain


def test_the_local_cloud_loads_nothing_of_this(program: Callable[..., Any]) -> None:
    source = """
import sys
from kits import cloud_kit as kit
from serverless_first import cloud
aws = cloud.start()
loaded = [name for name in sys.modules if name.startswith("serverless_first.real_account")]
try:
    cloud.cleanup()
except cloud.CloudError as error:
    kit.say(loaded=loaded, refused=str(error), boto3="boto3" in sys.modules)
"""
    said = program(source).hear()
    assert (said["loaded"], said["boto3"]) == ([], False)
    assert "call aws.reset() to empty it" in said["refused"]


def test_what_was_there_before_is_neither_tagged_nor_removed(standing_in: Callable[[str], str]) -> None:
    standing_in("moto")

    def make() -> None:
        boto3.client("s3").create_bucket(Bucket="my-photos")
        boto3.client("sqs").create_queue(QueueName="my-queue")
        boto3.client("sns").create_topic(Name="my-topic")
        boto3.client("events").put_rule(Name="my-rule", EventPattern='{"source": ["shop"]}')
        boto3.client("cloudwatch").put_metric_alarm(
            AlarmName="my-alarm", EvaluationPeriods=1, ComparisonOperator="GreaterThanThreshold",
            MetricName="Errors", Namespace="AWS/Lambda", Period=60, Statistic="Sum", Threshold=1.0,
        )  # fmt: skip

    make()
    boto3.client("s3").put_object(Bucket="my-photos", Key="cat", Body=b"cat")
    stack = {"StackName": "mine", "TemplateBody": '{"Resources": {"T": {"Type": "AWS::SNS::Topic"}}}'}
    boto3.client("cloudformation").create_stack(**stack)
    with cloud.start(target="aws", confirm=YES, owner="ann") as aws:
        make()
        boto3.client("cloudformation").create_change_set(**stack, ChangeSetName="change", ChangeSetType="UPDATE")
        boto3.client("sqs").create_queue(QueueName="ann-queue")
        assert [str(each) for each in aws.cleanup().removed] == ["queue ann-queue"]
        assert boto3.client("s3").get_object(Bucket="my-photos", Key="cat")["Body"].read() == b"cat"
        assert len(boto3.client("sns").list_topics()["Topics"]) == 2
        assert not list(Path(os.environ["SERVERLESS_FIRST_WORK"]).rglob("*.jsonl"))


def test_credentials_that_change_on_the_way_remove_nothing(
    standing_in: Callable[[str], str], plain: pytest.MonkeyPatch
) -> None:
    standing_in("moto")
    with cloud.start(target="aws", confirm=YES, owner="ann") as aws:
        boto3.client("sqs").create_queue(QueueName="ann-queue")
        assert isinstance(aws.session, AccountSession)
        plain.setattr(aws.session.account, "id", "111122223333")  # moto's keys all belong to one account
        with pytest.raises(CloudError, match=f"now belong to account {ACCOUNT}. Nothing was removed"):
            aws.cleanup()
        assert len(boto3.client("sqs").list_queues()["QueueUrls"]) == 1


def test_kinds_that_it_cannot_remove_are_named(standing_in: Callable[[str], str]) -> None:
    standing_in("moto")
    with cloud.start(target="aws", confirm=YES, owner="ann") as aws:
        key = boto3.client("kms").create_key()["KeyMetadata"]["KeyId"]
        boto3.client("iam").create_group(GroupName="staff")
        by_hand = aws.cleanup().by_hand
        assert any(key in each for each in by_hand)
        assert any("iam CreateGroup: GroupName staff (created without a tag" in each for each in by_hand)
