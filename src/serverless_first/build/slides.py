"""Slides for the projector: HTML that needs no network, and PDF."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from nbconvert import SlidesExporter
from traitlets.config import Config

from serverless_first import course
from serverless_first.build import nbio
from serverless_first.build.cache import write_text
from serverless_first.build.problems import BuildFailed
from serverless_first.chromium import find_chromium, print_pdf
from serverless_first.places import course_root

_TEMPLATES = Path(__file__).parent / "templates"
_REVEAL = "reveal.js"  # the folder beside the HTML files
_Exporter: Any = SlidesExporter  # nbconvert carries no types for its constructors
_NO_ALT = re.compile(
    r"<img\b[^>]*\balt=(?:\"\s*\"|'\s*'|[\"']No description has been provided for this image)"  # nbconvert's own words
)
_LOADED = re.compile(
    r"<(?:script|link|img|iframe|source)\b[^>]*?\b(?:src|href)\s*=\s*[\"']?((?:https?:)?//[^\"'\s>]+)"
    r"|@import\s+(?:url\()?[\"']?((?:https?:)?//[^\"')\s]+)"
    r"|\bfrom\s+[\"'](https?://[^\"']+)",
    re.IGNORECASE,
)


def export_slides(
    modules: Sequence[str] | None = None, *, pdf: bool = True, report: Callable[[str], None] = print
) -> list[Path]:
    """Makes slides/export/NN-name.html, which works offline, and NN-name.pdf where a Chromium is found.

    The HTML files need the folder reveal.js beside them: copy slides/export as a whole.

    Args:
        modules: ids or numbers; without them every module with an author's room and slides.
        pdf: whether to print PDFs; without a Chromium they are left out, and `report` says so.
        report: gets one line for each file and note.

    Returns:
        the files made, HTML and PDF, in the order of the course.

    Raises:
        BuildFailed: slides are not built yet, a picture has no alt text, something would be loaded from the
            network, or the browser could not print; the others are exported all the same.
        UnknownModule: course.toml has no such module.
    """
    root = course_root()
    the_course = course.load(root)
    chosen = the_course.ready_modules if modules is None else [the_course.module(name) for name in modules]
    target_dir = root / "slides" / "export"
    _copy_reveal(target_dir / _REVEAL)
    chromium = find_chromium() if pdf else None
    if pdf and chromium is None:
        report("note: no PDF: neither Chromium nor Chrome was found; install one, or print the HTML with ?print-pdf")
    files: list[Path] = []
    problems: list[str] = []
    for module in dict.fromkeys(chosen):
        notebook = root / "slides" / f"{module.id}.ipynb"
        if not notebook.is_file():
            if modules is not None or module.deck_slides:
                problems.append(f'slides/{module.id}.ipynb is missing: run "make build"')
            continue
        try:
            made = _export(notebook, target_dir, chromium)
        except BuildFailed as error:
            problems += error.problems
            continue
        files += made
        for file in made:
            report(f"exported   {file.relative_to(root).as_posix()}")
    if problems:
        raise BuildFailed(problems)
    return files


def _export(notebook: Path, target_dir: Path, chromium: str | None) -> list[Path]:
    name = f"slides/{notebook.name}"
    try:
        html = _html(nbio.loads(notebook.read_text(encoding="utf-8")))
    except ValueError as error:
        raise BuildFailed([f'{name}: {error}: run "make build"']) from None
    if _NO_ALT.search(html):
        raise BuildFailed([f"{name}: a picture has no alt text; give it one in slides.md and build again"])
    if outside := sorted({"".join(match) for match in _LOADED.findall(html)}):
        raise BuildFailed([f"{name}: the slides would load {', '.join(outside)} from the network; take it out"])
    page = target_dir / f"{notebook.stem}.html"
    write_text(page, html)
    if chromium is None:
        return [page]
    printed = page.with_suffix(".pdf")
    try:
        print_pdf(chromium, page, printed, query="print-pdf")
    except RuntimeError as error:
        raise BuildFailed([f"{name}: {error}"]) from None
    return [page, printed]


def _html(notebook: Any) -> str:
    config = Config()
    config.TagRemovePreprocessor.enabled = True
    config.TagRemovePreprocessor.remove_input_tags = {"remove-input"}  # a figure without the code that draws it
    exporter: Any = _Exporter(
        config=config,
        extra_template_basedirs=[str(_TEMPLATES)],
        template_name="course_slides",
        reveal_url_prefix=_REVEAL,
        reveal_theme="white",
    )
    html, _ = exporter.from_notebook_node(notebook)
    return str(html)


def _copy_reveal(target: Path) -> None:
    """Puts reveal.js beside the slides, from the wheel of sphinx-revealjs, which carries it."""
    spec = find_spec("sphinx_revealjs")
    if spec is None or not spec.submodule_search_locations:
        raise BuildFailed(["reveal.js is not installed: run `make env`, or pip install -e '.[slides]'"])
    source = Path(spec.submodule_search_locations[0]) / "_static" / "revealjs"
    for part in ("dist", "plugin/notes"):
        shutil.copytree(source / part, target / part, dirs_exist_ok=True)
    shutil.copyfile(source / "LICENSE", target / "LICENSE")
    shutil.copyfile(_TEMPLATES / "course_slides" / "course.css", target / "course.css")
