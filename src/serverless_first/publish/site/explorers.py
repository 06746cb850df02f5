"""Explorers that work on a page: their pictures and words for each position of two sliders, computed beforehand."""

from __future__ import annotations

import io
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from serverless_first.publish.site.text import escaped

COLOURS = 32  # of a picture's palette: a curve and its labels need no more


@dataclass(frozen=True)
class Grid:
    """The sliders of an explorer that move on the page, each with its positions. The others stay as they are.

    Args:
        kind: the class in `serverless_first.explore`.
        sliders: the names of two sliders, and their positions.
    """

    kind: str
    sliders: tuple[tuple[str, Sequence[float]], tuple[str, Sequence[float]]]


#: By module. Each has at most 48 pictures, because a page must stay small.
GRIDS = {
    "04": Grid(
        "ConnectionsExplorer",
        (("concurrency", (10, 50, 100, 200, 500, 1000)), ("connections_each", (1, 2, 5, 10))),
    ),
    "08": Grid("AvailabilityExplorer", (("services", (1, 2, 3, 5, 8, 12)), ("by_event", (0, 1, 2, 4, 7, 11)))),
}


def explorer(module_number: str, pictures: Path, address: str) -> str | None:
    """The HTML of a lesson's explorer; None if its sliders don't move on the page.

    Args:
        pictures: the folder for its pictures.
        address: of that folder, as the page has it.
    """
    from serverless_first import explore  # late: matplotlib takes a second, and most pages need none of it

    if (grid := GRIDS.get(module_number)) is None:
        return None
    one = getattr(explore, grid.kind)()
    (first, firsts), (second, seconds) = grid.sliders
    start = [_nearest(positions, getattr(one, name).value) for name, positions in grid.sliders]
    moments = []
    for a in firsts:
        for b in seconds:
            getattr(one, first).value, getattr(one, second).value = a, b
            name = f"{module_number}-{first}-{a}-{second}-{b}.png"
            _save(one.picture.value, pictures / name)
            moments.append({"src": f"{address}/{name}", "says": one.sentence, "alt": one.picture.tooltip})
    ranges = "".join(
        f"<label>{escaped(getattr(one, name).description)} <output>{positions[at]}</output> "
        f'<input type="range" min="0" max="{len(positions) - 1}" value="{at}" '
        f'data-positions="{escaped(json.dumps(list(positions)))}"></label>'
        for (name, positions), at in zip(grid.sliders, start, strict=True)
    )
    moment = moments[start[0] * len(seconds) + start[1]]
    return (
        f'<div class="explorer moves" role="group" aria-label="Explorer" data-moments="{escaped(json.dumps(moments))}">'
        f"<p><strong>{escaped(one.title)}</strong></p>{ranges}"
        f'<p role="status">{escaped(moment["says"])}</p>'
        f'<div class="figure"><img src="{moment["src"]}" alt="{escaped(moment["alt"])}" width="900" height="420"></div>'
        "<p><em>Run the lesson to move its other sliders.</em></p></div>"
    )


def _nearest(positions: Sequence[float], value: float) -> int:
    return min(range(len(positions)), key=lambda index: abs(positions[index] - value))


def _save(png: bytes, file: Path) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    with Image.open(io.BytesIO(png)) as picture:
        picture.convert("RGB").quantize(COLOURS).save(file, optimize=True)
