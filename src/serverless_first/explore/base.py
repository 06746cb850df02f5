"""Base class and helpers of all explorers."""

from __future__ import annotations

import contextlib
import html
import io
import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple, cast

import ipywidgets as widgets
import matplotlib as mpl
import traitlets
from matplotlib.artist import Artist
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image

from serverless_first.course import look
from serverless_first.explore.million import Million
from serverless_first.figures.style import style

#: Entry of the preset list once somebody has moved a slider by hand.
OWN = "your own setting"

PICTURE_DPI = 100
_WIDE = {"description_width": "17em"}


class View(NamedTuple):
    """The text that an explorer shows for one setting of its sliders.

    Attributes:
        sentence: the result as text.
        picture_in_words: what a reader who cannot see the picture needs to know from it.
    """

    sentence: str
    picture_in_words: str


class Preset(NamedTuple):
    """A named setting of the sliders that tells a story.

    Attributes:
        name: its entry in the list of presets.
        settings: slider name -> value. Sliders that aren't named return to their initial values.
    """

    name: str
    settings: Mapping[str, Any]


class Picture(widgets.Image):  # type: ignore[misc]
    """An image that a screen reader can name, because ipywidgets' Image has no alt text.

    The `tooltip` becomes the HTML title, which screen readers use for an image without alt text. ipywidgets writes
    the title only if the widget has an empty `description`, and fails if it has none, which is the case for Image.
    """

    description = traitlets.Unicode("").tag(sync=True)


class Explorer(widgets.VBox):  # type: ignore[misc]
    """Sliders above a picture and its result as text; every slider move redraws both.

    A subclass creates its sliders, calls this `__init__`, creates its figure in `prepare` and changes it in `redraw`.
    The widgets among its attributes are the sliders, in the order in which the subclass created them. Ticks and labels
    take longer to draw than curves, so the unchanging parts are drawn once and kept as a background. A test needs
    no browser: it sets the `value` of a slider and reads `text()`.

    Learners can reach every slider with Tab and move it with the arrow keys.

    Args:
        title: the question that the explorer answers.
        size_in: width and height of the picture, in inches.
        presets: named settings. The sliders start with the first preset.
        million: a button for a long run of the model, if the model has requests.

    Attributes:
        sliders: the widgets; each description includes its unit.
        preset: the list of presets; a test sets its `value` to a name.
        million: the button, or None.
    """

    def __init__(
        self,
        title: str,
        size_in: tuple[float, float],
        presets: Sequence[Preset],
        million: Million | None = None,
    ) -> None:
        self.title = title
        self.sliders: list[Any] = [widget for widget in vars(self).values() if isinstance(widget, widgets.Widget)]
        self.million = million
        self._at_first = [one.value for one in self.sliders]
        self._presets = {one.name: one.settings for one in presets}
        self.preset = _list_of(self._presets)
        self.picture = Picture(format="png", layout=widgets.Layout(max_width="100%"))
        self.picture.add_class(look.FIGURE)
        self._sentence_html = widgets.HTML()
        heading = widgets.HTML(f"<strong>{html.escape(title)}</strong>")
        above = [heading, self.preset, *self.sliders, *([million] if million else [])]
        super().__init__([*above, self._sentence_html, self.picture])
        with _look():
            self.figure = Figure(figsize=size_in, dpi=PICTURE_DPI)
            self._canvas = cast(Any, FigureCanvasAgg(self.figure))  # matplotlib types it in part
            self._moving = self.prepare(self.figure)
            for artist in self._moving:
                artist.set_animated(True)  # matplotlib then leaves it out when it draws the figure
            self._canvas.draw()
            self._background = self._canvas.copy_from_bbox(self.figure.bbox)
        for slider in self.sliders:
            slider.observe(self._moved_by_hand, "value")
        self.preset.observe(self._preset_chosen, "value")
        self._moved()

    def prepare(self, figure: Figure) -> Sequence[Artist]:
        """Creates the axes and returns the artists that change with the sliders."""
        raise NotImplementedError

    def redraw(self) -> View:
        """Updates the artists that `prepare` returned to the current slider values."""
        raise NotImplementedError

    def _moved_by_hand(self, change: Any) -> None:
        if isinstance(change.new, float) and math.isclose(change.old, change.new, rel_tol=1e-9):
            return  # the browser's echo of the kernel's own value
        self.preset.value = OWN
        self._moved()

    def _preset_chosen(self, change: Any) -> None:
        if change.new == OWN:
            return
        settings = self._presets[change.new]
        # Redraw once, even if the preset moves several sliders.
        with contextlib.ExitStack() as unobserved:
            for one in self.sliders:
                one.unobserve(self._moved_by_hand, "value")
                unobserved.callback(one.observe, self._moved_by_hand, "value")
            for one, value in zip(self.sliders, self._at_first, strict=True):
                one.value = value
            for name, value in settings.items():
                one = getattr(self, name)
                one.value = _on_grid(one, value)
        self._moved()

    def _moved(self) -> None:
        if self.million:
            self.million.forget()
        png = io.BytesIO()
        with _look():
            view = self.redraw()
            self._canvas.restore_region(self._background)
            for artist in self._moving:
                self.figure.draw_artist(artist)
            picture = Image.frombuffer("RGBA", self._canvas.get_width_height(), self._canvas.buffer_rgba())
            # Compress little: the picture travels only to a browser on this machine.
            picture.convert("RGB").save(png, format="png", compress_level=1)
        self.sentence = view.sentence
        with self.picture.hold_sync():  # one message to the browser
            self.picture.value = png.getvalue()
            self.picture.tooltip = view.picture_in_words
        folded = f"<details><summary>The figure in words</summary>{html.escape(view.picture_in_words)}</details>"
        self._sentence_html.value = f'<div role="status">{html.escape(view.sentence)}</div>{folded}'

    def text(self) -> str:
        """The settings and the result as text, for readers without widgets (GitHub, print)."""
        settings = [f"  {slider.description}: {_value_text(slider)}" for slider in self.sliders]
        return "\n".join([self.title, *settings, self.sentence, self.picture.tooltip])

    def __repr__(self) -> str:
        return self.text()

    def _repr_mimebundle_(self, **kwargs: Any) -> dict[str, Any]:
        # ipywidgets would use its own repr as the text; readers on GitHub get the settings and the result instead.
        bundle: dict[str, Any] = super()._repr_mimebundle_(**kwargs)
        return {**bundle, "text/plain": self.text()}


def _value_text(slider: Any) -> str:
    value = slider.value
    if hasattr(slider, "options"):  # a selection slider; its `label` is empty until somebody moves it
        pairs = [one if isinstance(one, tuple) else (one, one) for one in slider.options]
        return next(str(words) for words, stands_for in pairs if stands_for == value)
    return f"{value:,.0f}" if isinstance(value, int) or value >= 1000 else f"{value:.3g}"


@contextlib.contextmanager
def _look() -> Iterator[None]:
    # A constrained layout takes longer than drawing does, so explorers place their axes themselves.
    with style(), mpl.rc_context({"figure.constrained_layout.use": False}):
        yield


def _list_of(presets: Mapping[str, Any]) -> Any:
    names = [*presets, OWN]
    return widgets.Dropdown(
        options=names, value=names[0], description="start from", style=_WIDE, layout=widgets.Layout(width="40em")
    )


def slider(kind: Any, words: str, value: Any, **options: Any) -> Any:
    """A slider of the common width that shows its whole label.

    Args:
        kind: ipywidgets' slider class.
        words: the label, with the unit.
        value: the initial value.
        options: arguments of the class. The lower end of a logarithmic slider moves up by less than a step, so that
            `value` is one of its places. Otherwise, the browser would move the slider when it shows it.
    """
    if kind is widgets.FloatLogSlider:
        exponent, step = math.log10(value), options["step"]
        options["min"] = exponent - math.floor((exponent - options["min"]) / step + 1e-9) * step
    return kind(value=value, description=words, style=_WIDE, layout=widgets.Layout(width="40em"), **options)


def _on_grid(one: Any, value: Any) -> Any:
    """The place of a logarithmic slider that is closest to a value; for other sliders, the value itself."""
    if not isinstance(one, widgets.FloatLogSlider):
        return value
    places = round((math.log10(value) - one.min) / one.step)
    return min(max(10 ** (one.min + places * one.step), 10**one.min), 10**one.max)
