"""Seam: the proxies' metrics in CloudWatch (moto 5.2.5).

Replaced here: `CloudWatchBackend.aws_metric_data`, moto's own place for metrics that AWS services publish. The values
are fetched from the proxies when somebody asks, one datum for each metric and minute.

Published under the dimension set ProxyName alone. AWS has three more sets (EndpointName; TargetGroup with Target or
TargetRole), but moto's GetMetricStatistics takes any metric that has the wanted dimensions among its own, and would add
them up. AvailabilityPercentage, which AWS has only with TargetRole, is left out for that reason.
"""

from __future__ import annotations

import contextlib
from datetime import UTC, datetime
from typing import Any

from moto.cloudwatch.models import CloudWatchBackend, MetricDatum

from serverless_cloud.errors import CloudError
from serverless_cloud.rds_proxy.manager import Proxies

NAMESPACE = "AWS/RDS"


def install(proxies: Proxies) -> None:
    """Adds the proxies' metrics to those that are there."""
    before = CloudWatchBackend.__dict__["aws_metric_data"]

    def aws_metric_data(self: Any) -> list[Any]:
        found = list(before.fget(self))
        for name in proxies.names(self.account_id, self.region_name):
            found += _data(proxies, self.account_id, self.region_name, name)
        return found

    backend: Any = CloudWatchBackend
    backend.aws_metric_data = property(aws_metric_data)


def _data(proxies: Proxies, account: str, region: str, name: str) -> list[Any]:
    proxy = proxies.get(account, region, name)
    minutes: list[dict[str, Any]] = []
    with contextlib.suppress(CloudError):  # it has ended: there is nothing to tell
        minutes = proxy.answer("metrics")["minutes"] if proxy is not None and proxy.port else []
    return [
        MetricDatum(
            NAMESPACE,
            metric,
            float(value),
            [{"Name": "ProxyName", "Value": name}],
            # moto compares with times without a zone
            datetime.fromtimestamp(minute["minute"] * 60, UTC).replace(tzinfo=None),
            "Microseconds" if metric.endswith("Latency") else "Count",
        )
        for minute in minutes
        for metric, value in minute["values"].items()
    ]
