"""Where moto hands over to the data plane: one file for each place, each with a test that fails when moto changes.

A seam names the moto version it was written for in its docstring and replaces as little as it can.
"""

from __future__ import annotations

import functools
import importlib
import sys
import threading
from collections.abc import Callable

from serverless_cloud.core import current, patches
from serverless_cloud.core.installer import Installer
from serverless_cloud.plane import DataPlane

#: The files that declare patches or connect moto to the data plane, by service, in the order of their connection.
_FILES: dict[str, tuple[str, ...]] = {
    "lambda": (
        "lambda_functions", "lambda_versions", "lambda_concurrency", "lambda_network", "lambda_async", "lambda_invoke",
        "lambda_metrics", "lambda_mappings", "mapping_answers", "function_urls", "lambda_permissions", "lambda_changes",
    ),
    "sqs": ("sqs_queues", "sqs_redrive", "sqs_requests"),
    "sns": ("sns_topics",),
    "rds": ("rds_instances", "rds_proxies"),
    # Executions come first, then the work of their tasks.
    "states": (
        "states_clock", "states_history", "states_executions", "states_machines", "states_errors", "states_expressions",
        "states_parsing", "states_tasks", "states_task_clients", "states_task_calls", "states_task_lambda",
        "states_task_api", "states_task_callbacks", "states_map", "states_map_runs",
    ),
    "apigateway": (
        "rest_apis", "rest_rules", "rest_stage_rules", "rest_import", "rest_operations", "http_apis", "http_api_stages",
        "http_api_import",
    ),
}  # fmt: skip

_installer = Installer()


def install(plane: DataPlane) -> None:
    """Puts the data plane of Lambda, and of the services that moto's Lambda imports anyway, behind moto."""
    # Importing moto takes a second, and the notebook's process imports this package too.
    from serverless_cloud.seams import dispatch, models

    current.start(plane)
    dispatch.install()
    models.install()
    for service in ("lambda", "sqs", "sns"):
        _install(service, plane)
    _named(
        "s3_notifications", "dynamodb_streams", "kinesis_streams", "event_rules", "scheduled_rules",
        "iam_enforcement",
    )(plane)  # fmt: skip


def undo() -> None:
    """Takes all patches out of moto, and forgets the data plane."""
    _installer.undo()
    current.reset()


def _install(service: str, plane: DataPlane) -> None:
    """Applies the patches of a service, then connects its files with the data plane."""
    files = [importlib.import_module(f"{__name__}.{name}") for name in _FILES[service]]
    _installer.apply(patches.declared(service))
    for file in files:
        if connect := getattr(file, "connect", None):
            connect(plane)


def _named(*names: str) -> Callable[[DataPlane], None]:
    """A function that installs these files of this folder, in this order."""

    def install_each(plane: DataPlane) -> None:
        for name in names:
            importlib.import_module(f"{__name__}.{name}").install(plane)

    return install_each


def _apis(plane: DataPlane) -> None:
    # jsonschema, which moto imports, takes it for one format ("iri") if it is there: two seconds, to build a grammar.
    sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]
    _install("apigateway", plane)


#: By the service in a request's signature. Stacks need none: they make the calls of the services.
_LATE: dict[str, Callable[[DataPlane], None]] = {
    "rds": functools.partial(_install, "rds"),
    "apigateway": _apis,  # version 1 and version 2
    "scheduler": _named("schedules"),
    "pipes": _named("pipes"),
    "states": functools.partial(_install, "states"),
    "ec2": _named("ec2_interfaces"),
    "batch": _named("batch_jobs"),
    "athena": _named("athena_queries"),
}  # fmt: skip


class LateSeams:
    """The seams of services that many a notebook does not use: installed before the first request to one.

    Importing them takes seconds, which the start of the cloud has not got.

    Attributes:
        missing: the services whose seams are not installed.
    """

    def __init__(self, plane: DataPlane) -> None:
        self._plane = plane
        self._lock = threading.Lock()
        self.missing = set(_LATE)
        self._failed: dict[str, Exception] = {}

    def before(self, service: str) -> None:
        """A request is about to reach moto.

        Args:
            service: as in its signature; "" if it has none, and none of these services takes that.

        Raises:
            RuntimeError: seams could not be installed. They are not tried again: half of them may be there.
        """
        if service in self.missing:
            with self._lock:
                self._install(service, _LATE[service])

    def _install(self, name: str, install_late: Callable[[DataPlane], None]) -> None:
        if name not in self.missing:  # another request has just done it
            return
        if name not in self._failed:
            try:
                install_late(self._plane)
                self.missing.remove(name)
                return
            except Exception as error:
                self._failed[name] = error
        raise RuntimeError(f"{name} could not be set up: {self._failed[name]!r}") from self._failed[name]
