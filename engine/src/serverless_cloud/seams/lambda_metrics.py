"""Lambda's metrics in CloudWatch: `aws_metric_data` is moto's place for metrics that AWS services publish. The values
are fetched from the data plane when somebody asks, one datum for each metric and second.

Published only under the dimension FunctionName. AWS has more sets (Resource; Resource with ExecutedVersion; none, for
all functions of the Region), but moto's GetMetricStatistics takes any metric that has the wanted dimensions among its
own, and would add them up.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from moto.cloudwatch.models import CloudWatchBackend, MetricAggregatedDatum

from serverless_cloud.core import current
from serverless_cloud.core.patches import Service

patches = Service("lambda")

NAMESPACE = "AWS/Lambda"


@patches.replaces("moto.cloudwatch.models:CloudWatchBackend.aws_metric_data", expects="self", kind="property")
def aws_metric_data(backend: CloudWatchBackend) -> list[Any]:
    found = list(aws_metric_data.original(backend))
    for function, metric, second, values in current.plane.service.metrics.rows(backend.account_id, backend.region_name):
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
