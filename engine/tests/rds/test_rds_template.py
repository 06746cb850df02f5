"""A data folder is copied from the template where there is one; where that fails, nothing is left of the copy."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from serverless_cloud.rds import initdb
from serverless_cloud.rds.binaries import Binaries

BINARIES = Binaries(Path("/usr/lib/postgresql/18/bin"), "18.6")


@pytest.fixture
def made(tmp_path: Path) -> Path:
    data = tmp_path / "made"
    (data / "base").mkdir(parents=True)
    (data / "base" / "1").write_text("pages")
    data.chmod(0o700)
    return data


def test_a_copy_is_what_was_kept(made: Path, tmp_path: Path) -> None:
    kept = initdb.place(BINARIES, ["-E", "UTF8"], tmp_path / "venv")
    initdb.keep(made, kept)
    assert initdb.copied(kept, tmp_path / "data", None)
    assert (tmp_path / "data" / "base" / "1").read_text() == "pages"
    assert (tmp_path / "data").stat().st_mode == made.stat().st_mode
    assert [path.name for path in kept.parent.iterdir()] == [kept.name]


def test_what_is_kept_stays_as_it_is(made: Path, tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    initdb.keep(made, kept)
    (made / "base" / "1").write_text("other pages")
    initdb.keep(made, kept)
    assert initdb.copied(kept, tmp_path / "data", None)
    assert (tmp_path / "data" / "base" / "1").read_text() == "pages"


@pytest.mark.parametrize("broken", ["a file is gone", "a file is cut off", "all data are gone", "of an older course"])
def test_a_template_that_is_not_whole_any_more_is_made_anew(made: Path, tmp_path: Path, broken: str) -> None:
    kept = initdb.place(BINARIES, [], tmp_path / "venv")
    initdb.keep(made, kept)
    (page,) = kept.rglob("1")
    if broken == "a file is gone":
        page.unlink()
    elif broken == "a file is cut off":
        page.write_text("pa")
    elif broken == "all data are gone":
        shutil.rmtree(page.parents[1])
        page.parents[1].mkdir()
    else:
        shutil.rmtree(kept)
        shutil.copytree(made, kept)
    assert not initdb.copied(kept, tmp_path / "data", None)
    assert not (tmp_path / "data").exists()
    initdb.keep(made, kept)
    assert initdb.copied(kept, tmp_path / "data", None)


def test_what_a_killed_process_has_left_goes(made: Path, tmp_path: Path) -> None:
    kept = initdb.place(BINARIES, [], tmp_path / "venv")
    with subprocess.Popen([sys.executable, "-c", ""]) as gone:
        pass
    alive = os.getppid()
    for pid in (gone.pid, alive):
        (kept.with_name(f"{kept.name}.{pid}") / "base").mkdir(parents=True)
    kept.with_name(f"{kept.name}.old").mkdir()  # somebody's own
    initdb.keep(made, kept)
    assert {path.name for path in kept.parent.iterdir()} == {kept.name, f"{kept.name}.{alive}", f"{kept.name}.old"}


def test_other_programs_and_other_settings_have_a_template_of_their_own() -> None:
    other = [Binaries(BINARIES.bin, "18.7"), Binaries(Path("/opt/bin"), "18.6")]
    places = {initdb.place(b, ["-E", "UTF8"]) for b in [BINARIES, *other]} | {initdb.place(BINARIES, [])}
    assert len(places) == 4


def test_without_a_template_nothing_is_made(tmp_path: Path) -> None:
    assert not initdb.copied(tmp_path / "kept", tmp_path / "data", None)
    assert list(tmp_path.iterdir()) == []


def test_a_copy_that_fails_leaves_nothing(made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def half(source: Path, target: Path) -> None:
        target.mkdir()
        raise shutil.Error([(source, target, "Permission denied")])

    kept = tmp_path / "kept"
    initdb.keep(made, kept)
    monkeypatch.setattr(shutil, "copytree", half)
    assert not initdb.copied(kept, tmp_path / "data", None)
    initdb.keep(made, tmp_path / "second")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["kept", "made"]
    assert (kept / "data" / "base" / "1").read_text() == "pages"


def test_an_environment_that_nobody_may_write_to_is_no_error(made: Path, tmp_path: Path) -> None:
    file = tmp_path / "venv"
    file.touch()  # whoever we are: no folder can be made in a file
    initdb.keep(made, file / "kept")
    assert not initdb.copied(file / "kept", tmp_path / "data", None)
