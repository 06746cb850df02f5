"""The data plane of this process, for the patches: they are functions that moto calls, so nobody can hand it to them.

A process runs one local cloud. `start` makes its data plane known, and `reset` forgets it. Reading `plane` or `parts`
runs no code of this file, because each request to the cloud does it several times.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

if TYPE_CHECKING:
    from serverless_cloud.plane import DataPlane

_Part = TypeVar("_Part")

#: The data plane. Write `current.plane`; a name imported from here would keep an old one.
plane: DataPlane


class NotStarted(RuntimeError):
    """A patch needs the data plane, or one of its parts, before there is one."""


class AlreadyStarted(RuntimeError):
    """The process has a data plane already."""


class _Parts(dict[type[Any], Any]):
    """The parts that services add to the data plane, by class. `parts[Gatherings]` is the only `Gatherings` here."""

    if TYPE_CHECKING:

        def __getitem__(self, kind: type[_Part]) -> _Part: ...

    def __missing__(self, kind: type[Any]) -> NoReturn:
        raise NotStarted(f"This process has no {kind.__name__}. A local cloud makes it when the service is installed.")


parts = _Parts()


def start(data_plane: DataPlane) -> None:
    """Makes the data plane known.

    Raises:
        AlreadyStarted: there is one, and moto's classes, which are the same for all, hand over to it.
    """
    if "plane" in globals():
        raise AlreadyStarted("A local cloud is running in this process. Start the next one in its own process.")
    globals()["plane"] = data_plane


def reset() -> None:
    """Forgets the data plane and the parts that services have added."""
    globals().pop("plane", None)
    parts.clear()


if not TYPE_CHECKING:

    def __getattr__(name: str) -> NoReturn:
        if name == "plane":
            raise NotStarted("This process runs no local cloud. Call current.start with its data plane first.")
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
