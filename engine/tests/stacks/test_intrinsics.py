"""What a template's functions and conditions give, and what has no value; no stack is made."""

from __future__ import annotations

from typing import Any

import pytest

from serverless_cloud.stacks.errors import StackError
from serverless_cloud.stacks.intrinsics import NO_VALUE, Scope, names_in, pseudo_parameters

NOTHING = {"Ref": "AWS::NoValue"}


class Queue:
    """A queue that the stack has made."""

    physical_id = "http://127.0.0.1/orders"

    def attribute(self, name: str) -> Any:
        if name != "Arn":
            raise StackError(f"no attribute {name}")
        return "arn:aws:sqs:us-east-1:123456789012:orders"


def exported(name: str) -> str:
    if name != "shop-orders":
        raise StackError(f"No export named {name} found")
    return "orders"


def scope() -> Scope:
    own = {"Stage": "test", "Count": 3, "Lamps": ["andon", "chochin"], "IsOn": True}
    return Scope(
        own | pseudo_parameters("us-east-1", "123456789012", "arn:stack", "shop"),
        {"Price": {"test": {"Usd": 1, "Names": ["one", "two"]}}},
        {
            "IsTest": {"Fn::Equals": [{"Ref": "Stage"}, "test"]},
            "IsProd": {"Fn::Not": [{"Condition": "IsTest"}]},
            "Both": {"Fn::And": [{"Condition": "IsTest"}, {"Condition": "IsProd"}]},
            "Either": {"Fn::Or": [{"Condition": "IsProd"}, {"Condition": "IsTest"}]},
            "IsThree": {"Fn::Equals": [{"Ref": "Count"}, "3"]},
            "IsOn": {"Fn::Equals": [{"Ref": "IsOn"}, "true"]},
        },
        {"Orders": Queue()},
        exported,
    )


@pytest.mark.parametrize(
    ("given", "value"),
    [
        (["a", NOTHING, "b"], ["a", "b"]),
        ([NOTHING], []),
        ([["a", NOTHING], {"Name": NOTHING}], [["a"], {}]),
        ({"Name": "orders", "Delay": NOTHING}, {"Name": "orders"}),
        ({"Tags": [{"Key": "stage", "Value": NOTHING}, NOTHING]}, {"Tags": [{"Key": "stage"}]}),
        ([{"Fn::If": ["IsProd", "a", NOTHING]}, "b"], ["b"]),
        ([{"Fn::If": ["IsTest", "a", NOTHING]}, "b"], ["a", "b"]),
        ({"Delay": {"Fn::If": ["IsProd", 60, NOTHING]}, "Name": "orders"}, {"Name": "orders"}),
        ({"Fn::Join": ["-", ["a", NOTHING, "b"]]}, "a-b"),
        ({"Fn::Select": [1, ["a", NOTHING, "b"]]}, "b"),
        ([None, "", 0, False, []], [None, "", 0, False, []]),  # these are values
    ],
)
def test_what_has_no_value_is_left_out(given: Any, value: Any) -> None:
    assert scope().resolve(given) == value


def test_a_property_without_a_value_has_none() -> None:
    assert scope().resolve(NOTHING) is NO_VALUE
    assert scope().resolve({"Fn::If": ["IsProd", "a", NOTHING]}) is NO_VALUE


@pytest.mark.parametrize(
    ("given", "value"),
    [
        ({"Ref": "Stage"}, "test"),
        ({"Ref": "Orders"}, "http://127.0.0.1/orders"),
        ({"Ref": "AWS::Region"}, "us-east-1"),
        ({"Fn::GetAtt": ["Orders", "Arn"]}, "arn:aws:sqs:us-east-1:123456789012:orders"),
        ({"Fn::GetAtt": "Orders.Arn"}, "arn:aws:sqs:us-east-1:123456789012:orders"),
        ({"Fn::Sub": "${AWS::StackName}-${Stage}-${ Count }-${!Stage}"}, "shop-test-3-${Stage}"),
        ({"Fn::Sub": "${Orders} ${Orders.Arn}"}, f"{Queue.physical_id} {Queue().attribute('Arn')}"),
        ({"Fn::Sub": ["${Word}-${Stage}-${IsOn}", {"Word": {"Ref": "Count"}}]}, "3-test-true"),
        ({"Fn::FindInMap": ["Price", {"Ref": "Stage"}, "Usd"]}, 1),
        ({"Fn::If": ["IsTest", "a", "b"]}, "a"),
        ({"Fn::If": ["Both", "a", "b"]}, "b"),
        ({"Fn::If": ["Either", "a", "b"]}, "a"),
        ({"Fn::If": ["IsThree", "a", "b"]}, "a"),
        ({"Fn::If": ["IsOn", "a", "b"]}, "a"),
        ({"Fn::Select": ["1", {"Ref": "Lamps"}]}, "chochin"),
        ({"Fn::Select": [0, "andon,chochin"]}, "andon"),
        ({"Fn::Join": ["+", {"Ref": "Lamps"}]}, "andon+chochin"),
        ({"Fn::Join": ["", ["a", 1, True]]}, "a1true"),
        ({"Fn::Split": ["|", "a|b"]}, ["a", "b"]),
        ({"Fn::GetAZs": ""}, ["us-east-1a", "us-east-1b", "us-east-1c"]),
        ({"Fn::GetAZs": "eu-west-1"}, ["eu-west-1a", "eu-west-1b", "eu-west-1c"]),
        ({"Fn::Base64": "light"}, "bGlnaHQ="),
        ({"Fn::ImportValue": {"Fn::Sub": "${AWS::StackName}-orders"}}, "orders"),
        ({"Fn::Cidr": ["10.0.0.0/16", 2, 8]}, ["10.0.0.0/24", "10.0.1.0/24"]),
        ({"Fn::Cidr": ["10.0.0.0/16", "1"]}, ["10.0.0.0/24"]),
        ({"Name": {"Ref": "Stage"}, "Ref": "Stage"}, {"Name": "test", "Ref": "Stage"}),  # not a function: two names
    ],
)
def test_what_a_function_gives(given: Any, value: Any) -> None:
    assert scope().resolve(given) == value


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"Ref": "Lantern"}, "Unresolved resource dependencies [Lantern]"),
        ({"Fn::GetAtt": ["Lantern", "Arn"]}, "Unresolved resource dependencies [Lantern]"),
        ({"Fn::GetAtt": ["Orders", "Lamp"]}, "no attribute Lamp"),
        ({"Fn::Select": [2, ["a", "b"]]}, "cannot select nonexistent value at index 2"),
        ({"Fn::Select": [-1, ["a", "b"]]}, "cannot select nonexistent value at index -1"),
        ({"Fn::Select": [1, ["a", NOTHING]]}, "cannot select nonexistent value at index 1"),
        ({"Fn::FindInMap": ["Price", "prod", "Usd"]}, "Unable to get mapping for Price::prod::Usd"),
        ({"Fn::If": ["Nobody", "a", "b"]}, "unresolved condition dependency Nobody"),
        ({"Fn::If": ["IsTest", "a"]}, "requires a list argument with three elements"),
        ({"Fn::Join": ["-"]}, "every Fn::Join object requires two parameters"),
        ({"Fn::ImportValue": "nobody"}, "No export named nobody found"),
        ({"Fn::Lamp": 1}, "doesn't support the function Fn::Lamp"),
        ({"Fn::Length": [1]}, "doesn't support the function Fn::Length"),
    ],
)
def test_what_a_template_may_not_say(given: Any, words: str) -> None:
    with pytest.raises(StackError) as refused:
        scope().resolve([given])
    assert words in str(refused.value)


def test_the_names_that_a_value_refers_to() -> None:
    text = {"Fn::Sub": ["${A} ${B.Arn} ${!C} ${Own}", {"Own": {"Ref": "D"}}]}
    assert list(names_in([text, {"Fn::GetAtt": "E.Arn"}, {"Fn::If": ["IsTest", {"Fn::GetAtt": ["F", "Arn"]}, 1]}])) == [
        "A", "B", "D", "E", "F",
    ]  # fmt: skip
