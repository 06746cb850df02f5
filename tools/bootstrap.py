"""From a bare clone to a running command: makes the environment, then starts what was asked for.

    python tools/bootstrap.py WORD [ARGS...]

Words: lab class env test test-all test-changed build check slides guide site wheelhouse bench picture lock clean.

It needs Python 3.11 and its standard library. `lab` installs requirements/lab.txt, all the others
requirements/all.txt, which holds the same pins and more. A stamp in the environment says what it holds, so
that a second call starts at once. SERVERLESS_FIRST_VENV puts the environment elsewhere than in .venv.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))  # run as a script, only tools/ itself is on the path

from tools.environment import Environment  # noqa: E402
from tools.installing import SetupError  # noqa: E402

# The profile that each word installs, and the command that it then runs with the environment's Python.
COMMANDS: dict[str, tuple[str, list[str]]] = {
    "lab": ("lab", ["-m", "serverless_first.cli", "lab"]),
    "class": ("all", ["-m", "serverless_first.cli", "class"]),
    "env": ("all", []),
    "test": ("all", ["tools/run_tests.py", "short"]),
    "test-all": ("all", ["tools/run_tests.py", "all"]),
    "test-changed": ("all", ["tools/run_tests.py", "changed"]),
    "build": ("all", ["-m", "serverless_first.cli", "build"]),
    "check": ("all", ["-m", "serverless_first.cli", "build", "--check"]),
    "slides": ("all", ["-m", "serverless_first.cli", "slides"]),
    "guide": ("all", ["-m", "serverless_first.cli", "guide"]),
    "wheelhouse": ("lab", ["-m", "serverless_first.cli", "wheelhouse"]),
    "site": ("all", ["-m", "serverless_first.cli", "site"]),
    "bench": ("all", ["-m", "serverless_first.cli", "bench"]),
    "picture": ("all", ["tools/picture.py"]),
}
CACHES = (
    *(".mypy_cache", ".ruff_cache", ".pytest_cache", ".hypothesis", "slides/export", "site", ".pyodide"),
    ".build-cache.json",
)


def clean(environment: Environment) -> None:
    """Removes the environment and the caches. The learner's work/ stays.

    Raises:
        SetupError: the environment is not one that this tool made.
    """
    environment.remove()
    for name in CACHES:
        path = ROOT / name
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
    for folder in ("src", "engine", "tests", "tools", "modules"):
        for cache in (ROOT / folder).rglob("__pycache__"):
            shutil.rmtree(cache)
    print("Removed the environment and the caches. work/ was not changed.")


def run(command: list[str]) -> int:
    """Runs a command in the checkout and hands on its exit code; Ctrl-C belongs to the command."""
    os.chdir(ROOT)
    if os.name == "posix":
        os.execv(command[0], command)
    previous = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        return subprocess.call(command)
    finally:
        signal.signal(signal.SIGINT, previous)


def main(arguments: list[str]) -> int:
    """The command line; returns the exit code."""
    word, extra = (arguments[0], arguments[1:]) if arguments else ("", [])
    environment = Environment(ROOT, Path(os.environ.get("SERVERLESS_FIRST_VENV") or ROOT / ".venv"))
    try:
        if word == "clean":
            clean(environment)
            return 0
        if word == "lock":
            return run([sys.executable, str(ROOT / "tools" / "lock.py"), *extra])
        if word not in COMMANDS:
            print(f"Unknown command {word!r}. Choose one of: {', '.join([*COMMANDS, 'lock', 'clean'])}.")
            return 2
        profile, command = COMMANDS[word]
        environment.ensure(profile)
    except SetupError as error:
        print(f"\n{error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nStopped. The next call continues the set-up.", file=sys.stderr)
        return 130
    if not command:
        print(f"The environment is ready: {environment.folder}")
        return 0
    return run([str(environment.python), *command, *extra])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
