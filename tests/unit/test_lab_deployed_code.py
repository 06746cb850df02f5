"""A check names the file that has changed since its function was deployed, if the function ran as $LATEST."""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from serverless_first import course
from serverless_first.lab import Attempt
from serverless_first.lab.deployed_code import newer_file

BEGAN_MS = 1_000
DEPLOYED, SAVED = "def handler(event, context):\n    return 1\n", "def handler(event, context):\n    return 2\n"


class NoSuchGroup(Exception):
    """What CloudWatch Logs raises for a function that was never called."""


class Cloud:
    """Lambda and CloudWatch Logs: functions with their packages, and the log streams of each log group."""

    exceptions = SimpleNamespace(ResourceNotFoundException=NoSuchGroup)

    def __init__(self, packages: Mapping[str, Path]) -> None:
        self.packages = dict(packages)
        self.groups: dict[str, str] = {}
        self.streams: dict[str, list[str]] = {}

    def get_paginator(self, operation: str) -> Cloud:
        assert operation == "list_functions"
        return self

    def paginate(self) -> list[dict[str, Any]]:
        settings = {name: {"LoggingConfig": {"LogGroup": group}} for name, group in self.groups.items()}
        return [{"Functions": [{"FunctionName": name, **settings.get(name, {})}]} for name in self.packages]

    def get_function(self, *, FunctionName: str) -> dict[str, Any]:
        return {"Code": {"Location": self.packages[FunctionName].as_uri()}}

    def filter_log_events(self, *, logGroupName: str, startTime: int) -> dict[str, Any]:
        assert startTime == BEGAN_MS
        if logGroupName not in self.streams:
            raise NoSuchGroup
        return {"events": [{"logStreamName": stream} for stream in self.streams[logGroupName]]}


@pytest.fixture
def cloud(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Cloud:
    """The function `price` is deployed, and its file beside the notebook was saved since; `stamp` is as deployed."""
    (tmp_path / "learner").mkdir()
    monkeypatch.chdir(tmp_path / "learner")
    packages = {name: tmp_path / f"{name}.zip" for name in ("price", "stamp")}
    for name, path in packages.items():
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr(f"{name}.py", DEPLOYED)
            archive.writestr("library.py", DEPLOYED)  # the learner has no such file
        Path(f"{name}.py").write_text(SAVED if name == "price" else DEPLOYED, encoding="utf-8", newline="\n")
    made = Cloud(packages)
    monkeypatch.setattr(Attempt, "client", lambda *_: made)
    return made


@pytest.fixture
def told(cloud: Cloud) -> Callable[[], str]:
    """What a check adds to its message."""
    assert cloud.packages
    return lambda: newer_file(Attempt(course.load().module("00").tasks[0]), BEGAN_MS)


LATEST, VERSION = "2026/11/28/[$LATEST]0b1c", "2026/11/28/[1]7f3a"
CHANGED = (
    "price.py has changed since you deployed price, and Lambda still runs the deployed code. "
    "Run the cell that deploys it, then run this check again"
)


@pytest.mark.parametrize(
    ("streams", "says"),
    [
        ([LATEST], CHANGED),
        ([LATEST, LATEST], CHANGED),
        ([LATEST, VERSION], CHANGED),
        ([VERSION, VERSION, LATEST], CHANGED),
        ([VERSION], ""),  # a version is meant to stay as it was published
        ([], ""),
    ],
)
def test_a_changed_file_is_named_if_latest_ran_whatever_ran_as_well(
    cloud: Cloud, told: Callable[[], str], streams: list[str], says: str
) -> None:
    cloud.streams["/aws/lambda/price"] = streams
    assert told() == says


def test_a_function_that_was_never_called_is_passed_over(cloud: Cloud, told: Callable[[], str]) -> None:
    assert told() == ""
    cloud.packages["another"] = cloud.packages["stamp"]
    cloud.packages["price"] = cloud.packages.pop("price")  # now the last one
    cloud.streams["/aws/lambda/price"] = [LATEST]
    assert told() == CHANGED


def test_a_file_that_is_as_it_was_deployed_is_not_named(cloud: Cloud, told: Callable[[], str]) -> None:
    cloud.streams["/aws/lambda/stamp"] = [LATEST]
    assert told() == ""
    cloud.streams["/aws/lambda/price"] = [LATEST]
    Path("price.py").unlink()
    assert told() == ""


def test_a_log_group_of_its_own_is_read(cloud: Cloud, told: Callable[[], str]) -> None:
    cloud.groups["price"] = "/hikari/prices"
    cloud.streams["/aws/lambda/price"] = [VERSION]
    cloud.streams["/hikari/prices"] = [LATEST]
    assert told() == CHANGED


def test_a_package_that_cannot_be_read_says_nothing(cloud: Cloud, told: Callable[[], str]) -> None:
    cloud.streams["/aws/lambda/price"] = [LATEST]
    cloud.packages["price"].write_bytes(b"no zip archive")
    assert told() == ""
    cloud.packages["price"].unlink()
    assert told() == ""
