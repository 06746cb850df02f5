"""API keys, usage plans and their quotas.

Source: API Gateway Developer Guide, "Usage plans and API keys for REST APIs in API Gateway": a method that requires a
key needs one of a plan that has the stage; the plan's throttle and quota count for each key.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from serverless_cloud.http.rest.exchange import Exchange
from serverless_cloud.http.rest.gateway_responses import GatewayError
from serverless_cloud.http.rest.model import ApiKey, Json, UsagePlan
from serverless_cloud.http.throttle import Limit

LONGEST_DAYS = 366
Rows = list[list[int]]


@dataclass(frozen=True)
class Client:
    """The caller behind an API key."""

    plan: UsagePlan
    key: ApiKey

    def limits(self, exchange: Exchange) -> list[Limit]:
        """The buckets of the plan for this key: the one of the method if it has one, else the plan's."""
        path = f"{exchange.resource.path}/{exchange.method_key}"
        own = self.plan.method_throttles.get(path)
        throttle, where = (own, path) if own else (self.plan.throttle, "")
        return limits(("plan", self.plan.id, self.key.id, where), throttle.get("rateLimit"), throttle.get("burstLimit"))


def limits(key: Hashable, rate: float | None, burst: float | None) -> list[Limit]:
    """The bucket for a rate per second and a burst; none if neither is set."""
    if rate is None and burst is None:
        return []
    steady = float("inf") if rate is None else float(rate)
    return [Limit(key, steady, float(steady if burst is None else burst))]


def identify(exchange: Exchange, value: str | None) -> Client:
    """The client that an API key belongs to.

    Args:
        value: the key, from the header x-api-key or the authorizer.

    Raises:
        GatewayError: 403, there is no such key in a plan of this stage, or it is not enabled.
    """
    for plan in exchange.stage.plans:
        for key in plan.keys:
            if value and key.value == value and key.enabled:
                return Client(plan, key)
    raise GatewayError("INVALID_API_KEY")


class Quotas:
    """The usage of each key.

    Args:
        clock: Unix time in seconds; a test's own.
    """

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._first: dict[tuple[str, str], datetime] = {}
        self._used: dict[tuple[str, str], dict[str, int]] = {}
        self._lock = threading.Lock()

    def count(self, client: Client) -> None:
        """Counts one request.

        Raises:
            GatewayError: 429, the quota of this period is used up.
        """
        today = datetime.fromtimestamp(self._clock(), UTC)
        start = period_start(str(client.plan.quota.get("period", "DAY")), today)
        key = (client.plan.id, client.key.id)
        with self._lock:
            days = self._used.setdefault(key, {})
            first = self._first.setdefault(key, start)
            quota = client.plan.quota
            if quota.get("limit") is not None:
                offset = int(quota.get("offset") or 0) if start == first else 0
                used = sum(count for day, count in days.items() if day >= f"{start:%Y-%m-%d}")
                if used >= int(quota["limit"]) - offset:
                    raise GatewayError("QUOTA_EXCEEDED")
            days[f"{today:%Y-%m-%d}"] = days.get(f"{today:%Y-%m-%d}", 0) + 1

    def usage(self, plan_id: str, quota: Json, key_ids: Iterable[str], start: str, end: str) -> dict[str, Rows]:
        """[used, remaining] of each day from `start` to `end` ("2026-11-25"), by key, as GetUsage answers.

        Args:
            quota: the plan's; without one nothing remains.
        """
        day = datetime.fromisoformat(start).replace(tzinfo=UTC)
        days: list[datetime] = []
        while day <= datetime.fromisoformat(end).replace(tzinfo=UTC) and len(days) < LONGEST_DAYS:
            days.append(day)
            day += timedelta(days=1)
        period, limit = str(quota.get("period", "DAY")), int(quota.get("limit") or 0)
        rows_by_key = {}
        with self._lock:
            for key_id in key_ids:
                used = self._used.get((plan_id, key_id))
                if used is None:
                    continue
                rows: Rows = []
                for date in days:
                    first = f"{period_start(period, date):%Y-%m-%d}"
                    spent = sum(count for name, count in used.items() if first <= name <= f"{date:%Y-%m-%d}")
                    rows.append([used.get(f"{date:%Y-%m-%d}", 0), max(0, limit - spent)])
                rows_by_key[key_id] = rows
        return rows_by_key

    def clear(self) -> None:
        """Forgets all."""
        with self._lock:
            self._first.clear()
            self._used.clear()


def period_start(period: str, now: datetime) -> datetime:
    """The beginning of the quota's period around `now`: the day, the week from Sunday, the month."""
    day = now.replace(hour=0, minute=0, second=0, microsecond=0)
    if period == "WEEK":
        return day - timedelta(days=(day.weekday() + 1) % 7)
    return day.replace(day=1) if period == "MONTH" else day
