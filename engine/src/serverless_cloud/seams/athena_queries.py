"""Seam: queries of Athena (moto 5.2.5).

moto says that a query has succeeded, and gives no rows. Replaced here: `AthenaBackend.start_query_execution`, which
refuses. Lesson 07 asks its questions of DuckDB.
"""

from __future__ import annotations

from typing import Any, NoReturn

from moto.athena import models
from moto.core.exceptions import JsonRESTError

_WHY = (
    "The local cloud runs no queries of Athena (docs/fidelity.md). Read the objects with boto3 and ask a query engine "
    "of your own, as lesson 07 does with DuckDB."
)


def install(_: object) -> None:
    """Puts the refusal in the place of moto's empty answer."""

    def start_query_execution(*_: Any, **__: Any) -> NoReturn:
        raise JsonRESTError("InvalidRequestException", _WHY)

    backend_class: Any = models.AthenaBackend
    backend_class.start_query_execution = start_query_execution
