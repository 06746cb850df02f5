"""Dollar signs that stay dollar signs: JupyterLab sets the text between two of them as a formula.

The course prints prices and names of variables, and no formulas: a dollar sign in its prose is always a dollar sign.
"""

from __future__ import annotations

import re
from functools import cache

from markdown_it import MarkdownIt

# MathJax looks for formulas in text that no tag interrupts, so a dollar sign between two tags begins none. JupyterLab,
# VS Code and GitHub also look through the Markdown itself, where the entity is not a dollar sign. nbconvert and Sphinx
# show it as any other dollar sign. A backslash is not enough, because it is gone before MathJax looks.
SIGN = "<span>&#36;</span>"
#: The classes of an HTML element in which MathJax looks for no formulas; the first is the name MathJax 2 knew.
NO_FORMULAS = "tex2jax_ignore mathjax_ignore"

# The parts that stay as they are come first: code in backticks, a tag or an address between < and >, a link's address.
_DOLLAR = re.compile(
    r"(?P<kept>(?P<ticks>`+)(?!`).*?(?<!`)(?P=ticks)(?!`)|<[a-zA-Z/!][^<>]*>"
    r'|\]\([^()\s]*(?:\s+"[^"]*")?\))|\\?\$',
    re.DOTALL,
)


def in_markdown(markdown: str) -> str:
    """The Markdown with each dollar sign of its prose, escaped by a backslash or not, as `SIGN`.

    Code stays as it is: in backticks, between fences, indented. So do tags and the addresses of links.
    """
    if "$" not in markdown:
        return markdown
    lines = markdown.split("\n")
    # (first line, line behind the last) of each paragraph, heading, row of a table and piece of HTML
    tokens = _parser().parse(markdown)
    blocks = {(token.map[0], token.map[1]) for token in tokens if token.map and token.type in ("inline", "html_block")}
    for first, end in blocks:
        prose = "\n".join(lines[first:end])
        lines[first:end] = _DOLLAR.sub(lambda match: match["kept"] or SIGN, prose).split("\n")
    return "\n".join(lines)


def in_html(html: str) -> str:
    """The HTML, inside an element in which MathJax looks for no formulas if it has a dollar sign."""
    return f'<div class="{NO_FORMULAS}">{html}</div>' if "$" in html else html


@cache
def _parser() -> MarkdownIt:
    return MarkdownIt("commonmark").enable("table")
