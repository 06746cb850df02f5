"""A figure of execution environments, a database's seats and the connections between them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.legend import Legend
from matplotlib.patches import FancyBboxPatch, PathPatch, Rectangle
from matplotlib.path import Path

from serverless_first.course.words import count as count_of, listed
from serverless_first.figures.connections import check_reserved, heading
from serverless_first.figures.style import BLUE, GREEN, GREY, ORANGE, SLIDE_IN, VERMILION, on_slide, style
from serverless_first.figures.words import add_alt_text

Place = tuple[float, float]

# Positions in the drawing, in inches.
_HEIGHT, _FLOOR, _TOP = 4.0, 0.7, 0.9
_SLIDE_FLOOR, _SLIDE_TOP = 0.85, 0.45  # on a slide, which has its own title
_DOTS_X, _DOTS_APART = 0.25, 0.25
_BULGE = 0.6  # how far the arc of the dots bends toward the right
_PROXY_X, _PROXY_WIDTH = 3.3, 0.8
_SERVER_X, _SERVER_WIDTH = 5.85, 2.0
_SEAT_WIDTH, _SEATS_APART = 0.17, 0.25
_ROUND = 0.06  # how much a box is larger on each side
_SEATS_IN_A_COLUMN = 34
_RESERVED_LOOKS = ((ORANGE, "////"), ("#F7E2B0", "...."), (GREY, "xxxx"))


def seats(
    *,
    title: str,
    environments: int,
    connected: int,
    max_connections: int = 20,
    reserved: Mapping[str, int] | None = None,
    proxy: int | None = None,
) -> Figure:
    """Execution environments on the left, a database with its seats on the right, and a line for each connection.

    If there is a proxy between them, the lines to its left are client connections, and the lines to its right are
    database connections.

    Args:
        title: the finding, as a sentence.
        environments: the number of environments.
        connected: how many of them are connected to the database or to the proxy. The others are refused.
        max_connections: the number of seats in the database.
        reserved: user -> number of reserved seats, in the order in which connections take them. By default, 2 for the
            master user and 3 for superusers, as on RDS. A reserved seat that is held keeps its hatching.
        proxy: how many connections the proxy has to the database. None means that there is no proxy.

    Raises:
        ValueError: there are no environments, more environments are connected than exist, more seats are held or
            reserved than exist, or seats are reserved for more than three users.
    """
    reserved = {"the master user": 2, "superusers": 3} if reserved is None else reserved
    seats_held = connected if proxy is None else proxy
    if environments < 1 or not 0 <= connected <= environments:
        raise ValueError(f"{connected} of {environments} environments can't be connected.")
    _check_seats(max_connections, seats_held, reserved)
    with style():
        figure, axes = _canvas()
        dots = _environments(axes, environments, connected)
        places = _server(axes, max_connections, seats_held, reserved)
        if proxy is None:
            _below(axes, (_DOTS_X + _SERVER_X) / 2 + 0.4, connected, "connection")
            for dot, place in zip(dots, places, strict=True):
                _line(axes, dot, place, BLUE)
        else:
            _proxy(axes, dots, places)
        heading(figure, title)
        figure.legend(*axes.get_legend_handles_labels(), loc="lower left", ncols=3, frameon=False, fontsize=10)
    refused, free = environments - connected, max_connections - seats_held
    return add_alt_text(
        figure,
        title,
        f"On the left, {count_of(environments, 'environment')}. On the right, a database with {max_connections} seats.",
        _environments_in_words(connected, refused, "database" if proxy is None else "proxy between them"),
        "" if proxy is None else f"The proxy holds {count_of(seats_held, 'connection')} to the database.",
        _seats_in_words(max_connections, seats_held, reserved),
        numbers=[environments, connected, refused, max_connections, seats_held, free, *reserved.values()],
    )


def _canvas() -> tuple[Figure, Axes]:
    """A figure whose parts are placed in inches, so that the same parts of two such pictures are at the same positions.

    A slide is lower, so the picture is flatter there.
    """
    floor, top = (_SLIDE_FLOOR, _SLIDE_TOP) if on_slide() else (_FLOOR, _TOP)
    figure = Figure(figsize=SLIDE_IN if on_slide() else (8.0, floor + _HEIGHT + top))
    figure.set_layout_engine("none")
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set_xlim(0, 8)
    axes.set_ylim(-floor, _HEIGHT + top)
    axes.axis("off")
    return figure, axes


def _check_seats(max_connections: int, seats_held: int, reserved: Mapping[str, int]) -> None:
    check_reserved(max_connections, sum(reserved.values()))
    if not 0 <= seats_held <= max_connections:
        raise ValueError(f"{seats_held} connections don't fit into {max_connections} seats.")
    if len(reserved) > len(_RESERVED_LOOKS):
        raise ValueError(f"Seats are reserved for {len(reserved)} users. Give at most {len(_RESERVED_LOOKS)}.")


def _environments_in_words(connected: int, refused: int, to: str) -> str:
    """A sentence about the connected and the refused environments."""
    words = f"{count_of(connected, 'environment is', 'environments are')} connected to the {to}"
    if refused:
        words += f", and {refused} {'is' if refused == 1 else 'are'} crossed out because they were refused"
    return f"{words}."


def _seats_in_words(count: int, seats_held: int, reserved: Mapping[str, int]) -> str:
    """Sentences about the free and the reserved seats. The reserved seats come last, and may also be held."""
    reservations = listed([f"{number} for {whom}" for whom, number in reserved.items() if number])
    free_seats = (
        "No seat is free"
        if seats_held == count
        else f"{count_of(count - seats_held, 'seat is', 'seats are')} not taken"
    )
    return f"{free_seats}. Reserved seats: {reservations}." if reservations else f"{free_seats}."


def _environments(axes: Axes, count: int, connected: int) -> list[Place]:
    """Draws the dots on arcs. Returns the positions of the connected environments, from the top."""
    columns = -(-count // 20)
    positions: list[Place] = []
    refused: list[Place] = []
    for n in range(count):
        y = _HEIGHT * (1 - (n + 0.5) / count)
        # No two dots share a height, so that no line runs through a dot's middle.
        x = _DOTS_X + n % columns * _DOTS_APART + _BULGE * (2 * y / _HEIGHT - 1) ** 2
        # Spread evenly among the others, because which environments connect first is random.
        is_connected = (n + 1) * connected // count > n * connected // count
        (positions if is_connected else refused).append((x, y))
    size = 80 * min(1.0, 60 / count)
    if positions:
        words = "environment is" if len(positions) == 1 else "environments are"
        xs, ys = zip(*positions, strict=True)
        axes.scatter(xs, ys, s=size, color=BLUE, zorder=3, label=f"{len(positions)} {words} connected")
    if refused:
        xs, ys = zip(*refused, strict=True)
        words = "is" if len(refused) == 1 else "are"
        axes.scatter(xs, ys, s=size, facecolor="white", edgecolor=VERMILION, linewidth=0.8, zorder=3)
        label = f"{len(refused)} {words} refused"
        axes.scatter(xs, ys, s=0.4 * size, marker="x", color=VERMILION, linewidth=1.5, zorder=4, label=label)
    _name(axes, 0.9, f"{count} environments")
    return positions


def _server(axes: Axes, count: int, seats_held: int, reserved: Mapping[str, int]) -> list[Place]:
    """Draws the database with its seats and their legend. Returns where each connection ends, from the top."""
    columns = -(-count // _SEATS_IN_A_COLUMN)
    left, right = _SERVER_X - (columns - 1) * _SEATS_APART, _SERVER_X + _SERVER_WIDTH
    _box(axes, left, right - left)
    _name(axes, (left + right) / 2, f"database, {count} seats")
    kinds = [("white", "", "")] * (count - sum(reserved.values()))
    for (whom, number), (colour, hatch) in zip(reserved.items(), _RESERVED_LOOKS, strict=False):
        kinds += [(colour, hatch, f"reserved\nfor {whom}")] * number
    rows = -(-count // columns)
    apart = _HEIGHT / rows
    height = min(_SEAT_WIDTH, 0.75 * apart)
    places: list[Place] = []
    drawn: dict[str, list[Rectangle]] = {}
    for n, (colour, hatch, whom) in enumerate(kinds):
        column, row = divmod(n, rows)
        x, y = left + 0.12 + column * _SEATS_APART, _HEIGHT - (row + (column + 0.5) / columns) * apart
        words = ", ".join(filter(None, ["held" if n < seats_held else "", whom])) or "free"
        seat = Rectangle(
            (x, y - height / 2), _SEAT_WIDTH, height, facecolor=BLUE if n < seats_held else colour, hatch=hatch
        )
        seat.set(edgecolor="black", linewidth=0.8 if height > 0.1 else 0.5, zorder=4)
        axes.add_patch(seat)
        drawn.setdefault(words, []).append(seat)
        if n < seats_held:
            places.append((x, y))
    axes.add_artist(
        Legend(
            axes,
            [marks[0] for marks in drawn.values()],
            [f"{len(marks)} {words}" for words, marks in drawn.items()],
            loc="center left",
            bbox_to_anchor=(_SERVER_X + 0.29, _HEIGHT / 2),
            bbox_transform=axes.transData,
            frameon=False,
            fontsize=9.5,
            labelspacing=1.1,
            handlelength=1.0,
            handleheight=1.0,
        )
    )
    return sorted(places, key=lambda place: -place[1])


def _proxy(axes: Axes, dots: Sequence[Place], places: Sequence[Place]) -> None:
    """Draws the proxy with its client connections and its database connections."""
    _box(axes, _PROXY_X, _PROXY_WIDTH)
    _name(axes, _PROXY_X + _PROXY_WIDTH / 2, "RDS Proxy")
    left, right = _PROXY_X - _ROUND, _PROXY_X + _PROXY_WIDTH + _ROUND
    ins = [(left, _HEIGHT * (1 - (n + 0.5) / len(dots))) for n in range(len(dots))]
    outs = [(right, _HEIGHT * (1 - (n + 0.5) / len(places))) for n in range(len(places))]
    for dot, inner in zip(dots, ins, strict=True):
        _line(axes, dot, inner, BLUE)
    for outer, place in zip(outs, places, strict=True):
        _line(axes, outer, place, GREEN, width=2.2)
    _below(axes, (_DOTS_X + 0.4 + left) / 2, len(dots), "client connection")
    _below(axes, (right + _SERVER_X) / 2, len(places), "database connection")


def _line(axes: Axes, begin: Place, end: Place, colour: str, width: float = 1.0) -> None:
    """Draws a curved line that is horizontal at both ends."""
    middle = (begin[0] + end[0]) / 2
    curve = Path([begin, (middle, begin[1]), (middle, end[1]), end], [Path.MOVETO, *[Path.CURVE4] * 3])
    axes.add_patch(PathPatch(curve, facecolor="none", edgecolor=colour, linewidth=width, alpha=0.8, zorder=2))


def _box(axes: Axes, x: float, width: float) -> None:
    shape = f"round,pad={_ROUND},rounding_size=0.15"
    box = FancyBboxPatch((x, 0), width, _HEIGHT, boxstyle=shape, facecolor="#F3F3F3", edgecolor=GREY, linewidth=1.2)
    axes.add_patch(box)


def _name(axes: Axes, x: float, words: str) -> None:
    axes.text(x, _HEIGHT + 0.17, words, ha="center", va="bottom", fontsize=11, weight="bold")


def _below(axes: Axes, x: float, count: int, what: str) -> None:
    axes.text(x, -0.12, f"{count} {what}{'' if count == 1 else 's'}", ha="center", va="top", fontsize=9.5)
