"""Kinds of resources in stacks: which are refused by name, and an instance profile."""

from __future__ import annotations

from typing import Any

from kits import cloud_kit, stack_kit

REFUSED: tuple[tuple[str, dict[str, Any]], ...] = (
    ("CloudWatch::Dashboard", {"DashboardBody": "{}"}),
    ("EC2::NetworkAcl", {"VpcId": "vpc-1"}),
    ("EC2::NetworkAclEntry", {"NetworkAclId": "acl-1", "Protocol": -1, "RuleAction": "allow", "RuleNumber": 100}),
    ("EC2::SubnetNetworkAclAssociation", {"NetworkAclId": "acl-1", "SubnetId": "subnet-1"}),
    ("EC2::NetworkInterface", {"SubnetId": "subnet-1"}),
    ("EC2::VPCCidrBlock", {"VpcId": "vpc-1"}),
    ("IAM::AccessKey", {"UserName": "aoi"}),
    ("IAM::Group", {}),
    ("IAM::RolePolicy", {"PolicyName": "send", "RoleName": "shop"}),
    ("IAM::User", {}),
    ("IAM::UserToGroupAddition", {"GroupName": "staff", "Users": ["aoi"]}),
)


def _resource(type: str, **properties: Any) -> dict[str, Any]:
    return {"Type": f"AWS::{type}", "Properties": properties}


def test_users_access_lists_and_monitoring_are_refused_by_name(kit: Any) -> None:
    del kit
    for type, properties in REFUSED:
        why = stack_kit.why_not({"Resources": {"Lamp": _resource(type, **properties)}})
        assert f"doesn't support the resource type AWS::{type}," in why


def test_kafka_is_refused_as_unsupported_and_not_for_its_name_in_templates(kit: Any) -> None:
    del kit
    servers = {"Endpoints": {"KafkaBootstrapServers": ["kafka.example.com:9092"]}}
    mapping = _resource(
        "Lambda::EventSourceMapping", FunctionName="orders", Topics=["orders"], SelfManagedEventSource=servers
    )
    why = stack_kit.why_not({"Resources": {"Mapping": mapping}})
    assert "doesn't support SelfManagedEventSource" in why


def test_an_instance_profile_has_its_role(kit: Any) -> None:
    role = _resource("IAM::Role", RoleName="renderer", AssumeRolePolicyDocument=cloud_kit.ASSUMABLE)
    profile = _resource("IAM::InstanceProfile", InstanceProfileName="renderers", Roles=[{"Ref": "Role"}])
    stack_kit.create("render", {"Resources": {"Role": role, "Profile": profile}})
    iam = kit.client("iam")
    made = iam.get_instance_profile(InstanceProfileName="renderers")["InstanceProfile"]
    assert [each["RoleName"] for each in made["Roles"]] == ["renderer"]
    stack_kit.delete("render")
    assert iam.list_instance_profiles()["InstanceProfiles"] == []
