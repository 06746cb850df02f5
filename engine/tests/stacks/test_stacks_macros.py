"""Macros of templates: parts from S3."""

from __future__ import annotations

import json
from typing import Any

import pytest

from kits import stack_kit as here

pytestmark = pytest.mark.usefixtures("aws")

STAGE = {"Stage": {"Type": "String", "Default": "test"}}


def template(properties: Any, **sections: Any) -> dict[str, Any]:
    """A template with one queue."""
    queue = {"Type": "AWS::SQS::Queue", "Properties": properties}
    return {"Parameters": STAGE, "Resources": {"Orders": queue}, **sections}


def refusal(body: Any, **more: Any) -> str:
    with pytest.raises(here.stacks().exceptions.ClientError) as caught:
        here.stacks().create_stack(StackName="refused", TemplateBody=json.dumps(body), **more)
    return str(caught.value.response["Error"]["Message"])


def test_own_macros_are_refused_by_name() -> None:
    macro = {"Type": "AWS::CloudFormation::Macro", "Properties": {"Name": "Lamps", "FunctionName": "writer"}}
    assert "doesn't support the resource type AWS::CloudFormation::Macro" in here.why_not(
        {"Resources": {"Lamps": macro}}
    )
    call = template({"Fn::Transform": {"Name": "Lamps"}})
    assert refusal(call) == "Requires capabilities : [CAPABILITY_AUTO_EXPAND]"
    id = here.stacks().create_change_set(
        StackName="other", ChangeSetName="cs", ChangeSetType="CREATE", TemplateBody=json.dumps(call)
    )["Id"]
    told = here.stacks().describe_change_set(ChangeSetName=id)
    assert (told["Status"], told["StatusReason"]) == ("FAILED", "No transform named 123456789012::Lamps found.")


def test_parts_of_a_template_come_from_s3(kit: Any) -> None:
    s3 = kit.client("s3")
    s3.create_bucket(Bucket="parts")
    part = {"QueueName": {"Fn::Sub": "orders-${Stage}"}}
    s3.put_object(Bucket="parts", Key="name.json", Body=json.dumps(part).encode())
    s3.put_object(Bucket="parts", Key="whole.yaml", Body=b"Resources:\n  Added:\n    Type: AWS::SQS::Queue\n")
    s3.put_object(Bucket="parts", Key="bad.yaml", Body=b"{")

    def include(location: Any) -> dict[str, Any]:
        return {"Name": "AWS::Include", "Parameters": {"Location": location}}

    parameters = STAGE | {"Key": {"Type": "String", "Default": "name.json"}}
    body = template(
        {"Fn::Transform": include({"Fn::Sub": "s3://parts/${Key}"})},
        Transform=include("s3://parts/whole.yaml"),
        Parameters=parameters,
    )
    here.create("shop", body)
    resources = here.stacks().describe_stack_resources(StackName="shop")["StackResources"]
    ids = {each["LogicalResourceId"]: each["PhysicalResourceId"] for each in resources}
    assert sorted(ids) == ["Added", "Orders"]
    assert ids["Orders"].endswith("/orders-test")
    for location, words in (
        ("lamps", "The location parameter is not a valid S3 uri."),
        ("s3://parts/bad.yaml", "The specified S3 object's content should be valid Yaml/JSON"),
        ("s3://parts/gone.yaml", "The specified key does not exist."),
    ):
        told = refusal(template({"Fn::Transform": include(location)}), Capabilities=here.ALL)
        assert told == f"Transform AWS::Include failed with: {words}"
