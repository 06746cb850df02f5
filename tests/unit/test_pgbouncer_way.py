"""The way from PgBouncer to a database of root's cloud: when it cannot be opened, that is told, and why."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from pathlib import Path

import pytest

from serverless_first.shop import pgbouncer

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Unix sockets")

FAR = "lamps-" + "x" * 90


def test_a_path_that_is_too_long_is_told_with_a_way_out(tmp_path: Path) -> None:
    place = tmp_path / FAR
    place.mkdir()
    with pytest.raises(pgbouncer.NoPgBouncer, match=r"too long.*Set TMPDIR to a folder with a shorter path"):
        pgbouncer._passed_on("127.0.0.1", 5432, place)


def test_another_reason_is_handed_on() -> None:
    with pytest.raises(pgbouncer.NoPgBouncer, match=r"No such file") as raised:
        pgbouncer._passed_on("127.0.0.1", 5432, Path("/no-lamps"))
    assert "TMPDIR" not in str(raised.value)


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="as root its connections are passed on")
def test_who_asked_for_pgbouncer_hears_it(monkeypatch: pytest.MonkeyPatch) -> None:
    far = Path(tempfile.mkdtemp(prefix=FAR))  # not pytest's folder, which nobody may enter
    far.chmod(0o755)
    monkeypatch.setenv("TMPDIR", str(far))
    monkeypatch.setattr(pgbouncer, "program", lambda: sys.executable)
    try:
        with (
            pytest.raises(pgbouncer.NoPgBouncer, match="Set TMPDIR to a folder with a shorter path"),
            pgbouncer.running("127.0.0.1", 1, {}, pool_size=1),
        ):
            pass
        assert list(far.iterdir()) == []
    finally:
        shutil.rmtree(far)


@pytest.mark.parametrize(
    ("program", "said"),
    [
        (None, "not installed"),
        pytest.param(sys.executable, "does not listen", marks=pytest.mark.thorough),
    ],
)
def test_where_there_is_none_it_says_so(program: str | None, said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pgbouncer, "program", lambda: program)
    with pytest.raises(pgbouncer.NoPgBouncer, match=said), pgbouncer.running("127.0.0.1", 1, {}, pool_size=1):
        pass
