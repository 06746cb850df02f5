"""A PostgreSQL that the learner runs: each command counts, and it goes with the notebook, however that ends."""

from __future__ import annotations

import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import psycopg
import pytest

from serverless_cloud import Cloud
from serverless_first.shop import order_stores
from serverless_first.shop.operations import Ledger
from serverless_first.shop.own_server import HOST, CommandFailed, OwnServer

RUNS = """
from kits import cloud_kit as kit
from pathlib import Path
from serverless_first import cloud
from serverless_first.shop.operations import Ledger
from serverless_first.shop.own_server import OwnServer
aws = cloud.start()
own = OwnServer(aws, Ledger("own"))
own.run("initdb", "-D", str(own.data), "-U", "hikari", "-A", "trust")
own.write("postgresql.conf", {"listen_addresses": "'127.0.0.1'", "unix_socket_directories": "''", "port": own.port})
own.run("pg_ctl", "start", "-D", str(own.data), "-l", str(own.log), "-w")
kit.say(folder=str(own.folder), postmaster=int((own.data / "postmaster.pid").read_text().split()[0]))
"""
WAITS = "try:\n    input()\nexcept EOFError:\n    pass\n"
STOPS = "input()\naws.stop()\nkit.say(there=own.folder.exists())\n"


def test_its_life_step_by_step(aws: Cloud) -> None:
    ledger = Ledger("own")
    own = OwnServer(aws, ledger)
    try:
        password = own.file("password", "secret")
        with ledger.task("set it up"):
            own.run(
                "initdb",
                "-D",
                str(own.data),
                "-U",
                "hikari",
                "--pwfile",
                str(password),
                "-A",
                "scram-sha-256",
                "-E",
                "UTF8",
            )
            own.write(
                "postgresql.conf",
                {"listen_addresses": f"'{HOST}'", "unix_socket_directories": "''", "port": own.port},
            )
            own.run("pg_ctl", "start", "-D", str(own.data), "-l", str(own.log), "-w")
        assert [(one.what, one.settings) for one in ledger.operations] == [
            ("initdb", 5),
            ("edit postgresql.conf", 3),
            ("pg_ctl start", 3),
        ]
        with psycopg.connect(
            host=HOST, port=own.port, user="hikari", password="secret", dbname="postgres", autocommit=True
        ) as connection:
            store = order_stores.PostgresOrders(connection)
            store.create()
            store.place(order_stores.examples(1)[0])
            assert store.get("order-00000") == order_stores.examples(1)[0]
        with pytest.raises(CommandFailed, match="pg_dump"):
            own.run("pg_dump", "-h", HOST, "-p", str(own.port), "-U", "nobody", "--no-password", "nothing")
        assert ledger.total("actions") == 4
    finally:
        own.remove()
    assert not own.folder.exists()
    own.remove()


@pytest.mark.skipif(psutil.WINDOWS, reason="signals as on Unix")
def test_a_kernel_that_is_killed_takes_it_along(program: Callable[..., Any], tools: Any) -> None:
    started = program(RUNS + WAITS)
    said = started.hear()
    assert tools.is_alive(said["postmaster"])
    started.process.send_signal(signal.SIGKILL)
    tools.eventually(lambda: not tools.is_alive(said["postmaster"]), "the server has ended")
    tools.eventually(lambda: not Path(said["folder"]).exists(), "its folder is gone")


def test_a_cloud_that_is_stopped_takes_it_along(program: Callable[..., Any], tools: Any) -> None:
    started = program(RUNS + STOPS)
    said = started.hear()
    started.go_on()
    tools.eventually(lambda: not tools.is_alive(said["postmaster"]), "the server has ended")
    tools.eventually(lambda: not Path(said["folder"]).exists(), "its folder is gone")
