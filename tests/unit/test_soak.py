"""tools/soak.py tells what is left behind from what a shop keeps."""

from __future__ import annotations

import subprocess
import sys
import time
from dataclasses import replace

import psutil
import pytest
from tools import soak
from tools.soak import Sample, growth_per_1000_orders, leaks, look

REST = Sample(10.0, 90.0, 500.0, 700.0, processes=36, threads=140, descriptors=640, orders=0)


def rounds(number: int, **each: float) -> list[Sample]:
    """Rounds at rest of 300 orders, with what each round adds."""
    return [
        replace(REST, orders=300 * i, **{name: round(getattr(REST, name) + i * by) for name, by in each.items()})
        for i in range(1, number + 1)
    ]


@pytest.mark.parametrize("what", ["descriptors", "threads", "processes", "server_mb"])
def test_what_grows_with_each_round_is_told(what: str) -> None:
    (told,) = leaks(rounds(12, **{what: getattr(REST, what) * 0.05}))
    assert told.startswith(f"{what}: ")


def test_what_rises_in_the_warm_up_and_stays_is_none() -> None:
    assert leaks([REST, *rounds(10)]) == []
    assert leaks(rounds(10, server_mb=12)) == []  # 12 MB for 300 orders: 40 KB for each
    warm = [replace(REST, processes=4), replace(REST, processes=20), *rounds(8)]
    assert leaks(warm) == []


def test_few_rounds_tell_nothing() -> None:
    with pytest.raises(ValueError, match="3 rounds tell nothing"):
        leaks(rounds(3))


def test_growth_is_told_for_a_thousand_orders() -> None:
    assert growth_per_1000_orders(rounds(5, server_mb=6), "server_mb") == pytest.approx(20)
    with pytest.raises(ValueError, match="two rounds"):
        growth_per_1000_orders([REST, REST], "server_mb")


@pytest.mark.skipif(not psutil.LINUX, reason="the tool runs on Linux alone")
def test_this_process_is_measured() -> None:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as child:
        seen = look(time.monotonic(), 5)
        child.kill()
    assert seen.orders == 5
    assert seen.processes >= 2
    assert seen.kernel_mb > 10
    assert seen.server_mb > 1
    assert seen.descriptors > 3


def ended(monkeypatch: pytest.MonkeyPatch, rests: list[Sample], failed: tuple[str, ...] = ()) -> int:
    """What the tool ends with after these rounds."""
    monkeypatch.setattr(psutil, "LINUX", True)
    monkeypatch.setattr(soak, "soak", lambda *_: (rests, rests, [*failed]))
    return soak.main(["--minutes", "1"])


@pytest.mark.parametrize("number", [0, 1, 3])
def test_too_few_rounds_are_no_success(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], number: int
) -> None:
    assert ended(monkeypatch, rounds(number)) == 2
    said = capsys.readouterr().out
    assert f"Too short to tell: {number} drills, at least 4 are needed." in said
    assert "Nothing is left behind" not in said
    assert ended(monkeypatch, rounds(number), ("seed 1: an order was lost",)) == 1
    assert "seed 1: an order was lost" in capsys.readouterr().out


def test_enough_rounds_end_well_unless_something_grew(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert ended(monkeypatch, rounds(4)) == 0
    assert "Nothing is left behind." in capsys.readouterr().out
    assert ended(monkeypatch, rounds(12, descriptors=32)) == 1
    assert "descriptors: " in capsys.readouterr().out


def test_on_another_system_it_says_that_it_is_for_linux(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(psutil, "LINUX", False)
    with pytest.raises(SystemExit):
        soak.main(["--minutes", "1"])
    assert "this runs only on Linux" in capsys.readouterr().err
