"""Who does what: the matrix, its figure and its explorer."""

from __future__ import annotations

import io
from typing import Any, get_args

import pytest
from matplotlib.image import imread
from tests.unit.figure_reading import words

from serverless_first import explore, facts, figures
from serverless_first.explore.base import OWN
from serverless_first.shop import responsibility
from serverless_first.shop.responsibility import MOVES, NEW, ON_THE_SLIDE, TASKS, TODAY, YEARS


def test_every_task_has_an_owner_in_every_column_and_every_shared_one_says_who_does_what() -> None:
    assert len(TASKS) == 12
    assert set(TODAY) == {*ON_THE_SLIDE, *NEW}
    for task in TASKS:
        assert tuple(task.then) == ON_THE_SLIDE
        assert tuple(task.now) == TODAY
        for service in TODAY:
            said = responsibility.why(task.name, service, 2026)
            assert said.startswith(task.name[0].upper() + task.name[1:])
            assert (service in task.both) == ("both" in (task.now[service], task.then.get(service)))
    # Rightwards on the slide nothing comes back to you.
    for task in TASKS:
        ranks = [get_args(responsibility.Owner).index(task.then[service]) for service in ON_THE_SLIDE]
        assert ranks == sorted(ranks, reverse=True), task.name


def test_each_cell_that_differs_from_the_slide_is_a_move_and_each_move_of_awss_has_a_source() -> None:
    differs = {(t.name, s) for t in TASKS for s in ON_THE_SLIDE if t.then[s] != t.now[s]}
    assert differs == {(move.task, move.service) for move in MOVES}
    for move in MOVES:
        assert bool(move.since) == bool(move.fact_id)
        if move.fact_id:
            assert facts.get(move.fact_id).now.sources
            assert f"New since {move.since}" in responsibility.why(move.task, move.service, 2026)
            assert "New" not in responsibility.why(move.task, move.service, 2020)


def test_the_slides_lists_are_read_as_the_deck_map_reads_them() -> None:
    assert responsibility.of("Lambda", 2020, "you") == ["the code", "dependencies", "permissions", "data"]
    assert responsibility.of("EC2", 2020, "AWS") == ["buildings and hardware"]
    assert "place the work" in responsibility.of("ECS/EKS on EC2", 2020, "AWS")
    assert "fetch events, and try again" in responsibility.of("Fargate", 2020, "you")


def test_sources_are_named_and_what_is_not_there_is_refused_by_name() -> None:
    for year in YEARS:
        for service in responsibility.services(year):
            assert responsibility.source(service, year)
    with pytest.raises(
        ValueError, match=r"'Lambda MicroVMs' has no column in 2020\. The columns are EC2, ECS/EKS on EC2"
    ):
        responsibility.of("Lambda MicroVMs", 2020, "you")
    with pytest.raises(ValueError, match=r"There is no task 'sleep'\. The tasks are buildings and hardware, start"):
        responsibility.task("sleep")


def test_the_figure_has_a_word_in_each_cell_and_marks_what_is_new() -> None:
    figure = figures.responsibilities(title="Four of twelve")
    figure.draw_without_rendering()
    said = words(figure)
    assert figure.get_suptitle() == "Four of twelve"
    cells = [text.get_text() for axes in figure.axes for text in axes.texts]
    assert len(cells) == len(TASKS) * (len(ON_THE_SLIDE) + len(TODAY))
    assert cells.count("both ★") == len(MOVES)
    assert all(f"● {name.split()[0]}" in said for name in NEW)
    assert all(task.name in said for task in TASKS)
    alone = figures.responsibilities([2020], title="As on the slide")
    assert "★" not in words(alone)
    with pytest.raises(ValueError, match="2026; \\[1999\\] was asked for"):
        figures.responsibilities([1999], title="x")  # type: ignore[list-item]


def test_the_explorer_says_whose_a_task_is_and_where_that_stands() -> None:
    explorer = explore.ResponsibilityExplorer()
    assert explorer.result.owner == "both"
    assert explorer.result.counts == {"AWS": 6, "both": 2, "you": 4}
    assert "you move to the next one" in explorer.text()
    explorer.year.value = 2020
    owner: str | None = explorer.result.owner
    assert owner == "AWS"
    assert "slide 9 of the deck (31 January 2020)" in explorer.sentence
    assert explorer.preset.value == OWN
    before = explorer.picture.value
    explorer.service.value = "Lambda MicroVMs"
    assert explorer.result.owner is None
    assert explorer.sentence == "In 2020 there was no service called Lambda MicroVMs. It is from June 2026."
    assert explorer.picture.value != before


def test_each_preset_of_the_explorer_tells_another_story_and_the_first_is_where_it_begins() -> None:
    explorer = explore.ResponsibilityExplorer()
    at_first = explorer.text(), explorer.picture.value
    told = set()
    for name in [name for name in explorer.preset.options if name != OWN]:
        explorer.preset.value = name
        told.add(explorer.sentence)
        picture: Any = imread(io.BytesIO(explorer.picture.value))
        assert picture.shape[:2] == (460, 900)
    assert len(told) == len(explorer.preset.options) - 1 >= 4
    explorer.preset.value = explorer.preset.options[0]
    assert (explorer.text(), explorer.picture.value) == at_first
