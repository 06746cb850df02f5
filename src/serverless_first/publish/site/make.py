"""make_site() puts the reading copy together: pages, Sphinx, links checked, then the new site in its place."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from serverless_first import course
from serverless_first.authoring import nbio
from serverless_first.authoring.problems import BuildFailed
from serverless_first.course import Module, look
from serverless_first.course.places import course_root
from serverless_first.facts import glossary
from serverless_first.lab.failures import CourseFault
from serverless_first.lab.quiz import load_quiz
from serverless_first.publish import repository
from serverless_first.publish.site import excerpts, links, pages
from serverless_first.publish.site.lesson import lesson_page
from serverless_first.publish.site.outputs import PICTURES
from serverless_first.publish.site.text import Text
from serverless_first.publish.tryit import make as tryit

OUTSIDE = "external-links.txt"
_MARKER = ".nojekyll"  # tells GitHub Pages to keep the files as they are, and us that we made the folder
_THEME = Path(__file__).parent / "theme"
_WARNING = re.compile(r"(?P<file>.+?\.md):(?:(?P<line>\d+):)? (?:WARNING|ERROR|CRITICAL|SEVERE): (?P<what>.*)")


class SiteFailed(BuildFailed):
    """The site could not be made; `problems` has one line for each cause. A site that was there stays as it was."""


def make_site(target: Path | None = None, *, try_it: bool = False, report: Callable[[str], None] = print) -> Path:
    """Makes the reading copy from the built notebooks; executes none of them and asks nothing of the network.

    Args:
        target: the folder of the site; `site/` in the checkout unless given. A site that is there is replaced.
        try_it: whether it also gets the page that runs a task in the browser, for which npm may use the network. The
            site is made without the page if that isn't possible.
        report: gets a line for each step.

    Returns:
        the first page.

    Raises:
        SiteFailed: notebooks are not built, a link leads nowhere, the folder holds something else.
    """
    started_s = time.monotonic()
    root = course_root()
    target = (target or root / "site").absolute()
    _refuse_what_is_not_ours(target)
    task = _task_page(root, report) if try_it else None
    with tempfile.TemporaryDirectory(prefix="serverless-first-site-") as folder:
        source, site = Path(folder) / "source", Path(folder) / "site"
        texts = _write_pages(root, source, has_task=task is not None)
        report(f"{len(texts)} pages")
        _run_sphinx(source, site, texts)
        excerpts.write(site)
        if task is not None:
            tryit.write(task, site / tryit.FOLDER, repository.address(root))
        problems, outside = links.checked(site, {f"{name}.html": text.origin for name, text in texts.items()})
        if problems:
            raise SiteFailed(problems)
        listed = "".join(f"{address}  {' '.join(names)}\n" for address, names in outside.items())
        (site / OUTSIDE).write_text(listed, encoding="utf-8", newline="\n")
        (site / _MARKER).touch()
        _replace(target, site)
    report(
        f"all links within the site lead somewhere; {len(outside)} links to other sites were not looked up: {OUTSIDE}"
    )
    report(f"made {target / 'index.html'} in {time.monotonic() - started_s:.0f} s")
    return target / "index.html"


def _task_page(root: Path, report: Callable[[str], None]) -> tryit.Parts | None:
    """The files of the page that runs a task in the browser; None if it can't be made here, and a line says why."""
    try:
        return tryit.parts(root)
    except tryit.LeftOut as error:
        report(f'the page "Try a task in your browser" is left out, because {error}')
        return None


def _write_pages(root: Path, source: Path, *, has_task: bool) -> dict[str, Text]:
    """Writes what Sphinx reads; returns the pages by their names."""
    the_course = course.load(root)
    try:
        words = glossary.load(root)
    except glossary.GlossaryError as error:
        raise SiteFailed(error.problems) from None
    lessons = [module for module in the_course.ready_modules if module.lesson_minutes]
    documents = pages.documents(root)
    known = {module.id for module in lessons} | set(documents)
    texts: dict[str, Text] = {}
    problems: list[str] = []
    for module in lessons:
        try:
            notebook, quiz = _notebook(root, module), load_quiz(module)
        except (ValueError, CourseFault) as error:
            problems.append(str(error))
            continue
        texts[module.id], page_problems = lesson_page(
            module, notebook, quiz, terms=words.terms, known=known, root=root, pictures=source / "extra" / PICTURES
        )
        problems += page_problems
    texts["index"] = pages.index_page(
        the_course, lessons, documents, _film(root, source / "extra" / PICTURES), has_task, repository.address(root)
    )
    texts["labs"] = pages.labs_page([module for module in the_course.ready_modules if module.lab_minutes])
    texts["glossary"] = pages.glossary_page(words, lessons)
    for name, file in documents.items():
        texts[name], page_problems = pages.document(root, file, known)
        problems += page_problems
    if problems:
        raise SiteFailed(problems)
    shutil.copytree(_THEME, source, dirs_exist_ok=True)
    (source / "_static" / "look.css").write_text(look.site_css(), encoding="utf-8", newline="\n")
    (source / "extra").mkdir(exist_ok=True)
    for name, text in texts.items():
        (source / f"{name}.md").write_text(text.source(), encoding="utf-8", newline="\n")
    return texts


def _film(root: Path, pictures: Path) -> tuple[str, str] | None:
    """README's moving picture, copied: its alt text and its address in the site."""
    if (picture := pages.moving_picture(root)) is None:
        return None
    alt, file = picture
    pictures.mkdir(parents=True, exist_ok=True)
    shutil.copy2(file, pictures / file.name)
    return alt, f"{PICTURES}/{file.name}"


def _notebook(root: Path, module: Module) -> Any:
    name = f"notebooks/{module.id}.ipynb"
    try:
        notebook = nbio.loads((root / name).read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ValueError(f'{name} is missing: run "make build"') from None
    except ValueError as error:
        raise ValueError(f'{name}: {error}: run "make build"') from None
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    if code and not any(cell.outputs for cell in code):
        raise ValueError(f'{name} has no outputs, so there is nothing to show: run "make build"')
    return notebook


def _run_sphinx(source: Path, site: Path, texts: dict[str, Text]) -> None:
    warnings = source.parent / "warnings.txt"
    # In its own process, because Sphinx changes the locale, the log and docutils for all that runs beside it.
    command = [sys.executable, "-m", "sphinx", "-q", "-b", "html", "-j", "auto", "-d", str(source.parent / "doctrees")]
    done = subprocess.run(
        [*command, "-w", str(warnings), str(source), str(site)], capture_output=True, text=True, encoding="utf-8"
    )
    log = warnings.read_text(encoding="utf-8") if warnings.is_file() else ""
    if problems := [_explained(line, texts) for line in log.splitlines() if line.strip()]:
        raise SiteFailed(list(dict.fromkeys(problems)))
    if done.returncode:
        last = (done.stderr.strip() or done.stdout.strip()).splitlines()[-1:] or ["it printed nothing"]
        raise SiteFailed([f"Sphinx failed: {last[0]}"])
    shutil.rmtree(site / "_sources", ignore_errors=True)
    for name in (".buildinfo", "objects.inv", "_static/debug.css"):
        (site / name).unlink(missing_ok=True)


def _explained(warning: str, texts: dict[str, Text]) -> str:
    """A warning of Sphinx with the course's file, and cell, instead of the page that was written for it."""
    match = _WARNING.match(warning)
    text = texts.get(Path(match["file"]).stem) if match else None
    if match is None or text is None:
        return warning
    return f"{text.place(int(match['line'] or 0))}: {match['what']}"


def _refuse_what_is_not_ours(target: Path) -> None:
    if target.is_dir() and any(target.iterdir()) and not (target / _MARKER).is_file():
        raise SiteFailed([f"{target} holds something that is not a site of this course. Name another folder"])
    if target.exists() and not target.is_dir():
        raise SiteFailed([f"{target} is a file. Name a folder"])


def _replace(target: Path, site: Path) -> None:
    """Puts the new site where the old one was, whole or not at all."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(
        dir=target.parent, prefix=f".{target.name}-", ignore_cleanup_errors=True
    ) as beside:
        new, old = Path(beside) / "new", Path(beside) / "old"
        shutil.copytree(site, new)
        if target.exists():
            target.rename(old)
        new.rename(target)
