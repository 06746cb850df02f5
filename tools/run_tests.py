"""`make test`: every step runs even when another one fails; the end says which failed.

The steps that use one processor run beside the tests, one after the other; what they say comes in one piece.

Words behind it replace the default arguments of pytest: `make test TEST_ARGS="tests/unit -k reset"`.
"""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
# Half of a test's time is waiting for something: two for each processor keep it busy.
WORKERS = min(8, 2 * (os.cpu_count() or 1))
PYTEST = (
    *("-m", "pytest", "-n", str(WORKERS), "--dist", "loadscope", "--nbval", "--nbval-current-env"),
    *("--nbval-cell-timeout=60", "--nbval-sanitize-with", "tests/notebooks/sanitize.cfg"),
)
FOLDERS = ("tests", "notebooks", "solutions")


def steps(arguments: list[str]) -> list[tuple[str, list[str]]]:
    """The steps in order: what each is called, and the arguments of its Python."""
    # A folder that git does not keep because it is empty is no error of the tests.
    folders = [name for name in FOLDERS if (ROOT / name).is_dir()]
    rooms = [path for path in sorted((ROOT / "modules").glob("*")) if checks_in(path)]
    return [
        ("style", ["-m", "ruff", "check"]),
        ("format", ["-m", "ruff", "format", "--check"]),
        ("types", ["-m", "mypy"]),
        *((f"types of {room.name}", ["-m", "mypy", *checks_in(room)]) for room in rooms),
        ("built notebooks", ["-m", "serverless_first.cli", "build", "--check"]),
        ("tests", [*PYTEST, *(arguments or folders)]),
    ]


def checks_in(room: Path) -> list[str]:
    """The check files of one module, relative to the root: mypy takes those of one module at a time, by their names."""
    return [path.relative_to(ROOT).as_posix() for path in sorted(room.glob("checks*.py"))]


def run(name: str, command: list[str], env: Mapping[str, str], *, in_one_piece: bool = False) -> tuple[str, int, float]:
    """Runs one step; its name, its exit code and the seconds that it took."""
    started_s = time.monotonic()
    if in_one_piece:
        done = subprocess.run(
            [sys.executable, *command], cwd=ROOT, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        )
        print(f"\n== {name}\n{done.stdout.decode(errors='replace')}", end="", flush=True)
        return name, done.returncode, time.monotonic() - started_s
    print(f"\n== {name}", flush=True)
    code = subprocess.run([sys.executable, *command], cwd=ROOT, env=env).returncode
    return name, code, time.monotonic() - started_s


def main(arguments: list[str]) -> int:
    """Runs all steps; returns 1 when one of them failed."""
    env = os.environ | {"PYTHONHASHSEED": "0", "PYTHONUTF8": "1", "SERVERLESS_FIRST_ROOT": str(ROOT)}
    env.pop("SERVERLESS_FIRST_WORK", None)  # the learner's folder is none of the tests' business
    env.pop("PYTHONDONTWRITEBYTECODE", None)  # hundreds of processes start; each would compile the course again
    # The list of fonts that lies in the home folder may be another environment's, or one whose fonts are gone.
    env["MPLCONFIGDIR"] = str(Path(sys.prefix) / "matplotlib")
    env.setdefault("SERVERLESS_FIRST_ORDER", str(random.randrange(10_000)))  # conftest.py prints it
    *beside, tests = steps(arguments)
    with ThreadPoolExecutor(1) as aside:
        said = aside.submit(lambda: [run(name, command, env, in_one_piece=True) for name, command in beside])
        last = run(*tests, env)
        summary = [*said.result(), last]
    print()
    for name, code, seconds in summary:
        print(f"{'ok    ' if code == 0 else 'FAILED'} {name} ({seconds:.0f} s)")
    return int(any(code for _, code, _ in summary))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
