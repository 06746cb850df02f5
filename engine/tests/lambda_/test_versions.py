"""Versions and aliases: what is published stays as it is; an alias sends calls to one version or to two."""

from __future__ import annotations

import json
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import psutil
import pytest

from serverless_cloud import Cloud

#: A handler that says what it is: its text, its variables, the version that the runtime knows.
SAYS = """
import os
def handler(event, context):
    return {{"text": "{text}", "shop": os.environ.get("SHOP"), "pid": os.getpid(),
            "version": context.function_version, "arn": context.invoked_function_arn,
            "stream": context.log_stream_name, "variable": os.environ["AWS_LAMBDA_FUNCTION_VERSION"]}}
"""


def says(text: str) -> str:
    return SAYS.format(text=text)


def two_versions(kit: Any) -> str:
    """Versions 1 and 2 of `price`, and $LATEST, with different code; the function's ARN."""
    arn = kit.deploy("price", says("one"))
    assert kit.publish("price") == "1"
    kit.change_code("price", says("two"))
    assert kit.publish("price") == "2"
    kit.change_code("price", says("three"))
    return str(arn)


def alias(kit: Any, name: str = "live", version: str = "1", **weights: float) -> dict[str, Any]:
    """An alias of `price`; `alias(kit, _2=0.5)` sends half of the calls to version 2."""
    routing = {"AdditionalVersionWeights": {k.removeprefix("_"): v for k, v in weights.items()}}
    more = {"RoutingConfig": routing} if weights else {}
    return dict(kit.client("lambda").create_alias(FunctionName="price", Name=name, FunctionVersion=version, **more))


# ---- versions


def test_a_version_keeps_its_code_and_its_settings(kit: Any) -> None:
    lam = kit.client("lambda")
    kit.deploy("price", says("old"), Environment={"Variables": {"SHOP": "Hikari"}}, MemorySize=128, Timeout=5)
    published = lam.publish_version(FunctionName="price", Description="before the sale")
    assert (published["Version"], published["Description"]) == ("1", "before the sale")
    assert published["FunctionArn"].endswith(":function:price:1")
    kit.change_code("price", says("new"))
    lam.update_function_configuration(
        FunctionName="price", Environment={"Variables": {"SHOP": "Akari"}}, MemorySize=256, Timeout=9
    )
    old = kit.invoke("price", Qualifier="1")
    new = kit.invoke("price")
    assert (old.payload["text"], old.payload["shop"], old.version) == ("old", "Hikari", "1")
    assert (new.payload["text"], new.payload["shop"], new.version) == ("new", "Akari", "$LATEST")
    assert "Memory Size: 128 MB" in old.log
    assert "Memory Size: 256 MB" in new.log
    kept = lam.get_function_configuration(FunctionName="price", Qualifier="1")
    assert (kept["Version"], kept["MemorySize"], kept["Timeout"]) == ("1", 128, 5)
    assert kept["Environment"]["Variables"] == {"SHOP": "Hikari"}
    assert kept["CodeSha256"] == published["CodeSha256"]
    assert lam.get_function_configuration(FunctionName="price")["MemorySize"] == 256


def test_the_same_code_and_settings_are_the_same_version(kit: Any) -> None:
    kit.deploy("price", says("one"))
    assert [kit.publish("price") for _ in range(3)] == ["1", "1", "1"]
    kit.client("lambda").update_function_configuration(FunctionName="price", MemorySize=256)
    assert [kit.publish("price") for _ in range(2)] == ["2", "2"]


@pytest.mark.parametrize(
    "setting",
    [
        {"Environment": {"Variables": {"SHOP": "Hikari"}}},
        {"Timeout": 7},
        {"Handler": "price.other"},
        {"Runtime": "python3.12"},
        {"LoggingConfig": {"LogFormat": "JSON"}},
    ],
    ids=lambda s: next(iter(s)),
)
def test_any_other_setting_makes_a_new_version(kit: Any, setting: dict[str, Any]) -> None:
    kit.deploy("price", says("one"))
    assert kit.publish("price") == "1"
    kit.client("lambda").update_function_configuration(FunctionName="price", **setting)
    assert kit.publish("price") == "2"


def test_a_number_is_never_used_again(kit: Any) -> None:
    lam = kit.client("lambda")
    two_versions(kit)
    lam.delete_function(FunctionName="price", Qualifier="2")
    assert [kit.publish("price")] == ["3"]
    lam.delete_function(FunctionName="price", Qualifier="3")
    lam.delete_function(FunctionName="price", Qualifier="1")
    assert kit.publish("price") == "4"
    found = [v["Version"] for v in lam.list_versions_by_function(FunctionName="price")["Versions"]]
    assert found == ["$LATEST", "4"]


def test_a_function_made_again_counts_from_one(kit: Any) -> None:
    two_versions(kit)
    alias(kit, "live", "1")
    assert kit.invoke("price", Qualifier="1").payload["text"] == "one"
    kit.client("lambda").delete_function(FunctionName="price")
    kit.deploy("price", says("made again"))
    assert kit.client("lambda").list_aliases(FunctionName="price")["Aliases"] == []
    assert kit.publish("price") == "1"
    assert kit.invoke("price", Qualifier="1").payload["text"] == "made again"


#: Ways to name a version or an alias; {arn} and {q} are the function's ARN and the qualifier.
NAMES = {
    "parameter": {"FunctionName": "price", "Qualifier": "{q}"},
    "name": {"FunctionName": "price:{q}"},
    "ARN": {"FunctionName": "{arn}:{q}"},
    "ARN and parameter": {"FunctionName": "{arn}", "Qualifier": "{q}"},
    "partial ARN": {"FunctionName": "123456789012:function:price:{q}"},
}


@pytest.mark.parametrize("way", NAMES)
def test_every_way_to_name_a_version_or_an_alias(kit: Any, way: str) -> None:
    arn = two_versions(kit)
    alias(kit, "live", "2")
    lam = kit.client("lambda")
    for qualifier, version, text in (("1", "1", "one"), ("live", "2", "two"), ("$LATEST", "$LATEST", "three")):
        reply = lam.invoke(**{k: v.format(arn=arn, q=qualifier) for k, v in NAMES[way].items()})
        said = json.loads(reply["Payload"].read())
        assert (reply["ExecutedVersion"], said["text"]) == (version, text)
        assert (said["version"], said["variable"]) == (version, version)
        assert f"[{version}]" in said["stream"]
        assert said["arn"] == f"{arn}:{qualifier}"


def test_without_a_qualifier_the_arn_has_none(kit: Any) -> None:
    arn = two_versions(kit)
    assert kit.invoke("price").payload["arn"] == kit.invoke(arn).payload["arn"] == arn


def test_publish_in_create_and_in_update(kit: Any) -> None:
    lam = kit.client("lambda")
    kit.deploy("price", says("one"), Publish=True)
    assert kit.change_code("price", says("two"), Publish=True)["Version"] == "2"
    assert [kit.invoke("price", Qualifier=q).payload["text"] for q in ("1", "2", "$LATEST")] == ["one", "two", "two"]
    found = [v["Version"] for v in lam.list_versions_by_function(FunctionName="price")["Versions"]]
    assert found == ["$LATEST", "1", "2"]


def test_create_with_publish_answers_with_the_version(kit: Any) -> None:
    answer = kit.client("lambda").create_function(**kit.function("price", says("one"), Publish=True))
    assert answer["Version"] == "1"


def test_a_version_and_latest_are_different_processes(aws: Cloud, kit: Any) -> None:
    kit.deploy("price", says("one"))
    assert kit.publish("price") == "1"  # the very same code
    pids = {q: kit.invoke("price", Qualifier=q).payload["pid"] for q in ("1", "$LATEST")}
    assert pids["1"] != pids["$LATEST"]
    assert {e.version: e.pid for e in aws.environments("price")} == pids
    assert {q: kit.invoke("price", Qualifier=q).payload["pid"] for q in pids} == pids


def test_new_code_ends_the_environments_of_latest_alone(kit: Any) -> None:
    two_versions(kit)
    before = {q: kit.invoke("price", Qualifier=q).payload["pid"] for q in ("1", "2", "$LATEST")}
    kit.change_code("price", says("four"))
    assert not psutil.pid_exists(before["$LATEST"])
    assert kit.invoke("price", Qualifier="1").payload["pid"] == before["1"]
    assert kit.invoke("price", Qualifier="2").payload["pid"] == before["2"]
    assert kit.invoke("price").payload["text"] == "four"


def test_a_published_version_cannot_be_changed(kit: Any) -> None:
    two_versions(kit)
    lam = kit.client("lambda")
    package = kit.zip_of({"price.py": says("new")})
    for call in (
        lambda: lam.update_function_code(FunctionName="price:1", ZipFile=package),
        lambda: lam.update_function_configuration(FunctionName="price:1", Timeout=9),
    ):
        refusal = kit.refused(call)
        assert refusal.code in ("InvalidParameterValueException", "ResourceNotFoundException")
    assert kit.invoke("price", Qualifier="1").payload["text"] == "one"
    assert lam.get_function_configuration(FunctionName="price", Qualifier="1")["Timeout"] == 3


def test_deleting_a_version_ends_its_environments_alone(aws: Cloud, kit: Any) -> None:
    two_versions(kit)
    pids = {q: kit.invoke("price", Qualifier=q).payload["pid"] for q in ("1", "2", "$LATEST")}
    kit.client("lambda").delete_function(FunctionName="price", Qualifier="1")
    assert {e.pid: e.state for e in aws.environments("price")} == {
        pids["1"]: "ended", pids["2"]: "frozen", pids["$LATEST"]: "frozen",
    }  # fmt: skip
    kit.refused(lambda: kit.invoke("price", Qualifier="1"), "ResourceNotFoundException", status=404)


def test_a_version_in_use_cannot_be_deleted(kit: Any) -> None:
    two_versions(kit)
    alias(kit, "live", "1", _2=0.1)
    lam = kit.client("lambda")
    for version in ("1", "2"):
        refusal = kit.refused(lambda v=version: lam.delete_function(FunctionName="price", Qualifier=v))
        assert (refusal.code, refusal.status) == ("ResourceConflictException", 409)
        assert "live" in refusal.message
    lam.delete_alias(FunctionName="price", Name="live")
    lam.delete_function(FunctionName="price", Qualifier="2")


def test_latest_cannot_be_deleted_alone(kit: Any) -> None:
    two_versions(kit)
    lam = kit.client("lambda")
    refusal = kit.refused(lambda: lam.delete_function(FunctionName="price", Qualifier="$LATEST"))
    assert refusal.code == "InvalidParameterValueException"
    assert "$LATEST version cannot be deleted without deleting the function" in refusal.message
    assert kit.invoke("price").payload["text"] == "three"


def test_a_function_that_is_deleted_takes_all_its_versions_with_it(aws: Cloud, kit: Any) -> None:
    two_versions(kit)
    for qualifier in ("1", "2", "$LATEST"):
        kit.invoke("price", Qualifier=qualifier)
    kit.client("lambda").delete_function(FunctionName="price")
    assert {e.state for e in aws.environments("price")} == {"ended"}
    assert kit.refused(lambda: kit.invoke("price", Qualifier="1")).code == "ResourceNotFoundException"


@pytest.mark.parametrize("qualifier", ["7", "live"])
def test_a_version_or_an_alias_that_does_not_exist(aws: Cloud, kit: Any, qualifier: str) -> None:
    arn = two_versions(kit)
    refusal = kit.refused(lambda: kit.invoke("price", Qualifier=qualifier))
    assert (refusal.code, refusal.status) == ("ResourceNotFoundException", 404)
    assert f"{arn}:{qualifier}" in refusal.message
    assert aws.environments("price") == []


# ---- aliases


@pytest.mark.parametrize(("weight", "expected"), [(0.0, {"1"}), (1.0, {"2"})])
def test_a_weight_of_none_and_of_all(kit: Any, weight: float, expected: set[str]) -> None:
    two_versions(kit)
    alias(kit, "live", "1", _2=weight)
    assert {kit.invoke("price", Qualifier="live").version for _ in range(30)} == expected


def test_a_weight_of_one_half(kit: Any) -> None:
    two_versions(kit)
    alias(kit, "live", "1", _2=0.5)
    through = kit.client("lambda")
    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(lambda _: kit.invoke("price:live", through=through), range(200)))
    drawn = Counter(a.version for a in answers)
    assert set(drawn) == {"1", "2"}
    assert 57 <= drawn["2"] <= 143, drawn  # 100, and six standard deviations of 7.1 each way
    assert {(a.version, a.payload["text"]) for a in answers} == {("1", "one"), ("2", "two")}
    assert {a.payload["arn"].rsplit(":", 1)[1] for a in answers} == {"live"}


@pytest.mark.parametrize(
    ("version", "weights", "code", "text"),
    [
        ("1", {"2": 0.1, "3": 0.1}, "InvalidParameterValueException", "greater than 1"),
        ("1", {"1": 0.1}, "InvalidParameterValueException", "already included"),
        ("$LATEST", {"1": 0.1}, "InvalidParameterValueException", "$LATEST is not supported"),
        ("1", {"$LATEST": 0.1}, "ValidationException", "Value '{$LATEST=0.1}' at"),
        ("1", {"2": 1.1}, "ValidationException", "less than or equal to 1.0"),
        ("1", {"2": -0.1}, "ValidationException", "greater than or equal to 0.0"),
        ("1", {"7": 0.1}, "ResourceNotFoundException", "price:7"),
        ("7", {}, "ResourceNotFoundException", "price:7"),
        ("live", {}, "ValidationException", "functionVersion"),
    ],
)
def test_a_routing_that_is_refused(
    kit: Any, aws: Cloud, version: str, weights: dict[str, float], code: str, text: str
) -> None:
    two_versions(kit)
    lam, routing = kit.client("lambda"), {"AdditionalVersionWeights": weights}
    alias(kit, "stable", "1")
    body = {"Name": "live", "FunctionVersion": version, "RoutingConfig": routing}
    if all(0 <= w <= 1 for w in weights.values()):
        refusal = kit.refused(lambda: lam.create_alias(FunctionName="price", **body))
        assert (refusal.code, text in refusal.message) == (code, True), refusal.message
        change = {"FunctionVersion": version, "RoutingConfig": routing}
        again = kit.refused(lambda: lam.update_alias(FunctionName="price", Name="stable", **change))
        assert (again.code, again.message) == (refusal.code, refusal.message)
    else:  # boto3 refuses it itself
        path = "/2015-03-31/functions/price/aliases"
        status, answer = kit.raw(aws.endpoint_url, "POST", path, json.dumps(body).encode())
        assert (status, text in str(answer)) == (400, True), answer
    assert [a["Name"] for a in lam.list_aliases(FunctionName="price")["Aliases"]] == ["stable"]
    assert kit.invoke("price", Qualifier="stable").version == "1"


@pytest.mark.parametrize("name", ["7", "my live", "live!", ""])
def test_an_alias_with_a_name_that_is_refused(kit: Any, aws: Cloud, name: str) -> None:
    two_versions(kit)
    body = json.dumps({"Name": name, "FunctionVersion": "1"}).encode()
    status, answer = kit.raw(aws.endpoint_url, "POST", "/2015-03-31/functions/price/aliases", body)
    assert (status, "regular expression pattern" in str(answer)) == (400, True), answer
    assert kit.client("lambda").list_aliases(FunctionName="price")["Aliases"] == []


def test_an_alias_that_is_there_already(kit: Any) -> None:
    two_versions(kit)
    alias(kit, "live", "1")
    kit.refused(lambda: alias(kit, "live", "2"), "ResourceConflictException", status=409)
    assert kit.invoke("price", Qualifier="live").version == "1"


def test_an_alias_is_moved_then_deleted(kit: Any) -> None:
    lam, arn = kit.client("lambda"), two_versions(kit)
    assert alias(kit, "live", "1")["AliasArn"] == f"{arn}:live"
    assert kit.invoke("price", Qualifier="live").payload["text"] == "one"
    lam.update_alias(FunctionName="price", Name="live", FunctionVersion="2")
    assert kit.invoke("price", Qualifier="live").payload["text"] == "two"
    routing = {"AdditionalVersionWeights": {"1": 1.0}}
    lam.update_alias(FunctionName="price", Name="live", RoutingConfig=routing)
    assert lam.get_alias(FunctionName="price", Name="live")["RoutingConfig"] == routing
    assert kit.invoke("price", Qualifier="live").payload["text"] == "one"
    lam.update_alias(FunctionName="price", Name="live", RoutingConfig={"AdditionalVersionWeights": {}})
    assert kit.invoke("price", Qualifier="live").payload["text"] == "two"
    lam.delete_alias(FunctionName="price", Name="live")
    assert kit.refused(lambda: kit.invoke("price", Qualifier="live")).code == "ResourceNotFoundException"
    assert kit.invoke("price", Qualifier="2").payload["text"] == "two"


def test_an_alias_of_latest_follows_the_code(kit: Any) -> None:
    two_versions(kit)
    alias(kit, "test", "$LATEST")
    kit.change_code("price", says("newest"))
    answer = kit.invoke("price", Qualifier="test")
    assert (answer.version, answer.payload["text"]) == ("$LATEST", "newest")


def test_an_alias_is_switched_while_calls_run(kit: Any) -> None:
    two_versions(kit)
    alias(kit, "live", "1")
    lam = kit.client("lambda")
    with ThreadPoolExecutor(6) as pool:
        calls = [pool.submit(kit.invoke, "price:live", through=lam) for _ in range(150)]
        for number in range(20):
            lam.update_alias(FunctionName="price", Name="live", FunctionVersion="12"[number % 2])
        answers = [call.result() for call in calls]
    assert {a.error for a in answers} == {None}
    assert {(a.version, a.payload["text"]) for a in answers} <= {("1", "one"), ("2", "two")}
    assert kit.invoke("price:live").version == "2"


def test_code_is_changed_while_a_hundred_calls_run(aws: Cloud, kit: Any) -> None:
    kit.deploy("price", says("0"))
    lam = kit.client("lambda")
    with ThreadPoolExecutor(8) as pool:
        calls = [pool.submit(kit.invoke, "price", through=lam) for _ in range(100)]
        for number in range(1, 9):
            kit.change_code("price", says(str(number)))
        answers = [call.result() for call in calls]
    assert {a.error for a in answers} == {None}
    assert kit.invoke("price").payload["text"] == "8"
    kit.eventually(
        lambda: all(psutil.pid_exists(e.pid) == (e.state != "ended") for e in aws.environments("price")),
        "every process is that of an environment that has not ended",
    )
    alive = [e for e in aws.environments("price") if e.state != "ended"]
    started = {kit.invoke("price").payload["pid"] for _ in range(3)}
    assert started <= {e.pid for e in alive}
    assert all(e.state == "frozen" for e in alive)


def test_a_version_of_other_code_than_the_caller_thinks(kit: Any) -> None:
    kit.deploy("price", says("one"))
    lam = kit.client("lambda")
    found = lam.get_function_configuration(FunctionName="price")["CodeSha256"]
    with pytest.raises(lam.exceptions.InvalidParameterValueException, match="different from current CodeSHA256"):
        lam.publish_version(FunctionName="price", CodeSha256="b3RoZXI=")
    assert lam.list_versions_by_function(FunctionName="price")["Versions"][-1]["Version"] == "$LATEST"
    assert lam.publish_version(FunctionName="price", CodeSha256=found)["Version"] == "1"


@pytest.mark.parametrize(
    ("arn", "said"),
    [
        ("arn:aws:lambda:eu-west-1:123456789012:function:price", "not reachable in this region"),
        ("arn:aws:lambda:us-east-1:999999999999:function:price", "Function not found"),
        ("999999999999:function:price", "Function not found"),
    ],
)
def test_a_function_of_another_region_or_account(kit: Any, arn: str, said: str) -> None:
    kit.deploy("price", says("one"))
    kit.refused(lambda: kit.client("lambda").invoke(FunctionName=arn), "ResourceNotFoundException", said, status=404)
