"""Collects the Python files that the task needs into a zip for the browser: boto3, moto, pytest and what they import.

A package is far larger than the part that the task uses. So the task runs here first, under watch, and only the files
that took go into the zip, with some folders that an answer may reach beyond them.
"""

from __future__ import annotations

import importlib.metadata
import io
import json
import re
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterable
from pathlib import Path

TASK = Path(__file__).parent / "task"
_WATCH = Path(__file__).parent / "watch.py"
_SERVICES = ("dynamodb", "sqs")
#: Files that the task doesn't use, but an answer may: patterns below the folder of installed packages.
_MORE = (
    "boto3/**/*.py", "botocore/*.py", "botocore/retries/*.py", "moto/core/**/*.py", "moto/dynamodb/**/*.py",
    "moto/dynamodb/**/*.txt", "moto/sqs/**/*.py", "moto/utilities/*.py", "_pytest/**/*.py",
    *(f"boto3/data/{service}/**/*.json" for service in _SERVICES),
    *(f"botocore/data/{service}/**/*.json*" for service in _SERVICES),
    "botocore/data/_retry.json", "markupsafe/*.py", "charset_normalizer/*.py", "urllib3/contrib/emscripten/*",
)  # fmt: skip
_NOT = re.compile(r"/(?:__pycache__|examples-1)|^_distutils_hack/|^__editable__")
_NOTICE = re.compile(r"\.dist-info/(?:METADATA$|.*(?:licen[cs]e|notice|copying))", re.IGNORECASE)
_EARLIEST = (1980, 1, 1, 0, 0, 0)  # the same files give the same zip


class PackingFailed(Exception):
    """The files could not be collected; the message says why."""


def collected() -> dict[str, Path]:
    """The files of installed packages that the task needs, by their paths in the zip.

    Raises:
        PackingFailed: the task doesn't run here, or its solution isn't right.
    """
    place = Path(str(importlib.metadata.distribution("moto").locate_file("")))
    names = set(_watched())
    for pattern in _MORE:
        names |= {path.relative_to(place).as_posix() for path in place.glob(pattern) if path.is_file()}
    names = {name for name in names if not _NOT.search(name)}
    return {name: place / name for name in sorted(names | set(_notices(names)))}


def _watched() -> list[str]:
    """Runs the task with its start and its solution in another process; returns the files that took."""
    with tempfile.TemporaryDirectory(prefix="serverless-first-", ignore_cleanup_errors=True) as folder:
        for name in task_files():
            shutil.copyfile(TASK / name, Path(folder) / name)
        answers = [str(TASK / "start.py"), str(TASK / "solution.py")]
        command = [sys.executable, "-I", "-B", "-X", "utf8", str(_WATCH), folder, *answers]
        done = subprocess.run(command, capture_output=True, encoding="utf-8", timeout=300)
    try:
        report = json.loads(done.stdout)
    except ValueError:
        last = (done.stderr.strip().splitlines() or ["it printed nothing"])[-1]
        raise PackingFailed(f"the task doesn't run here: {last}") from None
    if report["states"] != ["not started", "passed"]:
        raise PackingFailed(f"the task's start and its solution are judged {' and '.join(report['states'])}")
    return list(report["files"])


def _notices(names: Iterable[str]) -> list[str]:
    """The metadata and licenses of the distributions that own these files."""
    tops = {name.partition("/")[0].removesuffix(".py") for name in names}
    owners = importlib.metadata.packages_distributions()
    distributions = {owner for top in tops for owner in owners.get(top, [])}
    files = [file for owner in sorted(distributions) for file in importlib.metadata.files(owner) or []]
    return [file.as_posix() for file in files if _NOTICE.search(file.as_posix())]


def task_files() -> list[str]:
    """The names of the task's own files."""
    return sorted(path.name for path in TASK.glob("*.py") if path.name != "__init__.py")


def zipped(files: dict[str, Path]) -> bytes:
    """A zip of the files in `packages/`, and of the task in `task/`."""
    inside = {f"packages/{name}": path for name, path in files.items()}
    inside |= {f"task/{name}": TASK / name for name in task_files()}
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name, path in sorted(inside.items()):
            archive.writestr(zipfile.ZipInfo(name, _EARLIEST), path.read_bytes(), zipfile.ZIP_DEFLATED, 9)
    return buffer.getvalue()
