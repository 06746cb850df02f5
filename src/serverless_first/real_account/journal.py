"""The resources that cannot carry the tag, one line each, in a file of the learner.

    {"service": "scheduler", "operation": "CreateSchedule", "given": {"Name": "stock-count"}, "tagged": false}

The file survives the notebook, so that a later session can clean up. It holds names, no keys and no secrets.
"""

from __future__ import annotations

import contextlib
import json
import os
import threading
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

from serverless_first.course import safe_files


@dataclass(frozen=True)
class Made:
    """One call that made something.

    Attributes:
        service: as botocore calls it.
        operation: as AWS calls it, "CreateSchedule".
        given: what names the resource: fields of the request or of the answer.
        tagged: whether the tag went with it.
    """

    service: str
    operation: str
    given: dict[str, str]
    tagged: bool

    def __str__(self) -> str:
        named = ", ".join(f"{field} {value}" for field, value in sorted(self.given.items()) if "Role" not in field)
        return f"{self.service} {self.operation}: {named}"


class Journal:
    """The calls of one owner in one account and Region.

    Args:
        path: the file; made when the first line is written.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._writing = threading.Lock()
        self._unwritten: list[str] = []  # what the file did not take; this session knows it all the same

    def add(self, entry: Made) -> None:
        """Notes a call.

        Raises:
            OSError: the file cannot be written. As long as this object lives, `read` gives the call.
        """
        line = json.dumps(asdict(entry), sort_keys=True)
        with self._writing:
            try:
                self.path.parent.mkdir(parents=True, exist_ok=True)
                with self.path.open("a+b") as file:
                    if file.tell():  # a line that a full disk has cut off stays its own line
                        file.seek(-1, os.SEEK_END)
                        line = line if file.read() == b"\n" else f"\n{line}"
                    file.write(f"{line}\n".encode())
            except OSError:
                self._unwritten.append(line.strip())
                raise

    def read(self) -> list[Made]:
        """The calls, oldest first, each once; lines that nobody understands are passed over.

        Raises:
            OSError: there is a file, and it cannot be read.
        """
        entries = {line: entry for line in [*self._lines(), *self._unwritten] if (entry := _entry(line))}
        return list(entries.values())

    def keep(self, is_wanted: Callable[[Made], bool]) -> None:
        """Forgets the calls that are not wanted; without any, the file goes. Lines that nobody understands stay.

        Raises:
            OSError: the file can be neither read nor written; it is as it was.
        """
        with self._writing:
            lines = self._lines()
            self._unwritten = [line for line in self._unwritten if _is_kept(line, is_wanted)]
            rest = [line for line in dict.fromkeys([*lines, *self._unwritten]) if _is_kept(line, is_wanted)]
            if rest == lines:
                return
            if rest:
                text = "".join(f"{line}\n" for line in rest)
                safe_files.write(self.path, text.encode("utf-8", "surrogateescape"))
            else:
                self.path.unlink(missing_ok=True)
            self._unwritten = []

    def _lines(self) -> list[str]:
        try:
            text = self.path.read_text(encoding="utf-8", errors="surrogateescape")
        except (FileNotFoundError, NotADirectoryError):
            return []
        return [line for line in text.split("\n") if line.strip()]


def _entry(line: str) -> Made | None:
    with contextlib.suppress(ValueError, TypeError):
        return Made(**json.loads(line))
    return None


def _is_kept(line: str, is_wanted: Callable[[Made], bool]) -> bool:
    entry = _entry(line)
    return entry is None or is_wanted(entry)
