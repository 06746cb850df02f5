"""Places a graph's boxes and arrows with Graphviz's `dot`.

The caller supplies the size of every box and label, so Graphviz measures no text and needs no fonts.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sysconfig
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

_POINTS = 72.0  # in an inch
_LABEL = (
    '<<TABLE FIXEDSIZE="TRUE" WIDTH="{:.0f}" HEIGHT="{:.0f}" BORDER="0" CELLBORDER="0" CELLPADDING="0" '
    'CELLSPACING="0"><TR><TD></TD></TR></TABLE>>'
)

Point = tuple[float, float]


@dataclass(frozen=True)
class Arrow:
    """An arrow to place.

    Attributes:
        source, target: keys of boxes.
        label_in: width and height of its label in inches; None without one.
        weight: how strongly Graphviz keeps the arrow short and straight; 0 allows detours.
        is_back: the arrow returns to an earlier box. If it returns to its own box, it has no effect on the ranks.
    """

    source: str
    target: str
    label_in: Point | None = None
    weight: int = 2
    is_back: bool = False


@dataclass(frozen=True)
class Placed:
    """A layout. All in inches, from the lower left corner.

    Attributes:
        width_in, height_in: of the whole.
        boxes: key -> middle.
        frames: key -> left, bottom, right, top.
        curves: for each arrow the points of its cubic Bézier curves; the arrow's tip is the last point.
        labels: for each arrow the middle of its label; None without one.
    """

    width_in: float
    height_in: float
    boxes: dict[str, Point]
    frames: dict[str, tuple[float, float, float, float]]
    curves: list[list[Point]]
    labels: list[Point | None]


def place(
    boxes: Mapping[str, Point],
    arrows: Sequence[Arrow],
    frames: Mapping[str, tuple[str | None, Sequence[str]]],
    *,
    across: bool = False,
    gap_in: float = 0.32,
    squeeze: float = 1.0,
) -> Placed:
    """Places everything so that nothing overlaps.

    Args:
        boxes: key -> width and height in inches.
        arrows: all of them; several between the same two boxes are fine.
        frames: key -> the frame around it, or None, and the keys of all its boxes, including the boxes of inner frames.
            An outer frame comes before its inner frames.
        across: left to right instead of top to bottom.
        gap_in: between a row of boxes and the next, in inches. Graphviz leaves more if an arrow has a label.
        squeeze: a factor that makes these gaps smaller.
    """
    # Graphviz places boxes and labels that are too high. Then everything shrinks, which gives them their own height.
    boxes = {key: (width_in, height_in / squeeze) for key, (width_in, height_in) in boxes.items()}
    arrows = [
        arrow if arrow.label_in is None else replace(arrow, label_in=(arrow.label_in[0], arrow.label_in[1] / squeeze))
        for arrow in arrows
    ]
    names = {key: f"n{number}" for number, key in enumerate(boxes)}
    settings = {"rankdir": "LR" if across else "TB", "nodesep": "0.3", "ranksep": f"{gap_in:.2f}"}
    lines = ["digraph {", f"graph [{_attributes(**settings, compound='true', margin='0', remincross='true')}]"]
    lines += ['node [label="", shape=box, fixedsize=true]', "edge [arrowsize=0.8]"]
    lines += [
        f"{names[key]} [{_attributes(width=f'{width_in:.3f}', height=f'{height_in:.3f}')}]"
        for key, (width_in, height_in) in boxes.items()
    ]
    lines += _clusters(frames, names, None)
    lines += [
        f"{names[arrow.source]} -> {names[arrow.target]} [{_of_arrow(number, arrow)}]"
        for number, arrow in enumerate(arrows)
    ]
    drawn = _dot("\n".join([*lines, "}"]))
    left, bottom, right, top = _numbers(drawn["bb"])
    things = {thing["name"]: thing for thing in drawn.get("objects", [])}
    edges = {edge["id"]: edge for edge in drawn.get("edges", [])}

    def at(point: Point) -> Point:
        return point[0], point[1] * squeeze

    corners = [_corners(things[f"cluster_{number}"]["bb"]) for number in range(len(frames))]
    return Placed(
        (right - left) / _POINTS,
        (top - bottom) / _POINTS * squeeze,
        {key: at(_point(things[name]["pos"])) for key, name in names.items()},
        {key: (*at(corner[:2]), *at(corner[2:])) for key, corner in zip(frames, corners, strict=True)},
        [[at(point) for point in _curve(edges[f"e{number}"]["pos"])] for number in range(len(arrows))],
        [at(_point(edges[f"e{number}"]["lp"])) if arrow.label_in else None for number, arrow in enumerate(arrows)],
    )


def _attributes(**values: str) -> str:
    return ", ".join(f'{name}="{value}"' for name, value in values.items())


def _of_arrow(number: int, arrow: Arrow) -> str:
    sideways = arrow.is_back and arrow.source == arrow.target
    words = _attributes(id=f"e{number}", weight=str(arrow.weight), constraint="false" if sideways else "true")
    if arrow.label_in is None:
        return words
    return f"{words}, label={_LABEL.format(*(_POINTS * side for side in arrow.label_in))}"


def _clusters(
    frames: Mapping[str, tuple[str | None, Sequence[str]]], names: Mapping[str, str], around: str | None
) -> list[str]:
    """The subgraphs for the frames directly inside `around`, or for the outermost frames if it is None."""
    lines = []
    for number, (key, (owner, inside)) in enumerate(frames.items()):
        if owner == around:
            lines += [f"subgraph cluster_{number} {{", 'graph [label="", margin=11]']
            lines += [*(names[box] for box in inside), *_clusters(frames, names, key), "}"]
    return lines


def _dot(graph: str) -> dict[str, Any]:
    """The graph as Graphviz's JSON, in which everything has its place.

    Raises:
        RuntimeError: Graphviz is missing, or refuses the graph.
    """
    program = shutil.which("graphviz-pure", path=sysconfig.get_path("scripts")) or shutil.which("graphviz-pure")
    if program is None:
        raise RuntimeError(
            "The package graphviz-pure, which places this figure's boxes, is not installed. Run make env."
        )
    run = subprocess.run([program, "-Kdot", "-Tjson"], input=graph, capture_output=True, encoding="utf-8", check=False)
    if run.returncode:
        raise RuntimeError(f"Graphviz rejected the graph: {run.stderr.strip()}")
    drawn: dict[str, Any] = json.loads(run.stdout)
    return drawn


def _numbers(text: str) -> list[float]:
    return [float(number) for number in text.split(",")]


def _corners(text: str) -> tuple[float, float, float, float]:
    left, bottom, right, top = (number / _POINTS for number in _numbers(text))
    return left, bottom, right, top


def _point(text: str) -> Point:
    x, y = _numbers(text)[:2]
    return x / _POINTS, y / _POINTS


def _curve(text: str) -> list[Point]:
    """The points of Graphviz's "e,X,Y X,Y X,Y ...". Graphviz lists the tip first; this function returns it last."""
    tip, points = None, []
    for part in text.replace("\\\n", "").split():
        if part.startswith("e,"):
            tip = _point(part[2:])
        else:
            points.append(_point(part))
    return [*points, tip] if tip else points
