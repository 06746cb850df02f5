"""Attacks the RDS proxy at random, and compares each answer of well-behaved clients with the right one.

    python engine/tests/proxy_fuzz.py --answers 100000
    python engine/tests/proxy_fuzz.py --seed 4711 --attacks copy_into_view,settings --pools 1

It prints its seed; the same seed repeats the plan. SERVERLESS_FIRST_POSTGRES names the folder of another PostgreSQL.
"""

from __future__ import annotations

import argparse
import contextlib
import random
import sys
from collections.abc import Iterable

from kits.protocol_attacks import ATTACKS
from kits.protocol_fuzz import MAX_CONNECTIONS, POOLS, Plan, run
from kits.protocol_victims import KINDS
from kits.servers_kit import Database


def chosen(parser: argparse.ArgumentParser, names: str, known: Iterable[str]) -> tuple[str, ...]:
    """Names that are separated by commas; ends the program if one is unknown."""
    unknown = set(names.split(",")) - set(known)
    if unknown:
        parser.error(f"Unknown: {', '.join(sorted(unknown))}. Choose from {', '.join(known)}")
    return tuple(names.split(","))


def main(arguments: list[str] | None = None) -> int:
    """Returns 0 if nothing was wrong."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--seed", type=int, help="repeats a plan")
    parser.add_argument("--answers", type=int, default=100_000, help="right answers to collect, default 100,000")
    parser.add_argument("--attacks", default=",".join(ATTACKS), help="separated by commas; default: all, %(default)s")
    parser.add_argument("--works", default=",".join(KINDS), help="what victims do; default: all, %(default)s")
    parser.add_argument("--pools", default=",".join(map(str, POOLS)), help="sizes of pools, default %(default)s")
    parser.add_argument("--limit", type=float, default=20.0, help="seconds that an answer may take, default 20")
    parser.add_argument("--longest", type=float, default=float("inf"), help="seconds after which the run ends")
    parser.add_argument("--direct", action="store_true", help="without a proxy: tests the test")
    options = parser.parse_args(arguments)
    attacks, works = chosen(parser, options.attacks, ATTACKS), chosen(parser, options.works, KINDS)
    seed = options.seed if options.seed is not None else random.SystemRandom().randrange(1, 10**9)
    pools = tuple(map(int, options.pools.split(",")))
    plan = Plan(seed, options.answers, attacks, works, pools, options.limit, options.longest, options.direct)
    print(f"--seed {seed} --attacks {','.join(attacks)} --works {','.join(works)} --pools {options.pools}", flush=True)
    with contextlib.closing(Database(MAX_CONNECTIONS)) as database:
        outcome = run(plan, database)
    for finding in outcome.findings[:3]:
        print(f"\nAfter {finding.after_s:.1f} s, {finding.who}:\n{finding.text}")
    played = ", ".join(f"{count} {kind}" for kind, count in sorted(outcome.played.items()))
    print(f"\n{outcome.answers} right answers in {outcome.duration_s:.0f} s. Attacks: {played}")
    print(f"{len(outcome.findings)} findings")
    return 1 if outcome.findings or outcome.answers < min(plan.answers, 1) else 0


if __name__ == "__main__":
    sys.exit(main())
