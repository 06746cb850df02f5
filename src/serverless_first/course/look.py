"""The colors of what the course shows on a page, light and dark: style variables for panels, quizzes and figures.

JupyterLab gets them from `jupyterlab_css`, the reading copy from `site_css`. Both switch with the page's theme, so
stored outputs name a color and never choose one. A page that knows no variable (GitHub, VS Code, an exported notebook)
shows the light color.
"""

from __future__ import annotations

from typing import NamedTuple


class Color(NamedTuple):
    """One color of the course, as `#rrggbb` for each theme."""

    light: str
    dark: str


COLORS = {
    # Text and its grounds. `band` is the sign-in page's button, with `on_band` as its text.
    "paper": Color("#ffffff", "#121212"),
    "ink": Color("#1a1a1a", "#ededed"),
    "muted": Color("#4d4d4d", "#b8b8b8"),
    "raised": Color("#f4f4f8", "#262a30"),
    "band": Color("#2b2250", "#3b3170"),
    "on_band": Color("#ffffff", "#ffffff"),
    # Borders of buttons and fields; lines that lead the eye, such as the frame around what has the keyboard.
    "rule": Color("#767676", "#8c8c8c"),
    "line": Color("#0072b2", "#56b4e9"),
    # The kinds of panels: passed, failed, for your information, and folded. Each can be text on paper, or a ground.
    "pass": Color("#00694a", "#4fd1a5"),
    "pass_paper": Color("#e3f4ec", "#10291f"),
    "fail": Color("#a03800", "#ffb08a"),
    "fail_paper": Color("#fbeae1", "#33190c"),
    "note": Color("#005a9c", "#8ec5ff"),
    "note_paper": Color("#e8f1f9", "#12263a"),
    "fold": Color("#7a5000", "#e6b450"),
    # Answers of a quiz are blue and brown, which everybody can tell apart.
    "right": Color("#005a9c", "#8ec5ff"),
    "wrong": Color("#a03800", "#ffb08a"),
}

#: Turns a figure that was drawn on white into the same figure on black. Black becomes white, blue stays blue.
#: The three numbers are chosen so that text keeps a contrast of 4.5 and colors stay apart (tests/unit/test_look.py).
DARK_FIGURE = "invert(0.95) hue-rotate(180deg) saturate(1.2)"

#: The class of a picture that is drawn on white and follows the theme, for widgets that show one.
FIGURE = "course-figure"

_DARK_LAB = 'body[data-jp-theme-light="false"]'
_DARK_SITE, _NOT_LIGHT = 'body[data-theme="dark"]', 'body:not([data-theme="light"])'
# A stored figure is a plain picture, and the words below it show that it is the course's and not the learner's own.
_LAB_FIGURES = f".jp-OutputArea-child:has(+ .jp-OutputArea-child .figure-in-words) img, .{FIGURE}"

_LAB_LINES = """\
/* About 90 characters are easy to read. Tables, figures and code take more. */
.jp-RenderedMarkdown :is(p, ul, ol, blockquote, h1, h2, h3, h4, details) { max-width: 43em; }
.jp-Notebook :is(.prediction, .prediction-outcome, .lab-panel, .figure-in-words) { max-width: 43em; }
/* JupyterLab would break outputs inside words. */
.jp-OutputArea .jp-OutputArea-output pre { word-break: normal; }
/* JupyterLab shows the first line of folded code, which may tell a result; the line above says what the code does. */
.jp-CodeCell .jp-InputPlaceholder .jp-PlaceholderText { display: none; }
/* ipywidgets would cut the words beside a slider. */
.jp-OutputArea .widget-readout { max-width: none; }
/* The rest of a long line of code is indented more than the lines around it. */
.jp-CodeCell .cm-lineWrapping .cm-line { padding-left: calc(8ch + 6px); text-indent: -8ch; }
"""


def color(name: str) -> str:
    """The value for a style attribute, as in `f"border-left: 6px solid {look.color('pass')}"`.

    Args:
        name: one of `COLORS`.

    Returns:
        a CSS value: the variable, and the light color where a page doesn't know it.

    Raises:
        ValueError: the course has no such color; the message lists the names.
    """
    if name not in COLORS:
        raise ValueError(f"The course has no color {name!r}. Choose one of: {', '.join(COLORS)}.")
    return f"var({_variable(name)}, {COLORS[name].light})"


def panel(kind: str) -> str:
    """The style of a panel for its `style` attribute: a line, a tint, and ink.

    A sign or a word must also tell the kind, for readers who don't see the color.

    Args:
        kind: "pass", "fail" or "note".
    """
    line, paper, ink = (color(name) for name in (kind, f"{kind}_paper", "ink"))
    return f"border-left: 6px solid {line}; padding: 0.5em 1em; background: {paper}; color: {ink}"


def jupyterlab_css() -> str:
    """The style sheet that JupyterLab loads as its custom.css."""
    return f"{_variables(_DARK_LAB)}{_LAB_FIGURES} {{ filter: var(--course-figure-filter, none); }}\n{_LAB_LINES}"


def site_css() -> str:
    """The variables for the reading copy, in which a reader chooses light, dark or what the system says."""
    system = f"@media screen and (prefers-color-scheme: dark) {{\n{_dark(_NOT_LIGHT)}}}\n"
    return f"{_variables(_DARK_SITE)}{system}"


def _variable(name: str) -> str:
    return f"--course-{name.replace('_', '-')}"


def _variables(dark_selector: str) -> str:
    light = "".join(f"  {_variable(name)}: {one.light};\n" for name, one in COLORS.items())
    # On paper everything is light.
    return f":root {{\n{light}  --course-figure-filter: none;\n}}\n@media screen {{\n{_dark(dark_selector)}}}\n"


def _dark(selector: str) -> str:
    dark = "".join(f"  {_variable(name)}: {one.dark};\n" for name, one in COLORS.items())
    return f"{selector} {{\n{dark}  --course-figure-filter: {DARK_FIGURE};\n}}\n"
