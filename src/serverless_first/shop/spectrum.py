"""Slide 27 of the deck as data: five rows of services, from your own machines to serverless services, then and now.

The lesson's figure, the slides and the explorer read this module. facts.yml has the changes with date and source, under
the ids that are named here. The tasks that stay yours are from AWS's comparison (`rds-responsibilities`) for your own
database, for EC2 and for RDS. For the other services they are this course's reading of their settings.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

When = Literal["then", "now"]

#: The tasks of the people who run a service, from the machine room to the code.
TASKS: Mapping[str, str] = {
    "hardware": "hardware, power, network",
    "system": "operating system: install, patch",
    "software": "the software itself: install, patch",
    "capacity": "capacity: add and remove",
    "availability": "a standby for failures",
    "backups": "backups of the data",
    "settings": "sizes, versions, settings",
    "access": "who may do what",
    "use": "schema, keys, queries, code",
}
_ALWAYS = ("settings", "access", "use")


@dataclass(frozen=True)
class Service:
    """A box of slide 27.

    Args:
        name: what it is called now.
        yours: the tasks that stay yours, keys of TASKS.
        then: what slide 27 calls it; empty if it is not there.
        fact: the id in facts.yml that tells what changed; empty if nothing did.
    """

    name: str
    yours: frozenset[str]
    then: str = ""
    fact: str = ""

    @property
    def news(self) -> str:
        """ "new", "other name" or nothing."""
        if not self.then:
            return "new"
        return "" if self.then == self.name else "other name"


def _all_but(*tasks: str) -> frozenset[str]:
    return frozenset(TASKS).difference(tasks)


def _only(*tasks: str) -> frozenset[str]:
    return frozenset((*_ALWAYS, *tasks))


def _same(name: str, yours: Iterable[str]) -> Service:
    return Service(name, frozenset(yours), then=name)


#: From more to less operational load, in the order of the slide. Later services are where they belong.
ROWS: Mapping[str, tuple[Service, ...]] = {
    "Compute": (
        _same("Virtual machine, own", TASKS),
        _same("EC2", _all_but("hardware")),
        _same("ECS, EKS on EC2", _all_but("hardware", "backups")),
        Service("ECS Managed Instances", _only("software", "capacity"), fact="spectrum-compute"),
        Service("Lambda Managed Instances", _only("capacity"), fact="spectrum-compute"),
        _same("Fargate", _only("software", "capacity")),
        Service("ECS Express Mode", _only("software"), fact="spectrum-compute"),
        Service("Lambda MicroVMs", _only("software"), fact="spectrum-compute"),
        _same("Lambda", _only()),
    ),
    "Database": (
        _same("MySQL, own", TASKS),
        _same("MySQL on EC2", _all_but("hardware")),
        _same("RDS", _only()),
        _same("Aurora", _only()),
        Service("Aurora Serverless v2", _only(), then="Aurora Serverless", fact="aurora-serverless-v1"),
        Service("Aurora DSQL", frozenset(("access", "use")), fact="aurora-dsql"),
        _same("DynamoDB", ("access", "use")),
    ),
    "Storage": (
        _same("Storage, own", TASKS),
        _same("S3", _only()),
        Service("S3 Tables", _only(), fact="spectrum-storage"),
    ),
    "Messaging": (
        _same("ESB, own", TASKS),
        _same("Amazon MQ", _only("capacity")),
        _same("Kinesis", _only("capacity")),
        Service("Kinesis on demand", _only(), fact="spectrum-messaging"),
        _same("SQS, SNS", _only()),
    ),
    "Analytics": (
        _same("Hadoop, own", TASKS),
        _same("Hadoop on EC2", _all_but("hardware")),
        _same("EMR", _only("capacity", "availability")),
        Service("OpenSearch Service", _only("capacity"), then="Elasticsearch Service", fact="spectrum-elasticsearch"),
        Service("EMR Serverless", _only(), fact="spectrum-emr-serverless"),
        Service("OpenSearch Serverless", _only(), fact="spectrum-opensearch-serverless"),
        _same("Athena", ("access", "use")),
    ),
}


def row(name: str, when: When = "now") -> list[Service]:
    """The services of a row, from more to less operational load.

    Args:
        name: a key of ROWS.
        when: "then" for the slide's services, "now" for today's services.

    Raises:
        KeyError: there is no such row.
    """
    return [service for service in ROWS[name] if service.then or when == "now"]


def left(services: Iterable[Service]) -> dict[str, int]:
    """For each task the number of these services for which it stays yours."""
    services = list(services)
    return {task: sum(task in service.yours for service in services) for task in TASKS}
