"""EventBridge answers as AWS does: what a boto3 user sees."""

from __future__ import annotations

import json
from typing import Any

import pytest

from kits import events_kit as here, patch_kit

ACCOUNT = "us-east-1:123456789012"
BUS = f"arn:aws:events:{ACCOUNT}:event-bus/default"
VALIDATION, MISSING = "ValidationException", "ResourceNotFoundException"
STOCK = """
KEY = {"ApiKeyAuthParameters": {"ApiKeyName": "k", "ApiKeyValue": "v"}}

def connect(name="c"):
    return events.create_connection(Name=name, AuthorizationType="API_KEY", AuthParameters=KEY)

def the_list_of_buses_lacks_descriptions():
    events.create_event_bus(Name="b", Description="d")
    return not any("Description" in bus or "CreationTime" in bus for bus in events.list_event_buses()["EventBuses"])

def a_missing_bus_is_called_a_rule():
    try:
        events.list_tags_for_resource(ResourceARN="arn:aws:events:us-east-1:123456789012:event-bus/b")
    except ClientError as error:
        return "Rule b" in str(error)

def lists_know_no_limit():
    connect("c"), connect("d")
    return len(events.list_connections(Limit=1)["Connections"]) == 2

def a_connection_is_overwritten():
    return connect()["ConnectionArn"] != connect()["ConnectionArn"]

def a_connection_tells_no_times_and_another_secret():
    connect()
    found = events.describe_connection(Name="c")
    return "LastAuthorizedTime" not in found and found["SecretArn"].split("/")[-1].startswith("auth")

def oauth_is_authorized_at_once():
    client = {"ClientID": "i", "ClientSecret": "s"}
    parameters = {"OAuthParameters": {
        "AuthorizationEndpoint": "https://e", "HttpMethod": "POST", "ClientParameters": client}}
    made = events.create_connection(
        Name="c", AuthorizationType="OAUTH_CLIENT_CREDENTIALS", AuthParameters=parameters)
    return made["ConnectionState"] == "AUTHORIZED"

def a_connection_is_deleted_as_authorized():
    connect()
    return events.delete_connection(Name="c")["ConnectionState"] == "AUTHORIZED"

def a_connection_cannot_be_deauthorized():
    try:
        connect(), events.deauthorize_connection(Name="c")
    except NotImplementedError:
        return True

def a_secret_stays_when_its_connection_is_updated():
    connect()
    new = {"ApiKeyAuthParameters": {"ApiKeyName": "k", "ApiKeyValue": "new"}}
    events.update_connection(Name="c", AuthParameters=new)
    arn = events.describe_connection(Name="c")["SecretArn"]
    return "new" not in boto3.client("secretsmanager", REGION).get_secret_value(SecretId=arn)["SecretString"]

def a_destination_needs_no_connection_and_has_no_rate():
    none = "arn:aws:events:us-east-1:123456789012:connection/none/1"
    events.create_api_destination(Name="a", ConnectionArn=none, InvocationEndpoint="https://e", HttpMethod="GET")
    return "InvocationRateLimitPerSecond" not in events.describe_api_destination(Name="a")

def any_name_is_taken():
    return "RuleArn" in events.put_rule(Name="a b", EventPattern=json.dumps({"source": ["s"]}))
"""


@patch_kit.asks_stock_moto
def test_stock_moto_still_answers_otherwise() -> None:
    patch_kit.assert_all(patch_kit.shown(STOCK, events="events"), 11, "events/*.py")


@pytest.mark.parametrize(
    ("call", "given", "words"),
    [
        ("create_api_destination",
         {"Name": "to the bank", "ConnectionArn": "bank", "InvocationEndpoint": "https://bank.example",
          "HttpMethod": "TELL"},
         r"3 validation errors detected: Value 'to the bank' at 'name' failed to satisfy constraint: Member must "
         r"satisfy regular expression pattern: [\.\-_A-Za-z0-9]+; Value 'bank' at 'connectionArn' failed to satisfy "
         r"constraint: Member must satisfy regular expression pattern: ^arn:aws([a-z]|\-)*:events:([a-z]|\d|\-)*:"
         r"([0-9]{12})?:connection\/[\.\-_A-Za-z0-9]+\/[\-A-Za-z0-9]+$; Value 'TELL' at 'httpMethod' failed to satisfy "
         r"constraint: Member must satisfy enum value set: [POST, GET, HEAD, OPTIONS, PUT, PATCH, DELETE]"),
        ("create_connection", {"Name": "bank", "AuthorizationType": "NONE", "AuthParameters": {}},
         "1 validation error detected: Value 'NONE' at 'authorizationType' failed to satisfy constraint: Member must "
         "satisfy enum value set: [BASIC, OAUTH_CLIENT_CREDENTIALS, API_KEY]"),
        ("create_archive", {"ArchiveName": "a" * 49, "EventSourceArn": BUS},
         f"1 validation error detected: Value '{'a' * 49}' at 'archiveName' failed to satisfy constraint: Member must "
         "have length less than or equal to 48"),
        ("put_targets", {"Rule": "orders", "Targets": [{"Id": "the queue", "Arn": BUS}]},
         r"1 validation error detected: Value 'the queue' at 'targets.1.member.id' failed to satisfy constraint: "
         r"Member must satisfy regular expression pattern: [\.\-_A-Za-z0-9]+"),
        ("put_permission", {"StatementId": "bank", "Principal": "aiko", "Action": "events:PutEvents"},
         r"1 validation error detected: Value 'aiko' at 'principal' failed to satisfy constraint: Member must satisfy "
         r"regular expression pattern: (\d{12}|\*)"),
        ("list_replays", {"State": "LOST"},
         "1 validation error detected: Value 'LOST' at 'state' failed to satisfy constraint: Member must satisfy enum "
         "value set: [STARTING, RUNNING, CANCELLING, COMPLETED, CANCELLED, FAILED]"),
        ("put_events", {"Entries": [{"Source": "hikari.shop"}] * 11},
         "1 validation error detected: Value '["
         + ", ".join(["PutEventsRequestEntry(time=null, source=hikari.shop, resources=null, detailType=null, "
                      "detail=null, eventBusName=null, traceHeader=null)"] * 11)
         + "]' at 'entries' failed to satisfy constraint: Member must have length less than or equal to 10"),
    ],
)  # fmt: skip
def test_every_request_is_checked_against_the_api_reference(kit: Any, call: str, given: Any, words: str) -> None:
    kit.refused(lambda: getattr(here.events(), call)(**given), VALIDATION, message=words)


def test_the_list_of_buses_tells_what_describe_tells(kit: Any) -> None:
    events = here.events()
    events.create_event_bus(Name="hikari", Description="of the shop")
    (found,) = events.list_event_buses(NamePrefix="hik")["EventBuses"]
    described = events.describe_event_bus(Name="hikari")
    described.pop("ResponseMetadata")
    assert found == described
    page = events.list_event_buses(Limit=1)
    assert ([bus["Name"] for bus in page["EventBuses"]], len(page["NextToken"]) > 8) == (["default"], True)
    page = events.list_event_buses(Limit=1, NextToken=page["NextToken"])
    assert ([bus["Name"] for bus in page["EventBuses"]], "NextToken" in page) == (["hikari"], False)
    kit.refused(
        lambda: events.list_event_buses(NextToken="page two"), VALIDATION, message="Parameter NextToken is not valid."
    )


def test_tags_belong_to_one_rule_or_bus(kit: Any) -> None:
    events = here.events()
    events.create_event_bus(Name="hikari")
    arns = [here.make_rule("orders", {"source": ["hikari.shop"]}, bus=bus) for bus in ("default", "hikari")]
    events.tag_resource(ResourceARN=arns[1], Tags=[{"Key": "team", "Value": "shop"}])
    assert [events.list_tags_for_resource(ResourceARN=arn)["Tags"] for arn in arns] == [
        [], [{"Key": "team", "Value": "shop"}],
    ]  # fmt: skip
    events.untag_resource(ResourceARN=arns[1], TagKeys=["team"])
    assert events.list_tags_for_resource(ResourceARN=arns[1])["Tags"] == []
    for name, words in (
        ("event-bus/lost", "Event bus lost does not exist."),
        ("rule/lost", "Rule lost does not exist on EventBus default."),
        ("rule/hikari/lost", "Rule lost does not exist on EventBus hikari."),
    ):
        arn = f"arn:aws:events:{ACCOUNT}:{name}"
        kit.refused(lambda arn=arn: events.list_tags_for_resource(ResourceARN=arn), MISSING, message=words)
        kit.refused(lambda arn=arn: events.untag_resource(ResourceARN=arn, TagKeys=["a"]), MISSING, message=words)


def test_an_event_for_a_bus_of_another_region_keeps_its_account_and_region(kit: Any) -> None:
    there = kit.client("events", region_name="eu-west-1")
    bus = there.create_event_bus(Name="billing")["EventBusArn"]
    queue = kit.client("sqs", region_name="eu-west-1")
    url = queue.create_queue(QueueName="bills")["QueueUrl"]
    there.put_rule(Name="all", EventBusName="billing", EventPattern='{"source": ["hikari.shop"]}')
    target = {"Id": "q", "Arn": "arn:aws:sqs:eu-west-1:123456789012:bills"}
    there.put_targets(Rule="all", EventBusName="billing", Targets=[target])
    here.make_rule("orders", {"source": ["hikari.shop"]}, {"Arn": bus, "RoleArn": here.ROLE})
    here.put(here.entry({"order": "A-1001"}))
    (message,) = queue.receive_message(QueueUrl=url, WaitTimeSeconds=10)["Messages"]
    event = json.loads(message["Body"])
    assert (event["account"], event["region"], event["detail"]) == ("123456789012", "us-east-1", {"order": "A-1001"})
    here.put(here.entry({"order": "A-1002"}, EventBusName=bus))  # straight to the bus, by its ARN
    (message,) = queue.receive_message(QueueUrl=url, WaitTimeSeconds=10)["Messages"]
    assert json.loads(message["Body"])["detail"] == {"order": "A-1002"}


@pytest.mark.parametrize("event", ["lamp", '"lamp"', "[]", '{"source": "hikari.shop"}'])
def test_test_event_pattern_takes_events_without_resources(kit: Any, event: str) -> None:
    whole = {
        "id": "1", "account": "123456789012", "source": "hikari.shop", "time": "2026-11-25T04:00:00Z",
        "region": "us-east-1", "detail-type": "OrderPlaced",
    }  # fmt: skip
    test = here.events().test_event_pattern
    assert test(EventPattern='{"source": ["hikari.shop"]}', Event=json.dumps(whole))["Result"] is True
    assert test(EventPattern='{"resources": [{"exists": false}]}', Event=json.dumps(whole))["Result"] is True
    kit.refused(
        lambda: test(EventPattern='{"source": ["a"]}', Event=event), VALIDATION,
        message="Parameter Event is not valid.",
    )  # fmt: skip
