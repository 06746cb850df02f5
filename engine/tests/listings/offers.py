"""Writes docs/offers.md, which lists what the local cloud does itself instead of moto, with the user of each part.

    python engine/tests/listings/offers.py

The page's head says who counts as a user. Parts without one are in offers.yml with the reason why they stay.
engine/tests/test_offers.py compares the page, and fails for a part without a reason.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import yaml
from botocore import xform_name
from botocore.session import Session

from serverless_cloud import services
from serverless_cloud.core import patches
from serverless_cloud.sns.provider import SnsProvider
from serverless_cloud.sqs.provider import SqsProvider
from serverless_cloud.stacks import kinds
from serverless_cloud.stacks.change_sets import ChangeSets
from serverless_cloud.stacks.operations import Operations
from serverless_cloud.workflows import choice, intrinsics, state_fields, task_resources

ROOT = Path(__file__).resolve().parents[3]
HERE = Path(__file__).resolve().parent
PAGE = ROOT / "docs" / "offers.md"
#: boto3's names of the services in a folder, where they aren't the folder's name.
BOTO = {
    "dynamodb": ("dynamodb", "dynamodbstreams"),
    "apigateway": ("apigateway", "apigatewayv2"),
    "states": ("stepfunctions",),
}
#: Where a part's user can be, the best reason first. The pages about everything aren't users.
PLACES: dict[str, tuple[str, ...]] = {
    "lesson": ("modules/*/lesson.md",),
    "lab": ("modules/*/lab.md", "modules/*/checks*.py", "modules/*/hints.yml", "modules/*/given/*"),
    "mistake": ("modules/*/mistakes/*.py",),
    "course": ("src/serverless_first/**/*.py",),
    "document": ("docs/*.md", "README.md", "engine/README.md"),
    "client": ("engine/tests/clients/*.py", "engine/tests/data/aws_cli.txt"),
    "stack": ("engine/src/serverless_cloud/stacks/kinds/*.py",),
}
NO_USERS = ("fidelity.md", "messages.md", "offers.md")
#: The verbs of operations, before the thing that an operation is about.
_VERB = re.compile(
    r"^(create|put|add|get|describe|list|update|modify|set|delete|remove|tag|untag|start|stop|cancel|enable|disable|"
    r"change|send|flush|reset|associate|disassociate|attach|detach|authorize|deauthorize|publish|register|restore|execute)_"
)
_ENDINGS = ("_batch", "_with_response_stream", "_by_arn", "_config", "_configs", "_attributes", "_settings")
_PLURALS = (
    ("ies", "y"),
    ("sses", "ss"),
    ("uses", "us"),
    ("iases", "ias"),
    ("ss", "ss"),
    ("us", "us"),
    ("ias", "ias"),
    ("s", ""),
)
#: A feature counts as used if this many of the 300 samples have it.
FEWEST_SAMPLES = 5
Row = tuple[str, str]


@dataclass(frozen=True)
class Users:
    """Possible users. Args: texts: of the files, by place and path. samples: of engine/tests/listings/samples.yml."""

    texts: dict[str, dict[str, str]]
    samples: dict[str, dict[str, int]]

    def of(self, kind: str, name: str, words: Iterable[str], without: str = "") -> str:
        """The first user of a part, as the page names it; "" if it has none.

        Args:
            kind, name: of the part in engine/tests/listings/samples.yml.
            words: how a text can name the part.
            without: a place that doesn't count.
        """
        pattern = re.compile(rf"(?<![\w:-])(?:{'|'.join(map(re.escape, words))})(?![\w:])")
        for place, texts in self.texts.items():
            path = next((path for path, text in texts.items() if place != without and pattern.search(text)), "")
            if path:
                return _user(place, path)
        drawn = self.samples[kind].get(name, 0)
        return f"{drawn} of 300 public samples" if drawn >= FEWEST_SAMPLES else ""


def _user(place: str, path: str) -> str:
    if path.startswith("modules/"):
        return f"{place} {path.split('/')[1][:2]}"
    return {"course": "the course's code", "client": "a real client", "stack": "its stack type"}.get(place, path)


@cache
def users() -> Users:
    """The users in this project, and in public samples."""
    texts = {
        place: {
            path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8")
            for pattern in patterns
            for path in sorted(ROOT.glob(pattern))
            if path.is_file() and path.name not in NO_USERS
        }
        for place, patterns in PLACES.items()
    }
    return Users(texts, yaml.safe_load((HERE / "samples.yml").read_text(encoding="utf-8")))


# ---- operations


def operations() -> dict[str, list[str]]:
    """The operations whose answer is ours, in boto3's spelling, by boto3's service."""
    session = Session()
    ours = {
        "cloudformation": {name for part in (Operations, ChangeSets) for name in vars(part)},
        "sns": set(vars(SnsProvider)),
        "sqs": set(vars(SqsProvider)),
    }
    for folder in services.FILES:
        services.load(folder)
        names = {change.name for change in patches.declared(folder) if not _refuses(change)}
        for service in BOTO.get(folder, (folder,)) if folder != "moto" else ():
            ours[service] = names
    known = {service: map(xform_name, session.get_service_model(service).operation_names) for service in sorted(ours)}
    both = {service: sorted(ours[service].intersection(names)) for service, names in known.items()}
    return {service: names for service, names in both.items() if names}


def _refuses(change: patches.Change) -> bool:
    return isinstance(change, patches.Patch) and change.function.__qualname__.startswith("_refuse")


def thing(operation: str) -> str:
    """The thing that an operation is about, in the singular: "queue" for both create_queue and list_queues."""
    name = _VERB.sub("", operation)
    for ending in _ENDINGS:
        name = name.removesuffix(ending)
    for plural, singular in _PLURALS:
        if name.endswith(plural):
            return name.removesuffix(plural) + singular
    return name


def operation_rows(service: str, names: Sequence[str]) -> Iterator[Row]:
    """The operations of a service with their users."""
    reasons = {
        name: users().of("operations", f"{service}.{name}", (name, name.replace("_", "-"), _camel(name)))
        for name in names
    }
    partners = {thing(name): name for name in reversed(names) if reasons[name]}
    for name in names:
        partner = partners.get(thing(name), "")
        yield _camel(name), reasons[name] or (partner and f"completes {_camel(partner)}")


def _camel(name: str) -> str:
    return "".join(part.capitalize() for part in name.split("_"))


# ---- stack types and state machines


def type_rows() -> Iterator[Row]:
    """The types of resources in stacks with their users."""
    for name in sorted(kinds.KINDS):
        yield name, users().of("types", name, (name,), without="stack")


def state_machine_rows() -> dict[str, list[Row]]:
    """The parts of Amazon States Language, and the services that a task can call, with their users."""

    def row(name: str, *words: str) -> Row:
        return name, users().of("state_machines", name, words or (name,))

    return {
        "Fields of states": [
            row(f"{state}.{field}", f'"{field}"', f"`{field}`")
            for state, fields in sorted(state_fields.FIELDS.items())
            for field in sorted(fields)
        ],
        "Operators of Choice": [row(f"choice {name}", f'"{name}"', f"`{name}`") for name in sorted(choice.OPERATORS)],
        "Intrinsic functions": [row(name) for name in sorted(intrinsics.FUNCTIONS)],
        "Services of tasks": [
            row(f"{service}:{action}" + (f".{pattern}" if pattern else ""))
            for service, actions in sorted(task_resources.SERVED.items())
            for action, patterns in actions.items()
            for pattern in patterns
        ],
    }


# ---- the page

HEAD = """# What the local cloud offers

Each feature costs lines, so each feature has a user. The tables list what the local cloud does itself. It leaves
everything else to moto, except what [How the local cloud differs from AWS](fidelity.md) calls not supported.

The tables name the first user of each feature, in this order:

- a lesson, a lab, a mistake that a lab rejects, the course's own code
- a document, a real client in `engine/tests/clients`, a stack type
- at least 5 of 300 public samples of AWS, drawn at random from 682 (`engine/tests/listings/samples.yml`)

Some operations complete another operation, as ListQueues completes CreateQueue. `engine/tests/listings/offers.yml` says
why a feature without a user stays. Before you add a feature, name its user.

`python engine/tests/listings/offers.py` writes this page.
"""


@cache
def parts() -> dict[str, list[Row]]:
    """The parts by the title of their table, each with its user; "" if it has none."""
    rows = {service: list(operation_rows(service, names)) for service, names in operations().items()}
    return rows | {"Resource types of stacks": list(type_rows())} | state_machine_rows()


def reasons() -> dict[tuple[str, str], str]:
    """Why parts without a user stay, by the title of their table and their name."""
    texts = yaml.safe_load((HERE / "offers.yml").read_text(encoding="utf-8"))
    return {
        (title, name): reason
        for title, names_by_reason in texts.items()
        for reason, names in names_by_reason.items()
        for name in names
    }


def without_user() -> list[tuple[str, str]]:
    """The parts that nobody uses: the title of their table, and their name."""
    return [(title, name) for title, rows in parts().items() for name, user in rows if not user]


def page() -> str:
    """The text of docs/offers.md."""
    lines, kept = [HEAD], reasons()
    for title, rows in parts().items():
        by_user: dict[str, list[str]] = {}
        for name, user in rows:
            user = "none; it completes another operation" if user.startswith("completes ") else user
            by_user.setdefault(user or f"none; {kept.get((title, name), '')}", []).append(name)
        lines += [f"## {title}", "", "| Used by | Parts |", "|---|---|"]
        lines += [f"| {user} | {', '.join(names)} |" for user, names in sorted(by_user.items(), key=_first_lessons)]
        lines.append("")
    return "\n".join(lines)


def _first_lessons(row: tuple[str, list[str]]) -> tuple[int, str]:
    user, _ = row
    order = ("lesson", "lab", "mistake", "the course", "docs", "README", "engine", "a real client", "its stack")
    return next((place for place, start in enumerate(order) if user.startswith(start)), len(order)), user


def main() -> int:
    """Writes the page. Returns 1 if a part has no reason."""
    PAGE.write_text(page(), encoding="utf-8")
    missing = [part for part in without_user() if part not in reasons()]
    for title, name in missing:
        print(
            f"{title}: {name} has no user. Remove it, or say in engine/tests/listings/offers.yml why it stays.",
            file=sys.stderr,
        )
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main())
