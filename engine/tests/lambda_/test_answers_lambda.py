"""Lambda answers as AWS does: names, statuses, errors, and what a function's configuration shows."""

from __future__ import annotations

from typing import Any

import pytest

ARN = "arn:aws:lambda:us-east-1:123456789012:function:price"
SOURCE = "def handler(event, context):\n    return 1200\n"
PATTERN = "failed to satisfy constraint: Member must satisfy regular expression pattern: "


@pytest.mark.parametrize("call", ["get_function", "invoke", "delete_function", "get_function_configuration"])
@pytest.mark.parametrize(
    "name",
    [
        "price!",
        "arn:aws:ec2:us-east-1:123456789012:instance:i-1234567890abcdef0",
        f"{ARN}:1:2",
        "function:price:$LATEST:extra",
        "no-account:function:price",
        ARN.replace("us-east-1", "invalid-region"),
        ARN.replace("us-east-1:", ":"),
        ARN.replace("123456789012", ""),
    ],
)
def test_a_name_that_is_no_name(kit: Any, call: str, name: str) -> None:
    lam = kit.client("lambda")
    refusal = kit.refused(lambda: getattr(lam, call)(FunctionName=name), "ValidationException", status=400)
    assert refusal.message.startswith(f"1 validation error detected: Value '{name}' at 'functionName' {PATTERN}(arn:")
    assert refusal.message.endswith(r"(:(\$LATEST(\.PUBLISHED)?|[a-zA-Z0-9-_]+))?")


@pytest.mark.parametrize("call", ["get_function", "invoke", "delete_function"])
def test_a_qualifier_that_is_no_qualifier(kit: Any, call: str) -> None:
    lam = kit.client("lambda")
    begin = "1 validation error detected: Value '{}' at 'qualifier' failed to satisfy constraint: Member must "
    wrong = kit.refused(lambda: getattr(lam, call)(FunctionName="price", Qualifier="live!"), "ValidationException")
    pattern = r"\$(LATEST(\.PUBLISHED)?)|[a-zA-Z0-9-_$]+"
    assert wrong.message == begin.format("live!") + f"satisfy regular expression pattern: {pattern}"
    long = kit.refused(lambda: getattr(lam, call)(FunctionName="price", Qualifier="a" * 129), "ValidationException")
    assert long.message == begin.format("a" * 129) + "have length less than or equal to 128"
    both = kit.refused(lambda: getattr(lam, call)(FunctionName="price!", Qualifier="live!"), "ValidationException")
    assert both.message.startswith("2 validation errors detected: ")
    other = kit.refused(
        lambda: getattr(lam, call)(FunctionName=f"{ARN}:$LATEST", Qualifier="1"), "InvalidParameterValueException"
    )
    assert other.message == "The derived qualifier from the function name does not match the specified qualifier."


@pytest.mark.parametrize(
    "call", ["get_function", "invoke", "delete_function", "get_function_url_config", "get_function_concurrency",
             "get_function_code_signing_config", "get_function_event_invoke_config", "list_versions_by_function"],
)  # fmt: skip
def test_the_arn_of_another_region(kit: Any, call: str) -> None:
    kit.deploy("price", SOURCE)
    arn = ARN.replace("us-east-1", "eu-central-1")
    refusal = kit.refused(lambda: getattr(kit.client("lambda"), call)(FunctionName=arn), "ResourceNotFoundException")
    text = "Functions from 'eu-central-1' are not reachable in this region ('us-east-1')"
    assert (refusal.message, refusal.answer["Message"], refusal.answer["Type"]) == (text, text, "User")


def test_errors_have_a_type(kit: Any) -> None:
    lam = kit.client("lambda")
    missing = kit.refused(lambda: lam.get_function(FunctionName="price"), "ResourceNotFoundException", status=404)
    assert missing.answer["Message"] == f"Function not found: {ARN}"
    assert missing.answer["Type"] == "User"
    given = kit.function("price", SOURCE) | {"Code": {"ZipFile": b"lamp"}}
    broken = kit.refused(lambda: lam.create_function(**given), "InvalidParameterValueException", status=400)
    assert (broken.answer["message"], broken.answer["Type"]) == (broken.message, "User")
    taken = kit.refused(lambda: lam.create_alias(FunctionName="price", Name="7", FunctionVersion="1"))
    assert taken.code == "ValidationException"


@pytest.mark.parametrize("name", [ARN, "123456789012:function:price", "function:price", "us-east-1:123456789012:price"])
def test_every_form_of_a_name(kit: Any, name: str) -> None:
    kit.deploy("price", SOURCE)
    lam = kit.client("lambda")
    assert lam.update_function_configuration(FunctionName=name, Timeout=7)["FunctionArn"] == ARN
    assert lam.get_function(FunctionName=name)["Configuration"]["Timeout"] == 7
    assert lam.publish_version(FunctionName=name)["FunctionArn"] == f"{ARN}:1"
    assert [v["Version"] for v in lam.list_versions_by_function(FunctionName=name)["Versions"]] == ["$LATEST", "1"]
    assert lam.create_alias(FunctionName=name, Name="live", FunctionVersion="1")["AliasArn"] == f"{ARN}:live"
    assert kit.invoke(f"{name}:live").payload == 1200
    assert lam.get_function(FunctionName=f"{name}:live")["Configuration"]["FunctionArn"] == f"{ARN}:live"
    lam.delete_function(FunctionName=name)
    assert lam.list_functions()["Functions"] == []


def test_statuses_are_those_of_the_api_reference(kit: Any) -> None:
    kit.deploy("price", SOURCE)
    lam = kit.client("lambda")
    price, live = {"FunctionName": "price"}, {"FunctionName": "price", "Name": "live"}
    permission = {"StatementId": "topic", "Action": "lambda:InvokeFunction", "Principal": "sns.amazonaws.com"}
    answers = [
        (201, lam.publish_version(**price)),
        (201, lam.create_alias(**live, FunctionVersion="1")),
        (200, lam.get_alias(**live)),
        (200, lam.update_alias(**live, Description="sale")),
        (204, lam.delete_alias(**live)),
        (204, lam.delete_alias(**live)),  # there is none
        (201, lam.add_permission(**price, **permission)),
        (204, lam.remove_permission(**price, StatementId="topic")),
        (204, lam.tag_resource(Resource=ARN, Tags={"team": "lamps"})),
        (204, lam.untag_resource(Resource=ARN, TagKeys=["team"])),
        (204, lam.delete_function(**price)),
    ]
    statuses = [answer["ResponseMetadata"]["HTTPStatusCode"] for _, answer in answers]
    assert statuses == [status for status, _ in answers]


# ---- what a function's configuration shows


def test_a_change_is_answered_before_it_is_complete(kit: Any) -> None:
    lam = kit.client("lambda")
    created = lam.create_function(**kit.function("price", SOURCE, Environment={"Variables": {}}, Publish=True))
    assert (created["State"], created["StateReasonCode"]) == ("Pending", "Creating")
    assert created["StateReason"] == "The function is being created."
    assert "LastUpdateStatus" not in created
    assert (created["FunctionArn"], created["Version"], created["Environment"]) == (ARN, "1", {"Variables": {}})
    assert "Layers" not in created
    shown = lam.get_function_configuration(FunctionName="price")
    assert (shown["State"], shown["LastUpdateStatus"], shown["Environment"]) == (
        "Active",
        "Successful",
        {"Variables": {}},
    )
    assert "StateReason" not in shown
    assert shown["RuntimeVersionConfig"]["RuntimeVersionArn"].startswith("arn:aws:lambda:us-east-1::runtime:")
    updated = lam.update_function_configuration(FunctionName="price", MemorySize=256, EphemeralStorage={"Size": 1024})
    assert (updated["State"], updated["LastUpdateStatus"]) == ("Active", "InProgress")
    assert updated["LastUpdateStatusReasonCode"] == "Creating"
    assert updated["EphemeralStorage"] == {"Size": 1024}
    coded = lam.update_function_code(FunctionName="price", ZipFile=kit.function("price", SOURCE)["Code"]["ZipFile"])
    assert coded["LastUpdateStatus"] == "InProgress"
    published = lam.publish_version(FunctionName="price")
    assert (published["State"], published["Version"]) == ("Pending", "2")
    seen = lam.get_function(FunctionName="price", Qualifier="2")["Configuration"]
    assert (seen["State"], seen["LastUpdateStatus"]) == ("Active", "Successful")


def test_a_revision_guards_against_two_changes(kit: Any) -> None:
    kit.deploy("price", SOURCE)
    lam = kit.client("lambda")
    price = {"FunctionName": "price"}
    first = lam.get_function_configuration(**price)["RevisionId"]
    assert lam.get_function_configuration(**price)["RevisionId"] == first
    middle = lam.update_function_configuration(**price, MemorySize=256, RevisionId=first)["RevisionId"]
    second = lam.get_function_configuration(**price)["RevisionId"]
    assert len({first, middle, second}) == 3
    text = (
        "The Revision Id provided does not match the latest Revision Id. Call the GetFunction/GetAlias API to retrieve "
        "the latest Revision Id"
    )
    package = kit.function("price", SOURCE)["Code"]["ZipFile"]
    for stale in (
        lambda: lam.update_function_configuration(**price, MemorySize=512, RevisionId=first),
        lambda: lam.update_function_code(**price, ZipFile=package, RevisionId=first),
        lambda: lam.publish_version(**price, RevisionId=first),
    ):
        kit.refused(stale, "PreconditionFailedException", status=412, message=text)
    lam.publish_version(**price, RevisionId=second)
    alias = lam.create_alias(**price, Name="live", FunctionVersion="1")
    newer = lam.update_alias(**price, Name="live", Description="sale", RevisionId=alias["RevisionId"])
    assert newer["RevisionId"] != alias["RevisionId"]
    stale_alias = {"Name": "live", "Description": "", "RevisionId": alias["RevisionId"]}
    kit.refused(lambda: lam.update_alias(**price, **stale_alias), "PreconditionFailedException", message=text)


def test_the_same_code_again_makes_a_new_version(kit: Any) -> None:
    kit.deploy("price", SOURCE)
    lam = kit.client("lambda")
    package = kit.function("price", SOURCE)["Code"]["ZipFile"]
    assert [lam.update_function_code(FunctionName="price", ZipFile=package, Publish=True)["Version"] for _ in "ab"] == [
        "1", "2",
    ]  # fmt: skip
    assert lam.publish_version(FunctionName="price")["Version"] == "2"


def test_lists_come_by_the_page(kit: Any) -> None:
    lam = kit.client("lambda")
    for name in ("price", "stock"):
        kit.deploy(name, SOURCE)
    for number in "12":
        lam.update_function_configuration(FunctionName="price", Description=number)
        lam.publish_version(FunctionName="price")
        lam.create_alias(FunctionName="price", Name=f"v{number}", FunctionVersion=number)
    first = lam.list_functions(MaxItems=1)
    second = lam.list_functions(MaxItems=1, Marker=first["NextMarker"])
    assert [page["Functions"][0]["FunctionName"] for page in (first, second)] == ["price", "stock"]
    assert "NextMarker" not in second
    assert not {"State", "LastUpdateStatus", "RuntimeVersionConfig"} & set(first["Functions"][0])
    everything = lam.list_functions(FunctionVersion="ALL")["Functions"]
    assert {f["FunctionArn"] for f in everything} > {f"{ARN}:$LATEST", f"{ARN}:2"}
    wrong = kit.refused(lambda: lam.list_functions(FunctionVersion="some"), "ValidationException")
    assert wrong.message.endswith(
        "at 'functionVersion' failed to satisfy constraint: Member must satisfy enum value set: [ALL]"
    )
    versions = lam.list_versions_by_function(FunctionName="price", MaxItems=2)
    assert [v["Version"] for v in versions["Versions"]] == ["$LATEST", "1"]
    assert versions["NextMarker"] == "2"
    aliases = lam.list_aliases(FunctionName="price", FunctionVersion="2")["Aliases"]
    assert [alias["Name"] for alias in aliases] == ["v2"]
