"""The Cloud Control API, which `sam list endpoints` asks for the URL of each function."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from kits import cloud_kit


def test_the_url_of_a_function(kit: Any) -> None:
    control, functions = kit.client("cloudcontrol"), kit.client("lambda")
    arn = str(cloud_kit.deploy("price", "def handler(event, context):\n    return 1200\n"))
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        control.get_resource(TypeName="AWS::Lambda::Url", Identifier=arn)
    url = functions.create_function_url_config(FunctionName="price", AuthType="NONE")["FunctionUrl"]
    for name in ("price", arn):
        found = control.get_resource(TypeName="AWS::Lambda::Url", Identifier=name)["ResourceDescription"]
        assert url in found["Properties"]


def test_other_calls_and_types_are_refused_by_name(kit: Any) -> None:
    control = kit.client("cloudcontrol")
    with pytest.raises(ClientError, match="ListResources"):
        control.list_resources(TypeName="AWS::Lambda::Url")
    with pytest.raises(ClientError, match="AWS::SQS::Queue"):
        control.get_resource(TypeName="AWS::SQS::Queue", Identifier="jobs")
