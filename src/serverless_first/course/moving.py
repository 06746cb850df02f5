"""Moves a learner's files to where this version of the course keeps them, and loses none.

Until November 2026 the copies were in `work/notebooks/` and `work/labs/`, with everything that the notebooks wrote
beside them. A module's id may also have changed: course.toml then lists the earlier one in `formerly`.

A file that is already in the new place stays as it is, and the old file stays where it was, with one line that says
so. Files that no notebook of a module mentions stay where they are, because they are the learner's own.
"""

from __future__ import annotations

import contextlib
import filecmp
import re
import shutil
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from serverless_first.course.laid import Entry, cells_digest
from serverless_first.course.layout import FOLDERS, copy_path, relinked
from serverless_first.course.safe_files import odd, write
from serverless_first.course.table import Module

Report = Callable[[str], None]
_CHECKPOINTS = ".ipynb_checkpoints"
_PAGE_LINK = re.compile(rb"\]\((notebooks|labs)/([\w-]+)\.ipynb\)")


def move(work: Path, modules: Sequence[Module], manifest: dict[str, Entry], report: Report) -> None:
    """Moves what lies where an earlier version of the course kept it.

    Args:
        work: the learner's folder.
        modules: those of course.toml.
        manifest: the record of the copies, by the course's files; it follows them.
        report: gets a line for each folder from which something was moved, and for each file that could not be.
    """
    moving = _Moving(work, modules, manifest, report)
    for module in modules:
        for former in module.formerly:
            moving.renamed(former, module)
    for folder in FOLDERS:
        if (work / folder).is_dir() and odd(work / folder / "any", work) is None:
            moving.folder(folder)


class _Moving:
    def __init__(self, work: Path, modules: Sequence[Module], manifest: dict[str, Entry], report: Report) -> None:
        self._work, self._manifest, self._report = work, manifest, report
        self._ids = {name: module.id for module in modules for name in (module.id, *module.formerly)}

    def folder(self, folder: str) -> None:
        """Empties `notebooks/` or `labs/`: copies, their checkpoints, and what they have written."""
        place = self._work / folder
        writers = {path: self._writers(path, folder) for path in _children(place) if path.suffix != ".ipynb"}
        moved = 0
        # Before the notebooks: after an interruption, they still tell what is theirs.
        for path, ids in writers.items():
            if path.name not in ("__pycache__", _CHECKPOINTS):
                with self._telling(path):
                    moved += self._written(path, ids, FOLDERS[folder])
        for inner in (place, place / _CHECKPOINTS):
            for path in _children(inner):
                with self._telling(path):
                    moved += self._notebook(path, folder)
        for page in self._work.glob("catch-up-*.ipynb"):
            with self._telling(page):
                _relink_page(page)
        shutil.rmtree(place / "__pycache__", ignore_errors=True)  # Python makes it again
        for emptied in (place / _CHECKPOINTS, place):
            with contextlib.suppress(OSError):  # the learner's own files stay
                emptied.rmdir()
        if moved:
            self._report(f"{folder}/: your files are now in the folders of their modules, with your changes")
        if own := [path.name for path in _children(place) if path.name != _CHECKPOINTS]:
            self._report(f"{folder}/: your own files stay there: {', '.join(own)}")

    def renamed(self, former: str, module: Module) -> None:
        """Brings along the folder and the record of a module that had another id."""
        for folder in FOLDERS:
            if entry := self._manifest.pop(f"{folder}/{former}.ipynb", None):
                self._manifest.setdefault(f"{folder}/{module.id}.ipynb", entry)
        old, new = self._work / former, self._work / module.id
        if not old.is_dir() or odd(old / "any", self._work):
            return
        number = former.split("-", 1)[0]
        for path in [*_children(old / _CHECKPOINTS), *_children(old)]:
            name = re.sub(rf"^{number}-(?=lesson|lab)", f"{module.number}-", path.name)
            with self._telling(path):
                self._put(path, new / path.relative_to(old).with_name(name))
        for emptied in (old / _CHECKPOINTS, old):
            with contextlib.suppress(OSError):
                emptied.rmdir()

    @contextlib.contextmanager
    def _telling(self, path: Path) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            name = path.relative_to(self._work).as_posix()
            self._report(f"{name}: left where it is: {error.strerror or error}")

    def _module_of(self, name: str) -> tuple[str, str] | None:
        """The id that a module has now and the rest of a notebook's name behind the id it had then."""
        for former in sorted(self._ids, key=len, reverse=True):
            if name.endswith(".ipynb") and re.match(rf"{re.escape(former)}\b(?!\w)", name):
                return self._ids[former], name[len(former) :]
        return None

    def _notebook(self, path: Path, folder: str) -> bool:
        """Moves a copy, its new version, its checkpoint or a duplicate; its links lead to the new places."""
        module = self._module_of(path.name)
        if module is None or not path.is_file() or path.is_symlink():
            return False
        copy = self._work / copy_path(module[0], FOLDERS[folder])
        target = copy.parent / path.parent.relative_to(self._work / folder) / f"{copy.stem}{module[1]}"
        before = path.read_bytes()
        after = relinked(before, folder)
        if not self._put(path, target, after if after != before else None):
            return False
        if (entry := self._manifest.get(f"{folder}/{module[0]}.ipynb")) and path.parent.name != _CHECKPOINTS:
            if path.name == entry.beside_name:
                entry.beside_name = target.name
                entry.beside_cells = _followed(entry.beside_cells, before, after)
            elif target == copy:
                entry.cells = _followed(entry.cells, before, after)
        return True

    def _writers(self, path: Path, folder: str) -> list[str]:
        """The modules whose notebooks write a file or folder beside them, by their ids.

        They have a cell that writes it. If no module has one, they mention it.
        """
        name = re.escape(path.name)
        cells = rf"writefile\s+(?:-a\s+)?{name}(?![\w.-])"
        mentions = rf"[\"'`]{name}/" if path.is_dir() else rf"[\"'`]{name}(?=[\"'`\\])"
        books = [
            (module[0], notebook.read_text(encoding="utf-8", errors="replace"))
            for notebook in _children(self._work / folder)
            if (module := self._module_of(notebook.name)) and notebook.is_file()
        ]
        for words in (cells, mentions):
            if ids := sorted({module_id for module_id, text in books if re.search(words, text)}):
                return ids
        return []

    def _written(self, path: Path, ids: list[str], kind: str) -> bool:
        """Moves what a notebook has written; where several may have written it, each gets it."""
        targets = [self._work / module_id / f"{kind}-files" / path.name for module_id in ids]
        for target in targets[1:]:
            if not path.is_symlink() and not target.exists() and odd(target, self._work) is None:
                if path.is_dir():
                    shutil.copytree(path, target, symlinks=True)
                else:
                    write(target, path.read_bytes())
        return bool(targets) and self._put(path, targets[0])

    def _put(self, path: Path, target: Path, content: bytes | None = None) -> bool:
        """Moves a file or folder, with other content if given; says why where it can't."""
        name, place = (file.relative_to(self._work).as_posix() for file in (path, target))
        if target.exists() and path.is_dir() and path.name == _CHECKPOINTS:
            return False  # its files have been moved one by one
        if target.is_symlink() or target.exists():
            if path.is_file() and target.is_file() and filecmp.cmp(path, target, shallow=False):
                path.unlink()  # a move that was interrupted
                return True
            self._report(f"{name}: left where it is, because {place} already exists")
            return False
        if problem := odd(target, self._work):
            self._report(f"{name}: left where it is, because {place} cannot be used: {problem}")
            return False
        target.parent.mkdir(parents=True, exist_ok=True)
        if content is None:
            path.rename(target)
        else:
            write(target, content)
            shutil.copystat(path, target)
            path.unlink()
        return True


def _children(folder: Path) -> list[Path]:
    return sorted(folder.iterdir()) if folder.is_dir() and not folder.is_symlink() else []


def _followed(recorded: str | None, before: bytes, after: bytes) -> str | None:
    """The digest to record when only links have changed."""
    return cells_digest(after) if recorded == cells_digest(before) else recorded


def _relink_page(page: Path) -> None:
    """Makes the links of an old catch-up page lead to the copies."""
    before = page.read_bytes()
    after = _PAGE_LINK.sub(
        lambda match: f"]({copy_path(match[2].decode(), FOLDERS[match[1].decode()])})".encode(), before
    )
    if after != before and not page.is_symlink():
        write(page, after)
