"""The live view in a notebook, on anywidget."""

from __future__ import annotations

import threading
import weakref
from collections.abc import Callable
from importlib.resources import files
from typing import Any

import anywidget
import traitlets

from serverless_cloud.errors import CloudError
from serverless_cloud.view.moment import Moment

EVERY_S = 0.125
IDLE_EVERY_S = 0.5
_IDLE_AFTER = 80  # looks that have seen nothing new


class LiveView(anywidget.AnyWidget):
    """Looks at the local cloud eight times a second, and sends what has changed to the browser.

    Args:
        look: what runs now.

    Attributes:
        moment: what the last look saw.
    """

    _esm = files(__package__).joinpath("view.js").read_text(encoding="utf-8")
    moment = traitlets.Dict().tag(sync=True)

    def __init__(self, look: Callable[[], Moment]) -> None:
        super().__init__(moment=look())
        self._over = threading.Event()
        threading.Thread(target=_follow, args=(weakref.ref(self), look, self._over), name="view", daemon=True).start()

    def __repr__(self) -> str:
        return "A live view of the local cloud. Run this cell in JupyterLab to watch it."

    def _repr_mimebundle_(self, **given: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        # Without a browser, on GitHub or in print, the words replace the view.
        data, metadata = super()._repr_mimebundle_(**given) or ({}, {})
        return {**data, "text/plain": repr(self)}, metadata

    def stop(self) -> None:
        """Stops looking. The last minutes stay on the screen, and you can step through them."""
        self._over.set()


def _follow(view_of: Callable[[], Any], look: Callable[[], Moment], over: threading.Event) -> None:
    unchanged = 0
    while not over.wait(EVERY_S if unchanged < _IDLE_AFTER else IDLE_EVERY_S):
        try:
            moment = look()
        except CloudError:  # it was stopped; its last moment stays on the screen
            return
        view = view_of()
        if view is None:
            return
        same = {**moment, "time_s": 0} == {**view.moment, "time_s": 0}
        unchanged = unchanged + 1 if same else 0
        if not same:
            view.moment = moment
