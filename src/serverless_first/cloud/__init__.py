"""The learner's way into the local cloud, which is the package serverless_cloud in engine/.

from serverless_first import cloud
aws = cloud.start()
aws.environments("orders")

The course adds `start(target="aws")` for the learner's real account, and `cleanup`.
"""

from serverless_cloud import (
    CallResult,
    Cloud,
    CloudDidNotStart,
    CloudError,
    CloudNotRunning,
    DatabaseSession,
    DatabaseWatch,
    ExecutionEnvironment,
    Interval,
    ProxyEvent,
    RealAwsRefused,
    Sample,
    burst_size,
)
from serverless_first.cloud.starting import cleanup, start
from serverless_first.course import advice as advice  # the words of errors

__all__ = [
    "CallResult",
    "Cloud",
    "CloudDidNotStart",
    "CloudError",
    "CloudNotRunning",
    "DatabaseSession",
    "DatabaseWatch",
    "ExecutionEnvironment",
    "Interval",
    "ProxyEvent",
    "RealAwsRefused",
    "Sample",
    "burst_size",
    "cleanup",
    "start",
]
