"""Metrics that a function writes to its log, as Powertools does: CloudWatch's embedded metric format.

Source: CloudWatch User Guide, "Specification: Embedded metric format". An event whose message doesn't follow the format
stays a log event and makes no metric.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime

from moto.backends import get_backend
from moto.core.exceptions import ServiceException

from serverless_cloud.core.json_types import JsonObject

_NUMBERS = (int, float)


def publish(account_id: str, region: str, messages: Iterable[str]) -> None:
    """Publishes the metrics in some messages of a log, each a single line of JSON."""
    for message in messages:
        if not (message.startswith("{") and '"CloudWatchMetrics"' in message):
            continue
        with contextlib.suppress(ValueError, KeyError, TypeError, AttributeError, ServiceException):
            for namespace, data in _read(json.loads(message)):
                get_backend("cloudwatch")[account_id][region].put_metric_data(namespace, data)


def _read(root: JsonObject) -> Iterator[tuple[str, list[JsonObject]]]:
    """Each directive's namespace and its metrics, once for each of its sets of dimensions."""
    about = root["_aws"]
    written = datetime.fromtimestamp(about["Timestamp"] / 1000, UTC).replace(tzinfo=None)  # as moto compares it
    for directive in about["CloudWatchMetrics"]:
        data: list[JsonObject] = []
        for names in directive["Dimensions"]:
            dimensions = [{"Name": name, "Value": root[name]} for name in names]
            if not all(isinstance(dimension["Value"], str) for dimension in dimensions):
                raise TypeError(names)
            for metric in directive["Metrics"]:
                value = root[metric["Name"]]
                values = value if isinstance(value, list) else [value]
                if not all(isinstance(number, _NUMBERS) for number in values):
                    raise TypeError(metric["Name"])
                datum = {"MetricName": metric["Name"], "Values": values, "Unit": metric.get("Unit", "None")}
                data.append(datum | {"Timestamp": written, "Dimensions": dimensions})
        yield directive["Namespace"], data
