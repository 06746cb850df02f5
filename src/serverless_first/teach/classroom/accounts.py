"""An account of the operating system for each seat, when we are root: made for a lesson, removed with it.

While no class runs, the homes belong to root and nobody else may enter them, because the next class may use the same
numbers for its own accounts. The group of a home keeps the seat's number for the next day. Files that an account has
left elsewhere would belong to the next account with its number, and a set-user-id file would run as that account. So
such files are removed from folders that everybody may write, before a class and after it.
"""

from __future__ import annotations

import hashlib
import os
import pwd
import shutil
import stat
import subprocess
import sys
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path

import psutil

from serverless_cloud.postgres import free_shared_memory_of

PREFIX = "sf-"
# Above people and services, and between the numbers that systemd hands out: to 60705, and from 61184 on
# (systemd's UIDS-GIDS.md).
_FIRST, _LAST = 60_706, 61_183
_SHARED = ("/tmp", "/var/tmp", "/dev/shm", "/dev/mqueue", "/run/lock", "/var/lock", "/var/crash")


class NoAccounts(RuntimeError):
    """Accounts cannot be made, or cannot run the course; the message says why."""


def name_of(account: str, homes: Path) -> str:
    """The operating system's name of a seat, sf-1c9a-student-07: two classes on a machine have different ones."""
    return f"{PREFIX}{hashlib.sha256(str(homes).encode()).hexdigest()[:4]}-{account}"


def make(accounts: Iterable[str], homes: Path) -> dict[str, int]:
    """Makes an account for each seat; the number of each. One that is there is taken as it is.

    Args:
        accounts: names of seats.
        homes: the folder that holds a home for each; a seat gets the number that it had last time if that is free.

    Raises:
        NoAccounts: this system has no useradd, or it failed.
    """
    used = {entry.pw_uid for entry in pwd.getpwall()}
    numbers: dict[str, int] = {}
    for account in accounts:
        home, name = homes / account, name_of(account, homes)
        try:
            numbers[account] = pwd.getpwnam(name).pw_uid
        except KeyError:
            number = _number_of(home.stat()) if home.exists() else 0
            if not _FIRST <= number <= _LAST or number in used:
                number = next((n for n in range(_FIRST, _LAST + 1) if n not in used), 0)
                if not number:
                    raise NoAccounts(
                        f"All user numbers from {_FIRST} to {_LAST} are in use. Start the class as an ordinary user."
                    ) from None
            nobodys = str(pwd.getpwnam("nobody").pw_gid)
            _run(
                *("useradd", "--no-create-home", "--no-log-init", "--home-dir", str(home), "--uid", str(number)),
                *("--no-user-group", "--gid", nobodys, "--shell", "/usr/sbin/nologin", "--comment", "seat of a class"),
                name,
            )
            numbers[account] = number
            used.add(number)
    return numbers


def furnish(home: Path, number: int) -> None:
    """Gives a seat its home, and what is in it, if it belongs to another number; nobody else may enter.

    A student has filled the home, and may be at work in it still: no name in it is followed. Each folder is entered by
    the one above it, and only what belongs to the same number as the home is given on: a hard link is not.
    """
    home.mkdir(mode=0o700, exist_ok=True)
    top = os.open(home, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        before = _number_of(os.fstat(top))
        if before != number:
            os.fchmod(top, 0o700)
            os.fchown(top, 0, before)  # closed until everything in it has the new owner
            for _, folders, files, inside in os.fwalk(".", dir_fd=top, follow_symlinks=False):
                for name in (*folders, *files):
                    _give(name, inside, before, number)
        os.fchmod(top, 0o700)
        os.fchown(top, number, number)
    finally:
        os.close(top)


def close(homes: Path) -> None:
    """Takes every home back: it belongs to root, so no later account with the seat's number can enter it.

    Args:
        homes: the folder that holds a home for each seat, in which only root can create anything.
    """
    for home in homes.iterdir():
        if not home.is_dir() or home.is_symlink():
            continue
        top = os.open(home, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
        try:
            if _FIRST <= (number := _number_of(os.fstat(top))) <= _LAST:
                os.fchmod(top, 0o700)
                os.fchown(top, 0, number)
        finally:
            os.close(top)
        # Files of another seat in this home.
        _delete([home], ["-uid", f"+{_FIRST - 1}", "-uid", f"-{_LAST + 1}", "!", "-uid", str(number)])


def remove_left(numbers: Collection[int]) -> None:
    """Removes the files of these accounts from the folders that everybody may write, at any depth."""
    places = {Path(place) for place in (*_SHARED, *(partition.mountpoint for partition in psutil.disk_partitions()))}
    shared = {place.resolve() for place in places if place.is_dir() and place.stat().st_mode & stat.S_IWOTH}
    owners = [word for number in numbers for word in ("-o", "-uid", str(number))]
    if shared and owners:
        _delete(sorted(shared), ["(", *owners[1:], ")"])


def _delete(folders: Iterable[Path], conditions: Iterable[str]) -> None:
    """Deletes by find(1), which follows no link and reads folders of any depth, also while somebody changes them."""
    program = shutil.which("find", path=os.defpath)
    if program is None:
        raise NoAccounts("This system has no find, so files of the last class can't be removed. Install findutils.")
    command = [program, *map(str, folders), "-xdev", "-depth", *conditions, "-delete"]
    subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)  # not empty, or gone


def _number_of(home: os.stat_result) -> int:
    """The number of the seat whose home this is, open or closed; 0 for a home that root has created."""
    closed = home.st_uid == 0 and _FIRST <= home.st_gid <= _LAST
    return home.st_gid if closed else home.st_uid


def _give(name: str, inside: int, before: int, number: int) -> None:
    """Gives a file of an open folder to another user. One descriptor looks and gives, as names may change."""
    thing = os.open(name, os.O_PATH | os.O_NOFOLLOW, dir_fd=inside)
    try:
        if os.fstat(thing).st_uid == before:
            os.chown(f"/proc/self/fd/{thing}", number, number)
    finally:
        os.close(thing)


def remove(accounts: Iterable[str], homes: Path) -> None:
    """Removes accounts and the shared memory of their databases; the files stay. One that is gone is passed over.

    Raises:
        NoAccounts: some could not be removed; all the others are.
    """
    left = []
    for account in accounts:
        try:
            number = pwd.getpwnam(name_of(account, homes)).pw_uid
        except KeyError:
            continue
        free_shared_memory_of(number)
        try:
            _run("userdel", name_of(account, homes))
        except NoAccounts as error:
            left.append(str(error))
    if left:
        raise NoAccounts(" ".join(left))


def try_out(account: str, numbers: Mapping[str, int], folder: Path) -> None:
    """Starts Python and the course under one of the accounts.

    Raises:
        NoAccounts: it cannot, for example because the course is in root's own folder.
    """
    number = numbers[account]
    try:
        done = subprocess.run(
            [sys.executable, "-I", "-c", "import serverless_first, jupyterhub"],
            user=number, group=number, extra_groups=[], cwd="/", capture_output=True, text=True, timeout=120,
        )  # fmt: skip
    except PermissionError:
        raise NoAccounts(
            f"A student's account cannot run the course's Python: {sys.executable} is "
            f"{Path(sys.executable).resolve()}. Use a Python that everyone may run, such as the system's. Remove "
            "the environment, then run make env PYTHON=/usr/bin/python3. Or start the class as an ordinary user."
        ) from None
    if done.returncode or not _reaches(folder, number):
        last = (done.stderr.strip().splitlines() or [f"{folder} cannot be entered"])[-1]
        raise NoAccounts(
            f"A student's account cannot reach the course or the class's folder ({last}). As root, put both where "
            "everyone may read, such as /srv. Or start the class as an ordinary user."
        )


def _reaches(folder: Path, number: int) -> bool:
    test = [shutil.which("test") or "/usr/bin/test", "-x", str(folder)]
    return not subprocess.run(test, user=number, group=number, extra_groups=[], cwd="/").returncode


def _run(*command: str) -> None:
    program = shutil.which(command[0], path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")
    if program is None:
        raise NoAccounts(
            f"This system has no {command[0]}, so students cannot have accounts. Start the class as an ordinary user."
        )
    done = subprocess.run([program, *command[1:]], capture_output=True, text=True)
    if done.returncode:
        raise NoAccounts(f"{' '.join(command[:1])} failed for {command[-1]}: {(done.stderr or done.stdout).strip()}")
