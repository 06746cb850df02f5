"""A session on "aws" or at another endpoint: confirmed, tagged, cleaned up by the tag, in an order that works.

No account is at hand: a plain moto server and a second local cloud, each a process of its own, stand for AWS.
"""

from __future__ import annotations

import contextlib
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
import cloud_kit as kit  # type: ignore[import-not-found]  # pytest puts this folder on the path
import pytest

from serverless_first import cloud, guard
from serverless_first.cloud import CloudError, CloudNotRunning, surroundings
from serverless_first.cloud.account import cleaning, costs, finders, plan, tagging
from serverless_first.cloud.account.cleaning import Cleanup
from serverless_first.cloud.account.journal import Journal, Made
from serverless_first.cloud.account.owned import KEY, Account, owner_of
from serverless_first.cloud.account.things import Thing

ACCOUNT = "123456789012"
YES = f"{ACCOUNT} us-east-1"
SERVERS = {
    "moto": ["-m", "moto.server", "-p"],
    "local": ["-m", "serverless_first.cli", "cloud", "--port"],
}
ALLOW = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sqs:*", "Resource": "*"}]})


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
    with contextlib.suppress(AttributeError):
        cloud.client._running.stop()  # type: ignore[union-attr]
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


def make_a_shop(prefix: str) -> None:
    """Some of everything that the course makes, by plain boto3."""
    client = boto3.client
    trust = json.dumps(kit.ASSUMABLE)
    role = client("iam").create_role(RoleName=f"{prefix}-shop", AssumeRolePolicyDocument=trust)["Role"]["Arn"]
    client("iam").put_role_policy(RoleName=f"{prefix}-shop", PolicyName="hikari", PolicyDocument=ALLOW)
    code = kit.zip_of({"a.py": "def handler(event, context):\n    return 1\n"})
    functions = client("lambda")
    functions.create_function(
        FunctionName=f"{prefix}-orders",
        Runtime="python3.13",
        Handler="a.handler",
        Role=role,
        Code={"ZipFile": code},
        Tags={"team": "lamps"},
        Timeout=3,
    )
    functions.publish_layer_version(LayerName=f"{prefix}-layer", Content={"ZipFile": code})
    queue = client("sqs").create_queue(QueueName=f"{prefix}-orders")["QueueUrl"]
    arn = f"arn:aws:sqs:us-east-1:{ACCOUNT}:{prefix}-orders"
    assert queue
    functions.create_event_source_mapping(FunctionName=f"{prefix}-orders", EventSourceArn=arn)
    client("sns").create_topic(Name=f"{prefix}-news")
    events = client("events")
    events.create_event_bus(Name=f"{prefix}-bus")
    events.put_rule(Name=f"{prefix}-rule", EventBusName=f"{prefix}-bus", EventPattern='{"source": ["shop"]}')
    events.put_targets(Rule=f"{prefix}-rule", EventBusName=f"{prefix}-bus", Targets=[{"Id": "1", "Arn": arn}])
    client("scheduler").create_schedule(
        Name=f"{prefix}-count",
        ScheduleExpression="rate(1 day)",
        FlexibleTimeWindow={"Mode": "OFF"},
        Target={"Arn": arn, "RoleArn": role},
    )
    client("dynamodb").create_table(
        TableName=f"{prefix}-lamps",
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        BillingMode="PAY_PER_REQUEST",
    )
    client("s3").create_bucket(Bucket=f"{prefix}-reports")
    client("s3").put_object(Bucket=f"{prefix}-reports", Key="a/b", Body=b"lamps")
    client("secretsmanager").create_secret(Name=f"{prefix}-login", SecretString='{"username": "a", "password": "b"}')
    machine = '{"StartAt": "A", "States": {"A": {"Type": "Succeed"}}}'
    client("stepfunctions").create_state_machine(name=f"{prefix}-order", definition=machine, roleArn=role)
    client("apigateway").create_rest_api(name=f"{prefix}-rest")
    client("apigatewayv2").create_api(Name=f"{prefix}-http", ProtocolType="HTTP")
    client("cloudwatch").put_metric_alarm(
        AlarmName=f"{prefix}-alarm", EvaluationPeriods=1, ComparisonOperator="GreaterThanThreshold",
        MetricName="Errors", Namespace="AWS/Lambda", Period=60, Statistic="Sum", Threshold=1.0,
    )  # fmt: skip
    make_a_network()


def make_a_network() -> None:
    """A VPC as lab 06 has it: two groups that name each other, a NAT gateway, an endpoint."""
    ec2 = boto3.client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
    named = [{"ResourceType": "subnet", "Tags": [{"Key": "Name", "Value": "public"}]}]
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.9.1.0/24", TagSpecifications=named)["Subnet"]["SubnetId"]
    groups = [ec2.create_security_group(GroupName=n, Description=n, VpcId=vpc)["GroupId"] for n in ("in", "out")]
    for group, other in (groups, groups[::-1]):
        rule = {"IpProtocol": "tcp", "FromPort": 5432, "ToPort": 5432, "UserIdGroupPairs": [{"GroupId": other}]}
        ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[rule])
    table = ec2.create_route_table(VpcId=vpc)["RouteTable"]["RouteTableId"]
    ec2.associate_route_table(RouteTableId=table, SubnetId=subnet)
    gateway = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc)
    ec2.create_route(RouteTableId=table, DestinationCidrBlock="0.0.0.0/0", GatewayId=gateway)
    address = ec2.allocate_address(Domain="vpc")["AllocationId"]
    ec2.create_nat_gateway(SubnetId=subnet, AllocationId=address)
    ec2.create_network_acl(VpcId=vpc)
    ec2.create_vpc_endpoint(VpcId=vpc, ServiceName="com.amazonaws.us-east-1.s3", VpcEndpointType="Gateway")
    assert {"Key": "Name", "Value": "public"} in ec2.describe_subnets(SubnetIds=[subnet])["Subnets"][0]["Tags"]


def make_a_database(prefix: str) -> None:
    rds = boto3.client("rds")
    rds.create_db_parameter_group(
        DBParameterGroupName=f"{prefix}-seats", DBParameterGroupFamily="postgres18", Description="20 seats"
    )
    rds.create_db_instance(
        DBInstanceIdentifier=f"{prefix}-db", DBInstanceClass="db.t4g.micro", Engine="postgres", AllocatedStorage=20,
        MasterUsername="hikari", MasterUserPassword="lamps-for-all", DBParameterGroupName=f"{prefix}-seats",
    )  # fmt: skip
    secret = boto3.client("secretsmanager").describe_secret(SecretId=f"{prefix}-login")["ARN"]
    found = boto3.client("ec2").describe_subnets()["Subnets"]
    subnets = [subnet["SubnetId"] for subnet in found if subnet["DefaultForAz"]]
    rds.create_db_proxy(
        DBProxyName=f"{prefix}-proxy", EngineFamily="POSTGRESQL", VpcSubnetIds=subnets[:2],
        Auth=[{"AuthScheme": "SECRETS", "SecretArn": secret}], RoleArn=f"arn:aws:iam::{ACCOUNT}:role/{prefix}-shop",
    )  # fmt: skip


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
    for words in (ACCOUNT, "ap-northeast-1", "serverless-first=moto", "an emulator", "Nothing was made: a dry run"):
        assert words in said
    (five,) = [cost for cost in shown.costs if cost.module == "05"]
    assert f"  05       {five.hour_usd:>9.3f}{five.month_usd:>23.2f}  a database db.t4g.micro" in said
    assert "those of us-east-1 stand there" in said
    with pytest.raises(CloudNotRunning, match="Start first, with the target that you used"):
        cloud.cleanup()
    assert not guard.is_armed()


def test_costs_are_those_of_the_price_list() -> None:
    from serverless_first import prices

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
        with pytest.raises(CloudError, match="other settings"):
            cloud.start()
    assert "AWS_REGION" not in os.environ


def test_somebody_types_it(
    standing_in: Callable[[str], str], plain: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    standing_in("moto")
    asked: list[str] = []
    plain.setattr(plan, "_in_a_kernel", lambda: True)

    def somebody(question: str) -> str:
        asked.append(question)
        return YES

    plain.setattr("builtins.input", somebody)
    with cloud.start(target="aws"):
        assert asked == ["To go on, type the account number and the Region, as in 111122223333 eu-west-1: "]
        assert capsys.readouterr().out.index("an hour") >= 0  # the estimate is shown before the question

    def nobody(_: str) -> str:
        raise RuntimeError("raw_input was called, but this frontend does not support input requests.")

    plain.setattr("builtins.input", nobody)
    with pytest.raises(plan.NotConfirmed, match="Nobody can confirm this here"):
        cloud.start(target="aws")


def test_credentials_are_never_guessed(plain: pytest.MonkeyPatch) -> None:
    plain.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    with pytest.raises(CloudError, match="boto3 finds no credentials, and the course asks for none"):
        cloud.start(target="aws", confirm=YES)
    plain.setenv("AWS_ACCESS_KEY_ID", "me")
    plain.setenv("AWS_SECRET_ACCESS_KEY", "me")
    with pytest.raises(CloudError, match="Whose account it is could not be found out, so nothing was made"):
        cloud.start(target="aws", confirm=YES)


@pytest.mark.usefixtures("plain")
def test_arguments_that_belong_to_another_target_are_refused() -> None:
    with pytest.raises(CloudError, match='confirm and dry_run are for target="aws"'):
        cloud.start(confirm=YES)
    with pytest.raises(CloudError, match="owner is for a target"):
        cloud.start(owner="ann")
    with pytest.raises(ValueError, match=r"owner is '灯'; it needs letters or digits"):
        cloud.start(target="http://127.0.0.1:9", owner="灯")
    assert cloud.client._running is None


def test_calls_that_look_inside_say_what_aws_has(standing_in: Callable[[str], str]) -> None:
    standing_in("moto")
    with cloud.start(target="aws", confirm=YES) as aws:
        calls: list[tuple[Callable[[], object], str]] = [
            (aws.environments, "metric ConcurrentExecutions"),
            (lambda: aws.timeline("orders"), "REPORT lines"),
            (lambda: aws.database_sessions("orders-db"), "pg_stat_activity"),
            (lambda: aws.local_url("abc"), "an API's own address"),
            (aws.reset, r"cloud.cleanup\(\)"),
            (lambda: aws.image("hikari/render", "."), "Amazon ECR"),
        ]
        for call, words in calls:
            with pytest.raises(CloudError, match=f"Only the local cloud can do this. .*{words}"):
                call()
        address = "https://abc.execute-api.us-east-1.amazonaws.com/prod"
        assert aws.local_url(address) == address
        with pytest.raises(CloudError, match="There is no RDS instance and no RDS proxy 'orders-db'"):
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
        with pytest.raises(CloudError, match=r"Others may use http://127\.0\.0\.1"):
            aws.reset()
        assert [str(each) for each in aws.cleanup().removed if each.kind == "function"] == ["function shared"]
        assert os.environ["AWS_ACCESS_KEY_ID"] == surroundings.LOCAL_KEY
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
            with pytest.raises(CloudError, match="Only the local cloud can do this, and a target takes its place"):
                call()
        with pytest.raises(CloudError, match="Nothing is tagged here"):
            cloud.cleanup()
        boto3.client("rds").delete_db_instance(DBInstanceIdentifier="address-db", SkipFinalSnapshot=True)
    del plain


def test_the_local_cloud_loads_nothing_of_this(program: Callable[..., Any]) -> None:
    source = """
import sys, cloud_kit as kit
from serverless_first import cloud
aws = cloud.start()
loaded = [name for name in sys.modules if name.startswith("serverless_first.cloud.account")]
try:
    cloud.cleanup()
except cloud.CloudError as error:
    kit.say(loaded=loaded, refused=str(error), boto3="boto3" in sys.modules)
"""
    said = program(source).hear()
    assert (said["loaded"], said["boto3"]) == ([], False)
    assert "aws.reset() empties it" in said["refused"]


# ---- parts


@pytest.mark.parametrize(
    ("service", "operation", "given"),
    [
        ("lambda", "CreateFunction", {"Tags": {"team": "lamps"}}),
        ("sqs", "CreateQueue", {}),
        ("stepfunctions", "CreateStateMachine", {"tags": [{"key": "team", "value": "lamps"}]}),
        ("rds", "CreateDBInstance", {"Tags": [{"Key": KEY, "Value": "somebody else"}]}),
        ("ec2", "RunInstances", {"TagSpecifications": [{"ResourceType": "spot-instances-request", "Tags": []}]}),
        ("cognito-idp", "CreateUserPool", {}),
    ],
)
def test_the_tag_goes_beside_others_in_each_service_s_form(service: str, operation: str, given: dict[str, Any]) -> None:
    model = boto3.Session().client(service, region_name="us-east-1").meta.service_model.operation_model(operation)
    params = dict(given)
    assert tagging.add_tag(params, model, "ann")
    text = json.dumps(params)
    assert text.count(f'"{KEY}"') == (2 if operation == "RunInstances" else 1)
    assert '"ann"' in text
    assert "somebody else" not in text
    for other in ("team", "spot-instances-request"):
        assert (other in text) == (other in json.dumps(given))
    from botocore.validate import ParamValidator

    assert "Unknown" not in (report := ParamValidator().validate(params, model.input_shape).generate_report())
    assert "Invalid type" not in report


def test_what_takes_no_tags_is_noted(tmp_path: Path) -> None:
    client = boto3.Session().client("scheduler", region_name="us-east-1")
    model = client.meta.service_model.operation_model("CreateSchedule")
    params: dict[str, Any] = {"Name": "count"}
    assert not tagging.add_tag(params, model, "ann")
    assert params == {"Name": "count"}
    journal = Journal(tmp_path / "work" / "made.jsonl")
    made = [Made("scheduler", "CreateSchedule", {"Name": n}, False) for n in ("count", "count", "pack")]
    for each in made:
        journal.add(each)
    with journal.path.open("a", encoding="utf-8") as file:
        file.write("half a li")
    assert journal.read() == [made[0], made[2]]
    journal.keep(lambda each: each.given["Name"] == "pack")
    assert journal.read() == [made[2]]
    journal.keep(lambda _: False)
    assert not journal.path.exists()


@pytest.mark.parametrize(
    ("arn", "owner"),
    [
        (f"arn:aws:iam::{ACCOUNT}:user/ann", "ann"),
        (f"arn:aws:sts::{ACCOUNT}:assumed-role/Admin/ann@example.com", "ann@example.com"),
        (f"arn:aws:sts::{ACCOUNT}:assumed-role/Admin/ann smith+1", "ann-smith-1"),
        (f"arn:aws:iam::{ACCOUNT}:root", "root"),
    ],
)
def test_the_owner_is_who_calls(arn: str, owner: str) -> None:
    assert owner_of(arn) == owner


def error(code: str) -> Exception:
    from botocore.exceptions import ClientError

    refusal: Exception = ClientError({"Error": {"Code": code, "Message": f"said {code}"}}, "Delete")
    return refusal


class Stubborn:
    """A thing that is in use for so many attempts."""

    def __init__(self, attempts: int, code: str = "DependencyViolation") -> None:
        self.left, self.code = attempts, code

    def remove(self) -> None:
        if self.left:
            self.left -= 1
            raise error(self.code)


def cleaned(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, *found: Any, endpoint: str | None = "http://x") -> Cleanup:
    """Cleans up where these things are found, or these errors are."""

    def find(things: Any) -> Any:
        def finder(_: Account) -> Iterator[Thing]:
            if isinstance(things, Exception):
                raise things
            yield from things

        return finder

    monkeypatch.setattr(finders, "ORDER", tuple((f"kind {n}", find(each)) for n, each in enumerate(found)))
    monkeypatch.setattr(cleaning, "_still_tagged", lambda *_: [])
    monkeypatch.setattr(Account, "every_s", 0.001)
    account = Account(ACCOUNT, "us-east-1", "ann", endpoint, "arn", Journal(tmp_path / "j"))
    return cleaning.clean_up(account, dry_run=False, limit_s=1.0)


def test_what_is_still_in_use_is_tried_again(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    done = cleaned(monkeypatch, tmp_path, [Thing("VPC", "vpc-1", Stubborn(3).remove)], [Thing("role", "r", str)])
    assert [each.name for each in done.removed] == ["r", "vpc-1"]
    assert done.clean
    assert capsys.readouterr().out.count("waiting: VPC vpc-1 is still in use") == 1


def test_what_cannot_be_removed_is_told_and_the_rest_goes(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    stays = Thing("queue", "orders", Stubborn(99, "AccessDenied").remove)
    slow = Thing("database", "db", lambda: None, lambda: False)
    gone = Thing("topic", "news", Stubborn(1, "NotFoundException").remove)
    done = cleaned(monkeypatch, tmp_path, [stays, slow], [gone], error("AccessDenied"), endpoint=None)
    assert list(done.removed) == [gone]
    assert not done.clean
    said = capsys.readouterr().out
    assert "LEFT: queue orders: An error occurred (AccessDenied)" in said
    assert "LEFT: database db: it is still there after 1 s" in said
    assert "NOT LOOKED AT: kind 2: AccessDenied: " in said
    assert "Not all is gone" in said


def test_what_an_emulator_lacks_is_no_matter(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert cleaned(monkeypatch, tmp_path, error("NotImplementedException"), error("404")).clean


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
        assert aws._account is not None
        plain.setattr(aws._account, "id", "111122223333")  # moto's keys all belong to one account
        with pytest.raises(CloudError, match=f"belong to account {ACCOUNT} now. Nothing was removed"):
            aws.cleanup()
        assert len(boto3.client("sqs").list_queues()["QueueUrls"]) == 1


def test_kinds_that_it_cannot_remove_are_named(standing_in: Callable[[str], str]) -> None:
    standing_in("moto")
    with cloud.start(target="aws", confirm=YES, owner="ann") as aws:
        key = boto3.client("kms").create_key()["KeyMetadata"]["KeyId"]
        boto3.client("iam").create_group(GroupName="staff")
        by_hand = aws.cleanup().by_hand
        assert any(key in each for each in by_hand)
        assert any("iam CreateGroup: GroupName staff (made without a tag" in each for each in by_hand)
