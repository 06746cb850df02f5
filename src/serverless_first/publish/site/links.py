"""Links: between the lessons while a page is made, and all of them once the pages are there."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

_LINK = re.compile(r"(?<!!)\[((?:[^\[\]]|\[[^\[\]]*\])*)\]\(<?([^()\s<>]+)>?\)")
_CODE = re.compile(r"(`+)(?!`).*?(?<!`)\1(?!`)", re.DOTALL)
_DOCUMENT = re.compile(r"(?:\.\./)?(?:docs/)?(?:fidelity/)?([\w-]+)\.md(#[\w-]+)?")
#: The pages of files that share the name README.md.
_READMES = {"../README.md": "index", "../engine/README.md": "engine"}
_NOTEBOOK = re.compile(r"(?:\.\./)?(notebooks/|labs/)?([\w-]+)\.ipynb")
_LOADS = {"script": "src", "img": "src", "link": "href", "iframe": "src", "source": "src", "video": "src"}


class Page(HTMLParser):
    """The links of a page, the files that it loads, and its anchors.

    Attributes:
        ids: its anchors.
        links: the addresses of its links, each with the line of the page.
        loaded: the addresses of scripts, styles and pictures.
        alts: the alt texts of its pictures, in their order; None where there is no such attribute.
    """

    def __init__(self, text: str) -> None:
        super().__init__()
        self.ids: set[str] = set()
        self.links: list[str] = []
        self.loaded: list[str] = []
        self.alts: list[str | None] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = dict(attrs)
        if name := attributes.get("id"):
            self.ids.add(name)
        if tag == "a" and (address := attributes.get("href")):
            self.links.append(address)
        if address := attributes.get(_LOADS.get(tag, "")):
            self.loaded.append(address)
        if tag == "img":
            self.alts.append(attributes.get("alt"))


def rewritten(markdown: str, known: set[str], broken: Callable[[str], None]) -> str:
    """The Markdown with its links to other notebooks turned into links to the site's pages.

    Args:
        markdown: of one cell, or a document of the course.
        known: the ids of the modules that the site has, and the names of its documents without their folder.
        broken: called with each address that leads nowhere in the site.
    """

    def replace(match: re.Match[str]) -> str:
        text, address = match[1], match[2]
        if urlsplit(address).scheme or address.startswith("#"):
            return match[0]
        if readme := _READMES.get(address):
            return f'<a href="{readme}.html">{text}</a>'
        if (document := _DOCUMENT.fullmatch(address)) and document[1] in known:
            return f'<a href="{document[1]}.html{document[2] or ""}">{text}</a>'
        target = _NOTEBOOK.fullmatch(address)
        if target is None or target[2] not in known:
            broken(address)
            return match[0]
        page = f"labs.html#{target[2]}" if target[1] == "labs/" else f"{target[2]}.html"
        return f'<a href="{page}">{text}</a>'

    pieces = []
    end = 0
    for code in _CODE.finditer(markdown):  # text in code marks isn't a link
        pieces += [_LINK.sub(replace, markdown[end : code.start()]), code[0]]
        end = code.end()
    return "".join([*pieces, _LINK.sub(replace, markdown[end:])])


def line_of(address: str, text: str) -> int:
    """The number of the first line of a text that holds a link to this address, or 1."""
    for number, line in enumerate(text.split("\n"), 1):
        if f"({address})" in line or f"(<{address}>)" in line:
            return number
    return 1


def checked(folder: Path, origins: dict[str, str]) -> tuple[list[str], dict[str, list[str]]]:
    """Looks at each link of a finished site; asks nothing of the network.

    Args:
        origins: from which file a page was made, by its name.

    Returns:
        one line for each link that leads nowhere and each thing that would be loaded from elsewhere, and the links to
        other sites with the pages that have them.
    """
    pages = {path.name: Page(path.read_text(encoding="utf-8")) for path in sorted(folder.glob("*.html"))}
    problems: list[str] = []
    outside: dict[str, list[str]] = {}
    for name, page in pages.items():
        where = origins.get(name, name)
        for address in dict.fromkeys(page.links):
            if urlsplit(address).scheme in ("http", "https"):
                outside.setdefault(address, []).append(name)
            elif trouble := _trouble(address, name, pages, folder):
                problems.append(f"{where}: the link to {address} leads nowhere: {trouble}")
        for address in dict.fromkeys(page.loaded):
            if urlsplit(address).scheme or address.startswith("//"):
                is_data = urlsplit(address).scheme == "data"
                problems += [] if is_data else [f"{where}: the page would load {address} from another site"]
            elif not (folder / (unquote(urlsplit(address).path) or name)).is_file():
                problems.append(f"{where}: {address} is missing")
    problems += [f"{sheet}: the style sheet would load {address}" for sheet, address in _loaded_by_styles(folder)]
    return problems, dict(sorted(outside.items()))


def _trouble(address: str, name: str, pages: dict[str, Page], folder: Path) -> str:
    """Why a link within the site leads nowhere, or nothing."""
    parts = urlsplit(address)
    if parts.scheme == "mailto":
        return ""
    target = unquote(parts.path) or name
    if target not in pages:
        return "" if (folder / target).is_file() else f"the site has no {target}"
    anchor = unquote(parts.fragment)
    return f"{target} has no anchor {anchor}" if anchor and anchor not in pages[target].ids else ""


def _loaded_by_styles(folder: Path) -> Iterator[tuple[str, str]]:
    for sheet in sorted(folder.rglob("*.css")):
        for address in re.findall(r"(?:url\(|@import\s+)[\"']?((?:https?:)?//[^\"')\s]+)", sheet.read_text("utf-8")):
            yield sheet.relative_to(folder).as_posix(), address
