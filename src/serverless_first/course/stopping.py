"""Ctrl-C in the terminal: the open pages save their notebooks, then JupyterLab stops.

Jupyter itself asks whether to stop, and goes on without an answer. Unsaved work is only in the browser, so the server
asks each open page to save, by Jupyter's events. The page's part is in
`kernel/share/jupyter/labextensions`. A page that is closed, or too busy to answer within a second, isn't saved.
Then the file has the last autosave, at most 15 seconds old.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from typing import TYPE_CHECKING, Any

from jupyterlab import labapp

if TYPE_CHECKING:
    from jupyter_events.logger import EventLogger
    from jupyter_server.serverapp import ServerApp

ANSWER_S = 1.0
SAVE_S = 10.0
EVENT = "https://serverless-first.invalid/stopping"
SCHEMA = {
    "$id": EVENT,
    "version": "1",
    "title": "The course stops",
    "description": "The server asks the pages to save. A page says what is not saved, before it saves and afterward.",
    "type": "object",
    "properties": {
        "state": {"enum": ["asked", "unsaved"]},
        "page": {"type": "string"},
        "paths": {"type": "array", "items": {"type": "string"}},
    },
    "required": ["state"],
}


class Stopping:
    """Stops a server at Ctrl-C, once the open pages have saved. A second Ctrl-C doesn't wait for them.

    Args:
        server: Jupyter's server, in whose event loop this runs.
    """

    def __init__(self, server: ServerApp) -> None:
        self._server = server
        self._unsaved: dict[str, set[str]] = {}  # by page
        self._answer = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        assert server.event_logger, "Jupyter makes it before it starts its extensions"
        self._events = server.event_logger
        self._events.register_event_schema(SCHEMA)
        self._events.add_listener(schema_id=EVENT, listener=self._hear)
        signal.signal(signal.SIGINT, lambda _number, _frame: server.io_loop.add_callback_from_signal(self._begin))

    def _begin(self) -> None:
        if self._task is None:
            self._task = asyncio.create_task(self._save_and_stop())
        else:
            self._server.stop()

    async def _save_and_stop(self) -> None:
        print("\nStopping the course. Open notebooks are saved first.", flush=True)
        self._events.emit(schema_id=EVENT, data={"state": "asked"})
        await asyncio.sleep(ANSWER_S)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(SAVE_S):
                while any(self._unsaved.values()):
                    self._answer.clear()
                    await self._answer.wait()
        for path in sorted(set().union(*self._unsaved.values())):
            print(f"{path} could not be saved. The browser says why.")
        self._server.stop()

    async def _hear(self, logger: EventLogger, schema_id: str, data: dict[str, Any]) -> None:  # noqa: ARG002
        if data["state"] == "unsaved":
            self._unsaved[data["page"]] = set(data["paths"])
            self._answer.set()


def main() -> None:
    """Runs JupyterLab until it stops, then ends this process, also while one of JupyterLab's threads still waits."""
    labapp.main()
    print("The course has stopped. `make lab` opens it again.", flush=True)
    os._exit(0)


if __name__ == "__main__":
    main()
