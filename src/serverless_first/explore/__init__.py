"""Explorers: sliders, a picture that follows them, and the result in words.

from serverless_first import explore
explore.FleetExplorer()
"""

from serverless_first.explore.capacity import CapacityExplorer
from serverless_first.explore.connections import ConnectionsExplorer
from serverless_first.explore.fleet import FleetExplorer
from serverless_first.explore.pool import PoolExplorer

__all__ = ["CapacityExplorer", "ConnectionsExplorer", "FleetExplorer", "PoolExplorer"]
