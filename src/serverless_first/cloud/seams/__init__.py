"""Where moto hands over to the data plane: one file for each place, each with a test that fails when moto changes.

A seam names the moto version it was written for in its docstring and replaces as little as it can.
"""

from __future__ import annotations

import threading

from serverless_first.cloud.lambda_.asynchronous import EventQueue
from serverless_first.cloud.lambda_.service import LambdaService
from serverless_first.cloud.rds.instances import DatabaseInstances
from serverless_first.cloud.rds_proxy.manager import Proxies


def install(service: LambdaService, queue: EventQueue) -> None:
    """Puts Lambda's data plane behind moto."""
    from serverless_first.cloud.seams import (
        lambda_async,
        lambda_concurrency,
        lambda_functions,
        lambda_invoke,
        lambda_layers,
        lambda_versions,
    )

    lambda_functions.install(service.fleet)
    lambda_versions.install(service.fleet)
    lambda_layers.install()
    lambda_concurrency.install(service.fleet)
    lambda_async.install()
    lambda_invoke.install(service, queue)


class LateSeams:
    """The seams of services that many a notebook does not use: installed before the first request to one.

    moto's CloudFormation alone imports every service that it has: seconds, which the start of the cloud has not got.

    Args:
        databases, proxies: the data plane of RDS.
    """

    def __init__(self, databases: DatabaseInstances, proxies: Proxies) -> None:
        self._databases, self._proxies = databases, proxies
        self._lock = threading.Lock()
        self._done: set[str] = set()

    def before(self, service: str) -> None:
        """A request is about to reach moto. Args: service: as in its signature; "" if it has none."""
        if service in self._done or service not in ("rds", "cloudformation", ""):
            return
        with self._lock:
            self._install("rds")
            if service != "rds":
                self._install("cloudformation")
            self._done.add(service)

    def _install(self, service: str) -> None:
        if service in self._done:
            return
        if service == "rds":
            from serverless_first.cloud.seams import proxy_metrics, rds_instances, rds_proxies

            rds_instances.install(self._databases)
            rds_proxies.install(self._proxies)
            proxy_metrics.install(self._proxies)
        else:
            from serverless_first.cloud.seams import rds_stacks

            rds_stacks.install(self._databases)
        self._done.add(service)
