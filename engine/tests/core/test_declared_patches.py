"""Every declared patch fits moto and names the test of its defect, and undoing all of them restores stock moto."""

from __future__ import annotations

import ast
import functools
import importlib
import sys
from importlib import metadata
from pathlib import Path
from types import ModuleType
from typing import Any

import boto3
import moto
import pytest

from kits.patch_kit import LOOK
from serverless_cloud import services
from serverless_cloud.core import installer, patches
from serverless_cloud.core.patches import ANY, DATA_PLANE, Change, Entry, Patch

TESTS = Path(__file__).resolve().parents[1]
ROOT = TESTS.parents[1]
NAMES = (TESTS / "data" / "moto_names.txt").read_text(encoding="utf-8")


@functools.cache
def declared() -> tuple[Change, ...]:
    """All changes of all services."""
    for service in services.FILES:
        services.load(service)
    return tuple(change for service in services.FILES for change in patches.declared(service))


def owner_of(change: Change) -> Any:
    """The class, module or dictionary of moto that a change is made in."""
    found: Any = importlib.import_module(change.module)
    for name in change.path if isinstance(change, Entry) else change.path[:-1]:
        found = found[name] if isinstance(found, dict) else getattr(found, name)
    return found


def test_the_patches_were_written_for_this_version_of_moto() -> None:
    assert metadata.version("moto") == patches.MOTO, "moto has changed: look at each patch, then change MOTO"


def test_moto_still_has_what_the_patches_replace() -> None:
    assert [problem for change in declared() if (problem := installer.problem_of(change))] == []


def test_moto_still_has_what_the_files_call() -> None:
    problems, file = [], ""
    for line in NAMES.splitlines():
        if line.startswith("["):
            file = line.strip("[]")
        elif line and not line.startswith("#"):
            target, _, parameters = line.removesuffix(")").partition(" (")
            module, _, path = target.partition(":")
            called: Any = functools.reduce(getattr, path.split("."), importlib.import_module(module))
            has = patches.signature_of(called) if parameters != ANY else ANY
            if has not in (parameters, parameters or "()"):
                problems.append(f"{target} has changed: ({has}); {LOOK.format(file)}")
    assert problems == []


def test_the_files_of_the_names_exist() -> None:
    folder = ROOT / "engine" / "src" / "serverless_cloud" / "services"
    there = {path.relative_to(folder).as_posix() for path in folder.rglob("*.py")}
    assert {line.strip("[]") for line in NAMES.splitlines() if line.startswith("[")} <= there


def test_a_service_loads_the_files_that_declare_its_patches() -> None:
    made = [change for change in declared() if isinstance(change, Patch) and change.function.__module__ != "functools"]
    wrong = [
        f"{change.target} of {change.service} is declared in {change.function.__module__}"
        for change in made
        if change.function.__module__.rsplit(".", 1)[-1] not in services.FILES[change.service]
    ]
    assert wrong == []
    assert set(patches.services()) <= set(services.FILES)


def names_of_tests(path: Path) -> set[str]:
    nodes = list(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))
    defined = {node.name for node in nodes if isinstance(node, ast.FunctionDef)}
    return defined | {node.id for node in nodes if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}


@functools.cache
def is_a_test(defect: str) -> bool:
    """Whether "engine/tests/test_x.py::test_stock[a_defect]" exists. Its file must contain the text "a_defect"."""
    file, _, name = defect.partition("::")
    name, _, parameter = name.removesuffix("]").partition("[")
    path = ROOT / file
    return (
        path.is_file() and name in names_of_tests(path) and f'"{parameter}"' in path.read_text(encoding="utf-8") + '""'
    )


def test_each_patch_names_a_test_that_shows_motos_defect_or_connects_the_data_plane() -> None:
    defects = {change.defect for change in declared()} - {DATA_PLANE}
    assert sorted(defect for defect in defects if not is_a_test(defect)) == []


@pytest.mark.parametrize(
    "defect",
    ["engine/tests/test_lamps.py::test_a", "engine/tests/services/test_moto_patches.py::test_a", f"{__name__}.py"],
)
def test_a_test_that_does_not_exist_is_noticed(defect: str) -> None:
    assert not is_a_test(defect)


def test_descriptions_for_upstream_are_sentences() -> None:
    assert [c.target for c in declared() if c.upstream and not c.upstream.endswith(".")] == []


def snapshot(owner: Any) -> dict[Any, Any]:
    return dict(owner if isinstance(owner, dict) else vars(owner))


def test_undoing_all_patches_restores_moto_attribute_by_attribute() -> None:
    owners = {id(owner): owner for change in declared() for owner in [owner_of(change)]}
    modules = [module for name, module in sys.modules.items() if name.partition(".")[0] == "moto"]
    everything = [*owners.values(), *(module for module in modules if isinstance(module, ModuleType))]
    before = [snapshot(owner) for owner in everything]
    own = installer.Installer()
    try:
        own.apply(declared())
        changed = sum(snapshot(owner) != was for owner, was in zip(everything, before, strict=True))
    finally:
        own.undo()
    assert changed > 100
    assert [owner for owner, was in zip(everything, before, strict=True) if snapshot(owner) != was] == []


@pytest.mark.usefixtures("_stock_credentials")
def test_moto_works_by_itself_after_it() -> None:
    own = installer.Installer()
    own.apply(declared())
    own.undo()
    with moto.mock_aws():
        sqs = boto3.client("sqs", "us-east-1")
        url = sqs.create_queue(QueueName="orders")["QueueUrl"]
        sqs.send_message(QueueUrl=url, MessageBody="a lamp")
        assert sqs.receive_message(QueueUrl=url)["Messages"][0]["Body"] == "a lamp"
        sns = boto3.client("sns", "us-east-1")
        topic = sns.create_topic(Name="orders")["TopicArn"]
        assert sns.publish(TopicArn=topic, Message="a lamp")["MessageId"]
        states = boto3.client("stepfunctions", "us-east-1")
        assert states.list_state_machines()["stateMachines"] == []


@pytest.fixture
def _stock_credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "local")
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
