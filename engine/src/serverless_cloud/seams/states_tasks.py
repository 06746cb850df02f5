"""The seams of Step Functions' integrations, in the order in which they are put in."""

from __future__ import annotations

from serverless_cloud.plane import DataPlane
from serverless_cloud.seams import (
    states_map,
    states_map_runs,
    states_task_api,
    states_task_callbacks,
    states_task_calls,
    states_task_clients,
    states_task_lambda,
)
from serverless_cloud.workflows.activities import Activities
from serverless_cloud.workflows.tokens import Tokens


def install(plane: DataPlane) -> None:
    """Lets tasks, activities and Map states work as on AWS."""
    tokens = Tokens()
    activities = Activities(lambda: plane.time_scale)
    clients = states_task_clients.Clients(plane)
    plane.forgetting.extend((activities.clear, tokens.clear))
    states_task_calls.install(clients)
    states_task_lambda.install(clients)
    states_task_api.install(plane)
    states_task_callbacks.install(tokens, clients, activities)
    states_map.install()
    states_map_runs.install(plane, clients)
    states_task_clients.install(clients)
