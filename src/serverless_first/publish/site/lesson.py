"""Turns a built lesson into a page with its cells and stored outputs, folded after each prediction."""

from __future__ import annotations

import ast
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from serverless_first.authoring import experiments
from serverless_first.authoring.collapsed import LABEL, line_of
from serverless_first.course import Module
from serverless_first.facts.glossary import Term
from serverless_first.publish.site import links, questions
from serverless_first.publish.site.outputs import CannotShow, add_outputs
from serverless_first.publish.site.text import Text, escaped, is_heading, split_at_headings

LONG_LINES = 30
_PREDICTS = re.compile(r"\blab\.predict\(")
_ASKS = re.compile(r"lab\.(predict|quiz|recall)\(")
_QUIZ = re.compile(r"\blab\.(quiz|recall)\(\)")
_FOLD_OPENS = '<details class="happened"><summary>Run it, and see the result</summary>'
_SHOWS, _VIEW = "display(aws.show())", "A live view of the local cloud."
_QUIZ_TITLES = {"quiz": "The quiz", "recall": "Do you recall? Questions about an earlier module"}


class _Page:
    """Builds one page. The parts after a prediction are folded up to the next heading or prediction."""

    def __init__(self, module: Module, root: Path, known: set[str], pictures: Path) -> None:
        self.module = module
        self.text = Text(f"notebooks/{module.id}.ipynb")
        self.problems: list[str] = []
        self._source = f"modules/{module.id}/lesson.md"
        self._lesson = _text_of(root / self._source)
        self._recording = root / f"modules/{module.id}/recording.html"  # by tools/picture.py
        self._known = known
        self._pictures = pictures
        self._folding = False  # the next part that is not a heading opens a fold
        self._open = False
        self._line = ""  # says what the next folded code does

    def line(self, sentence: str) -> None:
        """Keeps the line above folded code, which becomes the summary that opens the code."""
        self._line = sentence

    def markdown(self, source: str) -> None:
        rewritten = links.rewritten(source, self._known, self._broken)
        for part in split_at_headings(rewritten):
            if is_heading(part):
                self.unfold()
            else:
                self._fold()
            self.text.add(part)

    def code(self, cell: Any, number: int, quiz: dict[str, list[dict[str, Any]]]) -> None:
        predicts = bool(_PREDICTS.search(cell.source))
        if predicts:
            self.unfold()
        else:
            self._fold()
        section = _QUIZ.search(cell.source)
        if source := _without_questions(cell.source):
            self._code(source)
        page_cell = cell
        if section:  # jupyterquiz needs a script for each quiz; the page shows the same questions without it
            others = [o for o in cell.outputs if "text/html" not in o.get("data", {})]
            page_cell = type(cell)(cell, outputs=others)
        if _SHOWS in cell.source and self._recording.is_file():
            html = self._recording.read_text(encoding="utf-8")
            page_cell = type(cell)(cell, outputs=[_playable(output, html) for output in cell.outputs])
        try:
            add_outputs(self.text, page_cell, f"{self.module.id}-{number:02}", self._pictures)
        except (CannotShow, ValueError) as error:
            self.problems.append(f"{self.text.origin}, cell {number}: {error}")
        if section:
            self.text.html(questions.quiz(_QUIZ_TITLES[section[1]], quiz[section[1]]))
        self._folding = predicts

    def unfold(self) -> None:
        """Ends an open fold, at a heading, at the next prediction or at the end."""
        if self._open:
            self.text.html("</details>")
        self._open = False

    def _fold(self) -> None:
        if self._folding:
            self.text.html(_FOLD_OPENS)
            self._open, self._folding = True, False

    def _code(self, source: str) -> None:
        lines = source.count("\n") + 1
        summary = ""
        if self._line:
            summary = f"{LABEL.strip('*')} {escaped(self._line)}"
        elif lines > LONG_LINES and not source.startswith("%%writefile"):
            summary = f"Code, {lines} lines"
        self._line = ""
        if summary:
            self.text.html(f'<details class="long-code"><summary>{summary}</summary>')
        self.text.fenced("{code-block} ipython3", source)
        if summary:
            self.text.html("</details>")

    def _broken(self, address: str) -> None:
        line = links.line_of(address, self._lesson)
        self.problems.append(f"{self._source}:{line}: the link to {address} leads nowhere")


def _playable(output: Any, recording: str) -> Any:
    """A cell's output. The sentence that stands for the live view becomes a recording of it."""
    is_view = output.get("data", {}).get("text/plain", "").startswith(_VIEW)
    return type(output)(output, data={"text/html": recording}) if is_view else output


def lesson_page(
    module: Module,
    notebook: Any,
    quiz: dict[str, list[dict[str, Any]]],
    *,
    terms: Sequence[Term],
    known: set[str],
    root: Path,
    pictures: Path,
) -> tuple[Text, list[str]]:
    """The page of one lesson, and a list of its problems.

    Args:
        module: the lesson's module.
        notebook: the built lesson with its outputs.
        quiz: the module's questions, from `lab.quiz.load_quiz`.
        terms: the words of the glossary.
        known: the ids of the modules that have a page.
        root: the checkout.
        pictures: the folder for the pictures.
    """
    page = _Page(module, root, known, pictures)
    for number, cell in enumerate(notebook.cells, 1):
        if experiments.is_fold(cell):
            continue  # the page has its own fold
        page.text.at(f"cell {number}")
        if cell.cell_type == "code":
            page.code(cell, number, quiz)
            continue
        if sentence := line_of(cell):
            page.line(sentence)
            continue
        if number == 1:
            heading, *rest = split_at_headings(cell.source)
            page.markdown(heading)
            page.text.html(_facts(module, terms))
            page.markdown("\n\n".join(rest))
        elif text := experiments.without_line(cell.source):
            page.markdown(text)
    page.unfold()
    return page.text, page.problems


def deck_words(module: Module) -> str:
    """The module's slides in the deck as text, such as "slides 11–14"."""
    slides = module.deck_slides
    if not slides:
        return "none"
    return f"slide {slides[0]}" if len(slides) == 1 else f"slides {slides[0]}–{slides[-1]}"


def _facts(module: Module, terms: Sequence[Term]) -> str:
    """The box with minutes, slides and new words at the beginning of a lesson."""
    new = [term for term in terms if term.first == module.number]
    items = [
        f"<li>Lesson: {module.lesson_minutes} minutes</li>",
        f'<li><a href="labs.html#{module.id}">Lab</a>: {module.lab_words}</li>',
        f"<li>Deck: {deck_words(module)}</li>",
    ]
    named = ", ".join(f'<a href="glossary.html#{term.anchor}">{escaped(term.term)}</a>' for term in new)
    words = f"<details><summary>New words: {len(new)}</summary><p>{named}</p></details>" if new else ""
    button = '<button type="button" class="open-all" hidden>Open all folds</button>'
    return f'<div class="page-facts"><ul>{"".join(items)}</ul>{words}{button}</div>'


def _without_questions(source: str) -> str:
    """The code of a cell without its predictions and quizzes, which the page shows in its own way."""
    try:
        body = ast.parse(source).body
    except SyntaxError:  # a magic
        return source
    lines = source.split("\n")
    for statement in reversed(body):
        end = statement.end_lineno or statement.lineno
        if _ASKS.match("\n".join(lines[statement.lineno - 1 : end])):
            del lines[statement.lineno - 1 : end]
    return "\n".join(lines).strip("\n")


def _text_of(path: Path) -> str:
    return path.read_text(encoding="utf-8") if path.is_file() else ""
