"""Lambda's metrics in CloudWatch: `aws_metric_data` is moto's place for metrics that AWS services publish. The values
are fetched from the data plane when somebody asks, one datum for each metric and second.

Published only under the dimension FunctionName. AWS has more sets (Resource; Resource with ExecutedVersion; none, for
all functions of the Region), but moto's GetMetricStatistics takes any metric that has the wanted dimensions among its
own, and would add them up.
"""

from __future__ import annotations

from datetime import UTC, datetime

from moto.cloudwatch.models import CloudWatchBackend, MetricAggregatedDatum, MetricDatumBase

from serverless_cloud.core import current
from serverless_cloud.core.patches import Service
from serverless_cloud.plane import DataPlane

patches = Service("lambda")

NAMESPACE = "AWS/Lambda"


def connect(plane: DataPlane) -> None:
    """Publishes the metrics of functions."""
    plane.metric_sources.append(_metrics)


@patches.replaces("moto.cloudwatch.models:CloudWatchBackend.aws_metric_data", kind="property")
def aws_metric_data(backend: CloudWatchBackend) -> list[MetricDatumBase]:
    """The metrics of AWS services, both moto's own and the data plane's."""
    sources = current.plane.metric_sources
    return [
        *aws_metric_data.original(backend),
        *(datum for source in sources for datum in source(backend.account_id, backend.region_name)),
    ]


def _metrics(account: str, region: str) -> list[MetricAggregatedDatum]:
    found = []
    for function, metric, second, values in current.plane.fleet.metrics.rows(account, region):
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
