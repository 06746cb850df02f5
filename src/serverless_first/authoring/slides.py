"""Exports slides for the projector and the speaker as an HTML file for each deck, without network, and as PDF."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Container, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from serverless_first import course
from serverless_first.authoring import nbio
from serverless_first.authoring.cache import write_text
from serverless_first.authoring.deck_page import page
from serverless_first.authoring.problems import BuildFailed
from serverless_first.course import Course, Module, timetable
from serverless_first.course.chromium import find_chromium, print_pdf
from serverless_first.course.places import course_root

_NO_ALT = re.compile(r"<img\b(?![^>]*\balt=\"[^\"]*[^\s\"])")
_LOADED = re.compile(
    r"<(?:script|link|img|iframe|source)\b[^>]*?\b(?:src|href)\s*=\s*[\"']?((?:https?:)?//[^\"'\s>]+)"
    r"|@import\s+(?:url\()?[\"']?((?:https?:)?//[^\"')\s]+)",
    re.IGNORECASE,
)


def export_slides(
    modules: Sequence[str] | None = None,
    *,
    track: str | None = None,
    pdf: bool = True,
    report: Callable[[str], None] = print,
) -> list[Path]:
    """Writes slides/export/NN-name.html, and with Chromium also NN-name.pdf and NN-name-notes.pdf.

    An HTML file contains everything, including the speaker view, so it works from a USB stick or an email, offline.

    Args:
        modules: ids or numbers, or "overview"; None for every deck, or for every deck of the track.
        track: the id of a track in course.toml, to export only its slides, to a folder of that name; None for all.
        pdf: whether to print PDFs. Without Chromium, they are left out, and `report` gets a note.
        report: gets one line for each file and note.

    Returns:
        the HTML and PDF files, in the order of the course.

    Raises:
        BuildFailed: slides are not built yet, a picture has no alt text, a slide would load something from the network,
            or the browser couldn't print. The other decks are exported anyway. Or the track doesn't exist, or it has no
            slides.
        UnknownModule: course.toml doesn't have this module.
    """
    root = course_root()
    the_course = course.load(root)
    headings = None if track is None else _headings(track, root)
    if modules is None:
        selection = the_course.built if headings is None else tuple(headings)
    else:
        selection = _selection(the_course, modules, track, headings)
    folder = root / "slides" / "export" / (track or "")
    chromium = find_chromium() if pdf else None
    if pdf and chromium is None:
        report("note: no PDF: no Chromium or Chrome was found; install one, or print the HTML with ?print=notes")
    files: list[Path] = []
    absent = [module for module in selection if not (root / _notebook(module)).is_file()]
    problems = [
        f'{_notebook(module)} is missing: run "make build"'
        for module in dict.fromkeys(absent)
        if modules is not None or module.deck_slides
    ]
    with ThreadPoolExecutor(max_workers=2) as pool:  # a browser that prints mostly waits
        exports = {
            module: pool.submit(
                _export, module, the_course, root, folder, chromium, headings[module] if headings else None
            )
            for module in dict.fromkeys(selection)
            if module not in absent
        }
        for export in exports.values():
            try:
                files += _reported(export.result(), root, report)
            except BuildFailed as error:
                problems += error.problems
    if problems:
        raise BuildFailed(problems)
    return files


def _selection(
    the_course: Course, modules: Sequence[str], track: str | None, headings: Container[Module] | None
) -> tuple[Module, ...]:
    selection = tuple(the_course.deck_of(name) for name in modules)
    if hidden := [module.id for module in selection if headings is not None and module not in headings]:
        raise BuildFailed([f"The track {track} shows no slide of {', '.join(hidden)}."])
    return selection


def _reported(files: list[Path], root: Path, report: Callable[[str], None]) -> list[Path]:
    for file in files:
        report(f"exported   {file.relative_to(root).as_posix()}")
    return files


def _headings(name: str, root: Path) -> dict[Module, tuple[str, ...]]:
    """The headings of a track's slides, by deck."""
    try:
        tracks = {track.id: track for track in timetable.load(root)}
    except timetable.BadTimetable as error:
        raise BuildFailed(error.problems) from None
    if name not in tracks:
        raise BuildFailed([f"There is no track {name!r}. The tracks are: {', '.join(tracks)}."])
    if not tracks[name].slides:
        raise BuildFailed([f"The track {name} shows no slides."])
    return tracks[name].slides


def _notebook(module: Module) -> str:
    return f"slides/{module.id}.ipynb"


def _export(
    module: Module, the_course: Course, root: Path, folder: Path, chromium: str | None, headings: Collection[str] | None
) -> list[Path]:
    name = _notebook(module)
    text = (root / name).read_text(encoding="utf-8")
    try:
        html = page(nbio.loads(text), module, the_course, headings)
    except ValueError as error:
        raise BuildFailed([f'{name}: {error}: run "make build"']) from None
    # Only the slides are checked, because our scripts and reveal.js contain such text in strings.
    slides = html[html.index("<main") : html.index("</main>")]
    if _NO_ALT.search(slides):
        raise BuildFailed([f"{name}: a picture has no alt text; give it one in slides.md and build again"])
    if outside := sorted({"".join(match) for match in _LOADED.findall(slides)}):
        raise BuildFailed([f"{name}: the slides would load {', '.join(outside)} from the network; take it out"])
    html_file = folder / f"{module.id}.html"
    write_text(html_file, html)
    if chromium is None:
        return [html_file]
    printed = {"slides": html_file.with_suffix(".pdf"), "notes": html_file.with_name(f"{module.id}-notes.pdf")}
    for layout, target in printed.items():
        try:
            print_pdf(chromium, html_file, target, query=f"print={layout}")
        except RuntimeError as error:
            raise BuildFailed([f"{name}: {error}"]) from None
    return [html_file, *printed.values()]
