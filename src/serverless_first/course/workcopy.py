"""Lays, updates and resets the learner's copies of lessons and labs in `work/`, and loses nothing of theirs.

`layout` says where each copy lies. Files from before a move are brought along first (`moving`).

`work/.laid.json` remembers of each copy which version of the course it came from, and a digest of its cells.
Copies are laid without outputs, because a lesson's outputs give its predictions away. `notebooks/` is there to read.
An update compares three things: the cells as laid, the cells now, and the course's file now, outputs apart.

    the course's file is the one laid     leave the copy alone
    cells now are the cells as laid       replace the copy (outputs are made again by a run)
    cells differ                          keep the copy; lay `NN-lab.new-version.ipynb` beside it, once
    the copy is gone                      lay it again

If `.laid.json` is broken or missing, every copy counts as changed by the learner.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from serverless_first import course
from serverless_first.course import UnknownModule, laid, moving
from serverless_first.course.laid import Entry, cells_digest, digest
from serverless_first.course.layout import FOLDERS, copy_of, relinked
from serverless_first.course.places import course_root, work_dir
from serverless_first.course.safe_files import odd, write

Report = Callable[[str], None]


class CannotReset(RuntimeError):
    """The target of a reset is unknown, or its file cannot be saved first."""


@dataclass(frozen=True)
class Reset:
    """A copy that is fresh again; `saved` is where the learner's version went, None when there was none."""

    copy: Path
    saved: Path | None


def lay(report: Report = print, only: Collection[str] | None = None) -> None:
    """Lays the built lessons and labs into the learner's folder, or updates what lies there.

    Never raises because of files that it finds there. A copy that can't be laid is reported in one line and left alone.

    Args:
        report: gets one line for each copy that was updated, kept, or could not be laid.
        only: the ids of the modules to lay; all, unless given.

    Raises:
        OSError: the learner's folder itself cannot be made.
    """
    root, work = course_root(), work_dir()
    work.mkdir(parents=True, exist_ok=True)
    manifest = laid.load(work)
    moving.move(work, course.load(root).modules, manifest, report)
    for folder in FOLDERS:
        for name in _built(root, folder):
            source = root / name
            if only is not None and source.stem not in only:
                continue
            try:
                _lay_one(source, work, name, manifest, report)
            except OSError as error:
                report(f"{copy_of(name)}: left as it is: {error.strerror or error}")
    try:
        laid.save(work, manifest)
    except OSError as error:
        report(f"{laid.MANIFEST} cannot be written ({error.strerror or error}), so updates will keep every copy")


def reset(target: str) -> list[Reset]:
    """Replaces the copies of a module, or one file, with the course's version. Saves the learner's version first.

    Args:
        target: a module's id or number (its lesson and its lab), or a file such as "05-rds-proxy/05-lab.ipynb".

    Returns:
        one entry for each copy that was replaced. A copy that already matched the course is not among them.

    Raises:
        CannotReset: the target is unknown, or its copy cannot be saved or written.
    """
    root, work = course_root(), work_dir()
    names = _names(target, root, work)
    done = []
    try:
        work.mkdir(parents=True, exist_ok=True)
        manifest = laid.load(work)
        for name in names:
            source, copy = root / name, work / copy_of(name)
            problem = odd(copy, work)
            if problem:
                raise CannotReset(
                    f"{copy_of(name)} cannot be reset, because {problem}. Move it away, then reset again."
                )
            plain = _without_outputs(source.read_bytes())
            content = relinked(plain, source.parent.name)
            fresh = copy.exists() and copy.read_bytes() == content
            saved = save_version(copy, work, _saved_stem(name)) if copy.exists() and not fresh else None
            if not fresh:
                write(copy, content)
                done.append(Reset(copy, saved))
            manifest[name] = Entry(digest(plain), cells_digest(content))
            laid.save(work, manifest)
    except OSError as error:
        raise CannotReset(f"{error.filename or work}: {error.strerror or error}. Nothing was lost.") from error
    return done


def _lay_one(source: Path, work: Path, name: str, manifest: dict[str, Entry], report: Report) -> None:
    place = copy_of(name)
    copy, plain = work / place, _without_outputs(source.read_bytes())
    content = relinked(plain, source.parent.name)
    file, cells = digest(plain), cells_digest(content)
    entry = manifest.get(name, Entry())
    problem = odd(copy, work)
    if problem:
        report(f"{place}: left as it is, because {problem}")
        return
    if not copy.exists():
        write(copy, content)
        manifest[name] = Entry(file, cells)
        return
    if file == entry.file:
        return  # nothing new since it was laid
    current = cells_digest(copy.read_bytes())
    if current is not None and current == entry.cells:
        write(copy, content)
        manifest[name] = Entry(file, cells)
        report(f"{place}: updated")
    elif current is not None and current == cells:
        manifest[name] = Entry(file, cells)  # the learner has the new version's cells already
    elif file != entry.beside_file:  # else it was told before
        beside = _beside(copy, work, entry, cells)
        write(beside, content)
        manifest[name] = Entry(entry.file, entry.cells, file, cells, beside.name)
        report(
            f"{place}: you have changed it, so your version stays. The new version is {beside.name} in the same folder"
        )


def _beside(copy: Path, work: Path, entry: Entry, cells: str | None) -> Path:
    """Where the new version goes: over an older one only when the learner has not changed that."""
    number = 1
    while True:
        suffix = ".new-version" if number == 1 else f".new-version-{number}"
        beside = copy.with_name(f"{copy.stem}{suffix}.ipynb")
        if odd(beside, work) is None:
            if not beside.exists():
                return beside
            there = cells_digest(beside.read_bytes())
            ours = beside.name == entry.beside_name and there == entry.beside_cells
            if there is not None and (ours or there == cells):
                return beside
        number += 1


def _names(target: str, root: Path, work: Path) -> list[str]:
    """The course's files that a target means, as "labs/05-rds-proxy.ipynb"."""
    try:
        module = course.load(root).module(target)
    except UnknownModule as unknown:
        path = Path(target)
        built = {name: copy_of(name) for folder in FOLDERS for name in _built(root, folder)}
        for candidate in (path if path.is_absolute() else Path.cwd() / path, work / path, root / path):
            # Only the parent is resolved, so that a copy that is itself a link keeps its place, and is refused later.
            place = Path(os.path.realpath(candidate.parent)) / candidate.name
            for name, copy in built.items():
                if place in (Path(os.path.realpath(work)) / copy, Path(os.path.realpath(root)) / name):
                    return [name]
        raise CannotReset(
            f"{target!r} is neither a module nor a file of the course. {unknown} Write a file like "
            '"00-start-here/00-lab.ipynb".'
        ) from None
    names = [f"{folder}/{module.id}.ipynb" for folder in FOLDERS]
    ready = [name for name in names if (root / name).is_file()]
    if not ready:
        raise CannotReset(f"Module {module.id} is planned, but it isn't ready yet, so there is nothing to reset.")
    return ready


def _built(root: Path, folder: str) -> list[str]:
    return [f"{folder}/{path.name}" for path in sorted((root / folder).glob("*.ipynb"))]


def _saved_stem(name: str) -> str:
    path = Path(name)
    return f"{path.stem}.{FOLDERS[path.parent.name]}"


def save_version(copy: Path, work: Path, stem: str) -> Path:
    """Copies the learner's version of a file to saved/, under a name that nothing has.

    Args:
        stem: the beginning of the name; the day, a number and the file's own ending follow.

    Raises:
        CannotReset: saved/ is a link that leads out of the learner's folder.
        OSError: it cannot be written.
    """
    content = copy.read_bytes()
    folder = work / "saved"
    if problem := odd(folder / copy.name, work):
        raise CannotReset(f"{folder} cannot be used, because {problem}. Nothing was changed.")
    folder.mkdir(exist_ok=True)
    number = 1
    while True:
        path = folder / f"{stem}.{date.today().isoformat()}-{number}{copy.suffix}"
        try:
            with path.open("xb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            return path
        except FileExistsError:
            number += 1


def _without_outputs(content: bytes) -> bytes:
    """A notebook as if no cell had run. Other content stays as it is."""
    try:
        notebook = json.loads(content.decode("utf-8"))
        for cell in notebook["cells"]:
            if cell["cell_type"] == "code":
                cell["outputs"], cell["execution_count"] = [], None
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        return content
    return (json.dumps(notebook, indent=1, ensure_ascii=False) + "\n").encode()  # as nbformat writes it
