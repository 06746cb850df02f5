"""What a call leaves in its log: the tail that Invoke returns, and CloudWatch Logs."""

from __future__ import annotations

import base64
import re
from typing import Any

from kits.both_ways import IN_BOTH_WAYS
from serverless_cloud import Cloud

pytestmark = IN_BOTH_WAYS

REPORT = re.compile(
    r"REPORT RequestId: (?P<id>\S+)\tDuration: (?P<duration>[\d.]+) ms\tBilled Duration: (?P<billed>\d+) ms\t"
    r"Memory Size: (?P<size>\d+) MB\tMax Memory Used: (?P<used>\d+) MB(\tInit Duration: (?P<init>[\d.]+) ms)?\t"
)
PRINTS = """
import logging, sys
logging.getLogger().setLevel("INFO")
def handler(event, context):
    print("行灯", event)
    print("to stderr", file=sys.stderr)
    logging.info("by logging")
    return context.aws_request_id
"""


def events(kit: Any, name: str) -> list[str]:
    """All messages that CloudWatch Logs has of a function."""
    logs, group = kit.client("logs"), f"/aws/lambda/{name}"
    streams = logs.describe_log_streams(logGroupName=group)["logStreams"]
    found = []
    for stream in streams:
        page = logs.get_log_events(logGroupName=group, logStreamName=stream["logStreamName"], startFromHead=True)
        found += [event["message"] for event in page["events"]]
    return found


def test_the_lines_of_a_cold_and_of_a_warm_call(kit: Any) -> None:
    kit.deploy("price", PRINTS, MemorySize=192)
    cold, warm = kit.invoke("price", {"lamp": 1}), kit.invoke("price", {"lamp": 2})
    for answer, number in ((cold, 1), (warm, 2)):
        lines = answer.log.splitlines()
        assert lines[0] == f"START RequestId: {answer.payload} Version: $LATEST"
        assert lines[1:3] == [f"行灯 {{'lamp': {number}}}", "to stderr"]
        assert re.fullmatch(rf"\[INFO\]\t\S+Z\t{answer.payload}\tby logging", lines[3])
        assert lines[4] == f"END RequestId: {answer.payload}"
        report = REPORT.fullmatch(lines[5])
        assert report
        assert (report["id"], report["size"]) == (answer.payload, "192")
        assert 0 < int(report["used"]) < 192
        total_ms = float(report["duration"]) + float(report["init"] or 0)
        assert total_ms <= int(report["billed"]) <= total_ms + 1.1
        assert (report["init"] is not None) == (number == 1)


def test_cloudwatch_logs_hold_the_same_lines(kit: Any) -> None:
    kit.deploy("price", PRINTS)
    answers = [kit.invoke("price", {"lamp": number}) for number in (1, 2)]
    assert events(kit, "price") == [line for a in answers for line in a.log.splitlines()]


def test_each_environment_has_a_log_stream_of_its_own(aws: Cloud, kit: Any, tmp_path: Any) -> None:
    kit.deploy("orders", kit.MEET, Timeout=60)
    kit.invoke_at_once("orders", [{"folder": str(tmp_path), "of": 3}] * 3)
    streams = kit.client("logs").describe_log_streams(logGroupName="/aws/lambda/orders")["logStreams"]
    ids = {e.id for e in aws.environments("orders")}
    assert {re.sub(r"^\d{4}/\d\d/\d\d/\[\$LATEST\]", "", s["logStreamName"]) for s in streams} == ids


def test_a_traceback_is_one_event(kit: Any) -> None:
    kit.deploy("price", "def handler(event, context):\n    return event['lamp']\n")
    log = kit.invoke("price", {}).log
    (error,) = [e for e in events(kit, "price") if "[ERROR]" in e]
    assert error.splitlines()[:2] == ["[ERROR] KeyError: 'lamp'", "Traceback (most recent call last):"]
    assert "\r" not in log
    assert error in log


def test_only_a_line_feed_ends_a_line(kit: Any) -> None:
    text = "one\u2028line\x0bof\x85text"
    kit.deploy("price", "def handler(event, context):\n    print(event)\n")
    kit.invoke("price", text)
    assert text in events(kit, "price")


def test_the_tail_is_the_last_four_kilobytes_and_whole_characters(kit: Any) -> None:
    kit.deploy("price", "def handler(event, context):\n    print('灯' * 5000 + event)\n")
    for padding in ("", "a", "ab"):  # so that the cut falls on each byte of a character
        reply = kit.client("lambda").invoke(FunctionName="price", Payload=f'"{padding}"', LogType="Tail")
        tail = base64.b64decode(reply["LogResult"])
        assert 4093 <= len(tail) <= 4096
        assert tail.decode("utf-8").startswith("灯")
    assert any(len(e) >= 5000 for e in events(kit, "price"))  # CloudWatch Logs has all of it


def test_no_tail_unless_it_is_asked_for(kit: Any) -> None:
    kit.deploy("price", PRINTS)
    assert "LogResult" not in kit.client("lambda").invoke(FunctionName="price")


def test_output_of_init_belongs_to_the_first_call(kit: Any) -> None:
    kit.deploy("price", "print('loading the price list')\ndef handler(event, context):\n    print('priced')\n")
    cold, warm = kit.invoke("price").log, kit.invoke("price").log
    assert cold.count("loading the price list") == 1
    assert "loading" not in warm
    assert warm.count("priced") == 1
