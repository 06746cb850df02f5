"""Seam: Lambda's metrics in CloudWatch (moto 5.2.5).

Replaced here: `CloudWatchBackend.aws_metric_data`, moto's own place for metrics that AWS services publish. The values
are fetched from the data plane when somebody asks, one datum for each metric and second.

Published only under the dimension FunctionName. AWS has more sets (Resource; Resource with ExecutedVersion; none, for
all functions of the Region), but moto's GetMetricStatistics takes any metric that has the wanted dimensions among its
own, and would add them up.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from moto.cloudwatch.models import CloudWatchBackend, MetricAggregatedDatum

from serverless_cloud.plane import DataPlane
from serverless_cloud.seams.replacement import Replacement

NAMESPACE = "AWS/Lambda"


def install(plane: DataPlane) -> None:
    """Adds the functions' metrics to moto's metrics."""
    _Backend.install(plane=plane)


class _Backend(Replacement, of=CloudWatchBackend):
    plane: DataPlane

    @property
    def aws_metric_data(self: Any) -> list[Any]:
        found = list(_Backend.moto.aws_metric_data.fget(self))
        for function, metric, second, values in _Backend.plane.service.metrics.rows(self.account_id, self.region_name):
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
