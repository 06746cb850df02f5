"""The live view in a notebook, on anywidget."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
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
        before: what `save` writes if this view sees nothing change.

    Attributes:
        moment: what the last look saw.
        moments: the last five minutes, the oldest first; only looks that saw a change count.
    """

    _esm = recording.SCRIPT
    moment = traitlets.Dict().tag(sync=True)

    def __init__(self, look: Callable[[], Moment], before: Sequence[Moment] = ()) -> None:
        self.moments = [look()]
        super().__init__(moment=self.moments[0])
        self._look, self._before, self._place = look, before, None
        self._over, self._seeing = threading.Event(), threading.Lock()
        self._thread = threading.Thread(target=self._follow, name="view", daemon=True)
        self._thread.start()
        if shell := get_ipython():
            shell.events.register("post_run_cell", self._at_end_of_cell)

    def __repr__(self) -> str:
        return "A live view of the local cloud. Run this cell in JupyterLab to watch it."

    @property
    def history(self) -> Sequence[Moment]:
        """The moments that `save` writes."""
        return self.moments if len(self.moments) > 1 else self._before

    def _ipython_display_(self) -> None:
        data, metadata = self._recorded() if self._over.is_set() else self._live()
        self._place = display(data, metadata=metadata, raw=True, display_id=True)  # type: ignore[no-untyped-call]

    def _live(self) -> tuple[dict[str, Any], dict[str, Any]]:
        data, metadata = self._repr_mimebundle_() or ({}, {})
        return {**data, "text/plain": repr(self)}, metadata  # the words replace the view on GitHub or in print

    def _recorded(self) -> tuple[dict[str, Any], dict[str, Any]]:
        return {"text/html": recording.as_html(self.moments), "text/plain": self.moment["words"]}, {}

    def stop(self) -> None:
        """Stops looking, and replaces the view by a recording. You can play it and step through it."""
        if self._over.is_set():
            return
        self._over.set()
        self._thread.join()
        self._see()
        if shell := get_ipython():
            shell.events.unregister("post_run_cell", self._at_end_of_cell)
        if self._place and "SERVERLESS_FIRST_QUIET" not in os.environ:  # stored outputs must be the same in each run
            data, metadata = self._recorded()
            self._place.update(data, metadata=metadata, raw=True)
        self.close()

    def save(self, file: str | Path) -> Path:
        """Writes a page that plays the recording and works offline, to send to a friend. It stops the view.

        A view that has seen nothing change writes what the view before it has seen, so you can call
        `aws.show().save("burst.html")` after your experiment.

        Args:
            file: where to write it; "burst.html" is a file in the current folder.

        Returns:
            the file.

        Raises:
            CloudError: no view has seen anything change.
            OSError: the file can't be written.
        """
        self.stop()
        if not self.history:
            raise CloudError(
                "There is nothing to save, because no view has seen anything change. Put display(aws.show()) before "
                "your calls, run the cell, then save."
            )
        file = Path(file)
        file.write_text(recording.as_page(self.history), encoding="utf-8")
        return file

    def _at_end_of_cell(self, _result: Any) -> None:
        if self._see() or len(self.moments) > 1:
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
