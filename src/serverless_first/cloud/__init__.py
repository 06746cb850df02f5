"""The local cloud: every boto3 call in the course is an ordinary call; what it does, happens on this machine.

from serverless_first import cloud
aws = cloud.start()
aws.environments("orders")
"""

from serverless_first.cloud.burst import burst_size
from serverless_first.cloud.client import Cloud, cleanup, start
from serverless_first.cloud.errors import CloudDidNotStart, CloudError, CloudNotRunning
from serverless_first.cloud.records import (
    CallResult,
    DatabaseSession,
    ExecutionEnvironment,
    Interval,
    ProxyEvent,
    Sample,
)
from serverless_first.cloud.watch import DatabaseWatch
from serverless_first.guard import RealAwsRefused

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
