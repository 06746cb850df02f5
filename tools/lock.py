"""Writes requirements/*.txt from pyproject.toml, with every package's version and hashes, for all platforms.

    python tools/lock.py [--upgrade ...]

It needs uv. Pins that still satisfy pyproject.toml stay, unless you pass --upgrade. The files don't name an index, so
they also work with a mirror.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
COMMON = (
    *("pip", "compile", "--quiet", "--universal", "--python-version", "3.11", "--generate-hashes"),
    *("--no-header", "--no-emit-index-url", "--no-emit-find-links"),
)
# The installer for the other packages: a fast pip, and the build backend for an editable install without network.
INSTALLER = "pip>=26,<27"
# AWS's command line needs an older docutils than the slides, so the test that uses it installs it separately.
AWS_CLI = "awscli>=1.46,<2"


def main(arguments: list[str]) -> int:
    """Writes the lock files. Returns uv's exit code, or 1 without uv."""
    uv = shutil.which("uv")
    if uv is None:
        print("make lock needs uv: https://docs.astral.sh/uv/", file=sys.stderr)
        return 1
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    installer = "\n".join([INSTALLER, *project["build-system"]["requires"]]) + "\n"
    dropped = {"UV_FIND_LINKS", "UV_CONSTRAINT", "UV_OVERRIDE", "VIRTUAL_ENV"}
    env = {name: value for name, value in os.environ.items() if name not in dropped}
    # The course needs the engine, which is installed from its folder and is on no index.
    ours = ["pyproject.toml", "engine/pyproject.toml", "--no-emit-package", "serverless-cloud"]
    lab, everything = "requirements/lab.txt", "requirements/all.txt"
    runs = (
        (["-", "-o", "requirements/installer.txt"], installer),
        (["-", "-o", "requirements/aws-cli.txt"], AWS_CLI + "\n"),
        ([*ours, "-o", lab], ""),
        ([*ours, "--all-extras", "-c", lab, "-o", everything], ""),
    )
    for words, stdin in runs:
        command = [uv, *COMMON, *words, *arguments]
        print(f"writing {words[-1]}", flush=True)
        done = subprocess.run(command, cwd=ROOT, env=env, input=stdin, text=True, encoding="utf-8")
        if done.returncode:
            return done.returncode
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
