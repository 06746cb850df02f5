"""Powertools for AWS Lambda as its documentation shows it: batches, idempotency, parameters, routes, metrics."""

from __future__ import annotations

import io
import json
import sys
import urllib.error
import urllib.request
import zipfile
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest

pytestmark = pytest.mark.nightly

TRUST = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
BATCH = """
from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, process_partial_response

processor = BatchProcessor(event_type=EventType.SQS)

def record_handler(record):
    if record.json_body["lamp"] == "broken":
        raise ValueError("broken")
    print("sold", record.json_body["lamp"])

def handler(event, context):
    return process_partial_response(event, record_handler, processor, context)
"""
IDEMPOTENT = """
from uuid import uuid4
from aws_lambda_powertools.utilities.idempotency import DynamoDBPersistenceLayer, IdempotencyConfig, idempotent

layer = DynamoDBPersistenceLayer(table_name="idempotency")
config = IdempotencyConfig(event_key_jmespath="order", raise_on_no_idempotency_key=True)

@idempotent(persistence_store=layer, config=config)
def handler(event, context):
    return {"payment": str(uuid4())}
"""
PARAMETERS = """
from aws_lambda_powertools.utilities import parameters

def handler(event, context):
    return [parameters.get_parameter("/shop/color"), parameters.get_secret("shop"),
            parameters.get_parameters("/shop"), parameters.get_parameter("/shop/limits", transform="json")]
"""
ROUTES = """
from aws_lambda_powertools import Logger
from aws_lambda_powertools.event_handler import APIGatewayHttpResolver
from aws_lambda_powertools.event_handler.exceptions import NotFoundError

logger, app = Logger(service="shop"), APIGatewayHttpResolver()

@app.get("/lamps/<name>")
def lamp(name):
    logger.info("asked", lamp=name)
    if name == "none":
        raise NotFoundError("no such lamp")
    return {"lamp": name, "via": app.current_event.get_query_string_value("via")}

@logger.inject_lambda_context
def handler(event, context):
    return app.resolve(event, context)
"""
METRICS = """
from aws_lambda_powertools import Metrics
from aws_lambda_powertools.metrics import MetricUnit

metrics = Metrics(namespace="Shop", service="orders")

@metrics.log_metrics(capture_cold_start_metric=True)
def handler(event, context):
    metrics.add_metric(name="Sold", unit=MetricUnit.Count, value=event["sold"])
"""


@pytest.fixture
def deploy(environ: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> Callable[[str, str], str]:
    """Creates a function of a name and its code, and returns its ARN; the test's boto3 calls the local cloud."""
    for name in ("AWS_ENDPOINT_URL", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_DEFAULT_REGION"):
        monkeypatch.setenv(name, environ[name])

    def create(name: str, code: str) -> str:
        package = io.BytesIO()
        with zipfile.ZipFile(package, "w") as archive:
            archive.writestr("app.py", code)
        document = json.dumps({"Version": "2012-10-17", "Statement": TRUST})
        role = boto3.client("iam").create_role(RoleName=name, AssumeRolePolicyDocument=document)["Role"]["Arn"]
        function = boto3.client("lambda").create_function(
            FunctionName=name,
            Runtime=f"python3.{sys.version_info.minor}",
            Role=role,
            Handler="app.handler",
            Timeout=20,
            Code={"ZipFile": package.getvalue()},
        )
        boto3.client("lambda").get_waiter("function_active_v2").wait(FunctionName=name)
        arn: str = function["FunctionArn"]
        return arn

    return create


def answer(name: str, event: Any) -> Any:
    """What a function returns."""
    said = boto3.client("lambda").invoke(FunctionName=name, Payload=json.dumps(event))
    payload = json.load(said["Payload"])
    assert "FunctionError" not in said, payload
    return payload


def test_a_batch_gives_back_only_the_message_that_fails(deploy: Callable[[str, str], str]) -> None:
    deploy("batch", BATCH)
    sqs, lambda_ = boto3.client("sqs"), boto3.client("lambda")
    dead = sqs.create_queue(QueueName="dead")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=dead, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    redrive = json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": 2})
    queue = sqs.create_queue(QueueName="sales", Attributes={"RedrivePolicy": redrive, "VisibilityTimeout": "20"})
    sqs.set_queue_attributes(QueueUrl=queue["QueueUrl"], Attributes={"VisibilityTimeout": "20"})
    lambda_.create_event_source_mapping(
        FunctionName="batch",
        EventSourceArn=arn.replace("dead", "sales"),
        FunctionResponseTypes=["ReportBatchItemFailures"],
    )
    entries = [
        {"Id": str(n), "MessageBody": json.dumps({"lamp": lamp})} for n, lamp in enumerate(["amber", "broken", "jade"])
    ]
    sqs.send_message_batch(QueueUrl=queue["QueueUrl"], Entries=entries)
    messages: list[Any] = []
    for _ in range(6):
        messages = messages or sqs.receive_message(QueueUrl=dead, WaitTimeSeconds=10).get("Messages", [])
    assert [json.loads(message["Body"])["lamp"] for message in messages] == ["broken"]
    events = boto3.client("logs").filter_log_events(logGroupName="/aws/lambda/batch", filterPattern="sold")["events"]
    assert sorted(event["message"].strip() for event in events) == ["sold amber", "sold jade"]


def test_the_same_order_is_paid_once(deploy: Callable[[str, str], str]) -> None:
    boto3.client("dynamodb").create_table(
        TableName="idempotency",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    deploy("pay", IDEMPOTENT)
    first = answer("pay", {"order": 1})
    assert answer("pay", {"order": 1}) == first
    assert answer("pay", {"order": 2}) != first


def test_parameters_and_secrets(deploy: Callable[[str, str], str]) -> None:
    deploy("settings", PARAMETERS)
    ssm = boto3.client("ssm")
    ssm.put_parameter(Name="/shop/color", Type="String", Value="amber")
    ssm.put_parameter(Name="/shop/limits", Type="String", Value='{"lamps": 9}')
    boto3.client("secretsmanager").create_secret(Name="shop", SecretString="lantern")
    both = {"color": "amber", "limits": '{"lamps": 9}'}
    assert answer("settings", {}) == ["amber", "lantern", both, {"lamps": 9}]


def test_routes_of_an_http_api(deploy: Callable[[str, str], str]) -> None:
    arn = deploy("routes", ROUTES)
    api = boto3.client("apigatewayv2").create_api(Name="shop", ProtocolType="HTTP", Target=arn)
    boto3.client("lambda").add_permission(
        FunctionName="routes", StatementId="api", Action="lambda:InvokeFunction", Principal="apigateway.amazonaws.com"
    )
    url = api["ApiEndpoint"]
    with urllib.request.urlopen(f"{url}/lamps/amber?via=http", timeout=60) as said:
        assert json.load(said) == {"lamp": "amber", "via": "http"}
    with pytest.raises(urllib.error.HTTPError, match="404") as refused:
        urllib.request.urlopen(f"{url}/lamps/none", timeout=60)
    assert json.load(refused.value)["message"] == "no such lamp"
    (line, *_) = boto3.client("logs").filter_log_events(logGroupName="/aws/lambda/routes", filterPattern="asked")[
        "events"
    ]
    assert json.loads(line["message"])["lamp"] == "amber"


def test_metrics_in_the_log_reach_cloudwatch(deploy: Callable[[str, str], str]) -> None:
    deploy("metrics", METRICS)
    answer("metrics", {"sold": 2})
    answer("metrics", {"sold": 3})
    now = datetime.now(UTC)
    (point,) = boto3.client("cloudwatch").get_metric_statistics(
        Namespace="Shop",
        MetricName="Sold",
        Dimensions=[{"Name": "service", "Value": "orders"}],
        StartTime=now - timedelta(hours=1),
        EndTime=now + timedelta(hours=1),
        Period=7200,
        Statistics=["Sum", "SampleCount"],
    )["Datapoints"]
    assert (point["Sum"], point["SampleCount"], point["Unit"]) == (5.0, 2.0, "Count")
