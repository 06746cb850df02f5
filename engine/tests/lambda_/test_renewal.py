"""What ends an environment: every change of the function, and its deletion, also while a call is under way."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from serverless_cloud import Cloud


def settings(kit: Any, **changed: Any) -> Any:
    return kit.client("lambda").update_function_configuration(FunctionName="price", **changed)


CHANGES: dict[str, Callable[[Any], Any]] = {
    "a description": lambda kit: settings(kit, Description="for the sale"),
    "the same timeout": lambda kit: settings(kit, Timeout=3),
    "another role": lambda kit: settings(kit, Role=kit.make_role("hikari-other")),
    "more storage": lambda kit: settings(kit, EphemeralStorage={"Size": 1024}),
    "the same code": lambda kit: kit.change_code("price", kit.COUNT),
}


@pytest.mark.parametrize("change", CHANGES)
def test_any_change_renews_the_environments(aws: Cloud, kit: Any, change: str) -> None:
    kit.deploy("price", kit.COUNT)
    first = kit.invoke("price").payload
    CHANGES[change](kit)
    second = kit.invoke("price").payload
    assert (second["count"], second["pid"] == first["pid"]) == (1, False)
    assert [e.state for e in aws.environments("price")] == ["ended", "frozen"]


def served_by_another(aws: Cloud, kit: Any, folder: Path) -> bool:
    """Whether the next call gets an environment that has not served before."""
    with kit.held("price", folder / "next"):
        (busy,) = [e for e in aws.environments("price") if e.state == "busy"]
        return bool(busy.invocations == 1)


def test_a_function_that_is_deleted_and_made_again_during_a_call(aws: Cloud, kit: Any, tmp_path: Path) -> None:
    kit.deploy("price", kit.HOLD, Timeout=60)
    with kit.held("price", tmp_path / "busy") as calls:
        kit.client("lambda").delete_function(FunctionName="price")
        kit.deploy("price", kit.HOLD, Timeout=60)
    assert calls[0].result().error is None
    assert served_by_another(aws, kit, tmp_path)


def test_a_change_and_its_reversal_during_a_call(aws: Cloud, kit: Any, tmp_path: Path) -> None:
    kit.deploy("price", kit.HOLD, Timeout=60)
    with kit.held("price", tmp_path / "busy"):
        for timeout_s in (61, 60):
            settings(kit, Timeout=timeout_s)
    assert served_by_another(aws, kit, tmp_path)


def test_the_log_of_a_call_does_not_outlive_a_reset(aws: Cloud, kit: Any, tmp_path: Path) -> None:
    kit.deploy("price", kit.HOLD, Timeout=60)
    with kit.held("price", tmp_path / "busy", 5):
        aws.reset()
    assert kit.client("logs").describe_log_groups()["logGroups"] == []
