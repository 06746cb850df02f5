"""Services that call a function, or act in a role, without leave: each fails in its own way, and works with it."""

from __future__ import annotations

import contextlib
import json
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from kits import cloud_kit, fixtures, iam_kit
from kits.events_kit import allow
from serverless_cloud import Cloud

ACCOUNT = "123456789012"
PRICE = f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:price"

#: A handler that notes where its events come from, without a call of AWS.
NOTE = """
import os
def handler(event, context):
    record = (event.get("Records") or [event])[0]
    source = record.get("EventSource") or record.get("eventSource") or record.get("source") or "http"
    with open(os.environ["PLACE"], "a") as notes:
        notes.write(source + "\\n")
    return {"statusCode": 200, "body": "lamp"}
"""

#: Permissions are enforced; AWS's own waits are short.
cloud_of_module = fixtures.cloud_of(time_scale=1000, enforce_iam=True)


@pytest.fixture
def notes(kit: Any, tmp_path: Path) -> Callable[[], list[str]]:
    """Deploys the function `price`; what it has noted so far."""
    place = tmp_path / "notes"
    place.touch()
    kit.deploy("price", NOTE, Environment={"Variables": {"PLACE": str(place)}})
    return lambda: place.read_text(encoding="utf-8").splitlines()


def permit(service: str, source: str | None = None, *, sid: str = "own", **more: str) -> None:
    """Lets a service call the function; a permission with this sid from before is gone."""
    functions = cloud_kit.client("lambda")
    revoke(sid)
    given = {"FunctionName": "price", "StatementId": sid, "Action": "lambda:InvokeFunction"}
    given |= {"Principal": f"{service}.amazonaws.com"} | ({"SourceArn": source} if source else {}) | more
    functions.add_permission(**given)


def revoke(sid: str = "own") -> None:
    """Takes a permission away, if it is there."""
    functions = cloud_kit.client("lambda")
    with contextlib.suppress(functions.exceptions.ResourceNotFoundException):
        functions.remove_permission(FunctionName="price", StatementId=sid)


def answer_of(url: str) -> tuple[int, Any]:
    """Status and body, from JSON if it is."""
    try:
        with urllib.request.urlopen(url) as response:
            status, text = response.status, response.read().decode()
    except urllib.error.HTTPError as error:
        status, text = error.code, error.read().decode()
    try:
        return status, json.loads(text)
    except ValueError:
        return status, text


def test_topics(kit: Any, notes: Callable[[], list[str]]) -> None:
    sns = kit.client("sns")
    topic = sns.create_topic(Name="paid")["TopicArn"]
    dead, copy = kit.make_queue("dead"), kit.make_queue("copy")
    allow(dead, topic, "sns")
    sns.subscribe(TopicArn=topic, Protocol="lambda", Endpoint=PRICE,
                  Attributes={"RedrivePolicy": json.dumps({"deadLetterTargetArn": dead.arn})})  # fmt: skip
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=copy.arn)
    # Neither the function nor the queue lets the topic in.
    for source, more in ((None, {"Principal": "events.amazonaws.com"}), (topic[:-1] + "?x", {}),
                         (topic, {"SourceAccount": "999999999999"})):  # fmt: skip
        permit("sns", source, **more)
        sns.publish(TopicArn=topic, Message="refused")
        assert json.loads(kit.received(dead)[0]["Body"])["Message"] == "refused"
    assert notes() == []
    allow(copy, topic, "sns")
    permit("sns", f"arn:aws:sns:us-east-1:{ACCOUNT}:pa*", SourceAccount=ACCOUNT)
    sns.publish(TopicArn=topic, Message="taken")
    kit.eventually(lambda: notes() == ["aws:sns"], "the function is called")
    assert [json.loads(m["Body"])["Message"] for m in kit.received(copy)] == ["taken"]


def test_an_alias_needs_a_permission_of_its_own(kit: Any, notes: Callable[[], list[str]]) -> None:
    sns = kit.client("sns")
    topic = sns.create_topic(Name="paid")["TopicArn"]
    kit.client("lambda").create_alias(FunctionName="price", Name="live", FunctionVersion=kit.publish("price"))
    dead = kit.make_queue("dead")
    allow(dead, topic, "sns")
    sns.subscribe(TopicArn=topic, Protocol="lambda", Endpoint=f"{PRICE}:live",
                  Attributes={"RedrivePolicy": json.dumps({"deadLetterTargetArn": dead.arn})})  # fmt: skip
    permit("sns", topic)
    sns.publish(TopicArn=topic, Message="refused")
    assert kit.received(dead)
    permit("sns", topic, sid="alias", Qualifier="live")
    sns.publish(TopicArn=topic, Message="taken")
    kit.eventually(lambda: notes() == ["aws:sns"], "the function is called")


def test_buckets(kit: Any, notes: Callable[[], list[str]]) -> None:
    s3 = kit.client("s3")
    s3.create_bucket(Bucket="hikari")
    wanted = {"LambdaFunctionConfigurations": [{"LambdaFunctionArn": PRICE, "Events": ["s3:ObjectCreated:*"]}]}

    def connect() -> None:
        s3.put_bucket_notification_configuration(Bucket="hikari", NotificationConfiguration=wanted)

    for source in (None, "arn:aws:s3:::another"):
        if source:
            permit("s3", source)
        refusal = kit.refused(connect)
        assert (refusal.code, refusal.message) == (
            "InvalidArgument", "Unable to validate the following destination configurations"
        )  # fmt: skip
    permit("s3", "arn:aws:s3:::hikari", SourceAccount=ACCOUNT)
    connect()
    s3.put_object(Bucket="hikari", Key="lamp", Body=b"lamp")
    kit.eventually(lambda: notes() == ["aws:s3"], "the function is called")


def test_rules(kit: Any, notes: Callable[[], list[str]]) -> None:
    events = kit.client("events")
    rule = events.put_rule(Name="paid", EventPattern=json.dumps({"source": ["shop"]}))["RuleArn"]
    dead, copy = kit.make_queue("dead"), kit.make_queue("copy")
    allow(dead, rule, "events")
    letters = {"DeadLetterConfig": {"Arn": dead.arn}}
    targets = [{"Id": "function", "Arn": PRICE, **letters}, {"Id": "queue", "Arn": copy.arn, **letters}]
    events.put_targets(Rule="paid", Targets=targets)

    def publish(what: str) -> None:
        events.put_events(Entries=[{"Source": "shop", "DetailType": "Paid", "Detail": json.dumps({"what": what})}])

    publish("refused")
    for letter in kit.received(dead, 2):
        assert json.loads(letter["Body"])["detail"] == {"what": "refused"}
        of_function = letter["MessageAttributes"]["TARGET_ARN"]["StringValue"] == PRICE
        assert letter["MessageAttributes"]["ERROR_CODE"]["StringValue"] == (
            "NO_PERMISSIONS" if of_function else "NO_RESOURCE"  # SQS does not tell strangers what there is
        )
    permit("events", rule)
    allow(copy, rule, "events")
    publish("taken")
    kit.eventually(lambda: notes() == ["shop"], "the function is called")
    assert [json.loads(m["Body"])["detail"]["what"] for m in kit.received(copy)] == ["taken"]


def test_apis_and_urls(aws: Cloud, kit: Any, notes: Callable[[], list[str]]) -> None:
    rest, http, functions = kit.client("apigateway"), kit.client("apigatewayv2"), kit.client("lambda")
    api = rest.create_rest_api(name="shop")
    method = {"restApiId": api["id"], "resourceId": api["rootResourceId"], "httpMethod": "GET"}
    rest.put_method(**method, authorizationType="NONE")
    uri = f"arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/{PRICE}/invocations"
    rest.put_integration(**method, type="AWS_PROXY", integrationHttpMethod="POST", uri=uri)
    rest.create_deployment(restApiId=api["id"], stageName="prod")
    rest_url = aws.local_url(f"https://{api['id']}.execute-api.us-east-1.amazonaws.com/prod/")
    quick = http.create_api(Name="quick", ProtocolType="HTTP", Target=PRICE)
    http_url = aws.local_url(quick["ApiEndpoint"] + "/")
    url = functions.create_function_url_config(FunctionName="price", AuthType="NONE")["FunctionUrl"]

    assert answer_of(rest_url) == (500, {"message": "Internal server error"})
    assert answer_of(http_url) == (500, {"message": "Internal Server Error"})
    status, body = answer_of(url)
    assert (status, body["Message"].split(".")[0]) == (403, "Forbidden")
    permit("apigateway", f"arn:aws:execute-api:us-east-1:{ACCOUNT}:{api['id']}/*/POST/")
    assert answer_of(rest_url)[0] == 500
    permit("apigateway", f"arn:aws:execute-api:us-east-1:{ACCOUNT}:{api['id']}/*/GET/")
    permit("apigateway", f"arn:aws:execute-api:us-east-1:{ACCOUNT}:{quick['ApiId']}/*/*", sid="http")
    assert [answer_of(each) for each in (rest_url, http_url)] == [(200, "lamp")] * 2
    everyone = {"FunctionName": "price", "Principal": "*"}
    functions.add_permission(**everyone, StatementId="url", Action="lambda:InvokeFunctionUrl",
                             FunctionUrlAuthType="NONE")  # fmt: skip
    assert answer_of(url)[0] == 403  # since October 2025 the second one is needed too
    functions.add_permission(**everyone, StatementId="invoke", Action="lambda:InvokeFunction",
                             InvokedViaFunctionUrl=True)  # fmt: skip
    assert answer_of(url) == (200, "lamp")
    assert notes() == ["http"] * 3


def test_queues(kit: Any, notes: Callable[[], list[str]]) -> None:
    orders, functions = kit.make_queue("orders"), kit.client("lambda")

    def connect() -> Any:
        return functions.create_event_source_mapping(FunctionName="price", EventSourceArn=orders.arn)

    refusal = kit.refused(connect)
    assert refusal.code == "InvalidParameterValueException"
    assert "role does not have permissions to call ReceiveMessage on SQS" in refusal.message
    iam_kit.allow(("sqs:ReceiveMessage sqs:GetQueueAttributes", orders.arn))
    assert "to call DeleteMessage on SQS" in kit.refused(connect).message
    managed = "arn:aws:iam::aws:policy/service-role/AWSLambdaSQSQueueExecutionRole"
    kit.client("iam").attach_role_policy(RoleName=iam_kit.ROLE, PolicyArn=managed)
    connect()
    kit.client("sqs").send_message(QueueUrl=orders.url, MessageBody="x")
    kit.eventually(lambda: notes() == ["aws:sqs"], "the function is called")
