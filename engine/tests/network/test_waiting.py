"""How AWS's own waits follow time_scale. The test sets the seconds, so nobody waits for them."""

from __future__ import annotations

import threading

import pytest

from serverless_cloud.network.waiting import wait


class Shown(threading.Event):
    """Lets the seconds pass at once, and counts them.

    Args:
        stop_s: it is set when so many seconds have passed.
    """

    def __init__(self, stop_s: float = float("inf")) -> None:
        super().__init__()
        self.passed_s, self._stop_s = 0.0, stop_s

    def wait(self, timeout: float | None = None) -> bool:
        assert timeout is not None
        assert timeout > 0
        self.passed_s += timeout
        assert self.passed_s < 1000, "it waits for ever"
        if self.passed_s >= self._stop_s:
            self.set()
        return self.is_set()


@pytest.mark.parametrize(
    ("wait_s", "scale", "passed_s"),
    [(90.0, 1.0, 90.0), (90.0, 60.0, 1.5), (90.0, 1000.0, 0.09), (3.0, 0.5, 6.0), (0.0, 60.0, 0.0)],
)
def test_a_wait_is_divided_by_time_scale(wait_s: float, scale: float, passed_s: float) -> None:
    shown = Shown()
    assert wait(shown, wait_s, lambda: scale) is False
    assert shown.passed_s == pytest.approx(passed_s, abs=1e-6)


@pytest.mark.parametrize(
    ("before", "after", "passed_s"), [(60.0, 1.0, 1 + 30.0), (10.0, 20.0, 1 + 80 / 20), (1.0, 60.0, 1 + 89 / 60)]
)
def test_a_new_scale_counts_for_what_is_left(before: float, after: float, passed_s: float) -> None:
    """Of AWS's 90 s, one second has gone here at the old scale."""
    shown = Shown()
    assert wait(shown, 90.0, lambda: before if shown.passed_s < 0.95 else after) is False
    assert shown.passed_s == pytest.approx(passed_s)


@pytest.mark.parametrize("scale", [1.0, 60.0])
def test_a_wait_ends_at_once_when_it_is_stopped(scale: float) -> None:
    shown = Shown(stop_s=1.0)
    assert wait(shown, 90.0, lambda: scale) is True
    assert shown.passed_s == pytest.approx(1.0, abs=0.11)


def test_what_was_stopped_before_is_stopped_though_there_is_nothing_to_wait_for() -> None:
    shown = Shown()
    shown.set()
    assert wait(shown, 0.0, lambda: 1.0) is True
    assert shown.passed_s == 0
