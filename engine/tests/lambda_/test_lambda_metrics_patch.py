"""A function's metrics, read as from CloudWatch."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from kits.patch_kit import LOOK, asks_stock_moto, stock

SOURCE = """
def handler(event, context):
    if event == "broken":
        raise ValueError("no lamp")
    return event
"""


def statistics(kit: Any, metric: str, function: str = "price") -> dict[str, Any]:
    """Of all that CloudWatch has of a function's metric: Sum, Maximum and so on."""
    kinds = ("Sum", "Average", "Maximum", "SampleCount")
    points = kit.datapoints("AWS/Lambda", metric, *kinds, period_s=3600, FunctionName=function)
    assert len(points) <= 1
    return dict(points[0]) if points else {}


def test_calls_errors_and_throttles_are_counted(kit: Any) -> None:
    kit.deploy("price", SOURCE)
    kit.deploy("stock", SOURCE)
    for event in (1, 2, "broken"):
        kit.invoke("price", event)
    kit.invoke("stock", 1)
    kit.client("lambda").put_function_concurrency(FunctionName="price", ReservedConcurrentExecutions=0)
    assert kit.refused(lambda: kit.invoke("price", 3)).code == "TooManyRequestsException"
    assert statistics(kit, "Invocations")["Sum"] == 3
    assert (statistics(kit, "Errors")["Sum"], statistics(kit, "Errors")["SampleCount"]) == (1, 3)
    assert statistics(kit, "Throttles")["Sum"] == 1
    assert statistics(kit, "Invocations", "stock")["Sum"] == 1
    assert statistics(kit, "Errors", "stock")["Sum"] == 0
    assert statistics(kit, "Invocations", "nobody") == {}


def test_the_duration_is_that_of_the_report_line(kit: Any) -> None:
    kit.deploy("price", SOURCE)
    log = kit.invoke("price", 1).log
    told_ms = float(log.split("\tDuration: ")[1].split(" ms")[0])
    found = statistics(kit, "Duration")
    assert round(found["Average"], 2) == told_ms
    assert found["Unit"] == "Milliseconds"


def test_calls_at_the_same_moment_are_the_maximum_of_concurrent_executions(kit: Any, tmp_path: Any) -> None:
    kit.deploy("hold", kit.HOLD)
    with kit.held("hold", tmp_path, 3):
        assert statistics(kit, "ConcurrentExecutions", "hold")["Maximum"] == 3
    assert statistics(kit, "ConcurrentExecutions", "hold")["Maximum"] == 3


def test_get_metric_data_has_them_and_a_reset_forgets_them(aws: Any, kit: Any) -> None:
    kit.deploy("price", SOURCE)
    kit.invoke("price", 1)
    dimensions = [{"Name": "FunctionName", "Value": "price"}]
    metric = {"Namespace": "AWS/Lambda", "MetricName": "Invocations", "Dimensions": dimensions}
    now = datetime.now(UTC)
    span = {"StartTime": now - timedelta(seconds=60), "EndTime": now + timedelta(seconds=5)}
    query = {"Id": "i", "MetricStat": {"Metric": metric, "Period": 1, "Stat": "Sum"}}

    def values() -> list[float]:
        answer = kit.client("cloudwatch").get_metric_data(MetricDataQueries=[query], **span)
        return list(answer["MetricDataResults"][0]["Values"])

    assert values() == [1.0]
    names = {m["MetricName"] for m in kit.client("cloudwatch").list_metrics(Namespace="AWS/Lambda")["Metrics"]}
    assert names == {"Invocations", "Errors", "Throttles", "Duration", "ConcurrentExecutions"}
    aws.reset()
    assert values() == []


def test_moto_still_has_what_the_patch_replaces_and_makes() -> None:
    """In a process without our patches: here the name is a property in any case, since a patch has put it there."""
    source = """
import inspect, json
from moto.cloudwatch.models import CloudWatchBackend, MetricAggregatedDatum
print(json.dumps({
    "replaced": type(CloudWatchBackend.__dict__.get("aws_metric_data")).__name__,
    "made": list(inspect.signature(MetricAggregatedDatum).parameters),
}))
"""
    assert stock(source) == {
        "replaced": "property",
        "made": [
            "namespace", "name", "min_stat", "max_stat", "sample_count", "sum_stat", "dimensions", "timestamp", "unit",
        ],
    }, LOOK.format("lambda_/metrics.py")  # fmt: skip


@asks_stock_moto
def test_stock_moto_publishes_nothing_of_lambda() -> None:
    """When this fails, the patch may go."""
    source = """
import json, moto, boto3
with moto.mock_aws():
    from moto.cloudwatch.models import cloudwatch_backends
    found = cloudwatch_backends["123456789012"]["us-east-1"].aws_metric_data
    print(json.dumps([m.namespace for m in found if m.namespace == "AWS/Lambda"]))
"""
    assert stock(source) == []
