"""A cloud answers to its own user: whoever shares the machine, as in a class, gets nothing of it."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from serverless_cloud.core import peers
from serverless_cloud.rds import sockets
from serverless_first import cloud
from serverless_first.shop import hikari

linux = pytest.mark.skipif(sys.platform != "linux", reason="Linux alone says whose a connection is")
NOBODY = 65_534
# Says HTTP, then PostgreSQL's request for TLS, to each port; prints the ports that have answered at least a byte.
KNOCK = """
import socket, sys
for port in map(int, sys.argv[1:]):
    for said in (b"GET /nothing HTTP/1.0\\r\\n\\r\\n", bytes.fromhex("0000000804d2162f")):
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
                connection.sendall(said)
                if connection.recv(1):
                    print(port)
                    break
        except OSError:
            pass
"""
HANDLER = "def handler(event, context):\n    return 'mine'\n"


@linux
@pytest.mark.parametrize("ask", [peers.by_netlink, peers.by_table])
@pytest.mark.parametrize("family", [socket.AF_INET, socket.AF_INET6])
def test_linux_says_whose_a_connection_is_for_as_long_as_its_owner_has_it(
    ask: Callable[[peers.Address, peers.Address], int | None], family: socket.AddressFamily
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        try:
            client = socket.socket(family)
            host = "::ffff:127.0.0.1" if family == socket.AF_INET6 else "127.0.0.1"
            client.connect((host, listener.getsockname()[1]))
        except OSError as error:
            pytest.skip(f"no such connection here: {error}")
        with client:
            accepted, peer = listener.accept()
        with accepted:
            here = accepted.getsockname()
            # Closed by now: Linux has no owner for it any more, and calls that 0, as if it were root's.
            assert ask(peer, here) is None
            assert not peers.is_ours(accepted)
        with socket.create_connection(here) as client:
            assert ask(client.getsockname(), here) == os.geteuid()
            assert ask(("127.0.0.1", 1), here) is None
            client.shutdown(socket.SHUT_WR)  # "that was all": it still waits for the answer
            assert ask(client.getsockname(), here) == os.geteuid()
        with socket.create_server(("127.0.0.1", 0)) as other:  # who only listens is connected to nobody
            assert ask(other.getsockname(), here) is None


@pytest.fixture
def nobody() -> Callable[[list[int]], list[int]]:
    """Knocks at ports as another user of this machine; those that have answered."""
    if sys.platform != "linux" or os.geteuid() != 0:
        pytest.skip("needs root on Linux: another user")

    def knock(ports: list[int], user: int = NOBODY) -> list[int]:
        command = [sys.executable, "-I", "-S", "-c", KNOCK, *map(str, ports)]
        try:
            done = subprocess.run(
                command, user=user, group=user, extra_groups=[], cwd="/", capture_output=True, text=True
            )
        except PermissionError:
            pytest.skip("another user cannot reach this Python")
        assert done.returncode == 0, done.stderr
        return [int(line) for line in done.stdout.split()]

    return knock


# Takes connections, and says of each whether `peers` takes it for its own user's; its argument is the file of `peers`.
JUDGE = """
import socket, sys, types
peers = sys.modules["peers"] = types.ModuleType("peers")
exec(sys.stdin.readline().encode().decode("unicode_escape"), peers.__dict__)
listener = socket.create_server(("127.0.0.1", 0))
print(listener.getsockname()[1], flush=True)
while True:
    with listener.accept()[0] as connection:
        ours = peers.is_ours(connection)
        connection.sendall(b"ours" * ours)
"""


def test_an_ordinary_users_server_answers_that_user_and_root_and_nobody_else(nobody: Callable[..., list[int]]) -> None:
    source = Path(peers.__file__).read_text(encoding="utf-8").encode("unicode_escape").decode()
    command = [sys.executable, "-I", "-S", "-c", JUDGE]
    with subprocess.Popen(
        command, user=NOBODY, group=NOBODY, extra_groups=[], cwd="/", text=True,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    ) as judge:  # fmt: skip
        assert judge.stdin is not None
        assert judge.stdout is not None
        judge.stdin.write(source + "\n")
        judge.stdin.flush()
        port = int(judge.stdout.readline())
        assert nobody([port]) == [port]
        assert nobody([port], 0) == [port]
        assert nobody([port], NOBODY - 1) == []
        judge.kill()


def test_where_the_system_does_not_tell_whose_a_connection_is_nobody_is_locked_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for platform in ("darwin", "win32"):
        monkeypatch.setattr(sys, "platform", platform)
        assert peers._way.__wrapped__() is None
    monkeypatch.undo()

    def silent(*_: Any) -> int | None:
        raise PermissionError("no netlink in this container")

    monkeypatch.setattr(peers, "by_netlink", silent)
    monkeypatch.setattr(peers, "TABLES", ())
    monkeypatch.setattr(peers, "_way", peers._way.__wrapped__)
    with (
        socket.create_server(("127.0.0.1", 0)) as listener,
        socket.create_connection(listener.getsockname()),
        listener.accept()[0] as accepted,
    ):
        assert peers.is_ours(accepted)


@linux
def test_postgresql_gets_a_socket_of_its_own_and_a_port_where_the_path_does_not_fit() -> None:
    name = "serverless-first-db-0123456789ab"
    with tempfile.TemporaryDirectory(dir="/tmp") as short:  # pytest's own folders have long paths
        run, elsewhere = Path(short, "run"), Path(short, name)
        run.mkdir()
        inside = sockets.folder_for(run / "databases" / name, run)
        assert inside is not None
        assert inside.parent == run
        assert inside.stat().st_mode & 0o077 == 0
        elsewhere.mkdir()
        assert sockets.folder_for(elsewhere, run) == elsewhere  # of root's cloud: PostgreSQL's account owns it
        for other in ("n" * 90, 'a "folder"', "one, two"):
            odd = Path(short, other)
            odd.mkdir()
            assert sockets.folder_for(odd / "databases" / name, odd) is None
            assert list(odd.iterdir()) == []


def _ports(endpoint_url: str) -> dict[int, str]:
    """All that listens below the process of a cloud: port -> its program."""
    port = int(endpoint_url.rpartition(":")[2])
    ours = {process.pid: process for process in psutil.Process().children(recursive=True)}
    listen = {pid: [c.laddr[1] for c in process.net_connections("tcp") if c.status == psutil.CONN_LISTEN]
              for pid, process in ours.items()}  # fmt: skip
    server = next(ours[pid] for pid, ports in listen.items() if port in ports)
    family = [server, *server.children(recursive=True)]
    return {port: " ".join(each.cmdline()[:6]) for each in family for port in listen[each.pid]}


def test_no_port_of_a_cloud_answers_another_user(aws: cloud.Cloud, kit: Any, nobody: Callable[..., list[int]]) -> None:
    arn = kit.deploy("mine", HANDLER)
    kit.invoke("mine")
    kit.client("lambda").create_function_url_config(FunctionName=arn, AuthType="NONE")
    database = hikari.database(aws)
    hikari.proxy(aws, database)
    ports = _ports(aws.endpoint_url)
    assert len(ports) >= 5, ports  # the endpoint, a Runtime API, a function URL, a database, its proxy
    assert nobody(list(ports), os.geteuid()) == list(ports)
    assert [ports[port] for port in nobody(list(ports))] == []


@contextlib.contextmanager
def standing_alone(*options: str, user: int = 0) -> Iterator[tuple[int, str]]:
    """The port of a `serverless-first cloud`, and what it has printed."""
    with tempfile.TemporaryDirectory(dir="/tmp") as home:
        os.chown(home, user, user)
        environ = {"PATH": os.environ["PATH"], "HOME": home, "TMPDIR": home, "PYTHONDONTWRITEBYTECODE": "1"}
        # As if its terminal was one of a shared cloud: only the option counts.
        environ |= {peers.SHARED: "1"}
        command = [sys.executable, "-m", "serverless_first.cli", "cloud", "--port", "0", *options]
        with subprocess.Popen(
            command,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            cwd=home,
            env=environ,
            user=user,
            group=user,
            extra_groups=[],
        ) as server:
            assert server.stdout is not None
            said = ""
            for line in server.stdout:
                said += line
                if "AWS calls from handlers" in line:
                    break
            try:
                yield int(said.split("http://127.0.0.1:")[1].split()[0]), said
            finally:
                server.terminate()
                server.wait(30)


def test_a_cloud_in_a_terminal_answers_its_owner_only(nobody: Callable[..., list[int]]) -> None:
    with standing_alone() as (port, said):
        assert nobody([port], os.geteuid()) == [port]
        assert nobody([port]) == []
        assert "other users" not in said


def test_a_cloud_that_is_shared_on_purpose_answers_others_and_warns(nobody: Callable[..., list[int]]) -> None:
    with standing_alone("--share", user=NOBODY - 1) as (port, said):
        assert nobody([port]) == [port]
        assert "every user of this machine can run code as you" in said


@pytest.mark.skipif(sys.platform != "linux" or os.geteuid() != 0, reason="needs root")
def test_root_does_not_share_a_cloud() -> None:
    command = [sys.executable, "-m", "serverless_first.cli", "cloud", "--port", "0", "--share"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode != 0
    assert "root" in done.stderr
    assert "ordinary user" in done.stderr
    assert done.stdout == ""
