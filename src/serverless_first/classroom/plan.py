"""What `running` decides and the hub, which is another process, reads: one file in the class's folder."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from serverless_first.classroom.groups import Groups
from serverless_first.classroom.limits import Limits
from serverless_first.classroom.roll import private

FILE = "plan.json"
VARIABLE = "SERVERLESS_FIRST_CLASS"
PREFIX = "/board/"


@dataclass(frozen=True)
class Plan:
    """One run of a class.

    Args:
        folder: of the class.
        temporary: where seats keep what need not last; a short path, removed at the end.
        host, port: where the class is reached.
        board_port: where the board is reached, on the same host: an origin of its own, which no student's page shares.
        ports: of the hub and the proxy's own interface; on 127.0.0.1 alone.
        limits: of each seat.
        numbers: account -> number in the operating system; empty when all seats run under one account.
        groups: control groups; None where there are none.
        idle_s: after so long without use a server stops.
    """

    folder: Path
    temporary: Path
    host: str
    port: int
    board_port: int
    ports: tuple[int, int]
    limits: Limits
    numbers: dict[str, int]
    groups: Groups | None
    idle_s: int

    def home(self, account: str) -> Path:
        """The folder of a seat."""
        return self.folder / "students" / account

    @property
    def turns(self) -> Path:
        """The folder with a file for each turn (cloud/seat.py)."""
        return self.temporary / "turns"

    @property
    def board(self) -> Path:
        """The board's folder."""
        return self.folder / "board"

    def board_at(self, host: str) -> str:
        """The board's address.

        Args:
            host: the machine's name, or IP address, as it stands in an address.
        """
        return f"http://{host}:{self.board_port}{PREFIX}"

    def save(self) -> None:
        """Writes the plan."""
        data: dict[str, Any] = asdict(self)
        if self.groups:
            data["groups"] = [{k: str(v) for k, v in self.groups.roots.items()}, self.groups.version]
        private(self.folder / FILE, json.dumps(data, default=str, indent=1) + "\n")


def load(folder: Path) -> Plan:
    """Reads it."""
    data = json.loads((folder / FILE).read_text(encoding="utf-8"))
    groups = data["groups"]
    return Plan(
        **{
            **data,
            "folder": Path(data["folder"]),
            "temporary": Path(data["temporary"]),
            "ports": tuple(data["ports"]),
            "limits": Limits(**data["limits"]),
            "groups": Groups({k: Path(v) for k, v in groups[0].items()}, groups[1]) if groups else None,
        }
    )
