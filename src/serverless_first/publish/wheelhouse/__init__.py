"""`serverless-first wheelhouse`: every locked package as a file, for a room without internet.

The way back is tools/wheelhouse.py: a set-up that finds a wheelhouse installs from it and asks no network.
"""

from serverless_first.publish.wheelhouse.collect import CannotCollect, Collected, collect
from serverless_first.publish.wheelhouse.targets import PLATFORMS, PYTHONS, Target, this_machine

__all__ = ["PLATFORMS", "PYTHONS", "CannotCollect", "Collected", "Target", "collect", "this_machine"]
