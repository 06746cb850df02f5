"""Sends the output of functions and jobs and the logs of proxies to moto's CloudWatch Logs."""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime

from moto.backends import get_backend

from serverless_cloud.core.json_types import JsonObject
from serverless_cloud.lambda_.function import FunctionSpec
from serverless_cloud.services import embedded_metrics

_making_streams = threading.Lock()  # moto's dictionaries are not made for many threads


def write_log(spec: FunctionSpec, stream: str, text: str) -> None:
    """Writes one event a line, and publishes the metrics that it has."""
    if not text:
        return
    now_ms = int(time.time() * 1000)
    events = [{"timestamp": now_ms, "message": line.replace("\r", "\n")} for line in text.split("\n") if line]
    write_events(spec.account_id, spec.region, spec.log_group, stream, events)
    embedded_metrics.publish(spec.account_id, spec.region, (str(event["message"]) for event in events))


def write_proxy_log(key: tuple[str, str, str], entry: JsonObject) -> None:
    """Writes what a proxy says of itself to /aws/rds/proxy/<name>.

    Time, level and endpoint stand before the message, as AWS documents ("Monitoring RDS Proxy metrics") and public
    copies of such logs show (elixir-ecto/postgrex issue 514); how AWS spells the endpoint is recalled, not verified.

    Args:
        key: account, Region, the proxy's name.
        entry: "time_s" (Unix time, in seconds), "level", "message".
    """
    account, region, name = key
    written = datetime.fromtimestamp(entry["time_s"], UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    message = f"{written} [{entry['level']}] [proxyEndpoint=default] {entry['message']}"
    event = {"timestamp": int(entry["time_s"] * 1000), "message": message}
    write_events(account, region, f"/aws/rds/proxy/{name}", "default", [event])


def write_events(account: str, region: str, group: str, stream: str, events: list[JsonObject]) -> None:
    """Writes events ("timestamp" in ms, "message"); group and stream are made unless they are there."""
    backend = get_backend("logs")[account][region]
    with _making_streams:
        backend.ensure_log_group(group)
        if stream not in backend.groups[group].streams:
            backend.create_log_stream(group, stream)
    backend.put_log_events(group, stream, events)
