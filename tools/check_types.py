"""Checks all types of the course in one run of mypy.

    python -m tools.check_types

Most modules have a file checks.py, and mypy wants a different name for each file. So it reads copies such as
`module_05_rds_proxy_checks.py`; the messages name the originals.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
FOLDERS = ("src", "engine", "tests", "tools")


def copied(folder: Path) -> dict[str, str]:
    """Copies each module's checks into `folder`; returns the originals by copy, as mypy's messages show them."""
    originals = {}
    for path in sorted(ROOT.glob("modules/*/checks*.py")):
        copy = folder / f"module_{path.parent.name.replace('-', '_')}_{path.name}"
        shutil.copy(path, copy)
        originals[str(copy)] = str(path.relative_to(ROOT))
    return originals


def main() -> int:
    """Prints what mypy says and returns its exit code."""
    with tempfile.TemporaryDirectory() as name:
        originals = copied(Path(name))
        env = os.environ | {"MYPYPATH": name}  # makes each copy a module at the top
        command = [sys.executable, "-m", "mypy", *FOLDERS, *originals]
        done = subprocess.run(command, cwd=ROOT, env=env, stdout=subprocess.PIPE, text=True, encoding="utf-8")
    output = done.stdout
    for copy, original in originals.items():
        output = output.replace(copy, original)
    print(output, end="")
    return done.returncode


if __name__ == "__main__":
    sys.exit(main())
