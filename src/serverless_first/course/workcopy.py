"""The learner's copies of lessons and labs in `work/`: laid, updated and reset; nothing of theirs is lost.

`work/.laid.json` remembers of each copy which version of the course it came from, and a digest of its cells.
Copies are laid without outputs: those of a lesson give its predictions away, and `notebooks/` is there to read.
An update compares three things: the cells as laid, the cells now, and the course's file now, outputs apart.

    the course's file is the one laid     leave the copy alone
    cells now are the cells as laid       replace the copy (outputs are made again by a run)
    cells differ                          keep the copy; lay `NN-name.new-version.ipynb` beside it, once
    the copy is gone                      lay it again

A broken or missing `.laid.json` means: take every copy as changed by the learner.
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from collections.abc import Callable, Collection
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path

from serverless_first import course
from serverless_first.course import UnknownModule
from serverless_first.course.places import course_root, work_dir

FOLDERS = {"notebooks": "lesson", "labs": "lab"}
MANIFEST = ".laid.json"
Report = Callable[[str], None]


class CannotReset(RuntimeError):
    """The target of a reset is unknown, or its file cannot be saved first."""


@dataclass
class _Entry:
    """What is known of one copy: digests of the course's file and of its cells when it was laid, the same of
    the new version beside it, and that one's name."""

    file: str | None = None
    cells: str | None = None
    beside_file: str | None = None
    beside_cells: str | None = None
    beside_name: str | None = None


@dataclass(frozen=True)
class Reset:
    """A copy that is fresh again; `saved` is where the learner's version went, None when there was none."""

    copy: Path
    saved: Path | None


def lay(report: Report = print, only: Collection[str] | None = None) -> None:
    """Lays the built lessons and labs into the learner's folder, or updates what lies there.

    Never raises on what it finds there: what cannot be laid is reported in one line and left alone.

    Args:
        report: gets one line for each copy that was updated, kept, or could not be laid.
        only: the ids of the modules to lay; all, unless given.

    Raises:
        OSError: the learner's folder itself cannot be made.
    """
    root, work = course_root(), work_dir()
    work.mkdir(parents=True, exist_ok=True)
    manifest = _load(work)
    for folder in FOLDERS:
        for source in sorted((root / folder).glob("*.ipynb")):
            if only is not None and source.stem not in only:
                continue
            name = f"{folder}/{source.name}"
            try:
                _lay_one(source, work, name, manifest, report)
            except OSError as error:
                report(f"{name}: left as it is, {error.strerror or error}")
    try:
        _save(work, manifest)
    except OSError as error:
        report(f"{MANIFEST} cannot be written, {error.strerror or error}: updates will keep every copy")


def reset(target: str) -> list[Reset]:
    """Makes the copies of a module, or one file, fresh again; the learner's version is saved before.

    Args:
        target: a module's id or number (its lesson and its lab), or a file such as "labs/05-rds-proxy.ipynb".

    Returns:
        one entry for each copy that was laid; a copy that already was as the course has it is not among them.

    Raises:
        CannotReset: the target is unknown, or its copy cannot be saved or written.
    """
    root, work = course_root(), work_dir()
    names = _names(target, root, work)
    done = []
    try:
        work.mkdir(parents=True, exist_ok=True)
        manifest = _load(work)
        for name in names:
            source, copy = root / name, work / name
            problem = _odd(copy, work)
            if problem:
                raise CannotReset(f"{name}: {problem}. Move it away, then reset again.")
            content = _without_outputs(source.read_bytes())
            fresh = copy.exists() and copy.read_bytes() == content
            saved = _saved(copy, work) if copy.exists() and not fresh else None
            if not fresh:
                write(copy, content)
                done.append(Reset(copy, saved))
            manifest[name] = _Entry(_digest(content), _cells(content))
            _save(work, manifest)
    except OSError as error:
        raise CannotReset(f"{error.filename or work}: {error.strerror or error}. Nothing was lost.") from error
    return done


def _lay_one(source: Path, work: Path, name: str, manifest: dict[str, _Entry], report: Report) -> None:
    copy, content = work / name, _without_outputs(source.read_bytes())
    file, cells = _digest(content), _cells(content)
    entry = manifest.get(name, _Entry())
    problem = _odd(copy, work)
    if problem:
        report(f"{name}: left as it is, {problem}")
        return
    if not copy.exists():
        write(copy, content)
        manifest[name] = _Entry(file, cells)
        return
    if file == entry.file:
        return  # nothing new since it was laid
    current = _cells(copy.read_bytes())
    if current is not None and current == entry.cells:
        write(copy, content)
        manifest[name] = _Entry(file, cells)
        report(f"{name}: updated")
    elif current is not None and current == cells:
        manifest[name] = _Entry(file, cells)  # the learner has the new version's cells already
    elif file != entry.beside_file:  # else it was told before
        beside = _beside(copy, work, entry, cells)
        write(beside, content)
        manifest[name] = _Entry(entry.file, entry.cells, file, cells, beside.name)
        report(f"{name}: you have changed it, so it stays; the new version is {beside.name} in the same folder")


def _beside(copy: Path, work: Path, entry: _Entry, cells: str | None) -> Path:
    """Where the new version goes: over an older one only when the learner has not changed that."""
    number = 1
    while True:
        suffix = ".new-version" if number == 1 else f".new-version-{number}"
        beside = copy.with_name(f"{copy.stem}{suffix}.ipynb")
        if _odd(beside, work) is None:
            if not beside.exists():
                return beside
            there = _cells(beside.read_bytes())
            ours = beside.name == entry.beside_name and there == entry.beside_cells
            if there is not None and (ours or there == cells):
                return beside
        number += 1


def _names(target: str, root: Path, work: Path) -> list[str]:
    """The copies that a target means, as "labs/05-rds-proxy.ipynb"."""
    try:
        module = course.load(root).module(target)
    except UnknownModule as unknown:
        path = Path(target)
        for candidate in (path if path.is_absolute() else Path.cwd() / path, work / path, root / path):
            # The parent alone is resolved: a copy that is itself a link keeps its place, to be refused later.
            place = Path(os.path.realpath(candidate.parent)) / candidate.name
            for base in (work, root):
                for folder in FOLDERS:
                    if place.parent == Path(os.path.realpath(base / folder)) and (root / folder / place.name).is_file():
                        return [f"{folder}/{place.name}"]
        raise CannotReset(
            f"{target!r} is neither a module nor a file of the course. {unknown} "
            'A file is written like "labs/00-start-here.ipynb".'
        ) from None
    names = [f"{folder}/{module.id}.ipynb" for folder in FOLDERS]
    built = [name for name in names if (root / name).is_file()]
    if not built:
        raise CannotReset(f"Module {module.id} is planned, it has nothing to reset yet.")
    return built


def _odd(path: Path, work: Path) -> str | None:
    """Why not to write to a path; None when it is a plain file, or free, inside the learner's folder."""
    if path.is_symlink():
        return "it is a link"
    parent = Path(os.path.realpath(path.parent))
    if not parent.is_relative_to(os.path.realpath(work)):
        return f"its folder is a link that leads out of {work.name}/"
    if path.exists() and not path.is_file():
        return "it is not a file"
    return None


def _saved(copy: Path, work: Path) -> Path:
    """Copies the learner's version to saved/, under a name that nothing has."""
    content = copy.read_bytes()
    folder = work / "saved"
    if problem := _odd(folder / copy.name, work):
        raise CannotReset(f"{folder}: {problem}. Nothing was changed.")
    folder.mkdir(exist_ok=True)
    stem = f"{copy.stem}.{FOLDERS[copy.parent.name]}.{date.today().isoformat()}"
    number = 1
    while True:
        path = folder / f"{stem}-{number}.ipynb"
        try:
            with path.open("xb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            return path
        except FileExistsError:
            number += 1


def write(path: Path, content: bytes) -> None:
    """Writes a file whole or not at all.

    Raises:
        OSError: it cannot be written; what was there is still there.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=".laying-")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        if os.name == "posix":  # mkstemp makes it private; a copy has the rights of an ordinary file
            mask = os.umask(0)
            os.umask(mask)
            Path(temporary).chmod(0o666 & ~mask)
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def _without_outputs(content: bytes) -> bytes:
    """A notebook as if no cell had run; what is no notebook, as it is."""
    try:
        notebook = json.loads(content.decode("utf-8"))
        for cell in notebook["cells"]:
            if cell["cell_type"] == "code":
                cell["outputs"], cell["execution_count"] = [], None
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        return content
    return (json.dumps(notebook, indent=1, ensure_ascii=False) + "\n").encode()  # as nbformat writes it


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _cells(content: bytes) -> str | None:
    """A digest of what a person writes in a notebook: kind, text and pasted pictures of each cell.

    None when it is no notebook. Outputs, counts and metadata are left out: running a cell changes them.
    """
    try:
        cells = json.loads(content.decode("utf-8-sig"))["cells"]
        written = [
            [
                cell["cell_type"],
                source if isinstance(source := cell["source"], str) else "".join(source),
                cell.get("attachments") or {},
            ]
            for cell in cells
        ]
        return _digest(json.dumps(written, sort_keys=True).encode())
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        return None


def _load(work: Path) -> dict[str, _Entry]:
    try:
        files = json.loads((work / MANIFEST).read_text(encoding="utf-8"))["files"]
        return {
            name: _Entry(**{key: value for key, value in entry.items() if key in _Entry.__annotations__})
            for name, entry in files.items()
        }
    except (OSError, ValueError, LookupError, TypeError, AttributeError, RecursionError):
        return {}


def _save(work: Path, manifest: dict[str, _Entry]) -> None:
    files = {name: asdict(entry) for name, entry in sorted(manifest.items())}
    text = json.dumps({"version": 1, "files": files}, indent=1) + "\n"
    write(work / MANIFEST, text.encode())
