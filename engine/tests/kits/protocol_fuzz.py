"""One run of the protocol fuzzer: proxies with pools of one to three connections, victims and attackers at each."""

from __future__ import annotations

import contextlib
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace

from kits.protocol_attackers import Attacker, Finding, Front, threads_of
from kits.protocol_attacks import ATTACKS
from kits.protocol_plan import setup
from kits.protocol_victims import KINDS, Victim
from kits.proxy_kit import SHOP, ProxyProcess, eventually
from kits.servers_kit import Database, proxy_of

#: The oldest PostgreSQL that its makers support in December 2026 is 15; Debian puts it here.
OLDEST = "/usr/lib/postgresql/15/bin"
#: One percent of these is one connection.
MAX_CONNECTIONS = 100
POOLS = (1, 2, 3)
VICTIMS, ATTACKERS = 4, 4
LENT = "DatabaseConnectionsCurrentlyBorrowed"


@dataclass(frozen=True)
class Plan:
    """What a run does.

    Args:
        seed: the same seed gives the same scripts.
        answers: how many right answers the victims of all proxies must get.
        attacks: names of attacks.
        works: what victims do.
        pools: for each proxy, the size of its pool.
        limit_s: no answer may take longer, in seconds.
        longest_s: the run ends after so many seconds, whatever it has.
        is_direct: plays against PostgreSQL itself, where nothing may be wrong.
    """

    seed: int
    answers: int = 100_000
    attacks: tuple[str, ...] = tuple(ATTACKS)
    works: tuple[str, ...] = KINDS
    pools: tuple[int, ...] = POOLS
    limit_s: float = 20.0
    longest_s: float = float("inf")
    is_direct: bool = False


@dataclass
class Outcome:
    """What a run saw. Args: answers: right ones; played: scripts by kind; duration_s: how long it took."""

    findings: list[Finding]
    answers: int
    played: Counter[str]
    duration_s: float


def run(plan: Plan, database: Database) -> Outcome:
    """Plays a plan against proxies in front of a database that is used for nothing else."""
    began_s = time.monotonic()
    names = [f"{kind}{pool}{n}" for pool in plan.pools for kind in ("victim", "attacker") for n in range(9)]
    prepare(database, names)
    with contextlib.ExitStack() as open_proxies:
        proxies = [open_proxies.enter_context(proxy_of(database, **pool_of(size))) for size in plan.pools]
        bare = replace(database.endpoint, kind="PostgreSQL as if it were a proxy")
        fronts = [
            Front(f"pool of {size}", bare if plan.is_direct else proxy.endpoint, database.endpoint, plan.limit_s)
            for size, proxy in zip(plan.pools, proxies, strict=True)
        ]
        attackers = [list(attackers_of(plan, size, front)) for size, front in zip(plan.pools, fronts, strict=True)]
        victims = [
            Victim(front, f"victim{size}{n}", plan.seed, plan.works)
            for size, front in zip(plan.pools, fronts, strict=True)
            for n in range(VICTIMS)
        ]
        works = [victim.run for victim in victims] + [attacker.run for group in attackers for attacker in group]
        threads = threads_of(works)
        while not any(front.over.is_set() for front in fronts):
            if sum(front.answers for front in fronts) >= plan.answers or time.monotonic() - began_s > plan.longest_s:
                break
            time.sleep(0.05)
        for front in fronts:
            front.over.set()
        for thread in threads:
            thread.join(plan.limit_s * 2)
        if not any(front.findings for front in fronts):
            for front, proxy in zip(fronts, proxies, strict=True):
                inspect(front, proxy)
        for group in attackers:
            for attacker in group:
                attacker.close()
    findings = sorted((each for front in fronts for each in front.findings), key=lambda each: each.after_s)
    played = sum((front.played for front in fronts), Counter[str]())
    return Outcome(findings, sum(front.answers for front in fronts), played, time.monotonic() - began_s)


def pool_of(size: int) -> dict[str, int]:
    """A proxy's settings for a pool of so many connections."""
    return {"max_connections_percent": size, "max_idle_connections_percent": size}


def attackers_of(plan: Plan, size: int, front: Front) -> Iterator[Attacker]:
    """The attackers of one proxy."""
    attacks = {name: ATTACKS[name] for name in plan.attacks}
    for n in range(ATTACKERS):
        yield Attacker(front, f"attacker{size}{n}", plan.seed, attacks)


def prepare(database: Database, names: list[str]) -> None:
    """Makes the tables."""
    with database.endpoint.connect() as owner:
        owner.execute(f"ALTER DATABASE {SHOP} SET TimeZone = 'UTC'")
        owner.execute("DROP SCHEMA public CASCADE; DROP SCHEMA IF EXISTS south CASCADE; CREATE SCHEMA public")
        owner.execute(setup(names))


def inspect(front: Front, proxy: ProxyProcess) -> None:
    """After the work, every connection is back although clients stay connected, and a new client is served."""
    try:
        eventually(lambda: proxy.metrics()["now"][LENT] == 0, "every connection to be back in the pool")
        Victim(Front(front.name, front.endpoint, front.direct, front.limit_s), "late", 0, ("simple",)).live()
    except (OSError, AssertionError) as error:
        front.report(f"{front.name}, afterwards", str(error))
