"""Explorers: sliders, a picture that follows them, and the result in words.

from serverless_first import explore
explore.FleetExplorer()
"""

from serverless_first.explore.availability import AvailabilityExplorer
from serverless_first.explore.capacity import CapacityExplorer
from serverless_first.explore.connections import ConnectionsExplorer
from serverless_first.explore.cost import CostExplorer
from serverless_first.explore.fleet import FleetExplorer
from serverless_first.explore.network import NetworkExplorer
from serverless_first.explore.pool import PoolExplorer
from serverless_first.explore.queueing import QueueingExplorer
from serverless_first.explore.responsibility import ResponsibilityExplorer
from serverless_first.explore.spectrum import SpectrumExplorer
from serverless_first.explore.workflow import WorkflowExplorer
