"""The local cloud: every boto3 call in the course is an ordinary call; what it does, happens on this machine.

from serverless_first import cloud
aws = cloud.start()
aws.environments("orders")
"""

from serverless_first.cloud.client import Cloud, start
from serverless_first.cloud.errors import CloudDidNotStart, CloudError, CloudNotRunning
from serverless_first.cloud.records import ExecutionEnvironment, Interval, ProxyEvent
from serverless_first.guard import RealAwsRefused

__all__ = [
    "Cloud",
    "CloudDidNotStart",
    "CloudError",
    "CloudNotRunning",
    "ExecutionEnvironment",
    "Interval",
    "ProxyEvent",
    "RealAwsRefused",
    "start",
]
