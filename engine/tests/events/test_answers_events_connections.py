"""EventBridge's connections and API destinations, as AWS answers: what a boto3 user sees."""

from __future__ import annotations

import json
from typing import Any

import pytest

from kits import events_kit as here

ACCOUNT = "us-east-1:123456789012"
MISSING = "ResourceNotFoundException"
API_KEY = {"ApiKeyAuthParameters": {"ApiKeyName": "key", "ApiKeyValue": "hidden"}}
BASIC = {"BasicAuthParameters": {"Username": "aiko", "Password": "hidden"}}
OAUTH: dict[str, Any] = {
    "OAuthParameters": {
        "AuthorizationEndpoint": "https://bank.example/token",
        "ClientParameters": {"ClientID": "hikari", "ClientSecret": "hidden"},
        "HttpMethod": "POST",
        "OAuthHttpParameters": {"BodyParameters": [{"Key": "shop", "Value": "hikari", "IsValueSecret": False}]},
    }
}


def connect(name: str = "bank", kind: str = "API_KEY", parameters: Any = None, **more: Any) -> dict[str, Any]:
    """A connection."""
    made: dict[str, Any] = here.events().create_connection(
        Name=name, AuthorizationType=kind, AuthParameters=parameters or API_KEY, **more
    )
    return made


@pytest.mark.parametrize(
    ("kind", "parameters", "told", "secret"),
    [
        ("API_KEY", API_KEY, {"ApiKeyAuthParameters": {"ApiKeyName": "key"}},
         {"api_key_name": "key", "api_key_value": "hidden"}),
        ("BASIC", BASIC, {"BasicAuthParameters": {"Username": "aiko"}}, {"username": "aiko", "password": "hidden"}),
        ("OAUTH_CLIENT_CREDENTIALS", OAUTH,
         {"OAuthParameters": {"AuthorizationEndpoint": "https://bank.example/token", "HttpMethod": "POST",
                              "ClientParameters": {"ClientID": "hikari"},
                              "OAuthHttpParameters": OAUTH["OAuthParameters"]["OAuthHttpParameters"]}},
         {"client_id": "hikari", "client_secret": "hidden", "http_method": "POST",
          "authorization_endpoint": "https://bank.example/token",
          "oauth_http_parameters": {
              "body_parameters": [{"key": "shop", "value": "hikari", "is_value_secret": False}]}}),
    ],
)  # fmt: skip
def test_a_connection_keeps_its_secrets_in_secrets_manager(
    kit: Any, kind: str, parameters: Any, told: Any, secret: Any
) -> None:
    state = "AUTHORIZING" if kind.startswith("OAUTH") else "AUTHORIZED"
    made = connect(kind=kind, parameters=parameters)
    made.pop("ResponseMetadata")
    assert set(made) == {"ConnectionArn", "ConnectionState", "CreationTime", "LastModifiedTime"}
    found = here.events().describe_connection(Name="bank")
    assert (made["ConnectionState"], found["ConnectionState"], found["AuthParameters"]) == (state, state, told)
    assert found["LastAuthorizedTime"] == found["LastModifiedTime"] == made["LastModifiedTime"]
    start, _, name = found["SecretArn"].partition(":secret:")
    assert start == f"arn:aws:secretsmanager:{ACCOUNT}"
    assert name.startswith("events!connection/bank/")
    assert name.count("/") == 2
    kept = kit.client("secretsmanager").get_secret_value(SecretId=found["SecretArn"])["SecretString"]
    assert json.loads(kept) == secret


def test_a_connection_from_creation_to_deletion(kit: Any) -> None:
    events = here.events()
    body = [
        {"Key": "shop", "Value": "hikari", "IsValueSecret": False},
        {"Key": "pin", "Value": "1", "IsValueSecret": True},
    ]
    made = connect(
        parameters=API_KEY | {"InvocationHttpParameters": {"BodyParameters": body}}, Description="of the bank"
    )
    told = events.describe_connection(Name="bank")["AuthParameters"]["InvocationHttpParameters"]["BodyParameters"]
    assert told == [body[0], {"Key": "pin", "IsValueSecret": True}]
    refusal = kit.refused(connect)
    assert (refusal.code, refusal.message) == ("ResourceAlreadyExistsException", "Connection bank already exists.")
    connect("post")
    page = events.list_connections(Limit=1)
    assert [each["Name"] for each in page["Connections"]] == ["bank"]
    assert {"LastAuthorizedTime", "LastModifiedTime", "AuthorizationType"} <= set(page["Connections"][0])
    page = events.list_connections(Limit=1, NextToken=page["NextToken"])
    assert ([each["Name"] for each in page["Connections"]], "NextToken" in page) == (["post"], False)
    assert len(events.list_connections(NamePrefix="b", ConnectionState="AUTHORIZED")["Connections"]) == 1

    updated = events.update_connection(Name="bank", AuthorizationType="BASIC", AuthParameters=BASIC)
    assert (updated["ConnectionArn"], updated["ConnectionState"]) == (made["ConnectionArn"], "AUTHORIZED")
    assert updated["LastModifiedTime"] >= updated["CreationTime"]
    found = events.describe_connection(Name="bank")
    assert (found["AuthorizationType"], found["Description"]) == ("BASIC", "of the bank")
    kept = kit.client("secretsmanager").get_secret_value(SecretId=found["SecretArn"])["SecretString"]
    assert json.loads(kept) == {"username": "aiko", "password": "hidden"}
    assert events.deauthorize_connection(Name="bank")["ConnectionState"] == "DEAUTHORIZING"
    assert events.describe_connection(Name="bank")["ConnectionState"] == "DEAUTHORIZED"
    gone = events.delete_connection(Name="bank")
    assert (gone["ConnectionState"], "LastAuthorizedTime" in gone) == ("DELETING", True)
    words = "Connection 'bank' does not exist."
    for call in (events.update_connection, events.delete_connection, events.deauthorize_connection):
        kit.refused(lambda call=call: call(Name="bank"), MISSING, message=words)
    words = f"Failed to describe the connection(s). {words}"
    kit.refused(lambda: events.describe_connection(Name="bank"), MISSING, message=words)


def test_an_api_destination_from_creation_to_deletion(kit: Any) -> None:
    events = here.events()
    arn = connect()["ConnectionArn"]
    given = {
        "Name": "pay",
        "ConnectionArn": arn,
        "InvocationEndpoint": "https://bank.example/pay",
        "HttpMethod": "POST",
    }
    made = events.create_api_destination(**given)
    assert (made["ApiDestinationState"], made["CreationTime"]) == ("ACTIVE", made["LastModifiedTime"])
    found = events.describe_api_destination(Name="pay")
    assert found["InvocationRateLimitPerSecond"] == 300
    assert {name: found[name] for name in given} == given
    (listed,) = events.list_api_destinations(ConnectionArn=arn, NamePrefix="p")["ApiDestinations"]
    assert listed == {name: value for name, value in found.items() if name != "ResponseMetadata"}
    refusal = kit.refused(lambda: events.create_api_destination(**given))
    assert refusal.code == "ResourceAlreadyExistsException"
    none = arn.replace("/bank/", "/lost/")
    kit.refused(
        lambda: events.create_api_destination(**given | {"Name": "lost", "ConnectionArn": none}), MISSING,
        message="Connection 'lost' does not exist.",
    )  # fmt: skip
    other = connect("oauth", "OAUTH_CLIENT_CREDENTIALS", OAUTH)["ConnectionArn"]
    changed = events.update_api_destination(Name="pay", ConnectionArn=other, InvocationRateLimitPerSecond=5)
    assert changed["ApiDestinationState"] == "INACTIVE"
    assert events.describe_api_destination(Name="pay")["InvocationRateLimitPerSecond"] == 5
    events.delete_api_destination(Name="pay")
    words = "An api-destination 'pay' does not exist."
    for call in (events.update_api_destination, events.delete_api_destination):
        kit.refused(lambda call=call: call(Name="pay"), MISSING, message=words)
    words = f"Failed to describe the api-destination(s). {words}"
    kit.refused(lambda: events.describe_api_destination(Name="pay"), MISSING, message=words)
