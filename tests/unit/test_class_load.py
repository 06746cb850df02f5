"""tools/class_load.py claims what it has measured, and nothing when it measured nothing. No hub is started."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest
from tools.class_load import LOOP, Student, Watch, claims

from serverless_first.teach.classroom import groups, limits, plan

PLACE = plan.Place("127.0.0.1", 8000, 8001, "http://localhost:8000")
ACCOUNTS = ["student-01", "student-02", "student-03"]
WITHIN = "no seat held more than its limit"
ENDED = "the kernel ended no process of students in the lab"
WATCHED = "each seat was watched to the end"


def checked(
    tmp_path: Path,
    most_mb: dict[str, int],
    ended: Mapping[str, int | None] | None = None,
    *,
    to_the_end: bool = True,
    cpu_s: float = 30.0,
) -> dict[str, bool]:
    """The claims about two at the lab and one who loops; with control groups if `ended` is given."""
    made = groups.Groups({}, 2) if ended is not None else None
    the = plan.Plan(tmp_path, tmp_path, PLACE, (1, 2), limits.Limits(900, 1400), {}, made, 60)
    watch = Watch(the, ACCOUNTS)
    watch.most_mb, watch.to_the_end = most_mb, to_the_end
    watch._cpu_s = {account: {(1, 1.0): cpu_s} for account in ACCOUNTS}
    students = {account: Student(account, "code") for account in ACCOUNTS}
    students["student-03"].rounds = ["it still ran at the end"]
    workers = [students["student-01"], students["student-02"]]
    return claims(the, workers, students, {"student-03": LOOP}, watch, ended or {})


@pytest.fixture
def held() -> dict[str, int]:
    return {"student-01": 1200, "student-02": 1100, "student-03": 300}


def test_a_class_that_went_well_keeps_each_claim(tmp_path: Path, held: dict[str, int]) -> None:
    found = checked(tmp_path, held, dict.fromkeys(ACCOUNTS, 0))
    assert {WITHIN, ENDED, WATCHED} < set(found)
    assert all(found.values()), found


def test_what_was_not_kept_is_told(tmp_path: Path, held: dict[str, int]) -> None:
    assert not checked(tmp_path, held | {"student-03": 1401})[WITHIN]
    assert not checked(tmp_path, held, dict.fromkeys(ACCOUNTS, 0) | {"student-02": 1})[ENDED]
    assert checked(tmp_path, held, dict.fromkeys(ACCOUNTS, 0) | {"student-03": 4})[ENDED]  # not at the lab


def test_what_was_not_measured_is_not_claimed(tmp_path: Path, held: dict[str, int]) -> None:
    for found in (checked(tmp_path, held | {"student-02": 0}), checked(tmp_path, held, to_the_end=False)):
        assert (found[WITHIN], found[WATCHED]) == (False, False)
    assert not checked(tmp_path, held, dict.fromkeys(ACCOUNTS, 0) | {"student-01": None})[ENDED]
    assert not checked(tmp_path, held, {})[ENDED]
    assert ENDED not in checked(tmp_path, held)  # nobody counts without control groups
    (loop,) = [holds for claim, holds in checked(tmp_path, held, cpu_s=0.0).items() if claim.startswith("the loop")]
    assert not loop


def test_a_watch_that_fails_has_not_watched_to_the_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    the = plan.Plan(tmp_path, tmp_path, PLACE, (1, 2), limits.Limits(900, 1400), {}, None, 60)
    well = Watch(the, [])
    well.done.set()
    well.run()
    assert well.to_the_end
    failing = Watch(the, ACCOUNTS, every_s=0.001)
    monkeypatch.setattr(failing, "_memory_mb", lambda _: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        failing.run()
    assert not failing.to_the_end
