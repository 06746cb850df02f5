"""Where moto hands over to the data plane: one file for each place, each with a test that fails when moto changes.

A seam names the moto version it was written for in its docstring and replaces as little as it can.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable

from serverless_cloud.plane import DataPlane


def install(plane: DataPlane) -> None:
    """Puts Lambda's data plane, and that of the services which moto's Lambda imports anyway, behind moto."""
    from serverless_cloud.seams import (
        dispatch,
        dynamodb_streams,
        event_rules,
        function_urls,
        iam_enforcement,
        kinesis_streams,
        lambda_async,
        lambda_concurrency,
        lambda_functions,
        lambda_invoke,
        lambda_layers,
        lambda_mappings,
        lambda_metrics,
        lambda_network,
        lambda_versions,
        models,
        s3_notifications,
        scheduled_rules,
        sns_delivery,
    )

    dispatch.install()
    models.install()
    fleet = plane.service.fleet
    lambda_functions.install(fleet)
    lambda_versions.install(fleet)
    lambda_layers.install()
    lambda_concurrency.install(fleet)
    lambda_network.install(plane.network, fleet, plane.permissions)
    lambda_async.install()
    lambda_invoke.install(plane.service, plane.queue)
    lambda_metrics.install(plane.service.metrics)
    for seam in (
        lambda_mappings,
        function_urls,
        sns_delivery,
        s3_notifications,
        dynamodb_streams,
        kinesis_streams,
        event_rules,
        scheduled_rules,
        iam_enforcement,
    ):
        seam.install(plane)


def _rds(plane: DataPlane) -> None:
    from serverless_cloud.seams import proxy_metrics, rds_instances, rds_proxies

    rds_instances.install(plane.databases)
    rds_proxies.install(plane.proxies)
    proxy_metrics.install(plane.proxies)


def _apis(plane: DataPlane) -> None:
    # jsonschema, which moto imports, takes it for one format ("iri") if it is there: two seconds, to build a grammar.
    sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]
    from serverless_cloud.seams import http_apis, rest_apis

    rest_apis.install(plane)
    http_apis.install(plane)


def _scheduler(plane: DataPlane) -> None:
    from serverless_cloud.seams import schedules

    schedules.install(plane)


def _pipes(plane: DataPlane) -> None:
    from serverless_cloud.seams import pipes

    pipes.install(plane)


def _states(plane: DataPlane) -> None:
    """The order counts: what runs comes first, what its tasks do afterwards."""
    from serverless_cloud.seams import (
        states_clock,
        states_errors,
        states_executions,
        states_history,
        states_jsonata,
        states_machines,
        states_parsing,
        states_paths,
        states_tasks,
    )

    for seam in (
        states_clock,
        states_history,
        states_executions,
        states_machines,
        states_errors,
        states_paths,
        states_parsing,
        states_jsonata,
        states_tasks,
    ):
        seam.install(plane)


def _network(plane: DataPlane) -> None:
    del plane
    from serverless_cloud.seams import ec2_endpoints, ec2_interfaces

    ec2_interfaces.install()
    ec2_endpoints.install()


def _batch(plane: DataPlane) -> None:
    from serverless_cloud.seams import batch_jobs

    batch_jobs.install(plane)


def _iam(plane: DataPlane) -> None:
    del plane
    from serverless_cloud.seams import iam_documents

    iam_documents.install()


def _athena(plane: DataPlane) -> None:
    del plane
    from serverless_cloud.seams import athena_queries

    athena_queries.install()


#: By the service in a request's signature. Stacks need none: they make the calls of the services.
_LATE: dict[str, Callable[[DataPlane], None]] = {
    "iam": _iam,
    "rds": _rds,
    "apigateway": _apis,  # version 1 and version 2
    "scheduler": _scheduler,
    "pipes": _pipes,
    "states": _states,
    "ec2": _network,
    "batch": _batch,
    "athena": _athena,
}


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
