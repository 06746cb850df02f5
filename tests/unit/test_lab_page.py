"""The JupyterLab that is opened for the browser's tests: it may say much, and it may end early."""

from __future__ import annotations

import subprocess
import sys
import threading

import pytest

from serverless_first.bench.lab_page import _address


def server(source: str) -> subprocess.Popen[str]:
    """A program in JupyterLab's place."""
    return subprocess.Popen(
        [sys.executable, "-S", "-c", source], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )


def test_what_it_says_after_its_address_does_not_stop_it() -> None:
    talks = server("print('at http://127.0.0.1:8888/lab', flush=True)\nfor _ in range(4000): print('a line ' * 10)")
    try:
        assert _address(talks)[0] == "http://127.0.0.1:8888"
        assert talks.wait(30) == 0
    finally:
        talks.kill()


def test_when_it_ends_early_its_words_are_told_and_nothing_waits() -> None:
    before = set(threading.enumerate())
    with server("print('no port is free')") as ends, pytest.raises(AssertionError, match="no port is free"):
        _address(ends)
    waiting = [each for each in set(threading.enumerate()) - before if isinstance(each, threading.Timer)]
    for each in waiting:
        each.join(5)  # it was told that it is not needed
    assert not any(each.is_alive() for each in waiting)
