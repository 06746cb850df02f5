"""Helpers for checks of API tasks: the learner's APIs by their names, requests over HTTP, tables of DynamoDB."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from serverless_first import cloud
from serverless_first.lab.attempt import Attempt
from serverless_first.lab.failures import CheckFailed, NotStarted, listed, readable

_LIMIT_S = 40.0


@dataclass(frozen=True)
class Answered:
    """An API's answer.

    Attributes:
        called: the request, as messages show it.
        status: the HTTP status.
        body: the body from JSON; as text if it isn't JSON.
    """

    called: str
    status: int
    body: Any

    def __str__(self) -> str:
        """The status and the body, as messages show them."""
        return f"{self.status} {readable(self.body)}"

    def has(self, fields: Mapping[str, Any]) -> bool:
        """Whether the body is an object with these fields and values; it may have more."""
        return isinstance(self.body, dict) and all(self.body.get(name) == value for name, value in fields.items())


def http_api(attempt: Attempt, name: str) -> str:
    """The address of the learner's HTTP API of this name.

    Raises:
        NotStarted: the API doesn't exist.
    """
    apis = attempt.client("apigatewayv2").get_apis()["Items"]
    return _of_this_name(attempt, "HTTP API", name, [(api["Name"], api["ApiEndpoint"]) for api in apis])


def rest_api(attempt: Attempt, name: str) -> tuple[str, str]:
    """The id of the learner's REST API of this name, and the address of its stage prod.

    Raises:
        NotStarted: the API doesn't exist.
    """
    apis = attempt.client("apigateway").get_rest_apis()["items"]
    number = _of_this_name(attempt, "REST API", name, [(api["name"], api["id"]) for api in apis])
    aws = cloud.start()
    return number, aws.local_url(f"https://{number}.execute-api.{aws.region}.amazonaws.com/prod")


def _of_this_name(attempt: Attempt, what: str, name: str, there: Sequence[tuple[str, str]]) -> str:
    if name not in dict(there):
        names = listed(sorted(candidate for candidate, _ in there))
        attempt.not_started(f"There is no {what} {name} yet. Existing {what}s: {names}.")
    return next(value for candidate, value in there if candidate == name)


def send(attempt: Attempt, address: str, verb: str, path: str, body: Any = None, **headers: str) -> Answered:
    """Sends a request and waits for the answer.

    Args:
        address: of the API, with its stage.
        verb, path: as in "GET", "/orders/ord-1".
        body: sent as JSON; a text goes as it is.

    Raises:
        CheckFailed: the API doesn't answer.
    """
    import requests  # here, because it takes a while

    with_body = "" if body is None else f" with {body if isinstance(body, str) else readable(body)}"
    called = f"{verb} {path}{with_body}" + "".join(f", {name}: {value}" for name, value in headers.items())
    data = body if isinstance(body, str | None) else json.dumps(body)
    try:
        answer = requests.request(
            verb, address + path, data=data, headers={"Content-Type": "application/json"} | headers, timeout=_LIMIT_S
        )
    except requests.RequestException as error:
        attempt.fail(
            "The API does not answer.",
            called=called,
            came_back=type(error).__name__,
            expected="an answer",
            look_at="the cell that makes the API. Run it again",
        )
    try:
        content = answer.json()
    except ValueError:
        content = answer.text
    return Answered(called, answer.status_code, content)


def http_event(route: str, body: Any = None, **path_parameters: str) -> dict[str, Any]:
    """The event, in format 2.0, that an HTTP API passes to its function."""
    verb, path = route.split(" ")
    for name, value in path_parameters.items():
        path = path.replace("{" + name + "}", value)
    event: dict[str, Any] = {
        "version": "2.0",
        "routeKey": route,
        "rawPath": path,
        "rawQueryString": "",
        "headers": {"content-type": "application/json"},
        "requestContext": {"http": {"method": verb, "path": path}, "stage": "$default"},
        "isBase64Encoded": False,
    }
    event |= {"pathParameters": path_parameters} if path_parameters else {}
    return event | ({} if body is None else {"body": body if isinstance(body, str) else json.dumps(body)})


def begun(attempt: Attempt, name: str, event: Any) -> None:
    """Raises NotStarted if the function is missing or still the stub. The check finds any other error over HTTP.

    Raises:
        NotStarted: the function doesn't exist, or raises NotImplementedError.
    """
    try:
        attempt.invoke(name, event)
    except NotStarted:
        raise
    except CheckFailed:
        pass


def items(attempt: Attempt, table: str, key: str) -> dict[str, dict[str, str]]:
    """The items of a small table by the value of a key, without DynamoDB's types.

    Raises:
        NotStarted: there is no such table.
    """
    client = attempt.client("dynamodb")
    try:
        page = client.scan(TableName=table, ConsistentRead=True)["Items"]
    except client.exceptions.ResourceNotFoundException:
        attempt.not_started(f"There is no table {table} yet.")
    plain = [{name: str(next(iter(typed.values()))) for name, typed in item.items()} for item in page]
    return {item[key]: item for item in plain if key in item}


@contextmanager
def lamps(attempt: Attempt, lamp: str, left: int) -> Iterator[None]:
    """Puts a number of lamps of a kind into the table stock-lamps until the block ends.

    Raises:
        NotStarted: there is no such table.
    """
    client = attempt.client("dynamodb")
    try:
        client.put_item(TableName="stock-lamps", Item={"lamp": {"S": lamp}, "left": {"N": str(left)}})
    except client.exceptions.ResourceNotFoundException:
        attempt.not_started("There is no table stock-lamps yet.")
    try:
        yield
    finally:
        client.delete_item(TableName="stock-lamps", Key={"lamp": {"S": lamp}})


@contextmanager
def switched_off(attempt: Attempt, name: str) -> Iterator[None]:
    """Refuses every call of a function until the block ends."""
    client = attempt.client("lambda")
    client.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=0)
    try:
        yield
    finally:
        client.delete_function_concurrency(FunctionName=name)
