"""A prediction: a choice that the learner makes before an experiment and meets again after it."""

from __future__ import annotations

import html
from collections.abc import Callable, Sequence
from typing import Any

import ipywidgets as widgets
import traitlets

from serverless_first.lab import keyboard


class Prediction(widgets.VBox):  # type: ignore[misc]
    """The question with its choices; `value` is the choice that is picked, or None.

    Args:
        choices: at least two different texts.
        pick: an earlier choice; one that is no longer offered is forgotten.
        save: called with each new choice, at once.
    """

    value = traitlets.Unicode(None, allow_none=True)

    def __init__(self, question: str, choices: Sequence[str], pick: str | None, save: Callable[[str], object]) -> None:
        self.question = question
        self.choices = list(choices)
        pick = pick if pick in self.choices else None
        self._buttons = widgets.RadioButtons(
            options=self.choices, value=pick, layout=widgets.Layout(width="max-content", max_width="100%")
        )
        self._note = widgets.HTML()
        title = widgets.HTML(f"<strong>{html.escape(question)}</strong>{keyboard.in_a_widget()}")
        super().__init__([title, self._buttons, self._note])
        self.add_class("prediction")
        self.value = pick
        self._tell()
        traitlets.link((self, "value"), (self._buttons, "value"))
        # Last, so that showing an earlier pick does not save it again.
        self._save = save
        self.observe(self._picked, "value")

    @traitlets.validate("value")
    def _known(self, proposal: dict[str, Any]) -> str | None:
        value: str | None = proposal["value"]
        if value is not None and value not in self.choices:
            raise traitlets.TraitError(f"{value!r} is not one of the choices: {', '.join(self.choices)}.")
        return value

    def _picked(self, _change: object) -> None:
        if self.value is not None:
            self._save(self.value)
        self._tell()

    def _tell(self) -> None:
        said = "Pick one before you run on." if self.value is None else f"Your pick: {self.value}"
        self._note.value = html.escape(said)

    def text(self) -> str:
        """The question and its choices, for readers without widgets (GitHub, print)."""
        numbered = [f"  {number}. {choice}" for number, choice in enumerate(self.choices, 1)]
        return "\n".join([self.question, *numbered, f"Your pick: {self.value or 'none yet'}"])

    def __repr__(self) -> str:
        return self.text()

    def _repr_mimebundle_(self, **kwargs: Any) -> dict[str, Any]:
        # ipywidgets would put a representation with its own names in the text; readers on GitHub get words.
        bundle: dict[str, Any] = super()._repr_mimebundle_(**kwargs)
        return {**bundle, "text/plain": self.text()}
