"""Looking at a database again and again while something else goes on."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence

from serverless_cloud.errors import CloudError
from serverless_cloud.records import DatabaseSession, Sample


class DatabaseWatch:
    """Looks at the sessions of a database while its `with` block runs.

    Args:
        every_s: the time between two looks, in seconds.

    Attributes:
        samples: what was seen, the first and the last moment of the block included. While the database cannot be
            looked at (it restarts, for instance) there is none.
    """

    def __init__(self, look: Callable[[], Sequence[DatabaseSession]], every_s: float) -> None:
        self.samples: list[Sample] = []
        self._look, self._every_s = look, every_s
        self._over = threading.Event()
        self._begun_s = 0.0
        self._thread = threading.Thread(target=self._watch, name="database-watch", daemon=True)

    def __enter__(self) -> DatabaseWatch:
        self._begun_s = time.monotonic()
        self._sample()
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()
        self._sample()

    @property
    def most(self) -> int:
        """The most sessions that were there at once."""
        return max((len(sample.sessions) for sample in self.samples), default=0)

    def _watch(self) -> None:
        while not self._over.wait(self._every_s):
            self._sample()

    def _sample(self) -> None:
        try:
            sessions = self._look()
        except CloudError:
            return
        self.samples.append(Sample(time.monotonic() - self._begun_s, sessions))
