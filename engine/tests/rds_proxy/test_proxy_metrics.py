"""A DB proxy's metrics, read as from CloudWatch."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import serverless_cloud as cloud
from kits import rds_kit as rk


def test_a_proxys_metrics_are_read_from_cloudwatch(aws: cloud.Cloud, kit: Any) -> None:
    rk.make_proxy(rk.make_secret(password="a password"))
    aws.database_address("shop-proxy")
    cloudwatch = kit.client("cloudwatch")
    names = {m["MetricName"] for m in cloudwatch.list_metrics(Namespace="AWS/RDS")["Metrics"]}
    assert {"ClientConnections", "DatabaseConnections", "DatabaseConnectionsCurrentlySessionPinned"} <= names
    now = datetime.now(UTC)
    wanted = {
        "Namespace": "AWS/RDS",
        "MetricName": "ClientConnections",
        "Dimensions": [{"Name": "ProxyName", "Value": "shop-proxy"}],
    }
    span = {"StartTime": now - timedelta(minutes=5), "EndTime": now + timedelta(minutes=1)}
    statistics = ["Sum", "Average", "Maximum"]
    first = cloudwatch.get_metric_statistics(**wanted, **span, Period=60, Statistics=statistics)["Datapoints"]
    again = cloudwatch.get_metric_statistics(**wanted, **span, Period=60, Statistics=statistics)["Datapoints"]
    assert first
    assert {p["SampleCount"] for p in first if "SampleCount" in p} <= {1.0}
    assert all(p["Sum"] == p["Average"] == p["Maximum"] for p in first + again)
    query = {"Id": "c", "MetricStat": {"Metric": wanted, "Period": 60, "Stat": "Sum"}}
    found = cloudwatch.get_metric_data(MetricDataQueries=[query], **span)["MetricDataResults"][0]
    assert found["Values"]
