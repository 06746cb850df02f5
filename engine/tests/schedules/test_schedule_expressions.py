"""Schedule expressions: the cases that AWS documents, the ones that it refuses, time zones, and one property."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, strategies as st

from serverless_cloud.schedules.expressions import InvalidExpression, Schedule, Within, parse_rule, parse_schedule

START = datetime(2026, 11, 25, 9, 30, tzinfo=UTC)  # a Wednesday


def following(schedule: Schedule, count: int, start: datetime = START) -> list[str]:
    found, moment = [], start
    for _ in range(count):
        after = schedule.next_after(moment, start)
        if after is None:
            break
        moment = after
        found.append(f"{moment:%Y-%m-%dT%H:%M}")
    return found


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # the examples of the User Guide's "Cron expressions reference"
        ("cron(0 10 * * ? *)", ["2026-11-25T10:00", "2026-11-26T10:00"]),
        ("cron(15 12 * * ? *)", ["2026-11-25T12:15", "2026-11-26T12:15"]),
        ("cron(0 18 ? * MON-FRI *)", ["2026-11-25T18:00", "2026-11-26T18:00", "2026-11-27T18:00", "2026-11-30T18:00"]),
        ("cron(0 8 1 * ? *)", ["2026-12-01T08:00", "2027-01-01T08:00"]),
        ("cron(0/15 * * * ? *)", ["2026-11-25T09:45", "2026-11-25T10:00"]),
        ("cron(0/10 * ? * MON-FRI *)", ["2026-11-25T09:40"]),
        ("cron(0/5 8-17 ? * MON-FRI *)", ["2026-11-25T09:35"]),
        ("cron(0/30 20-23 ? * MON-FRI *)", ["2026-11-25T20:00", "2026-11-25T20:30"]),
        ("cron(1/10 * * * ? *)", ["2026-11-25T09:31", "2026-11-25T09:41"]),
        ("cron(15 10 ? * 6L 2019-2027)", ["2026-11-27T10:15", "2026-12-25T10:15", "2027-01-29T10:15"]),
        ("cron(0 2 ? * SAT#3 *)", ["2026-12-19T02:00", "2027-01-16T02:00"]),
        ("cron(0 9 ? * 3#2 *)", ["2026-12-08T09:00"]),  # 3 is Tuesday
        ("cron(0 9 ? * 1 *)", ["2026-11-29T09:00"]),  # 1 is Sunday
        ("cron(0 0 3W * ? *)", ["2026-12-03T00:00", "2027-01-04T00:00", "2027-02-03T00:00"]),
        ("cron(0 0 1W * ? *)", ["2026-12-01T00:00", "2027-01-01T00:00", "2027-02-01T00:00"]),
        ("cron(0 0 1W 5 ? *)", ["2027-05-03T00:00"]),  # a Saturday: not back into April
        ("cron(0 0 31W 1,5,10 ? 2027)", ["2027-01-29T00:00", "2027-05-31T00:00", "2027-10-29T00:00"]),
        ("cron(0 0 L * ? *)", ["2026-11-30T00:00", "2026-12-31T00:00", "2027-01-31T00:00", "2027-02-28T00:00"]),
        ("cron(0 0 LW 1-2 ? 2027)", ["2027-01-29T00:00", "2027-02-26T00:00"]),
        ("cron(0 0 L-2 2 ? 2028)", ["2028-02-27T00:00"]),
        ("cron(0 0 ? * L *)", ["2026-11-28T00:00"]),  # the last day of the week
        ("cron(0 0 1 JAN,JUL ? *)", ["2027-01-01T00:00", "2027-07-01T00:00"]),
        ("cron(0 22-1 ? * FRI-SUN *)", ["2026-11-27T00:00", "2026-11-27T01:00", "2026-11-27T22:00"]),
        ("cron(30-30 13-13 ? * 2,4,6 *)", ["2026-11-25T13:30", "2026-11-27T13:30"]),
        ("cron(0 0 29 2 ? *)", ["2028-02-29T00:00", "2032-02-29T00:00"]),
        ("cron(0 0 31 2 ? *)", []),
        ("cron(0 10 * * ? 2002-2005)", []),
        ("rate(5 minutes)", ["2026-11-25T09:35", "2026-11-25T09:40"]),
        ("rate(1 hour)", ["2026-11-25T10:30", "2026-11-25T11:30"]),
        ("rate(7 days)", ["2026-12-02T09:30"]),
        ("rate(9999999 days)", []),
    ],
)  # fmt: skip
def test_the_times_that_an_expression_means(text: str, expected: list[str]) -> None:
    assert following(parse_rule(text), max(1, len(expected))) == expected
    assert following(parse_schedule(text), max(1, len(expected))) == expected


@pytest.mark.parametrize(
    "text",
    [
        "", "5 minutes", "rate()", "rate(10)", "rate(foo minutes)", "rate(10 seconds)", "rate(10 years)",
        "rate(10 minutess)", "rate(0 minutes)", "rate(-10 minutes)", "rate( 10 minutes )", " rate(10 minutes)",
        "rate(10 MINUTES)", "rate(9999999999 days)", "cron()", "cron(INVALID)", "cron(0 1 * * * *)",
        "cron(0 1 ? * ? *)", "cron(7 20 * * NOT *)", "cron(0 dummy ? * MON-FRI *)", "cron(71 8 1 * ? *)",
        "cron(0 24 1 * ? *)",
        "cron(* * * * *)", "cron(*/60 * * * ? *)", "cron(*/0 * * * ? *)", "cron(0 0 0 * ? *)", "cron(0 0 ? * 0 *)",
        "cron(0 0 ? * 8 *)", "cron(0 0 ? * 3#6 *)", "cron(0 0 ? * 3#1,6#3 *)", "cron(0 0 ? * 1/2 *)",
        "cron(0 0 1 13 ? *)", "cron(0 0 1 * ? 1969)", "cron(0 0 1 * ? 2200)", "cron(0 0 1W,2W * ? *)",
        "cron(0 0 L-31 * ? *)", "cron(0, 9-18, ?, *, MON-FRI, *)", "cron(0  10 * * ? *)", "cron(, 10 * * ? *)",
        "cron(0 10 * * ? *) ", "cron(0 0 1 * ? 2030-2027)",
    ],
)  # fmt: skip
def test_what_both_services_refuse(text: str) -> None:
    for parse in (parse_rule, parse_schedule):
        with pytest.raises(InvalidExpression):
            parse(text)


def test_what_one_of_the_two_services_takes() -> None:
    for text in ("rate(1 minutes)", "rate(10 minute)", "rate(1 days)", "at(2027-01-01T00:00:00)"):
        parse_schedule(text)
        with pytest.raises(InvalidExpression):
            parse_rule(text)
    for text in ("at(2021-12-31)", "at(2021-12-31T23:59:59Z)", "at(2021-02-30T00:00:00)", "at(2021-12-31 23:59:59)"):
        with pytest.raises(InvalidExpression):
            parse_schedule(text)


def test_time_zones_and_their_changes() -> None:
    assert following(parse_schedule("at(2026-12-01T09:00:00)", "Asia/Tokyo"), 2) == ["2026-12-01T00:00"]
    assert following(parse_schedule("cron(0 9 * * ? *)", "Asia/Tokyo"), 1) == ["2026-11-26T00:00"]
    # New York, 2027: at 2:00 on 14 March the clock goes to 3:00; at 2:00 on 7 November it goes back to 1:00.
    daily = parse_schedule("cron(30 2 * * ? *)", "America/New_York")
    spring = datetime(2027, 3, 13, tzinfo=UTC)
    assert following(daily, 3, spring) == ["2027-03-13T07:30", "2027-03-15T06:30", "2027-03-16T06:30"]
    daily = parse_schedule("cron(30 1 * * ? *)", "America/New_York")
    autumn = datetime(2027, 11, 6, tzinfo=UTC)
    assert following(daily, 3, autumn) == ["2027-11-06T05:30", "2027-11-07T05:30", "2027-11-08T06:30"]
    for name in ("Nowhere/Land", "", "../etc/passwd", "Asia/Tokyo\0"):
        with pytest.raises(InvalidExpression, match="time zone"):
            parse_schedule("rate(1 hour)", name)


def test_dates_limit_a_schedule() -> None:
    first, last = START + timedelta(minutes=3), START + timedelta(minutes=12, seconds=30)
    rate = parse_schedule("rate(5 minutes)")
    assert following(Within(rate, first, last), 9) == ["2026-11-25T09:33", "2026-11-25T09:38"]
    assert following(Within(rate, None, last), 9) == ["2026-11-25T09:35", "2026-11-25T09:40"]
    cron = parse_schedule("cron(0/5 * * * ? *)")
    assert following(Within(cron, first, last), 9) == ["2026-11-25T09:35", "2026-11-25T09:40"]
    exactly = START + timedelta(minutes=5)
    assert following(Within(cron, exactly, exactly), 9) == ["2026-11-25T09:35"]


EXPRESSIONS = st.sampled_from([
    "rate(7 minutes)", "rate(3 days)", "at(2027-03-14T02:30:00)", "cron(*/7 * * * ? *)", "cron(30 1-3 * * ? *)",
    "cron(0 0 31W * ? *)", "cron(59 23 L * ? *)", "cron(0 12 ? * 2#5 *)", "cron(0 0 29 2 ? 2028-2040/4)",
])  # fmt: skip
MOMENTS = st.datetimes(datetime(2026, 1, 1), datetime(2031, 1, 1), timezones=st.just(UTC))
ZONES = st.sampled_from(["UTC", "America/New_York", "Australia/Lord_Howe", "Asia/Tokyo", "Africa/Casablanca"])


@given(EXPRESSIONS, ZONES, MOMENTS, MOMENTS)
def test_the_next_time_is_later_and_nothing_lies_between(
    text: str, zone: str, moment: datetime, start: datetime
) -> None:
    schedule = parse_schedule(text, zone)
    after = schedule.next_after(moment, start)
    if after is None:
        return
    assert after > moment
    assert after.tzinfo is UTC
    just_before = after - timedelta(microseconds=1)
    assert schedule.next_after(just_before, start) == after
    between = moment + (after - moment) / 2
    if moment < between < after:
        assert schedule.next_after(between, start) == after
