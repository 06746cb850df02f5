"""course.toml and the places of the course."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from serverless_first import course
from serverless_first.course import places

ROOT = Path(__file__).resolve().parents[2]


def test_each_of_the_deck_s_slides_belongs_to_exactly_one_module() -> None:
    loaded = course.load()
    claimed = [slide for module in loaded.modules for slide in module.deck_slides]
    assert sorted(claimed) == list(range(1, loaded.deck_slide_count + 1))


def test_task_ids_begin_with_the_number_of_their_module() -> None:
    for module in course.load().modules:
        for task in module.tasks:
            assert task.id.startswith(f"{int(module.number)}.")


def test_a_labs_headings_name_the_tasks_that_are_optional() -> None:
    loaded = course.load()
    optional = {task.id for module in loaded.modules for task in module.tasks if task.optional}
    labs = [(ROOT / "modules" / module.id / "lab.md").read_text(encoding="utf-8") for module in loaded.modules]
    named = re.findall(r"^## Task ([\d.]+): .+ minutes, optional\)$", "\n".join(labs), re.MULTILINE)
    assert sorted(named) == sorted(optional)
    assert "\n".join(labs).count(", optional)\n") == len(optional)


def test_the_core_path_takes_at_most_seventeen_hours() -> None:
    loaded = course.load()
    assert loaded.core_minutes <= 17 * 60
    assert loaded.core_minutes < loaded.all_minutes


def test_a_lessons_core_takes_at_most_45_minutes() -> None:
    assert [module.id for module in course.load().modules if module.lesson_minutes > 45] == []


def test_modules_stand_in_the_order_of_their_numbers() -> None:
    numbers = [module.number for module in course.load().modules]
    assert numbers == [f"{n:02}" for n in range(len(numbers))]


@pytest.mark.parametrize("name", ["00-start-here", "00", "0"])
def test_a_module_is_found_by_its_id_and_by_its_number(name: str) -> None:
    assert course.load().module(name).id == "00-start-here"


def test_an_unknown_module_is_named_with_those_there_are() -> None:
    with pytest.raises(course.UnknownModule, match=r"no module '99'.*00-start-here.*12-capstone"):
        course.load().module("99")


def test_a_module_is_ready_when_its_room_exists(tmp_path: Path) -> None:
    (tmp_path / "course.toml").write_text(
        (places.course_root() / "course.toml").read_text(encoding="utf-8"), encoding="utf-8"
    )
    (tmp_path / "modules" / "03-inside-lambda").mkdir(parents=True)
    assert [module.id for module in course.load(tmp_path).ready_modules] == ["03-inside-lambda"]


def test_the_course_is_found_from_a_folder_inside_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SERVERLESS_FIRST_ROOT", raising=False)
    monkeypatch.chdir(Path(__file__).parent)
    assert (places.course_root() / "course.toml").is_file()


def test_a_wrong_root_is_said_with_what_to_do(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("SERVERLESS_FIRST_ROOT", str(tmp_path))
    with pytest.raises(places.CourseNotFound, match="SERVERLESS_FIRST_ROOT"):
        places.course_root()


def test_the_work_folder_can_be_put_elsewhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("SERVERLESS_FIRST_WORK", str(tmp_path / "my work"))
    assert places.work_dir() == tmp_path / "my work"
    monkeypatch.delenv("SERVERLESS_FIRST_WORK")
    assert places.work_dir() == places.course_root() / "work"
