"""The randomised stress test. SERVERLESS_FIRST_STRESS_OPERATIONS=20000 is the full run; ..._SEED repeats one."""

from __future__ import annotations

import os
import random
from collections.abc import Callable
from typing import Any

from kits.proxy_kit import ProxyProcess, eventually
from kits.servers_kit import bouncer_of
from kits.stress_kit import Load

SEED = int(os.environ.get("SERVERLESS_FIRST_STRESS_SEED", "0")) or random.randrange(1, 10**9)
OPERATIONS = int(os.environ.get("SERVERLESS_FIRST_STRESS_OPERATIONS", "4000"))


def test_every_answer_is_right_and_nothing_leaks(postgres: Any, proxy: Callable[..., ProxyProcess]) -> None:
    print(f"SERVERLESS_FIRST_STRESS_SEED={SEED} SERVERLESS_FIRST_STRESS_OPERATIONS={OPERATIONS}")
    front = proxy()
    load = Load(front.endpoint, postgres, SEED, OPERATIONS)
    load.run()
    assert not load.failures, f"seed {SEED}: {len(load.failures)} threads failed.\n\n" + "\n".join(load.failures[:3])
    assert load.done.total() >= OPERATIONS
    assert min(load.done.values()) > 0
    assert 2 <= load.highest <= 10
    eventually(lambda: postgres.sessions("idle in transaction%") == 0, "no server connection in a transaction")
    eventually(lambda: postgres.sessions("active") == 0, "no server connection at work")
    with postgres.endpoint.connect() as direct:
        for worker in load.workers:
            assert dict(direct.execute(f"SELECT * FROM {worker.table}").fetchall()) == worker.rows
            assert direct.execute(f"SELECT count(*) FROM {worker.table}_copy").fetchone() == (0,)
    assert front.total("ClientConnectionsReceived") == front.total("ClientConnectionsClosed")


def test_the_load_finds_what_pgbouncer_leaks(postgres: Any) -> None:
    """The test of the test: PgBouncer does not pin, so what SET and LISTEN leave must be found in other sessions."""
    with bouncer_of(postgres) as bouncer:
        load = Load(bouncer, postgres, SEED, 1000)
        load.run()
    assert any("Leak" in each or "AssertionError" in each for each in load.failures)


def test_pgbouncer_passes_the_load_without_what_pins(postgres: Any) -> None:
    """And what does not pin is right with PgBouncer: the load asks for nothing that cannot be had."""
    with bouncer_of(postgres) as bouncer:
        load = Load(bouncer, postgres, SEED, 1000, pins=False)
        load.run()
    assert not load.failures, f"seed {SEED}: " + "\n".join(load.failures[:2])
