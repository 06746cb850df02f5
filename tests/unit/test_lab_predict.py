"""Predictions: kept at once, shown again after the run, readable without widgets."""

from __future__ import annotations

from pathlib import Path

import pytest
import traitlets

from serverless_first.lab import Lab

pytest_plugins = ["lab_fixtures"]
pytestmark = pytest.mark.usefixtures("course_dir")

QUESTION = "Two calls in a row: the same <process>?"
CHOICES = ["yes", "no"]


def test_a_pick_is_saved_at_once_and_shown_when_the_cell_runs_again() -> None:
    Lab("05").predict("same", QUESTION, CHOICES).value = "no"
    again = Lab("05").predict("same", QUESTION, CHOICES)
    assert again.value == "no"
    assert "Your pick: no" in again.text()


def test_a_click_on_the_buttons_is_a_pick() -> None:
    widget = Lab("05").predict("same", QUESTION, CHOICES)
    widget.children[1].value = "yes"
    assert widget.value == "yes"
    assert "Your pick: yes" in widget.children[2].value
    assert Lab("05").predict("same", QUESTION, CHOICES).value == "yes"


def test_showing_the_question_saves_nothing(course_dir: Path) -> None:
    Lab("05").predict("same", QUESTION, CHOICES)
    assert not (course_dir / "work" / "progress.json").exists()


def test_without_widgets_the_question_and_its_choices_are_read_as_text() -> None:
    bundle = Lab("05").predict("same", QUESTION, CHOICES)._repr_mimebundle_()
    assert bundle["text/plain"] == f"{QUESTION}\n  1. yes\n  2. no\nYour pick: none yet"
    assert "application/vnd.jupyter.widget-view+json" in bundle


def test_the_question_is_escaped_in_the_widget() -> None:
    assert "&lt;process&gt;" in Lab("05").predict("same", QUESTION, CHOICES).children[0].value


def test_a_value_that_is_no_choice_is_refused_with_the_choices() -> None:
    widget = Lab("05").predict("same", QUESTION, CHOICES)
    with pytest.raises(traitlets.TraitError, match=r"'maybe' is not one of the choices: yes, no"):
        widget.value = "maybe"


def test_a_pick_that_is_no_longer_offered_is_forgotten() -> None:
    Lab("05").predict("same", QUESTION, CHOICES).value = "no"
    assert Lab("05").predict("same", QUESTION, ["always", "never"]).value is None


@pytest.mark.parametrize("choices", [["yes"], ["yes", "yes"], "yes", []])
def test_too_few_choices_are_refused(choices: list[str]) -> None:
    with pytest.raises(ValueError, match="at least two different choices"):
        Lab("05").predict("same", QUESTION, choices)


def test_after_the_run_the_pick_stands_beside_what_happened(capsys: pytest.CaptureFixture[str]) -> None:
    lab = Lab("05")
    lab.predict("same", QUESTION, CHOICES).value = "no"
    lab.predict("other", QUESTION, CHOICES).value = "yes"
    lab.predicted("same", answer="yes")
    missed = capsys.readouterr().out
    assert "You predicted: no\nWhat happened: yes\nNot as predicted" in missed
    assert "came true so far: 0 of 1" in missed
    lab.predicted("other", answer="yes")
    hit = capsys.readouterr().out
    assert "As you predicted." in hit
    assert "came true so far: 1 of 2" in hit
    lab.predicted("other", answer="yes")
    assert capsys.readouterr().out == hit


def test_without_a_pick_it_says_how_to_make_one(capsys: pytest.CaptureFixture[str]) -> None:
    Lab("05").predicted("same", answer="yes")
    assert "You made no prediction: scroll up, pick, then run on.\nWhat happened: yes" in capsys.readouterr().out


def test_an_outcome_that_was_no_choice_is_refused() -> None:
    lab = Lab("05")
    lab.predict("same", QUESTION, CHOICES)
    with pytest.raises(ValueError, match=r"'perhaps' is none of yes, no"):
        lab.predicted("same", answer="perhaps")
