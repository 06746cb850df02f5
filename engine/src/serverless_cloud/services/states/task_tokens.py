"""The tokens of state machines, and clients of the services that tasks call."""

from __future__ import annotations

from serverless_cloud.core import current
from serverless_cloud.plane import DataPlane
from serverless_cloud.services.states.task_clients import Clients
from serverless_cloud.workflows.tokens import Tokens


def connect(plane: DataPlane) -> None:
    """Makes them."""
    current.parts[Tokens] = tokens = Tokens()
    current.parts[Clients] = Clients(plane)
    plane.forgetting.append(tokens.clear)
