"""What a user sees of `serverless-first`: clear lines, exit codes, and a JupyterLab on their own copies."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from serverless_first.cli import doctor, main
from serverless_first.cli.doctor import Finding
from serverless_first.course import jupyter

ROOT = Path(__file__).resolve().parents[2]
LESSON, BUILT = "00-start-here/00-lesson.ipynb", "notebooks/00-start-here.ipynb"
COMMANDS = (
    *("lab", "doctor", "cloud", "deploy", "check", "catch-up", "reset", "progress", "summary", "bench"),
    *("board", "class", "wheelhouse", "guide", "slides", "site", "build", "minutes", "try-answer"),
)


@pytest.fixture
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "コース one" / "work"
    monkeypatch.setenv("SERVERLESS_FIRST_ROOT", str(ROOT))
    monkeypatch.setenv("SERVERLESS_FIRST_WORK", str(folder))
    return folder


def call(*arguments: str) -> Result:
    return CliRunner().invoke(main, arguments)


def test_help_lists_every_command_and_each_explains_itself() -> None:
    text = call("--help").output
    assert sorted(COMMANDS) == sorted(main.commands)
    for command in COMMANDS:
        assert re.search(rf"^  {command} +\S", text, re.MULTILINE)
        assert call(command, "--help").exit_code == 0


def test_help_groups_the_commands_by_the_people_who_use_them() -> None:
    sections = re.split(r"^(Learners|Instructors|Maintainers):\n", call("--help").output, flags=re.MULTILINE)
    commands = {
        heading: re.findall(r"^  ([a-z-]+) ", text, re.MULTILINE)
        for heading, text in zip(sections[1::2], sections[2::2], strict=True)
    }
    assert list(commands) == ["Learners", "Instructors", "Maintainers"]
    assert sorted(name for names in commands.values() for name in names) == sorted(COMMANDS)
    assert {"lab", "check", "progress"} <= set(commands["Learners"])
    assert {"class", "board", "slides"} <= set(commands["Instructors"])
    assert {"build", "site", "bench"} <= set(commands["Maintainers"])


@pytest.mark.usefixtures("work")
@pytest.mark.parametrize("arguments", [["slides", "00", "99"], ["build", "99"], ["build", "--check", "99"]])
def test_an_unknown_module_is_refused_before_the_build_is_loaded(arguments: list[str]) -> None:
    code = (
        f"import sys; from serverless_first.cli import main\ntry: main({arguments!r})\n"
        "finally: print([m for m in ('jupytext', 'nbgrader', 'nbconvert') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 1
    assert "There is no module '99'. The modules are: 00-start-here" in done.stderr
    assert done.stdout == "[]\n"


def test_help_loads_no_large_package() -> None:
    code = (
        "import sys; from serverless_first.cli import main\n"
        "try: main(['--help'])\n"
        "finally: print([m for m in ('boto3', 'moto', 'IPython', 'jupyterlab', 'matplotlib') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.endswith("[]\n")


def test_outside_the_course_every_command_says_so_in_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SERVERLESS_FIRST_ROOT", str(tmp_path))
    monkeypatch.delenv("SERVERLESS_FIRST_WORK", raising=False)
    for arguments in (["lab"], ["check", "00"], ["reset", "00"], ["progress"]):
        result = call(*arguments)
        assert result.exit_code == 1
        assert result.output.startswith("Error: There is no course.toml in")
        assert "SERVERLESS_FIRST_ROOT" in result.output


@pytest.mark.usefixtures("work")
@pytest.mark.parametrize("command", ["check", "reset", "progress"])
def test_an_unknown_module_is_told_what_there_is(command: str) -> None:
    result = call(command, "no-such-module")
    assert result.exit_code == 1
    assert "Traceback" not in result.output
    assert "00-start-here" in result.output


@pytest.mark.usefixtures("work")
def test_check_before_the_copies_are_laid_says_which_command_lays_them() -> None:
    result = call("check", "00")
    assert result.exit_code == 1
    assert "serverless-first lab" in result.output


@pytest.mark.usefixtures("work")
def test_bench_of_an_unknown_name_lists_those_there_are() -> None:
    result = call("bench", "--only", "lamps_per_s")
    assert result.exit_code == 1
    assert "cloud_start_s" in result.output


@pytest.mark.usefixtures("work")
def test_bench_writes_the_measurements(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from serverless_first import bench

    asked: list[str] = []

    def run(only: list[str], report: object) -> list[bench.Measurement]:
        del report
        asked.extend(only)
        return [bench.Measurement("cloud_start_s", 1.5, "s", "", 5)]

    monkeypatch.setattr(bench, "run", run)
    file = tmp_path / "numbers.json"
    assert call("bench", "--json", str(file), "--only", "cloud_start_s", "first_cell_s").exit_code == 0
    assert asked == ["cloud_start_s", "first_cell_s"]
    (row,) = json.loads(file.read_text(encoding="utf-8"))
    assert row == {"name": "cloud_start_s", "value": 1.5, "unit": "s", "against": "", "samples": 5}


def test_reset_says_where_the_learners_version_is_kept(work: Path) -> None:
    (work / "00-start-here").mkdir(parents=True)
    (work / LESSON).write_text("my notes", encoding="utf-8")
    result = call("reset", LESSON)
    assert result.exit_code == 0
    kept = re.search(r"your version is kept as work/(saved/\S+)", result.output)
    assert kept
    assert (work / kept[1]).read_text(encoding="utf-8") == "my notes"
    laid, built = (json.loads(path.read_text(encoding="utf-8"))["cells"] for path in (work / LESSON, ROOT / BUILT))
    assert [cell["id"] for cell in laid] == [cell["id"] for cell in built]


def test_the_doctor_fails_on_red_alone_and_shows_the_advice(monkeypatch: pytest.MonkeyPatch) -> None:
    note = Finding("PgBouncer", "note", "not found", "Optional.")
    red = Finding("disk", "red", "3 MB free", "Make room.")
    monkeypatch.setattr(doctor, "examine", lambda: iter([note]))
    assert call("doctor").exit_code == 0
    monkeypatch.setattr(doctor, "examine", lambda: iter([note, red]))
    result = call("doctor")
    assert result.exit_code == 1
    assert "Make room." in result.output
    assert "Not ready: disk" in result.output


def test_cloud_on_a_port_that_is_taken_names_the_way_out() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        result = call("cloud", "--port", str(taken.getsockname()[1]))
    assert result.exit_code == 1
    assert "--port" in result.output


def test_lab_opens_the_front_page(work: Path) -> None:
    work.mkdir(parents=True)
    assert jupyter.default_url(work) == "/lab"  # it could not be written
    (work / "welcome.md").touch()
    assert jupyter.default_url(work) == "/lab/tree/welcome.md"


@pytest.fixture
def running_lab(work: Path) -> Iterator[tuple[str, str, Path]]:
    """(address, token, the learner's folder) of a JupyterLab that `serverless-first lab` started.

    The port that it is told is taken, by another JupyterLab for instance: it looks for another one.
    """
    taken = socket.create_server(("127.0.0.1", 0))
    port = str(taken.getsockname()[1])
    command = [sys.executable, "-m", "serverless_first.cli", "lab", "--no-browser", "--port", port]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, encoding="utf-8", errors="replace"
    )
    assert process.stdout is not None
    too_late = threading.Timer(90, process.kill)  # else a JupyterLab that names no address is waited for for ever
    too_late.start()
    try:
        for line in process.stdout:
            assert not re.match(r"\[[DIC] ", line), f"Jupyter's log, and neither a warning nor an error: {line}"
            if found := re.fullmatch(
                r"Your course is open at "
                r"(http://127\.0\.0\.1:\d+)(/lab/tree/welcome\.md)\?token=(\w+)\n",
                line,
            ):
                assert found[1].rsplit(":", 1)[1] != port
                yield found[1], found[3], work
                break
        else:
            pytest.fail("JupyterLab ended without an address")
    finally:
        taken.close()
        too_late.cancel()
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=60)


def ask(address: str, path: str, token: str, put: object = None) -> str:
    data = None if put is None else json.dumps(put).encode()
    headers = {"Authorization": f"token {token}", "Content-Type": "application/json"}
    method = "GET" if put is None else "PUT"
    request = urllib.request.Request(address + path, data=data, headers=headers, method=method)
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with direct.open(request, timeout=60) as answer:
        text: str = answer.read().decode("utf-8")
    return text


@pytest.mark.skipif(os.name == "nt", reason="the signal that ends it is POSIX's")
def test_lab_serves_the_learners_copies_and_asks_the_network_for_nothing(running_lab: tuple[str, str, Path]) -> None:
    address, token, work = running_lab
    contents: dict[str, Any] = json.loads(ask(address, f"/api/contents/{LESSON}?type=file&format=text", token))
    assert contents["content"] == (work / LESSON).read_text(encoding="utf-8")
    page = ask(address, "/lab", token)
    config = json.loads(re.findall(r'id="jupyter-config-data"[^>]*>(.*?)</script>', page, re.DOTALL)[0])
    assert config["extensionManager"]["can_install"] is False
    assert config.get("news", {}).get("disabled") is True
    settings = json.loads(ask(address, "/lab/api/settings/@jupyterlab/apputils-extension:notification", token))
    assert settings["schema"]["properties"]["fetchNews"]["default"] == "false"


@pytest.mark.skipif(os.name == "nt", reason="the signal that ends it is POSIX's")
def test_files_and_table_of_contents_are_open_until_the_learner_changes_the_layout(
    running_lab: tuple[str, str, Path],
) -> None:
    address, token, work = running_lab
    first = json.loads(ask(address, "/lab/api/workspaces/default", token))["data"]["layout-restorer:data"]
    assert [(first[side]["current"], first[side]["collapsed"]) for side in ("left", "right")] == [
        ("filebrowser", False),
        ("@jupyterlab/toc:plugin", False),
    ]
    ask(address, "/lab/api/workspaces/default", token, put={"data": {"mine": 1}, "metadata": {"id": "default"}})
    jupyter.settings(work)  # the next start
    assert json.loads(ask(address, "/lab/api/workspaces/default", token))["data"] == {"mine": 1}
    assert len(list((work / ".jupyter-settings" / "layouts").iterdir())) == 1  # apart from other notebooks' layout
