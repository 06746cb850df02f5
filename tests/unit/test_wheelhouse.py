"""A wheelhouse: collected by pip from a folder that stands in for the index, then found by the set-up."""

from __future__ import annotations

import errno
import hashlib
import io
import json
import os
import platform
import shutil
import sys
import tarfile
import zipfile
from collections import namedtuple
from pathlib import Path

import pytest
from click.testing import CliRunner
from tools import installing, wheelhouse as way_back
from tools.environment import Environment
from tools.watched import CommandFailed
from tools.wheelhouse import WheelhouseError

from serverless_first.cli import main
from serverless_first.publish import wheelhouse
from serverless_first.publish.wheelhouse import CannotCollect, Target, collect, manifest, source, this_machine
from serverless_first.publish.wheelhouse.pins import pins_for

collecting = sys.modules["serverless_first.publish.wheelhouse.collect"]  # the package has a function of that name
HERE = Target("3.13", "linux-x86_64")
PYTHON = sys.version_info[:2]


def wheel(folder: Path, name: str, tag: str = "py3-none-any") -> str:
    """Makes the smallest wheel that pip takes; returns its hash."""
    info = f"{name}-1.0.dist-info"
    path = folder / f"{name}-1.0-{tag}.whl"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        archive.writestr(f"{info}/WHEEL", f"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: {tag}\n")
        archive.writestr(f"{info}/RECORD", "")
    return hashlib.sha256(path.read_bytes()).hexdigest()


class Room:
    """A checkout with lock files, an index that is a folder, and a place for the wheelhouse."""

    def __init__(self, base: Path) -> None:
        self.root, self.index, self.to = base / "コース one", base / "index", base / "コース one" / "wheelhouse"
        self.index.mkdir(parents=True)
        (self.root / "requirements").mkdir(parents=True)
        (self.root / "course.toml").touch()
        self.lines: list[str] = []
        self.said: list[tuple[int, int, str]] = []
        self.lock("installer", "")

    def has(self, name: str, tag: str = "py3-none-any", marker: str = "") -> None:
        self.lines.append(
            f"{name}==1.0{marker} \\\n    --hash=sha256:{wheel(self.index, name, tag)}\n    # via lamps\n"
        )
        self.lock("lab", "".join(self.lines))
        self.lock("all", "".join(self.lines))

    def lock(self, name: str, text: str) -> None:
        (self.root / "requirements" / f"{name}.txt").write_text(text, encoding="utf-8")

    def collect(self, target: Target = HERE, profile: str = "lab") -> wheelhouse.Collected:
        self.said.clear()
        return collect(self.to, [target], profile, report=lambda *step: self.said.append(step))

    def files(self) -> set[str]:
        return {path.name for path in self.to.iterdir()}


@pytest.fixture
def room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Room:
    made = Room(tmp_path)
    monkeypatch.setenv("SERVERLESS_FIRST_ROOT", str(made.root))
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", made.index.as_uri())
    monkeypatch.delenv("PIP_INDEX_URL", raising=False)
    monkeypatch.setattr(collecting, "PATIENCE", ("--retries=0", "--timeout=5"))
    return made


def test_every_locked_file_is_there_with_a_list_and_a_page_that_says_how_to_use_it(room: Room) -> None:
    room.has("lamps")
    room.has("bulbs", "cp313-cp313-manylinux_2_17_x86_64")
    room.has("switches", marker=" ; sys_platform == 'win32'")
    done = room.collect()
    assert room.files() == {
        "lamps-1.0-py3-none-any.whl",
        "bulbs-1.0-cp313-cp313-manylinux_2_17_x86_64.whl",
        manifest.NAME,
        manifest.HOW_TO,
    }
    assert (done.files, done.folder) == (2, room.to)
    assert room.said[-1][:2] == (2, 2)
    page = (room.to / manifest.HOW_TO).read_text(encoding="utf-8")
    assert "| linux-x86_64 | 3.13 | `make lab` |" in page
    assert way_back.VARIABLE in page


def test_a_second_call_fetches_what_is_missing_or_broken_and_nothing_else(room: Room) -> None:
    for name in ("lamps", "bulbs", "wires"):
        room.has(name)
    room.collect()
    (room.to / "bulbs-1.0-py3-none-any.whl").write_bytes(b"half of a download")
    (room.to / "wires-1.0-py3-none-any.whl").unlink()
    (room.index / "lamps-1.0-py3-none-any.whl").unlink()  # asked for again, it would not be found
    room.collect()
    assert room.said[0][:2] == (1, 3)
    assert (room.to / "bulbs-1.0-py3-none-any.whl").read_bytes() == (
        room.index / "bulbs-1.0-py3-none-any.whl"
    ).read_bytes()
    shutil.rmtree(room.index)
    room.collect()
    assert [step[:2] for step in room.said] == [(3, 3)]


def test_a_room_with_two_systems_has_one_wheelhouse(room: Room) -> None:
    room.has("bulbs", "cp313-cp313-manylinux_2_17_x86_64")
    room.collect()
    windows = Target("3.12", "windows-x86_64")
    with pytest.raises(CannotCollect, match=r"bulbs 1\.0 has no file for Python 3\.12 on windows-x86_64.*--python"):
        room.collect(windows)
    assert [each["platform"] for each in manifest.read(room.to)] == ["linux-x86_64"]
    room.lines.clear()
    room.has("lamps")
    room.collect(windows)
    assert [each["platform"] for each in manifest.read(room.to)] == ["linux-x86_64", "windows-x86_64"]


def test_without_a_network_it_says_what_is_there_and_that_a_second_call_goes_on(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    room.has("lamps")
    room.collect()
    room.has("bulbs")
    monkeypatch.delenv("PIP_NO_INDEX")
    monkeypatch.delenv("PIP_FIND_LINKS")
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")
    with pytest.raises(
        CannotCollect, match=r"cannot be reached.* 1 of 2 packages are in .*Repeat the command.*PIP_INDEX_URL"
    ):
        room.collect()


def test_a_file_that_differs_from_the_lock_is_not_taken(room: Room) -> None:
    room.has("lamps")
    wheel(room.index, "lamps", "py2.py3-none-any")
    (room.index / "lamps-1.0-py3-none-any.whl").unlink()
    with pytest.raises(CannotCollect, match="differs from the file that this course was tested with"):
        room.collect()
    assert not list(room.to.glob("*.whl"))


def test_a_disk_without_room_is_told_before_anything_is_fetched(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    room.has("lamps")
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage(100, 97, 3_000_000))
    with pytest.raises(CannotCollect, match=r"3 MB are free, about 270 MB are needed .*--to"):
        room.collect()


@pytest.mark.parametrize(
    ("number", "says"), [(errno.ENOSPC, "is full. The files there are kept"), (errno.EACCES, "cannot be written")]
)
def test_a_disk_that_fills_up_meanwhile_is_told_in_one_line(
    room: Room, monkeypatch: pytest.MonkeyPatch, number: int, says: str
) -> None:
    room.has("lamps")

    def full(*_: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(manifest, "add", full)
    with pytest.raises(CannotCollect, match=says):
        room.collect()


def test_pip_that_finds_the_disk_full_is_understood(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    room.has("lamps")
    said = "ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device"
    monkeypatch.setattr(collecting._Collecting, "_pip", lambda *_: collecting._Failed(said, ""))
    with pytest.raises(CannotCollect, match=r"is full\. The files there are kept"):
        room.collect()


def tarball(path: Path, files: dict[str, str]) -> Path:
    """Makes a source of lamps 1.0."""
    with tarfile.open(path, "w:gz") as archive:
        for name, text in files.items():
            info = tarfile.TarInfo(f"lamps-1.0/{name}")
            info.size = len(text)
            archive.addfile(info, io.BytesIO(text.encode()))
    return path


@pytest.mark.parametrize(
    ("files", "requires"),
    [
        ({"setup.py": ""}, ["setuptools>=40.8"]),
        ({"pyproject.toml": "[build-system]\nrequires = ['flit_core>=3']"}, ["flit_core>=3"]),
        ({"deeper/pyproject.toml": "[build-system]\nrequires = ['hatchling']"}, ["setuptools>=40.8"]),
        ({"pyproject.toml": "[project]\nname = 'lamps'"}, ["setuptools>=40.8"]),
    ],
)
def test_what_builds_a_source_is_read_from_it(tmp_path: Path, files: dict[str, str], requires: list[str]) -> None:
    assert source.build_requirements(tarball(tmp_path / "lamps-1.0.tar.gz", files)) == requires


def test_a_source_that_cannot_be_prepared_here_is_fetched_for_the_room_with_what_builds_it(room: Room) -> None:
    """As awslambdaric: its setup.py builds a client on Linux, and the room has Windows."""
    build = "[build-system]\nrequires = ['builder>=1']\nbuild-backend = 'backend'\nbackend-path = ['.']"
    files = {"pyproject.toml": build, "backend.py": "raise SystemExit('no compiler')", "PKG-INFO": ""}
    path = tarball(room.index / "lamps-1.0.tar.gz", files)
    wheel(room.index, "builder")
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    room.lock("lab", f"lamps==1.0 \\\n    --hash=sha256:{digest}\n")
    room.lock("all", "")
    room.collect(Target("3.12", "windows-x86_64"))
    assert {"lamps-1.0.tar.gz", "builder-1.0-py3-none-any.whl"} <= room.files()
    (room.to / "lamps-1.0.tar.gz").unlink()
    room.lock("lab", f"lamps==1.0 \\\n    --hash=sha256:{'0' * 64}\n")
    with pytest.raises(CannotCollect, match="differs from the file"):
        room.collect(Target("3.12", "windows-x86_64"))


def test_a_source_that_is_a_zip_is_not_taken(room: Room) -> None:
    with zipfile.ZipFile(room.index / "lamps-1.0.zip", "w") as archive:
        archive.writestr("lamps-1.0/setup.py", "raise SystemExit('no compiler')")
        archive.writestr("lamps-1.0/PKG-INFO", "Metadata-Version: 2.1\nName: lamps\nVersion: 1.0\n")
    digest = hashlib.sha256((room.index / "lamps-1.0.zip").read_bytes()).hexdigest()
    room.lock("lab", f"lamps==1.0 \\\n    --hash=sha256:{digest}\n")
    room.lock("all", "")
    with pytest.raises(CannotCollect, match="pip failed"):
        room.collect(Target("3.12", "windows-x86_64"))


def test_the_locks_of_the_course_are_understood_for_every_machine() -> None:
    requirements = Path(__file__).resolve().parents[2] / "requirements"
    for name in wheelhouse.PLATFORMS:
        for python in wheelhouse.PYTHONS:
            pins = pins_for(Target(python, name), requirements / "installer.txt", requirements / "lab.txt")
            names = [pin.name for pin in pins]
            assert len(names) == len(set(names))
            assert ("uvloop" in names) == (not name.startswith("windows"))
            assert ("pywinpty" in names) == name.startswith("windows")
            assert all(pin.hashes for pin in pins)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--platform", "windwos"], "windows-x86_64"),
        (["--python", "2.7"], "Choose one of: 3.11, 3.12"),
    ],
)
@pytest.mark.usefixtures("room")
def test_a_wrong_word_is_told_what_there_is(arguments: list[str], says: str) -> None:
    result = CliRunner().invoke(main, ["wheelhouse", *arguments])
    assert result.exit_code == 2
    assert says in result.output
    assert "Traceback" not in result.output


def test_the_command_tells_each_step_and_where_it_all_is(room: Room) -> None:
    room.has("lamps")
    words = ["--platform", "linux-x86_64", "--python", "3.13"]
    result = CliRunner().invoke(main, ["wheelhouse", *words])
    assert result.exit_code == 0, result.output
    assert "1 of 1: Python 3.13 on linux-x86_64: all there" in result.output
    assert "Collected 0 MB in 1 file for Python 3.13 on linux-x86_64" in result.output
    assert str(room.to) in result.output


# --- the way back


def lay(folder: Path, locks: dict[str, str], python: str = f"{PYTHON[0]}.{PYTHON[1]}") -> Path:
    folder.mkdir(parents=True)
    machines = [platform.machine().lower()]
    words: dict[str, object] = {"python": python, "platform": "this one", "system": sys.platform}
    target = {**words, "machines": machines, "locks": locks}
    (folder / way_back.MANIFEST).write_text(json.dumps({"format": 1, "targets": [target]}), encoding="utf-8")
    return folder


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv(way_back.VARIABLE, raising=False)
    made = tmp_path / "コース one" / "course"
    made.mkdir(parents=True)
    return made


@pytest.mark.parametrize("place", ["wheelhouse", "../wheelhouse"])
def test_a_wheelhouse_in_the_course_or_beside_it_is_found(
    root: Path, place: str, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = lay((root / place).resolve(), {"lab": "d"})
    assert way_back.find(root, "lab", "d", PYTHON) == folder
    assert "without the network" in capsys.readouterr().out


def test_no_wheelhouse_is_the_ordinary_case(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (root / "wheelhouse").mkdir()  # a folder of that name, for something else
    assert way_back.find(root, "lab", "d", PYTHON) is None
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    ("locks", "python", "profile", "says"),
    [
        ({"lab": "old"}, PYTHON, "lab", "other lock files"),
        ({"lab": "d"}, PYTHON, "all", "--all"),
        ({"lab": "d"}, (3, 10), "lab", "this is Python 3.10"),
    ],
)
def test_one_that_does_not_fit_is_left_alone_or_stops_the_set_up_when_it_is_named(
    root: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    locks: dict[str, str],
    python: tuple[int, int],
    profile: str,
    says: str,
) -> None:
    folder = lay(root / "wheelhouse", locks)
    assert way_back.find(root, profile, "d", python) is None
    assert says in capsys.readouterr().out
    monkeypatch.setenv(way_back.VARIABLE, str(folder))
    with pytest.raises(WheelhouseError, match=f"{says}.*{way_back.VARIABLE}"):
        way_back.find(root, profile, "d", python)


@pytest.mark.parametrize("content", [None, "{", "[]", '{"format": 7, "targets": []}', '{"format": 1, "targets": [3]}'])
def test_a_named_folder_that_is_no_wheelhouse_stops_the_set_up(
    root: Path, monkeypatch: pytest.MonkeyPatch, content: str | None
) -> None:
    folder = root / "stick"
    folder.mkdir()
    if content is not None:
        (folder / way_back.MANIFEST).write_text(content, encoding="utf-8")
    monkeypatch.setenv(way_back.VARIABLE, str(folder))
    with pytest.raises(WheelhouseError, match="stick"):
        way_back.find(root, "lab", "d", PYTHON)


def test_a_wheelhouse_can_be_left_aside(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lay(root / "wheelhouse", {"lab": "d"})
    monkeypatch.setenv(way_back.VARIABLE, "no")
    assert way_back.find(root, "lab", "d", PYTHON) is None


def test_what_is_collected_here_fits_here(room: Room) -> None:
    python, name = this_machine()
    if name is None or python not in wheelhouse.PYTHONS:
        pytest.skip("the course collects nothing for this machine")
    room.has("lamps")
    room.collect(Target(python, name))
    digest = Environment(room.root, room.root / ".venv")._lock_digest("lab")
    assert way_back.find(room.root, "lab", digest, PYTHON) == room.to
    room.has("bulbs")
    assert way_back.find(room.root, "lab", manifest.lock_digest(room.root, "lab"), PYTHON) is None


@pytest.mark.parametrize("uv", [True, False])
def test_uv_and_pip_are_kept_off_the_network(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, root: Path, uv: bool
) -> None:
    (root / "requirements").mkdir()
    (root / "requirements" / "lab.txt").write_text("lamps==1\n", encoding="utf-8")
    calls: list[list[str]] = []
    monkeypatch.setattr(installing, "watched", lambda _title, command, *_: calls.append(command))
    monkeypatch.setattr(shutil, "which", lambda _name: "/bin/uv" if uv else None)
    monkeypatch.setattr(installing, "_relative_path_file", lambda *_: None)
    installing.install(Path(sys.executable), tmp_path, root, "lab", tmp_path / "コース wheels")
    fetching = [call for call in calls if "install" in call]
    assert len(fetching) == (2 if uv else 3)
    for call in fetching:
        assert call[call.index("--find-links") + 1] == str(tmp_path / "コース wheels")
        assert "--no-index" in call
        assert ("--offline" in call) == uv


def test_a_set_up_that_fails_on_a_wheelhouse_says_so_and_not_to_look_at_the_network(tmp_path: Path) -> None:
    error = CommandFailed(["pip"], 1, "No matching distribution found for lamps==1")
    text = installing.explained(error, tmp_path / "stick")
    assert "stick" in text
    assert "HTTPS_PROXY" not in text
