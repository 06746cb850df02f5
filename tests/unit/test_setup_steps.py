"""`make test`: one failing step does not hide the others, and the whole fails."""

from __future__ import annotations

from pathlib import Path

import pytest
from tools import run_tests

Steps = list[tuple[str, list[str]]]


def call(steps: Steps, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> tuple[int, str]:
    monkeypatch.setattr(run_tests, "steps", lambda _which, _arguments: steps)
    code = run_tests.main(["short"])
    return code, capfd.readouterr().out


def test_later_steps_run_after_a_failure_and_the_end_names_it(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    steps = [("style", ["-c", "raise SystemExit(3)"]), ("types", ["-c", "print('types looked at')"])]
    code, said = call(steps, monkeypatch, capfd)
    assert code == 1
    assert "types looked at" in said
    assert "FAILED style" in said
    assert "ok     types" in said


def test_all_steps_right_is_right(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
    code, said = call([("style", ["-c", "pass"])], monkeypatch, capfd)
    assert code == 0
    assert "FAILED" not in said


def test_a_step_does_not_see_the_learners_folder(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SERVERLESS_FIRST_WORK", "/precious")
    _, said = call([("work", ["-c", "import os; print(os.environ.get('SERVERLESS_FIRST_WORK'))"])], monkeypatch, capfd)
    assert "None" in said
    assert "/precious" not in said


def test_pytest_runs_over_tests_notebooks_and_solutions_in_one_call() -> None:
    (arguments,) = [command for name, command in run_tests.steps("short", []) if name == "tests"]
    assert "--nbval" in arguments
    folders = [word for word in arguments if (Path(run_tests.ROOT) / word).is_dir()]
    assert folders[:1] == ["tests"]
    assert set(folders) <= set(run_tests.FOLDERS)


def test_words_behind_make_test_choose_the_tests() -> None:
    (arguments,) = [command for name, command in run_tests.steps("all", ["tests/unit"]) if name == "tests"]
    assert arguments[-1] == "tests/unit"
    assert "solutions" not in arguments


def test_a_set_that_does_not_exist_is_refused_with_those_that_do(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_tests.main(["al"]) == 2
    assert capsys.readouterr().err == "Unknown test set 'al'. Choose one of: short, all, changed.\n"
