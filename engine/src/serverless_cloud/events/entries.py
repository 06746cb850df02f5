"""The entries of PutEvents: which are taken, and the events that they become. No moto.

Rules and words: EventBridge API Reference, "PutEvents"; User Guide, "Calculating PutEvents event entry size".
"""

from __future__ import annotations

import math
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from serverless_cloud.core.constraints import violation_message
from serverless_cloud.core.jackson import loads
from serverless_cloud.core.json_types import JsonObject
from serverless_cloud.events.router import Event, iso

MOST_ENTRIES = 10
REQUEST_BYTES = 1_048_576  # 1 MB since January 2026, before that 256 KB


class InvalidRequest(ValueError):
    """The whole request is refused (ValidationException); the text is AWS's."""


@dataclass(frozen=True)
class Entry:
    """One entry: taken, with its event and its bus, or refused with AWS's error code and words.

    Args:
        place: the account and Region of a bus that is given by its ARN.
    """

    event: Event | None = None
    bus: str = "default"
    place: tuple[str, str] | None = None
    error: str = ""
    message: str = ""

    @property
    def result(self) -> dict[str, str]:
        """As PutEvents answers."""
        if self.event is None:
            return {"ErrorCode": self.error, "ErrorMessage": self.message}
        return {"EventId": self.event["id"]}


def read(entries: Sequence[JsonObject], account_id: str, region: str) -> list[Entry]:
    """The entries of one request.

    Raises:
        InvalidRequest: there are too many, they are too big together, or a Time is none.
    """
    if not 1 <= len(entries) <= MOST_ENTRIES:
        bound = f"less than or equal to {MOST_ENTRIES}" if entries else "greater than or equal to 1"
        raise InvalidRequest(
            violation_message("entries", f"Member must have length {bound}", "[PutEventsRequestEntry]")
        )
    if sum(_size(entry) for entry in entries) > REQUEST_BYTES:
        raise InvalidRequest("Total size of the entries in the request is over the limit.")
    now = iso(datetime.now(UTC))
    return [_read(entry, account_id, region, now) for entry in entries]


def _size(entry: JsonObject) -> int:
    """In bytes, as the User Guide counts."""
    texts = [entry.get(name) or "" for name in ("Source", "DetailType", "Detail")] + list(entry.get("Resources") or [])
    return sum(len(text.encode()) for text in texts) + (14 if entry.get("Time") is not None else 0)


def _read(entry: JsonObject, account_id: str, region: str, now: str) -> Entry:
    for name in ("Source", "DetailType", "Detail"):
        if not entry.get(name):
            message = f"Parameter {name} is not valid. Reason: {name} is a required argument."
            return Entry(error="InvalidArgument", message=message)
    if entry["Source"].startswith("aws."):
        return Entry(error="NotAuthorizedForSourceException", message="Not authorized for the source.")
    try:
        detail = loads(entry["Detail"], parse_float=_finite)
    except (ValueError, RecursionError):
        detail = None
    if not isinstance(detail, dict):
        return Entry(error="MalformedDetail", message="Detail is malformed.")
    try:
        moment = time_of(entry.get("Time")) or now
    except (ValueError, TypeError, OverflowError, OSError) as error:
        raise InvalidRequest(f"Parameter Time is not valid. Reason: {entry['Time']} is not a time.") from error
    event = {
        "version": "0",
        "id": str(uuid.uuid4()),
        "detail-type": entry["DetailType"],
        "source": entry["Source"],
        "account": account_id,
        "time": moment,
        "region": region,
        "resources": list(entry.get("Resources") or []),
        "detail": detail,
    }
    bus = entry.get("EventBusName")
    return Entry(event, bus_name(bus), _place(bus))


def _finite(text: str) -> float:
    if math.isinf(number := float(text)):  # 1e400 would be sent on as Infinity, which is not JSON
        raise ValueError(f"{text} is too large")
    return number


def time_of(value: str | float | None) -> str | None:
    """A time of the API (seconds since 1970, or ISO 8601) in the form of events."""
    if value is None:
        return None
    if isinstance(value, (int, float)):
        return iso(datetime.fromtimestamp(value, UTC))
    moment = datetime.fromisoformat(value)
    return iso(moment if moment.tzinfo else moment.replace(tzinfo=UTC))


def _place(bus: str | None) -> tuple[str, str] | None:
    parts = (bus or "").split(":")
    return (parts[4], parts[3]) if len(parts) == 6 else None


def bus_name(name: str | None) -> str:
    """The name of a bus that is given by name or by ARN; the default one if none is."""
    return name.rsplit("/", 1)[-1] if name else "default"
