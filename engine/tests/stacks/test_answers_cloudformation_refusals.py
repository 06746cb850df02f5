"""Templates that CloudFormation refuses while it answers the call, in AWS's words."""

from __future__ import annotations

import json
from typing import Any

import pytest

from kits import stack_kit as here

pytestmark = pytest.mark.usefixtures("aws")

QUEUE = {"Type": "AWS::SQS::Queue"}
NEVER = {"Never": {"Fn::Equals": ["a", "b"]}}
MAP = {"Mappings": {"Lamps": {"andon": {"Watts": "7"}}}, "Parameters": {"Lamp": {"Type": "String", "Default": "ch"}}}


def resource(value: Any, **sections: Any) -> dict[str, Any]:
    """A template with one queue, whose name is a value."""
    return {"Resources": {"Orders": {**QUEUE, "Properties": {"QueueName": value}}}, **sections}


def output(value: Any, **sections: Any) -> dict[str, Any]:
    return {"Resources": {"Orders": QUEUE}, "Outputs": {"Out": {"Value": value}}, **sections}


@pytest.mark.parametrize(
    ("template", "words"),
    [
        (resource({"Fn::FindInMap": ["Lamps", {"Ref": "Lamp"}, "Watts"]}, **MAP),
         "Template error: Unable to get mapping for Lamps::ch::Watts"),
        (output({"Fn::FindInMap": ["Lamps", "andon", {"Ref": "Lamp"}]}, **MAP),
         "Template error: Unable to get mapping for Lamps::andon::ch"),
        (resource({"Fn::FindInMap": ["Shops", "a", "b"]}, **MAP),
         "Template error: Mapping named 'Shops' is not present in the 'Mappings' section of template."),
        (resource({"Fn::FindInMap": ["Lamps", "andon"]}, **MAP),
         "Template error: every Fn::FindInMap object requires three parameters, the map name, map key and the "
         "attribute for return value"),
        (resource("a", Mappings={"Lamps": {"a": {"b": {"c": "d"}}}}),
         "Template format error: Every Mappings attribute must be a String or a List."),
        (resource({"Fn::Sub": ["${A}-${Other.Arn}", {"A": {"Fn::Select": [3, ["a"]]}}]}, Other=1), "Other"),
        (output({"Fn::Join": ["-", [{"Ref": "Orders"}, {"Fn::Select": [3, ["a"]]}]]}),
         "Template error: Fn::Select cannot select nonexistent value at index 3"),
        (output({"Fn::Select": ["one", ["a"]]}),
         "Template error: Fn::Select requires a list argument with two elements: an integer index and a list"),
        (output({"Fn::Join": ["-", "a"]}), "Template error: every Fn::Join object requires two parameters, (1) a "),
        (output({"Fn::Split": [",", "a", "b"]}), "Template error: every Fn::Split object requires two parameters, (1)"),
        (output({"Fn::Split": [",", "a,b"]}),
         "Template format error: The Value field of every Outputs member must evaluate to a String and not a List."),
        (output({"Fn::Cidr": ["10.0.0.0/99", 1, 8]}), "Template error: every Fn::Cidr object requires a CIDR block"),
        (output({"Fn::GetAtt": ["Orders"]}),
         "Template error: every Fn::GetAtt object requires two non-empty parameters, the resource name and the "
         "resource attribute"),
        (output({"Fn::GetAtt": [{"Ref": "Lamp"}, "Arn"]}, **MAP),
         "Template error: every Fn::GetAtt object requires two non-empty parameters"),
        (output({"Fn::GetAtt": ["Lamp", "Arn"]}),
         "Template error: instance of Fn::GetAtt references undefined resource Lamp"),
        (output({"Fn::Sub": "${Lamp.Arn}"}),
         "Template error: instance of Fn::Sub references invalid resource attribute Lamp.Arn"),
        (output({"Fn::If": ["Prod", "a", "b"]}), "Template error: unresolved condition dependency Prod in Fn::If"),
        (output({"Fn::If": [["Never"], "a", "b"]}, Conditions=NEVER),
         "Template error: Fn::If requires a list argument with three elements"),
        (output({"Ref": ["Orders"]}), "Template format error: Every Ref object must have a single String value."),
        (output({"Fn::If": ["Never", "a"]}, Conditions=NEVER),
         "Template error: Fn::If requires a list argument with three elements"),
        ({"Resources": {"A": QUEUE}, "Outputs": {"Out": {"Value": "a", "Condition": "Prod"}}},
         "Template format error: Unresolved condition dependency Prod in the Outputs block of the template"),
        (resource("a", Conditions={"A": {"Fn::Not": [{"Condition": "B"}]}}),
         "Template format error: Unresolved condition dependency B in the Conditions block of the template"),
        (resource("a", Conditions={"A": {"Condition": "B"}, "B": {"Condition": "A"}}),
         "Template error: Found circular condition dependency between A and B"),
        (resource("a", Conditions={"A": {"Fn::Equals": [{"Ref": "Orders"}, "a"]}}),
         "Template format error: Unresolved dependencies [Orders]. Cannot reference resources in the Conditions block"),
        (resource("a", Conditions={"A": {"Fn::Equals": ["a"]}}),
         "Template error: every Fn::Equals object requires a list of 2 string parameters."),
        (resource("a", Conditions={"A": {"Fn::And": [{"Fn::Equals": ["a", "a"]}]}}),
         "Template error: every Fn::And object requires a list of at least 2 and at most 10 boolean parameters."),
        (resource("a", Conditions={"A": "yes"}), "Template format error: Conditions can only be boolean operations"),
        ({"Resources": {"Lamp": {**QUEUE, "Condition": "Never"}, "Orders": {
            **QUEUE, "Properties": {"QueueName": {"Ref": "Lamp"}}}}, "Conditions": NEVER},
         "Template format error: Unresolved resource dependencies [Lamp] in the Resources block of the template"),
        ({"Resources": {"Lamp": {**QUEUE, "Condition": "Never"}, "Orders": QUEUE}, "Conditions": NEVER,
          "Outputs": {"Out": {"Value": {"Fn::GetAtt": ["Lamp", "Arn"]}}}},
         "Template format error: Unresolved resource dependencies [Lamp] in the Outputs block of the template"),
        (resource(None), "Template format error: [/Resources/Orders/Properties/QueueName] 'null' values are not "),
        ({"Resources": {"A": {**QUEUE, "DependsOn": {"Ref": "B"}}}},
         "Template format error: DependsOn must be a string or list of strings."),
        ({"Resources": {"A": {**QUEUE, "DependsOn": "A"}}}, "Circular dependency between resources: [A]"),
        ({"Resources": {"A": {**QUEUE, "UpdateReplacePolicy": "Keep"}}},
         "Template format error: Unrecognized UpdateReplacePolicy Keep for resource A"),
        (output(["a"]), "Template format error: The Value field of every Outputs member must evaluate to a String"),
        ({"Resources": {"A": QUEUE}, "Outputs": {"Out": {}}},
         "Template format error: Every Outputs member must contain a Value object"),
        (resource("a", Parameters={"Lamp": {"Default": "a"}}),
         "Template format error: Every Parameters object must contain a Type member."),
        (resource("a", Parameters={"Lamp": {"Type": "Lamp", "Default": "a"}}),
         "Template format error: Unrecognized parameter type: Lamp"),
        (resource("a", Parameters={"Lamp": {"Type": "String", "Watts": 7}}),
         "Invalid template parameter property 'Watts'"),
        (resource("a", Parameters={"Lamp": {"Type": "Number", "Default": "a"}}), "Parameter 'Lamp' must be a number."),
        (resource("a", Parameters={"Lamp": {"Type": "String", "Default": "a", "AllowedValues": ["b"]}}),
         "Parameter 'Lamp' must be one of AllowedValues"),
    ],
)  # fmt: skip
def test_a_template_is_refused_at_once(template: Any, words: str) -> None:
    stacks, body = here.stacks(), json.dumps(template)
    for call, more in (
        (stacks.create_stack, {}),
        (stacks.create_change_set, {"ChangeSetName": "cs", "ChangeSetType": "CREATE"}),
    ):
        with pytest.raises(stacks.exceptions.ClientError) as caught:
            call(StackName="shop", TemplateBody=body, **more)
        error = caught.value.response["Error"]
        assert error["Code"] == "ValidationError"
        assert words in error["Message"]
    assert stacks.describe_stacks()["Stacks"] == []


def test_what_is_known_only_later_is_not_refused() -> None:
    parts = {"Fn::Select": [5, {"Fn::Split": [":", {"Fn::GetAtt": ["Orders", "Arn"]}]}]}
    unused = {"Fn::If": ["Never", {"Fn::Select": [9, ["a"]]}, "kept"]}
    out = here.create("shop", output({"Fn::Join": ["-", [parts, unused]]}, Conditions=NEVER))
    assert out["Out"].startswith("shop-Orders-")
    assert out["Out"].endswith("-kept")


def test_a_value_may_not_come_with_its_previous_value() -> None:
    stacks, body = here.stacks(), json.dumps(resource("orders", Parameters=MAP["Parameters"]))
    here.create("shop", body)
    for given, words in (
        ({"ParameterKey": "Lamp", "UsePreviousValue": True, "ParameterValue": "a"}, "and non empty value"),
        ({"ParameterKey": "New", "UsePreviousValue": True}, "parameter key not in the previous template"),
    ):
        with pytest.raises(stacks.exceptions.ClientError, match=words):
            stacks.update_stack(StackName="shop", TemplateBody=body, Parameters=[given])
