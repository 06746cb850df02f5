"""Every picture that a reader meets is told in words: in the built notebooks and slides, in docs/ and in README."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from serverless_first.course.places import course_root

ROOT = course_root()
FOLDERS = ("notebooks", "labs", "solutions", "slides")
NOTEBOOKS = [path for folder in FOLDERS for path in sorted((ROOT / folder).glob("*.ipynb"))]
TEXTS = [*sorted(ROOT.glob("*.md")), *sorted(ROOT.glob("docs/**/*.md")), *sorted(ROOT.glob("deploy/**/*.md"))]
WORDS = 5
_MARKDOWN = re.compile(r"!\[(?P<alt>[^\]]*)\]\((?P<file>[^)]*)\)", re.DOTALL)
_TAG = re.compile(r"<img\b[^>]*>")
_ALT = re.compile(r"\balt=\"([^\"]*)\"")
_FILE_NAME = re.compile(r"\b[\w-]+\.(png|jpe?g|svg|gif|webp)\b", re.IGNORECASE)


def fault(alt: str | None) -> str:
    """What is wrong with an alt text, or nothing."""
    if not alt or len(alt.split()) < WORDS:
        return f"{alt!r} has fewer than {WORDS} words"
    return f"{alt!r} names a file" if _FILE_NAME.search(alt) else ""


def in_text(text: str) -> Iterator[str | None]:
    """The alt texts of the pictures in Markdown or HTML; None for a picture without one."""
    text = re.sub(r"^(`{3,}).*?^\1`*\s*$|`[^`\n]*`", "", text, flags=re.DOTALL | re.MULTILINE)  # code shows no picture
    yield from (picture["alt"] for picture in _MARKDOWN.finditer(text))
    for tag in _TAG.findall(text):
        found = _ALT.search(tag)
        yield found[1] if found else None


def in_notebook(path: Path) -> Iterator[str | None]:
    """The alt texts of the pictures in a notebook's words and outputs."""
    for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
        if cell["cell_type"] == "markdown":
            yield from in_text("".join(cell["source"]))
        for output in cell.get("outputs", []):
            for kind, data in output.get("data", {}).items():
                if kind.startswith("image/"):
                    yield output.get("metadata", {}).get(kind, {}).get("alt")
                elif kind in ("text/html", "text/markdown"):
                    yield from in_text("".join(data))


@pytest.mark.parametrize("path", [*NOTEBOOKS, *TEXTS], ids=lambda path: str(path.relative_to(ROOT)))
def test_every_picture_is_told_in_words(path: Path) -> None:
    alts = in_notebook(path) if path.suffix == ".ipynb" else in_text(path.read_text(encoding="utf-8"))
    assert [problem for alt in alts if (problem := fault(alt))] == []


def test_there_are_pictures() -> None:
    assert sum(len(list(in_notebook(path))) for path in NOTEBOOKS) > 100
    assert sum(len(list(in_text(path.read_text(encoding="utf-8")))) for path in TEXTS) > 0


@pytest.mark.parametrize(
    ("text", "faults"),
    [
        ("![Eight environments serve eight orders](a.png)", 0),
        ("![a.png](a.png)", 1),
        ("![](a.png)", 1),
        ("![The picture environments.png of the lesson](a.png)", 1),
        ('<img src="a.png" alt="Eight environments serve eight orders">', 0),
        ('<img src="a.png">', 1),
        ("`![](a.png)` is how a picture is written", 0),
        ("```\n![](a.png)\n```", 0),
    ],
)
def test_pictures_in_words_are_found(text: str, faults: int) -> None:
    assert sum(bool(fault(alt)) for alt in in_text(text)) == faults
