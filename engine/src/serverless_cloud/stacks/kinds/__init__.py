"""The types of resources that the local cloud makes."""

from __future__ import annotations

from serverless_cloud.stacks.kinds import (
    buckets,
    data,
    databases,
    events,
    functions,
    http_apis,
    identity,
    messaging,
    nested,
    repositories_and_alarms,
    rest_apis,
    vpcs,
)
from serverless_cloud.stacks.kinds.base import HandlerError, Kind, Made, Place, Properties, unsupported
from serverless_cloud.stacks.template import is_custom

_MODULES = (
    buckets, data, databases, events, functions, http_apis, identity, messaging, nested, vpcs, rest_apis,
    repositories_and_alarms,
)  # fmt: skip
KINDS: dict[str, Kind] = {kind.type: kind for module in _MODULES for kind in module.KINDS}


def of(type: str) -> Kind | None:
    """The kind for a type; None if the local cloud does not make it."""
    return nested.Custom(type) if is_custom(type) else KINDS.get(type)


__all__ = ["KINDS", "HandlerError", "Kind", "Made", "Place", "Properties", "of", "unsupported"]
