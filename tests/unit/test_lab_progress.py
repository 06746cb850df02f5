"""progress.json: nothing of the learner is lost, whatever happens to the file."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from filelock import FileLock

from serverless_first.lab import progress
from serverless_first.lab.progress import ProgressFile, judged, predicted, task_progress

WRITER = """
import sys
from pathlib import Path
from serverless_first.lab.progress import ProgressFile, judged
file = ProgressFile(Path(sys.argv[1]))
for number in range(50):
    assert file.update(judged("05-lamps", f"{sys.argv[2]}.{number}", passed=True))
    assert file.update(judged("05-lamps", "shared", passed=False))
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "my 灯 work" / "progress.json"


def test_two_processes_with_fifty_writes_each_lose_nothing(path: Path) -> None:
    writers = [subprocess.Popen([sys.executable, "-c", WRITER, str(path), name]) for name in ("1", "2")]
    assert [writer.wait() for writer in writers] == [0, 0]
    tasks = json.loads(path.read_text(encoding="utf-8"))["modules"]["05-lamps"]["tasks"]
    assert set(tasks) == {f"{w}.{n}" for w in "12" for n in range(50)} | {"shared"}
    assert tasks["shared"]["attempts"] == 100


def test_a_crash_between_writing_and_replacing_loses_nothing(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ProgressFile(path).update(judged("m", "5.1", passed=True))
    before = path.read_bytes()

    def crash(*_args: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", crash)
        with pytest.raises(KeyboardInterrupt):
            ProgressFile(path).update(judged("m", "5.2", passed=True))
    assert path.read_bytes() == before
    file = ProgressFile(path)
    assert file.update(judged("m", "5.3", passed=True))
    assert task_progress(file.read(), "m", "5.1").passed
    assert task_progress(file.read(), "m", "5.3").passed
    assert sorted(p.name for p in path.parent.iterdir() if not p.name.endswith(".lock")) == ["progress.json"]


def test_a_process_killed_while_writing_leaves_the_old_file_whole(path: Path) -> None:
    ProgressFile(path).update(judged("m", "5.1", passed=True))
    killed = "import os; os.replace = lambda *a: os._exit(9)\n" + WRITER
    assert subprocess.run([sys.executable, "-c", killed, str(path), "1"], check=False).returncode == 9
    file = ProgressFile(path)
    assert file.update(judged("m", "5.2", passed=False))
    assert task_progress(file.read(), "m", "5.1").passed


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"\xff\xfe",
        b"[]",
        b'{"modules": {}}',
        b'{"version": 1, "modules": []}',
        b'{"version": 1, "modules": {"m": {"tasks": {"5.1": {"attempts": "two"}}}}}',
        b'{"version": 1, "modules": {"m": {"predictions": {"k": {"pick": 3}}}}}',
    ],
)
def test_an_unreadable_file_is_kept_aside_and_never_overwritten(
    path: Path, content: bytes, capsys: pytest.CaptureFixture[str]
) -> None:
    path.parent.mkdir(parents=True)
    path.with_name("progress.json.broken-1").write_bytes(b"an earlier one")
    path.write_bytes(content)
    assert ProgressFile(path).update(judged("m", "5.1", passed=True))
    assert path.with_name("progress.json.broken-1").read_bytes() == b"an earlier one"
    assert path.with_name("progress.json.broken-2").read_bytes() == content
    said = capsys.readouterr().out
    assert "kept as progress.json.broken-2" in said
    assert str(path.parent) not in said
    assert task_progress(ProgressFile(path).read(), "m", "5.1").passed


def test_a_file_of_a_newer_version_is_left_as_it_is(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path.parent.mkdir(parents=True)
    newer = b'{"version": 7, "modules": "in another shape"}'
    path.write_bytes(newer)
    file = ProgressFile(path)
    assert not file.update(judged("m", "5.1", passed=True))
    assert path.read_bytes() == newer
    assert "newer version of the course (format 7, and this version reads up to 1)" in capsys.readouterr().out
    assert task_progress(file.read(), "m", "5.1").passed  # for as long as this notebook runs


def test_unknown_fields_stay(path: Path) -> None:
    path.parent.mkdir(parents=True)
    path.write_text('{"version": 1, "x": 1, "modules": {"m": {"y": 2, "tasks": {"5.1": {"z": "灯"}}}}}', "utf-8")
    ProgressFile(path).update(judged("m", "5.1", passed=True))
    data = json.loads(path.read_text(encoding="utf-8"))
    assert (data["x"], data["modules"]["m"]["y"], data["modules"]["m"]["tasks"]["5.1"]["z"]) == (1, 2, "灯")


def test_what_could_not_be_saved_is_saved_with_the_next_change(
    path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(progress, "LOCK_TIMEOUT_S", 0.0)
    path.parent.mkdir(parents=True)
    file = ProgressFile(path)
    with FileLock(path.with_name(".progress.json.lock")):
        assert not file.update(judged("m", "5.1", passed=True))
    assert "another notebook has held progress.json" in capsys.readouterr().out
    assert file.update(judged("m", "5.2", passed=False))
    saved = ProgressFile(path).read()
    assert task_progress(saved, "m", "5.1").passed
    assert task_progress(saved, "m", "5.2").attempts == 1


def test_the_first_pass_keeps_its_date_and_later_failures_do_not_undo_it(path: Path) -> None:
    file = ProgressFile(path)
    file.update(judged("m", "5.1", passed=True))
    first = file.read()["modules"]["m"]["tasks"]["5.1"]["passed_at"]
    file.update(judged("m", "5.1", passed=False))
    entry = file.read()["modules"]["m"]["tasks"]["5.1"]
    assert (entry["passed_at"], entry["attempts"]) == (first, 2)


def test_the_module_touched_last_is_remembered(path: Path) -> None:
    file = ProgressFile(path)
    assert progress.last_module(file.read()) is None
    file.update(judged("05-lamps", "5.1", passed=True))
    file.update(predicted("06-later", "k", pick="yes"))
    assert progress.last_module(file.read()) == "06-later"


def test_a_folder_that_changes_does_not_move_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path)
    file = ProgressFile(Path("work") / "progress.json")
    monkeypatch.chdir(tmp_path / "elsewhere")
    file.update(judged("m", "5.1", passed=True))
    assert (tmp_path / "work" / "progress.json").is_file()
