"""Sphinx's settings for the reading copy. Copied beside the pages; nothing here is fetched when a page is opened."""

from __future__ import annotations

from typing import Any

from sphinx.addnodes import index
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

project = "Serverless First"
author = "the authors of Serverless First"
language = "en"
extensions = ["myst_parser"]

# The lessons are Jupyter's Markdown, in which MyST's additions are text.
myst_disable_syntax = ["myst_line_comment", "myst_block_break", "myst_target", "myst_role", "dollarmath"]
suppress_warnings = ["misc.highlighting_failure"]  # a cell may hold YAML behind a magic

html_theme = "furo"
html_title = project
pygments_style = "a11y-high-contrast-light"
pygments_dark_style = "a11y-high-contrast-dark"
html_favicon = "_static/favicon.svg"
html_static_path = ["_static"]
html_extra_path = ["extra"]
html_css_files = ["look.css", "course.css"]  # the first one is written by course/look.py
html_js_files = ["course.js"]
html_copy_source = False
html_show_sourcelink = False
html_show_copyright = False
html_show_sphinx = False
html_use_index = False
html_domain_indices = False
# Search reads the pages again for its excerpts, which a browser forbids for files.
html_show_search_summary = False
html_theme_options = {
    "top_of_page_buttons": [],
    "light_css_variables": {"color-brand-primary": "#0b4f8a", "color-brand-content": "#0b4f8a"},
    "dark_css_variables": {"color-brand-primary": "#8ec5ff", "color-brand-content": "#8ec5ff"},
}


class Word(SphinxDirective):
    """Words, its content, by which the search finds the anchor that is its argument: `a, b, c`."""

    required_arguments = 1
    has_content = True

    def run(self) -> list[Any]:
        words = " ".join(self.content).split(",")
        return [index(entries=[("single", word.strip(), self.arguments[0], "", None) for word in words])]


def _give_headings_a_level(_app: Sphinx, _page: str, _template: str, context: dict[str, Any], _doctree: Any) -> None:
    """Sphinx makes the captions beside a page headings without a level, which a screen reader cannot place."""
    tree = str(context.get("furo_navigation_tree", ""))
    context["furo_navigation_tree"] = tree.replace('role="heading"', 'role="heading" aria-level="2"')


def setup(app: Sphinx) -> None:
    """Sphinx calls this."""
    app.add_directive("word", Word)
    app.connect("html-page-context", _give_headings_a_level, priority=900)  # furo has made the tree before, at 500
