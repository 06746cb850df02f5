"""An extension of Jupyter's server that tells the learner where the course is open, and stops it at Ctrl-C.

Jupyter itself logs the address three times among forty lines about its extensions. `serverless_first.course.jupyter`
loads this extension and limits Jupyter's log to errors.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from serverless_first.course.stopping import Stopping

if TYPE_CHECKING:
    from jupyter_server.serverapp import ServerApp


def _jupyter_server_extension_points() -> list[dict[str, str]]:
    return [{"module": __name__}]


def _load_jupyter_server_extension(server: ServerApp) -> None:
    def is_not_the_address(record: logging.LogRecord) -> bool:
        return record.levelno < logging.CRITICAL or server.display_url not in str(record.msg)

    server.log.addFilter(is_not_the_address)  # Jupyter logs it as if it were a critical error


async def _start_jupyter_server_extension(server: ServerApp) -> None:
    Stopping(server)
    print(f"Your course is open at {server.display_url}")
    print("Ctrl-C in this window saves the open notebooks and stops it.", flush=True)
