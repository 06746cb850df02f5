"""wheelhouse.json says what a wheelhouse holds (tools/wheelhouse.py reads it), READ-ME-FIRST.md how to use it."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from serverless_first.course import safe_files
from serverless_first.publish.wheelhouse.targets import Target

NAME = "wheelhouse.json"
HOW_TO = "READ-ME-FIRST.md"
FORMAT = 1


def add(folder: Path, root: Path, target: Target, profile: str) -> None:
    """Notes that the folder holds every file of a profile for a target, and writes the how-to again."""
    by_target = {(entry.get("platform"), entry.get("python")): entry for entry in read(folder)}
    before = by_target.get((target.platform, target.python), {}).get("locks")
    # Everything includes what the learners need: a test holds the two lock files to the same pins.
    profiles = ("lab", "all") if profile == "all" else ("lab",)
    locks = (before if isinstance(before, dict) else {}) | {
        profile_name: lock_digest(root, profile_name) for profile_name in profiles
    }
    by_target[target.platform, target.python] = {**target.described(), "locks": locks}
    entries = [by_target[key] for key in sorted(by_target, key=str)]
    text = json.dumps({"format": FORMAT, "targets": entries}, indent=1) + "\n"
    safe_files.write(folder / NAME, text.encode())
    safe_files.write(folder / HOW_TO, how_to(entries).encode())


def read(folder: Path) -> list[dict[str, Any]]:
    """The targets that are noted in a folder; none when nothing readable is there."""
    try:
        data = json.loads((folder / NAME).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return []
    targets = data.get("targets") if isinstance(data, dict) and data.get("format") == FORMAT else None
    return [entry for entry in targets if isinstance(entry, dict)] if isinstance(targets, list) else []


def lock_digest(root: Path, profile: str) -> str:
    """Of the two lock files that a profile installs, whatever their line ends; tools/environment.py has the same."""
    digest = hashlib.sha256()
    for name in (profile, "installer"):
        digest.update((root / "requirements" / f"{name}.txt").read_bytes().replace(b"\r\n", b"\n"))
    return digest.hexdigest()


def how_to(entries: list[dict[str, Any]]) -> str:
    """The page in the wheelhouse's folder."""
    rows = [
        f"| {row['platform']} | {row['python']} | `make lab`{' and `make env`' if 'all' in row['locks'] else ''} |"
        for row in entries
    ]
    return _HOW_TO.replace("{rows}", "\n".join(rows))


_HOW_TO = """# A room without internet

This folder holds every package of the course *Serverless First*, each tested by its hash, for these machines:

| platform | Python | enough for |
|---|---|---|
{rows}

## Before the day

1. Install the table's Python on each machine: <https://www.python.org/downloads/>. This folder does not contain it.
2. Copy two folders to a USB stick or to a share: the course's folder, without `.venv/` and `work/`, and this folder.
3. Put this folder into the course's folder or beside it, under its name `wheelhouse`.

## On each machine

Copy the course's folder to the machine's own disk. Then, in that folder, on Linux or macOS:

```
make lab
```

The set-up finds `wheelhouse`, says so, and does not use the network. If the folder is elsewhere, such as on a stick,
name it: `SERVERLESS_FIRST_WHEELHOUSE=/media/stick/wheelhouse make lab`.

On Windows, or without make:

```
py tools\\bootstrap.py lab
```

Then check each machine once: `.venv/bin/serverless-first doctor`, on Windows
`.venv\\Scripts\\serverless-first doctor`.

## When the course changes

The set-up compares the course's lock files with the lock files that this folder was made from, and says if they
differ. Then run `serverless-first wheelhouse` again on a machine with internet. It fetches only new files.
"""
