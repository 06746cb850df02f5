"""Turns a deck's notebook into a single HTML file that needs no network and no other files."""

from __future__ import annotations

import base64
import html
import re
from collections.abc import Collection
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import jinja2
from nbconvert import filters
from pygments.formatters import HtmlFormatter  # type: ignore[import-untyped]

from serverless_first.authoring import deck
from serverless_first.authoring.problems import BuildFailed
from serverless_first.course import Course, Module

_TEMPLATES = Path(__file__).parent / "templates" / "deck"
_FONTS = (("regular", 400, "normal"), ("italic", 400, "italic"), ("semibold", 600, "normal"))
_filters: Any = filters  # nbconvert has no type hints


def page(notebook: Any, module: Module, the_course: Course, headings: Collection[str] | None = None) -> str:
    """The HTML of a deck.

    Args:
        notebook: the built notebook of the slides, with its outputs.
        module: the deck's module.
        the_course: the course, whose name is at the bottom of each slide.
        headings: the headings of the slides to keep; None keeps all.

    Raises:
        BuildFailed: reveal.js is not installed, or the notebook has no slide with one of these headings.
    """
    slides = deck.slides(notebook.cells)
    if headings is not None:
        if unknown := sorted(set(headings) - {slide.title for slide in slides}):
            raise BuildFailed([f'slides/{module.id}.ipynb has no slide {", ".join(unknown)}: run "make build"'])
        slides = [slide for slide in slides if slide.title in headings]
    module_number = module.number if module.number.isdecimal() else ""
    return (
        _environment()
        .get_template("page.html.j2")
        .render(
            slides=[_slide(slide, number) for number, slide in enumerate(slides, 1)],
            number_and_title=f"{module_number} {module.title}".strip(),
            module_number=module_number or "λ",
            about=_about(module, the_course, sum(slide.minutes for slide in slides)),
            course_title=the_course.title,
            **_assets(),
        )
    )


def _slide(slide: deck.Slide, number: int) -> dict[str, object]:
    bodies: list[str] = []
    for cell, as_fragment in slide.cells:
        markup = _cell_html(cell, drop_title=cell is slide.cells[0][0])
        bodies.append(f'<div class="fragment">{markup}</div>' if as_fragment else markup)
    body = "\n".join(filter(None, bodies))
    opening = slide.number == 1
    return {
        "number": number,
        "minutes": slide.minutes,
        "kind": "opening" if opening else "figures" if "<figure>" in body else "words",
        "level": 1 if opening else 2,
        "title": _line(slide.title),
        "body": body,
        "sources": _markdown(slide.sources),
        "notes": _markdown(slide.notes),
    }


def _cell_html(cell: Any, *, drop_title: bool) -> str:
    if cell.cell_type == "markdown":
        text = deck.without_title(cell.source) if drop_title else cell.source
        return f'<div class="text">{_markdown(text)}</div>' if text.strip() else ""
    if cell.cell_type != "code":
        return ""
    source = "" if "remove-input" in cell.metadata.get("tags", []) else _code(cell.source)
    return source + "".join(_output(output) for output in cell.outputs)


def _output(output: Any) -> str:
    if output.output_type == "stream":
        return f'<pre class="output">{_filters.ansi2html(output.text)}</pre>'
    data = output.get("data", {})
    for mime in ("image/png", "image/jpeg"):
        if mime in data:
            alt = html.escape(str(output.metadata.get(mime, {}).get("alt", "")))
            picture = data[mime].replace("\n", "")
            return f'<figure><img src="data:{mime};base64,{picture}" alt="{alt}"></figure>'
    if "text/html" in data:
        # The figure's words are already its alt text, and nobody would open a fold on a slide.
        return "" if "figure-in-words" in data["text/html"] else f"<div>{data['text/html']}</div>"
    return f'<pre class="output">{_filters.ansi2html(data["text/plain"])}</pre>' if "text/plain" in data else ""


def _markdown(text: str) -> str:
    return str(_filters.markdown2html(text)) if text.strip() else ""


def _line(text: str) -> str:
    return re.sub(r"^<p>|</p>$", "", _markdown(text).strip())


def _code(source: str) -> str:
    return str(_filters.Highlight2HTML(pygments_lexer="ipython3")(source))


def _about(module: Module, the_course: Course, minutes: int) -> str:
    """The line on the first slide about the deck's source and length."""
    slides = module.deck_slides
    if len(slides) == the_course.deck_slide_count:
        of = f"After the deck's {len(slides)} slides"
    elif len(slides) > 1:
        of = f"After the deck's slides {slides[0]} to {slides[-1]}"
    else:
        of = f"After the deck's slide {slides[0]}" if slides else ""
    return " · ".join(filter(None, (the_course.title, of, f"{minutes} minutes" if minutes else "")))


@cache
def _environment() -> jinja2.Environment:
    return jinja2.Environment(
        loader=jinja2.FileSystemLoader(_TEMPLATES), autoescape=True, undefined=jinja2.StrictUndefined
    )


@cache
def _assets() -> dict[str, str]:
    """The assets in each page: reveal.js and its speaker view, the fonts, and our own style and script."""
    reveal = _reveal()
    own = {name: (_TEMPLATES / name).read_text(encoding="utf-8") for name in ("deck.css", "deck.js", "theme.js")}
    return {
        "reveal_css": (reveal / "dist" / "reveal.css").read_text(encoding="utf-8"),
        "reveal_js": _in_page((reveal / "dist" / "reveal.js").read_text(encoding="utf-8")),
        "notes_js": _in_page((reveal / "plugin" / "notes" / "notes.js").read_text(encoding="utf-8")),
        "fonts_css": "\n".join(
            _font(reveal / "dist" / "theme" / "fonts" / "source-sans-pro", *font) for font in _FONTS
        ),
        "code_css": str(HtmlFormatter(style="default").get_style_defs(".highlight")),
        "course_css": own["deck.css"],
        "course_js": own["deck.js"],
        "theme_js": own["theme.js"],
    }


def _font(folder: Path, name: str, weight: int, style: str) -> str:
    data = base64.b64encode((folder / f"source-sans-pro-{name}.woff").read_bytes()).decode()
    return (
        f'@font-face {{ font-family: "Source Sans Pro"; font-weight: {weight}; font-style: {style}; '
        f'src: url(data:font/woff;base64,{data}) format("woff"); }}'
    )


def _in_page(script: str) -> str:
    """The script in a form that is safe inside a script element, although its strings contain script tags."""
    script = re.sub(r"^//# sourceMappingURL=.*$", "", script, flags=re.MULTILINE)
    return script.replace("</script", "<\\/script").replace("<!--", "<\\!--")


def _reveal() -> Path:
    """The folder of reveal.js, which is part of the wheel of sphinx-revealjs."""
    spec = find_spec("sphinx_revealjs")
    if spec is None or not spec.submodule_search_locations:
        raise BuildFailed(["reveal.js is not installed: run `make env`, or pip install -e '.[slides]'"])
    return Path(spec.submodule_search_locations[0]) / "_static" / "revealjs"
