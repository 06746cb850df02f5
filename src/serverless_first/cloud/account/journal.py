"""What cannot carry the tag, one line each, in a file of the learner's.

    {"service": "scheduler", "operation": "CreateSchedule", "given": {"Name": "stock-count"}, "tagged": false}

The file survives the notebook, so that a later session can clean up. It holds names, no keys and no secrets.
"""

from __future__ import annotations

import contextlib
import json
import threading
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path


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

    def add(self, made: Made) -> None:
        """Notes a call.

        Raises:
            OSError: the file cannot be written.
        """
        with self._writing:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with self.path.open("a", encoding="utf-8", newline="\n") as file:
                file.write(json.dumps(asdict(made), sort_keys=True) + "\n")

    def read(self) -> list[Made]:
        """The calls, oldest first, each once; lines that cannot be read are passed over."""
        found: dict[str, Made] = {}
        with contextlib.suppress(OSError):
            for line in self.path.read_text(encoding="utf-8").splitlines():
                with contextlib.suppress(ValueError, TypeError):
                    found[line] = Made(**json.loads(line))
        return list(found.values())

    def keep(self, wanted: Callable[[Made], bool]) -> None:
        """Forgets the calls that are not wanted; without any, the file goes."""
        with self._writing:
            kept = [made for made in self.read() if wanted(made)]
            if kept:
                text = "".join(json.dumps(asdict(made), sort_keys=True) + "\n" for made in kept)
                self.path.write_text(text, encoding="utf-8", newline="\n")
            else:
                self.path.unlink(missing_ok=True)
