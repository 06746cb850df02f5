"""The look that all figures share, and the function that shows them.

The colors are from Okabe and Ito's palette, which readers with the common forms of color blindness can tell apart
(Color Universal Design, https://jfly.uni-koeln.de/color/). In gray print, hatching and labels carry the same meaning.
"""

from __future__ import annotations

import base64
import html
import io
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import matplotlib as mpl
from IPython.display import display
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.text import Text
from PIL import Image  # matplotlib depends on it to write PNG files

from serverless_first.course.dollars import NO_FORMULAS
from serverless_first.course.kernel_folder import NOTEBOOK
from serverless_first.figures.words import alt_text, as_html, marked_words, without_measured

BLUE, ORANGE, GREEN, VERMILION = "#0072B2", "#E69F00", "#009E73", "#D55E00"
SKY, PURPLE, YELLOW, GREY = "#56B4E9", "#CC79A7", "#F0E442", "#8C8C8C"

ON_SLIDE = "SERVERLESS_FIRST_ON_SLIDE"  # the build sets this environment variable for the kernels of slides
#: A slide of 1280 by 720 px has 1164 by 528 px for a figure below a title of two lines, which is 145.5 px for an inch.
SLIDE_IN = (8.0, 3.62)
#: The height of the room below a title of one line.
TALL_SLIDE_IN = 3.98
#: The least size of letters in a slide's figure: 10 points are 20.2 px of the slide's 720.
LEAST_PT = 10.0
_SLIDE_DOTS = 2.0  # a slide is twice as wide as a notebook on many screens
_COLOURS = 256  # in a picture; this saves two thirds of the bytes, without a visible change in any color

_STYLE: dict[Any, Any] = {
    "figure.figsize": (8.0, 3.2),
    "figure.dpi": 110,
    "figure.facecolor": "white",
    "figure.constrained_layout.use": True,
    "font.size": 11,
    "axes.titlesize": 12,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "hatch.linewidth": 0.6,
}
#: Larger letters leave less room beside them.
_SLIDE_STYLE: dict[Any, Any] = {"legend.columnspacing": 1.4, "legend.handlelength": 1.7, "legend.handletextpad": 0.5}


@contextmanager
def style() -> Iterator[None]:
    """Applies the course's look to the figures created inside; the learner's own settings stay unchanged."""
    with mpl.rc_context(_STYLE | _SLIDE_STYLE if on_slide() else _STYLE):
        yield


def on_slide() -> bool:
    """Whether this kernel draws for slides: the build says so, or Jupyter runs a notebook in the folder slides/."""
    return ON_SLIDE in os.environ or Path(os.environ.get(NOTEBOOK, "")).parent.name == "slides"


def show(figure: Figure, *, alt: str | None = None, larger: float = 1.0) -> None:
    """Shows a figure with its alt text, with any matplotlib backend.

    Exported pages and slides have the text as the image's alt attribute. JupyterLab 4.6 doesn't read this attribute,
    so the text is also below the figure, folded.

    On a slide, the figure takes the form of the room below the title, and its small letters grow to `LEAST_PT`. A
    figure without a layout engine keeps its form, because its function has placed its parts for a slide.

    Args:
        figure: the figure.
        alt: what a reader who can't see the picture needs to know from it, in a sentence or two. Leave it out if the
            figure function writes its own alt text (`figures.words`).
        larger: a factor for the size of all text except titles, for a slide that people read from the last row.

    Raises:
        ValueError: there is no alt text.
    """
    words = marked_words(figure) if alt is None else " ".join(alt.split())
    text = alt_text(figure) if alt is None else words
    if not text:
        raise ValueError(
            "This figure's function writes no alt text. Say in a sentence or two what the figure shows: "
            "figures.show(figure, alt=...)."
        )
    if larger != 1:
        _enlarge_text(figure, lambda size_pt: size_pt * larger)
    if on_slide():
        if isinstance(figure.get_layout_engine(), ConstrainedLayoutEngine):
            figure.set_size_inches(SLIDE_IN)
        _enlarge_text(figure, lambda size_pt: max(size_pt, LEAST_PT))
    show_in_notebook: Any = display
    show_in_notebook(
        {"image/png": base64.b64encode(_picture(figure)).decode(), "text/plain": "Figure"},
        metadata={"image/png": {"alt": text}},
        raw=True,
    )
    body = f"<summary>The figure in words</summary>{as_html(html.escape(words))}"
    kind = f"figure-in-words {NO_FORMULAS}" if text.count("$") > 1 else "figure-in-words"
    plain = without_measured(words)
    show_in_notebook({"text/html": f'<details class="{kind}">{body}</details>', "text/plain": plain}, raw=True)


def _picture(figure: Figure) -> bytes:
    """The figure as a PNG with few colors. It contains no software version, so the same figure gives the same bytes."""
    drawn = io.BytesIO()
    dpi = figure.dpi * (_SLIDE_DOTS if on_slide() else 1)
    figure.savefig(drawn, format="rgba", dpi=dpi)
    width, height = (int(inches * dpi) for inches in figure.get_size_inches())
    picture = Image.frombuffer("RGBA", (width, height), drawn.getvalue())
    few = picture.convert("RGB").quantize(_COLOURS, method=Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE)
    png = io.BytesIO()
    few.save(png, format="png")  # optimize=True takes seven times as long and saves 7%
    return png.getvalue()


def _enlarge_text(figure: Figure, size: Callable[[float], float]) -> None:
    """Gives all text except titles the size in points that `size` returns for its size before."""
    titles = {figure.get_suptitle(), *(axes.get_title(side) for axes in figure.axes for side in ("left", "center"))}
    done: set[Text] = set()
    for axis in (axis for axes in figure.axes if axes.axison for axis in (axes.xaxis, axes.yaxis)):
        for which in ("major", "minor"):
            if labels := axis.get_ticklabels(which=which):
                # Ticks that are created while drawing take their size from the axis and not from the existing ticks.
                axis.set_tick_params(which=which, labelsize=size(float(labels[0].get_fontsize())))
                done.update(labels)
    for text in figure.findobj(Text):
        if text not in done and text.get_text() not in titles:
            text.set_fontsize(size(float(text.get_fontsize())))
