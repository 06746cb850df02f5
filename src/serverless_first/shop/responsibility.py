"""The responsibility matrix: twelve tasks, and their owners on EC2, ECS or EKS, Fargate and Lambda, in 2020 and today.

Lesson 02, its slides and its explorer read it here. The columns of 2020 are slide 9 of the deck. Its lists are flat, so
the assignment to rows is our reading. The slide leaves out dependencies, permissions and data, which are added as AWS's
shared responsibility model has them. Today's columns are from AWS's guides, by fact id.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal, get_args

from serverless_first import facts

Owner = Literal["AWS", "both", "you"]
Year = Literal[2020, 2026]

OWNERS: tuple[Owner, ...] = get_args(Owner)
YEARS: tuple[Year, ...] = get_args(Year)
#: The columns of slide 9, from much to do to little.
ON_THE_SLIDE = ("EC2", "ECS/EKS on EC2", "Fargate", "Lambda")
#: The services between them today, each with the month in which it came.
NEW: Mapping[str, str] = MappingProxyType(
    {
        "ECS Managed Instances": "September 2025",
        "Lambda Managed Instances": "November 2025",
        "Lambda MicroVMs": "June 2026",
    }
)
#: Today's columns, each new one beside what it is made of.
TODAY = (
    "EC2",
    "ECS/EKS on EC2",
    "ECS Managed Instances",
    "Lambda MicroVMs",
    "Lambda Managed Instances",
    "Fargate",
    "Lambda",
)

_LETTERS: Mapping[str, Owner] = {"A": "AWS", "b": "both", "y": "you"}


@dataclass(frozen=True)
class Task:
    """One thing that somebody has to do so that code runs.

    Attributes:
        name: a few words.
        means: the same in a sentence.
        then: whose it was, by service of slide 9.
        now: whose it is, by service of today.
        both: by service, who does which part where it is shared.
    """

    name: str
    means: str
    then: Mapping[str, Owner]
    now: Mapping[str, Owner]
    both: Mapping[str, str]

    def owner(self, service: str, year: Year) -> Owner:
        """Whose it is.

        Raises:
            ValueError: there was no such service in that year, or there is none.
        """
        column = self.then if year == 2020 else self.now
        if service not in column:
            raise ValueError(f"{service!r} has no column in {year}. The columns are {', '.join(column)}.")
        return column[service]


@dataclass(frozen=True)
class Move:
    """A cell that differs between the slide and today, and why.

    Attributes:
        task, service: which cell.
        since: when AWS changed it; empty if the slide left out something that already held in 2020.
        why: in a sentence.
        fact_id: of facts.yml, where its source is; empty if AWS changed nothing.
    """

    task: str
    service: str
    since: str
    why: str
    fact_id: str = ""


def _task(name: str, means: str, then: str, now: str, both: Mapping[str, str] = MappingProxyType({})) -> Task:
    """A row; a letter for each column: A for AWS, y for you, b for both."""
    return Task(
        name,
        means,
        MappingProxyType({s: _LETTERS[letter] for s, letter in zip(ON_THE_SLIDE, then, strict=True)}),
        MappingProxyType({s: _LETTERS[letter] for s, letter in zip(TODAY, now, strict=True)}),
        both,
    )


TASKS: tuple[Task, ...] = (
    _task("buildings and hardware", "power, cooling, cables, broken disks", "AAAA", "AAAAAAA"),
    _task(
        "start machines",
        "decide that a machine is needed, and start it",
        "yyAA",
        "yyAyAAA",
    ),
    _task(
        "patch the operating system",
        "install its security updates",
        "yyAA",
        "yyAbAAA",
        {"Lambda MicroVMs": "AWS patches the base image, you rebuild your image"},
    ),
    _task(
        "scale with the demand",
        "add capacity when many customers come, remove it when they leave",
        "yybA",
        "yybybbA",
        {
            "ECS Managed Instances": "AWS scales the machines, you scale the tasks on them",
            "Lambda Managed Instances": "AWS scales, within limits that you set",
            "Fargate": "AWS provides the machines, you scale the tasks",
        },
    ),
    _task("place the work", "find a machine with room, replace processes that have died", "yAAA", "yAAAAAA"),
    _task(
        "patch the language runtime",
        "install the security updates of Python itself",
        "yyyA",
        "yyyybyb",
        {
            "Lambda Managed Instances": "AWS patches within a version of Python, you move to the next one",
            "Lambda": "AWS patches within a version of Python unless you pin it, you move to the next one",
        },
    ),
    _task(
        "fetch events, and try again",
        "poll a queue, call the code, call it again if it fails",
        "yyyA",
        "yyyyAyA",
    ),
    _task(
        "network and firewall",
        "subnets, routes, which connections are allowed",
        "yyyA",
        "yyybyyb",
        {
            "Lambda MicroVMs": "AWS provides the connectors, you choose and place them",
            "Lambda": "AWS does it outside a VPC; in a VPC, the subnets and security groups are yours",
        },
    ),
    _task("the code", "what it does, and its bugs", "yyyy", "yyyyyyy"),
    _task("dependencies", "the libraries that you pack with it, and their updates", "yyyy", "yyyyyyy"),
    _task("permissions", "what the code may do in the account, and who may call it", "yyyy", "yyyyyyy"),
    _task("data", "what you keep, for how long, and what is in the logs", "yyyy", "yyyyyyy"),
)

MOVES: tuple[Move, ...] = (
    Move(
        "patch the language runtime",
        "Lambda",
        "January 2023",
        "you may pin a version of the runtime, and then its patches are yours",
        "runtime-update-modes",
    ),
    Move(
        "network and firewall",
        "Lambda",
        "",
        "the slide leaves out functions in a VPC, which have existed since 2016",
    ),
)

#: Which fact says who operates a service today.
FACT_OF: Mapping[str, str] = MappingProxyType(
    {
        "EC2": "ecs-ec2-patches",
        "ECS/EKS on EC2": "ecs-ec2-patches",
        "ECS Managed Instances": "ecs-managed-instances",
        "Lambda MicroVMs": "lambda-microvms-parts",
        "Lambda Managed Instances": "lambda-managed-operator",
        "Fargate": "fargate-patches",
        "Lambda": "runtime-update-modes",
    }
)


def task(name: str) -> Task:
    """The task of this name.

    Raises:
        ValueError: there is none.
    """
    for one in TASKS:
        if one.name == name:
            return one
    raise ValueError(f"There is no task {name!r}. The tasks are {', '.join(t.name for t in TASKS)}.")


def services(year: Year) -> tuple[str, ...]:
    """The columns of a year, from much to do to little."""
    return ON_THE_SLIDE if year == 2020 else TODAY


def of(service: str, year: Year, owner: Owner) -> list[str]:
    """The names of the tasks that are this owner's, in the order of the rows.

    >>> of("Lambda", 2026, "you")
    ['the code', 'dependencies', 'permissions', 'data']

    Raises:
        ValueError: the year has no such service.
    """
    return [one.name for one in TASKS if one.owner(service, year) == owner]


def move(name: str, service: str) -> Move | None:
    """Why this cell differs from the slide today; None if it is the same."""
    return next((one for one in MOVES if (one.task, one.service) == (name, service)), None)


def why(name: str, service: str, year: Year) -> str:
    """Whose a task is, and why, in a sentence or two.

    Raises:
        ValueError: no such task, or no such service in that year.
    """
    one = task(name)
    owner = one.owner(service, year)
    answer = {"AWS": "AWS does it", "you": "it is yours", "both": "both have a part"}[owner]
    words = f"{one.name[0].upper()}{one.name[1:]} ({one.means}): {answer}"
    if owner == "both" and service in one.both:
        words += f", {one.both[service]}"
    changed = move(name, service)
    if changed and year == 2026:
        # not str.capitalize, which writes VPC in small letters
        because = changed.why if changed.since else changed.why[0].upper() + changed.why[1:]
        words += f". New since {changed.since}: {because}" if changed.since else f". {because}"
    return words + "."


def source(service: str, year: Year) -> str:
    """Where the column comes from: the title of the source, and its date."""
    if year == 2020:
        deck = facts.get("deck-date")
        return f"slide 9 of the deck ({deck.now.value}), our reading of its lists"
    now = facts.get(FACT_OF[service]).now
    return f"{now.sources[0].title} ({now.as_of_words})"
