"""A button that runs a model long enough to make its averages reliable."""

from __future__ import annotations

import html
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field
from typing import Any

import ipywidgets as widgets

REQUESTS = 1_000_000

#: Yields the progress, from 0 to 1, and returns the result.
Work = Generator[float, None, "LongRun"]


@dataclass(frozen=True)
class LongRun:
    """The result of a model run with many requests.

    Attributes:
        requests: how many requests the run had.
        sentence: the result as text.
        numbers: name -> number in the sentence, before rounding.
    """

    requests: int
    sentence: str
    numbers: Mapping[str, float] = field(default_factory=dict)


class Million(widgets.VBox):  # type: ignore[misc]
    """The button, a progress bar, and the result as text below them.

    The kernel does nothing else during the run, so moved sliders take effect when the run has ended.

    Args:
        label: the button's text.
        work: runs the model with the current setting.

    Attributes:
        button, bar: the widgets; a test calls `button.click()`.
        result: the last run's result; None before the first run and after somebody has moved a slider.
    """

    def __init__(self, label: str, work: Callable[[], Work]) -> None:
        self.result: LongRun | None = None
        self._work = work
        self.button = widgets.Button(
            description=label, tooltip=f"{label}, with the setting above", layout=widgets.Layout(width="24em")
        )
        self.bar = widgets.IntProgress(
            value=0, min=0, max=100, layout=widgets.Layout(width="12em", visibility="hidden"), tooltip="progress"
        )
        self._sentence_html = widgets.HTML()
        self.button.on_click(self._clicked)
        super().__init__([widgets.HBox([self.button, self.bar]), self._sentence_html])

    def forget(self) -> None:
        """Drops the result, because the setting has changed."""
        if self.result is not None:
            self.result = None
            self._sentence_html.value = ""
            self.bar.layout.visibility = "hidden"

    def _clicked(self, _button: Any) -> None:
        self.forget()
        self.bar.value = 0
        self.bar.layout.visibility = "visible"
        self.button.disabled = True
        try:
            self.result = result = self._finish()
            self.bar.value = 100
            self._sentence_html.value = f'<div role="status">{html.escape(result.sentence)}</div>'
        finally:
            self.button.disabled = False

    def _finish(self) -> LongRun:
        work = self._work()
        while True:
            try:
                self.bar.value = round(next(work) * 100)
            except StopIteration as done:
                long_run: LongRun = done.value
                return long_run
