"""Set-up: when the environment is made, filled, made again or left alone; what make hands on."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from tools import environment, first_imports, installing
from tools.environment import MARKER, STAMP, Environment
from tools.installing import SetupError
from tools.watched import CommandFailed, watched

ROOT = Path(__file__).resolve().parents[2]


class Setup:
    """A checkout with lock files, whose installs are recorded instead of made."""

    def __init__(self, root: Path) -> None:
        self.root, self.installed = root, list[str]()
        (root / "requirements").mkdir(parents=True)
        for project in (root, root / "engine"):
            (project / "src").mkdir(parents=True)
            (project / "pyproject.toml").write_text("[project]\n", encoding="utf-8")
        for name in ("lab", "all", "installer"):
            self.lock(name, "lamps==1")

    def lock(self, name: str, text: str) -> None:
        (self.root / "requirements" / f"{name}.txt").write_text(text + "\n", encoding="utf-8")

    def environment(self) -> Environment:
        return Environment(self.root, self.root / ".venv")

    def record(self, _python: Path, _folder: Path, _root: Path, profile: str, _files: Path | None) -> None:
        self.installed.append(profile)


@pytest.fixture
def setup(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Setup:
    made = Setup(tmp_path / "コース one")
    monkeypatch.setattr(environment, "install", made.record)
    return made


def test_a_second_call_installs_nothing(setup: Setup) -> None:
    setup.environment().ensure("lab")
    setup.environment().ensure("lab")
    assert setup.installed == ["lab"]
    assert setup.environment().python.exists()


def test_env_adds_to_lab_and_lab_is_content_with_env(setup: Setup) -> None:
    for profile in ("lab", "all", "lab", "all"):
        setup.environment().ensure(profile)
    assert setup.installed == ["lab", "all"]


@pytest.mark.parametrize(
    "changed", ["requirements/all.txt", "requirements/installer.txt", "pyproject.toml", "engine/pyproject.toml"]
)
def test_what_was_changed_is_installed_again_and_nothing_is_taken_away(setup: Setup, changed: str) -> None:
    setup.environment().ensure("all")
    (setup.root / changed).write_text("# changed\n", encoding="utf-8")
    setup.environment().ensure("lab")
    assert setup.installed == ["all", "all"]


def test_windows_line_ends_are_no_change(setup: Setup) -> None:
    setup.environment().ensure("lab")
    lock = setup.root / "requirements" / "lab.txt"
    lock.write_bytes(lock.read_bytes().replace(b"\n", b"\r\n"))
    setup.environment().ensure("lab")
    assert setup.installed == ["lab"]


def test_an_interrupted_install_is_begun_again(
    setup: Setup, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted(_python: Path, folder: Path, *_: object) -> None:
        (folder / "half-installed").touch()
        raise KeyboardInterrupt

    monkeypatch.setattr(environment, "install", interrupted)
    with pytest.raises(KeyboardInterrupt):
        setup.environment().ensure("lab")
    monkeypatch.setattr(environment, "install", setup.record)
    setup.environment().ensure("lab")
    assert "interrupted" in capsys.readouterr().out
    assert not (setup.root / ".venv" / "half-installed").exists()
    assert setup.installed == ["lab"]


def test_an_interrupted_update_is_begun_again_with_all_there_was(setup: Setup, monkeypatch: pytest.MonkeyPatch) -> None:
    setup.environment().ensure("lab")

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(environment, "install", interrupted)
    setup.lock("lab", "lamps==2")
    with pytest.raises(KeyboardInterrupt):
        setup.environment().ensure("lab")
    monkeypatch.setattr(environment, "install", setup.record)
    setup.environment().ensure("lab")
    assert setup.installed == ["lab", "lab"]


def test_a_moved_folder_gets_a_new_environment(
    setup: Setup, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    setup.environment().ensure("lab")
    shutil.move(setup.root, tmp_path / "moved")
    moved = Environment(tmp_path / "moved", tmp_path / "moved" / ".venv")
    moved.ensure("lab")
    assert "moved" in capsys.readouterr().out
    assert setup.installed == ["lab", "lab"]


def gone(python: Path) -> None:
    python.unlink()


def dangling(python: Path) -> None:
    python.unlink()
    python.symlink_to("/no/such/python")


@pytest.mark.parametrize("lose", [gone, dangling])
@pytest.mark.skipif(os.name == "nt", reason="on Windows the environment has a copy of Python")
def test_a_python_that_is_gone_gets_a_new_environment(
    setup: Setup, lose: Callable[[Path], None], capsys: pytest.CaptureFixture[str]
) -> None:
    setup.environment().ensure("lab")
    lose(setup.environment().python)
    setup.environment().ensure("lab")
    assert "Python is gone" in capsys.readouterr().out
    assert installing.version_of(setup.environment().python) == sys.version_info[:2]


def test_another_python_in_its_place_gets_a_new_environment(setup: Setup) -> None:
    setup.environment().ensure("lab")
    stamp = setup.root / ".venv" / STAMP
    version = f"[{sys.version_info[0]}, {sys.version_info[1]}]"
    stamp.write_text(stamp.read_text(encoding="utf-8").replace(version, "[3, 11, 0]"), encoding="utf-8")
    setup.environment().ensure("lab")
    assert setup.installed == ["lab", "lab"]


def test_an_environment_of_the_user_is_filled_but_never_removed(setup: Setup) -> None:
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(setup.root / ".venv")], check=True)
    (setup.root / ".venv" / "mine").touch()
    setup.environment().ensure("lab")
    setup.environment().ensure("lab")
    assert setup.installed == ["lab"]
    with pytest.raises(SetupError, match="not made by this course"):
        setup.environment().remove()
    assert (setup.root / ".venv" / "mine").exists()


def test_a_broken_environment_of_the_user_stays_and_the_call_says_so(setup: Setup) -> None:
    (setup.root / ".venv").mkdir()
    (setup.root / ".venv" / "mine").touch()
    with pytest.raises(SetupError, match="did not make it"):
        setup.environment().ensure("lab")
    assert (setup.root / ".venv" / "mine").exists()
    assert setup.installed == []


def test_clean_removes_our_environment(setup: Setup) -> None:
    setup.environment().ensure("lab")
    assert (setup.root / ".venv" / MARKER).exists()
    setup.environment().remove()
    setup.environment().remove()
    assert not (setup.root / ".venv").exists()


@pytest.mark.parametrize(
    ("said", "advice"),
    [
        ("ERROR: THESE PACKAGES DO NOT MATCH THE HASHES", "Do not continue"),
        ("OSError: [Errno 28] No space left on device", "disk is full"),
        ("Failed to establish a new connection", "PIP_INDEX_URL"),
    ],
)
def test_a_failed_install_shows_its_last_words_and_says_what_to_do(
    setup: Setup, monkeypatch: pytest.MonkeyPatch, said: str, advice: str
) -> None:
    def failed(*_: object) -> None:
        raise CommandFailed(["pip"], 1, said)

    monkeypatch.setattr(environment, "install", failed)
    with pytest.raises(SetupError, match=advice) as caught:
        setup.environment().ensure("lab")
    assert said in str(caught.value)


def test_two_calls_at_once_make_one_environment(setup: Setup, monkeypatch: pytest.MonkeyPatch) -> None:
    begun, go_on = threading.Event(), threading.Event()

    def slow(python: Path, folder: Path, root: Path, profile: str, files: Path | None) -> None:
        setup.record(python, folder, root, profile, files)
        begun.set()
        go_on.wait(30)

    monkeypatch.setattr(environment, "install", slow)
    first = threading.Thread(target=setup.environment().ensure, args=("lab",))
    second = threading.Thread(target=setup.environment().ensure, args=("lab",))
    first.start()
    assert begun.wait(30)
    second.start()
    go_on.set()
    first.join(30)
    second.join(30)
    assert setup.installed == ["lab"]


def test_settings_of_the_machine_that_would_break_the_install_are_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "コース one"
    folder.mkdir()
    monkeypatch.setenv("PIP_CONSTRAINT", "/etc/constraints.txt")
    monkeypatch.setenv("PIP_TARGET", "/elsewhere")
    monkeypatch.setenv("PYTHONPATH", "/elsewhere")
    monkeypatch.setenv("PIP_INDEX_URL", "https://mirror.example/simple")
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.example:3128")
    for name in ("UV_DEFAULT_INDEX", "UV_INDEX_URL"):
        monkeypatch.delenv(name, raising=False)
    env = installing._surroundings(folder)
    assert env["PIP_INDEX_URL"] == env["UV_DEFAULT_INDEX"] == "https://mirror.example/simple"
    assert env["HTTPS_PROXY"] == "http://proxy.example:3128"
    assert not {"PIP_TARGET", "PYTHONPATH"} & env.keys()
    assert " " not in env["PIP_CONSTRAINT"]  # pip splits it at spaces


def test_the_course_is_imported_from_a_path_with_letters_outside_ascii(tmp_path: Path) -> None:
    root = tmp_path / "コース one"
    (root / "src" / "hikari_lamps").mkdir(parents=True)
    (root / "src" / "hikari_lamps" / "__init__.py").write_text("LIT = True\n", encoding="utf-8")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(root / ".venv")], check=True)
    python = Environment(root, root / ".venv").python
    packages = installing._site_packages(python, root / ".venv")
    installing._relative_path_file(root / "src", packages / "hikari_lamps.pth")
    plain = {**os.environ, "LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    code = "import hikari_lamps; print(hikari_lamps.LIT)"
    done = subprocess.run([str(python), "-c", code], cwd=tmp_path, env=plain, capture_output=True, text=True)
    assert done.stdout.strip() == "True", done.stderr


def test_a_watched_command_shows_its_title_and_returns_what_it_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output = watched("Lamps", [sys.executable, "-c", "print('lit')"], dict(os.environ), tmp_path)
    assert output == "lit\n"
    assert "Lamps: done" in capsys.readouterr().out


def test_a_watched_command_that_fails_keeps_what_it_said(tmp_path: Path) -> None:
    code = "import sys; print('half'); print('no bulb', file=sys.stderr); sys.exit(3)"
    with pytest.raises(CommandFailed, match="exit code 3") as caught:
        watched("Lamps", [sys.executable, "-c", code], dict(os.environ), tmp_path)
    assert "half" in caught.value.output
    assert "no bulb" in caught.value.output


def test_the_first_imports_leave_byte_code_tell_their_progress_and_pass_over_what_fails(tmp_path: Path) -> None:
    code = (
        "from tools import first_imports\n"
        "first_imports.names = lambda: ['json', 'no.such.module', 'broken_lamps', 'good_lamps']\n"
        "first_imports.main()"
    )
    (tmp_path / "broken_lamps.py").write_text("raise RuntimeError('not on this machine')\n", encoding="utf-8")
    (tmp_path / "good_lamps.py").write_text("LIT = True\n", encoding="utf-8")
    env = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    env["PYTHONPATH"] = os.pathsep.join([str(tmp_path), str(ROOT)])
    done = subprocess.run([sys.executable, "-c", code], env=env, cwd=tmp_path, capture_output=True, text=True)
    assert done.stdout.splitlines() == [f"{number} of 4" for number in (1, 2, 3, 4)], done.stderr
    assert list((tmp_path / "__pycache__").glob("good_lamps.*.pyc"))


def test_the_first_imports_are_what_a_learners_processes_load() -> None:
    names = first_imports.names()
    assert {"jupyterlab.labapp", "ipykernel.kernelapp", "serverless_first.cloud", "serverless_first.lab.kit"} < {*names}
    assert not [
        name for name in names if name.startswith(("serverless_first.authoring", "serverless_first.teach.classroom"))
    ]


make = pytest.mark.skipif(os.name == "nt" or not shutil.which("make"), reason="needs make and a POSIX shell")


def call_make(folder: Path, pythons: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    """Calls make in a folder with the Makefile and only these interpreters on PATH; each echoes its arguments."""
    programs = folder.parent / "programs"
    programs.mkdir()
    folder.mkdir(exist_ok=True)
    shutil.copy(ROOT / "Makefile", folder)
    for name, script in pythons.items():
        (programs / name).write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8", newline="\n")
        (programs / name).chmod(0o755)
    env = {"PATH": str(programs), "HOME": str(folder), "LC_ALL": "C.UTF-8"}
    program = shutil.which("make")
    assert program
    return subprocess.run([program, *arguments], cwd=folder, env=env, capture_output=True, text=True)


OLD = 'case "$*" in *version_info*) exit 1;; esac; echo "old $*"'
BARE = 'case "$*" in *ensurepip*) exit 1;; -c*) exit 0;; esac; echo "bare $*"'
GOOD = 'case "$*" in -c*) exit 0;; esac; echo "good $*"'


def named(version: str, word: str) -> str:
    """The script of a Python of this version, as make asks a Python that the user names."""
    return f'case "$*" in -c*) echo "Python {version}";; *) echo "{word} $*";; esac'


@make
def test_make_without_a_python_says_what_to_install(tmp_path: Path) -> None:
    done = call_make(tmp_path / "コース one", {"python3": OLD}, "lab")
    assert done.returncode != 0
    assert "No Python 3.11 or newer was found" in done.stderr
    assert "make lab PYTHON=" in done.stderr


@make
def test_make_prefers_a_python_that_can_make_environments(tmp_path: Path) -> None:
    pythons = {"python3.14": BARE, "python3.12": GOOD, "python3": OLD}
    done = call_make(tmp_path / "コース one", pythons, "lab", "LAB_ARGS=--no-browser --port 9000")
    assert done.stdout == "good tools/bootstrap.py lab --no-browser --port 9000\n"


@make
def test_make_takes_a_python_without_ensurepip_when_there_is_no_other(tmp_path: Path) -> None:
    done = call_make(tmp_path / "コース one", {"python3": BARE}, "env")
    assert done.stdout == "bare tools/bootstrap.py env\n"


@make
def test_make_takes_the_python_that_is_named(tmp_path: Path) -> None:
    pythons = {"python3": GOOD, "my python": named("3.11", "mine")}
    done = call_make(tmp_path / "コース one", pythons, "test", f"PYTHON={tmp_path}/programs/my python")
    assert done.stdout == "mine tools/bootstrap.py test\n"


@make
def test_make_takes_the_python_that_is_named_by_its_command(tmp_path: Path) -> None:
    pythons = {"python3": GOOD, "lamp-python": named("3.20", "mine")}
    assert call_make(tmp_path / "コース one", pythons, "test", "PYTHON=lamp-python").stdout.startswith("mine tools/")


@make
@pytest.mark.parametrize(
    ("python", "fault"),
    [
        ("/no/such", "PYTHON=/no/such does not start as Python"),
        ("no-such", "PYTHON=no-such does not start as Python"),
        ("other", "PYTHON=other does not start as Python"),
        ("old", "PYTHON=old is Python 3.10, but the course needs Python 3.11 or newer."),
        ("older", "PYTHON=older is Python 2.7, but the course needs Python 3.11 or newer."),
    ],
)
def test_make_takes_no_other_python_than_the_one_that_is_named(tmp_path: Path, python: str, fault: str) -> None:
    pythons = {"python3": GOOD, "old": named("3.10", "old"), "older": named("2.7", "older"), "other": 'echo "$*"'}
    done = call_make(tmp_path / "コース one", pythons, "lab", f"PYTHON={python}")
    assert done.returncode != 0
    assert done.stdout == ""
    assert fault in done.stderr
    assert "make lab PYTHON=/path/to/python3" in done.stderr


@make
def test_make_n_starts_nothing(tmp_path: Path) -> None:
    done = call_make(tmp_path / "コース one", {"python3": GOOD}, "-n", "lab", "PYTHON=/no/such")
    assert done.returncode == 0
    assert "tools/bootstrap.py" in done.stdout


@make
def test_make_alone_lists_every_target(tmp_path: Path) -> None:
    done = call_make(tmp_path / "コース one", {"echo": 'printf "%s\\n" "$*"'})
    targets = "lab class test test-all test-changed env build check slides guide site wheelhouse bench picture lock"
    targets += " clean"
    written = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    assert sorted([*targets.split(), "help"]) == sorted(written)
    for target in targets.split():
        assert f"make {target} " in done.stdout
