"""Attacks the proxy at random; well-behaved clients know each answer. engine/tests/proxy_fuzz.py is the long run."""

from __future__ import annotations

import contextlib
import os
import random
from collections.abc import Iterator

import pytest

from kits.protocol_attackers import Attacker, Front
from kits.protocol_attacks import ATTACKS
from kits.protocol_fuzz import MAX_CONNECTIONS, OLDEST, Plan, run
from kits.proxy_kit import Endpoint
from kits.servers_kit import Database
from serverless_cloud.rds import binaries

SEED = int(os.environ.get("SERVERLESS_FIRST_FUZZ_SEED", "0")) or random.SystemRandom().randrange(1, 10**9)
pytestmark = pytest.mark.thorough


@pytest.fixture(scope="module", params=["newest", "oldest"])
def database(request: pytest.FixtureRequest) -> Iterator[Database]:
    """A PostgreSQL that nothing else uses, of the version that the cloud runs and of the oldest that we support."""
    programs = None
    if request.param == "oldest":
        try:
            programs = binaries.find(OLDEST)
        except binaries.NoPostgres:
            pytest.skip(f"The oldest PostgreSQL that we support isn't installed in {OLDEST}.")
    with contextlib.closing(Database(MAX_CONNECTIONS, programs)) as server:
        yield server


@pytest.mark.parametrize("is_direct", [True, False], ids=["PostgreSQL itself", "proxies"])
def test_every_answer_is_right_whatever_others_send(database: Database, *, is_direct: bool) -> None:
    print(f"SERVERLESS_FIRST_FUZZ_SEED={SEED}")
    outcome = run(Plan(SEED, answers=2_000, is_direct=is_direct, longest_s=30), database)
    assert not outcome.findings, f"SERVERLESS_FIRST_FUZZ_SEED={SEED}\n{outcome.findings[0].text}"
    assert outcome.answers >= 2_000
    assert len(outcome.played) > len(ATTACKS) / 2


def test_a_seed_repeats_the_plan() -> None:
    front = Front("no proxy", Endpoint("proxy", 1), Endpoint("postgres", 1), 1)
    plans = [[Attacker(front, "a", seed, ATTACKS).script(n) for n in range(300)] for seed in (7, 7, 8)]
    assert plans[0] == plans[1]
    assert plans[0] != plans[2]
    assert {script.kind for script, _ in plans[0]} == set(ATTACKS)
