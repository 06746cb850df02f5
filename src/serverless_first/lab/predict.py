"""A prediction: a choice that the learner makes before an experiment and meets again after it."""

from __future__ import annotations

import html
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import ipywidgets as widgets
import traitlets

from serverless_first.lab import keyboard

Choices = Sequence[str] | Mapping[str, object]
"""Choices as texts, or each text with the result that it stands for (see `outcome_of`)."""

HOW = "Choose an answer and open the experiment. If you skip a prediction, it isn't counted."


def outcome_of(key: str, choices: Choices, result: object) -> str:
    """The choice that a result stands for.

    A choice stands for a value, for each value of a range, list or set, for each result for which a function is true,
    or, with `...`, for every result that no other choice takes. Without a mapping a choice stands for its own text.

    Args:
        key: name of the prediction, for messages.

    Raises:
        ValueError: the result fits no choice, or several.
    """
    if not isinstance(choices, Mapping):
        choices = {choice: choice for choice in choices}
    fitting = [text for text, meaning in choices.items() if meaning is not ... and _stands_for(meaning, result)]
    others = [text for text, meaning in choices.items() if meaning is ...]
    fitting = fitting or others
    if len(fitting) == 1:
        return fitting[0]
    what = f"fits several choices: {'; '.join(fitting)}" if fitting else f"is not one of {', '.join(choices)}"
    raise ValueError(f"predicted({key!r}): {result!r} {what}.")


def _stands_for(meaning: object, result: object) -> bool:
    if callable(meaning):
        return bool(meaning(result))
    if isinstance(meaning, range | list | set | frozenset):
        return result in meaning
    return bool(meaning == result)


class Prediction(widgets.VBox):  # type: ignore[misc]
    """The question with its choices; `value` is the choice that is picked, or None.

    Two buttons open the experiment, which a lesson folds under the question (see `authoring.experiments`):
    one with a choice, one without. In JupyterLab the course's extension opens the fold. In other front ends the note
    says what to do.

    Args:
        choices: at least two different texts.
        pick: an earlier choice; one that is no longer offered is forgotten.
        save: called with each new choice, at once.
        instructions: whether to say that a prediction can be skipped.
    """

    value = traitlets.Unicode(None, allow_none=True)

    def __init__(
        self,
        question: str,
        choices: Sequence[str],
        pick: str | None,
        save: Callable[[str], object],
        *,
        instructions: bool = True,
    ) -> None:
        self.question = question
        self.choices = list(choices)
        pick = pick if pick in self.choices else None
        self._how = HOW if instructions else ""
        self._buttons = widgets.RadioButtons(
            options=self.choices, value=pick, layout=widgets.Layout(width="max-content", max_width="100%")
        )
        self._note = widgets.HTML()
        self._open = widgets.Button(description="Open the experiment", layout=widgets.Layout(width="max-content"))
        self._skip = widgets.Button(description="Skip", layout=widgets.Layout(width="max-content"))
        for button in (self._open, self._skip):
            button.add_class("prediction-open")
            button.on_click(self._opened)
        title = widgets.HTML(f"<strong>{html.escape(question)}</strong>{keyboard.in_a_widget()}")
        super().__init__([title, self._buttons, self._note, widgets.HBox([self._open, self._skip])])
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

    def _opened(self, _button: object) -> None:
        answer = f"Your pick: {self.value}. " if self.value is not None else "Skipped. "
        self._note.value = html.escape(f"{answer}Now run the cells of the experiment below.")

    def _tell(self) -> None:
        self._open.disabled = self.value is None
        self._skip.layout.display = "none" if self.value is not None else None
        self._note.value = html.escape(self._how if self.value is None else f"Your pick: {self.value}")

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
