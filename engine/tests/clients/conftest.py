"""The clients, installed once in pytest's cache folder, and a local cloud for each file."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from kits import client_kit
from kits.client_kit import Shell


@pytest.fixture(scope="session")
def clients(request: pytest.FixtureRequest) -> Path:
    """The folder of the installed clients, which the next run finds again."""
    return request.config.cache.mkdir("clients")


@pytest.fixture(scope="module")
def environ(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """The environment variables of a client of this file's local cloud."""
    with client_kit.server(tmp_path_factory.mktemp("home")) as environ:
        yield environ


@pytest.fixture
def shell(environ: dict[str, str], tmp_path: Path) -> Callable[..., Shell]:
    """Makes a shell that finds these folders of programs first: `shell(folder, ...)`."""

    def make(*programs: Path) -> Shell:
        path = os.pathsep.join([*map(str, programs), environ["PATH"]])
        return Shell(tmp_path, environ | {"PATH": path})

    return make
