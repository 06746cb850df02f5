"""Programs that have the names of real ones and only fail, to show that stored outputs don't depend on the machine.

conftest.py puts them first on the PATH of each notebook's kernel. A lesson that looks for one of these programs finds
it, whether the machine has the real one or not. `make build` runs the same lesson without them, so if the program
changes an output, the stored output and the new one differ.
"""

from __future__ import annotations

from pathlib import Path

NAMES = (
    *("pgbouncer", "postgres", "initdb", "pg_ctl", "pg_dump", "psql", "pgbench", "createdb"),
    *("aws", "sam", "cdk", "terraform", "docker", "podman", "node", "npm", "configurable-http-proxy"),
    *("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "msedge"),
    *("dot", "graphviz-pure", "git", "uv", "curl", "tc", "jq"),
)
EXIT_CODE = 97


def make(folder: Path) -> Path:
    """Creates the programs in a folder, and returns the folder.

    Args:
        folder: an empty folder.
    """
    for name in NAMES:
        (folder / name).write_text(f"#!/bin/sh\nexit {EXIT_CODE}\n", encoding="utf-8", newline="\n")
        (folder / name).chmod(0o755)
        (folder / f"{name}.bat").write_text(f"@exit /b {EXIT_CODE}\n", encoding="utf-8")  # for Windows
    return folder
