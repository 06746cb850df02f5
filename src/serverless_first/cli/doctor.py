"""`serverless-first doctor`: looks at this machine, and says what is missing and what to do about it."""

from __future__ import annotations

import errno
import importlib.metadata
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import tomllib
import urllib.request
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any, Literal

# psutil and packaging are imported where they are used, so that the doctor can say that they are missing.
from serverless_first.course.chromium import find_chromium
from serverless_first.course.places import CourseNotFound, course_root, has_home, work_dir

State = Literal["ok", "note", "red"]
DISK_RED_MB, DISK_NOTE_MB = 300, 1024
MEMORY_RED_MB, MEMORY_NOTE_MB = 400, 1024
LONG_PATH = 120  # characters; Windows allows 260 for the longest file below


@dataclass(frozen=True)
class Finding:
    """The result for one thing. `advice` says what to do, and is empty if nothing is to be done."""

    name: str
    state: State
    detail: str
    advice: str = ""


def examine() -> Iterator[Finding]:
    """Looks at everything, one finding after the other; never raises."""
    checks: list[Callable[[], Finding]] = [
        python,
        packages,
        loopback,
        lambda: writable("files in work/", work_dir()),
        lambda: writable("temporary files", Path(tempfile.gettempdir()), "TMPDIR"),
        home,
        processes,
        postgresql,
        chromium,
        pgbouncer,
        memory,
        disk,
        path,
    ]
    for check in checks:
        try:
            yield check()
        except CourseNotFound as error:
            yield Finding("the course", "red", "not found", str(error))
        except Exception as error:  # a fault in one check must not stop the other checks
            name = getattr(check, "__name__", "check").strip("<>")
            yield Finding(
                name, "red", f"{type(error).__name__}: {error}", "Please report this line to the maintainers."
            )


def python() -> Finding:
    """The interpreter's version, and whether PYTHONPATH leads it to packages outside its environment."""
    version = ".".join(map(str, sys.version_info[:3]))
    from packaging.specifiers import SpecifierSet

    needed = _project()["requires-python"]
    if not SpecifierSet(needed).contains(version):
        return Finding("Python", "red", version, f"Install Python {needed}, then run `make clean lab`.")
    if os.environ.get("PYTHONPATH"):
        return Finding(
            "Python",
            "note",
            f"{version}, PYTHONPATH is set",
            "If imports fail, unset PYTHONPATH.",
        )
    return Finding("Python", "ok", version)


def packages(needed: Iterable[str] | None = None) -> Finding:
    """The installed packages against the bounds of pyproject.toml.

    Args:
        needed: requirements such as "boto3>=1.44,<2"; by default the requirements of pyproject.toml.
    """
    from packaging.requirements import InvalidRequirement, Requirement

    needed = _project()["dependencies"] if needed is None else needed
    wrong, count = [], 0
    for text in needed:
        try:
            requirement = Requirement(text)
        except InvalidRequirement:
            wrong.append(f"pyproject.toml asks for {text!r}, which is not a valid requirement")
            continue
        if requirement.marker and not requirement.marker.evaluate():
            continue
        count += 1
        try:
            version = importlib.metadata.version(requirement.name)
        except importlib.metadata.PackageNotFoundError:
            wrong.append(f"{requirement.name} is missing")
            continue
        if not requirement.specifier.contains(version, prereleases=True):
            wrong.append(f"{requirement.name} {version} is installed, and {requirement.specifier} is needed")
    if wrong:
        return Finding(
            "packages",
            "red",
            "; ".join(wrong),
            "Run `make lab`. Without make, repeat the pip lines of README.md.",
        )
    return Finding("packages", "ok", f"{count} installed as pyproject.toml asks")


class _Hello(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "5")
        self.end_headers()
        self.wfile.write(b"hello")

    def log_message(self, format: str, *args: object) -> None:
        """Keeps the server quiet."""


def loopback() -> Finding:
    """Whether a port of 127.0.0.1 can be bound, and reached as the course and a browser reach it."""
    advice = "A firewall or security program is blocking connections to 127.0.0.1. Allow them for Python."
    try:
        server = HTTPServer(("127.0.0.1", 0), _Hello)
    except OSError as error:
        return Finding("local ports", "red", f"cannot be bound: {error}", advice)
    address = f"http://127.0.0.1:{server.server_port}/"
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    try:
        direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with direct.open(address, timeout=10) as answer:
            body = answer.read()
        if body != b"hello":
            return Finding("local ports", "red", f"another program answered: {body[:40]!r}", advice)
        proxies = urllib.request.getproxies()
        if proxies.get("http") and not urllib.request.proxy_bypass("127.0.0.1"):
            return Finding(
                "local ports",
                "note",
                "reached, but HTTP_PROXY is set and NO_PROXY does not name 127.0.0.1",
                "The course bypasses the proxy. For your own tools, set NO_PROXY=127.0.0.1,localhost.",
            )
    except OSError as error:
        return Finding("local ports", "red", f"cannot be reached: {error}", advice)
    finally:
        server.shutdown()
        server.server_close()
    return Finding("local ports", "ok", "bound and reached on 127.0.0.1")


def writable(name: str, folder: Path, variable: str = "SERVERLESS_FIRST_WORK") -> Finding:
    """Whether files can be made, moved and removed in a folder.

    Args:
        name: what to call it in the finding.
        folder: the folder, which is made if it does not exist.
        variable: the environment variable that names another folder instead.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder, prefix=".doctor-") as scratch:
            first = Path(scratch) / "照明.txt"
            first.write_text("lamp", encoding="utf-8")
            first.replace(first.with_name("lamp.txt"))
    except OSError as error:
        advice = (
            "Free some space on this folder's disk."
            if error.errno == errno.ENOSPC
            else f"Give yourself write permission there, or set {variable} to your own folder."
        )
        return Finding(name, "red", f"{folder}: {error.strerror or error}", advice)
    return Finding(name, "ok", str(folder))


def home() -> Finding:
    """Whether the user has a home folder."""
    if has_home():
        return Finding("home folder", "ok", str(Path.home()))
    return Finding(
        "home folder",
        "note",
        "missing or not writable",
        "`serverless-first lab` makes a home folder in work/ for JupyterLab. For your own tools, set HOME "
        "to a folder that you can write to.",
    )


def processes() -> Finding:
    """Whether a Python process can be started: each execution environment of a function is one."""
    try:
        done = subprocess.run([sys.executable, "-c", "print('started')"], capture_output=True, text=True, timeout=30)
    except (OSError, subprocess.SubprocessError) as error:
        return Finding("processes", "red", f"cannot be started: {error}", "Allow Python to start its own processes.")
    if done.stdout.strip() != "started":
        output = (done.stderr.strip() or "nothing").splitlines()[-1]
        return Finding(
            "processes",
            "red",
            f"a Python process printed: {output}",
            "Make the environment again: run `make clean lab`.",
        )
    return Finding("processes", "ok", "started and answered")


def postgresql() -> Finding:
    """PostgreSQL's server program, which modules 04 to 07 and 12 run."""
    from serverless_cloud.postgres import NoPostgres, from_environment, unprivileged_account

    try:
        installation = from_environment()
        unprivileged_account()
    except NoPostgres as error:
        return Finding("PostgreSQL", "note", "cannot run", f"{error} You can run modules 00 to 03 without PostgreSQL.")
    return Finding("PostgreSQL", "ok", f"{installation.version} in {installation.bin}")


def chromium() -> Finding:
    """A browser that programs can control. It prints the slides and runs the browser test."""
    if location := find_chromium():
        return Finding("Chromium", "ok", location)
    return Finding("Chromium", "note", "not found", "Optional. Only the PDF slides and the browser test use it.")


def pgbouncer() -> Finding:
    """PgBouncer, which module 05 compares the proxy with."""
    from serverless_first.shop.pgbouncer import program  # imported here for the same reason as psutil

    if location := program():
        return Finding("PgBouncer", "ok", location)
    return Finding("PgBouncer", "note", "not found", "Optional. Module 05 compares the proxy with it.")


def memory() -> Finding:
    """Free memory; fifty execution environments need about 300 MB."""
    import psutil

    free = psutil.virtual_memory().available // 2**20
    return _amount("memory", free, MEMORY_RED_MB, MEMORY_NOTE_MB, "Close other programs.")


def disk() -> Finding:
    """Free space where the learner's folder is."""
    work = work_dir()
    folder = next((candidate for candidate in (work, *work.parents) if candidate.exists()), None)
    if folder is None:
        advice = "Plug in its drive, or set SERVERLESS_FIRST_WORK to a folder that exists."
        return Finding("disk", "red", f"{work.anchor or work} does not exist", advice)
    free = shutil.disk_usage(folder).free // 2**20
    return _amount("disk", free, DISK_RED_MB, DISK_NOTE_MB, "Free some space on the disk of the course's folder.")


def path() -> Finding:
    """The length and the letters of the course's path."""
    text = str(course_root())
    notes = [f"{len(text)} characters"]
    try:
        text.encode(sys.getfilesystemencoding())
    except UnicodeEncodeError:
        return Finding("path", "red", repr(text), "Move the course to a folder whose name this system can write.")
    if not text.isascii() or " " in text:
        notes.append("with spaces or letters outside ASCII, which is fine")
    if os.name == "nt" and len(text) > LONG_PATH:
        return Finding(
            "path",
            "note",
            ", ".join(notes),
            "Windows may refuse long paths. Move the course to a shorter path, such as C:\\course.",
        )
    return Finding("path", "ok", ", ".join(notes))


def _project() -> dict[str, Any]:
    text = (course_root() / "pyproject.toml").read_text(encoding="utf-8")
    project: dict[str, Any] = tomllib.loads(text)["project"]
    return project


def _amount(name: str, free_mb: int, red_mb: int, note_mb: int, advice: str) -> Finding:
    amount = f"{free_mb:,} MB free"
    if free_mb < red_mb:
        return Finding(name, "red", amount, f"{advice} The course needs {red_mb} MB.")
    if free_mb < note_mb:
        return Finding(name, "note", amount, advice)
    return Finding(name, "ok", amount)
