"""A folder with the locked packages as files, for a machine without internet: found, compared, used.

`serverless-first wheelhouse` makes it. It is looked for in SERVERLESS_FIRST_WHEELHOUSE, then as `wheelhouse/` in the
checkout and beside it; SERVERLESS_FIRST_WHEELHOUSE=no looks nowhere. A named folder that does not fit stops
the set-up. If a folder that was found does not fit, the set-up says so, and the packages come from the network.
"""

from __future__ import annotations

import json
import os
import platform
import sys
from pathlib import Path
from typing import Any

VARIABLE = "SERVERLESS_FIRST_WHEELHOUSE"
NAME = "wheelhouse"
MANIFEST = "wheelhouse.json"
FORMAT = 1


class WheelhouseError(RuntimeError):
    """The wheelhouse that was named cannot be used; the message says why, and what to do."""


def find(root: Path, profile: str, lock: str, python: tuple[int, int]) -> Path | None:
    """The wheelhouse that holds a profile for this machine, or None.

    Args:
        root: the checkout.
        profile: "lab" or "all".
        lock: digest of the lock files that the profile installs.
        python: (major, minor) of the environment's Python.

    Raises:
        WheelhouseError: SERVERLESS_FIRST_WHEELHOUSE names a folder that does not fit.
    """
    named = os.environ.get(VARIABLE, "")
    if named.lower() == "no":
        return None
    folders = [Path(named).expanduser()] if named else [root / NAME, root.parent / NAME]
    for folder in folders:
        if not named and not (folder / MANIFEST).is_file():
            continue
        problem = _problem(folder.absolute(), profile, lock, python)
        if problem is None:
            print(f"Packages come from {folder.absolute()}, without the network.", flush=True)
            return folder.absolute()
        if named:
            raise WheelhouseError(
                f"{problem} {VARIABLE} names this folder. Name another folder, or unset the variable."
            )
        print(f"{problem} The set-up ignores it, and gets the packages from the network.", flush=True)
    return None


def options(folder: Path, *, uv: bool) -> list[str]:
    """The options that make uv or pip install only from the folder."""
    return ["--no-index", "--find-links", str(folder), *(["--offline"] if uv else [])]


def _problem(folder: Path, profile: str, lock: str, python: tuple[int, int]) -> str | None:
    """Why a folder cannot be used; None when it can."""
    try:
        data = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return f"{folder} has no {MANIFEST}, so it is not a wheelhouse, or the collecting did not finish."
    except (OSError, ValueError) as error:
        return f"{folder / MANIFEST} cannot be read ({error})."
    if not isinstance(data, dict) or data.get("format") != FORMAT or not isinstance(data.get("targets"), list):
        return f"{folder / MANIFEST} is from another version of this course."
    targets = [target for target in data["targets"] if isinstance(target, dict)]
    here = [target for target in targets if _is_here(target, python)]
    if not here:
        there = ", ".join(sorted({f"Python {target.get('python')} on {target.get('platform')}" for target in targets}))
        return (
            f"{folder} was made for {there or 'no machine'}, but this is Python {python[0]}.{python[1]} on "
            f"{sys.platform}, {platform.machine()}."
        )
    locks: dict[str, Any] = here[0]["locks"] if isinstance(here[0].get("locks"), dict) else {}
    if profile not in locks:
        return (
            f"{folder} has only what `make lab` needs, and this command needs more. Collect it with `wheelhouse --all`."
        )
    if locks[profile] != lock:
        return f"{folder} was made from other lock files than this course's. Collect it again."
    return None


def _is_here(target: dict[str, Any], python: tuple[int, int]) -> bool:
    machines = target.get("machines")
    return (
        target.get("python") == f"{python[0]}.{python[1]}"
        and target.get("system") == sys.platform
        and isinstance(machines, list)
        and platform.machine().lower() in machines
    )
