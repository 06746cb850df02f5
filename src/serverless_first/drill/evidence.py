"""Gathering what a drill has left behind, from outside of the shop: rows, charges, dead letters, logs, metrics."""

from __future__ import annotations

import json
import math
import re
import time
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from serverless_first.drill.record import DatabaseUse, DeadLetter, FunctionUse, Point, Sample
from serverless_first.drill.shop import Shop

#: Executions whose history is read, to count their states.
LOOKED_AT = 40
CATCHES_UP_WITHIN_S = 10.0
FAILURES = 5  # of so many executions that failed the record says why
_REFUSED = re.compile(r"too many clients already|remaining connection slots|too many connections for")
_REPORT = re.compile(r"^REPORT .*?\tDuration: ([\d.]+) ms\tBilled Duration: (\d+) ms")
_CRASHED = re.compile(r"\tStatus: (error|timeout)")


def rows(shop: Shop, prefix: str) -> tuple[tuple[str, str], ...]:
    """Order id and status of each row of this drill, in the order of the ids."""
    with shop.database() as connection:
        pairs = connection.execute(
            "SELECT order_id, status FROM orders WHERE order_id LIKE %s ORDER BY order_id, status", (f"{prefix}-%",)
        ).fetchall()
    return tuple((str(order_id), str(status)) for order_id, status in pairs)


def items(shop: Shop, table: str, prefix: str, attribute: str) -> tuple[tuple[str, str], ...]:
    """Order id and one attribute of each item of this drill in a table of DynamoDB."""
    pages = shop.client("dynamodb").get_paginator("scan")
    pairs = []
    for page in pages.paginate(TableName=table):
        for item in page["Items"]:
            order_id = item.get("order_id", {}).get("S", "")
            if order_id.startswith(f"{prefix}-"):
                pairs.append((order_id, item.get(attribute, {}).get("S", "")))
    return tuple(sorted(pairs))


def projection(shop: Shop, prefix: str, rows: tuple[tuple[str, str], ...]) -> tuple[tuple[str, str], ...]:
    """Order id and status of each item of the projection, which has a moment to catch up with the rows."""
    end_s = time.monotonic() + CATCHES_UP_WITHIN_S
    while True:
        statuses = items(shop, shop.outputs["ProjectionTable"], prefix, "status")
        if statuses == tuple(sorted(set(rows))) or time.monotonic() > end_s:
            return statuses
        time.sleep(0.5)


def messages(shop: Shop, url: str, limit_s: float) -> tuple[DeadLetter, ...]:
    """The content of a queue. The messages stay there, and come back at once.

    Args:
        limit_s: how long to wait for messages that are in flight, in seconds.
    """
    sqs, end_s = shop.client("sqs"), time.monotonic() + limit_s
    letters: dict[str, tuple[str, DeadLetter]] = {}
    while len(letters) < shop.depth(url):
        answer = sqs.receive_message(
            QueueUrl=url, MaxNumberOfMessages=10, VisibilityTimeout=60, MessageSystemAttributeNames=["All"]
        )
        for message in answer.get("Messages", []):
            times = int(message["Attributes"]["ApproximateReceiveCount"]) - 1  # this one is the drill's
            letters[message["MessageId"]] = (message["ReceiptHandle"], DeadLetter(_order_id(message["Body"]), times))
        if not answer.get("Messages"):
            if time.monotonic() > end_s:
                break
            time.sleep(0.2)
    for handle, _ in letters.values():
        sqs.change_message_visibility(QueueUrl=url, ReceiptHandle=handle, VisibilityTimeout=0)
    missing = max(0, shop.depth(url) - len(letters))
    return tuple(sorted((letter for _, letter in letters.values()), key=str)) + (DeadLetter("", 0),) * missing


def _order_id(body: str) -> str:
    try:
        return str(json.loads(body)["order_id"])
    except (ValueError, KeyError, TypeError):
        return ""


def executions(shop: Shop, since_s: float) -> tuple[dict[str, int], tuple[int, ...]]:
    """Of the executions since a moment: how many have which status; how many states some that ended have entered.

    Args:
        since_s: Unix time, in seconds.
    """
    listed = _executions(shop, since_s)
    statuses = Counter(execution["status"] for execution in listed)
    ended = sorted(execution["executionArn"] for execution in listed if execution["status"] != "RUNNING")
    some = ended[:: max(1, math.ceil(len(ended) / LOOKED_AT))]
    return dict(sorted(statuses.items())), tuple(_transitions(shop.client("stepfunctions"), arn) for arn in some)


def failures(shop: Shop, since_s: float) -> tuple[str, ...]:
    """Of some executions since a moment that have failed: with which error, and in which state.

    Args:
        since_s: Unix time, in seconds.
    """
    arns = sorted(execution["executionArn"] for execution in _executions(shop, since_s, statusFilter="FAILED"))
    return tuple(_failure(shop.client("stepfunctions"), arn) for arn in arns[:FAILURES])


def _executions(shop: Shop, since_s: float, **filters: str) -> list[dict[str, Any]]:
    paginator = shop.client("stepfunctions").get_paginator("list_executions")
    pages = paginator.paginate(stateMachineArn=shop.outputs["PaymentMachineArn"], **filters)
    return [
        execution for page in pages for execution in page["executions"] if execution["startDate"].timestamp() >= since_s
    ]


def _failure(states: Any, arn: str) -> str:
    events = states.get_execution_history(executionArn=arn, reverseOrder=True)["events"]
    entered = (event["stateEnteredEventDetails"]["name"] for event in events if "stateEnteredEventDetails" in event)
    error = states.describe_execution(executionArn=arn).get("error") or "an error without a name"
    return f"{error} in the state {next(entered, '(none)')!r}"


def _transitions(states: Any, arn: str) -> int:
    """States entered, tries counted: each is a transition that AWS bills."""
    events = [
        event
        for page in states.get_paginator("get_execution_history").paginate(executionArn=arn)
        for event in page["events"]
    ]
    kinds = [str(event["type"]) for event in events]
    entered = sum(kind.endswith("StateEntered") for kind in kinds)
    tries = kinds.count("TaskScheduled") + kinds.count("LambdaFunctionScheduled")
    return entered + max(0, tries - kinds.count("TaskStateEntered"))


def _report(line: str) -> tuple[float, float, bool] | None:
    """Duration and Billed Duration in ms, and whether the call has crashed, of a REPORT line, text or JSON."""
    if match := _REPORT.match(line):
        return float(match[1]), float(match[2]), bool(_CRASHED.search(line))
    if line.startswith("{") and '"platform.report"' in line:
        record = json.loads(line)["record"]
        metrics = record["metrics"]
        return metrics["durationMs"], metrics["billedDurationMs"], "errorType" in record
    return None


def functions(shop: Shop, since_s: float) -> tuple[FunctionUse, ...]:
    """The findings in the logs of the shop's functions since a moment (Unix time, in seconds)."""
    uses = []
    for role, name in sorted(shop.functions.items()):
        settings = shop.client("lambda").get_function_configuration(FunctionName=name)
        group = settings.get("LoggingConfig", {}).get("LogGroup") or f"/aws/lambda/{name}"
        lines = list(_lines(shop, group, since_s))
        reports = [report for line in lines if (report := _report(line))]
        uses.append(
            FunctionUse(
                role,
                settings["MemorySize"],
                float(settings["Timeout"]),
                calls=len(reports),
                crashed=sum(crashed for *_, crashed in reports),
                billed_ms=round(sum((billed_ms for _, billed_ms, _ in reports), 0.0), 3),
                longest_ms=round(max((duration_ms for duration_ms, *_ in reports), default=0.0), 3),
                refused=sum(bool(_REFUSED.search(line)) for line in lines),
            )
        )
    return tuple(uses)


def _lines(shop: Shop, group: str, since_s: float) -> Iterator[str]:
    logs = shop.client("logs")
    try:
        pages = logs.get_paginator("filter_log_events").paginate(logGroupName=group, startTime=int(since_s * 1000))
        for page in pages:
            for event in page["events"]:
                yield from event["message"].splitlines()
    except logs.exceptions.ResourceNotFoundException:
        return


def database_use(shop: Shop, samples: list[Sample]) -> DatabaseUse:
    """The connections that the watch has seen."""
    with shop.database() as connection:
        names = ("max_connections", "superuser_reserved_connections", "reserved_connections")
        most, *reserved = (int(connection.execute(f"SHOW {name}").fetchone()[0]) for name in names)
    return DatabaseUse(
        seats=most - sum(reserved),
        direct_most=max((sample.direct for sample in samples), default=0),
        proxied_most=max((sample.proxied for sample in samples), default=0),
    )


def points(shop: Shop, begun_s: float, roles: tuple[str, ...]) -> tuple[Point, ...]:
    """The functions' metrics in CloudWatch, since the drill's begin (Unix time, in seconds).

    One value for each second, or for several if the drill was long. Their counts are then divided by the seconds.
    On AWS, one value for each minute.
    """
    end_s = time.time() + 1
    period_s = max(1, math.ceil((end_s - begun_s) / 240))
    metric_points = []
    for role in roles:
        if role in shop.functions:
            series = {name: _series(shop, shop.functions[role], name, begun_s, end_s, period_s) for name in _METRICS}
            for second in sorted(set().union(*series.values())):
                values = (
                    series[name].get(second, 0.0) / (period_s if statistic == "Sum" else 1)
                    for name, statistic in _METRICS.items()
                )
                metric_points.append(Point(round(second - begun_s, 2), role, *values))
    return tuple(metric_points)


_METRICS = {"Invocations": "Sum", "Errors": "Sum", "Throttles": "Sum", "ConcurrentExecutions": "Maximum"}


def _series(shop: Shop, function: str, metric: str, begun_s: float, end_s: float, period_s: int) -> dict[float, float]:
    statistic = _METRICS[metric]
    answer = shop.client("cloudwatch").get_metric_statistics(
        Namespace="AWS/Lambda",
        MetricName=metric,
        Dimensions=[{"Name": "FunctionName", "Value": function}],
        StartTime=datetime.fromtimestamp(begun_s, UTC),
        EndTime=datetime.fromtimestamp(end_s, UTC),
        Period=period_s,
        Statistics=[statistic],
    )
    values: dict[float, float] = {}
    for point in answer["Datapoints"]:
        # the four metrics have data at different seconds: put them on one grid
        second = begun_s + period_s * int((point["Timestamp"].timestamp() - begun_s) // period_s)
        values[second] = (
            max(values.get(second, 0.0), point[statistic])
            if statistic == "Maximum"
            else (values.get(second, 0.0) + point[statistic])
        )
    return values
