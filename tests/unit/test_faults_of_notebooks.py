"""Whole notebooks on a strange machine: a checkout with a difficult path, 4 GB of memory (docs/faults.md).

Lessons 00 and 05 and lab 05 run here a second time, so only `make test-all` runs this file.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from tools.kill_kernels import Folders, run_to_the_end

ROOT = Path(__file__).resolve().parents[2]
NEEDED = ("src", "modules", "course.toml", "pyproject.toml", "facts")
LESSON_00, LESSON_05 = "notebooks/00-start-here.ipynb", "notebooks/05-rds-proxy.ipynb"
pytestmark = pytest.mark.thorough

#: Two notebooks in a control group of 4 GB; then what they were and what their processes held at most, in MB.
IN_4_GB = """
import json, os, sys, threading
from pathlib import Path
from serverless_first.teach.classroom.groups import Groups, NoGroups
from serverless_first.teach.classroom.limits import Limits
from tools.kill_kernels import Folders, run_to_the_end
try:
    groups = Groups.make(f"four-gigabytes-{os.getpid()}")
except NoGroups as reason:
    print(json.dumps({"skip": str(reason)}))
    sys.exit()
try:
    groups.seat("shop", Limits(share_mb=2867, memory_mb=4096, processes=2000))
    groups.enter("shop")
    held, over = [], threading.Event()
    def watch():
        while not over.wait(0.2):
            held.append(groups.memory_mb("shop"))
    threading.Thread(target=watch, daemon=True).start()
    names = ("notebooks/05-rds-proxy.ipynb", "solutions/05-rds-proxy.ipynb")
    fates = [run_to_the_end(name, Folders(Path(sys.argv[1]) / str(n))) for n, name in enumerate(names)]
    over.set()
    print(json.dumps({"failed": [f.failed for f in fates], "left": [f.left for f in fates], "most_mb": max(held)}))
finally:
    for root in set(groups.roots.values()):
        (root.parent / "cgroup.procs").write_text(str(os.getpid()))
    groups.remove()
"""


@pytest.fixture
def base() -> Iterator[Path]:
    """A folder that others may enter, with spaces and letters of other languages in its name."""
    made = Path(tempfile.mkdtemp(prefix="faults-"))
    made.chmod(0o711)
    folder = made / "山田 太郎's コース"
    folder.mkdir()
    yield folder
    shutil.rmtree(made)


def test_a_checkout_with_spaces_and_letters_of_other_languages(base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    copy = base / "serverless first 照明"
    copy.mkdir()
    for name in NEEDED:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(ROOT / name, copy / name)
    (copy / "notebooks").mkdir()
    for name in (LESSON_00, LESSON_05):
        shutil.copy(ROOT / name, copy / name)
    for name in ("USER", "LOGNAME", "USERNAME"):
        monkeypatch.setenv(name, "山田 太郎")
    for name, cells in ((LESSON_00, None), (LESSON_05, 9)):
        fate = run_to_the_end(name, Folders(base / Path(name).stem), copy, cells)
        assert (fate.failed, fate.left) == ("", []), fate


@pytest.mark.skipif(sys.platform != "linux", reason="control groups are Linux's")
def test_lesson_and_lab_05_run_in_4_gb(base: Path) -> None:
    environ = os.environ | {"PYTHONPATH": str(ROOT), "SERVERLESS_FIRST_ROOT": str(ROOT)}
    command = [sys.executable, "-c", IN_4_GB, str(base)]
    run = subprocess.run(command, env=environ, capture_output=True, encoding="utf-8", check=False, timeout=900)
    assert run.returncode == 0, run.stderr
    said = json.loads(run.stdout.splitlines()[-1])
    if "skip" in said:
        pytest.skip(said["skip"])
    assert said["failed"] == ["", ""], said
    assert said["left"] == [[], []], said
    assert 500 < said["most_mb"] < 4096, said
    print(f"at most {said['most_mb']} MB")
