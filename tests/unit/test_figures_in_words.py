"""Figure functions write their own alt text, and refuse a title that their data contradict."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from matplotlib.figure import Figure

from serverless_cloud.records import CallResult, DatabaseSession, Interval, Sample
from serverless_first import figures
from serverless_first.figures import style
from serverless_first.figures.words import WrongTitle, alt_text, check_title, measured, told

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
    "limits": (
        lambda title: figures.instance_limits(
            1000, instance_classes=["db.t4g.large", "db.r6g.large"], chosen="db.r6g.large", title=title
        ),
        "1,000 environments with a connection each take a db.r6g.large",
        "One bar for each instance class shows the seats of an ordinary user, and a line shows the 1,000 connections "
        "needed: db.t4g.large has 896 and db.r6g.large has 1,797. db.r6g.large has enough.",
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
        (
            lambda: figures.instance_limits(
                1000, instance_classes=["db.t4g.large", "db.r6g.large"], title="A db.t4g.large is enough"
            ),
            "db.t4g.large",
        ),
    ],
)
def test_a_claim_that_the_data_do_not_show_is_refused(draw: Callable[[], Figure], says: str) -> None:
    with pytest.raises(WrongTitle, match=f"The title says '{says}', but the data don't show it"):
        draw()


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
