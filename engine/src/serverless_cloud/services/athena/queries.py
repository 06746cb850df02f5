"""Queries of Athena.

moto says that a query has succeeded, but returns no rows. Here it is refused. Lesson 07 queries with
DuckDB.
"""

from __future__ import annotations

from typing import NoReturn

from moto.athena import models
from moto.core.exceptions import JsonRESTError

from serverless_cloud.core.patches import Service

patches = Service("athena")


_WHY = (
    "The local cloud doesn't run Athena queries (docs/fidelity.md). Read the objects with boto3 and query them with "
    "your own engine, as lesson 07 does with DuckDB."
)


@patches.replaces(
    "moto.athena.models:AthenaBackend.start_query_execution",
    expects="self, query, context, config, workgroup, execution_parameters",
)
def start_query_execution(_backend: models.AthenaBackend, *_: object, **__: object) -> NoReturn:
    raise JsonRESTError("InvalidRequestException", _WHY)
