"""A local cloud: ordinary boto3 calls, whose effects are real and happen on this machine.

import serverless_cloud as cloud
aws = cloud.start()
aws.environments("orders")
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from serverless_cloud.client import Cloud, start
    from serverless_cloud.errors import CloudDidNotStart, CloudError, CloudNotRunning
    from serverless_cloud.guard import RealAwsRefused
    from serverless_cloud.notebook.burst import burst_size
    from serverless_cloud.notebook.watch import DatabaseWatch
    from serverless_cloud.records import (
        CallResult,
        DatabaseSession,
        ExecutionEnvironment,
        Interval,
        ProxyEvent,
        Sample,
    )

# Python loads this file before each module of the package, also in every execution environment. Anything imported here
# would be part of each cold start, and a handler would find it loaded.
_MODULES = {
    "notebook.burst": ("burst_size",),
    "client": ("Cloud", "start"),
    "errors": ("CloudDidNotStart", "CloudError", "CloudNotRunning"),
    "guard": ("RealAwsRefused",),
    "records": ("CallResult", "DatabaseSession", "ExecutionEnvironment", "Interval", "ProxyEvent", "Sample"),
    "notebook.watch": ("DatabaseWatch",),
}
_MODULE_OF = {name: module for module, names in _MODULES.items() for name in names}

__all__ = [
    "CallResult",
    "Cloud",
    "CloudDidNotStart",
    "CloudError",
    "CloudNotRunning",
    "DatabaseSession",
    "DatabaseWatch",
    "ExecutionEnvironment",
    "Interval",
    "ProxyEvent",
    "RealAwsRefused",
    "Sample",
    "burst_size",
    "start",
]


def __getattr__(name: str) -> Any:
    """Loads the module of a public name when the name is first used."""
    if name not in _MODULE_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_MODULE_OF[name]}"), name)
