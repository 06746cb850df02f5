"""A figure of Lambda's VPC on the left, the customer's VPC on the right, and the path between them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch, Rectangle

from serverless_first.course.words import count as count_of
from serverless_first.figures.connections import heading
from serverless_first.figures.style import BLUE, GREEN, GREY, SLIDE_IN, VERMILION, on_slide, style
from serverless_first.figures.words import add_alt_text

Model = Literal["none", "2019", "hyperplane"]
Point = tuple[float, float]

# Positions in the drawing, in inches.
_WIDTH, _HEIGHT, _FLOOR, _TOP = 8.0, 3.3, 0.6, 0.85
_SLIDE_TOP = 0.4  # a slide has its own title
_LEFT, _LEFT_WIDTH = 0.2, 2.5
_NAT_X, _NAT_WIDTH = 3.3, 0.95
_RIGHT, _RIGHT_WIDTH = 4.85, 2.95
_SUBNET_X, _SUBNET_WIDTH = 5.05, 1.35
_ROUND = 0.05
_ROWS_OF_ENVIRONMENTS, _ROWS_OF_ADDRESSES = 12, 12
MOST_ENVIRONMENTS, MOST_ADDRESSES = 72, 60


def two_vpcs(
    *, title: str, model: Model, environments: int, interfaces: int, addresses: int = 11, refused: int = 0
) -> Figure:
    """Execution environments in Lambda's VPC, a subnet of the customer's VPC, and the path between them.

    Args:
        title: the finding, as a sentence.
        model: "none" if the function has no VPC settings, "2019" for one interface per environment, or "hyperplane" for
            address translation between the VPCs and shared interfaces.
        environments: the number of running environments.
        interfaces: how many interfaces Lambda has created in the subnet.
        addresses: how many addresses the subnet has for interfaces.
        refused: how many environments couldn't start in 2019.

    Raises:
        ValueError: there are more environments or addresses than can be drawn, more interfaces than addresses, or
            a number of interfaces that doesn't match the model.
    """
    _check(model, environments, interfaces, addresses, refused)
    with style():
        top = _SLIDE_TOP if on_slide() else _TOP
        figure = Figure(figsize=SLIDE_IN if on_slide() else (_WIDTH, _FLOOR + _HEIGHT + top))
        figure.set_layout_engine("none")
        axes = figure.add_axes((0, 0, 1, 1))
        axes.set_xlim(0, _WIDTH)
        axes.set_ylim(-_FLOOR, _HEIGHT + top)
        axes.axis("off")
        _box(axes, _LEFT, _LEFT_WIDTH, "VPC of the Lambda service")
        _box(axes, _RIGHT, _RIGHT_WIDTH, "your VPC")
        dots = _environments(axes, environments, refused)
        slots = _subnet(axes, addresses, interfaces)
        database = _database(axes, reached=bool(interfaces))
        _between(axes, model, dots, slots)
        for x, y in slots:
            _line(axes, (x + _slot_width(addresses), y), database, GREEN, 1.4)
        heading(figure, title)
        axes.legend(
            *axes.get_legend_handles_labels(), loc="lower left", bbox_to_anchor=(0.01, 0), ncols=4, frameon=False,
            fontsize=9.5, handletextpad=0.3, columnspacing=1.4,
        )  # fmt: skip
    free = addresses - interfaces
    return add_alt_text(
        figure,
        title,
        _lambdas_side(environments, refused),
        f"On the right, your VPC with a database and a subnet of {count_of(addresses, 'address', 'addresses')}, "
        f"{free or 'none'} of them free.",
        _way_between(model, interfaces),
        numbers=[2019, environments, interfaces, addresses, free, refused, environments + refused],
        claims={
            "no path": interfaces == 0,
            "each environment": environments == interfaces,
            "all there are": free == 0,
            "share": model == "hyperplane" and interfaces < environments,
            "one interface": interfaces == 1,
        },
    )


def _check(model: Model, environments: int, interfaces: int, addresses: int, refused: int) -> None:
    if not 0 < environments + refused <= MOST_ENVIRONMENTS or not 0 < addresses <= MOST_ADDRESSES:
        raise ValueError(
            f"There are {environments + refused} environments and {addresses} addresses, but only up to "
            f"{MOST_ENVIRONMENTS} and {MOST_ADDRESSES} can be drawn."
        )
    if not 0 <= interfaces <= addresses:
        raise ValueError(f"{interfaces} interfaces don't fit into {addresses} addresses.")
    if (model == "none" and interfaces) or (model == "2019" and interfaces != environments):
        raise ValueError(f"{interfaces} interfaces for {environments} environments don't match the model {model!r}.")


def _between(axes: Axes, model: Model, dots: Sequence[Point], slots: Sequence[Point]) -> None:
    """Draws the paths from the environments to the interfaces."""
    if model == "2019":
        for dot, slot in zip(dots, slots, strict=True):
            _line(axes, dot, slot, BLUE)
    elif model == "hyperplane":
        middle = (_NAT_X, _HEIGHT / 2)
        _translation(axes)
        for dot in dots:
            _line(axes, dot, middle, BLUE)
        for slot in slots:
            _line(axes, (_NAT_X + _NAT_WIDTH, _HEIGHT / 2), slot, GREEN, 2.4)
    else:
        axes.text(3.77, _HEIGHT / 2, "no path", ha="center", va="center", fontsize=10, color="#333333")


def _lambdas_side(environments: int, refused: int) -> str:
    """A sentence about the VPC of the Lambda service."""
    words = f"On the left, the VPC of the Lambda service with {count_of(environments, 'environment')}"
    if refused:
        words += f" and {refused} more that {'is' if refused == 1 else 'are'} crossed out because they got no address"
    return f"{words}."


def _way_between(model: Model, interfaces: int) -> str:
    """Sentences about the path from one VPC to the other."""
    if model == "none":
        return "No path leads from one VPC to the other."
    if model == "2019":
        return "A line leads from each environment to its own interface in the subnet, and from there to the database."
    return (
        "A line leads from each environment to Hyperplane in the middle, which translates addresses. From there, "
        f"{count_of(interfaces, 'line leads', 'lines lead')} to {count_of(interfaces, 'interface')} in the subnet, and "
        "on to the database."
    )


def _environments(axes: Axes, running: int, refused: int) -> list[Point]:
    """Draws the environments in columns. Returns the positions of the running environments."""
    total = running + refused
    rows = min(total, _ROWS_OF_ENVIRONMENTS)
    columns = -(-total // rows)
    places = [
        (
            _LEFT + _LEFT_WIDTH * (n // rows + 1) / (columns + 1),
            _HEIGHT * (1 - (n % rows + 0.5 + 0.4 * (n // rows % 2) - 0.2) / rows),
        )
        for n in range(total)
    ]
    here, lost = places[:running], places[running:]
    if here:
        label = f"{running} environment{'' if running == 1 else 's'}"
        xs, ys = zip(*here, strict=True)
        axes.scatter(xs, ys, s=60, marker="s", color=BLUE, zorder=3, label=label)
    if lost:
        xs, ys = zip(*lost, strict=True)
        axes.scatter(xs, ys, s=55, marker="X", facecolor="white", edgecolor=VERMILION, linewidth=1.2, zorder=3,
            label=f"{refused} got no address",
        )  # fmt: skip
    return here


def _subnet(axes: Axes, addresses: int, interfaces: int) -> list[Point]:
    """Draws the addresses of the subnet. Returns the left edges of the addresses that interfaces have."""
    axes.add_patch(
        Rectangle((_SUBNET_X, 0.1), _SUBNET_WIDTH, _HEIGHT - 0.5, facecolor="white", edgecolor=GREY, linestyle="--")
    )
    axes.text(_SUBNET_X + _SUBNET_WIDTH / 2, _HEIGHT - 0.33, "subnet", ha="center", va="bottom", fontsize=10)
    rows = min(addresses, _ROWS_OF_ADDRESSES)
    columns = -(-addresses // rows)
    apart = (_HEIGHT - 0.6) / rows
    width, height = _slot_width(addresses), 0.62 * apart
    first = (rows - 1) // 2 if interfaces == 1 else 0  # a single interface is in the middle
    order = [*range(first, addresses), *range(first)]
    edges: list[Point] = []
    labels: set[str] = set()
    for place, n in enumerate(order):
        column, row = divmod(n, rows)
        x = _SUBNET_X + (_SUBNET_WIDTH - columns * width) * (column + 1) / (columns + 1) + column * width
        y = _HEIGHT - 0.5 - (row + 0.5) * apart
        in_use = place < interfaces
        words = (
            f"{interfaces} interface{'' if interfaces == 1 else 's'}" if in_use else f"{addresses - interfaces} free"
        )
        slot = Rectangle((x, y - height / 2), width, height, facecolor=GREEN if in_use else "white", zorder=4)
        slot.set(edgecolor="black", linewidth=0.7, label="" if words in labels else words, hatch="//" if in_use else "")
        labels.add(words)
        axes.add_patch(slot)
        if in_use:
            edges.append((x, y))
    return edges


def _slot_width(addresses: int) -> float:
    return min(0.34, 0.9 * (_SUBNET_WIDTH - 0.2) / -(-addresses // _ROWS_OF_ADDRESSES))


def _database(axes: Axes, *, reached: bool) -> Point:
    x, y, width, height = _RIGHT + 1.85, _HEIGHT / 2 - 0.35, 0.95, 0.7
    box = FancyBboxPatch((x, y), width, height, boxstyle="round,pad=0.03,rounding_size=0.1", facecolor="#DDEFE8")
    box.set(edgecolor=GREEN if reached else GREY, linewidth=1.4, zorder=3)
    axes.add_patch(box)
    axes.text(x + width / 2, y + height / 2, "database", ha="center", va="center", fontsize=10, zorder=4)
    return x - 0.03, y + height / 2


def _translation(axes: Axes) -> None:
    box = FancyBboxPatch((_NAT_X, _HEIGHT / 2 - 0.75), _NAT_WIDTH, 1.5, boxstyle="round,pad=0.03,rounding_size=0.1")
    box.set(facecolor="#FFF6DF", edgecolor="black", linewidth=1.2, zorder=3)
    axes.add_patch(box)
    axes.text(_NAT_X + _NAT_WIDTH / 2, _HEIGHT / 2, "Hyperplane:\nVPC-to-VPC\nNAT", ha="center", va="center",
              fontsize=9.5, zorder=4)  # fmt: skip


def _box(axes: Axes, x: float, width: float, name: str) -> None:
    shape = f"round,pad={_ROUND},rounding_size=0.12"
    axes.add_patch(
        FancyBboxPatch((x, 0), width, _HEIGHT, boxstyle=shape, facecolor="#F3F3F3", edgecolor=GREY, linewidth=1.2)
    )
    axes.text(x + width / 2, _HEIGHT + 0.1, name, ha="center", va="bottom", fontsize=11, weight="bold")


def _line(axes: Axes, begin: Point, end: Point, colour: str, width: float = 1.0) -> None:
    axes.plot(*zip(begin, end, strict=True), color=colour, linewidth=width, alpha=0.75, zorder=2)
