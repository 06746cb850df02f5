"""Collects the files of the locked packages with pip, a few at a time. A second call continues."""

from __future__ import annotations

import errno
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from serverless_first.course.places import course_root
from serverless_first.publish.wheelhouse import manifest, source
from serverless_first.publish.wheelhouse.pins import Folder, Pin, pins_for
from serverless_first.publish.wheelhouse.targets import Target

NEEDED_MB = {"lab": 270, "all": 480}  # for each target; measured, rounded up
AT_A_TIME = 6
PATIENCE = ("--retries=2", "--timeout=20", "--progress-bar=off")
NO_WHEEL = re.compile(r"No matching distribution found for ([\w.-]+?)(?:\[[^\]]*\])?==")
NO_NETWORK = re.compile(
    r"Failed to establish|NewConnectionError|Max retries|ConnectionError|ConnectionResetError|ProxyError"
    r"|Connection (?:to|broken|timed out|aborted)|ReadTimeout|Temporary failure in name"
    r"|Name or service not known"
    r"|getaddrinfo failed|Network is unreachable|Could not fetch URL"
)
# Settings of the machine that would choose other files than the locked ones; index, proxies and certificates stay.
DROPPED = (
    *("PIP_CONSTRAINT", "PIP_REQUIREMENT", "PIP_TARGET", "PIP_PLATFORM", "PIP_NO_BINARY", "PIP_ONLY_BINARY"),
    *("PIP_DEST", "PIP_PRE", "PIP_PREFER_BINARY", "PIP_UPLOADED_PRIOR_TO", "PIP_QUIET", "PIP_USER", "PIP_EDITABLE"),
)
Report = Callable[[int, int, str], None]


class CannotCollect(RuntimeError):
    """The wheelhouse is not whole; the message says why, what is there, and what to do."""


@dataclass(frozen=True)
class Collected:
    """A wheelhouse that is whole: its folder, the number of files and their size in MB."""

    folder: Path
    files: int
    size_mb: int


def collect(to: Path, targets: Sequence[Target], profile: str = "lab", *, report: Report) -> Collected:
    """Lays every locked file into a folder, with a list of what it holds and a page that says how to use it.

    Args:
        to: the folder; it is made if need be, and files that are there already are not fetched again.
        targets: the machines of the room, at least one.
        profile: "lab" (what `make lab` installs) or "all" (what `make env` installs: slides and tests too).
        report: gets after each step how many files are there, how many are wanted, and what comes next.

    Raises:
        CannotCollect: no network, a full disk, a package without a file for a target, no pip.
    """
    root = course_root()
    locks = (root / "requirements" / "installer.txt", root / "requirements" / f"{profile}.txt")
    everything = root / "requirements" / "all.txt"
    if find_spec("pip") is None:
        raise CannotCollect(
            "This environment has no pip, which fetches the files. Run `make env`, then repeat the command."
        )
    try:
        to.mkdir(parents=True, exist_ok=True)
        for target in targets:
            _Collecting(to, target, pins_for(target, *locks), pins_for(target, everything), report).run(profile)
            manifest.add(to, root, target, profile)
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise CannotCollect(_full(to)) from error
        raise CannotCollect(
            f"{to} cannot be written: {error.strerror or error}. Name another folder with --to."
        ) from error
    files = [path for path in to.iterdir() if path.name.endswith((".whl", ".tar.gz"))]
    return Collected(to, len(files), round(sum(path.stat().st_size for path in files) / 1e6))


@dataclass(frozen=True)
class _Failed:
    """A call of pip that failed, with its output and its log."""

    output: str
    log: str


class _Collecting:
    """One target. `known` are pins of the whole course, from which a source's build packages come if possible."""

    def __init__(self, to: Path, target: Target, pins: list[Pin], known: list[Pin], report: Report) -> None:
        self._to, self._target, self._pins, self._report = to, target, pins, report
        self._known = {pin.name: pin for pin in known}
        self._folder = Folder(to)

    def run(self, profile: str) -> None:
        missing = [pin for pin in self._pins if self._folder.file_of(pin, self._target) is None]
        if missing:
            self._need_room(profile, len(missing))
        for pin in missing:
            self._folder.drop_broken(pin)
        while missing:
            batch = missing[:AT_A_TIME]
            self._say(missing, batch[0].name)
            without_wheel = self._fetch(batch)
            for pin in without_wheel:
                self._say(missing, f"{pin.name}, its source")
                self._fetch_source(pin)
            rest = [pin for pin in batch if self._folder.file_of(pin, self._target) is None]
            if len(rest) == len(batch) and not without_wheel:
                raise CannotCollect(self._state(f"pip did not fetch a file of {batch[0].name}"))
            missing = rest + missing[AT_A_TIME:]
        self._sources_can_be_built()
        self._say([], "all there")

    def _fetch(self, batch: list[Pin]) -> list[Pin]:
        """Fetches wheels; returns the pins of the batch that have none for the target."""
        without: list[Pin] = []
        while batch:
            failed = self._pip([*self._target.pip_options(), "--no-deps"], batch)
            if failed is None:
                break
            match = NO_WHEEL.search(failed.output)
            lacking = [pin for pin in batch if match and pin.name == canonicalize_name(match[1])]
            if not lacking or NO_NETWORK.search(failed.output):
                raise self._explained(failed.output)
            without += lacking
            batch = [pin for pin in batch if pin not in lacking]
        return without

    def _fetch_source(self, pin: Pin) -> None:
        failed = self._pip(["--no-deps", f"--no-binary={pin.name}"], [pin])
        if failed is None:
            return
        if NO_NETWORK.search(failed.output):
            raise self._explained(failed.output)
        if NO_WHEEL.search(failed.output):
            problem = f"{pin.name} {pin.version} has no file for {self._target}. Choose another --python"
            raise CannotCollect(self._state(problem))
        if not source.fetch(pin, failed.log, self._to):
            raise self._explained(failed.output)

    def _sources_can_be_built(self) -> None:
        """Adds the packages that build a package without a wheel, because it is built in the room."""
        for pin in self._pins:
            file = self._folder.file_of(pin, self._target)
            if file is None or file.suffix == ".whl":
                continue
            for text in source.build_requirements(file):
                known = self._known.get(canonicalize_name(Requirement(text).name))
                if known and Requirement(text).specifier.contains(known.version, prereleases=True):
                    if self._folder.file_of(known, self._target) is None and self._fetch([known]):
                        raise CannotCollect(self._state(f"{known.name} has no wheel for {self._target}"))
                elif failed := self._pip(self._target.pip_options(), [text]):
                    raise self._explained(failed.output)

    def _pip(self, options: list[str], requirements: Sequence[Pin | str]) -> _Failed | None:
        """Calls `pip download`; None when all went well."""
        env = {name: value for name, value in os.environ.items() if name not in DROPPED}
        with tempfile.TemporaryDirectory(prefix="serverless-first-", ignore_cleanup_errors=True) as folder:
            file = Path(folder) / "wanted.txt"
            pins = (
                requirement.lines if isinstance(requirement, Pin) else f"{requirement}\n"
                for requirement in requirements
            )
            file.write_text("".join(pins), encoding="utf-8", newline="\n")
            start = [sys.executable, "-I", "-m", "pip", "download", "--disable-pip-version-check", "--no-input"]
            log = Path(folder) / "log.txt"
            command = [*start, *PATIENCE, *options, f"--log={log}", f"--dest={self._to}", "-r", str(file)]
            done = subprocess.run(
                command, env=env, stdin=subprocess.DEVNULL, capture_output=True, encoding="utf-8", errors="replace"
            )
            if done.returncode == 0:
                return None
            log_text = log.read_text(encoding="utf-8", errors="replace") if log.exists() else ""
        # "No matching distribution" is all that pip says when the index did not answer. Only its log says why.
        reasons = [ln for ln in log_text.splitlines() if "Could not fetch URL" in ln and "404 Client Error" not in ln]
        return _Failed("\n".join([*reasons, done.stdout, done.stderr]), log_text)

    def _need_room(self, profile: str, missing: int) -> None:
        needed_mb = NEEDED_MB[profile] * missing // max(len(self._pins), 1)
        free_mb = shutil.disk_usage(self._to).free // 10**6
        if free_mb < needed_mb:
            raise CannotCollect(
                f"The disk of {self._to} is full: {free_mb:,} MB are free, about {needed_mb:,} MB are needed for "
                f"{self._target}. Free some space, or name a folder on another disk with --to."
            )

    def _explained(self, output: str) -> CannotCollect:
        if "No space left" in output or "not enough space" in output.lower():
            return CannotCollect(_full(self._to))
        if NO_NETWORK.search(output):
            return CannotCollect(
                self._state("The package index cannot be reached")
                + " Check the network. Behind a proxy or with a mirror, set HTTPS_PROXY or PIP_INDEX_URL."
            )
        if "HASHES" in output:
            return CannotCollect(
                self._state("A file differs from the file that this course was tested with")
                + " Do not use it. Try another index, or tell the maintainers."
            )
        lines = [line for line in output.splitlines() if line.strip()]
        return CannotCollect("\n".join([*lines[-8:], self._state("pip failed")]))

    def _state(self, problem: str) -> str:
        there = sum(self._folder.file_of(pin, self._target) is not None for pin in self._pins)
        return (
            f"{problem}. For {self._target}, {there} of {len(self._pins)} packages are in {self._to} and are kept. "
            "Repeat the command to continue."
        )

    def _say(self, missing: list[Pin], now: str) -> None:
        self._report(len(self._pins) - len(missing), len(self._pins), f"{self._target}: {now}")


def _full(to: Path) -> str:
    return (
        f"The disk of {to} is full. The files there are kept. Free some space, then repeat the command, or name "
        "another disk with --to."
    )
