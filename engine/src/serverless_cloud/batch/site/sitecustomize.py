"""Read by every Python that a job starts, before its program: keeps boto3 on this machine, then makes way.

Its folder stands first in PYTHONPATH of a job's environment. A Python that lacks this package has nothing to guard.
"""

import contextlib
import importlib
import os
import sys


def _arm() -> None:
    if os.environ.get("SERVERLESS_FIRST_GUARD", "on") != "on":
        return
    with contextlib.suppress(ImportError):
        from serverless_cloud import guard

        guard.arm()


def _make_way() -> None:
    """Imports the machine's own sitecustomize, if it has one, as if this file were not there."""
    here = os.path.dirname(__file__)  # noqa: PTH120 (pathlib takes longer to import than all of this)
    sys.path[:] = [place for place in sys.path if place != here]
    me = sys.modules.pop(__name__)
    with contextlib.suppress(ImportError):
        importlib.import_module(__name__)
    sys.modules.setdefault(__name__, me)


_arm()
_make_way()
