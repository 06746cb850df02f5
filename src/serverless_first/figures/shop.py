"""The architecture of module 12's shop: its parts, and what they send to one another."""

from __future__ import annotations

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch

from serverless_first.figures.style import BLUE, GREEN, ORANGE, PURPLE, style

_WIDTH, _HEIGHT = 0.68, 0.52
_NUMBER = 0.13
_TASK = "#555555"
_COLOURS = {"function": BLUE, "queue": ORANGE, "store": GREEN, "service": PURPLE}
#: Name -> column, row, description, kind, and the task in which you build it ("" if it is provided).
_PARTS = {
    "HTTP API": (0, 2, "API Gateway", "service", "12.1"),
    "Front": (1, 2, "function", "function", "12.1"),
    "Orders": (2, 2, "queue", "queue", "12.2"),
    "OrdersDlq": (2, 3, "dead letters", "queue", "12.2"),
    "Worker": (3, 2, "function", "function", "12.2"),
    "Proxy": (4, 2, "RDS Proxy", "service", ""),
    "Database": (5, 2, "PostgreSQL", "store", ""),
    "Projection": (1, 1, "DynamoDB table", "store", "12.1"),
    "Bus": (2, 1, "EventBridge", "service", ""),
    "Payment": (3, 1, "state machine", "service", "12.3"),
    "Ledger": (4, 1, "function", "function", ""),
    "Projector": (1, 0, "function", "function", "12.4"),
    "Changes": (2, 0, "queue", "queue", "12.4"),
    "Payments": (3, 0, "queue", "queue", ""),
    "Provider": (4, 0, "another company", "function", ""),
}
#: Sender, receiver, and what is sent.
_ARROWS = (
    ("HTTP API", "Front", "request"),
    ("Front", "Orders", "order"),
    ("Orders", "OrdersDlq", "poison"),
    ("Orders", "Worker", "batch"),
    ("Worker", "Proxy", "row"),
    ("Proxy", "Database", ""),
    ("Worker", "Payment", "start"),
    ("Worker", "Bus", "event"),
    ("Payment", "Bus", "event"),
    ("Payment", "Ledger", "mark"),
    ("Ledger", "Proxy", "status"),
    ("Payment", "Payments", "token"),
    ("Payments", "Provider", "ask"),
    ("Provider", "Payment", "answer"),
    ("Bus", "Changes", "rule"),
    ("Changes", "Projector", "batch"),
    ("Projector", "Projection", "status"),
    ("Projection", "Front", "status"),
)


def shop_architecture(*, title: str = "The shop's parts, and the task in which you build each") -> Figure:
    """The parts of the shop as boxes, each with a description and its task, and arrows between them.

    Args:
        title: the title of the figure.
    """
    with style():
        figure = Figure(figsize=(9.6, 5.4))
        axes = figure.subplots()
        for name, (column, row, what, kind, task) in _PARTS.items():
            _box(axes, column, row, name, what, kind, task)
        for start, end, what in _ARROWS:
            _arrow(axes, start, end, what)
        axes.set_xlim(-0.55, 5.55)
        axes.set_ylim(-0.5, 3.5)
        axes.set_axis_off()
        axes.set_title(title)
    return figure


def shop_architecture_words() -> str:
    """The alt text of `shop_architecture`."""
    by_task: dict[str, list[str]] = {}
    for name, (_, _, what, _, task) in _PARTS.items():
        by_task.setdefault(f"task {task}" if task else "provided", []).append(f"{name} ({what})")
    parts = "; ".join(f"{which}: {', '.join(names)}" for which, names in sorted(by_task.items()))
    ways = "; ".join(f"{start} to {end}{f': {what}' if what else ''}" for start, end, what in _ARROWS)
    return f"The parts of the shop. {parts}. Arrows lead from {ways}."


def _box(axes: Axes, column: float, row: float, name: str, what: str, kind: str, task: str) -> None:
    corner = (column - _WIDTH / 2, row - _HEIGHT / 2)
    line = "-" if task else "--"
    box = FancyBboxPatch(corner, _WIDTH, _HEIGHT, boxstyle="round,pad=0,rounding_size=0.08")
    box.set(facecolor="white", edgecolor=_COLOURS[kind], linewidth=1.8, linestyle=line)
    axes.add_patch(box)
    axes.text(column, row + 0.09, name, ha="center", va="center", fontsize=10, fontweight="bold")
    axes.text(column, row - 0.12, what, ha="center", va="center", fontsize=8)
    axes.text(column, row + _HEIGHT / 2 + 0.02, task or "provided", ha="center", va="bottom", fontsize=8, color=_TASK)


def _arrow(axes: Axes, start: str, end: str, what: str) -> None:
    (x0, y0), (x1, y1) = _PARTS[start][:2], _PARTS[end][:2]
    right, up = (x1 > x0) - (x1 < x0), (y1 > y0) - (y1 < y0)
    # The task's number is above a box; an arrow from corner to corner begins beside the number.
    begin = (x0 + right * _WIDTH / 2, y0 + up * _HEIGHT / 2 + (_NUMBER if up > 0 and not right else 0.0))
    finish = (x1 - right * _WIDTH / 2, y1 - up * _HEIGHT / 2 + (_NUMBER if up < 0 else 0.0))
    axes.annotate("", finish, begin, arrowprops={"arrowstyle": "-|>", "color": "black", "linewidth": 1.0})
    if what:
        middle = ((begin[0] + finish[0]) / 2, (begin[1] + finish[1]) / 2)
        side = -1 if right < 0 and up < 0 else 1  # of a slanting arrow
        offset = (0, 4) if not up else (5 * side, 5 if right else 0)
        where = ("left" if side > 0 else "right") if up else "center"
        axes.annotate(
            what, middle, offset, textcoords="offset points", fontsize=8, ha=where, va="center" if up else "bottom"
        )
