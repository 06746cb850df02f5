"""Seam: Lambda's metrics in CloudWatch (moto 5.2.5).

Replaced here: `CloudWatchBackend.aws_metric_data`, moto's own place for metrics that AWS services publish. The values
are fetched from the data plane when somebody asks, one datum for each metric and second.

Published under the dimension FunctionName alone. AWS has more sets (Resource; Resource with ExecutedVersion; none, for
all functions of the Region), but moto's GetMetricStatistics takes any metric that has the wanted dimensions among its
own, and would add them up.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from moto.cloudwatch.models import CloudWatchBackend, MetricAggregatedDatum

from serverless_cloud.lambda_.metrics import Metrics

NAMESPACE = "AWS/Lambda"


def install(metrics: Metrics) -> None:
    """Adds the functions' metrics to those that moto has."""
    before = CloudWatchBackend.__dict__["aws_metric_data"]

    def aws_metric_data(self: Any) -> list[Any]:
        found = list(before.fget(self))
        for function, metric, second, values in metrics.rows(self.account_id, self.region_name):
            found.append(
                MetricAggregatedDatum(
                    NAMESPACE,
                    metric,
                    values.least,
                    values.most,
                    values.count,
                    values.sum,
                    [{"Name": "FunctionName", "Value": function}],
                    # moto compares with times without a zone
                    datetime.fromtimestamp(second, UTC).replace(tzinfo=None),
                    "Milliseconds" if metric == "Duration" else "Count",
                )
            )
        return found

    backend: Any = CloudWatchBackend
    backend.aws_metric_data = property(aws_metric_data)
