"""Seam: queries of Athena (moto 5.2.5).

moto says that a query has succeeded, but returns no rows. This seam replaces `AthenaBackend.start_query_execution`
with a refusal. Lesson 07 queries with DuckDB.
"""

from __future__ import annotations

from typing import NoReturn

from moto.athena import models
from moto.core.exceptions import JsonRESTError

from serverless_cloud.seams.replacement import Replacement

_WHY = (
    "The local cloud doesn't run Athena queries (docs/fidelity.md). Read the objects with boto3 and query them with "
    "your own engine, as lesson 07 does with DuckDB."
)


def install(_: object) -> None:
    """Replaces moto's empty answer with the refusal."""
    _Backend.install()


class _Backend(Replacement, of=models.AthenaBackend):
    def start_query_execution(self: object, *_: object, **__: object) -> NoReturn:
        raise JsonRESTError("InvalidRequestException", _WHY)
