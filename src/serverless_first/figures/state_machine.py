"""Pictures of state machines: any definition as a graph, and where an execution went in it."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.lines import Line2D
from matplotlib.patches import Circle, FancyArrowPatch, FancyBboxPatch, Patch, Polygon
from matplotlib.path import Path
from matplotlib.textpath import text_to_path

from serverless_first.course.words import listed
from serverless_first.figures import asl
from serverless_first.figures.asl import END, JOIN, START, Edge, Graph, Node
from serverless_first.figures.graph_layout import Arrow, Placed, Point, place
from serverless_first.figures.states_run import Visits, visits_of
from serverless_first.figures.style import GREY, VERMILION, on_slide, style
from serverless_first.figures.words import add_alt_text, measured, numbers_in

Definition = str | Mapping[str, Any]


@dataclass(frozen=True)
class _Sizes:
    """Of letters, in points; of the gap between a state and the next, and above and below a text, in inches."""

    name_pt: float
    said_pt: float
    heading_pt: float
    gap_in: float
    margin_in: float
    is_short: bool = False  # says nothing twice: no legend, and no kind that the name and the shape tell
    name_letters: int = 20  # the most in a line of a name
    squeeze: float = 1.0  # a factor for the gaps


_ON_PAPER = _Sizes(10.0, 9.0, 10.5, 0.22, 0.08)
# A slide is low, so it has small gaps and large letters.
_ON_A_SLIDE = _Sizes(10.4, 10.4, 11.0, 0.12, 0.02, is_short=True, name_letters=19, squeeze=0.4)

# Fills are light, so that black text reads on them; kind, border and shape say the same in gray print.
FILLS = {
    "Task": "#CFE4F2", "Choice": "#F9F5C0", "Wait": "#FBE6BF", "Pass": "white", "Parallel": "#EFDCE7", "Map": "#EFDCE7",
    "Succeed": "#C4E8DC", "Fail": "#F6D3BD",
}  # fmt: skip
_SAID_LETTERS, _LABEL_LETTERS = 26, 22
_JOINT = re.compile(r"(?<=[:./(,_-])(?=.)|(?<=[a-zäöü])(?=[A-Z])")
_LINE = 1.32  # the height of a line, in font sizes
_DOT_IN = 0.1  # half the width of the start and the end
_CATCH_INK = "#A34700"  # vermilion on white has too little contrast for small letters
_PALE_CATCH = "#E0966B"  # an arrow of an error that the execution did not take
_SIDE_IN, _GAP_IN = 0.12, 0.55
_WIDEST_IN = 10.0  # a notebook shows no more without making it smaller

_CAUGHT = "on an error (Catch)"
_WENT, _NOT_MET, _FAILED = "this execution went here (how often)", "not reached", "failed here"


def state_machine(
    definition: Definition,
    *,
    title: str,
    history: Sequence[Mapping[str, Any]] | None = None,
    across: bool | None = None,
) -> Figure:
    """The graph of a state machine: a box for each state, an arrow for each transition.

    Parallel and Map states are frames around their branches. With `history`, the states and transitions that an
    execution met are drawn bold, with how often, and the others pale.

    Args:
        definition: in the Amazon States Language, JSON text or what json.loads makes of it.
        title: the finding, as a sentence.
        history: the events of one execution, as get_execution_history gives them.
        across: from left to right, or (False) from top to bottom; None chooses what fits a notebook.

    Raises:
        WrongTitle: the title states a number or a claim that the history doesn't show.
        ValueError: it isn't a definition; see `asl.graph_of`.
    """
    machines = {"": (definition, history)}
    return _add_words(_drawn(machines, title, across), title, machines)


def state_machines(
    definitions: Mapping[str, Definition],
    *,
    title: str,
    histories: Mapping[str, Sequence[Mapping[str, Any]]] | None = None,
) -> Figure:
    """Several state machines side by side. On a slide, they have larger letters, shorter arrows and no legend.

    Args:
        definitions: the heading of each -> the definition.
        title: the finding, as a sentence; "" if the slide's heading says it. "a loop" needs an execution that entered a
            state again, and "two steps" an execution that entered two states.
        histories: the heading of a machine -> the events of one of its executions.

    Raises:
        WrongTitle: the title states a number or a claim that the histories don't show.
        ValueError: there are no definitions, one isn't valid, or a history belongs to none of them.
    """
    if not definitions:
        raise ValueError("There is nothing to draw. Give at least one definition.")
    histories = histories or {}
    if unknown := sorted(set(histories) - set(definitions)):
        raise ValueError(f"There is a history of {unknown[0]!r}, but the machines are {', '.join(definitions)}.")
    both = {name: (definition, histories.get(name)) for name, definition in definitions.items()}
    return _add_words(_drawn(both, title, False, _ON_A_SLIDE if on_slide() else _ON_PAPER), title, both)


def state_machine_words(definition: Definition) -> str:
    """A state machine in sentences, for the alt text of its picture.

    Raises:
        ValueError: it isn't a definition.
    """
    return asl.describe(asl.graph_of(definition))


def _add_words(
    figure: Figure, title: str, machines: Mapping[str, tuple[Definition, Sequence[Mapping[str, Any]] | None]]
) -> Figure:
    """Gives a figure its alt text: each machine, and how often its execution was in each state."""
    sentences: list[str] = []
    entered: list[dict[str, int]] = []
    for heading, (definition, events) in machines.items():
        sentences += [f"{heading}." if heading else "", state_machine_words(definition)]
        if events is not None:
            times = visits_of(events).states
            entered.append(times)
            stays = [f"{name} {measured(f'{n:,} times') if n > 1 else 'once'}" for name, n in times.items()]
            sentences.append(f"This execution entered {listed(stays) or 'no state'}.")
    return add_alt_text(
        figure,
        title,
        *sentences,
        numbers=[
            len(machines),
            *numbers_in(machines),
            *(sum(times.values()) for times in entered),
            *(n for times in entered for n in times.values()),
        ],
        claims={
            "a loop": any(n > 1 for times in entered for n in times.values()),
            "two steps": any(sum(times.values()) == 2 for times in entered),
        },
    )


@dataclass(frozen=True)
class _Machine:
    """A graph with its texts, where all of it stands, and what an execution met."""

    heading: str
    graph: Graph
    texts: dict[str, tuple[list[str], list[str]]]  # key -> lines of the name, lines of what it says
    labels: list[list[str]]
    placed: Placed
    visits: Visits | None
    sizes: _Sizes

    def went(self, edge: Edge) -> bool:
        """Whether the execution took this way; True without an execution."""
        return self.visits is None or self.visits.took(self.graph.nodes[edge.source], self.graph.nodes[edge.target])


def _drawn(
    machines: Mapping[str, tuple[Definition, Sequence[Mapping[str, Any]] | None]],
    title: str,
    across: bool | None,
    sizes: _Sizes = _ON_PAPER,
) -> Figure:
    with style():
        layouts = [_machine(heading, *pair, across, sizes) for heading, pair in machines.items()]
        width_in = sum(machine.placed.width_in for machine in layouts) + _GAP_IN * (len(layouts) - 1) + 2 * _SIDE_IN
        height_in = max(machine.placed.height_in for machine in layouts)
        head_in = 0.16 + sizes.heading_pt * 1.2 / 72 if any(machine.heading for machine in layouts) else 0.0
        page_in = max(width_in, 6.4)
        title_pt = sizes.heading_pt + 1.5
        lines = textwrap.wrap(title, int(page_in * 9.3 * 12 / title_pt))
        above_in = (0.12 + 0.02 * title_pt * len(lines) if lines else 0.0) + head_in
        looks = [] if sizes.is_short else _legend(layouts)
        rows = -(-len(looks) // max(1, int(page_in // 1.55)))
        below_in = 0.12 + 0.26 * rows
        total_in = height_in + above_in + below_in + 0.1
        figure = Figure(figsize=(page_in, total_in))
        figure.set_layout_engine("none")
        # One inch of the page is one of the axes: texts keep the size that their boxes were made for.
        axes = figure.add_axes((0, 0, 1, 1))
        axes.set_xlim(0, page_in)
        axes.set_ylim(0, total_in)
        axes.set_axis_off()
        left_in = (page_in - width_in) / 2 + _SIDE_IN
        for machine in layouts:
            down_in = below_in + height_in - machine.placed.height_in
            _draw(axes, machine, left_in, down_in)
            if machine.heading:
                middle_in = left_in + machine.placed.width_in / 2
                axes.text(
                    middle_in, below_in + height_in + 0.16, machine.heading, ha="center", size=sizes.heading_pt,
                    weight="bold",
                )  # fmt: skip
            left_in += machine.placed.width_in + _GAP_IN
        figure.suptitle(
            "\n".join(lines), x=0.01, y=1 - 0.06 / total_in, ha="left", fontsize=title_pt, fontweight="bold"
        )
        if looks:
            figure.legend(
                handles=looks, loc="lower left", ncols=-(-len(looks) // rows), frameon=False, fontsize=sizes.said_pt,
                bbox_to_anchor=(0, 0), borderaxespad=0.2,
            )  # fmt: skip
    return figure


def _machine(
    heading: str,
    definition: Definition,
    events: Sequence[Mapping[str, Any]] | None,
    across: bool | None,
    sizes: _Sizes,
) -> _Machine:
    graph = asl.graph_of(definition)
    visits = None if events is None else visits_of(events)
    texts = {key: _texts(node, visits, sizes) for key, node in graph.nodes.items()}
    labels = [wrapped(edge.label, _LABEL_LETTERS) for edge in graph.edges]
    boxes = {key: _box_size(node, *texts[key], sizes) for key, node in graph.nodes.items()}
    arrows = [_arrow(graph, edge, lines, sizes) for edge, lines in zip(graph.edges, labels, strict=True)]
    frames = {
        key: (node.frames[-2] if len(node.frames) > 1 else None,
              [k for k, other in graph.nodes.items() if key in other.frames])
        for key, node in graph.nodes.items() if node.kind in ("Parallel", "Map")
    }  # fmt: skip
    placed = place(boxes, arrows, frames, across=bool(across), gap_in=sizes.gap_in, squeeze=sizes.squeeze)
    if across is None and placed.width_in > _WIDEST_IN:
        other = place(boxes, arrows, frames, across=True, gap_in=sizes.gap_in)
        placed = other if other.width_in < placed.width_in else placed
    return _Machine(heading, graph, texts, labels, placed, visits, sizes)


def _arrow(graph: Graph, edge: Edge, lines: list[str], sizes: _Sizes) -> Arrow:
    order = list(graph.nodes)
    is_back = order.index(edge.target) <= order.index(edge.source) and graph.nodes[edge.target].kind != END
    weight = {"next": 6, "choice": 2, "default": 2, "catch": 1}[edge.kind]
    return Arrow(edge.source, edge.target, _size(lines, sizes.said_pt, 0.07) if lines else None, weight, is_back)


def _texts(node: Node, visits: Visits | None, sizes: _Sizes) -> tuple[list[str], list[str]]:
    if node.kind in (START, END, JOIN):
        return [], []
    name = wrapped(node.name, sizes.name_letters) or [" "]
    times = visits.states.get(node.name, 0) if visits else 0
    if times > 1:
        name[-1] += f"  ×{times}"
    says = [text for text in node.says if not (sizes.is_short and text == node.kind)]
    return name, [line for text in says for line in wrapped(text, _SAID_LETTERS)]


def wrapped(text: str, letters: int) -> list[str]:
    """Lines of at most so many letters, broken at spaces, else where a name or an expression has a joint."""
    lines: list[str] = []
    for word in text.split():
        pieces = [word] if len(word) <= letters else _JOINT.split(word)
        for number, piece in enumerate(pieces):
            space = " " if number == 0 and lines else ""
            if lines and len(lines[-1]) + len(space) + len(piece) <= letters:
                lines[-1] += space + piece
            else:
                lines += [piece[n : n + letters] for n in range(0, len(piece), letters)]
    return lines


def width_in(text: str, size_pt: float, weight: str = "normal") -> float:
    """How wide a text is, as matplotlib draws it with its own font."""
    points, _, _ = text_to_path.get_text_width_height_descent(text, FontProperties(size=size_pt, weight=weight), False)
    return float(points) / 72


def _size(lines: Sequence[str], size_pt: float, margin_in: float) -> Point:
    return max(width_in(line, size_pt) for line in lines) + 2 * margin_in, len(lines) * size_pt * _LINE / 72 + margin_in


def _box_size(node: Node, name: Sequence[str], says: Sequence[str], sizes: _Sizes) -> Point:
    if node.kind in (START, END):
        return 2 * _DOT_IN + 0.02, 2 * _DOT_IN + 0.02
    if node.kind == JOIN:
        return 0.12, 0.12
    widths_in = [width_in(line, sizes.name_pt, "bold") for line in name]
    widths_in += [width_in(line, sizes.said_pt) for line in says]
    height_in = (len(name) * sizes.name_pt + len(says) * sizes.said_pt) * _LINE / 72 + 2 * sizes.margin_in
    # A Choice has points at its sides.
    return max(widths_in) + (0.5 if node.kind == "Choice" else 0.26), height_in


def _draw(axes: Axes, machine: _Machine, left_in: float, down_in: float) -> None:
    def at(point: Point) -> Point:
        return point[0] + left_in, point[1] + down_in

    graph, placed, visits, sizes = machine.graph, machine.placed, machine.visits, machine.sizes
    for key, (left, bottom, right, top) in placed.frames.items():
        axes.add_patch(
            FancyBboxPatch(
                at((left, bottom)), right - left, top - bottom, boxstyle="round,pad=0,rounding_size=0.1",
                facecolor="#F7F3F6", edgecolor=GREY, linestyle=(0, (4, 3)), linewidth=1.0,
                zorder=len(graph.nodes[key].frames) * 0.01, gid=f"frame {key}",
            )
        )  # fmt: skip
    for key, node in graph.nodes.items():
        name, says = machine.texts[key]
        width_in, height_in = _box_size(node, name, says, sizes)
        met = visits is None or node.kind in (START, JOIN, END) or node.name in visits.states
        _draw_node(axes, node, at(placed.boxes[key]), (width_in, height_in), met, visits)
        _draw_texts(axes, at(placed.boxes[key]), name, says, sizes, "black" if met else "#6A6A6A")
    for edge, lines, curve, label in zip(graph.edges, machine.labels, placed.curves, placed.labels, strict=True):
        went = machine.went(edge)
        _draw_arrow(axes, edge, [at(point) for point in curve], went, is_overlay=visits is not None)
        if label is not None:
            ink = _CATCH_INK if edge.kind == "catch" else "black" if went else "#6A6A6A"
            axes.text(
                *at(label), _plain("\n".join(lines)), ha="center", va="center", size=sizes.said_pt, linespacing=1.1,
                color=ink, gid=f"label {edge.source} -> {edge.target}", zorder=5,
            )  # fmt: skip


def _draw_node(axes: Axes, node: Node, middle: Point, size: Point, met: bool, visits: Visits | None) -> None:
    x, y = middle
    width_in, height_in = size
    if node.kind in (START, END):
        axes.add_patch(Circle(middle, _DOT_IN, facecolor="black" if node.kind == START else "white", edgecolor="black",
                              linewidth=1.2, zorder=3, gid=node.kind))  # fmt: skip
        if node.kind == END:
            axes.add_patch(Circle(middle, _DOT_IN * 0.58, facecolor="black", zorder=3))
        return
    if node.kind == JOIN:
        axes.add_patch(Circle(middle, 0.05, facecolor="white", edgecolor="black", linewidth=1.0, zorder=3))
        return
    failed = visits is not None and node.name in visits.failed
    looks: dict[str, Any] = {
        "facecolor": FILLS[node.kind] if met else "#F4F4F4",
        "edgecolor": VERMILION if failed else "black" if met else GREY,
        "linewidth": 2.4 if failed else 1.8 if visits is not None and met else 1.0,
        "linestyle": "-" if met else (0, (3, 2)),
        "hatch": None,
        "zorder": 3,
        "gid": f"state {node.key}",
    }
    left, right, low, high = x - width_in / 2, x + width_in / 2, y - height_in / 2, y + height_in / 2
    if node.kind == "Choice":
        corners = [(left, y), (left + 0.12, high), (right - 0.12, high), (right, y), (right - 0.12, low),
                   (left + 0.12, low)]  # fmt: skip
        axes.add_patch(Polygon(corners, closed=True, **looks))
        return
    rounding = height_in * 0.45 if node.kind in ("Succeed", "Fail") else 0.07
    axes.add_patch(
        FancyBboxPatch((left, low), width_in, height_in, boxstyle=f"round,pad=0,rounding_size={rounding:.3f}", **looks)
    )


def _draw_texts(axes: Axes, middle: Point, name: Sequence[str], says: Sequence[str], sizes: _Sizes, ink: str) -> None:
    """The lines one below the other, their block in the middle of the box."""
    heights = [sizes.name_pt * _LINE / 72] * len(name) + [sizes.said_pt * _LINE / 72] * len(says)
    y = middle[1] + sum(heights) / 2
    for number, (line, height_in) in enumerate(zip([*name, *says], heights, strict=True)):
        is_name = number < len(name)
        axes.text(
            middle[0], y - height_in / 2, _plain(line), ha="center", va="center", color=ink, zorder=4,
            size=sizes.name_pt if is_name else sizes.said_pt, weight="bold" if is_name else "normal",
        )  # fmt: skip
        y -= height_in


def _plain(text: str) -> str:
    """Dollar signs are the variables' own, not mathematics."""
    return text.replace("$", r"\$")


def _draw_arrow(axes: Axes, edge: Edge, points: Sequence[Point], went: bool, *, is_overlay: bool) -> None:
    # Graphviz's curves end where the arrow's head begins; a straight piece leads to the tip.
    codes = [Path.MOVETO, *[Path.CURVE4] * (len(points) - 2), Path.LINETO]
    colours = (VERMILION, _PALE_CATCH) if edge.kind == "catch" else ("black", "#A8A8A8")
    axes.add_patch(
        FancyArrowPatch(
            path=Path(points, codes), arrowstyle="-|>", mutation_scale=9, color=colours[not went], shrinkA=0, shrinkB=0,
            linewidth=1.8 if is_overlay and went else 1.1, linestyle=(0, (4, 2)) if edge.kind == "catch" else "-",
            zorder=2, gid=f"arrow {edge.source} -> {edge.target}",
        )
    )  # fmt: skip


def _legend(machines: Sequence[_Machine]) -> list[Any]:
    """The marks that need a word: kinds of states by their fills, arrows of errors, and what an execution met."""
    kinds = {node.kind for machine in machines for node in machine.graph.nodes.values()}
    names = {"Parallel": "Parallel, Map"}
    looks: list[Any] = []
    for kind, fill in FILLS.items():
        if kind in kinds and not (kind == "Map" and "Parallel" in kinds):
            looks.append(Patch(facecolor=fill, edgecolor="black", linewidth=0.8, label=names.get(kind, kind)))
    caught = [machine.went(edge) for machine in machines for edge in machine.graph.edges if edge.kind == "catch"]
    if caught:  # drawn as in the picture: pale if no execution went there
        colour = VERMILION if any(caught) else _PALE_CATCH
        looks.append(Line2D([], [], color=colour, linestyle=(0, (4, 2)), linewidth=1.2, label=_CAUGHT))
    executions = [machine.visits for machine in machines if machine.visits is not None]
    if executions:
        looks.append(Patch(facecolor="white", edgecolor="black", linewidth=1.8, label=_WENT))
        looks.append(Patch(facecolor="#F4F4F4", edgecolor=GREY, linestyle=(0, (3, 2)), label=_NOT_MET))
    if any(visits.failed for visits in executions):
        looks.append(Patch(facecolor="white", edgecolor=VERMILION, linewidth=2.4, label=_FAILED))
    return looks
