"""Runs a set of tests. Every step runs even if earlier steps fail, and the last lines list the failures.

    python tools/run_tests.py short|all|changed [PYTEST'S ARGUMENTS...]

The single-processor steps run two at a time, at a lower priority, alongside the tests. Each step's output is printed
only when the step ends, so outputs don't mix. Arguments replace the folders that pytest runs:
`make test TEST_ARGS="tests/unit -k reset"`.
docs/testing.md says which tests each set holds.
"""

from __future__ import annotations

import os
import random
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))  # run as a script, only tools/ itself is on the path

from tools.rooms import changed_files, leave_other_modules_out, select_tests  # noqa: E402

# A test spends about half its time waiting, so two workers per processor keep the processor busy.
WORKERS = min(8, 2 * (os.cpu_count() or 1))
PYTEST = (
    *("-m", "pytest", "-p", "tools.lean_pytest", "-n", str(WORKERS), "--dist", "loadscope"),
    *("--nbval", "--nbval-current-env"),
    *("--nbval-cell-timeout=60", "--nbval-sanitize-with", "tests/notebooks/sanitize.cfg"),
)
FOLDERS = ("tests", "engine/tests", "notebooks", "solutions")
#: The marks of the tests that each set leaves out.
SETS = {"short": "not thorough and not nightly", "all": "not nightly", "changed": "not thorough and not nightly"}


def steps(which: str, arguments: list[str]) -> list[tuple[str, list[str]]]:
    """The steps in order, as pairs of a name and Python's arguments."""
    # Git doesn't keep empty folders, and pytest treats a missing folder as an error.
    folders = [name for name in FOLDERS if (ROOT / name).is_dir()]
    return [
        ("types", ["-m", "tools.check_types"]),
        ("style", ["-m", "ruff", "check"]),
        ("format", ["-m", "ruff", "format", "--check"]),
        ("prose", ["-m", "tools.prose"]),
        ("built notebooks", ["-m", "serverless_first.cli", "build", "--check"]),
        ("tests", [*PYTEST, "-m", SETS[which], *(arguments or folders)]),
    ]


def run(name: str, command: list[str], env: Mapping[str, str], *, aside: bool = False) -> tuple[str, int, float]:
    """Runs one step; returns its name, its exit code and the seconds that it took.

    With `aside`, the step runs at a lower priority than the tests and prints all its output at the end.
    """
    started_s = time.monotonic()
    if aside:
        # At 10, the tests would leave these steps so little that they would end after the tests.
        polite = ["nice", "-n", "5"] if shutil.which("nice") else []
        words = [*polite, sys.executable, *command]
        done = subprocess.run(words, cwd=ROOT, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        print(f"\n== {name}\n{done.stdout.decode(errors='replace')}", end="", flush=True)
        return name, done.returncode, time.monotonic() - started_s
    print(f"\n== {name}", flush=True)
    code = subprocess.run([sys.executable, *command], cwd=ROOT, env=env).returncode
    return name, code, time.monotonic() - started_s


def surroundings() -> dict[str, str]:
    """The environment variables of every step."""
    env = os.environ | {"PYTHONHASHSEED": "0", "PYTHONUTF8": "1", "SERVERLESS_FIRST_ROOT": str(ROOT)}
    env.pop("SERVERLESS_FIRST_WORK", None)  # the tests must not see the learner's folder
    env.pop("PYTHONDONTWRITEBYTECODE", None)  # hundreds of processes start; each would compile the course again
    # Matplotlib's font cache in the home folder may belong to another environment or list fonts that no longer exist.
    env["MPLCONFIGDIR"] = str(Path(sys.prefix) / "matplotlib")
    env.setdefault("SERVERLESS_FIRST_ORDER", str(random.randrange(10_000)))  # conftest.py prints it
    return env


def main(words: list[str]) -> int:
    """Runs all steps of a set; returns 1 if one of them failed, 2 if there is no such set."""
    which, arguments = (words[0], words[1:]) if words else ("", [])
    if which not in SETS:
        print(f"Unknown test set {which!r}. Choose one of: {', '.join(SETS)}.", file=sys.stderr)
        return 2
    if which == "changed" and not arguments:
        files = changed_files(ROOT, os.environ.get("SINCE", ""))
        arguments = select_tests(ROOT, files)
        print(f"{len(files)} changed files, {len(arguments)} files and folders of tests", flush=True)
        if not arguments:
            return 0
        arguments += leave_other_modules_out(ROOT, files)
    env = surroundings()
    *beside, tests = steps(which, arguments)
    with ThreadPoolExecutor(2) as aside:  # types take longer than the other steps together
        futures = [aside.submit(run, name, command, env, aside=True) for name, command in beside]
        last = run(*tests, env)
        summary = [*(step.result() for step in futures), last]
    print()
    for name, code, seconds in summary:
        print(f"{'ok    ' if code == 0 else 'FAILED'} {name} ({seconds:.0f} s)")
    return int(any(code for _, code, _ in summary))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
