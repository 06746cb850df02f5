"""One local cloud for each worker, emptied after each test; programs in their own processes."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest

import serverless_cloud as cloud
from kits import cloud_kit
from serverless_cloud import client
from serverless_cloud.lambda_ import forking


@pytest.fixture(scope="module")
def cloud_of_module(request: pytest.FixtureRequest) -> Iterator[cloud.Cloud]:
    """The worker's local cloud; both_ways.py asks for one that starts a new program for each environment."""
    if getattr(request, "param", "on") == "on":
        with cloud_kit.cloud_with() as aws:
            yield aws
    else:
        stop_cloud()
        with patch.dict(os.environ, {forking.SWITCH: request.param}), cloud.start() as aws:
            yield aws


def cloud_of(**changes: Any) -> Any:
    """A file's own fixture `cloud_of_module`: the worker's local cloud with these settings."""

    @pytest.fixture(scope="module")
    def cloud_of_module() -> Iterator[cloud.Cloud]:
        with cloud_kit.cloud_with(**changes) as aws:
            yield aws

    return cloud_of_module


def stop_cloud() -> None:
    """Ends the worker's local cloud, if there is one."""
    if client._running is not None:
        client._running.stop()


@pytest.hookimpl(trylast=True)
def pytest_runtest_teardown(item: pytest.Item, nextitem: pytest.Item | None) -> None:
    """Stops the cloud after a file, unless the next file also uses it: other files need a process without one."""
    shares = nextitem is not None and "cloud_of_module" in getattr(nextitem, "fixturenames", ())
    if not shares and (nextitem is None or nextitem.path != item.path):
        stop_cloud()


@pytest.fixture
def aws(cloud_of_module: cloud.Cloud) -> Iterator[cloud.Cloud]:
    """The worker's local cloud, empty."""
    yield cloud_of_module
    cloud_of_module.reset()


@pytest.fixture
def kit(aws: cloud.Cloud) -> Any:
    """cloud_kit (deploy, invoke, eventually and so on) with the worker's local cloud under it."""
    del aws
    return cloud_kit


@pytest.fixture
def tools() -> Any:
    """cloud_kit without a local cloud."""
    return cloud_kit


TESTS = Path(__file__).resolve().parents[1]


class Program:
    """A Python program in its own process, with its own home folder.

    It sends messages to the test with `cloud_kit.say`, and waits for the test by reading standard input.
    """

    def __init__(self, source: str, home: Path, environ: dict[str, str], *, own_group: bool) -> None:
        home.mkdir(parents=True, exist_ok=True)
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("AWS_", "MOTO_")) and "proxy" not in k.lower()}
        own = {
            "HOME": str(home),
            "USERPROFILE": str(home),
            "PYTHONPATH": os.pathsep.join((str(TESTS), str(TESTS.parents[1]))),
        }
        self.process = subprocess.Popen(
            [sys.executable, "-X", "utf8", "-c", source],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=kept | own | environ,
            encoding="utf-8",
            start_new_session=own_group,
        )
        self._guard_time = threading.Timer(60.0, self.process.kill)  # a program that hangs fails its test
        self._guard_time.start()

    def hear(self) -> dict[str, Any]:
        """Returns the program's next message. Fails with its error output if it exits first."""
        assert self.process.stdout is not None
        assert self.process.stderr is not None
        for line in self.process.stdout:
            if line.startswith("@"):
                said: dict[str, Any] = json.loads(line[1:])
                return said
        wrong = self.process.stderr.read()
        pytest.fail(f"The program exited with {self.process.wait(60)} without sending a message:\n{wrong}")

    def go_on(self) -> None:
        """Sends the newline that the program's input() waits for."""
        assert self.process.stdin is not None
        self.process.stdin.write("\n")
        self.process.stdin.flush()

    def end(self) -> None:
        """Closes the program's input and fails unless it exits with code 0."""
        assert self.process.stdin is not None
        assert self.process.stderr is not None
        self.process.stdin.close()
        errors = self.process.stderr.read()
        assert self.process.wait(30) == 0, errors

    def close(self) -> None:
        """Kills the program and closes its pipes, in any state."""
        self._guard_time.cancel()
        self.process.kill()
        self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout, self.process.stderr):
            if pipe is not None and not pipe.closed:
                with contextlib.suppress(BrokenPipeError):
                    pipe.close()


@pytest.fixture(scope="session")
def program_class() -> type[Program]:
    """For a fixture that starts a program itself."""
    return Program


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """The home folder of the programs that a test starts."""
    return tmp_path / "home"


@pytest.fixture
def tries(tmp_path: Path) -> Path:
    """The folder in which a handler notes its tries."""
    folder = tmp_path / "tries"
    folder.mkdir()
    return folder


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """The folder for temporary files of the programs, with spaces and letters of other languages."""
    folder = tmp_path / "temporär 電球 files"
    folder.mkdir()
    return folder


@pytest.fixture
def program(home: Path) -> Iterator[Callable[..., Program]]:
    """Starts Python programs: `program(source, NAME="value", own_group=False)`; kills them after the test."""
    started: list[Program] = []

    def start(source: str, *, own_group: bool = False, **environ: str) -> Program:
        started.append(Program(source, home, environ, own_group=own_group))
        return started[-1]

    yield start
    for each in started:
        each.close()
