"""The texts of which the search shows excerpts.

Sphinx's search fetches each page that it has found, which a browser forbids for files. So the site has a script with
the texts.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from bs4 import BeautifulSoup

FILE = "_static/excerpts.js"
_NOT_READ = ("script", "style", "svg", ".headerlink", ".page-facts", ".open-all", ".figure-in-words")


def write(site: Path) -> None:
    """Writes the texts of a finished site's pages, by page and, within it, by the anchor of each section."""
    texts = {
        page.name: _sections(page.read_text(encoding="utf-8"))
        for page in sorted(site.glob("*.html"))
        if page.name != "search.html"
    }
    script = f"window.pageTexts = {json.dumps(texts, ensure_ascii=False, separators=(',', ':'))};\n"
    (site / FILE).write_text(script, encoding="utf-8", newline="\n")


def _sections(html: str) -> dict[str, str]:
    """The text of each section, without the sections in it, by its anchor. The first section is also the page's, ""."""
    article: Any = BeautifulSoup(html, "html.parser").select_one("article")
    for part in article.select(",".join(_NOT_READ)) if article else ():
        part.decompose()
    texts: dict[str, str] = {}
    for section in reversed(article.select("section[id]")) if article else ():  # the innermost ones first
        heading = section.find(["h1", "h2", "h3", "h4"])
        if heading:
            heading.extract()
        texts[str(section["id"])] = " ".join(section.get_text(" ").split())
        section.extract()
    if texts:
        texts[""] = next(reversed(texts.values()))
    return texts
