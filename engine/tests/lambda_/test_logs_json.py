"""LoggingConfig: logs as JSON, with levels for the handler's records and for Lambda's own."""

from __future__ import annotations

import json
from typing import Any

import pytest

from serverless_cloud import Cloud

SOURCE = """
import logging
log = logging.getLogger("hikari")
def handler(event, context):
    for level in ("debug", "info", "warning", "error", "critical"):
        getattr(log, level)(f"{level}: %s", "行灯", extra={"order": 7})
    if event: raise ValueError("no price")
    return context.aws_request_id
"""
LEVELS = ["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"]
NAME = {"FunctionName": "price"}


def rows(log: str) -> list[dict[str, Any]]:
    """Every line of a log from JSON; fails if one is none."""
    return [json.loads(line) for line in log.splitlines()]


def deploy(kit: Any, source: str = SOURCE, **settings: Any) -> None:
    kit.deploy("price", source, LoggingConfig={"LogFormat": "JSON"} | settings)


def test_every_line_is_json_and_says_what_the_text_lines_say(kit: Any) -> None:
    kit.deploy("price", SOURCE, LoggingConfig={"LogFormat": "JSON"}, MemorySize=192)
    cold, warm = kit.invoke("price"), kit.invoke("price")
    for answer in (cold, warm):
        start, *records, report = rows(answer.log)
        assert (start["type"], start["record"]) == (
            "platform.start", {"requestId": answer.payload, "version": "$LATEST"},
        )  # fmt: skip
        assert (report["type"], report["record"]["status"]) == ("platform.report", "success")
        metrics = report["record"]["metrics"]
        assert (metrics["memorySizeMB"], report["record"]["requestId"]) == (192, answer.payload)
        assert 0 < metrics["durationMs"] <= metrics["billedDurationMs"]
        assert 0 < metrics["maxMemoryUsedMB"] < 192
        assert ("initDurationMs" in metrics) == (answer is cold)
        assert [r["level"] for r in records] == LEVELS[1:]  # INFO unless told
        for record in records:
            assert record["message"].endswith(": 行灯")
            assert (record["logger"], record["requestId"], record["order"]) == ("hikari", answer.payload, 7)
            assert record["timestamp"].endswith("Z")


@pytest.mark.parametrize(
    ("level", "kept"),
    [("DEBUG", LEVELS), ("INFO", LEVELS[1:]), ("WARN", LEVELS[2:]), ("ERROR", LEVELS[3:]), ("FATAL", LEVELS[4:])],
)
def test_the_level_of_the_handler_s_records(kit: Any, level: str, kept: list[str]) -> None:
    deploy(kit, ApplicationLogLevel=level)
    records = [r for r in rows(kit.invoke("price").log) if "level" in r]
    assert [r["level"] for r in records if r.get("logger") == "hikari"] == kept


@pytest.mark.parametrize(
    ("level", "success", "failure"),
    [
        ("DEBUG", ["platform.initReport", "platform.start", "platform.report"], ["platform.start", "platform.report"]),
        ("INFO", ["platform.start", "platform.report"], ["platform.start", "platform.report"]),
        ("WARN", [], ["platform.report"]),
    ],
)
def test_the_level_of_lambda_s_own_records(kit: Any, level: str, success: list[str], failure: list[str]) -> None:
    deploy(kit, "import os\ndef handler(event, context):\n    if event: os._exit(3)\n", SystemLogLevel=level)
    assert [r["type"] for r in rows(kit.invoke("price").log)] == success
    ended = rows(kit.invoke("price", {"end": True}).log)
    assert [r["type"] for r in ended] == failure
    assert ended[-1]["record"]["status"] == "error"
    assert ended[-1]["record"]["errorType"] == "Runtime.ExitError"


def test_an_exception_is_one_record_with_its_trace(kit: Any) -> None:
    deploy(kit)
    answer = kit.invoke("price", {"fail": True})
    assert answer.payload["errorMessage"] == "no price"
    (error,) = [r for r in rows(answer.log) if "errorType" in r]
    assert (error["level"], error["errorType"], error["errorMessage"]) == ("ERROR", "ValueError", "no price")
    assert error["requestId"] == answer.payload["requestId"]
    assert "price.py" in "".join(error["stackTrace"])


def test_a_logged_exception_keeps_its_trace(kit: Any) -> None:
    source = (
        "import logging\ndef handler(event, context):\n    try:\n        1 / 0\n"
        "    except ZeroDivisionError:\n        logging.exception('no price')\n"
    )
    deploy(kit, source)
    (record,) = [r for r in rows(kit.invoke("price").log) if r.get("message") == "no price"]
    assert (record["level"], record["errorType"], record["errorMessage"]) == (
        "ERROR", "ZeroDivisionError", "division by zero",
    )  # fmt: skip


def test_what_is_printed_stays_as_it_is(kit: Any) -> None:
    deploy(kit, "def handler(event, context):\n    print('lamp', 7)\n")
    assert "lamp 7" in kit.invoke("price").log.splitlines()


def test_a_timeout(kit: Any) -> None:
    source = "import threading\ndef handler(event, context):\n    threading.Event().wait()\n"
    kit.deploy("price", source, LoggingConfig={"LogFormat": "JSON", "SystemLogLevel": "WARN"}, Timeout=1)
    (report,) = rows(kit.invoke("price").log)
    assert (report["record"]["status"], report["record"]["errorType"]) == ("timeout", "Sandbox.Timedout")


def test_init_that_fails(kit: Any) -> None:
    deploy(kit, "import lampshade\n", SystemLogLevel="WARN")
    found = rows(kit.invoke("price").log)
    reports = [r for r in found if r.get("type") == "platform.initReport"]
    assert [(r["record"]["phase"], r["record"]["status"]) for r in reports] == [("init", "error"), ("invoke", "error")]
    assert {r["record"]["errorType"] for r in reports} == {"Runtime.ImportModuleError"}
    assert found[-1]["type"] == "platform.report"


def test_cloudwatch_logs_hold_the_same_lines_in_a_group_of_one_s_choice(kit: Any) -> None:
    deploy(kit, LogGroup="/hikari/prices")
    log = kit.invoke("price").log
    logs = kit.client("logs")
    assert [g["logGroupName"] for g in logs.describe_log_groups()["logGroups"]] == ["/hikari/prices"]
    found = logs.filter_log_events(logGroupName="/hikari/prices")["events"]
    assert [e["message"] for e in found] == log.splitlines()


def test_a_handler_knows_its_log_group(kit: Any) -> None:
    source = "import os\ndef handler(event, context):\n    return context.log_group_name\n"
    kit.deploy("price", source, LoggingConfig={"LogGroup": "/hikari/prices"})
    assert kit.invoke("price").payload == "/hikari/prices"


def test_the_settings_are_shown_and_changed(aws: Cloud, kit: Any) -> None:
    kit.deploy("price", SOURCE)
    lam = kit.client("lambda")
    text = {"LogFormat": "Text", "LogGroup": "/aws/lambda/price"}
    assert lam.get_function_configuration(**NAME)["LoggingConfig"] == text
    assert kit.invoke("price").log.startswith("START ")
    config = {"LogFormat": "JSON", "ApplicationLogLevel": "ERROR", "SystemLogLevel": "WARN"}
    lam.update_function_configuration(**NAME, LoggingConfig=config)
    shown = lam.get_function_configuration(**NAME)["LoggingConfig"]
    assert shown == config | {"LogGroup": "/aws/lambda/price"}
    assert len(rows(kit.invoke("price").log)) == 2
    assert [e.state for e in aws.environments("price")] == ["ended", "frozen"]
    lam.update_function_configuration(**NAME, LoggingConfig={"LogFormat": "Text"})
    assert kit.invoke("price").log.startswith("START ")


@pytest.mark.parametrize(
    ("config", "text"),
    [
        ({"ApplicationLogLevel": "DEBUG"}, "LogFormat is JSON"),
        ({"LogFormat": "Text", "SystemLogLevel": "WARN"}, "LogFormat is JSON"),
        ({"LogFormat": "json"}, "JSON, Text"),
        ({"LogFormat": "JSON", "ApplicationLogLevel": "debug"}, "TRACE, DEBUG, INFO, WARN, ERROR, FATAL"),
        ({"LogFormat": "JSON", "SystemLogLevel": "ERROR"}, "DEBUG, INFO, WARN"),
    ],
)
def test_settings_that_are_refused(kit: Any, config: dict[str, str], text: str) -> None:
    refusal = kit.refused(lambda: kit.deploy("price", SOURCE, LoggingConfig=config))
    assert refusal.code in ("InvalidParameterValueException", "ValidationException")
    assert text in refusal.message
    assert kit.client("lambda").list_functions()["Functions"] == []
    kit.deploy("price", SOURCE)
    change = lambda: kit.client("lambda").update_function_configuration(**NAME, LoggingConfig=config)  # noqa: E731
    assert kit.refused(change).message == refusal.message
    assert kit.invoke("price").log.startswith("START ")


def test_a_change_of_one_part_of_the_logging_leaves_the_others(kit: Any) -> None:
    lam = kit.client("lambda")
    kit.deploy("price", "def handler(event, context):\n    return 1\n", LoggingConfig={"LogFormat": "JSON"})

    def change(**logging: str) -> Any:
        lam.update_function_configuration(FunctionName="price", LoggingConfig=logging)
        return lam.get_function_configuration(FunctionName="price")["LoggingConfig"]

    assert change(ApplicationLogLevel="ERROR")["LogFormat"] == "JSON"
    found = change(LogGroup="/hikari/price")
    assert (found["LogFormat"], found["ApplicationLogLevel"]) == ("JSON", "ERROR")
    assert change(LogFormat="Text") == {"LogFormat": "Text", "LogGroup": "/hikari/price"}
