"""The build from sources to stored notebooks, on a small course of its own."""

from __future__ import annotations

import base64
import io
import json
import re
import shutil
import socket
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

pytest.importorskip("jupytext", reason="the build needs the extra `author`")

from serverless_first import authoring as builder
from serverless_first.authoring import BuildFailed, build, cache, check
from serverless_first.course import UnknownModule, kernels

COURSE = Path(__file__).parent / "data" / "build_course"
NAME = "00-lamps.ipynb"
ROOM = "modules/00-lamps"
BUILT = [f"{folder}/{NAME}" for folder in ("labs", "notebooks", "solutions", "slides")]


def use(root: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SERVERLESS_FIRST_ROOT", str(root))
    # The code that notebooks depend on stands still here, also while somebody works on the real one.
    code = root / "src"
    code.mkdir(exist_ok=True)
    (code / "lab.py").touch()
    monkeypatch.setattr(cache, "CODE", code)
    return root


@pytest.fixture
def course(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The sources alone, in a folder with a space and Japanese letters in its name."""
    return use(Path(shutil.copytree(COURSE, tmp_path / "光 lamps")), monkeypatch)


@pytest.fixture(scope="module")
def built_once(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[str]]:
    """The built course and what the build reported; only for reading."""
    root = Path(shutil.copytree(COURSE, tmp_path_factory.mktemp("once") / "光 lamps"))
    lines: list[str] = []
    with pytest.MonkeyPatch.context() as patch:
        use(root, patch)
        build(report=lines.append)
    return root, lines


@pytest.fixture
def built(built_once: tuple[Path, list[str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the built course that a test may change."""
    return use(Path(shutil.copytree(built_once[0], tmp_path / "光 copy")), monkeypatch)


def cells(root: Path, target: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads((root / target).read_text(encoding="utf-8"))["cells"]
    return found


def output_data(root: Path, mime: str) -> list[dict[str, Any]]:
    outputs = [out for cell in cells(root, f"notebooks/{NAME}") for out in cell.get("outputs", [])]
    return [out for out in outputs if mime in out.get("data", {})]


def edit(root: Path, path: str, old: str, new: str) -> None:
    text = (root / path).read_text(encoding="utf-8")
    assert old in text
    (root / path).write_text(text.replace(old, new, 1), encoding="utf-8", newline="\n")


def only(root: Path, file: str) -> None:
    """Leaves one source; a test of its slips need not run the others."""
    for other in {"lesson.md", "lab.md", "slides.md"} - {file}:
        (root / ROOM / other).unlink()


def failure(**arguments: Any) -> list[str]:
    with pytest.raises(BuildFailed) as caught:
        build(report=lambda _: None, **arguments)
    return caught.value.problems


def bytes_of(root: Path) -> dict[str, bytes]:
    return {target: (root / target).read_bytes() for target in [*BUILT, "README.md"]}


# --- what is stored


def test_a_lesson_is_stored_with_its_outputs_and_rendered_facts(built_once: tuple[Path, list[str]]) -> None:
    lesson = cells(built_once[0], f"notebooks/{NAME}")
    assert 'steps of 1 ms,<sup id="lesson-00-mark-1">' in "".join(lesson[0]["source"])
    assert lesson[1]["outputs"][0]["text"] == ["運賃 included: 2400\n"]
    assert [cell["execution_count"] for cell in lesson if cell["cell_type"] == "code"] == list(range(1, 8))


def test_progress_is_reported_for_each_notebook(built_once: tuple[Path, list[str]]) -> None:
    for target in BUILT:
        assert any(line.startswith("built ") and target in line for line in built_once[1])


def test_cells_run_outside_the_checkout_with_an_empty_learner_folder(built_once: tuple[Path, list[str]]) -> None:
    root, _ = built_once
    assert not list(root.rglob("order.py"))
    assert cells(root, f"notebooks/{NAME}")[4]["outputs"][0]["text"] == ["0 0\n"]


def test_a_stored_error_names_no_file_of_the_machine(built_once: tuple[Path, list[str]]) -> None:
    error = cells(built_once[0], f"notebooks/{NAME}")[5]["outputs"][0]
    assert error["traceback"] == ["TypeError: total() missing 1 required positional argument: 'quantity'"]


def test_a_widget_is_stored_as_text_only(built_once: tuple[Path, list[str]]) -> None:
    root, _ = built_once
    assert "jupyter.widget" not in (root / "notebooks" / NAME).read_text(encoding="utf-8")
    assert any("IntSlider" in "".join(out["data"]["text/plain"]) for out in output_data(root, "text/plain"))


def test_nothing_of_the_machine_is_in_a_notebooks_metadata(built_once: tuple[Path, list[str]]) -> None:
    notebook = json.loads((built_once[0] / "notebooks" / NAME).read_text(encoding="utf-8"))
    assert notebook["metadata"].keys() == {"kernelspec", "language_info", "title"}
    assert notebook["metadata"]["kernelspec"]["name"] == "python3"
    assert "version" not in notebook["metadata"]["language_info"]


def test_files_end_in_one_newline_and_keep_their_letters(built_once: tuple[Path, list[str]]) -> None:
    raw = (built_once[0] / "notebooks" / NAME).read_bytes()
    assert raw.endswith(b"}\n")
    assert b"\r" not in raw
    assert "運賃".encode() in raw


def test_a_lab_is_the_solution_with_gaps_and_without_outputs(built_once: tuple[Path, list[str]]) -> None:
    lab = cells(built_once[0], f"labs/{NAME}")
    text = (built_once[0] / "labs" / NAME).read_text(encoding="utf-8")
    assert "return price_yen * quantity" not in text
    assert "SOLUTION" not in text
    assert "".join(lab[2]["source"]).splitlines()[1:] == [
        "    # YOUR CODE HERE",
        '    raise NotImplementedError("not started: write your code here")',
    ]
    assert [cell["outputs"] for cell in lab if cell["cell_type"] == "code"] == [[], [], []]


def test_run_all_goes_through_an_unsolved_lab(built_once: tuple[Path, list[str]]) -> None:
    lab = cells(built_once[0], f"labs/{NAME}")
    assert lab[2]["metadata"]["tags"] == ["task-0.1", "raises-exception"]
    assert lab[3]["metadata"]["tags"] == ["check-0.1", "raises-exception"]


def test_the_course_table_links_what_is_ready_and_names_what_is_planned(built_once: tuple[Path, list[str]]) -> None:
    readme = (built_once[0] / "README.md").read_text(encoding="utf-8")
    assert "| [00 Lamps and totals](notebooks/00-lamps.ipynb) | Work out what an order costs. | 1–2 | 5 + 2 |" in readme
    assert "| 01 Later (planned) | Not written yet. | 3 | 10 + 20 |" in readme
    assert readme.endswith("\nThe end.\n")


# --- twice, and incrementally


def test_building_twice_gives_the_same_bytes(built: Path) -> None:
    before = bytes_of(built)
    assert [result.state for result in build(force=True, report=lambda _: None)].count("built") == 3
    assert bytes_of(built) == before


@pytest.mark.usefixtures("built")
def test_what_did_not_change_is_not_run_again() -> None:
    lines: list[str] = []
    assert {result.state for result in build(report=lines.append)} == {"unchanged"}
    assert [line for line in lines if line.startswith("unchanged")] == [
        f"unchanged  {path}" for path in [*BUILT, "README.md"]
    ]


@pytest.mark.parametrize("path", [f"{ROOM}/lesson.md", "facts/facts.yml", "course.toml", "src/lab.py"])
def test_a_change_in_what_a_notebook_depends_on_runs_it_again(built: Path, path: str) -> None:
    (built / path).write_text((built / path).read_text(encoding="utf-8") + "\n", encoding="utf-8", newline="\n")
    states = {result.target: result.state for result in build(["00"], report=lambda _: None)}
    assert states[f"solutions/{NAME}"] == "built"


def test_a_stored_notebook_edited_by_hand_is_made_again(built: Path) -> None:
    before = bytes_of(built)
    edit(built, f"notebooks/{NAME}", "2400", "2500")
    assert f"notebooks/{NAME}" in [result.target for result in build(report=lambda _: None) if result.state == "built"]
    assert bytes_of(built) == before


@pytest.mark.parametrize("broken", ["{", '{"notebooks/00-lamps.ipynb": 3}'])
def test_a_broken_cache_only_costs_time(built: Path, broken: str) -> None:
    before = bytes_of(built)
    (built / ".build-cache.json").write_text(broken, encoding="utf-8")
    assert "built" in {result.state for result in build(report=lambda _: None)}
    assert bytes_of(built) == before


# --- what an author is told


def test_a_cell_that_fails_is_named_and_the_stored_notebook_stays(built: Path) -> None:
    before = bytes_of(built)
    edit(built, f"{ROOM}/lesson.md", "order.total(1200, 2)", "order.totals(1200, 2)")
    assert failure() == [
        f"{ROOM}/lesson.md, cell 4 (import order): AttributeError: module 'order' has no attribute 'totals'"
    ]
    assert bytes_of(built) == before
    assert any("cell 4 is not the one" in problem for problem in check())


def test_a_kernel_whose_port_another_process_took_is_started_again(
    course: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from jupyter_client.connect import LocalPortCache

    monkeypatch.setattr(kernels, "socket_folder", lambda: None)  # as on Windows, where kernels have ports
    taken = socket.create_server(("127.0.0.1", 0))
    free, asked = LocalPortCache.find_available_port, []

    def first_choice_is_taken(self: Any, ip: str) -> Any:
        asked.append(ip)
        return taken.getsockname()[1] if len(asked) == 1 else free(self, ip)

    monkeypatch.setattr(LocalPortCache, "find_available_port", first_choice_is_taken)
    with taken:
        build(report=lambda _: None)
    assert len(asked) == 4 * 5  # three notebooks run, one of them twice; a kernel has five ports
    assert (course / "notebooks" / NAME).exists()


def test_a_cell_that_takes_too_long_is_named(course: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from serverless_first.authoring import execute

    monkeypatch.setattr(execute.execute, "__kwdefaults__", {"cell_timeout_s": 1})
    edit(course, f"{ROOM}/lab.md", "lab = Lab()", "lab = Lab()\nimport threading; threading.Event().wait()")
    assert f"{ROOM}/lab.md, cell 2 (class Lab:): took longer than 1 s" in failure()


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        (', alt="Billing step in ms: 100 then, 1 now"', "", "the picture has no alt text"),
        (
            'Picture.new("P",',
            'Picture.new("RGB",',
            "the picture has thousands of colors; show it with figures.show",
        ),
        ("order.total(1200, 2)", "object()", "new in each run"),
        ("order.total(1200, 2)", "str(pathlib.Path.cwd())", "a path on this machine"),
    ],
)
def test_an_output_that_must_not_be_stored_fails(course: Path, old: str, new: str, says: str) -> None:
    edit(course, f"{ROOM}/lesson.md", old, new)
    edit(course, f"{ROOM}/lesson.md", "import order", "import order, pathlib")
    assert [problem for problem in failure() if problem.startswith(f"{ROOM}/lesson.md, cell ") and says in problem]
    assert not (course / "notebooks" / NAME).exists()


@pytest.mark.parametrize(
    ("file", "old", "new", "says"),
    [
        (
            "lesson.md",
            "{fact}`billing-step`",
            "{fact}`billing`",
            "lesson.md, cell 1 (# Lamps and totals): There is no fact",
        ),
        ("lesson.md", 'print("運賃 included:", 1200 * 2)', "", "cell 2 (): the code cell is empty"),
        ("lesson.md", ":tags: [raises-exception]", ":tags: [task-0.1]", "belong into lab.md"),
        ("lesson.md", ":tags: [raises-exception]", ":tags: [raises", "lesson.md cannot be read as MyST Markdown"),
        ("lesson.md", "import order\n", "import order\n### FOLD: adds\n", "### FOLD needs a sentence that says what"),
        ("lesson.md", "import ipywidgets\n", "### FOLD: Asks.\naws.at_once('a', [])\n", "at_once is folded; learners"),
        ("lesson.md", "Duration is", "![](lamp.png) Duration is", "a picture has no alt text"),
        ("lesson.md", "Duration is", "## Sources\n\nDuration is", "the build writes the Sources section: cite with"),
        ("lab.md", "[task-0.1]", "[task-0.2]", "course.toml has no task 0.2; it has 0.1"),
        ("lab.md", "[task-0.1]", "[]", "BEGIN SOLUTION in a cell without a tag task-N.N"),
        ("lab.md", "[check-0.1]", "[]", "no cell is tagged check-0.1"),
        ("lab.md", 'lab.check("0.1")', 'lab.check("0.2")', 'does not call lab.check("0.1")'),
        ("lab.md", "    ### END SOLUTION\n", "", "needs ### BEGIN SOLUTION and ### END SOLUTION"),
        ("slides.md", '"deck_slides": [1, 2]', '"deck_slides": [1]', "as course.toml promises, the deck's slide 2"),
        (
            "slides.md",
            '"deck_slides": [1, 2]',
            '"deck_slides": [1, 2, 3]',
            "not the module's in course.toml: the deck's slide 3",
        ),
        ("slides.md", '"slide_type": "notes"', '"slide_type": "note"', "no slide type 'note'; slide, subslide"),
    ],
)
def test_a_slip_in_a_source_is_named_by_build_and_check(course: Path, file: str, old: str, new: str, says: str) -> None:
    edit(course, f"{ROOM}/{file}", old, new)
    only(course, file)
    assert any(says in problem for problem in failure())
    assert any(says in problem for problem in check())


def test_a_missing_source_is_named(course: Path) -> None:
    (course / ROOM / "lab.md").unlink()
    assert f"{ROOM}/lab.md is missing: course.toml says that 00-lamps has it" in check()


def test_a_fact_without_source_stops_the_build_before_anything_runs(course: Path) -> None:
    edit(course, "facts/facts.yml", ", source: NEWS}", "}")
    assert failure() == [
        "facts.yml: fact billing-step, then: it has no source. Name a key of `sources`, or a list of keys"
    ]
    assert check() == failure()


@pytest.mark.usefixtures("course")
def test_planned_and_unknown_modules_are_refused() -> None:
    assert failure(modules=["01"]) == ["01-later is only planned, and you can build it once modules/01-later/ exists"]
    with pytest.raises(UnknownModule, match="00-lamps, 01-later"):
        build(["07"])


@pytest.mark.usefixtures("course")
def test_jobs_below_one_are_refused() -> None:
    with pytest.raises(ValueError, match="1 or more"):
        build(jobs=0)


# --- check


@pytest.mark.usefixtures("built")
def test_check_finds_nothing_after_a_build() -> None:
    assert check(report=lambda _: None) == []


def test_check_writes_nothing(course: Path) -> None:
    before = sorted(course.rglob("*"))
    assert f'notebooks/{NAME} is missing: run "make build"' in check()
    assert sorted(course.rglob("*")) == before


@pytest.mark.parametrize(
    ("path", "old", "new", "says"),
    [
        (
            f"{ROOM}/lesson.md",
            "1200 * 2)",
            "1200 * 3)",
            f"notebooks/{NAME}: cell 2 is not the one that {ROOM}/lesson.md makes",
        ),
        (f"{ROOM}/lab.md", "quantity):", "number):", f"labs/{NAME} is not the one that {ROOM}/lab.md makes"),
        (f"notebooks/{NAME}", '"raises-exception"', '"other"', f"notebooks/{NAME}: cell 6 is not the one"),
        (f"notebooks/{NAME}", '"execution_count": 2', '"execution_count": null', "not every code cell was run"),
        (f"notebooks/{NAME}", '"title"', '"titel"', "the notebook's metadata differ from the build's"),
        (f"notebooks/{NAME}", "{", "<<<<<<<", "is not a readable notebook"),
        (f"labs/{NAME}", "YOUR CODE", "MY CODE", f"labs/{NAME} is not the one"),
        ("README.md", "(planned)", "", "README.md: the course table differs from course.toml"),
        ("README.md", "<!-- /course-table -->", "", "README.md needs one line <!-- course-table -->"),
    ],
)
def test_check_names_what_is_out_of_step_and_the_cure(built: Path, path: str, old: str, new: str, says: str) -> None:
    edit(built, path, old, new)
    found = [problem for problem in check() if says in problem]
    assert len(found) == 1
    assert "make build" in found[0] or "add them" in found[0]


def test_check_names_a_stored_picture_of_many_colours(built: Path) -> None:
    picture = io.BytesIO()
    Image.new("RGB", (3, 2)).save(picture, format="png")
    path = built / "notebooks" / NAME
    old = re.compile(r'"image/png": "[^"]+"')
    text, found = old.subn(f'"image/png": "{base64.b64encode(picture.getvalue()).decode()}"', path.read_text("utf-8"))
    assert found == 1
    path.write_text(text, encoding="utf-8")
    assert [problem for problem in check() if f"notebooks/{NAME}, cell 7 " in problem] == [
        f"notebooks/{NAME}, cell 7 (import io): the picture has thousands of colors; show it with figures.show: "
        'correct the source and run "make build"'
    ]


def test_check_finds_a_notebook_without_source(built: Path) -> None:
    shutil.copy(built / "notebooks" / NAME, built / "notebooks" / "99-old.ipynb")
    assert check() == ["notebooks/99-old.ipynb has no source in modules/, so delete it"]


def test_facts_that_are_old_or_not_cited_are_said_but_no_problem(built: Path) -> None:
    edit(built, "facts/facts.yml", "checked: 2026-11-24", "checked: 2020-01-31")
    (built / "facts" / "facts.yml").open("a", encoding="utf-8").write(
        '  deck-date: {what: Date, now: {value: "2020", as_of: 2020, source: NEWS}, checked: 2126-01-31}\n'
    )
    lines: list[str] = []
    assert check(report=lines.append) == []
    assert "warning: fact billing-step was last checked on 2020-01-31: compare it with its source again" in lines
    assert "note: no module cites the fact deck-date" in lines
    assert "  2020        older than a year, third party (NEWS): deck-date" in lines


def test_the_public_calls_are_where_the_command_line_looks_for_them() -> None:
    assert set(builder.__all__) == {"BuildFailed", "Built", "build", "check", "export_slides", "print_guide"}
