"""A burst of calls: many customers press the button at the same moment."""

from __future__ import annotations

import base64
import contextlib
import json
import time
import uuid
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path
from typing import Any

import psutil

from serverless_cloud.core import seat
from serverless_cloud.lambda_.gathering import HEADER
from serverless_cloud.records import CallResult

_MB_EACH = 45  # an execution environment that has imported psycopg holds about 35 MB
_MB_LEFT = 1_000  # for JupyterLab, PostgreSQL and what else runs here
_FEWEST = 24  # more than the 20 seats of the course's database


def burst_size(count: int = 60) -> int:
    """How many execution environments this machine can hold at once.

    Args:
        count: how many it should be.

    Returns:
        `count`, or fewer on a machine with little free memory, but 24 at least (unless fewer are wanted). In a class
        as many as the seat's share of the memory can hold, and 18 at least.
    """
    if (most := seat.most_environments()) is not None:
        return min(count, most)
    return min(count, max(_FEWEST, (free_mb() - _MB_LEFT) // _MB_EACH))


def free_mb(group: Path = Path("/sys/fs/cgroup")) -> int:
    """The memory that new processes can have, in MB: the machine's, or what a container (a codespace) leaves of it.

    Args:
        group: where Linux shows the limits of this container, by control groups version 2.
    """
    free = psutil.virtual_memory().available
    with contextlib.suppress(OSError, ValueError):  # no Linux, or no limit
        used = int((group / "memory.current").read_text())
        cached = dict(line.split() for line in (group / "memory.stat").read_text().splitlines())["inactive_file"]
        free = min(free, int((group / "memory.max").read_text()) - used + int(cached))
    return max(0, free // 2**20)


def at_once(
    client: Any,
    function: str,
    events: Sequence[object],
    qualifier: str | None,
    report: Callable[[int], None],
    *,
    gathering: bool = True,
) -> list[CallResult]:
    """Makes all the calls at the same moment; see `Cloud.at_once`.

    Args:
        client: boto3's client for Lambda; it makes no second attempts.
        report: called with the number of calls that have ended.
        gathering: whether the local cloud is asked to begin all the calls together; others do not know how.
    """
    name = f"burst-{uuid.uuid4().hex[:12]}"

    def gather(params: dict[str, Any], **_: object) -> None:
        params["headers"][HEADER] = f"{name}/{len(events)}"

    def one(event: object) -> CallResult:
        begun_s = time.monotonic()
        options = {"Qualifier": qualifier} if qualifier else {}
        try:
            answer = client.invoke(FunctionName=function, Payload=json.dumps(event), LogType="Tail", **options)
        except (
            client.exceptions.TooManyRequestsException,
            client.exceptions.SubnetIPAddressLimitReachedException,
        ) as error:
            return CallResult("throttled", None, error.response["Error"]["Message"], time.monotonic() - begun_s, "")
        took_s = time.monotonic() - begun_s
        payload = json.loads(answer["Payload"].read() or b"null")
        log = base64.b64decode(answer.get("LogResult", "")).decode("utf-8", errors="replace")
        if answer.get("FunctionError"):
            return CallResult("failed", None, str(payload.get("errorMessage", "")), took_s, log)
        return CallResult("answered", payload, "", took_s, log)

    if not events:
        return []
    if gathering:
        client.meta.events.register("before-call.lambda.Invoke", gather)
    with seat.turn(), ThreadPoolExecutor(len(events)) as customers:
        calls = [customers.submit(one, event) for event in events]
        for number, _ in enumerate(as_completed(calls), start=1):
            report(number)
        return [call.result() for call in calls]
