"""The doctor names what is wrong with a machine and what to do about it."""

from __future__ import annotations

import errno
import os
import subprocess
from pathlib import Path, PureWindowsPath

import pytest

from serverless_first.cli import doctor


def test_packages_within_their_bounds_are_fine() -> None:
    assert doctor.packages(["click>=8", "rich"]).state == "ok"


def test_a_missing_package_and_one_out_of_bounds_are_named_with_advice() -> None:
    found = doctor.packages(["click>=999", "hikari-lamps>=1"])
    assert found.state == "red"
    assert "and >=999 is needed" in found.detail
    assert "hikari-lamps is missing" in found.detail
    assert "make lab" in found.advice


def test_a_package_for_another_system_is_not_missed() -> None:
    assert doctor.packages(["hikari-lamps; sys_platform == 'amiga'", "click"]).detail.startswith("1 ")


def test_local_ports_are_reached_past_a_proxy_that_is_dead(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    found = doctor.loopback()
    assert found.state == "note"
    assert "NO_PROXY" in found.advice


def test_local_ports_that_cannot_be_bound_are_red(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(doctor, "HTTPServer", refuse)
    found = doctor.loopback()
    assert found.state == "red"
    assert "Permission denied" in found.detail
    assert "firewall" in found.advice


def test_a_folder_that_can_be_written_is_fine_and_left_as_it_was(tmp_path: Path) -> None:
    assert doctor.writable("files", tmp_path / "新しい folder").state == "ok"
    assert list((tmp_path / "新しい folder").iterdir()) == []


def test_a_file_in_the_place_of_the_folder_is_red(tmp_path: Path) -> None:
    (tmp_path / "work").write_text("", encoding="utf-8")
    found = doctor.writable("files in work/", tmp_path / "work")
    assert found.state == "red"
    assert str(tmp_path / "work") in found.detail
    assert found.advice


def test_processes_that_may_not_start_are_red(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(subprocess, "run", refuse)
    assert doctor.processes().state == "red"


def test_processes_start_on_this_machine() -> None:
    assert doctor.processes().state == "ok"


@pytest.mark.parametrize(("free_mb", "state"), [(299, "red"), (301, "note"), (2000, "ok")])
def test_a_disk_that_fills_is_noted_then_red(free_mb: int, state: str, monkeypatch: pytest.MonkeyPatch) -> None:
    class Usage:
        free = free_mb * 2**20

    monkeypatch.setattr(doctor.shutil, "disk_usage", lambda _path: Usage)  # type: ignore[attr-defined]
    found = doctor.disk()
    assert found.state == state
    assert bool(found.advice) == (state != "ok")


def test_a_check_that_breaks_is_a_red_line_and_the_others_go_on(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken() -> doctor.Finding:
        raise RuntimeError("no such thing")

    monkeypatch.setattr(doctor, "memory", broken)
    findings = list(doctor.examine())
    assert [f.state for f in findings if "no such thing" in f.detail] == ["red"]
    assert findings[-1].name == "path"


def test_a_drive_that_is_not_there_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    class Unplugged(PureWindowsPath):
        def exists(self) -> bool:
            return False

    monkeypatch.setattr(doctor, "work_dir", lambda: Unplugged(r"Z:\course\work"))
    found = doctor.disk()
    assert (found.state, found.detail) == ("red", "Z:\\ does not exist")
    assert "SERVERLESS_FIRST_WORK" in found.advice


def test_every_red_line_and_note_says_what_to_do() -> None:
    assert [f for f in doctor.examine() if f.state != "ok" and not f.advice] == []


@pytest.mark.skipif(os.name == "nt", reason="Windows has no user without a home folder")
def test_a_missing_home_folder_is_noted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    assert doctor.home().state == "ok"
    monkeypatch.setenv("HOME", str(tmp_path / "nowhere"))
    found = doctor.home()
    assert found.state == "note"
    assert "set HOME" in found.advice


def test_a_full_disk_is_told_from_a_missing_right(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(number: int) -> None:
        def fail(*_: object, **__: object) -> None:
            raise OSError(number, os.strerror(number))

        monkeypatch.setattr(doctor.tempfile, "TemporaryDirectory", fail)  # type: ignore[attr-defined]

    refuse(errno.ENOSPC)
    assert doctor.writable("files", tmp_path).advice == "Free some space on this folder's disk."
    refuse(errno.EROFS)
    assert "set TMPDIR to your own folder" in doctor.writable("files", tmp_path, "TMPDIR").advice
