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


def test_who_skips_is_told_what_happened_and_nothing_is_counted(
    course_dir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Lab("05").predicted("same", answer="yes")
    assert capsys.readouterr().out == "What happened: yes\n"
    assert not (course_dir / "work" / "progress.json").exists()


def test_that_a_prediction_can_be_skipped_is_said_once() -> None:
    lab = Lab("05")
    notes = [lab.predict(key, QUESTION, CHOICES).children[2].value for key in ("first", "second")]
    assert "If you skip a prediction, it isn&#x27;t counted." in notes[0]
    assert notes[1] == ""


def test_the_experiment_opens_with_a_pick_or_by_skipping() -> None:
    widget = Lab("05").predict("same", QUESTION, CHOICES)
    opens, skip = widget.children[3].children
    assert opens.disabled
    skip.click()
    assert widget.children[2].value == "Skipped. Now run the cells of the experiment below."
    widget.value = "yes"
    assert not opens.disabled
    assert skip.layout.display == "none"
    opens.click()
    assert widget.children[2].value == "Your pick: yes. Now run the cells of the experiment below."


MEANINGS: dict[str, object] = {
    "none": 0,
    "twenty or fewer": range(1, 21),
    "a few": [21, 22],
    "a text": lambda result: isinstance(result, str),
    "more": ...,
}


@pytest.mark.parametrize(
    ("result", "choice"), [(0, "none"), (20, "twenty or fewer"), (22, "a few"), ("x", "a text"), (99, "more")]
)
def test_the_result_of_the_experiment_finds_its_choice(
    result: object, choice: str, capsys: pytest.CaptureFixture[str]
) -> None:
    lab = Lab("05")
    lab.predict("failed", QUESTION, MEANINGS).value = "none"
    lab.predicted("failed", result)
    told = capsys.readouterr().out
    assert f"You predicted: none\nWhat happened: {choice}\n" in told


@pytest.mark.parametrize(
    ("choices", "message"),
    [
        ({"one": 1, "two": 2}, r"predicted\('n'\): 3 is not one of one, two"),
        ({"three": 3, "odd": lambda n: n % 2}, r"3 fits several choices: three; odd"),
    ],
)
def test_a_result_that_fits_no_choice_or_several_is_refused(choices: dict[str, object], message: str) -> None:
    lab = Lab("05")
    lab.predict("n", QUESTION, choices)
    with pytest.raises(ValueError, match=message):
        lab.predicted("n", 3)


def test_after_a_kernel_restart_the_result_waits_for_the_question(capsys: pytest.CaptureFixture[str]) -> None:
    Lab("05").predict("failed", QUESTION, MEANINGS).value = "none"
    Lab("05").predicted("failed", 0)
    assert capsys.readouterr().out == "Run the cell with the question again, then this one.\n"


def test_an_outcome_that_was_no_choice_is_refused() -> None:
    lab = Lab("05")
    lab.predict("same", QUESTION, CHOICES)
    with pytest.raises(ValueError, match=r"'perhaps' is not one of yes, no"):
        lab.predicted("same", answer="perhaps")
