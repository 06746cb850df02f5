"""Every lab of every ready module: untouched it is not started, solved it passes, wrong it is rejected rightly.

A mistake is a file `modules/<id>/mistakes/<task>-<name>.py`, written as authoring/answers.py reads it. `#: expects:` is a regular
expression for the message of the check, `#: because:` the misconception. `make test` runs each task's quickest mistake
unless it takes 12 s, `make test-all` every mistake and every other right answer.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient
from traitlets.config import Config

from serverless_first import course
from serverless_first.authoring.answers import GAP, Answer, answers_in
from serverless_first.authoring.requirements import requirements
from serverless_first.authoring.trying import (
    CELL_TIMEOUT_S,
    Kernel,
    code_cells_for,
    errors_of,
    is_tagged,
    learner_environ,
    stands_alone,
)
from serverless_first.course import kernels
from serverless_first.course import Module, Task
from serverless_first.lab.checks import load_checks
from serverless_first.lab.quiz import load_quiz
from serverless_first.lab.runner import run_lab
from serverless_first.lab.texts import load_hints, solution_cells
from serverless_first.course.places import course_root, module_dir

MODULES = [m for m in course.load().ready_modules if m.tasks]
TASKS = [(m, t) for m in MODULES for t in m.tasks]
AUTHORS_ROOM = {"lesson.md", "lab.md", "slides.md", "hints.yml", "quiz.yml", "mistakes", "recording.html"}
CAPSTONES_ROOM = AUTHORS_ROOM | {"given", "records"}

each_module = pytest.mark.parametrize("module", MODULES, ids=lambda m: m.id)
each_task = pytest.mark.parametrize(("module", "task"), TASKS, ids=lambda x: x.id)


def mistakes_of(module: Module, task: Task) -> list[Answer]:
    """The mistakes on disk for a task, in the order of their names."""
    return answers_in(module_dir(module.id) / "mistakes", module, task)


MISTAKES = [m for module, task in TASKS for m in mistakes_of(module, task)]
# Right in another way than the solution; in the form of mistakes, and .txt, since cells with magics are no Python.
RIGHT = Path(__file__).parent / "right"
ALL_RIGHT = [a for module, task in TASKS for a in answers_in(RIGHT / module.id, module, task, ".txt")]


def read(folder: str, module: Module) -> Any:
    """The built notebook of a module."""
    path = course_root() / folder / f"{module.id}.ipynb"
    assert path.is_file(), f"{folder}/{module.id}.ipynb is missing: run make build"
    return nbformat.read(path, as_version=4)  # type: ignore[no-untyped-call]


@pytest.fixture(scope="module")
def kernel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kernel]:
    running = Kernel(tmp_path_factory.mktemp("mistakes"))
    yield running
    running.end()


def test_there_is_a_lab() -> None:
    assert MODULES


def test_the_labs_that_promise_it_can_be_started_with_any_task() -> None:
    """In other words, the promise would not be tested, and each mistake would run the cells of all tasks."""
    promise = {m.id[:2] for m in MODULES if stands_alone(read("solutions", m))}
    assert promise == {"01", "02", "03", "04", "05", "06", "07", "08", "09", "10"}


@each_module
def test_every_task_has_a_check_three_hints_a_solution_and_there_is_a_quiz(module: Module) -> None:
    # The loaders refuse a file that leaves a task out, has another number of hints, or an answer unexplained.
    assert set(load_checks(module)) == set(load_hints(module)) == {t.id for t in module.tasks}
    assert load_quiz(module)["quiz"]
    for task in module.tasks:
        assert solution_cells(module, task.id)


@each_module
def test_the_lab_has_each_tasks_cells_once_and_none_of_the_solution(module: Module) -> None:
    lab = read("labs", module)
    for task in module.tasks:
        assert sum(is_tagged(cell, f"check-{task.id}") for cell in lab.cells) == 1
        stubs = [cell for cell in lab.cells if is_tagged(cell, f"task-{task.id}")]
        assert len(stubs) == len(solution_cells(module, task.id))
        assert all("NotImplementedError" in cell.source for cell in stubs)
    assert not any("SOLUTION" in cell.source for cell in lab.cells)
    assert not any(cell.get("outputs") for cell in lab.cells)


@pytest.mark.thorough
@each_module
def test_an_untouched_lab_says_not_started_at_each_check_and_breaks_nowhere_else(
    module: Module, tmp_path: Path
) -> None:
    lab = read("labs", module)
    client = NotebookClient(
        lab,
        timeout=CELL_TIMEOUT_S,
        allow_errors=True,
        kernel_name="python3",
        config=Config(KernelManager=kernels.private_channels()),
        resources={"metadata": {"path": str(tmp_path)}},
    )
    kernels.started(lambda: client.execute(env=learner_environ(tmp_path / "work")))
    checked = 0
    for cell in lab.cells:
        tags = cell.metadata.get("tags", [])
        errors = errors_of(cell)
        if any(tag.startswith("check-") for tag in tags):
            checked += 1
            assert len(errors) == 1, cell.source
            assert errors[0].ename == "CheckFailed", errors[0].evalue
            assert "not started" in errors[0].evalue
            assert len("\n".join(errors[0].traceback).splitlines()) == 1
        elif any(tag.startswith("task-") for tag in tags):
            assert [e.ename for e in errors] in ([], ["NotImplementedError"]), (cell.source, errors)
        else:
            assert not errors, (cell.source, errors)
    assert checked == len(module.tasks)


@each_module
def test_the_solution_has_passed_every_check(module: Module) -> None:
    """As it is stored: nbval runs the same notebook in the same make test, and compares each check's output."""
    solution = read("solutions", module)
    for task in module.tasks:
        (check,) = [cell for cell in solution.cells if is_tagged(cell, f"check-{task.id}")]
        assert check.source == f'lab.check("{task.id}")'
        *said, panel = check.outputs
        assert {output.output_type for output in said} <= {"stream"}
        assert panel.data["text/plain"] == f"{task.id} passed: {task.title}."
        assert "Passed at" not in panel.data["text/html"]  # a time would differ in each run


@pytest.mark.parametrize(
    "module", [pytest.param(m, id=m.id, marks=[pytest.mark.thorough] if n else []) for n, m in enumerate(MODULES)]
)
def test_the_solution_passes_from_the_command_line(
    module: Module, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("SERVERLESS_FIRST_WORK", str(tmp_path / "work"))
    copy = tmp_path / f"{module.id}.ipynb"
    nbformat.write(read("solutions", module), copy)  # type: ignore[no-untyped-call]
    results = run_lab(module.id, copy, cell_timeout_s=CELL_TIMEOUT_S)
    assert [(r.task_id, r.state, r.message) for r in results] == [(t.id, "passed", "") for t in module.tasks]


@each_task
def test_a_task_has_at_least_three_mistakes_each_with_its_message_and_misconception(module: Module, task: Task) -> None:
    mistakes = mistakes_of(module, task)
    assert len(mistakes) >= 3
    assert [m.name for m in mistakes if not m.expects or not m.because or not m.source.strip()] == []


@each_task
def test_each_requirement_of_a_task_has_a_mistake_that_breaks_it(module: Module, task: Task) -> None:
    lab = (module_dir(module.id) / "lab.md").read_text(encoding="utf-8")
    names = {requirement.name for requirement in requirements(lab) if requirement.task_id == task.id}
    broken = {m.name: m.breaks for m in mistakes_of(module, task)}
    assert names
    assert {mistake: name for mistake, name in broken.items() if name not in names} == {}
    assert names - set(broken.values()) == set()


@each_task
def test_each_answer_to_a_task_has_its_place_in_the_solution_and_no_two_are_alike(module: Module, task: Task) -> None:
    """An answer that the solution has left behind is named here, without running it."""
    cells = [cell.source for cell in read("solutions", module).cells if is_tagged(cell, f"task-{task.id}")]
    assert [cell for cell in cells if len(GAP.findall(cell)) != cell.count("### BEGIN SOLUTION")] == []
    answers = mistakes_of(module, task) + [a for a in ALL_RIGHT if a.task == task]
    assert [a.name for a in answers if not 1 <= a.replaces <= len(cells)] == []
    made = [(a.replaces, a.in_place_of(cells[a.replaces - 1])) for a in answers]
    assert [a.name for a, cell in zip(answers, made, strict=True) if made.count(cell) > 1] == []


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda m: m.name)
def test_a_mistake_is_rejected_with_the_message_that_names_it(mistake: Answer, kernel: Kernel, tmp_path: Path) -> None:
    kernel.start_over(tmp_path / "lab")
    seen = 0
    for cell in code_cells_for(mistake.task, read("solutions", mistake.module)):
        source = cell.source
        if is_tagged(cell, f"task-{mistake.task.id}"):
            seen += 1
            source = mistake.in_place_of(source) if seen == mistake.replaces else source
        errors = kernel.run(source)
        if is_tagged(cell, f"check-{mistake.task.id}"):
            break
        assert not errors or source is not cell.source, (source, errors[0].evalue)
    else:
        pytest.fail(f"the solution has no cell tagged check-{mistake.task.id}")
    assert seen >= mistake.replaces, f"the task has {seen} cells, the mistake replaces number {mistake.replaces}"
    assert errors, f"the check lets this mistake pass: {mistake.because}"
    assert errors[0].ename == "CheckFailed", errors[0].evalue
    assert re.search(mistake.expects, errors[0].evalue), errors[0].evalue
    given_away = [line for line in solution_lines(mistake) if line in errors[0].evalue]
    assert given_away == []


@pytest.mark.thorough
@pytest.mark.parametrize("answer", ALL_RIGHT, ids=lambda a: a.name)
def test_another_right_answer_passes(answer: Answer, kernel: Kernel, tmp_path: Path) -> None:
    kernel.start_over(tmp_path / "lab")
    seen = 0
    for cell in code_cells_for(answer.task, read("solutions", answer.module), with_demos=True):
        source = cell.source
        if is_tagged(cell, f"task-{answer.task.id}"):
            seen += 1
            source = answer.in_place_of(source) if seen == answer.replaces else source
        errors = kernel.run(source)
        assert not errors, errors[0].evalue
    assert seen >= answer.replaces


@pytest.mark.parametrize("task_id", ["3.3"])
def test_a_guard_that_is_written_and_not_deployed_is_named(task_id: str, kernel: Kernel, tmp_path: Path) -> None:
    kernel.start_over(tmp_path / "lab")
    ((module, task),) = [(m, t) for m, t in TASKS if t.id == task_id]
    sources = [cell.source for cell in code_cells_for(task, read("solutions", module))]
    errors = [kernel.run(source) for source in sources if 'deploy("hikari-release-guard"' not in source][-1]
    says = "^3.3 not started: hikari-release-guard isn't deployed yet.*look at: step 5"
    assert re.search(says, errors[0].evalue), errors[0].evalue


@pytest.mark.parametrize("task_id", ["3.1"])
def test_a_price_that_is_mended_in_the_file_alone_is_named(task_id: str, kernel: Kernel, tmp_path: Path) -> None:
    kernel.start_over(tmp_path / "lab")
    ((module, task),) = [(m, t) for m, t in TASKS if t.id == task_id]
    *sources, check = [cell.source for cell in code_cells_for(task, read("solutions", module))]
    (price,) = [source for source in sources if source.startswith("%%writefile price.py")]
    for source in sources:
        assert not kernel.run(source.replace("90 // 100", "80 // 100"))
    assert not kernel.run(price)
    errors = kernel.run(check)
    says = r"The price is wrong.*look at: price\.py has changed since you deployed hikari-price"
    assert re.search(says, errors[0].evalue), errors[0].evalue


@pytest.mark.thorough
def test_the_cell_that_registers_the_proxys_target_can_run_again_and_again(kernel: Kernel, tmp_path: Path) -> None:
    """It removes the target and registers it at once, and the lab asks to run it after each fix."""
    kernel.start_over(tmp_path / "lab")
    ((module, task),) = [(m, t) for m, t in TASKS if t.id == "5.1"]
    cells = list(code_cells_for(task, read("solutions", module)))
    (first, *_) = (n for n, cell in enumerate(cells) if is_tagged(cell, "task-5.1"))
    for cell in cells[:first]:
        assert not kernel.run(cell.source)
    for _ in range(20):
        assert not kernel.run(cells[first].source)
        assert kernel.printed() == "The proxy answers.\n"
    for cell in cells[first + 1 :]:
        errors = kernel.run(cell.source)
        assert not errors, errors[0].evalue


@pytest.mark.parametrize(("name", "says"), [("5.1-the-other-variables-are-gone", "then run step 2 again$")])
def test_after_a_mistake_the_mended_cell_is_enough(name: str, says: str, kernel: Kernel, tmp_path: Path) -> None:
    """No cell above it has to run again, because a learner could not know which."""
    kernel.start_over(tmp_path / "lab")
    (mistake,) = [m for module, task in TASKS for m in mistakes_of(module, task) if m.name == name]
    cells = list(code_cells_for(mistake.task, read("solutions", mistake.module)))
    mended = [cell for cell in cells if is_tagged(cell, f"task-{mistake.task.id}")][mistake.replaces - 1].source
    for cell in cells:
        errors = kernel.run(mistake.in_place_of(mended) if cell.source == mended else cell.source)
    assert errors, "the check lets the mistake pass"
    assert re.search(says, errors[0].evalue), errors[0].evalue
    assert kernel.run(mended) == []
    assert kernel.run(cells[-1].source) == []


@pytest.mark.parametrize(
    ("task_id", "right", "wrong"),
    [
        ("10.1", "picture = {", "picture = no_such_name\npicture = {"),
        ("10.2", "later = {", "later = {{"),
        ("10.4", '"StartAt": "Ask"', '"StartAt": "Nowhere"'),
        ("10.5", '"held back"', '{"held back"}'),
    ],
    ids=[
        "10.1-a NameError",
        "10.2-a SyntaxError",
        "10.4-a definition that is refused",
        "10.5-a definition that is no JSON",
    ],
)
def test_a_cell_that_stops_is_said_instead_of_judging_the_machine_of_before(
    task_id: str, right: str, wrong: str, kernel: Kernel, tmp_path: Path
) -> None:
    kernel.start_over(tmp_path / "lab")
    ((module, task),) = [(m, t) for m, t in TASKS if t.id == task_id]
    cells = list(code_cells_for(task, read("solutions", module)))
    (check,) = [cell for cell in cells if is_tagged(cell, f"check-{task_id}")]
    for cell in cells[: cells.index(check)]:
        assert kernel.run(cell.source) == []
    (solution,) = [cell.source for cell in cells if is_tagged(cell, f"task-{task_id}")]
    assert kernel.run(solution.replace(right, wrong)), "the cell runs to its end"
    kernel.run("lab.progress()")  # a cell between changes nothing
    (error,) = kernel.run(check.source)
    says = (
        r"stopped before it changed the state machine.*came back: the machine of cell \[\d+\]"
        r".*the error below cell \[\d+\]"
    )
    assert re.search(says, error.evalue), error.evalue
    assert kernel.run(solution) == []
    assert kernel.run(check.source) == []


def test_a_first_cell_that_stops_is_said_unless_nobody_has_filled_it_in(kernel: Kernel, tmp_path: Path) -> None:
    kernel.start_over(tmp_path / "lab")
    kernel.run("%reset -f in")  # the cells of other tests
    ((module, task),) = [(m, t) for m, t in TASKS if t.id == "10.2"]
    cells = list(code_cells_for(task, read("solutions", module)))
    (check,) = [cell for cell in cells if is_tagged(cell, "check-10.2")]
    *given, own = cells[: cells.index(check)]
    assert is_tagged(own, "task-10.2")
    for cell in given:
        assert kernel.run(cell.source) == []
    kernel.run(f"raise NotImplementedError\n{own.source}")
    (error,) = kernel.run(check.source)
    assert error.evalue.startswith("10.2 not started: There is no state machine hikari-payment yet"), error.evalue
    (refused,) = kernel.run(own.source.replace('telling["Next"] = "Not Paid"', 'telling["Next"] = "Nowhere"'))
    assert "During handling" not in "\n".join(refused.traceback)
    (error,) = kernel.run(check.source)
    says = r"^10\.2 failed: .*stopped before it created the state machine.*the error below cell \[\d+\]"
    assert re.search(says, error.evalue), error.evalue


def solution_lines(mistake: Answer) -> list[str]:
    """The lines that a learner has to find, without those too short to give anything away."""
    found: list[str] = []
    for cell in read("solutions", mistake.module).cells:
        if is_tagged(cell, f"task-{mistake.task.id}"):
            for gap in GAP.finditer(cell.source):
                found += [line.strip() for line in gap[1].splitlines() if len(line.strip()) >= 12]
    assert found, "the solution's cells have no lines between BEGIN SOLUTION and END SOLUTION"
    return found


@each_module
def test_nothing_stray_lies_in_the_authors_room(module: Module) -> None:
    room = {p.name for p in module_dir(module.id).iterdir() if p.name != "__pycache__"}
    known = CAPSTONES_ROOM if module.id == "12-capstone" else AUTHORS_ROOM
    assert room - {p.name for p in module_dir(module.id).glob("checks*.py")} <= known
    named = {m.name for task in module.tasks for m in mistakes_of(module, task)}
    assert {p.name for p in (module_dir(module.id) / "mistakes").iterdir()} == {f"{name}.py" for name in named}


@pytest.mark.parametrize("folder", ["labs", "solutions"])
def test_every_built_notebook_belongs_to_a_ready_module(folder: str) -> None:
    known = {f"{m.id}.ipynb" for m in course.load().ready_modules}
    assert {p.name for p in (course_root() / folder).glob("*.ipynb")} <= known
