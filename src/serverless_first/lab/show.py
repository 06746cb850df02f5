"""Showing things: rich in a notebook, plain text in a terminal."""

from __future__ import annotations

import sys

from IPython import get_ipython
from IPython.display import display

from serverless_first.course import dollars


def in_notebook() -> bool:
    """Whether IPython runs this code (a notebook, a console), so that `display` has somewhere to go."""
    return get_ipython() is not None


def say(text: str) -> None:
    """Prints text; a terminal that lacks a letter shows a question mark in its place."""
    try:
        print(text)
    except UnicodeEncodeError:
        encoding = sys.stdout.encoding or "ascii"
        print(text.encode(encoding, errors="replace").decode(encoding))


def show(text: str, *, html: str = "", markdown: str = "") -> None:
    """Shows the richest form the reader's front end knows, else the text.

    Args:
        text: the plain form, complete in itself.
        html: another form. MathJax looks through it: see `dollars.in_html`.
        markdown: another form; a dollar sign in it is a dollar sign.
    """
    if in_notebook():
        rich = {"text/html": html, "text/markdown": dollars.in_markdown(markdown)}
        display({"text/plain": text, **{kind: form for kind, form in rich.items() if form}}, raw=True)  # type: ignore[no-untyped-call]
    else:
        say(text)
