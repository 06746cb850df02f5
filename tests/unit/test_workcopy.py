"""Laying, updating and resetting the learner's copies: nothing of theirs is lost."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from serverless_first.course import laid
from serverless_first.course.workcopy import CannotReset, lay, reset

LESSON, LAB = "notebooks/00-lamps.ipynb", "labs/00-lamps.ipynb"
MY_LESSON, MY_LAB = "00-lamps/00-lesson.ipynb", "00-lamps/00-lab.ipynb"
COURSE = """
title = "Lamps"
deck = "Lamps"
deck_slide_count = 1
[[module]]
id = "00-lamps"
title = "Lamps"
summary = "Lamps."
deck_slides = [1]
lesson_minutes = 1
lab_minutes = 1
[[module]]
id = "01-planned"
title = "Planned"
summary = "Planned."
deck_slides = []
lesson_minutes = 1
lab_minutes = 1
"""


def notebook(*sources: str, outputs: bool = False, tag: str = "") -> str:
    cells = [
        {
            "cell_type": "code",
            "id": f"c{n}",
            "source": source.splitlines(keepends=True),
            "metadata": {"tags": [tag]} if tag else {},
            "execution_count": 1 if outputs else None,
            "outputs": [{"output_type": "stream", "name": "stdout", "text": "lit\n"}] if outputs else [],
        }
        for n, source in enumerate(sources)
    ]
    content = {"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    return json.dumps(content, indent=1) + "\n"


class Checkout:
    """A course of one module, and a learner's folder beside it."""

    def __init__(self, root: Path) -> None:
        self.root, self.work = root, root / "work"
        (root / "course.toml").write_text(COURSE, encoding="utf-8")
        self.publish(LESSON, notebook("lesson 1"))
        self.publish(LAB, notebook("lab 1"))

    def publish(self, name: str, text: str) -> None:
        (self.root / name).parent.mkdir(exist_ok=True)
        (self.root / name).write_text(text, encoding="utf-8", newline="\n")

    def write(self, name: str, text: str) -> None:
        (self.work / name).write_text(text, encoding="utf-8", newline="\n")

    def read(self, name: str) -> str:
        return (self.work / name).read_text(encoding="utf-8")

    def lay(self) -> list[str]:
        lines: list[str] = []
        lay(lines.append)
        return lines

    def files(self) -> list[str]:
        found = (p.relative_to(self.work).as_posix() for p in self.work.rglob("*") if p.is_file())
        return sorted(name for name in found if name != laid.MANIFEST)


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Checkout:
    root = tmp_path / "コース one"
    root.mkdir()
    monkeypatch.setenv("SERVERLESS_FIRST_ROOT", str(root))
    monkeypatch.setenv("SERVERLESS_FIRST_WORK", str(root / "work"))
    monkeypatch.chdir(tmp_path)
    return Checkout(root)


def test_lessons_and_labs_are_laid_without_a_word(here: Checkout) -> None:
    assert here.lay() == []
    assert here.files() == [MY_LAB, MY_LESSON]
    assert here.read(MY_LAB) == notebook("lab 1")


def test_a_copy_has_no_outputs_they_give_the_predictions_away(here: Checkout) -> None:
    here.publish(LESSON, notebook("lesson 1", outputs=True))
    here.lay()
    assert here.read(MY_LESSON) == notebook("lesson 1")
    assert reset("00") == []


def test_other_outputs_alone_are_no_new_version(here: Checkout) -> None:
    here.lay()
    here.write(MY_LESSON, notebook("lesson 1", outputs=True))
    here.publish(LESSON, notebook("lesson 1", outputs=True).replace("lit", "dark"))
    assert here.lay() == []
    assert here.read(MY_LESSON) == notebook("lesson 1", outputs=True)


def test_a_second_time_changes_nothing(here: Checkout) -> None:
    here.lay()
    here.write(MY_LESSON, notebook("lesson 1", outputs=True))
    assert here.lay() == []
    assert here.read(MY_LESSON) == notebook("lesson 1", outputs=True)


def test_an_untouched_copy_is_updated(here: Checkout) -> None:
    here.lay()
    here.publish(LESSON, notebook("lesson 2"))
    assert here.lay() == [f"{MY_LESSON}: updated"]
    assert here.read(MY_LESSON) == notebook("lesson 2")


def test_a_copy_that_was_only_run_is_updated(here: Checkout) -> None:
    here.lay()
    here.write(MY_LESSON, notebook("lesson 1", outputs=True))
    here.publish(LESSON, notebook("lesson 2"))
    here.lay()
    assert here.read(MY_LESSON) == notebook("lesson 2")


def test_a_new_tag_alone_reaches_an_untouched_copy(here: Checkout) -> None:
    here.lay()
    here.publish(LAB, notebook("lab 1", tag="check-0.1"))
    here.lay()
    assert here.read(MY_LAB) == notebook("lab 1", tag="check-0.1")


@pytest.mark.parametrize(
    "mine",
    [
        notebook("lab 1 and my answer"),
        notebook("lab 1", "my own cell"),
        notebook(),
        "{ half a notebo",
        "",
        "[" * 100_000,
        json.dumps({"cells": 3}),
    ],
    ids=["changed", "added", "emptied", "broken", "blank", "deep", "odd"],
)
def test_a_changed_copy_stays_and_the_new_version_lies_beside_it(here: Checkout, mine: str) -> None:
    here.lay()
    here.write(MY_LAB, mine)
    here.publish(LAB, notebook("lab 2"))
    lines = here.lay()
    assert len(lines) == 1
    assert "00-lab.new-version.ipynb" in lines[0]
    assert here.read(MY_LAB) == mine
    assert here.read("00-lamps/00-lab.new-version.ipynb") == notebook("lab 2")


def test_the_new_version_is_told_once_and_stays_away_once_deleted(here: Checkout) -> None:
    here.lay()
    here.write(MY_LAB, notebook("mine"))
    here.publish(LAB, notebook("lab 2"))
    here.lay()
    (here.work / "00-lamps/00-lab.new-version.ipynb").unlink()
    assert here.lay() == []
    assert here.files() == [MY_LAB, MY_LESSON]


def test_a_newer_version_replaces_the_one_beside(here: Checkout) -> None:
    here.lay()
    here.write(MY_LAB, notebook("mine"))
    for version in (2, 3):
        here.publish(LAB, notebook(f"lab {version}"))
        here.lay()
    assert here.read("00-lamps/00-lab.new-version.ipynb") == notebook("lab 3")
    assert len(here.files()) == 3


def test_a_new_version_that_the_learner_works_in_stays_too(here: Checkout) -> None:
    here.lay()
    here.write(MY_LAB, notebook("mine"))
    here.publish(LAB, notebook("lab 2"))
    here.lay()
    here.write("00-lamps/00-lab.new-version.ipynb", notebook("lab 2 and mine"))
    here.publish(LAB, notebook("lab 3"))
    here.lay()
    assert here.read("00-lamps/00-lab.new-version.ipynb") == notebook("lab 2 and mine")
    assert here.read("00-lamps/00-lab.new-version-2.ipynb") == notebook("lab 3")


def test_a_deleted_copy_is_laid_again(here: Checkout) -> None:
    here.lay()
    (here.work / MY_LAB).unlink()
    assert here.lay() == []
    assert here.read(MY_LAB) == notebook("lab 1")


def test_after_moving_to_the_new_version_by_hand_updates_go_on(here: Checkout) -> None:
    here.lay()
    here.write(MY_LAB, notebook("mine"))
    here.publish(LAB, notebook("lab 2"))
    here.lay()
    (here.work / "00-lamps/00-lab.new-version.ipynb").replace(here.work / MY_LAB)
    here.lay()
    here.publish(LAB, notebook("lab 3"))
    assert here.lay() == [f"{MY_LAB}: updated"]


@pytest.mark.parametrize("manifest", [None, "", "[]", '{"files": [1]}', '{"files": {"labs/00-lamps.ipynb": 1}}'])
def test_without_a_sound_manifest_every_copy_counts_as_changed(here: Checkout, manifest: str | None) -> None:
    here.lay()
    here.publish(LAB, notebook("lab 2"))
    (here.work / laid.MANIFEST).unlink()
    if manifest is not None:
        here.write(laid.MANIFEST, manifest)
    here.lay()
    assert here.read(MY_LAB) == notebook("lab 1")
    assert here.read("00-lamps/00-lab.new-version.ipynb") == notebook("lab 2")


def test_a_crash_while_writing_leaves_the_old_copy_whole(here: Checkout, monkeypatch: pytest.MonkeyPatch) -> None:
    here.lay()
    here.publish(LAB, notebook("lab 2"))

    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    lines = here.lay()
    assert any(line.startswith(f"{MY_LAB}: left as it is: No space left") for line in lines)
    assert here.read(MY_LAB) == notebook("lab 1")
    assert here.files() == [MY_LAB, MY_LESSON]


def linked(make: Callable[[], None]) -> None:
    try:
        make()
    except OSError:
        pytest.skip("this system does not let us make links")


def test_a_link_is_not_followed(here: Checkout, tmp_path: Path) -> None:
    here.lay()
    outside = tmp_path / "outside.ipynb"
    outside.write_text("precious", encoding="utf-8")
    (here.work / MY_LAB).unlink()
    linked(lambda: (here.work / MY_LAB).symlink_to(outside))
    here.publish(LAB, notebook("lab 2"))
    assert here.lay() == [f"{MY_LAB}: left as it is, because it is a link"]
    with pytest.raises(CannotReset, match="it is a link"):
        reset(MY_LAB)
    assert outside.read_text(encoding="utf-8") == "precious"


def test_a_folder_that_links_out_of_work_is_not_followed(here: Checkout, tmp_path: Path) -> None:
    here.lay()
    outside = tmp_path / "outside"
    outside.mkdir()
    shutil.rmtree(here.work / "00-lamps")
    linked(lambda: (here.work / "00-lamps").symlink_to(outside, target_is_directory=True))
    reason = "left as it is, because its folder is a link that leads out of work/"
    assert here.lay() == [f"{MY_LESSON}: {reason}", f"{MY_LAB}: {reason}"]
    assert list(outside.iterdir()) == []


def test_a_folder_in_the_place_of_a_copy_is_left(here: Checkout) -> None:
    (here.work / MY_LAB).mkdir(parents=True)
    assert here.lay() == [f"{MY_LAB}: left as it is, because it is not a file"]
    assert (here.work / MY_LESSON).is_file()


def test_reset_saves_then_lays_fresh(here: Checkout) -> None:
    here.lay()
    for mine in ("first try", "second try"):
        here.write(MY_LAB, notebook(mine))
        (done,) = reset("00")
        assert done.saved is not None
        assert done.saved.read_text(encoding="utf-8") == notebook(mine)
        assert here.read(MY_LAB) == notebook("lab 1")
    assert len(list((here.work / "saved").glob("00-lamps.lab.*.ipynb"))) == 2


def test_reset_saves_a_copy_that_was_only_run(here: Checkout) -> None:
    here.lay()
    here.write(MY_LESSON, notebook("lesson 1", outputs=True))
    (done,) = reset("00-lamps")
    assert done.saved is not None
    assert "lit" in done.saved.read_text(encoding="utf-8")


def test_reset_of_a_fresh_copy_does_nothing(here: Checkout) -> None:
    here.lay()
    assert reset("00") == []
    assert not (here.work / "saved").exists()


@pytest.mark.parametrize("target", [MY_LAB, "コース one/work/" + MY_LAB, "コース one/" + LAB])
def test_reset_of_one_file_leaves_the_others(here: Checkout, target: str) -> None:
    here.lay()
    here.write(MY_LESSON, notebook("mine"))
    here.write(MY_LAB, notebook("mine"))
    (done,) = reset(target)
    assert done.copy == here.work / MY_LAB
    assert here.read(MY_LESSON) == notebook("mine")


def test_after_a_reset_updates_go_on(here: Checkout) -> None:
    here.lay()
    here.write(MY_LAB, notebook("mine"))
    reset(MY_LAB)
    here.publish(LAB, notebook("lab 2"))
    assert here.lay() == [f"{MY_LAB}: updated"]


@pytest.mark.parametrize("target", ["7", "no-such", "../course.toml", "labs/../../00-lamps.ipynb", "", "/", "work"])
def test_an_unknown_target_is_told_what_there_is(here: Checkout, target: str) -> None:
    here.lay()
    with pytest.raises(CannotReset, match=r"neither a module nor a file of the course.*00-lamps"):
        reset(target)


@pytest.mark.usefixtures("here")
def test_a_planned_module_cannot_be_reset() -> None:
    with pytest.raises(CannotReset, match="01-planned is planned"):
        reset("01")


def test_reset_keeps_the_copy_when_it_cannot_be_saved(here: Checkout) -> None:
    here.lay()
    here.write(MY_LAB, notebook("mine"))
    (here.work / "saved").write_text("a file in the way", encoding="utf-8")
    with pytest.raises(CannotReset):
        reset(MY_LAB)
    assert here.read(MY_LAB) == notebook("mine")
