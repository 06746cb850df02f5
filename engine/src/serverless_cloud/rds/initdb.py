"""Runs initdb once. Each later instance begins with a copy of its result, in a sixth of the processor's time.

The template is in the environment (sys.prefix) and goes with it. Nobody can log in to it: it holds no password, and
its pg_hba.conf rejects everybody. Where it cannot be kept or read, initdb runs each time. Beside the data lies a
digest of its files' names and sizes: a template that lacks something, which a tool that cleans up has taken, is made
again.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

import psutil

from serverless_cloud.rds.binaries import Account, Binaries

_DATA, _LIST = "data", "files"


def place(binaries: Binaries, settings: Sequence[str], environment: Path = Path(sys.prefix)) -> Path:
    """Where the template of these programs and these settings of initdb lies, or would.

    Args:
        environment: the folder of the template, by default this Python's environment.
    """
    key = hashlib.sha256("\n".join([str(binaries.bin), binaries.version, *settings]).encode()).hexdigest()[:12]
    return environment / "share" / "serverless-first" / f"postgres-{binaries.version}-{key}"


def keep(data: Path, template: Path) -> None:
    """Keeps a copy of a fresh data folder, unless there is one; in vain where this user may not write.

    Args:
        data: what initdb has made; no server has run in it.
    """
    if template.exists():
        return
    for left in template.parent.glob(f"{template.name}.*"):  # by a process that was killed meanwhile
        if left.suffix[1:].isdecimal() and not psutil.pid_exists(int(left.suffix[1:])):
            shutil.rmtree(left, ignore_errors=True)
    unfinished = template.with_name(f"{template.name}.{os.getpid()}")
    with contextlib.suppress(OSError, shutil.Error):
        shutil.copytree(data, unfinished / _DATA)
        (unfinished / _LIST).write_text(_list_of(data), encoding="utf-8")
        unfinished.rename(template)  # fails when somebody was faster
    shutil.rmtree(unfinished, ignore_errors=True)


def copied(template: Path, data: Path, account: Account | None) -> bool:
    """Makes a data folder from the template; False, with nothing left behind, where that does not work.

    A template that is not whole any more is thrown away.

    Args:
        account: who gets it; None for ourselves.
    """
    if not template.is_dir():
        return False
    try:
        if not (template / _LIST).is_file():
            raise _Broken
        shutil.copytree(template / _DATA, data)
        if _list_of(data) != (template / _LIST).read_text(encoding="utf-8"):
            raise _Broken
        if account is not None:
            for folder, _, files in os.walk(data):
                account.own(Path(folder))
                for name in files:
                    account.own(Path(folder, name))
    except (OSError, shutil.Error, _Broken) as error:  # OSError: another user's, for instance
        shutil.rmtree(data, ignore_errors=True)
        if isinstance(error, _Broken):
            shutil.rmtree(template, ignore_errors=True)
        return False
    return True


class _Broken(Exception):
    """The template lacks something."""


def _list_of(data: Path) -> str:
    """A digest of the names and the sizes of all files."""
    files = sorted(
        f"{(Path(folder) / name).relative_to(data).as_posix()} {(Path(folder) / name).stat().st_size}"
        for folder, _, names in os.walk(data)
        for name in names
    )
    return hashlib.sha256("\n".join(files).encode()).hexdigest()
