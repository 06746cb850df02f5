"""Figure functions write their own alt text, and refuse a title that their data contradict."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from matplotlib.figure import Figure
from tests.unit.proxy_events import PGBOUNCER, PINNED, RDS_PROXY, log

from serverless_cloud.records import CallResult, DatabaseSession, Interval, Sample
from serverless_first import figures
from serverless_first.facts import Release
from serverless_first.figures import style
from serverless_first.figures.fleet import cold_share
from serverless_first.figures.words import WrongTitle, alt_text, check_title, measured, told
from serverless_first.simulate import network

REFUSED = "FATAL:  remaining connection slots are reserved for roles"


def call(outcome: str) -> CallResult:
    return CallResult(outcome, None, "", 0.3, "REPORT\tDuration: 210.00 ms\t")


def sample(time_s: float, active: int = 0, idle: int = 0) -> Sample:
    states = ["active"] * active + ["idle"] * idle
    sessions = [DatabaseSession(n, "app", "shop", "", state, "", "", 0.0, 0.0) for n, state in enumerate(states)]
    return Sample(time_s, sessions)


def interval(phase: str, start_s: float, end_s: float) -> Interval:
    return Interval("e1", 1, phase, start_s, end_s)


LIFE = [
    *(interval("init", 0, 0.2), interval("invoke", 0.2, 0.5), interval("frozen", 0.5, 1.6)),
    *(interval("invoke", 1.6, 1.9), interval("frozen", 1.9, 3)),
]
BURST = [sample(0, 1), sample(0.1, 17), sample(0.2, 3, 14), sample(0.3, 0, 17)]
SAME_PORT = [
    ("env 1:40000", "db:5432"),
    ("env 2:40000", "db:5432"),
    ("env 2:40001", "api:443"),
    ("env 3:40000", "db:5432"),
]
RELEASES = [Release("A", "limits", "2018", True, (), None), Release("B", "limits", "2021-05-01", False, (), None)]
#: Two clients, one after the other, on the same database connection.
IN_TURN = log(
    (0.0, 1, None, "login"),
    (0.0, None, 7, "open"),
    (0.1, 1, 7, "borrow", "waited 1.0 ms"),
    (0.1, 1, 7, "query", "BEGIN"),
    (0.2, 1, 7, "query", "COMMIT"),
    (0.2, 1, 7, "return"),
    (0.3, 2, None, "login"),
    (0.3, 2, 7, "borrow", "waited 0.0 ms"),
    (0.4, 2, 7, "query", "SELECT 1"),
    (0.5, 2, 7, "return"),
)
TRIES = {"own role": [call("answered")] * 15 + [call("failed")] * 45}

#: A figure with a title that its data bear out, and what its alt text says after the title.
WORDS: dict[str, tuple[Callable[[str], Figure], str, str]] = {
    "timeline": (
        lambda title: figures.timeline(LIFE, title=title),
        "One environment served 2 calls; between them it was frozen",
        "The environment's row shows 2 calls. Init took 0.2 s. Each call took 0.3 s. Each frozen phase took 1.1 s. "
        "Between two calls an environment is frozen.",
    ),
    "seats": (
        lambda title: figures.seats(title=title, environments=60, connected=17, reserved={"superusers": 3}),
        "17 of 60 customers found a seat; 43 orders are lost",
        "On the left 60 environments, on the right a database with 20 seats. 17 environments are connected to the "
        "database, 43 are crossed out because they were refused. 3 seats are not taken. Seats are reserved: 3 for "
        "superusers.",
    ),
    "seats with a proxy": (
        lambda title: figures.seats(title=title, environments=60, connected=60, proxy=10),
        "60 environments need 10 seats",
        "On the left 60 environments, on the right a database with 20 seats. 60 environments are connected to the "
        "proxy between them. The proxy holds 10 connections to the database. 10 seats are not taken. Seats are "
        "reserved: 2 for the master user and 3 for superusers.",
    ),
    "over time": (
        lambda title: figures.connections_over_time(
            BURST, title=title, max_connections=20, reserved=3, marks={0.1: "the sale opens"}
        ),
        "After the last call 17 connections stay idle",
        "Connections over time. There are 1 at the beginning, 17 at the peak and 17 at the end, all idle. Marked: "
        "at 0.1 s the sale opens. Lines mark max_connections, 20, and the 3 reserved seats below it.",
    ),
    "distribution": (
        lambda title: figures.distribution(
            {"connecting": [20.0, 20.0], "the order": [200.0, 260.0]}, title=title, logarithmic=False
        ),
        "Connecting takes 8% of the time",
        "One row of dots for each group, on a linear axis. connecting: 2 calls, the median is 20 ms. the order: "
        "2 calls, the median is 230 ms.",
    ),
    "counts": (
        lambda title: figures.counts({"version 1": 90, "version 2": 10}, title=title),
        "10 of 100 calls met version 2",
        "2 bars of the number of calls: version 1 90 and version 2 10.",
    ),
    "mitigations": (
        lambda title: figures.mitigations(TRIES, title=title),
        "One try has its price",
        "One row for each try. Own role: of 60 orders 15 placed and 45 failed.",
    ),
    "two VPCs, no way": (
        lambda title: figures.two_vpcs(title=title, model="none", environments=4, interfaces=0),
        "There is no way from a function to your database",
        "On the left, the VPC of the Lambda service with 4 environments. On the right, your VPC with a database and a "
        "subnet of 11 addresses, 11 of them free. Nothing leads from one VPC to the other.",
    ),
    "two VPCs in 2019": (
        lambda title: figures.two_vpcs(title=title, model="2019", environments=11, interfaces=11, refused=19),
        "2019: each environment takes an address, and 11 are all there are",
        "On the left, the VPC of the Lambda service with 11 environments and 19 more that are crossed out because they "
        "found no address. On the right, your VPC with a database and a subnet of 11 addresses, none of them free. A "
        "line leads from each environment to its own interface in the subnet, and from there to the database.",
    ),
    "two VPCs now": (
        lambda title: figures.two_vpcs(title=title, model="hyperplane", environments=30, interfaces=1),
        "Now: 30 environments share one interface",
        "On the left, the VPC of the Lambda service with 30 environments. On the right, your VPC with a database and a "
        "subnet of 11 addresses, 10 of them free. A line leads from each environment to Hyperplane in the middle, "
        "which translates addresses. From there, 1 line leads to 1 interface in the subnet, and on to the database.",
    ),
    "cold starts": (
        lambda title: figures.cold_starts(network.cold_start(0.5, "2019"), network.cold_start(0.5), title=title),
        "95% of such a cold start in 2019 was the wait for the interface",
        "Two bars. In 2019, the cold start took 10.5 s, and the hatched part of the bar is the wait for the interface, "
        "10.0 s. Now it takes 0.5 s, without this wait.",
    ),
    "interfaces": (
        lambda title: figures.interfaces_then_and_now((24, 24), title=title),
        "2019: a wall at 250 interfaces. Now two serve 10,000 environments",
        "Network interfaces against environments, both on logarithmic axes. The dashed line of 2019 rises by one with "
        "each environment and ends at 250. A hatched area above it shows the environments that get none. The solid "
        "line of today needs 2 for up to 10,000 environments.",
    ),
    "translations": (
        lambda title: figures.translations(network.translate(SAME_PORT), title=title),
        "The same source port three times, told apart by the interface's ports",
        "A table of 4 connections. env 1:40000 to db:5432 has port 1024 of the interface. env 2:40000 to db:5432 has "
        "port 1025 of the interface. env 2:40001 to api:443 has port 1024 of the interface. env 3:40000 to db:5432 has "
        "port 1026 of the interface. Towards db:5432, 3 of 65,000 ports are in use.",
    ),
    "proxy over time": (
        lambda title: figures.proxy_over_time(IN_TURN, title=title, limit=1, borrowed=True),
        "2 clients come and stay, but they never need more than 1 connection",
        "Connections over time. ClientConnections begins at 0, peaks at 2 and ends at 2. DatabaseConnections begins at "
        "0, peaks at 1 and ends at 1. An area for the borrowed database connections begins at 0, peaks at 1 and ends "
        "at 0. A dotted line marks the pool's limit of 1.",
    ),
    "steps": (
        lambda title: figures.borrow_steps(IN_TURN, title=title, names={1: "Ann", 2: "Ben"}, connections={7: "X"}),
        "Ben gets Ann's connection",
        "A lane for each of 2 clients. Ann borrows connection X for BEGIN and COMMIT. Ben borrows connection X for "
        "SELECT.",
    ),
    "pinned burst": (
        lambda title: figures.pinned_burst(PINNED, title=title),
        "1 client keeps the connection, and the other 2 get none",
        "One row for each of 3 clients. 1 client pins a connection and keeps it to the end. 2 clients wait until the "
        "borrow timeout and get none.",
    ),
    "poolers": (
        lambda title: figures.two_poolers([RDS_PROXY, PGBOUNCER], title=title),
        "RDS Proxy places 10 of 60 orders because it pins, and PgBouncer leaks",
        "RDS Proxy: 10 of 60 orders placed on 10 database connections, 10 pinned. A SET doesn't reach other clients. "
        "PgBouncer: 60 of 60 orders placed on 10 database connections, 0 pinned. A SET reaches other clients.",
    ),
    "borrow waits": (
        lambda title: figures.borrow_waits({"measured": [0.0, 0.1], "simulated": [0.0, 0.2]}, title=title),
        "If both of the 2 orders come at once, the last one waits 0.2 s",
        "The share of the orders that have a connection, against the time waited. measured, 2 orders: 50 percent have "
        "one at once, 95 percent have one within 100 ms and the longest wait is 100 ms. simulated, 2 orders: 50 "
        "percent have one at once, 95 percent have one within 200 ms and the longest wait is 200 ms.",
    ),
    "pinned share": (
        lambda title: figures.pinned_share(
            title=title, clients=6, connections=(2,), work_s=0.2, draws=5, measured={"SET": (6, 2)}
        ),
        "From 2 of 6 clients on that pin, some get no connection",
        "The number of 6 clients that get a connection, against the number that pin theirs. Simulated with a pool of "
        "2: all 6 get one while fewer than 2 pin. From there the curve falls steeply, then more slowly, to 2 when all "
        "pin. Measured, SET: 6 pin, 2 get a connection.",
    ),
    "limits": (
        lambda title: figures.instance_limits(
            1000, instance_classes=["db.t4g.large", "db.r6g.large"], chosen="db.r6g.large", title=title
        ),
        "1,000 environments with a connection each take a db.r6g.large",
        "One bar for each instance class shows the seats of an ordinary user, and a line shows the 1,000 connections "
        "needed: db.t4g.large has 896 and db.r6g.large has 1,797. db.r6g.large has enough.",
    ),
    "table": (
        lambda title: figures.table(
            {
                "first call": {"Duration": "1.53 ms", "State": "cold", "Init Duration": "41 ms"},
                "second call": {"Duration": "1.2 ms", "State": "warm"},
            },
            title=title,
        ),
        "1 of 2 calls has an Init Duration",
        "A table. first call: Duration 1.53 ms, State cold and Init Duration 41 ms. second call: Duration 1.2 ms and "
        "State warm, and no Init Duration.",
    ),
    "life cycle": (
        lambda title: figures.lifecycle(title=title),
        "An environment has 4 states",
        "4 states: init, busy, frozen and ended. From init, invoke leads to busy (cold start). From init, freeze leads "
        "to frozen (initialized ahead of the first call). From init, end leads to ended. From busy, freeze leads to "
        "frozen (the handler returned). From busy, end leads to ended. From frozen, invoke leads to busy (warm start). "
        "From frozen, end leads to ended. The box of ended says: crash, timeout, new code, idle too long, clean-up.",
    ),
    "history": (
        lambda title: figures.history(RELEASES, title=title),
        "1 of 2 releases came later, so half of them",
        "A time line from 2018 to 2021 with a lane for each theme: limits and billing. 1 of 2 releases are on slide 10 "
        "of the deck, as filled circles. The others are open diamonds. A line marks the date of the deck, 31 January "
        "2020. 1 release came later.",
    ),
}


@pytest.mark.parametrize("name", WORDS)
def test_a_figure_says_what_it_shows(name: str) -> None:
    draw, title, words = WORDS[name]
    assert alt_text(draw(title)) == f"{title}. {words}"


@pytest.mark.parametrize("name", WORDS)
def test_a_title_with_another_number_is_refused(name: str) -> None:
    with pytest.raises(WrongTitle, match=r"The title says '777', but the data don't"):
        WORDS[name][0]("777 of them are lost")


@pytest.mark.parametrize(
    ("draw", "says"),
    [
        (lambda: figures.connections_over_time(BURST[:2], title="They stay idle", max_connections=20), "idle"),
        (lambda: figures.timeline([*LIFE[:2], LIFE[3]], title="Between them it was frozen"), "frozen"),
        (lambda: figures.proxy_over_time([*IN_TURN, *log((0.6, 2, None, "disconnect"))], title="They stay"), "stay"),
        (lambda: figures.two_poolers([RDS_PROXY], title="One pins, one leaks"), "leaks"),
        (
            lambda: figures.instance_limits(
                1000, instance_classes=["db.t4g.large", "db.r6g.large"], title="A db.t4g.large is enough"
            ),
            "db.t4g.large",
        ),
        (
            lambda: figures.two_vpcs(title="All share one interface", model="hyperplane", environments=4, interfaces=2),
            "one interface",
        ),
        (
            lambda: figures.two_vpcs(title="11 are all there are", model="2019", environments=4, interfaces=4),
            "all there are",
        ),
        (lambda: figures.interfaces_then_and_now((16,), title="Now two serve everybody"), "two"),
        (lambda: figures.translations(network.translate(SAME_PORT[:2]), title="It is used three times"), "three times"),
        (lambda: figures.history(RELEASES[:1], title="Half of these releases came after the deck"), "half"),
        (lambda: figures.history(RELEASES, title="Most changes of limits came later"), "most changes of limits"),
    ],
)
def test_a_claim_that_the_data_do_not_show_is_refused(draw: Callable[[], Figure], says: str) -> None:
    with pytest.raises(WrongTitle, match=f"The title says '{says}', but the data don't show it"):
        draw()


def test_the_curves_of_cold_starts_are_told_by_their_shares() -> None:
    words = alt_text(cold_share(title="Rare calls meet cold starts, frequent calls hardly ever"))
    shares = re.findall(r"kept for (\d+) min, it is (\d+)% at 0\.01 a minute, .+? at 1 and .+? at 100\.", words)
    assert [minutes for minutes, _ in shares] == ["1", "10", "60"]
    assert [int(percent) for _, percent in shares] == [99, 90, 55]  # nobody calls for t with the chance exp(-rate t)


@pytest.mark.parametrize(
    "title",
    [
        "17 of 60", "1,200 calls", "8% of 60", "8.3 percent", "0.1 s", "2 million calls", "a db.t4g.small",
        "PostgreSQL-18", "$5 a month", "no number",
    ],
)  # fmt: skip
def test_titles_may_round_and_name_things(title: str) -> None:
    check_title(title, [17, 60, 1200, 0.12, 2_100_000], [0.083])


@pytest.mark.parametrize("title", ["18 of 60", "9%", "8.4 percent", "0.2 s", "3 million calls"])
def test_titles_may_not_state_another_number(title: str) -> None:
    with pytest.raises(WrongTitle):
        check_title(title, [17, 60, 1200, 0.12, 2_100_000], [0.083])


def test_a_figure_whose_title_is_the_slides_heading_has_words_without_a_title() -> None:
    assert alt_text(told(Figure(), "", "Two bars.", "Now it takes 0.5 s.")) == "Two bars. Now it takes 0.5 s."


def test_a_shown_figure_carries_its_own_words_and_a_span_around_what_was_measured(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    shown: list[Any] = []
    monkeypatch.setattr(style, "display", lambda data, **options: shown.append((data, options)))
    figures.show(told(Figure(), "3% & more", f"It took {measured('5.4 ms')}.", shares=[0.03], varies=True))
    (_, options), (words, _) = shown
    assert options["metadata"]["image/png"]["alt"] == "3% & more. It took 5.4 ms."
    html = '<span class="measured">3%</span> &amp; more. It took <span class="measured">5.4 ms</span>.'
    assert html in words["text/html"]
    assert words["text/plain"] == "… & more. It took …."


def test_a_figure_without_words_needs_an_alt_text() -> None:
    with pytest.raises(ValueError, match="function writes no alt text"):
        figures.show(Figure())
