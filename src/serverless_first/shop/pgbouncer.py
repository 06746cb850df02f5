"""PgBouncer beside RDS Proxy, where it is installed: the pooler that people run by themselves, in transaction mode.

A process of ours starts it, and ends it when its own standard input closes: so PgBouncer cannot outlive who asked for
it, however that ends. PgBouncer refuses to run as root; as root it runs as `nobody`. The databases of root's cloud
answer to root alone (`cloud.peers`), so that process, which is root's, then passes its connections on.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from serverless_cloud import postgres
from serverless_cloud.core.child import ChildProcess, Message
from serverless_cloud.errors import CloudError

HOST = "127.0.0.1"
_LIMIT_S = 30.0  # for a start on a busy machine
_COMMAND = (sys.executable, "-P", "-m", "serverless_first.shop.pgbouncer")


class NoPgBouncer(CloudError):
    """PgBouncer is not installed, or it does not start."""


def program() -> str | None:
    """The path of PgBouncer's program; None where it is not installed."""
    return shutil.which("pgbouncer") or shutil.which("pgbouncer", path="/usr/sbin:/usr/local/sbin:/opt/homebrew/bin")


@contextlib.contextmanager
def running(
    host: str, port: int, passwords: Mapping[str, str], *, pool_size: int, max_clients: int = 200
) -> Iterator[tuple[str, int]]:
    """Runs PgBouncer in front of a PostgreSQL while the `with` block runs; gives its host and its port.

    Args:
        host, port: of the PostgreSQL.
        passwords: user -> password, for clients and for the database alike.
        pool_size: database connections for each pair of user and database (`default_pool_size`).
        max_clients: client connections (`max_client_conn`).

    Raises:
        NoPgBouncer: it is not installed, or it does not start; with what it said.
    """
    executable = program()
    if executable is None:
        raise NoPgBouncer("PgBouncer is not installed. Debian and Homebrew have it as `pgbouncer`.")
    with tempfile.TemporaryDirectory(prefix="serverless-first-pgbouncer-", ignore_cleanup_errors=True) as errors:
        process = ChildProcess(_COMMAND, Path(errors, "errors.log"), "PgBouncer's process")
        known, port_of = threading.Event(), dict[str, int]()

        def hear(message: Message) -> None:
            port_of.update(message)
            known.set()

        process.listen(hear, known.set)
        try:
            order = {"program": executable, "host": host, "port": port, "passwords": dict(passwords)}
            process.tell(order | {"pool_size": pool_size, "max_clients": max_clients})
            known.wait(_LIMIT_S)
            if "port" not in port_of:
                process.close()
                process.wait_until_gone(_LIMIT_S)
                raise NoPgBouncer(f"PgBouncer does not listen. {process.last_words()}")
            yield HOST, port_of["port"]
        finally:
            process.close()
            process.wait_until_gone(_LIMIT_S)


def configuration(order: Mapping[str, Any], own_port: int, users: Path) -> str:
    """The text of pgbouncer.ini.

    Args:
        order: what `running` was asked for.
        own_port: the port on which it listens.
        users: the file with the users' passwords.

    Source of the names: PgBouncer's documentation, config.md.
    """
    settings = {
        "listen_addr": HOST,
        "listen_port": own_port,
        "unix_socket_dir": "",
        "auth_type": "scram-sha-256",
        "auth_file": users,
        "pool_mode": "transaction",
        "default_pool_size": order["pool_size"],
        "max_client_conn": order["max_clients"],
        "max_prepared_statements": 200,  # the default since version 1.24; older ones have 0
    }
    lines = [f"* = host={order['host']} port={order['port']}", "[pgbouncer]"]
    return "\n".join(["[databases]", *lines, *(f"{name} = {value}" for name, value in settings.items()), ""])


def serve() -> None:
    """Runs PgBouncer until standard input ends; its first line says what is wanted."""
    order = json.loads(sys.stdin.readline())
    account = postgres.unprivileged_account()
    with tempfile.TemporaryDirectory(prefix="serverless-first-pgbouncer-") as run_folder:
        place = postgres.make_folder(Path(run_folder), account)
        try:
            with socket.socket() as probe:
                probe.bind((HOST, 0))
                own_port = int(probe.getsockname()[1])
            if account is not None:
                account.own(_passed_on(order["host"], order["port"], place))
                order["host"] = str(place)
            users, config = place / "users.txt", place / "pgbouncer.ini"
            users.write_text("".join(f"{_quoted(u)} {_quoted(p)}\n" for u, p in order["passwords"].items()), "utf-8")
            config.write_text(configuration(order, own_port, users), encoding="utf-8")
            rights: dict[str, Any] = {}
            if account is not None:
                rights = account.popen_settings()
                for file in (users, config):
                    account.own(file)
            process = subprocess.Popen([order["program"], "-q", config], cwd=place, stdin=subprocess.DEVNULL, **rights)
            try:
                _wait(process, own_port)
                print(json.dumps({"port": own_port}), flush=True)
                sys.stdin.read()
            finally:
                process.kill()  # SIGTERM lets it wait for its clients; it holds nothing that must be saved
                process.wait()
        finally:
            postgres.remove_folder(Path(run_folder), place)


def _passed_on(host: str, port: int, place: Path) -> Path:
    """A socket in a folder, named as PostgreSQL names its own, that leads to a PostgreSQL; until this process ends.

    Raises:
        NoPgBouncer: it cannot be opened, as where its path is too long for one.
    """
    path, known, failed = Path(postgres.socket_path(str(place), port)), threading.Event(), list[OSError]()

    async def one_way(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.closing(writer), contextlib.suppress(OSError):
            while data := await reader.read(65_536):
                writer.write(data)
                await writer.drain()

    async def client(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            answers, asks = await asyncio.open_connection(host, port)
        except OSError:
            writer.close()
            return
        await asyncio.gather(one_way(reader, asks), one_way(answers, writer))

    async def pass_on() -> None:
        async with await asyncio.start_unix_server(client, path) as server:
            known.set()
            await server.serve_forever()

    def run() -> None:
        try:
            asyncio.run(pass_on())
        except OSError as error:
            failed.append(error)
            known.set()

    threading.Thread(target=run, daemon=True).start()
    if not known.wait(_LIMIT_S) or failed:
        why = str(failed[0]) if failed else f"nothing happened for {_LIMIT_S:g} s"
        is_long = len(str(path).encode()) > postgres.LONGEST_SOCKET
        advice = " Set TMPDIR to a folder with a shorter path, such as /tmp." if is_long else ""
        raise NoPgBouncer(f"The connection to the database does not open, {path}: {why}.{advice}")
    return path


def _quoted(text: str) -> str:
    """As auth_file has it: in double quotes, those within doubled."""
    return '"' + text.replace('"', '""') + '"'


def _wait(process: subprocess.Popen[Any], port: int) -> None:
    """Until the process listens.

    Raises:
        NoPgBouncer: it has ended, or it does not listen in time.
    """
    end_s = time.monotonic() + _LIMIT_S
    while True:
        with socket.socket() as probe:
            if probe.connect_ex((HOST, port)) == 0:
                return
        if process.poll() is not None or time.monotonic() > end_s:
            raise NoPgBouncer(f"It does not listen on port {port} (exit code {process.poll()}).")
        time.sleep(0.02)


if __name__ == "__main__":
    serve()
