"""A PostgreSQL server that the learner operates: its programs, run one by one, as on your own machine.

Lesson 07 counts what that takes. The local cloud's RDS runs the same programs, but here you run them.
The server's folder belongs to the run of the local cloud: when the notebook ends, however it ends, both go.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import socket
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from serverless_cloud import Cloud, postgres
from serverless_cloud.errors import CloudError
from serverless_first.shop.operations import Ledger

_LIMIT_S = 60.0
HOST = "127.0.0.1"


class CommandFailed(CloudError):
    """A program of PostgreSQL ended with an error; the message has its last words."""


class OwnServer:
    """A folder for a server, and PostgreSQL's programs to fill and run it.

    Args:
        aws: the local cloud, whose end is this server's end too.
        ledger: notes each command and file.

    Attributes:
        data: the folder for `initdb` to fill.
        log: the file for the server's messages.
        port: a port that is free.
        version: of PostgreSQL, as in "18.6".

    Raises:
        CloudError: there are no PostgreSQL programs, or none that may run here.
    """

    def __init__(self, aws: Cloud, ledger: Ledger) -> None:
        self._ledger, self._run_folder = ledger, aws.run_folder
        self._account = postgres.unprivileged_account()
        self.folder = postgres.make_folder(self._run_folder, self._account)
        programs = postgres.from_environment()
        self._programs = postgres.for_account(programs, self._account, self.folder / "programs")
        self.version = programs.version
        self.data, self.log = self.folder / "data", self.folder / "postgres.log"
        with socket.socket() as probe:
            probe.bind((HOST, 0))
            self.port = int(probe.getsockname()[1])
        atexit.register(self.remove)

    def run(self, program: str, *arguments: str, text: str = "", **environ: str) -> str:
        """Runs one of PostgreSQL's programs, waits for its end, and returns its output.

        Args:
            program: "initdb", "pg_ctl", "pg_dump" and so on.
            arguments: as in a terminal.
            text: what it reads from its standard input.
            environ: environment variables, PGPASSWORD for instance.

        Raises:
            CommandFailed: it ended with an error.
        """
        options = [argument for argument in arguments if argument.startswith("-")]
        verb = [] if arguments[0].startswith("-") else [arguments[0]]
        self._ledger.action(" ".join([program, *(verb if program == "pg_ctl" else [])]), settings=len(options))
        return self._run(program, *arguments, text=text, **environ)

    def _run(self, program: str, *arguments: str, text: str = "", **environ: str) -> str:
        # A server that pg_ctl starts keeps these files open: with a pipe we would wait for its end.
        output_file = self.folder / "said.txt"
        names = ("PATH", "SYSTEMROOT", "SYSTEMDRIVE", "TEMP", "TMP", "COMSPEC")
        base = {k: v for k, v in os.environ.items() if k.upper() in names}
        settings: dict[str, Any] = dict(self._account.popen_settings()) if self._account else {}
        if sys.platform == "win32":
            settings["creationflags"] = subprocess.CREATE_NO_WINDOW
        with output_file.open("wb") as output:
            done = subprocess.run(
                [self._programs.program(program), *arguments],
                input=text.encode(),
                stdout=output,
                stderr=subprocess.STDOUT,
                cwd=None if sys.platform == "win32" else "/",
                env=base | {"LC_ALL": "C"} | environ,
                timeout=_LIMIT_S,
                **settings,
            )
        words = output_file.read_text(encoding="utf-8", errors="replace")
        if done.returncode:
            raise CommandFailed(f"{program}: {' '.join(words.split()[-40:]) or '(it printed nothing)'}")
        return words

    def write(self, name: str, settings: Mapping[str, object], line: str = "{} = {}\n") -> None:
        """Adds settings to a file of the data folder.

        Args:
            name: of the file, "postgresql.conf" for instance.
            settings: name -> value, as the file wants it.
            line: how a setting is written.
        """
        path = self.data / name
        self._ledger.action(f"edit {name}", settings=len(settings))
        with path.open("a", encoding="utf-8") as file:
            file.writelines(line.format(key, value) for key, value in settings.items())
        self._own(path)

    def file(self, name: str, content: str = "") -> Path:
        """A file beside the data folder, readable only for the server's account."""
        path = self.folder / name
        path.touch(mode=0o600)
        path.write_text(content, encoding="utf-8")
        self._own(path)
        return path

    def remove(self) -> None:
        """Ends the server and removes its folder; may be called twice. The ledger does not hear of it."""
        if (self.data / "postmaster.pid").exists():
            with contextlib.suppress(CloudError, OSError, subprocess.TimeoutExpired):
                self._run("pg_ctl", "stop", "-D", str(self.data), "-m", "immediate", "-w")
        postgres.remove_folder(self._run_folder, self.folder)

    def _own(self, path: Path) -> None:
        if self._account is not None:
            self._account.own(path)
