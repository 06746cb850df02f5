"""What the tests of a running class share: a folder, and a class of two."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from serverless_first.teach.classroom.running import Running


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    """The class's folder. Students' accounts can reach it, but not pytest's own folders."""
    path = Path(tempfile.mkdtemp(prefix="class-"))
    path.chmod(0o711)
    yield path
    shutil.rmtree(path)


@pytest.fixture(scope="module")
def the_class(folder: Path) -> Iterator[Running]:
    """A running class of two. Only nightly tests ask for it: its packages are in the extra `class`."""
    from tests.classroom.class_kit import NAMES

    from serverless_first.teach.classroom.running import running

    with running(folder / "room", NAMES, port=0, memory_mb=1400) as now:
        yield now


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    """Headless Chromium, for which every name below class.test is this machine."""
    from playwright.sync_api import sync_playwright
    from tests.classroom.class_kit import NETWORK

    from serverless_first.course.chromium import arguments, find_chromium

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=find_chromium(),
            args=arguments(f"--host-resolver-rules=MAP *.{NETWORK} 127.0.0.1, MAP {NETWORK} 127.0.0.1"),
        )
        yield browser
        browser.close()
