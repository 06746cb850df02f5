"""Makes the parts of the data plane, and connects each part to the parts that it needs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from serverless_cloud.batch.jobs import Jobs
from serverless_cloud.core.background import Tasks
from serverless_cloud.iam.permissions import Permissions
from serverless_cloud.lambda_.asynchronous import EventQueue
from serverless_cloud.lambda_.delay_queue import Clock
from serverless_cloud.lambda_.environment import Surroundings
from serverless_cloud.lambda_.fleet import Fleet
from serverless_cloud.lambda_.function import FunctionSpec
from serverless_cloud.network.interfaces import AccountRegion, Model
from serverless_cloud.network.network import Network
from serverless_cloud.plane import DataPlane
from serverless_cloud.rds.instances import DatabaseInstances
from serverless_cloud.rds_proxy.manager import Proxies
from serverless_cloud.services.iam.enforcement import MotoDirectory, log_writer
from serverless_cloud.services.lambda_.destinations import Destinations
from serverless_cloud.services.lambda_.function_calls import MotoFunctions
from serverless_cloud.services.lambda_.network import LazyInterfaces
from serverless_cloud.services.logs import write_log, write_proxy_log
from serverless_cloud.settings import CloudSettings
from serverless_cloud.sns.provider import SnsProvider
from serverless_cloud.sns.publishing import Publisher
from serverless_cloud.sns.topics import Topics
from serverless_cloud.sources import sqs_queue
from serverless_cloud.sqs.provider import SqsProvider
from serverless_cloud.sqs.queues import Queues


def make(settings: CloudSettings, endpoint_url: str, folder: Path) -> DataPlane:
    """The data plane of one local cloud.

    Args:
        endpoint_url: where boto3 in handlers finds it.
    """
    queues, topics = Queues(), Topics()
    clock, tasks, directory = Clock(settings.time_scale), Tasks(), MotoDirectory(queues, topics)
    permissions = Permissions(settings.enforce_iam, directory)
    around = Surroundings(endpoint_url, folder, settings.guarded, credentials=directory.credentials)
    network = Network(LazyInterfaces(), tasks, lambda: clock.scale, Model(settings.network_model))

    def attach(spec: FunctionSpec) -> Callable[[], None]:
        return network.attach(AccountRegion(spec.account_id, spec.region), spec.name, spec.vpc)

    fleet = Fleet(around, settings.idle_expiry_s, log_writer(permissions, write_log), network=attach)
    queue = EventQueue(fleet.invoke, Destinations(permissions), clock)
    functions = MotoFunctions(fleet, queue, permissions)
    databases = DatabaseInstances(folder)
    plane = DataPlane(
        fleet=fleet,
        queue=queue,
        functions=functions,
        permissions=permissions,
        databases=databases,
        proxies=Proxies(folder, databases, write_proxy_log),
        batch=Jobs(around),
        network=network,
        tasks=tasks,
        queues=queues,
        topics=topics,
        publisher=Publisher(topics, queues, functions, permissions, tasks),
    )
    plane.providers["sqs"] = sqs = SqsProvider(queues, tasks)
    plane.providers["sns"] = sns = SnsProvider(topics, plane.publisher, permissions)
    plane.forgetting.extend((sqs.clear, sns.clear))
    plane.pollers["sqs"] = sqs_queue.poller_factory(plane, queues)
    return plane
