"""Microservices as a drawing, and one request on its way through them."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Ellipse, FancyArrowPatch, FancyBboxPatch, Rectangle

from serverless_first.course.words import listed
from serverless_first.figures.connections import TITLE_LETTERS
from serverless_first.figures.style import BLUE, GREEN, GREY, ORANGE, SKY, VERMILION, style
from serverless_first.figures.words import add_alt_text, measured

_APART = 3.2  # between two services
_DOOR_Y, _SERVICE_Y, _STORE_Y, _CLIENTS_Y = 3.0, 1.9, 0.55, 4.25
_CLIENTS = ("mobile", "web", "IoT")
_HALF = 0.78  # half the width of a box


def _draw_message(
    axes: Axes, places: tuple[float, float], end_y: float, words: str, colour: str, *, dashed: bool = False
) -> None:
    """An arrow with words, from the service at the first place to the one at the second."""
    begin_x, end_x = places
    side = 1 if end_x > begin_x else -1
    begin, end = (begin_x + side * _HALF, _SERVICE_Y), (end_x - side * _HALF, end_y)
    _arrow(axes, begin, end, colour, dashed=dashed)
    _label(axes, begin, end, words, colour)


def services(
    names: Sequence[str],
    *,
    title: str,
    called: Sequence[str] | None = None,
    calls: Sequence[tuple[str, str]] = (),
    events: Sequence[tuple[str, str]] = (),
    down: Sequence[str] = (),
) -> Figure:
    """Services side by side, each with an API in front and its own store below.

    Args:
        names: of the services, from left to right.
        title: the finding, as a sentence.
        called: the services that clients call. The default is all of them.
        calls: pairs of services. The first calls the API of the second and waits.
        events: pairs of services. The first tells the second by an event and doesn't wait.
        down: services that don't answer.

    Raises:
        ValueError: there is no service, or a pair, `called` or `down` names a service that isn't there.
        WrongTitle: the title speaks of calls, events or an outage that the figure doesn't have.
    """
    unknown = sorted({name for pair in (*calls, *events, down, called or ()) for name in pair if name not in names})
    if not names or unknown:
        raise ValueError(
            f"No service is called {', '.join(unknown) or 'anything'}. The services are {', '.join(names)}."
        )
    place = {name: number * _APART for number, name in enumerate(names)}
    middle = (len(names) - 1) * _APART / 2
    with style():
        figure = Figure(figsize=(8.0, 4.1))
        axes = figure.subplots()
        axes.set_axis_off()
        axes.set_xlim(min(-1.6, middle - 3.2), max(middle * 2 + 1.6, middle + 3.2))
        axes.set_ylim(-0.15, 4.75)
        axes.set_title(textwrap.fill(title, TITLE_LETTERS))
        _draw_clients(axes, middle)
        for name, x in place.items():
            if name in (names if called is None else called):
                _arrow(axes, (middle, _CLIENTS_Y - 0.25), (x, _DOOR_Y + 0.25), GREY)
            _service(axes, x, name, is_down=name in down)
        for one, other in calls:
            colour = VERMILION if other in down else BLUE
            _draw_message(axes, (place[one], place[other]), _DOOR_Y, "calls, waits", colour)
        for one, other in events:
            _draw_message(axes, (place[one], place[other]), _SERVICE_Y, "event", GREEN, dashed=True)
    return add_alt_text(
        figure,
        title,
        *_services_in_words(names, names if called is None else called),
        *(f"From {one} an arrow, marked calls and waits, leads to the API of {other}." for one, other in calls),
        *(f"From {one} a dashed arrow, marked event, leads to {other}." for one, other in events),
        *(f"{name.capitalize()} is crossed out and marked down." for name in down),
        numbers=[len(names), len(calls), len(events)],
        claims=dict.fromkeys(("calls", "waits"), bool(calls))
        | dict.fromkeys(("event", "events"), bool(events))
        | {"down": bool(down)},
    )


def _draw_clients(axes: Axes, middle: float) -> None:
    for number, client in enumerate(_CLIENTS):
        x = middle + (number - (len(_CLIENTS) - 1) / 2) * 1.5
        _box(axes, x, _CLIENTS_Y, client, "white", half=0.6)


def _services_in_words(names: Sequence[str], called: Sequence[str]) -> tuple[str, str]:
    clients = f"Clients at the top: {listed(_CLIENTS)}."
    below = "the service" if len(names) == 1 else "the services"
    subject = "It has" if len(names) == 1 else "Each has"
    own = f"{subject} a box API above it and its own store below it."
    reached = "" if len(called) == len(names) else f" Lines from the clients lead only to {listed(called)}."
    return f"{clients} Below them {below} {listed(names)}.", f"{own}{reached}"


def _service(axes: Axes, x: float, name: str, *, is_down: bool) -> None:
    _box(axes, x, _DOOR_Y, "API", SKY)
    _box(axes, x, _SERVICE_Y, name, "#F2F2F2" if is_down else "#FFF3D6", height=0.62)
    axes.plot([x, x], [_DOOR_Y - 0.2, _SERVICE_Y + 0.31], color="black", linewidth=1)
    axes.plot([x, x], [_SERVICE_Y - 0.31, _STORE_Y + 0.4], color="black", linewidth=1)
    axes.add_patch(Rectangle((x - 0.6, _STORE_Y - 0.3), 1.2, 0.55, facecolor=ORANGE, edgecolor="none", alpha=0.55))
    for y in (_STORE_Y - 0.3, _STORE_Y + 0.25):
        axes.add_patch(Ellipse((x, y), 1.2, 0.3, facecolor=ORANGE, edgecolor="black", alpha=0.7))
    axes.text(x, _STORE_Y - 0.07, "store", ha="center", va="center", fontsize=9.5)
    if is_down:
        axes.plot([x - 0.7, x + 0.7], [_SERVICE_Y - 0.36, _SERVICE_Y + 0.36], color=VERMILION, linewidth=2.5)
        axes.plot([x - 0.7, x + 0.7], [_SERVICE_Y + 0.36, _SERVICE_Y - 0.36], color=VERMILION, linewidth=2.5)
        axes.text(x + 0.9, _SERVICE_Y - 0.45, "down", color=VERMILION, weight="bold", ha="left", va="center")


def _box(axes: Axes, x: float, y: float, words: str, colour: str, half: float = _HALF, height: float = 0.4) -> None:
    corner = (x - half, y - height / 2)
    axes.add_patch(
        FancyBboxPatch(
            corner, 2 * half, height, boxstyle="round,pad=0,rounding_size=0.08", facecolor=colour, edgecolor="black"
        )
    )
    axes.text(x, y, words, ha="center", va="center", fontsize=10.5)


def _arrow(
    axes: Axes, begin: tuple[float, float], end: tuple[float, float], colour: str, *, dashed: bool = False
) -> None:
    line = "dashed" if dashed else "solid"
    axes.add_patch(
        FancyArrowPatch(begin, end, arrowstyle="-|>", mutation_scale=14, color=colour, linestyle=line, linewidth=1.6)
    )


def _label(axes: Axes, begin: tuple[float, float], end: tuple[float, float], words: str, colour: str) -> None:
    middle = ((begin[0] + end[0]) / 2, (begin[1] + end[1]) / 2)
    text = axes.text(*middle, words, color=colour, ha="center", va="center", fontsize=9.5, weight="bold")
    text.set_bbox({"facecolor": "white", "edgecolor": "none", "pad": 1.5})


def request_on_its_way(spans: Mapping[str, tuple[float, float]], *, title: str) -> Figure:
    """A bar for each party of one request, from when it took the request until it had answered.

    Args:
        spans: name -> begin and end, in seconds on one clock, from the outermost party to the innermost.
        title: the finding, as a sentence. It may say that a party waits if all bars are inside the first.

    Raises:
        ValueError: there is no span, or a span ends before it begins.
        WrongTitle: the title says that a party waits, but a bar isn't inside the first bar.
    """
    if not spans or any(end < begin for begin, end in spans.values()):
        raise ValueError("Give at least one span, in seconds, each with its beginning before its end.")
    first_s = min(begin for begin, _ in spans.values())
    total_ms = (max(end for _, end in spans.values()) - first_s) * 1000
    colours = (GREY, BLUE, ORANGE, SKY, GREEN, VERMILION)
    with style():
        figure = Figure(figsize=(8.0, 1.3 + 0.42 * len(spans)))
        axes = figure.subplots()
        for y, (begin_s, end_s) in enumerate(spans.values()):
            left_ms, long_ms = (begin_s - first_s) * 1000, (end_s - begin_s) * 1000
            axes.barh(y, long_ms, left=left_ms, height=0.55, color=colours[y % len(colours)], edgecolor="black")
            axes.text(left_ms + long_ms + 0.01 * total_ms, y, f"{long_ms:,.1f} ms", va="center", fontsize=9.5)
        axes.set_yticks(range(len(spans)), list(spans))
        axes.invert_yaxis()
        axes.tick_params(axis="y", length=0)
        axes.set_xlim(0, total_ms * 1.13 or 1)
        axes.set_xlabel("time since the client sent the request, in ms")
        figure.suptitle(textwrap.fill(title, TITLE_LETTERS), x=0.01, ha="left", fontsize=12, fontweight="bold")
    outer, *_ = spans.values()
    return add_alt_text(
        figure,
        title,
        f"{len(spans)} bars over time, in milliseconds.",
        *_spans_in_words(spans),
        numbers=[len(spans)],
        claims={"waits": all(_inside(span, outer) for span in spans.values())},
    )


def _spans_in_words(spans: Mapping[str, tuple[float, float]]) -> list[str]:
    """A sentence for each bar, with the narrowest bar before it that it is inside of."""
    sentences: list[str] = []
    before: list[tuple[str, tuple[float, float]]] = []
    for name, span in spans.items():
        around = [(end - begin, other) for other, (begin, end) in before if _inside(span, (begin, end))]
        where = f", inside the bar of “{min(around)[1]}”" if around else ""
        sentences.append(f"“{name}” takes {measured(f'{(span[1] - span[0]) * 1000:,.1f} ms')}{where}.")
        before.append((name, span))
    return sentences


def _inside(inner: tuple[float, float], outer: tuple[float, float]) -> bool:
    return outer[0] <= inner[0] and inner[1] <= outer[1]
