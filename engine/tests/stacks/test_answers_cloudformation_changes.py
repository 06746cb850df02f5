"""CloudFormation's answers about changes: what change sets find, what events tell, and whose part a stack is."""

from __future__ import annotations

import json
from typing import Any

import pytest

from kits import stack_kit as here

pytestmark = pytest.mark.usefixtures("aws")

PARAMETERS = {"Stage": {"Type": "String", "Default": "test"}, "Word": {"Type": "String", "NoEcho": True}}
WORD = [{"ParameterKey": "Word", "ParameterValue": "andon"}]


def topic(**given: Any) -> dict[str, Any]:
    return {"Type": "AWS::SNS::Topic", "Properties": given}


def template(*, watts: str = "7", **resources: Any) -> str:
    return json.dumps({
        "Resources": resources, "Mappings": {"Lamps": {"andon": {"Watts": watts}}}, "Parameters": PARAMETERS,
        "Conditions": {"IsTest": {"Fn::Equals": [{"Ref": "Stage"}, "test"]}},
    })  # fmt: skip


def changes(body: str, **more: Any) -> list[dict[str, Any]]:
    """The changes of a new change set, with the values of properties."""
    id = here.stacks().create_change_set(StackName="shop", ChangeSetName="cs", TemplateBody=body, **more)["Id"]
    told = here.stacks().describe_change_set(ChangeSetName=id, IncludePropertyValues=True)["Changes"]
    here.stacks().delete_change_set(ChangeSetName=id)
    return [each["ResourceChange"] for each in told]


def test_a_mapping_and_a_condition_change_what_reads_them() -> None:
    resources: dict[str, Any] = {
        "Mapped": topic(DisplayName={"Fn::FindInMap": ["Lamps", "andon", "Watts"]}),
        "Chosen": topic(DisplayName={"Fn::If": ["IsTest", "a", "b"]}),
        "Plain": topic(DisplayName="lamps"),
    }
    body = template(**resources)
    here.create("shop", body, Parameters=WORD)
    same = {"ParameterKey": "Word", "UsePreviousValue": True}
    prod = {"ParameterKey": "Stage", "ParameterValue": "prod"}
    for found, name, before, after in (
        (changes(template(watts="9", **resources), Parameters=[same]), "Mapped", "7", "9"),
        (changes(body, Parameters=[same, prod]), "Chosen", "a", "b"),
    ):
        (change,) = found
        assert (change["LogicalResourceId"], change["Replacement"]) == (name, "False")
        (detail,) = change["Details"]
        assert (detail["ChangeSource"], detail["Evaluation"]) == ("DirectModification", "Static")
        assert (detail["Target"]["BeforeValue"], detail["Target"]["AfterValue"]) == (before, after)


def test_values_inside_a_property_change_one_by_one() -> None:
    def queue(count: Any, **more: Any) -> str:
        policy = {"deadLetterTargetArn": {"Fn::GetAtt": ["Dead", "Arn"]}, "maxReceiveCount": count} | more
        orders = {"Type": "AWS::SQS::Queue", "Properties": {"RedrivePolicy": policy}}
        parameters = {"Count": {"Type": "Number", "Default": 5}}
        return json.dumps({
            "Resources": {"Orders": orders, "Dead": {"Type": "AWS::SQS::Queue"}}, "Parameters": parameters,
        })  # fmt: skip

    here.create("shop", queue({"Ref": "Count"}))
    given = [{"ParameterKey": "Count", "ParameterValue": "7"}]
    for body, more, expected in (
        (queue(7), {}, [("DirectModification", "Static")]),
        (queue({"Ref": "Count"}), {"Parameters": given},
         [("DirectModification", "Dynamic"), ("ParameterReference", "Static")]),
    ):  # fmt: skip
        (change,) = changes(body, **more)
        assert [(each["ChangeSource"], each["Evaluation"]) for each in change["Details"]] == expected
        for detail in change["Details"]:
            assert detail["Target"] == {
                "Attribute": "Properties", "Name": "RedrivePolicy", "RequiresRecreation": "Never",
                "Path": "/Properties/RedrivePolicy/maxReceiveCount", "BeforeValue": "5", "AfterValue": "7",
                "AttributeChangeType": "Modify",
            }  # fmt: skip


def test_a_secret_that_changes_is_a_change() -> None:
    body = template(Lamps=topic(DisplayName={"Ref": "Word"}))
    here.create("shop", body, Parameters=WORD)
    (change,) = changes(body, Parameters=[{"ParameterKey": "Word", "ParameterValue": "chochin"}])
    assert [each.get("CausingEntity") for each in change["Details"]] == [None, "Word"]
    assert "chochin" not in str(change)


def test_a_change_set_keeps_what_was_asked_of_nested_stacks() -> None:
    stacks, body = here.stacks(), template(Lamps=topic())
    for name, asked in (("with", True), ("without", False)):
        id = stacks.create_change_set(
            StackName="shop", ChangeSetName=name, ChangeSetType="CREATE", TemplateBody=body, Parameters=WORD,
            IncludeNestedStacks=asked,
        )["Id"]  # fmt: skip
        assert stacks.describe_change_set(ChangeSetName=id)["IncludeNestedStacks"] is asked


def test_tags_are_an_attribute_of_their_own() -> None:
    def tagged(value: str) -> str:
        return template(Lamps=topic(Tags=[{"Key": "team", "Value": value}]))

    here.create("shop", tagged("lamps"), Parameters=WORD)
    (change,) = changes(tagged("sofas"), Parameters=WORD)
    assert change["Scope"] == ["Tags"]
    target = change["Details"][0]["Target"]
    assert (target["Attribute"], target["RequiresRecreation"], "Name" in target) == ("Tags", "Never", False)


def test_events_tell_the_properties_but_no_secrets() -> None:
    stacks, lamps = here.stacks(), {"TopicName": "first", "DisplayName": {"Ref": "Word"}}
    here.create("shop", template(Lamps=topic(**lamps)), Parameters=WORD)
    here.update("shop", template(Lamps=topic(**lamps | {"TopicName": "second"})), Parameters=WORD)
    events = list(reversed(stacks.describe_stack_events(StackName="shop")["StackEvents"]))
    of_topic = [each for each in events if each["LogicalResourceId"] == "Lamps"]
    told = [(each["ResourceStatus"], each["PhysicalResourceId"].split(":")[-1], json.loads(each["ResourceProperties"]))
            for each in of_topic]  # fmt: skip
    first, second = ({"TopicName": name, "DisplayName": "****"} for name in ("first", "second"))
    assert told == [
        ("CREATE_IN_PROGRESS", "", first), ("CREATE_IN_PROGRESS", "first", first), ("CREATE_COMPLETE", "first", first),
        ("UPDATE_IN_PROGRESS", "first", second), ("UPDATE_IN_PROGRESS", "second", second),
        ("UPDATE_COMPLETE", "second", second), ("DELETE_IN_PROGRESS", "first", first),
        ("DELETE_COMPLETE", "first", first),
    ]  # fmt: skip
    assert of_topic[4]["ResourceStatusReason"] == "Resource creation Initiated"
    assert all("ResourceProperties" not in each for each in events if each["LogicalResourceId"] == "shop")


def test_a_stack_in_a_stack_names_its_parent_and_its_root(kit: Any) -> None:
    def embedding(key: str, body: str) -> str:
        s3.put_object(Bucket="templates", Key=key, Body=body.encode())
        url = f"https://templates.s3.amazonaws.com/{key}"
        return json.dumps(
            {"Resources": {"Part": {"Type": "AWS::CloudFormation::Stack", "Properties": {"TemplateURL": url}}}}
        )

    s3 = kit.client("s3")
    s3.create_bucket(Bucket="templates")
    leaf = json.dumps({"Resources": {"Lamps": topic()}})
    here.create("shop", embedding("middle.json", embedding("leaf.json", leaf)))
    stacks = {each["StackName"].count("-Part-"): each for each in here.stacks().describe_stacks()["Stacks"]}
    assert "ParentId" not in stacks[0]
    assert (stacks[1]["ParentId"], stacks[1]["RootId"]) == (stacks[0]["StackId"], stacks[0]["StackId"])
    assert (stacks[2]["ParentId"], stacks[2]["RootId"]) == (stacks[1]["StackId"], stacks[0]["StackId"])
    summaries = {each["StackId"]: each.get("ParentId") for each in here.stacks().list_stacks()["StackSummaries"]}
    assert summaries[stacks[2]["StackId"]] == stacks[1]["StackId"]


def test_a_failed_update_deletes_what_is_new_after_all_else_is_put_back() -> None:
    here.create("shop", template(Lamps=topic(DisplayName="a")), Parameters=WORD)
    bad = {"Type": "AWS::SQS::Queue", "Properties": {"Lamp": "on"}}
    body = template(Lamps=topic(DisplayName="b"), New=topic(), Bad=bad | {"DependsOn": "New"})
    here.stacks().update_stack(StackName="shop", TemplateBody=body, Parameters=WORD)
    assert here.settled("shop") == "UPDATE_ROLLBACK_COMPLETE"
    events = list(reversed(here.stacks().describe_stack_events(StackName="shop")["StackEvents"]))
    told = [(each["LogicalResourceId"], each["ResourceStatus"]) for each in events]
    start = told.index(("shop", "UPDATE_ROLLBACK_IN_PROGRESS"))
    assert told[start:] == [
        ("shop", "UPDATE_ROLLBACK_IN_PROGRESS"), ("Lamps", "UPDATE_IN_PROGRESS"), ("Lamps", "UPDATE_COMPLETE"),
        ("shop", "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS"), ("Bad", "DELETE_COMPLETE"),
        ("New", "DELETE_IN_PROGRESS"), ("New", "DELETE_COMPLETE"), ("shop", "UPDATE_ROLLBACK_COMPLETE"),
    ]  # fmt: skip
    assert here.reasons("shop") == [
        "Properties validation failed for resource Bad with message:\n#: extraneous key [Lamp] is not permitted"
    ]
    resources = here.stacks().describe_stack_resources(StackName="shop")["StackResources"]
    assert [each["LogicalResourceId"] for each in resources] == ["Lamps"]


def test_a_template_has_one_format_version_and_do_nothing_disables_the_rollback(kit: Any) -> None:
    stacks, body = here.stacks(), json.loads(template(Lamps=topic()))
    old = json.dumps(body | {"AWSTemplateFormatVersion": "2012-10-17"})
    for call in (lambda: stacks.validate_template(TemplateBody=old), lambda: here.create("shop", old, Parameters=WORD)):
        assert kit.refused(call).message == (
            "Template format error: 2012-10-17 is not a supported value for AWSTemplateFormatVersion."
        )
    here.create("shop", json.dumps(body), Parameters=WORD, OnFailure="DO_NOTHING")
    assert stacks.describe_stacks(StackName="shop")["Stacks"][0]["DisableRollback"] is True
