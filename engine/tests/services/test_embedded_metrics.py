"""Metrics in a function's log, in CloudWatch's embedded metric format."""

from __future__ import annotations

import json
import time
from typing import Any

PRINTS = """
def handler(event, context):
    for line in event:
        print(line)
"""


def line(*, dimensions: Any = (("shop",),), metrics: Any = ({"Name": "Sold", "Unit": "Count"},), **values: Any) -> str:
    """A line of the log with a directive for the namespace Hikari."""
    directive = {"Namespace": "Hikari", "Dimensions": dimensions, "Metrics": metrics}
    about = {"Timestamp": int(time.time() * 1000), "CloudWatchMetrics": [directive]}
    return json.dumps({"_aws": about} | values)


def test_a_line_counts_once_for_each_set_of_dimensions(kit: Any) -> None:
    kit.deploy("sell", PRINTS)
    kit.invoke(
        "sell", [line(dimensions=[["shop"], ["lamp", "size"]], shop="ginza", lamp="amber", size="s", Sold=[2, 3])]
    )
    (by_shop,) = kit.datapoints("Hikari", "Sold", "Sum", "SampleCount", period_s=7200, shop="ginza")
    (by_lamp,) = kit.datapoints("Hikari", "Sold", "Sum", period_s=7200, lamp="amber", size="s")
    assert (by_shop["Sum"], by_shop["SampleCount"], by_shop["Unit"]) == (5.0, 2.0, "Count")
    assert by_lamp["Sum"] == 5.0


def test_a_line_that_breaks_the_format_stays_in_the_log_and_makes_no_metric(kit: Any) -> None:
    kit.deploy("sell", PRINTS)
    bad = [
        line(shop="ginza"),
        line(Sold=1),
        line(shop="ginza", Sold="many"),
        line(shop=7, Sold=1),
        line(shop="ginza", Sold=1, metrics="Sold"),
        line(shop="ginza", Sold=1)[:-1],
        '{"_aws": {"CloudWatchMetrics": []}}',
    ]
    kit.invoke("sell", bad)
    events = kit.client("logs").filter_log_events(logGroupName="/aws/lambda/sell", filterPattern="CloudWatchMetrics")
    assert [event["message"] for event in events["events"]] == bad
    assert kit.client("cloudwatch").list_metrics(Namespace="Hikari")["Metrics"] == []
