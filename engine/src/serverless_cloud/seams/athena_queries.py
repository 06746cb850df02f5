"""Seam: queries of Athena (moto 5.2.5).

moto says that a query has succeeded, and gives no rows. Replaced here: `AthenaBackend.start_query_execution`, which
refuses. Lesson 07 asks its questions of DuckDB.
"""

from __future__ import annotations

from typing import NoReturn

from moto.athena import models
from moto.core.exceptions import JsonRESTError

from serverless_cloud.seams.replacement import Replacement

_WHY = (
    "The local cloud runs no queries of Athena (docs/fidelity.md). Read the objects with boto3 and ask a query engine "
    "of your own, as lesson 07 does with DuckDB."
)


def install(_: object) -> None:
    """Puts the refusal in the place of moto's empty answer."""
    _Backend.install()


class _Backend(Replacement, of=models.AthenaBackend):
    def start_query_execution(self: object, *_: object, **__: object) -> NoReturn:
        raise JsonRESTError("InvalidRequestException", _WHY)
