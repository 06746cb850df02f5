"""DB instances in CloudFormation stacks: made, read, deleted, and what is refused."""

from __future__ import annotations

import json
from typing import Any

import pytest

import serverless_cloud as cloud
from kits import rds_kit as rk, stack_kit

pytestmark = pytest.mark.usefixtures("aws")


def template(policy: str | None = "Delete", **properties: Any) -> str:
    """A template with a parameter group and a DB instance; the arguments change the instance's properties."""
    database = {
        "DBInstanceClass": "db.t4g.micro",
        "Engine": "postgres",
        "AllocatedStorage": "20",
        "DBName": "orders",
        "DBParameterGroupName": {"Ref": "Few"},
        "MasterUsername": rk.MASTER,
        "MasterUserPassword": rk.PASSWORD,
        "PubliclyAccessible": "false",
        "MultiAZ": False,
    } | properties
    settings = {"Description": "-", "Family": "postgres18", "Parameters": {"max_connections": "20"}}
    attributes = ("Endpoint.Address", "Endpoint.Port", "DBInstanceArn", "DbiResourceId")
    return json.dumps({
        "Resources": {
            "Few": {"Type": "AWS::RDS::DBParameterGroup", "Properties": settings},
            "Shop": {
                "Type": "AWS::RDS::DBInstance",
                "Properties": {k: v for k, v in database.items() if v is not None},
                **({"DeletionPolicy": policy} if policy else {}),
            },
        },
        "Outputs": {a.replace(".", ""): {"Value": {"Fn::GetAtt": ["Shop", a]}} for a in attributes}
        | {"Name": {"Value": {"Ref": "Shop"}}},
    })  # fmt: skip


def test_a_stack_s_database_answers_where_the_stack_says(aws: cloud.Cloud, kit: Any) -> None:
    out = stack_kit.create("shop", template())
    there = rk.describe(out["Name"])
    assert there["DBInstanceStatus"] == "available"
    assert (out["EndpointAddress"], int(out["EndpointPort"])) == aws.database_address(out["Name"])
    assert (out["DBInstanceArn"], out["DbiResourceId"]) == (there["DBInstanceArn"], there["DbiResourceId"])
    assert rk.value(there, "SHOW max_connections", dbname="orders") == "20"
    stack_kit.delete("shop")
    assert kit.client("rds").describe_db_instances()["DBInstances"] == []
    with pytest.raises(OSError, match="refused"):
        rk.dial(there)


def test_a_named_instance_with_a_managed_password(kit: Any) -> None:
    body = template(None, DBInstanceIdentifier="Shop-DB", MasterUserPassword=None, ManageMasterUserPassword="true")
    there = rk.describe(stack_kit.create("shop", body)["Name"])
    assert there["DBInstanceIdentifier"] == "shop-db"
    arn = there["MasterUserSecret"]["SecretArn"]
    secret = json.loads(kit.client("secretsmanager").get_secret_value(SecretId=arn)["SecretString"])
    assert rk.value(there, "SELECT 7", user=secret["username"], password=secret["password"]) == 7


def test_an_instance_that_was_deleted_by_hand_does_not_stop_the_deletion(kit: Any) -> None:
    name = stack_kit.create("shop", template())["Name"]
    kit.client("rds").delete_db_instance(DBInstanceIdentifier=name, SkipFinalSnapshot=True)
    rk.until_gone(name)
    stack_kit.delete("shop")
    assert kit.client("cloudformation").list_stacks(StackStatusFilter=["DELETE_COMPLETE"])["StackSummaries"]


def test_an_instance_is_changed_in_place_and_put_back_if_the_update_fails() -> None:
    before = stack_kit.create("shop", template())
    after = stack_kit.update("shop", template(BackupRetentionPeriod=3))
    there = rk.describe(after["Name"])
    assert (there["BackupRetentionPeriod"], after["DbiResourceId"]) == (3, before["DbiResourceId"])
    body = json.loads(template(BackupRetentionPeriod=5))
    body["Resources"]["Never"] = {"Type": "AWS::SQS::Queue", "Properties": {"VisibilityTimeout": 99_999}}
    body["Resources"]["Never"]["DependsOn"] = "Shop"
    assert "VisibilityTimeout" in stack_kit.why_not_changed("shop", body)
    there = rk.describe(after["Name"])
    assert there["BackupRetentionPeriod"] == 3
    assert rk.value(there, "SELECT 7", dbname="orders") == 7


@pytest.mark.parametrize(
    ("policy", "properties", "text"),
    [
        ("Snapshot", {}, "DeletionPolicy: Delete"),
        ("Delete", {"Engine": "mysql"}, "postgres"),
        ("Delete", {"Timezone": "UTC"}, "doesn't support Timezone"),
        ("Delete", {"Port": "high"}, "parameter Port"),
        ("Delete", {"MultiAZ": "true"}, "doesn't support MultiAZ"),
        ("Delete", {"DBParameterGroupName": "none"}, "none"),
    ],
)
def test_what_the_local_cloud_does_not_have_is_refused(
    kit: Any, policy: str, properties: dict[str, str], text: str
) -> None:
    assert text in stack_kit.why_not(template(policy, **properties))
    assert kit.client("rds").describe_db_instances()["DBInstances"] == []


def test_an_instance_that_cannot_start_fails_its_stack() -> None:
    body = json.loads(template())
    body["Resources"]["Few"]["Properties"]["Parameters"] = {"max_connections": "3"}
    why = stack_kit.why_not(body)
    assert "incompatible-parameters" in why
    assert "superuser_reserved_connections" in why
