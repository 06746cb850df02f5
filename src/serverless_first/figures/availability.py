"""Figures of what chains of calls promise, of requests at a token bucket, and of orders through an outage."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

from serverless_first.course.words import count
from serverless_first.figures.axes import Moving
from serverless_first.figures.connections import TITLE_LETTERS
from serverless_first.figures.style import BLUE, GREEN, GREY, ORANGE, SKY, VERMILION, style
from serverless_first.figures.words import add_alt_text, measured
from serverless_first.simulate import availability
from serverless_first.simulate.throttling import Throttled

MOST_SERVICES = 12
_EXAMPLES = (0.99, 0.999, 0.9999)


def minutes_a_month(share: float) -> float:
    """How many minutes of a month something of this availability does not answer."""
    return availability.unavailable_s(share) / 60


class ChainCurves(Moving):
    """Minutes without an answer against the number of services in a chain, on a logarithmic axis."""

    def __init__(self, axes: Axes) -> None:
        numbers = np.arange(1, MOST_SERVICES + 1)
        axes.set_yscale("log")
        axes.set_ylim(0.8, 12_000)
        axes.set_xlim(0.5, MOST_SERVICES + 2.1)
        axes.set_xticks(numbers)
        axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _place: f"{value:,.0f}"))
        axes.set_xlabel("services that must answer, one calling the next")
        axes.set_ylabel("minutes a month\nwithout an answer")
        axes.grid(axis="y", color="#E5E5E5", linewidth=0.8)
        for share in _EXAMPLES:
            axes.plot(numbers, [minutes_a_month(share ** int(n)) for n in numbers], color=GREY, linewidth=1.2)
            words = f"each {share:.2%}".replace(".00%", "%").replace(".90%", ".9%")
            axes.text(MOST_SERVICES + 0.15, minutes_a_month(share**MOST_SERVICES), words, va="center", fontsize=9.5)
        self._numbers = numbers
        (self._curve,) = axes.plot([], [], color=BLUE, linewidth=2.2)
        (self._chain,) = axes.plot([], [], "X", color=VERMILION, markersize=12, markeredgecolor="black")
        (self._left,) = axes.plot([], [], "o", color=GREEN, markersize=11, markeredgecolor="black")
        self.title = axes.set_title("")
        self.moving = [self._curve, self._chain, self._left, self.title]

    def update(self, share: float, services: int, by_event: int) -> None:
        """Draws one setting.

        Args:
            share: the availability of each service.
            services: how many there are in all.
            by_event: how many of them are told by an event, and not waited for.
        """
        self._curve.set_data(self._numbers, [minutes_a_month(share ** int(n)) for n in self._numbers])
        left = services - by_event
        self._chain.set_data([services], [minutes_a_month(share**services)])
        self._left.set_data([left] if by_event else [], [minutes_a_month(share**left)] if by_event else [])

    def legend(self) -> tuple[list[Any], list[str]]:
        """Handles and labels."""
        labels = ["the chosen availability", "all by calls that wait", "the rest by events"]
        return [self._curve, self._chain, self._left], labels


def chain_availability(share: float, services: int, *, title: str, by_event: int = 0) -> Figure:
    """How long a chain of synchronous calls does not answer, with 1 to 12 services in it.

    Args:
        share: the availability of each service, from 0.9 up, below 1.
        services: how many of them the marked chain has, 1 to 12.
        title: the finding, as a sentence.
        by_event: how many of them are told by an event in the other mark.

    Raises:
        ValueError: an argument is out of its range.
        WrongTitle: the title states minutes or an availability that the marks don't have.
    """
    if not 0.9 <= share < 1 or not 1 <= services <= MOST_SERVICES or not 0 <= by_event < services:
        raise ValueError("Give each from 0.9 to below 1, 1 to 12 services, and fewer services by event than services.")
    with style():
        figure = Figure(figsize=(8.0, 3.9))
        axes = figure.subplots()
        curves = ChainCurves(axes)
        curves.update(share, services, by_event)
        axes.set_title(textwrap.fill(title, TITLE_LETTERS))
        figure.legend(*curves.legend(), loc="outside lower left", ncols=3, frameon=False, fontsize=9.5)
    left = services - by_event
    lost, remaining = minutes_a_month(share**services), minutes_a_month(share**left)
    dot = f"A dot marks {count(left, 'service')} at {remaining:,.0f} minutes, if events tell the others."
    return add_alt_text(
        figure,
        title,
        "Minutes a month without an answer against the number of services in a chain, on a logarithmic axis.",
        "The line of each availability rises with the number.",
        f"A cross marks {count(services, 'service')} of {share * 100:.6g}% at {lost:,.0f} minutes.",
        dot if by_event else "",
        numbers=[services, left, by_event, lost, remaining],
        shares=[share, share**services],
    )


def throttled(times_s: Sequence[float], passed: Sequence[bool], model: Throttled, *, title: str) -> Figure:
    """Requests that passed and requests that got 429, over the tokens that the model has in the bucket.

    Args:
        times_s: when each request was sent, in seconds, ascending.
        passed: for each request, whether it was let through.
        model: `throttling.token_bucket` for the same times.
        title: the finding, as a sentence. It may state how many requests passed or got 429, the burst and the rate.

    Raises:
        ValueError: the three don't have the same length, or there is no request.
        WrongTitle: the title states another number.
    """
    if not len(times_s) or not len(times_s) == len(passed) == len(model.passed):
        raise ValueError("Give times_s, passed and the model for the same requests, with at least one request.")
    times, let = np.asarray(times_s) - times_s[0], np.asarray(passed, dtype=bool)
    with style():
        figure = Figure(figsize=(8.0, 3.4))
        axes = figure.subplots()
        axes.fill_between(times, model.tokens, color=SKY, alpha=0.5, linewidth=0, label="tokens in the bucket, model")
        axes.plot(times[let], np.ones(int(let.sum())) * -0.9, "o", color=BLUE, markersize=6, label="passed")
        axes.plot(times[~let], np.ones(int((~let).sum())) * -2.0, "x", color=VERMILION, markersize=7, label="429")
        axes.axhline(1, color=GREY, linewidth=1, linestyle="dashed")
        axes.set_ylim(-2.8, model.burst * 1.12)
        axes.set_yticks([0, 1, model.burst])
        axes.set_ylabel("tokens found")
        axes.set_xlabel("time, in s")
        axes.set_title(textwrap.fill(title, TITLE_LETTERS))
        figure.legend(loc="outside lower left", ncols=3, frameon=False, fontsize=9.5)
    total, through = len(let), int(let.sum())
    at_first = total if let.all() else int(np.argmin(let))
    return add_alt_text(
        figure,
        title,
        f"Tokens in a bucket over {measured(f'{times[-1]:.1f} s')}. The bucket holds {model.burst:g} tokens, and "
        f"{model.rate_per_s:g} come back each second.",
        f"A row of dots shows the {measured(f'{through}')} of {count(total, 'request')} that passed, and a row of "
        f"crosses the {measured(f'{total - through}')} that got 429.",
        f"The first {measured(f'{at_first}')} pass without a break." if at_first < total else "",
        numbers=[total, through, total - through, at_first, model.burst, model.rate_per_s],
        claims={"without a break": at_first >= model.burst},
        varies=True,
    )


@dataclass
class Outage:
    """Orders before, during and after an outage; all times in seconds on one clock.

    Args:
        name: of the design.
        down_s: when the service behind went down and when it came back.
        accepted_s, refused_s: when orders were accepted or refused at the door.
        done_s: when the service behind had done its part for an order.
    """

    name: str
    down_s: tuple[float, float] = (0.0, 0.0)
    accepted_s: list[float] = field(default_factory=list)
    refused_s: list[float] = field(default_factory=list)
    done_s: list[float] = field(default_factory=list)


def orders_through_an_outage(outages: Sequence[Outage], *, title: str) -> Figure:
    """For each design a panel with the orders accepted, done and refused, added up over time.

    Args:
        outages: one for each design.
        title: the finding, as a sentence. It may state how many orders a design accepted, refused or finished.

    Raises:
        ValueError: there is no design, or a design without an order.
        WrongTitle: the title states another number, or speaks of refused orders and none was refused.
    """
    if not outages or any(not one.accepted_s + one.refused_s for one in outages):
        raise ValueError("Give at least one design, each with an order.")
    with style():
        figure = Figure(figsize=(8.0, 3.9))
        panels = figure.subplots(1, len(outages), sharey=True, squeeze=False)[0]
        for axes, one in zip(panels, outages, strict=True):
            _outage(axes, one)
        panels[0].set_ylabel("orders so far")
        panels[0].set_ylim(0, 1.08 * max(len(one.accepted_s + one.refused_s) for one in outages))
        figure.suptitle(textwrap.fill(title, TITLE_LETTERS), x=0.01, ha="left", fontsize=12, fontweight="bold")
        handles, labels = panels[0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside lower left", ncols=4, frameon=False, fontsize=9.5)
    counts = [len(times_s) for one in outages for times_s in (one.accepted_s, one.refused_s, one.done_s)]
    return add_alt_text(
        figure,
        title,
        "Orders added up over time, with a gray band while stock is down.",
        *map(_outage_in_words, outages),
        numbers=[*counts, *(len(one.accepted_s + one.refused_s) for one in outages)],
        claims={
            "refused": any(one.refused_s for one in outages),
            "all": any(not one.refused_s and len(one.done_s) == len(one.accepted_s) for one in outages),
        },
    )


def _outage_in_words(one: Outage) -> str:
    during = sum(one.down_s[0] <= moment_s <= one.down_s[1] for moment_s in one.accepted_s)
    refused = f"{len(one.refused_s)} refused" if one.refused_s else "none refused"
    return (
        f"{one.name}: {count(len(one.accepted_s), 'order')} accepted, {during} of them during the outage, and "
        f"{refused}. At the end {len(one.done_s)} are reserved in stock."
    )


def _outage(axes: Axes, one: Outage) -> None:
    first_s = min(one.accepted_s + one.refused_s)
    last_s = max([*one.accepted_s, *one.refused_s, *one.done_s, one.down_s[1]]) - first_s
    end_s = last_s * 1.05 or 1.0
    axes.axvspan(one.down_s[0] - first_s, one.down_s[1] - first_s, color=GREY, alpha=0.25, label="stock is down")
    for times_s, colour, line, words in (
        (one.accepted_s, BLUE, "solid", "accepted"),
        (one.done_s, ORANGE, "dashed", "reserved in stock"),
    ):
        moments = np.sort(np.asarray(times_s)) - first_s
        steps = np.arange(len(moments) + 2)
        steps[-1] -= 1
        axes.step([0, *moments, end_s], steps, where="post", color=colour, linestyle=line, linewidth=2.2, label=words)
    refused = np.asarray(one.refused_s) - first_s
    axes.plot(refused, np.full(len(refused), 0.5), "X", color=VERMILION, markersize=9, label="refused")
    axes.set_xlim(0, end_s)
    axes.set_xlabel("time, in s")
    axes.set_title(one.name, fontsize=10.5)
