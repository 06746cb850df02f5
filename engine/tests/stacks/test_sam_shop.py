"""A SAM template with every kind of event, deployed by `aws.deploy`: each event reaches the function's process."""

from __future__ import annotations

import json
import shutil
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import serverless_cloud as cloud
from kits import cloud_kit, stack_kit

DATA = Path(__file__).parents[1] / "data"
# One shop is deployed, used, changed and deleted: to deploy it for each test would take minutes.
pytestmark = [pytest.mark.in_order, pytest.mark.thorough]


class Shop:
    """The deployed shop, and what its function has noted."""

    def __init__(self, aws: cloud.Cloud, folder: Path) -> None:
        self.aws, self.template = aws, folder / "shop.yaml"
        self.out = self.deploy()
        self._noted: list[dict[str, Any]] = []

    def deploy(self, **parameters: object) -> dict[str, str]:
        return self.aws.deploy(self.template, stack_name="hikari", parameters=parameters, quiet=True)

    def noted(self, is_it: Callable[[dict[str, Any]], bool], what: str) -> dict[str, Any]:
        """The first event of the function that is the one, waited for."""
        sqs = cloud_kit.client("sqs")

        def look() -> dict[str, Any] | None:
            answer = sqs.receive_message(QueueUrl=self.out["Notes"], MaxNumberOfMessages=10)
            for message in answer.get("Messages", []):
                self._noted.append(json.loads(message["Body"]))
                sqs.delete_message(QueueUrl=self.out["Notes"], ReceiptHandle=message["ReceiptHandle"])
            return next((each for each in self._noted if is_it(each)), None)

        found: dict[str, Any] = cloud_kit.eventually(look, f"{what} reaches the function")
        return found

    def record(self, source: str) -> dict[str, Any]:
        """The first record of an event from a source such as "aws:sqs"."""

        def is_it(event: dict[str, Any]) -> bool:
            first = (event.get("Records") or [{}])[0]
            return source in (first.get("eventSource"), first.get("EventSource"))

        first: dict[str, Any] = self.noted(is_it, source)["Records"][0]
        return first

    def get(self, address: str) -> dict[str, Any]:
        with urllib.request.urlopen(self.aws.local_url(address), timeout=20) as answer:
            found: dict[str, Any] = json.loads(answer.read())
        return found


@pytest.fixture(scope="module")
def shop(cloud_of_module: cloud.Cloud, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """The shop, deployed once; an hour of a schedule takes a second."""
    folder = tmp_path_factory.mktemp("shop")
    shutil.copytree(DATA, folder, dirs_exist_ok=True)
    cloud.start(time_scale=3600)
    yield Shop(cloud_of_module, folder)
    cloud.start(time_scale=1)


@pytest.mark.parametrize("name", ["Rest", "Http"])
def test_apis_answer_at_the_addresses_in_the_outputs(shop: Shop, name: str) -> None:
    assert shop.out[name].startswith("https://")
    assert shop.get(f"{shop.out[name]}/A-1001") == {"lamp": "andon", "price_usd": 49, "version": "1"}
    shop.noted(lambda event: event.get("pathParameters") == {"id": "A-1001"}, "a request")


def test_the_function_url_answers(shop: Shop) -> None:
    assert shop.get(shop.out["Url"])["lamp"] == "andon"


def test_a_message_in_the_queue(shop: Shop) -> None:
    cloud_kit.client("sqs").send_message(QueueUrl=shop.out["Paid"], MessageBody="A-1002")
    assert shop.record("aws:sqs")["body"] == "A-1002"


def test_a_message_of_the_topic(shop: Shop) -> None:
    sns = cloud_kit.client("sns")
    for kind in ("bulb", "lamp"):
        given = {"kind": {"DataType": "String", "StringValue": kind}}
        sns.publish(TopicArn=shop.out["News"], Message=kind, MessageAttributes=given)
    assert shop.record("aws:sns")["Sns"]["Message"] == "lamp"


def test_an_object_in_the_bucket(shop: Shop) -> None:
    cloud_kit.client("s3").put_object(Bucket=shop.out["Pictures"], Key="andon.png", Body=b"light")
    assert shop.record("aws:s3")["s3"]["object"]["key"] == "andon.png"


def test_a_change_of_the_table(shop: Shop) -> None:
    cloud_kit.client("dynamodb").put_item(TableName=shop.out["Stock"], Item={"id": {"S": "andon"}})
    assert shop.record("aws:dynamodb")["dynamodb"]["Keys"] == {"id": {"S": "andon"}}


def test_a_record_of_the_stream(shop: Shop) -> None:
    cloud_kit.client("kinesis").put_record(StreamName=shop.out["Clicks"], Data=b"{}", PartitionKey="andon")
    assert shop.record("aws:kinesis")["kinesis"]["partitionKey"] == "andon"


@pytest.mark.parametrize(("source", "bus"), [("hikari.orders", "default"), ("hikari.shipping", "hikari-bus")])
def test_an_event_of_a_bus(shop: Shop, source: str, bus: str) -> None:
    entry = {"Source": source, "DetailType": "Order", "Detail": "{}", "EventBusName": bus}
    assert cloud_kit.client("events").put_events(Entries=[entry])["FailedEntryCount"] == 0
    shop.noted(lambda event: event.get("source") == source, source)


@pytest.mark.parametrize("ticks", ["rule", "scheduler"])
def test_schedules(shop: Shop, ticks: str) -> None:
    shop.noted(lambda event: event.get("tick") == ticks, f"the schedule of a {ticks}")


def test_the_state_machine_runs_by_hand_and_by_its_event(shop: Shop) -> None:
    states = cloud_kit.client("stepfunctions")
    entry = {"Source": "hikari.returns", "DetailType": "Order", "Detail": "{}"}
    cloud_kit.client("events").put_events(Entries=[entry])
    shop.noted(lambda event: event.get("source") == "hikari.returns", "the state machine's event")
    arn = states.start_execution(stateMachineArn=shop.out["Flow"], input='{"order": "A-1003"}')["executionArn"]
    cloud_kit.eventually(lambda: states.describe_execution(executionArn=arn)["status"] == "SUCCEEDED", "it succeeds")
    assert json.loads(states.describe_execution(executionArn=arn)["output"])["statusCode"] == 200


def test_a_failed_asynchronous_call_goes_to_the_destination(shop: Shop) -> None:
    function = f"{shop.out['Function']}:live"
    payload = json.dumps({"source": "hikari.broken"})
    cloud_kit.client("lambda").invoke(FunctionName=function, InvocationType="Event", Payload=payload)
    url = shop.out["Failed"]
    (record,) = cloud_kit.records(cloud_kit.Queue(url, url))
    assert record["responsePayload"]["errorMessage"] == "a lamp is broken"


def test_new_code_is_a_new_version_behind_the_alias_and_nothing_new_is_no_change(shop: Shop) -> None:
    def changed() -> Any:
        return stack_kit.stacks().describe_stacks(StackName="hikari")["Stacks"][0].get("LastUpdatedTime")

    before = changed()
    assert (shop.deploy(), changed()) == (shop.out, before)
    lamps = shop.template.parent / "lamps" / "python" / "lamps.py"
    lamps.write_text('NAME = "chochin"\n')
    code = shop.template.parent / "orders" / "app.py"
    code.write_text(code.read_text().replace('"lamp": NAME', '"lamp": NAME.upper()'))
    shop.deploy(PriceUsd=60)
    answer = {"lamp": "CHOCHIN", "price_usd": 60, "version": "2"}
    assert shop.get(f"{shop.out['Http']}/A-1004") == shop.get(f"{shop.out['Rest']}/A-1004") == answer
    assert shop.deploy(Stage="prod") == shop.out
    memory = cloud_kit.client("lambda").get_function_configuration(FunctionName=shop.out["Function"])["MemorySize"]
    assert memory == 512
    resources = stack_kit.stacks().describe_stack_resources(StackName="hikari")["StackResources"]
    assert "Audit" in [each["LogicalResourceId"] for each in resources]


def test_the_processed_template_has_no_sam_in_it(shop: Shop) -> None:
    get = stack_kit.stacks().get_template
    processed = get(StackName="hikari", TemplateStage="Processed")["TemplateBody"]
    assert "AWS::Serverless" not in json.dumps(processed)
    assert "AWS::Lambda::Alias" in {each["Type"] for each in processed["Resources"].values()}
    assert "AWS::Serverless::Function" in json.dumps(get(StackName="hikari")["TemplateBody"])
    del shop


def test_deletion_leaves_nothing(shop: Shop, listed: Callable[[], dict[str, list[str]]]) -> None:
    assert listed()["functions"]
    s3 = cloud_kit.client("s3")
    s3.delete_object(Bucket=shop.out["Pictures"], Key="andon.png")
    stack_kit.delete("hikari")
    packages = [name for name in listed()["buckets"] if name.startswith("serverless-first-packages-")]
    left = listed() | {"buckets": [name for name in listed()["buckets"] if name not in packages]}
    assert {name: there for name, there in left.items() if there} == {}


@pytest.fixture
def listed() -> Callable[[], dict[str, list[str]]]:
    """Lists what there is of every service that the shop uses."""

    def names(service: str, operation: str, key: str, name: str | None = None, **more: Any) -> list[str]:
        answer = getattr(cloud_kit.client(service), operation)(**more)[key]
        return [str(each[name]) if name else str(each) for each in answer]

    def look() -> dict[str, list[str]]:
        return {
            "functions": names("lambda", "list_functions", "Functions", "FunctionName"),
            "layers": names("lambda", "list_layers", "Layers", "LayerName"),
            "mappings": names("lambda", "list_event_source_mappings", "EventSourceMappings", "UUID"),
            "roles": names("iam", "list_roles", "Roles", "RoleName"),
            "policies": names("iam", "list_policies", "Policies", "PolicyName", Scope="Local"),
            "queues": names("sqs", "list_queues", "QueueUrls") if "QueueUrls" in cloud_kit.client(
                "sqs").list_queues() else [],
            "topics": names("sns", "list_topics", "Topics", "TopicArn"),
            "subscriptions": names("sns", "list_subscriptions", "Subscriptions", "SubscriptionArn"),
            "buckets": names("s3", "list_buckets", "Buckets", "Name"),
            "tables": names("dynamodb", "list_tables", "TableNames"),
            "streams": names("kinesis", "list_streams", "StreamNames"),
            "rules": names("events", "list_rules", "Rules", "Name"),
            "buses": [each for each in names("events", "list_event_buses", "EventBuses", "Name") if each != "default"],
            "schedules": names("scheduler", "list_schedules", "Schedules", "Name"),
            "REST APIs": names("apigateway", "get_rest_apis", "items", "id"),
            "HTTP APIs": names("apigatewayv2", "get_apis", "Items", "ApiId"),
            "machines": names("stepfunctions", "list_state_machines", "stateMachines", "name"),
        }  # fmt: skip

    return look
