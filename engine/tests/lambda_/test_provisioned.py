"""Provisioned concurrency: environments that are there before the first call, used first, and replaced."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import psutil
import pytest

import serverless_cloud as cloud
from serverless_cloud import Cloud

SAYS = """
import os
def handler(event, context):
    {more}
    return {{"pid": os.getpid(), "kind": os.environ["AWS_LAMBDA_INITIALIZATION_TYPE"],
            "version": context.function_version}}
"""
HOLD_AND_SAY = """
def handler(event, context):
    if event:
        open(event["here"], "w").close()
        wait_for(lambda: os.path.exists(event["leave"]))
    return {"pid": os.getpid(), "kind": os.environ["AWS_LAMBDA_INITIALIZATION_TYPE"]}
"""
NAME = {"FunctionName": "price"}


def deploy(kit: Any, source: str = SAYS.format(more="")) -> str:
    """`price`, with version 1 published; its ARN."""
    arn = kit.deploy("price", source, Timeout=60)
    assert kit.publish("price") == "1"
    return str(arn)


def provision(kit: Any, count: int, qualifier: str = "1") -> dict[str, Any]:
    """Asks for provisioned concurrency and waits until it is there; what Get... answers then."""
    lam = kit.client("lambda")
    lam.put_provisioned_concurrency_config(**NAME, Qualifier=qualifier, ProvisionedConcurrentExecutions=count)
    return ready(kit, count, qualifier)


def ready(kit: Any, count: int, qualifier: str = "1") -> dict[str, Any]:
    def look() -> Any:
        answer = kit.client("lambda").get_provisioned_concurrency_config(**NAME, Qualifier=qualifier)
        return answer if answer["Status"] == "READY" else None

    answer: dict[str, Any] = kit.eventually(look, f"{count} environments are provisioned")
    assert answer["RequestedProvisionedConcurrentExecutions"] == count
    assert answer["AllocatedProvisionedConcurrentExecutions"] == count
    return answer


def pids(aws: Cloud, *, provisioned: bool = True, version: str = "1") -> set[int]:
    """The processes of the environments that have not ended."""
    found = aws.environments("price")
    return {e.pid for e in found if e.state != "ended" and (e.provisioned, e.version) == (provisioned, version)}


def test_they_are_there_before_the_first_call_and_used_first(aws: Cloud, kit: Any) -> None:
    deploy(kit)
    assert provision(kit, 3)["AvailableProvisionedConcurrentExecutions"] == 3
    found = aws.environments("price")
    assert [(e.provisioned, e.state, e.invocations, e.version) for e in found] == [(True, "frozen", 0, "1")] * 3
    assert all(psutil.pid_exists(e.pid) for e in found)
    assert {row.phase for row in aws.timeline("price")} == {"init", "frozen"}
    answers = [kit.invoke("price", Qualifier="1") for _ in range(4)]
    assert {a.payload["kind"] for a in answers} == {"provisioned-concurrency"}
    assert {a.payload["pid"] for a in answers} <= pids(aws)
    assert all("Init Duration" not in a.log for a in answers)
    assert kit.invoke("price").payload["kind"] == "on-demand"  # $LATEST has none
    assert pids(aws, provisioned=False, version="$LATEST")


def test_put_answers_at_once_and_describes_what_is_under_way(kit: Any, tmp_path: Path) -> None:
    go = tmp_path / "go"
    deploy(kit, kit.WAIT + f"wait_for(lambda: os.path.exists({str(go)!r}))\ndef handler(e, c):\n    return 1\n")
    lam = kit.client("lambda")
    answer = lam.put_provisioned_concurrency_config(**NAME, Qualifier="1", ProvisionedConcurrentExecutions=2)
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 202
    assert (answer["Status"], answer["RequestedProvisionedConcurrentExecutions"]) == ("IN_PROGRESS", 2)
    assert answer["AllocatedProvisionedConcurrentExecutions"] == 0
    go.touch()
    ready(kit, 2)


def test_more_calls_than_provisioned_spill_over(kit: Any, tmp_path: Path) -> None:
    deploy(kit, kit.WAIT + HOLD_AND_SAY)
    provision(kit, 2)
    with kit.held("price", tmp_path / "busy", 3, Qualifier="1") as calls:
        lam = kit.client("lambda")
        answer = lam.get_provisioned_concurrency_config(**NAME, Qualifier="1")
        assert (answer["Status"], answer["AvailableProvisionedConcurrentExecutions"]) == ("READY", 0)
        assert answer["AllocatedProvisionedConcurrentExecutions"] == 2
    kinds = sorted(call.result().payload["kind"] for call in calls)
    assert kinds == ["on-demand", "provisioned-concurrency", "provisioned-concurrency"]
    for _ in range(3):  # one at a time: the provisioned ones come first again
        assert kit.invoke("price", Qualifier="1").payload["kind"] == "provisioned-concurrency"


def test_idle_expiry_leaves_them_alone(aws: Cloud, kit: Any, tmp_path: Path) -> None:
    deploy(kit, kit.WAIT + HOLD_AND_SAY)
    provision(kit, 1)
    with kit.held("price", tmp_path / "busy", 2, Qualifier="1"):
        on_demand = pids(aws, provisioned=False)
        assert len(on_demand) == 1
    before = pids(aws)
    try:
        cloud.start(idle_expiry_s=0.1)
        kit.eventually(lambda: not pids(aws, provisioned=False), "the one on demand has expired")
        kit.deploy("orders", kit.COUNT)  # one more that expires after a whole round of the clock
        kit.invoke("orders")
        kit.eventually(lambda: aws.environments("orders")[0].state == "ended", "the other function's has expired")
    finally:
        cloud.start(idle_expiry_s=600)
    assert pids(aws) == before
    assert kit.invoke("price", Qualifier="1").payload["pid"] in before


@pytest.mark.parametrize("way", ["by the call", "while frozen"])
def test_one_that_ends_is_replaced(aws: Cloud, kit: Any, way: str) -> None:
    deploy(kit, SAYS.format(more="if event: os._exit(1)"))
    provision(kit, 2)
    before = pids(aws)
    if way == "by the call":
        assert kit.invoke("price", {"end": True}, Qualifier="1").payload["errorType"] == "Runtime.ExitError"
    else:
        psutil.Process(min(before)).kill()
    kit.eventually(lambda: len(pids(aws)) == 2 and pids(aws) != before, "there are two again")
    assert ready(kit, 2)["AvailableProvisionedConcurrentExecutions"] == 2
    for _ in range(3):
        assert kit.invoke("price", Qualifier="1").payload["kind"] == "provisioned-concurrency"


def test_an_alias_that_is_moved_takes_its_environments_along(aws: Cloud, kit: Any) -> None:
    deploy(kit)
    lam = kit.client("lambda")
    lam.create_alias(**NAME, Name="live", FunctionVersion="1")
    provision(kit, 2, "live")
    before = pids(aws)
    assert len(before) == 2
    kit.change_code("price", SAYS.format(more="'second'"))
    assert kit.publish("price") == "2"
    lam.update_alias(**NAME, Name="live", FunctionVersion="2")
    kit.eventually(lambda: len(pids(aws, version="2")) == 2, "version 2 has two")
    kit.eventually(lambda: not pids(aws) and not any(map(psutil.pid_exists, before)), "those of version 1 have ended")
    ready(kit, 2, "live")
    said = kit.invoke("price", Qualifier="live").payload
    assert (said["version"], said["kind"]) == ("2", "provisioned-concurrency")
    assert kit.invoke("price", Qualifier="1").payload["kind"] == "on-demand"


def test_an_alias_with_weights_divides_them(aws: Cloud, kit: Any) -> None:
    deploy(kit)
    kit.change_code("price", SAYS.format(more="'second'"))
    assert kit.publish("price") == "2"
    kit.client("lambda").create_alias(
        **NAME, Name="live", FunctionVersion="1", RoutingConfig={"AdditionalVersionWeights": {"2": 0.25}}
    )
    provision(kit, 4, "live")
    assert (len(pids(aws)), len(pids(aws, version="2"))) == (3, 1)


@pytest.mark.parametrize("deletion", ["config", "alias", "function"])
def test_a_deletion_ends_them(aws: Cloud, kit: Any, deletion: str) -> None:
    deploy(kit)
    lam = kit.client("lambda")
    lam.create_alias(**NAME, Name="live", FunctionVersion="1")
    provision(kit, 2, "live")
    before = pids(aws)
    if deletion == "config":
        lam.delete_provisioned_concurrency_config(**NAME, Qualifier="live")
    elif deletion == "alias":
        lam.delete_alias(**NAME, Name="live")
    else:
        lam.delete_function(**NAME)
    kit.eventually(lambda: not any(map(psutil.pid_exists, before)), "the processes have ended")
    kit.eventually(lambda: {e.state for e in aws.environments("price")} == {"ended"}, "the environments too")
    if deletion != "function":
        assert lam.list_provisioned_concurrency_configs(**NAME)["ProvisionedConcurrencyConfigs"] == []
        assert kit.invoke("price", Qualifier="1").payload["kind"] == "on-demand"
        if deletion == "config":
            refusal = kit.refused(lambda: lam.get_provisioned_concurrency_config(**NAME, Qualifier="live"))
            assert (refusal.code, refusal.status) == ("ProvisionedConcurrencyConfigNotFoundException", 404)


def test_a_version_that_is_deleted_takes_its_configuration_with_it(aws: Cloud, kit: Any) -> None:
    deploy(kit)
    provision(kit, 1)
    lam = kit.client("lambda")
    lam.delete_function(**NAME, Qualifier="1")
    kit.eventually(lambda: not pids(aws), "its environments have ended")
    assert lam.list_provisioned_concurrency_configs(**NAME)["ProvisionedConcurrencyConfigs"] == []
    assert kit.publish("price") == "2"
    provision(kit, 1, "2")


def test_a_number_that_is_changed_while_all_are_busy(aws: Cloud, kit: Any, tmp_path: Path) -> None:
    deploy(kit, kit.WAIT + HOLD_AND_SAY)
    provision(kit, 3)
    with kit.held("price", tmp_path / "busy", 3, Qualifier="1"):
        provision(kit, 1)
        assert len(pids(aws)) == 3  # they finish their calls
    kit.eventually(lambda: len(pids(aws)) == 1, "two have ended after their calls")
    provision(kit, 4)
    assert len(pids(aws)) == 4
    with kit.held("price", tmp_path / "again", 4, Qualifier="1") as calls:
        kit.client("lambda").delete_provisioned_concurrency_config(**NAME, Qualifier="1")
    assert {call.result().payload["kind"] for call in calls} == {"provisioned-concurrency"}
    kit.eventually(lambda: not pids(aws), "all have ended")
    kit.eventually(
        lambda: not any(psutil.pid_exists(e.pid) for e in aws.environments("price") if e.provisioned), "no process"
    )


@pytest.mark.parametrize(
    ("qualifier", "reserved", "count", "code", "text"),
    [
        ("$LATEST", None, 1, "InvalidParameterValueException", "unpublished function versions"),
        ("7", None, 1, "ResourceNotFoundException", "price:7"),
        ("live", None, 1, "ResourceNotFoundException", "price:live"),
        ("1", 5, 6, "InvalidParameterValueException", "[5]"),
        ("1", None, 901, "InvalidParameterValueException", "[100]"),
    ],
)
def test_what_is_refused(
    aws: Cloud, kit: Any, qualifier: str, reserved: int | None, count: int, code: str, text: str
) -> None:
    deploy(kit)
    lam = kit.client("lambda")
    if reserved is not None:
        lam.put_function_concurrency(**NAME, ReservedConcurrentExecutions=reserved)
    refusal = kit.refused(
        lambda: lam.put_provisioned_concurrency_config(
            **NAME, Qualifier=qualifier, ProvisionedConcurrentExecutions=count
        )
    )
    assert (refusal.code, text in refusal.message) == (code, True), refusal.message
    assert lam.list_provisioned_concurrency_configs(**NAME)["ProvisionedConcurrencyConfigs"] == []
    assert aws.environments("price") == []


def test_a_reservation_below_what_is_provisioned_is_refused(kit: Any) -> None:
    deploy(kit)
    provision(kit, 2)
    lam = kit.client("lambda")
    refusal = kit.refused(lambda: lam.put_function_concurrency(**NAME, ReservedConcurrentExecutions=1))
    assert (refusal.code, "[2]" in refusal.message) == ("InvalidParameterValueException", True)
    lam.put_function_concurrency(**NAME, ReservedConcurrentExecutions=2)


def test_reserved_concurrency_holds_for_them_too(kit: Any, tmp_path: Path) -> None:
    deploy(kit, kit.WAIT + HOLD_AND_SAY)
    kit.client("lambda").put_function_concurrency(**NAME, ReservedConcurrentExecutions=2)
    provision(kit, 2)
    with kit.held("price", tmp_path / "busy", 2, Qualifier="1"):
        assert kit.refused(lambda: kit.invoke("price", Qualifier="1")).status == 429


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("raise ValueError('no price list')\n", "no price list"),
        ("import os\nos._exit(4)\n", "exit status 4"),
        ("import lampshade\n", "lampshade"),
    ],
)
def test_init_that_fails_says_why(aws: Cloud, kit: Any, source: str, reason: str) -> None:
    deploy(kit, source)
    lam = kit.client("lambda")
    lam.put_provisioned_concurrency_config(**NAME, Qualifier="1", ProvisionedConcurrentExecutions=2)

    def failed() -> Any:
        answer = lam.get_provisioned_concurrency_config(**NAME, Qualifier="1")
        return answer if answer["Status"] == "FAILED" else None

    answer = kit.eventually(failed, "it has failed")
    assert answer["AllocatedProvisionedConcurrentExecutions"] == 0
    assert answer["StatusReason"].startswith("FUNCTION_ERROR_INIT_FAILURE")
    assert reason in answer["StatusReason"]
    assert kit.invoke("price", Qualifier="1").error == "Unhandled"
    kit.eventually(lambda: {e.state for e in aws.environments("price")} == {"ended"}, "nothing is left")


def test_two_versions_each_with_their_own(aws: Cloud, kit: Any) -> None:
    deploy(kit)
    kit.change_code("price", SAYS.format(more="'second'"))
    assert kit.publish("price") == "2"
    provision(kit, 1, "1")
    provision(kit, 2, "2")
    assert (len(pids(aws)), len(pids(aws, version="2"))) == (1, 2)
    listed = kit.client("lambda").list_provisioned_concurrency_configs(**NAME)["ProvisionedConcurrencyConfigs"]
    assert [
        (row["FunctionArn"].rsplit(":", 1)[1], row["RequestedProvisionedConcurrentExecutions"]) for row in listed
    ] == [("1", 1), ("2", 2)]


def test_reset_ends_them_also_while_they_start(aws: Cloud, kit: Any) -> None:
    deploy(kit)
    provision(kit, 2)
    before = pids(aws)
    lam = kit.client("lambda")
    lam.put_provisioned_concurrency_config(**NAME, Qualifier="1", ProvisionedConcurrentExecutions=8)
    aws.reset()
    assert not any(map(psutil.pid_exists, before))
    server = psutil.Process(aws.environments.__self__._server.pid)  # type: ignore[attr-defined]
    kit.eventually(lambda: not kit.environment_processes(server), "the server has no process of an environment")
    assert aws.environments() == []


def test_when_all_that_is_reserved_is_provisioned_latest_is_refused(kit: Any) -> None:
    deploy(kit)
    lam = kit.client("lambda")
    lam.put_function_concurrency(FunctionName="price", ReservedConcurrentExecutions=2)
    provision(kit, 2)
    kit.refused(lambda: lam.invoke(FunctionName="price"), "TooManyRequestsException", status=429)
    assert kit.invoke("price", Qualifier="1").error is None
    lam.put_function_concurrency(FunctionName="price", ReservedConcurrentExecutions=3)
    assert kit.invoke("price").error is None


def test_what_init_prints_stands_before_the_first_call_and_its_time_is_not_billed(kit: Any) -> None:
    deploy(kit, "import time\nprint('price list read')\ntime.sleep(0.5)\ndef handler(event, context):\n    return 1\n")
    provision(kit, 1)
    first, second = (kit.invoke("price", Qualifier="1") for _ in range(2))
    assert first.log.index("price list read") < first.log.index("START")
    assert "Init Duration" not in first.log
    assert "price list read" not in second.log
