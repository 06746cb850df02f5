"""A learner who comes from an earlier version keeps everything: tried from a checkout of that version."""

from __future__ import annotations

import io
import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path
from typing import Any

import pytest

from serverless_first import course
from serverless_first.course import laid, moving, safe_files, workcopy
from serverless_first.lab import Lab, carry, progress
from serverless_first.lab.progress import ProgressFile, task_progress

ROOT = Path(__file__).resolve().parents[2]
EARLIER = "b3f44e1"
"""The last version that kept copies in notebooks/ and labs/."""
MODULES = ("00-start-here", "04-lambda-and-rdbms", "05-rds-proxy", "12-capstone")
WORKED = """
from serverless_first.course import workcopy
from serverless_first.lab import progress

workcopy.lay()
file = progress.ProgressFile()
file.update(progress.judged("00-start-here", "0.1", passed=True))
file.update(progress.predicted("00-start-here", "same-process", pick="yes", outcome="no"))
file.update(progress.judged("04-lambda-and-rdbms", "4.1", passed=False))
file.update(progress.hint_seen("04-lambda-and-rdbms", "4.1", 2))
"""


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The earlier version, with a work/ in which somebody has worked."""
    parts = ["src", "engine/src", "course.toml", *(f"notebooks/{name}.ipynb" for name in MODULES[:3])]
    parts += [f"labs/{name}.ipynb" for name in MODULES]
    made = subprocess.run(["git", "-C", str(ROOT), "archive", EARLIER, *parts], capture_output=True, check=False)
    if made.returncode:
        assert not os.environ.get("CI"), made.stderr  # the workflows fetch the history
        pytest.skip(f"this copy of the repository has no history back to {EARLIER}")
    root = tmp_path_factory.mktemp("earlier")
    with tarfile.open(fileobj=io.BytesIO(made.stdout)) as archive:
        archive.extractall(root, filter="data")
    environ = {**os.environ, "SERVERLESS_FIRST_ROOT": str(root), "SERVERLESS_FIRST_WORK": str(root / "work")}
    environ["PYTHONPATH"] = os.pathsep.join([str(root / "src"), str(root / "engine" / "src")])
    subprocess.run([sys.executable, "-c", WORKED], env=environ, cwd=root, check=True)
    _work_in(root / "work")
    return root


def _work_in(work: Path) -> None:
    """Edits notebooks and leaves the files that their cells write."""
    edit(work / "labs/04-lambda-and-rdbms.ipynb", "my own answer to 4.1")
    edit(work / "notebooks/05-rds-proxy.ipynb", "my note on pinning")
    shutil.copy(work / "labs/05-rds-proxy.ipynb", work / "labs/05-rds-proxy-Copy1.ipynb")
    edit(work / "labs/05-rds-proxy-Copy1.ipynb", "my experiment")
    for name, text in {
        "notebooks/gift_wrap.py": "def handler(event, context): return 'lesson 00'\n",
        "notebooks/orders.py": "# of lesson 04 or 05\n",
        "labs/orders.py": "# my handler\n",
        "labs/hikari-shop/functions/worker.py": "# my worker\n",
        "labs/my-notes.txt": "seats: 20\n",
        "labs/__pycache__/orders.cpython-313.pyc": "",
        "labs/.ipynb_checkpoints/04-lambda-and-rdbms-checkpoint.ipynb": "{}",
        "saved/04-lambda-and-rdbms.lab.2026-11-20-1.ipynb": "{}",
        "catch-up-05.ipynb": '{"cells": [{"source": "[lab](labs/05-rds-proxy.ipynb)"}]}',
    }.items():
        (work / name).parent.mkdir(parents=True, exist_ok=True)
        (work / name).write_text(text, encoding="utf-8")


@pytest.fixture
def here(checkout: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The learner's folder, in a checkout that has been brought up to date: four modules of today's course."""
    root = tmp_path / "my 灯 course"
    shutil.copytree(checkout / "work", root / "work")
    for folder in ("notebooks", "labs"):
        (root / folder).mkdir()
        for name in MODULES:
            if (built := ROOT / folder / f"{name}.ipynb").is_file():
                shutil.copy(built, root / folder)
    shutil.copy(ROOT / "course.toml", root)
    for module in course.load(ROOT).ready_modules:
        (root / "modules" / module.id).mkdir(parents=True)
    monkeypatch.setenv("SERVERLESS_FIRST_ROOT", str(root))
    monkeypatch.setenv("SERVERLESS_FIRST_WORK", str(root / "work"))
    return root / "work"


def edit(notebook: Path, note: str) -> None:
    book = json.loads(notebook.read_text(encoding="utf-8"))
    book["cells"].append({"cell_type": "markdown", "id": "mine", "metadata": {}, "source": [note]})
    notebook.write_text(json.dumps(book, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def lay() -> list[str]:
    lines: list[str] = []
    workcopy.lay(lines.append)
    carry.progress_along()
    return lines


def files(work: Path) -> dict[str, bytes]:
    return {
        path.relative_to(work).as_posix(): path.read_bytes()
        for path in sorted(work.rglob("*"))
        if path.is_file() and path.suffix != ".lock"
    }


def text(path: Path) -> str:
    return path.read_text(encoding="utf-8")


MINE = {
    "labs/04-lambda-and-rdbms.ipynb": ("04-lambda-and-rdbms/04-lab.ipynb", "my own answer to 4.1"),
    "notebooks/05-rds-proxy.ipynb": ("05-rds-proxy/05-lesson.ipynb", "my note on pinning"),
    "labs/05-rds-proxy-Copy1.ipynb": ("05-rds-proxy/05-lab-Copy1.ipynb", "my experiment"),
    "notebooks/gift_wrap.py": ("00-start-here/lesson-files/gift_wrap.py", "'lesson 00'"),
    "notebooks/orders.py": ("05-rds-proxy/lesson-files/orders.py", "# of lesson 04 or 05"),
    "labs/orders.py": ("04-lambda-and-rdbms/lab-files/orders.py", "# my handler"),
    "labs/hikari-shop/functions/worker.py": ("12-capstone/lab-files/hikari-shop/functions/worker.py", "# my worker"),
    "labs/my-notes.txt": ("labs/my-notes.txt", "seats: 20"),
    "labs/.ipynb_checkpoints/04-lambda-and-rdbms-checkpoint.ipynb": (
        "04-lambda-and-rdbms/.ipynb_checkpoints/04-lab-checkpoint.ipynb",
        "{}",
    ),
    "saved/04-lambda-and-rdbms.lab.2026-11-20-1.ipynb": ("saved/04-lambda-and-rdbms.lab.2026-11-20-1.ipynb", "{}"),
}


def test_what_a_learner_has_made_is_in_the_folder_of_its_module(here: Path) -> None:
    lines = lay()
    for old, (new, words) in MINE.items():
        assert words in text(here / new)
        assert old == new or not (here / old).exists()
    assert text(here / "04-lambda-and-rdbms/lesson-files/orders.py") == "# of lesson 04 or 05\n"  # who wrote it last?
    assert "](05-rds-proxy/05-lab.ipynb)" in text(here / "catch-up-05.ipynb")
    assert not (here / "notebooks").exists()
    assert [line for line in lines if line.startswith(("notebooks/", "labs/"))] == [
        "notebooks/: your files are now in the folders of their modules, with your changes",
        "labs/: your files are now in the folders of their modules, with your changes",
        "labs/: your own files stay there: my-notes.txt",
    ]


def test_links_between_the_notebooks_still_lead_somewhere(here: Path) -> None:
    lay()
    for notebook in here.glob("*/*.ipynb"):
        for link in re.findall(r"\]\(([^)#:]+\.ipynb)", text(notebook)):
            assert (notebook.parent / link).is_file(), f"{notebook.name}: {link}"


def test_progress_and_predictions_are_the_same(here: Path) -> None:
    before = json.loads(text(here / "progress.json"))
    lay()
    assert json.loads(text(here / "progress.json")) == before
    data = ProgressFile().read()
    assert task_progress(data, "00-start-here", "0.1").passed
    assert task_progress(data, "04-lambda-and-rdbms", "4.1").hints == 2
    assert progress.prediction(data, "00-start-here", "same-process") == {"pick": "yes", "outcome": "no"}


def test_a_copy_that_nobody_edited_is_the_courses_own_and_gets_updates(here: Path, tmp_path: Path) -> None:
    lay()
    with pytest.MonkeyPatch.context() as fresh:
        fresh.setenv("SERVERLESS_FIRST_WORK", str(tmp_path / "fresh"))
        workcopy.lay()
    for name in ("00-start-here/00-lesson.ipynb", "00-start-here/00-lab.ipynb", "05-rds-proxy/05-lab.ipynb"):
        assert text(here / name) == text(tmp_path / "fresh" / name)
    edit(here.parent / "labs/05-rds-proxy.ipynb", "A new task text.")
    assert "05-rds-proxy/05-lab.ipynb: updated" in lay()


def test_where_a_task_has_a_new_text_the_new_version_lies_beside_the_edited_one(here: Path) -> None:
    edit(here.parent / "labs/04-lambda-and-rdbms.ipynb", "A new task text.")
    lay()
    assert "my own answer to 4.1" in text(here / "04-lambda-and-rdbms/04-lab.ipynb")
    assert "A new task text." in text(here / "04-lambda-and-rdbms/04-lab.new-version.ipynb")


def test_a_second_time_changes_nothing(here: Path) -> None:
    lay()
    before = files(here)
    assert lay() == ["labs/: your own files stay there: my-notes.txt"]
    assert files(here) == before


def test_what_is_in_the_new_place_already_stays(here: Path) -> None:
    for name in ("04-lambda-and-rdbms/04-lab.ipynb", "04-lambda-and-rdbms/lab-files/orders.py"):
        (here / name).parent.mkdir(parents=True, exist_ok=True)
        (here / name).write_text("made in the new place", encoding="utf-8")
    lines = lay()
    assert text(here / "04-lambda-and-rdbms/04-lab.ipynb") == "made in the new place"
    assert text(here / "04-lambda-and-rdbms/lab-files/orders.py") == "made in the new place"
    assert "my own answer to 4.1" in text(here / "labs/04-lambda-and-rdbms.ipynb")
    assert "# my handler" in text(here / "labs/orders.py")
    taken = "labs/04-lambda-and-rdbms.ipynb: left where it is, because 04-lambda-and-rdbms/04-lab.ipynb already exists"
    assert taken in lines


@pytest.mark.parametrize("step", range(0, 18, 2))
def test_a_move_that_is_interrupted_anywhere_loses_nothing(
    here: Path, monkeypatch: pytest.MonkeyPatch, step: int
) -> None:
    class Crash(BaseException):
        """The machine stops."""

    calls = iter(range(1000))

    def before(call: Any) -> Any:
        def crashing(*arguments: Any, **named: Any) -> Any:
            if next(calls) == step:
                raise Crash
            return call(*arguments, **named)

        return crashing

    with monkeypatch.context() as patched:
        patched.setattr(Path, "rename", before(Path.rename))
        patched.setattr(Path, "unlink", before(Path.unlink))
        patched.setattr(moving, "write", before(safe_files.write))
        with pytest.raises(Crash):
            lay()
    lay()
    for new, words in MINE.values():
        assert words in text(here / new)


def test_links_out_of_the_folder_are_not_followed(here: Path, tmp_path: Path) -> None:
    outside = tmp_path / "elsewhere"
    shutil.move(here / "labs", outside)
    try:
        (here / "labs").symlink_to(outside, target_is_directory=True)
    except OSError:
        pytest.skip("this system does not let us make links")
    before = files(outside)
    lay()
    assert files(outside) == before


@pytest.fixture
def renumbered(here: Path) -> Path:
    """The course after another change: module 04 has another id, and its task 4.1 too."""
    toml = text(here.parent / "course.toml")
    toml = toml.replace('id = "04-lambda-and-rdbms"', 'id = "04-seats"\nformerly = ["04-lambda-and-rdbms"]')
    toml = toml.replace('id = "4.1"', 'id = "4.7"\nformerly = ["4.1"]')
    (here.parent / "course.toml").write_text(toml, encoding="utf-8")
    (here.parent / "modules/04-lambda-and-rdbms").rename(here.parent / "modules/04-seats")
    for folder in ("notebooks", "labs"):
        (here.parent / folder / "04-lambda-and-rdbms.ipynb").rename(here.parent / folder / "04-seats.ipynb")
    return here


def test_a_module_and_a_task_with_a_new_id_keep_notebooks_files_and_progress(renumbered: Path) -> None:
    lay()
    assert "my own answer to 4.1" in text(renumbered / "04-seats/04-lab.ipynb")
    assert text(renumbered / "04-seats/lab-files/orders.py") == "# my handler\n"
    assert task_progress(ProgressFile().read(), "04-seats", "4.7").hints == 2
    assert not list(renumbered.glob("04-lambda*"))
    assert set(json.loads(text(renumbered / laid.MANIFEST))["files"]) == {
        *(f"notebooks/{name}.ipynb" for name in ("00-start-here", "04-seats", "05-rds-proxy")),
        *(f"labs/{name}.ipynb" for name in ("00-start-here", "04-seats", "05-rds-proxy", "12-capstone")),
    }


def test_a_folder_of_today_follows_a_new_id_as_well(here: Path, request: pytest.FixtureRequest) -> None:
    lay()
    request.getfixturevalue("renumbered")
    lay()
    assert "my own answer to 4.1" in text(here / "04-seats/04-lab.ipynb")
    assert text(here / "04-seats/lab-files/orders.py") == "# my handler\n"
    assert (here / "04-seats/.ipynb_checkpoints/04-lab-checkpoint.ipynb").is_file()
    assert not (here / "04-lambda-and-rdbms").exists()


@pytest.mark.usefixtures("renumbered")
def test_an_edited_lab_may_go_on_with_the_id_that_a_task_had(capsys: pytest.CaptureFixture[str]) -> None:
    lay()
    Lab("04-lambda-and-rdbms").solution("4.1")
    assert "You can see the solution to 4.7 after you pass" in capsys.readouterr().out
