"""Schedule expressions: rate(5 minutes), cron(0 10 * * ? *), at(2026-12-01T09:00:00). No moto, no I/O.

Rules: EventBridge User Guide, "Cron expressions reference" and "Rate expressions reference"; EventBridge Scheduler User
Guide, "Schedule types". No library does AWS's cron: W, the years and its Sunday = 1 are missing or wrong in those for
Unix, and those for AWS know no time zones.
"""

from __future__ import annotations

import calendar
import re
import zoneinfo
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Protocol


class InvalidExpression(ValueError):
    """Not a schedule expression, or no time zone; the text says what is wrong with it."""


class Schedule(Protocol):
    """When something happens."""

    def next_after(self, moment: datetime, start: datetime) -> datetime | None:
        """The first time strictly after a moment, in UTC; None if there is none any more.

        Args:
            moment: with a time zone.
            start: when the schedule begins; the intervals of a rate are counted from it.
        """


@dataclass(frozen=True)
class Rate:
    """Every so often. A day is 24 hours, whatever the clocks do."""

    every: timedelta

    def next_after(self, moment: datetime, start: datetime) -> datetime | None:
        """See `Schedule.next_after`; the first time is `start` itself."""
        if moment < start:
            return start.astimezone(UTC)
        try:
            return (start + ((moment - start) // self.every + 1) * self.every).astimezone(UTC)
        except OverflowError:  # after the year 9999
            return None


@dataclass(frozen=True)
class At:
    """Once."""

    when: datetime

    def next_after(self, moment: datetime, start: datetime) -> datetime | None:
        """See `Schedule.next_after`."""
        del start
        return self.when if self.when > moment else None


@dataclass(frozen=True)
class Cron:
    """At times of the wall clock. One that a change to summer time skips is skipped, one that comes twice counts once.

    Args:
        minutes, hours, months, years: the times when it may happen.
        is_day: whether it may happen on a day.
    """

    minutes: tuple[int, ...]
    hours: tuple[int, ...]
    months: tuple[int, ...]
    years: tuple[int, ...]
    is_day: Callable[[date], bool]
    zone: tzinfo

    def next_after(self, moment: datetime, start: datetime) -> datetime | None:
        """See `Schedule.next_after`."""
        del start
        for day in self._days(moment.astimezone(self.zone).date()):
            for hour in self.hours:
                for minute in self.minutes:
                    wall = datetime.combine(day, time(hour, minute), self.zone)
                    due = wall.astimezone(UTC)
                    if due > moment and due.astimezone(self.zone).replace(tzinfo=None) == wall.replace(tzinfo=None):
                        return due
        return None

    def _days(self, first: date) -> Iterator[date]:
        for year in self.years:
            for month in self.months:
                if (year, month) < (first.year, first.month):
                    continue
                for number in range(1, calendar.monthrange(year, month)[1] + 1):
                    day = date(year, month, number)
                    if day >= first and self.is_day(day):
                        yield day


@dataclass(frozen=True)
class Within:
    """A schedule between two dates, those included: StartDate and EndDate of EventBridge Scheduler.

    Args:
        schedule: what is limited. The intervals of a rate are counted from `first`.
        first, last: with a time zone, or None.
    """

    schedule: Schedule
    first: datetime | None = None
    last: datetime | None = None

    def next_after(self, moment: datetime, start: datetime) -> datetime | None:
        """See `Schedule.next_after`."""
        begin = start if self.first is None else self.first
        if self.first is not None:
            moment = max(moment, self.first - datetime.resolution)
        due = self.schedule.next_after(moment, begin)
        return None if due is None or (self.last is not None and due > self.last) else due


_UNITS = {"minute": timedelta(minutes=1), "hour": timedelta(hours=1), "day": timedelta(days=1)}
_MONTHS = {name.upper(): number for number, name in enumerate(calendar.month_abbr) if name}
_DAYS = {name: number for number, name in enumerate(("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"), 1)}
_FIRST_YEAR, _LAST_YEAR = 1970, 2199


def parse_rule(text: str) -> Schedule:
    """The schedule of an EventBridge rule: a rate, or cron in UTC.

    Raises:
        InvalidExpression: it is neither.
    """
    if text.startswith("rate("):
        return _rate(text, exact=True)
    return _cron(text, UTC)


def parse_schedule(text: str, zone_name: str = "UTC") -> Schedule:
    """The schedule of EventBridge Scheduler: a rate, or cron or one time in a time zone.

    Args:
        zone_name: a name of the IANA time zone database, "Asia/Tokyo".

    Raises:
        InvalidExpression: it is none of them, or there is no such time zone.
    """
    zone = time_zone(zone_name)
    if text.startswith("rate("):
        return _rate(text, exact=False)
    if text.startswith("at("):
        return _at(text, zone)
    return _cron(text, zone)


def time_zone(name: str) -> tzinfo:
    """A time zone of the IANA database.

    Raises:
        InvalidExpression: there is none of this name.
    """
    if name == "UTC":
        return UTC
    try:
        return zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError) as error:
        if not zoneinfo.available_timezones():  # Windows doesn't have its own time zone database
            raise InvalidExpression(
                f"Python can't find {name} or any other time zone on this machine. Install the package tzdata."
            ) from error
        raise InvalidExpression(f"There is no time zone {name}. Use a name such as Asia/Tokyo or UTC.") from error


def _rate(text: str, *, exact: bool) -> Rate:
    """Rules insist on "1 minute" and "2 minutes"; Scheduler's guide names only the plurals."""
    match = re.fullmatch(r"rate\((\d{1,9}) (minute|hour|day)(s?)\)", text)
    if match is None:
        raise InvalidExpression(f"{text} is not a rate. Write it like rate(5 minutes), rate(1 hour) or rate(2 days).")
    count, unit, plural = int(match[1]), match[2], match[3]
    if count == 0 or (exact and (count == 1) == bool(plural)):
        raise InvalidExpression(
            f"{text}: the number must be at least 1, and the unit must match it, as in 1 minute or 2 minutes."
        )
    try:
        return Rate(count * _UNITS[unit])
    except OverflowError as error:
        raise InvalidExpression(f"{text}: the time is too long.") from error


def _at(text: str, zone: tzinfo) -> At:
    match = re.fullmatch(r"at\((\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)\)", text)
    try:
        if match is None:
            raise ValueError("at(yyyy-mm-ddThh:mm:ss) doesn't take a time zone or a fraction")
        return At(datetime.fromisoformat(match[1]).replace(tzinfo=zone).astimezone(UTC))
    except (ValueError, OverflowError) as error:
        raise InvalidExpression(f"{text}: {error}.") from error


def _cron(text: str, zone: tzinfo) -> Cron:
    match = re.fullmatch(r"cron\((.*)\)", text)
    if match is None:
        raise InvalidExpression(f"{text} is neither rate(...) nor cron(...).")
    fields = match[1].upper().split(" ")
    if len(fields) != 6:
        raise InvalidExpression(f"{text}: cron must have 6 fields with one space between them, not {len(fields)}.")
    minutes, hours, day_of_month, month, day_of_week, year = fields
    if (day_of_month == "?") == (day_of_week == "?"):
        raise InvalidExpression(f"{text}: either day-of-month or day-of-week must be ?, but not both.")
    return Cron(
        _numbers(minutes, "minutes", 0, 59),
        _numbers(hours, "hours", 0, 23),
        _numbers(month, "month", 1, 12, _MONTHS),
        _numbers(year, "year", _FIRST_YEAR, _LAST_YEAR),
        _of_month(day_of_month) if day_of_week == "?" else _of_week(day_of_week),
        zone,
    )


def _numbers(field: str, name: str, least: int, most: int, names: dict[str, int] | None = None) -> tuple[int, ...]:
    """The numbers of a field of , - * / and values."""

    def number(text: str) -> int:
        value = (names or {}).get(text)
        if value is None:
            value = int(text) if re.fullmatch(r"\d{1,4}", text) else -1
        if not least <= value <= most:
            raise InvalidExpression(f"{name}: {text!r} is not allowed. Use {least} to {most}.")
        return value

    numbers: set[int] = set()
    for item in field.split(","):
        span, slash, step_text = item.partition("/")
        step = int(step_text) if re.fullmatch(r"\d{1,4}", step_text) else 0
        if slash and not 1 <= step <= most:
            raise InvalidExpression(f"{name}: the step of {item!r} must be 1 to {most}.")
        if span == "*":
            first, last = least, most
        elif "-" in span:
            first, last = (number(part) for part in span.split("-", 1))
        else:
            first = number(span)
            last = most if slash else first
        if last < first and name == "year":
            raise InvalidExpression(f"year: {item!r} ends before it begins.")
        run = range(first, last + 1) if first <= last else [*range(first, most + 1), *range(least, last + 1)]
        numbers.update(run[:: step or 1])
    return tuple(sorted(numbers))


def _of_month(field: str) -> Callable[[date], bool]:
    """L: the last day; L-3: three days before it; LW: the last weekday; 15W: the weekday nearest to the 15th."""
    if match := re.fullmatch(r"L(?:-(\d{1,2}))?", field):
        before = int(match[1] or 0)
        if before > 30:
            raise InvalidExpression(f"day-of-month: {field!r} goes back more than 30 days.")
        return lambda day: day.day == _last(day) - before
    if field == "LW":
        return lambda day: day == _nearest_weekday(day, _last(day))
    if match := re.fullmatch(r"(\d{1,2})W", field):
        (number,) = _numbers(match[1], "day-of-month", 1, 31)
        return lambda day: number <= _last(day) and day == _nearest_weekday(day, number)
    days = frozenset(_numbers(field, "day-of-month", 1, 31))
    return lambda day: day.day in days


def _last(day: date) -> int:
    return calendar.monthrange(day.year, day.month)[1]


def _nearest_weekday(month: date, number: int) -> date:
    """Monday to Friday, in the same month."""
    day = month.replace(day=number)
    if day.isoweekday() == 6:
        return day + timedelta(days=-1 if number > 1 else 2)
    if day.isoweekday() == 7:
        return day + timedelta(days=1 if number < _last(month) else -2)
    return day


def _of_week(field: str) -> Callable[[date], bool]:
    """1 is Sunday. L: Saturday; 6L: the last Friday of the month; 3#2: its second Tuesday."""
    if field == "L":
        return lambda day: _weekday(day) == 7
    if match := re.fullmatch(r"(\w+)L", field):
        (weekday,) = _numbers(match[1], "day-of-week", 1, 7, _DAYS)
        return lambda day: _weekday(day) == weekday and day.day + 7 > _last(day)
    if match := re.fullmatch(r"(\w+)#([1-5])", field):
        (weekday,) = _numbers(match[1], "day-of-week", 1, 7, _DAYS)
        return lambda day: _weekday(day) == weekday and (day.day + 6) // 7 == int(match[2])
    if "/" in field:
        raise InvalidExpression(f"day-of-week: {field!r} has a step. Name the days instead.")
    days = frozenset(_numbers(field, "day-of-week", 1, 7, _DAYS))
    return lambda day: _weekday(day) in days


def _weekday(day: date) -> int:
    return day.isoweekday() % 7 + 1
