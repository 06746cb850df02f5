"""The live view in a notebook, on anywidget."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from typing import Any

import anywidget
import traitlets
from IPython.core.getipython import get_ipython
from IPython.display import display

from serverless_cloud.errors import CloudError
from serverless_cloud.view import recording
from serverless_cloud.view.moment import Moment

EVERY_S = 0.125
IDLE_EVERY_S = 0.5
KEPT_S = 300.0
_IDLE_AFTER = 80  # looks that have seen nothing new


class LiveView(anywidget.AnyWidget):
    """Looks at the local cloud eight times a second, and sends what has changed to the browser.

    It stops at the end of the first cell in which it has seen something change. A recording then takes its place.

    Args:
        look: what runs now.

    Attributes:
        moment: what the last look saw.
        moments: the last five minutes, the oldest first; only looks that saw a change count.
    """

    _esm = recording.SCRIPT
    moment = traitlets.Dict().tag(sync=True)

    def __init__(self, look: Callable[[], Moment]) -> None:
        self.moments = [look()]
        super().__init__(moment=self.moments[0])
        self._look, self._place = look, None
        self._over, self._seeing = threading.Event(), threading.Lock()
        self._thread = threading.Thread(target=self._follow, name="view", daemon=True)
        self._thread.start()
        if shell := get_ipython():
            shell.events.register("post_run_cell", self._at_end_of_cell)

    def __repr__(self) -> str:
        return "A live view of the local cloud. Run this cell in JupyterLab to watch it."

    def _ipython_display_(self) -> None:
        data, metadata = self._recorded() if self._over.is_set() else self._live()
        self._place = display(data, metadata=metadata, raw=True, display_id=True)  # type: ignore[no-untyped-call]

    def _live(self) -> tuple[dict[str, Any], dict[str, Any]]:
        data, metadata = self._repr_mimebundle_() or ({}, {})
        return {**data, "text/plain": repr(self)}, metadata  # the words replace the view on GitHub or in print

    def _recorded(self) -> tuple[dict[str, Any], dict[str, Any]]:
        return {"text/html": recording.as_html(self.moments), "text/plain": self.moment["words"]}, {}

    def stop(self) -> None:
        """Stops looking, and puts a recording in the place of the view. You can play it and step through it."""
        if self._over.is_set():
            return
        self._over.set()
        self._thread.join()
        if shell := get_ipython():
            shell.events.unregister("post_run_cell", self._at_end_of_cell)
        if self._place and "SERVERLESS_FIRST_QUIET" not in os.environ:  # stored outputs must be the same in each run
            data, metadata = self._recorded()
            self._place.update(data, metadata=metadata, raw=True)
        self.close()

    def _at_end_of_cell(self, _result: Any) -> None:
        self._see()
        if len(self.moments) > 1:
            self.stop()

    def _follow(self) -> None:
        unchanged = 0
        while not self._over.wait(EVERY_S if unchanged < _IDLE_AFTER else IDLE_EVERY_S):
            unchanged = 0 if self._see() else unchanged + 1

    def _see(self) -> bool:
        """Looks; whether anything has changed."""
        with self._seeing:
            try:
                moment = self._look()
            except CloudError:  # it was stopped; its last moment stays on the screen
                return False
            if {**moment, "time_s": 0} == {**self.moment, "time_s": 0}:
                return False
            self.moments = [m for m in self.moments if m["time_s"] >= moment["time_s"] - KEPT_S] + [moment]
            self.moment = {**moment}
            return True
