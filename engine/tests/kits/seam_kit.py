"""What the tests of patches share: moto without our patches."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any

import pytest

LOOK = "look at services/{}: is the patch still right, and still needed?"

#: Stock moto only changes with its version, so `make test` doesn't ask it.
asks_stock_moto = pytest.mark.thorough


def stock(source: str) -> Any:
    """What a program prints, as JSON on its last line, that runs moto without our patches."""
    environ = {k: v for k, v in os.environ.items() if not k.startswith(("AWS_", "MOTO_"))}
    environ |= {"AWS_ACCESS_KEY_ID": "local", "AWS_SECRET_ACCESS_KEY": "local"}
    command = [sys.executable, "-W", "ignore", "-c", source]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, env=environ)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])
