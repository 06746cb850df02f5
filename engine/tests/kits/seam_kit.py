"""What the tests of the seams share: signatures of moto that a seam was written for, and moto without our seams."""

from __future__ import annotations

import inspect
import json
import os
import subprocess
import sys
from typing import Any

import pytest

LOOK = "look at seams/{}: is the seam still right, and still needed?"

#: Stock moto only changes with its version, so `make test` doesn't ask it.
asks_stock_moto = pytest.mark.thorough

#: What each seam replaces or calls, by its file: owner, names with their parameters and defaults ("*": whatever).
Seams = dict[str, list[tuple[Any, dict[str, str]]]]


def signatures(seams: Seams) -> list[Any]:
    """A row for pytest for each name: seam, owner, name, parameters."""
    return [
        pytest.param(seam, owner, name, parameters, id=f"{seam}-{owner.__name__}.{name}")
        for seam, owners in seams.items()
        for owner, names in owners
        for name, parameters in names.items()
    ]


def require_signature(seam: str, owner: Any, name: str, parameters: str) -> None:
    """Fails when moto has changed what a seam replaces or calls."""
    found = inspect.signature(getattr(owner, name)).parameters.values()
    got = ", ".join(p.name if p.default is p.empty else f"{p.name}={p.default!r}" for p in found)
    assert parameters in (got, "*"), f"{owner.__name__}.{name} has changed: {got}; " + LOOK.format(seam)


def stock(source: str) -> Any:
    """What a program prints, as JSON on its last line, that runs moto without our seams."""
    environ = {k: v for k, v in os.environ.items() if not k.startswith(("AWS_", "MOTO_"))}
    environ |= {"AWS_ACCESS_KEY_ID": "local", "AWS_SECRET_ACCESS_KEY": "local"}
    command = [sys.executable, "-W", "ignore", "-c", source]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, env=environ)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])
