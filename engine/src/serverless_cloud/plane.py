"""All parts of the data plane in one place, for the services that hand over to them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from serverless_cloud.batch.jobs import Jobs
from serverless_cloud.core.background import Tasks
from serverless_cloud.core.service import Provider
from serverless_cloud.events.router import Router
from serverless_cloud.http.front import FrontDoors
from serverless_cloud.iam.permissions import Permissions
from serverless_cloud.lambda_.asynchronous import EventQueue
from serverless_cloud.lambda_.calling import Functions
from serverless_cloud.lambda_.event_source_mapping import PollerFactory
from serverless_cloud.lambda_.fleet import Fleet
from serverless_cloud.network.network import Network
from serverless_cloud.rds.instances import DatabaseInstances
from serverless_cloud.rds_proxy.manager import Proxies
from serverless_cloud.sns.publishing import Publisher
from serverless_cloud.sns.topics import Topics
from serverless_cloud.sqs.queues import Queues


@dataclass(frozen=True)
class DataPlane:
    """The data plane, which makes moto's answers real.

    Args:
        fleet, queue: Lambda, for calls that wait and for calls that don't.
        functions: the same by ARN, for services that call functions.
        permissions: asked before anything acts for somebody.
        databases, proxies: RDS.
        batch: the jobs of Batch.
        network: the interfaces of functions in a VPC.
        queues: SQS's.
        topics, publisher: SNS's topics, and what publishes to them.
        providers: answer the calls to services that are ours, by the name of the service in a signature.
        doors: the HTTP endpoints of APIs and function URLs.
        events: where events are published for EventBridge's rules.
        tasks: pollers, timers and what else goes on in the background.
        pollers: what reads an event source for a mapping or a pipe, by the service in the source's ARN; each source's
            service puts its own there.
        metric_sources: what publishes metrics to CloudWatch: moto's data of an account and a Region.
        forgetting: called when the cloud is emptied, after the tasks have ended.
    """

    fleet: Fleet
    queue: EventQueue
    functions: Functions
    permissions: Permissions
    databases: DatabaseInstances
    proxies: Proxies
    batch: Jobs
    network: Network
    queues: Queues
    topics: Topics
    publisher: Publisher
    providers: dict[str, Provider] = field(default_factory=dict)
    doors: FrontDoors = field(default_factory=FrontDoors)
    events: Router = field(default_factory=Router)
    tasks: Tasks = field(default_factory=Tasks)
    pollers: dict[str, PollerFactory] = field(default_factory=dict)
    metric_sources: list[Callable[[str, str], Sequence[Any]]] = field(default_factory=list)
    forgetting: list[Callable[[], None]] = field(default_factory=list)

    @property
    def time_scale(self) -> float:
        """AWS's own waiting times are divided by it; it may change."""
        return self.queue.clock.scale

    def clear(self) -> None:
        """Ends all that goes on and forgets what the parts hold; moto's own state is not touched.

        Raises:
            ExceptionGroup: of what parts have raised; all the others are cleared.
        """
        errors: list[Exception] = []
        for step in (
            self.tasks.stop,
            self.queue.clear,
            self.fleet.clear,  # a task that waits for a function has its answer now
            self.tasks.clear,
            self.batch.clear,
            self.fleet.clear,  # what a task has started meanwhile
            self.doors.clear,
            self.network.clear,
            self.fleet.metrics.clear,
            *self.forgetting,
            self.proxies.clear,
            self.databases.clear,
        ):
            try:
                step()
            except Exception as error:
                errors.append(error)
        if errors:
            raise ExceptionGroup("The local cloud could not be emptied completely.", errors)
