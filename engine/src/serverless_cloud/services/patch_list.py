"""The list of all changes that the local cloud makes in moto, for the command `serverless-cloud patches`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from serverless_cloud.core import patches
from serverless_cloud.core.patches import Change, Entry, Patch, Removal
from serverless_cloud.services import FILES, load


def lines(services: Iterable[str] = (), *, only_upstream: bool = False) -> Iterator[str]:
    """The list, line by line.

    Args:
        services: Which services; empty: all.
        only_upstream: Whether only changes are listed that are worth an upstream change.

    Raises:
        KeyError: The local cloud changes nothing for a service of that name.
    """
    for service in services or FILES:
        load(service)
        changes = [change for change in patches.declared(service) if change.upstream or not only_upstream]
        yield f"{service}: changes of moto {patches.MOTO}: {len(changes)}"
        for change in changes:
            yield f"  {_target(change)}"
            yield f"    {_replacement(change)}"
            yield f"    why: {change.defect}"
            if change.upstream:
                yield f"    upstream: {change.upstream}"


def _target(change: Change) -> str:
    return f"{change.target}[{change.key!r}]" if isinstance(change, Entry) else change.target


def _replacement(change: Change) -> str:
    if isinstance(change, Patch):
        function = change.function
        name = f"{function.__module__.removeprefix('serverless_cloud.')}.{function.__qualname__}"
        return f"{'replaced by' if change.expects else 'added:'} {name}({change.expects})"
    if isinstance(change, Removal):
        return "removed, so that the class inherits it"
    return "added" if isinstance(change, Entry) else "another value"
