"""Seam: what functions print goes to moto's CloudWatch Logs (moto 5.2.5). Nothing is replaced; moto is called."""

from __future__ import annotations

import threading
import time

from serverless_first.cloud.lambda_.function import FunctionSpec

_making_streams = threading.Lock()  # moto's dictionaries are not made for many threads


def write_log(spec: FunctionSpec, stream: str, text: str) -> None:
    """Writes one event a line."""
    from moto.logs.models import logs_backends

    if not text:
        return
    backend = logs_backends[spec.account_id][spec.region]
    with _making_streams:
        backend.ensure_log_group(spec.log_group)
        if stream not in backend.groups[spec.log_group].streams:
            backend.create_log_stream(spec.log_group, stream)
    now_ms = int(time.time() * 1000)
    events = [{"timestamp": now_ms, "message": line.replace("\r", "\n")} for line in text.split("\n") if line]
    backend.put_log_events(spec.log_group, stream, events)
