"""AWS's limits, sizes and formulas as the local cloud keeps them: constants and pure functions, for simulations."""

from serverless_cloud.lambda_.lifecycle import TRANSITIONS, State, Trigger
from serverless_cloud.network.each_environment import ATTACHING_S
from serverless_cloud.rds.classes import memory_bytes
from serverless_cloud.rds.db_parameters import DEFAULT_MAX_CONNECTIONS, evaluate
from serverless_cloud.sources.sqs_scaling import MOST as MOST_CONCURRENT_BATCHES, Scaling
from serverless_cloud.sources.stream_sizes import size_of

__all__ = [
    "ATTACHING_S",
    "DEFAULT_MAX_CONNECTIONS",
    "MOST_CONCURRENT_BATCHES",
    "TRANSITIONS",
    "Scaling",
    "State",
    "Trigger",
    "evaluate",
    "memory_bytes",
    "size_of",
]
