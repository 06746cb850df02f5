"""A learner's folder that cannot be written: what was saved is shown, the rest says what to do (docs/faults.md)."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from serverless_cloud.rds import binaries

ROOT = Path(__file__).resolve().parents[2]
posix = pytest.mark.skipif(sys.platform == "win32", reason="rights of folders as on Unix")
SAVED = {"version": 1, "last_module": "05-rds-proxy", "modules": {"05-rds-proxy": {"tasks": {"5.1": {"attempts": 7}}}}}


@pytest.fixture
def work() -> Iterator[Path]:
    """A learner's folder with some progress, which others may enter and nobody may write."""
    folder = Path(tempfile.mkdtemp(prefix="read-only-"))
    try:
        (folder / "progress.json").write_text(json.dumps(SAVED), encoding="utf-8")
        (folder / "progress.json").chmod(0o444)
        folder.chmod(0o555)
        yield folder
    finally:
        folder.chmod(0o755)
        shutil.rmtree(folder)


def as_a_stranger(work: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Runs Python as somebody who may not write there: as root as nobody, because root may always."""
    environ = {k: v for k, v in os.environ.items() if k not in ("HOME", "MPLCONFIGDIR")}
    environ |= {"SERVERLESS_FIRST_ROOT": str(ROOT), "SERVERLESS_FIRST_WORK": str(work), "PYTHONDONTWRITEBYTECODE": "1"}
    account = binaries.unprivileged_account()
    rights = account.popen_settings() if account else {}
    run = subprocess.run(
        [sys.executable, *arguments], env=environ, cwd=tempfile.gettempdir(),
        capture_output=True, encoding="utf-8", check=False, timeout=120, **rights,
    )  # fmt: skip
    if account and ("No module named" in run.stderr or "Permission denied: '/" in run.stderr):
        pytest.skip("nobody may not read this checkout")
    return run


@posix
def test_progress_is_shown_and_a_step_that_cannot_be_saved_says_what_to_do(work: Path) -> None:
    run = as_a_stranger(
        work, "-c", 'from serverless_first.lab import Lab; lab = Lab("05"); lab.progress(); lab.hint("5.1")'
    )
    assert run.returncode == 0, run.stderr
    assert "7 attempts" in run.stdout
    assert "could not be read" not in run.stdout
    assert "Your progress was not saved: Permission denied." in run.stdout
    assert "serverless-first doctor" in run.stdout
    assert "hint 1 of 3" in run.stdout


@posix
def test_lab_does_not_open_without_the_copies(work: Path) -> None:
    run = as_a_stranger(work, "-m", "serverless_first.cli", "lab", "--no-browser", "--port", "0")
    assert run.returncode == 1
    (line,) = run.stderr.splitlines()
    assert line.startswith(f"Error: {work}: Permission denied.")
    assert "SERVERLESS_FIRST_WORK" in line


@posix
def test_a_user_without_a_name_is_told_why_there_is_no_database(monkeypatch: pytest.MonkeyPatch) -> None:
    import pwd

    def nameless(_uid: int) -> None:
        raise KeyError

    monkeypatch.setattr(os, "geteuid", lambda: 54321)
    monkeypatch.setattr(pwd, "getpwuid", nameless)
    with pytest.raises(binaries.NoPostgres, match=r"user number 54321 has no name.*/etc/passwd"):
        binaries.unprivileged_account()
