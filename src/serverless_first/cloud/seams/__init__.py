"""Where moto hands over to the data plane: one file for each place, each with a test that fails when moto changes.

A seam names the moto version it was written for in its docstring and replaces as little as it can.
"""

from __future__ import annotations

from serverless_first.cloud.lambda_.asynchronous import EventQueue
from serverless_first.cloud.lambda_.service import LambdaService
from serverless_first.cloud.rds.instances import DatabaseInstances
from serverless_first.cloud.rds_proxy.manager import Proxies


def install(service: LambdaService, queue: EventQueue, databases: DatabaseInstances, proxies: Proxies) -> None:
    """Puts the data plane behind moto."""
    from serverless_first.cloud.seams import (
        lambda_async,
        lambda_concurrency,
        lambda_functions,
        lambda_invoke,
        lambda_layers,
        lambda_versions,
        proxy_metrics,
        rds_instances,
        rds_proxies,
        rds_stacks,
    )

    lambda_functions.install(service.fleet)
    lambda_versions.install(service.fleet)
    lambda_layers.install()
    lambda_concurrency.install(service.fleet)
    lambda_async.install()
    lambda_invoke.install(service, queue)
    rds_instances.install(databases)
    rds_stacks.install(databases)
    rds_proxies.install(proxies)
    proxy_metrics.install(proxies)
