"""AWS's native runtime client and our Python one, which macOS and Windows use: a handler sees no difference."""

from __future__ import annotations

from typing import Any

import pytest

from kits.both_ways import IN_BOTH_WAYS

pytestmark = IN_BOTH_WAYS


@pytest.fixture(params=["native", "python"])
def runtime_client(request: pytest.FixtureRequest) -> dict[str, Any]:
    """The settings of a function that runs on one of the two."""
    if request.param == "native":
        pytest.importorskip("runtime_client", reason="awslambdaric has no native client on this system")
    return {"Environment": {"Variables": {"SERVERLESS_FIRST_RUNTIME_CLIENT": request.param}}}


def test_the_client_is_the_one_that_was_asked_for(kit: Any, runtime_client: dict[str, Any]) -> None:
    source = """
from awslambdaric import lambda_runtime_client
def handler(event, context):
    return type(lambda_runtime_client.runtime_client).__name__
"""
    kit.deploy("price", source, **runtime_client)
    expected = {"native": "module", "python": "PythonRuntimeClient"}
    name = runtime_client["Environment"]["Variables"]["SERVERLESS_FIRST_RUNTIME_CLIENT"]
    assert kit.invoke("price").payload == expected[name]


def test_state_is_kept_from_call_to_call(kit: Any, runtime_client: dict[str, Any]) -> None:
    kit.deploy("price", kit.COUNT, **runtime_client)
    assert [kit.invoke("price").payload["count"] for _ in range(3)] == [1, 2, 3]


def test_text_of_any_language_goes_through(kit: Any, runtime_client: dict[str, Any]) -> None:
    text = '行灯 Lämpchen 💡 \u2028 "quoted" \\'
    source = "def handler(event, context):\n    print(event['lamp'])\n    return {'電球': event['lamp'] * 2}\n"
    kit.deploy("price", source, **runtime_client)
    answer = kit.invoke("price", {"lamp": text})
    assert answer.payload == {"電球": text * 2}
    assert text in answer.log


def test_five_megabytes_go_in_and_out(kit: Any, runtime_client: dict[str, Any]) -> None:
    kit.deploy("price", "def handler(event, context):\n    return event[::-1]\n", Timeout=30, **runtime_client)
    event = "ab" * (5 * 2**19)
    assert kit.invoke("price", event).payload == event[::-1]


def test_an_error_is_reported_and_the_environment_goes_on(kit: Any, runtime_client: dict[str, Any]) -> None:
    source = kit.COUNT.replace("    return", "    if event: raise ValueError('電球 is sold out')\n    return")
    kit.deploy("price", source, **runtime_client)
    answer = kit.invoke("price", {"lamp": 1})
    assert answer.error == "Unhandled"
    assert (answer.payload["errorType"], answer.payload["errorMessage"]) == ("ValueError", "電球 is sold out")
    assert any("price.py" in line for line in answer.payload["stackTrace"])
    assert kit.invoke("price").payload["count"] == 2


@pytest.mark.parametrize(
    ("source", "kind", "words"),
    [
        ("def handler(event, context):\n    return {1, 2}\n", "Runtime.MarshalError", "not JSON serializable"),
        ("import lampshade\ndef handler(event, context): ...\n", "Runtime.ImportModuleError", ""),
    ],
    ids=["a result that is not JSON", "Init"],
)
def test_what_fails_is_reported(kit: Any, runtime_client: dict[str, Any], source: str, kind: str, words: str) -> None:
    kit.deploy("price", source, **runtime_client)
    kit.failed(kit.invoke("price"), kind, words)


def test_an_event_of_null_and_a_call_without_payload(kit: Any, runtime_client: dict[str, Any]) -> None:
    kit.deploy("price", "def handler(event, context):\n    return [event]\n", **runtime_client)
    assert kit.invoke("price", None).payload == [None]
    assert kit.client("lambda").invoke(FunctionName="price")["Payload"].read() == b"[{}]"
