"""The decisions of `running` for the hub, which is another process, as one file in the class's folder."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from serverless_first.teach.classroom.groups import Groups
from serverless_first.teach.classroom.limits import Limits
from serverless_first.teach.classroom.roll import private

FILE = "plan.json"
VARIABLE = "SERVERLESS_FIRST_CLASS"
PREFIX = "/board/"


@dataclass(frozen=True)
class Place:
    """Where a class listens, and how it is reached.

    Args:
        host: the address to listen on.
        port: of the class.
        board_port: of the board, on the same host: its own origin, which no student's page shares.
        address: what students open, without a path.
        shared_origin: the hub and all seats have one host name; otherwise each seat has its own.
    """

    host: str
    port: int
    board_port: int
    address: str
    shared_origin: bool = False


@dataclass(frozen=True)
class Plan:
    """One run of a class.

    Args:
        temporary: where seats keep temporary files: a short path, removed at the end.
        place: where the class listens.
        ports: of the hub and the proxy's own interface, only on 127.0.0.1.
        limits: of each seat.
        numbers: account -> number in the operating system; empty when all seats run under one account.
        groups: control groups; None where there are none.
        idle_s: after so long without use a server stops.
    """

    folder: Path
    temporary: Path
    place: Place
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
        """The socket at which seats ask for a turn (`turns.py`)."""
        return self.temporary / "turns"

    @property
    def sockets(self) -> Path:
        """The folder of the Unix sockets on which the seats' servers listen. Only the hub's account can enter it."""
        return self.temporary / "sockets"

    @property
    def board(self) -> Path:
        """The board's folder."""
        return self.folder / "board"

    def board_at(self, host: str) -> str:
        """The board's address.

        Args:
            host: the machine's name, or IP address, as written in an address.
        """
        return f"http://{host}:{self.place.board_port}{PREFIX}"

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
            "place": Place(**data["place"]),
            "ports": tuple(data["ports"]),
            "limits": Limits(**data["limits"]),
            "groups": Groups({k: Path(v) for k, v in groups[0].items()}, groups[1]) if groups else None,
        }
    )
