"""The places where moto hands over DB instances: this fails when moto changes under them, so that somebody looks."""

from __future__ import annotations

import inspect

from moto.cloudwatch.models import CloudWatchBackend
from moto.rds import models

from kits import patch_kit


def test_moto_still_has_the_properties_that_the_proxies_replace() -> None:
    for owner, name, patch in (
        (models.DBProxyTargetGroup, "connection_pool_config", "rds/proxies.py"),
        (CloudWatchBackend, "aws_metric_data", "rds/proxies.py"),
    ):
        assert isinstance(inspect.getattr_static(owner, name), property), patch_kit.LOOK.format(patch)


def test_an_instance_of_moto_has_what_the_patches_read_and_replace() -> None:
    parts = ("self.status", "self.master_user_secret", "self.db_instance_class", "self.deletion_protection",
             "self.dbi_resource_id", "self.manage_master_user_password", "def address", "def endpoint",
             "def db_instance_port", "def db_parameter_group_status_list")  # fmt: skip
    patch_kit.assert_keeps(models.DBInstance, parts, "rds/instances.py")


# ---- what stock moto does wrong: when one of these fails, the patch may go

STOCK = """
from moto.rds import models

def make(**more):
    given = dict(DBInstanceIdentifier="shop", Engine="postgres", DBInstanceClass="db.t4g.micro", AllocatedStorage=20,
                 MasterUsername="shop", MasterUserPassword="geheim-12")
    return rds.create_db_instance(**{k: v for k, v in (given | more).items() if v is not None})["DBInstance"]

def look():
    return rds.describe_db_instances(DBInstanceIdentifier="shop")["DBInstances"][0]

def it_is_available_at_once():
    return make()["DBInstanceStatus"] == "available"

def its_address_is_none_of_this_machine():
    make()
    return look()["Endpoint"]["Address"].endswith("amazonaws.com")

def any_class_will_do():
    make(DBInstanceClass="db.lamp")
    return True

def any_version_will_do():
    make(EngineVersion="99.9")
    return True

def a_group_is_always_in_sync():
    rds.create_db_parameter_group(DBParameterGroupName="few", DBParameterGroupFamily="postgres18", Description="-")
    make(DBParameterGroupName="few")
    rds.modify_db_parameter_group(DBParameterGroupName="few", Parameters=[
        {"ParameterName": "max_connections", "ParameterValue": "20", "ApplyMethod": "pending-reboot"}])
    return look()["DBParameterGroups"][0]["ParameterApplyStatus"] == "in-sync"

def every_managed_password_is_the_same():
    made = make(MasterUserPassword=None, ManageMasterUserPassword=True)
    text = boto3.client("secretsmanager", "us-east-1").get_secret_value(SecretId=made["MasterUserSecret"]["SecretArn"])
    return json.loads(text["SecretString"]) == {"username": "admin", "password": "P@55w0rd!"}

def deleting_cannot_be_seen():
    make()
    rds.delete_db_instance(DBInstanceIdentifier="shop", SkipFinalSnapshot=True)
    return rds.describe_db_instances()["DBInstances"] == []
"""


@patch_kit.asks_stock_moto
def test_stock_moto_still_has_the_defects() -> None:
    patch_kit.assert_all(patch_kit.shown(STOCK, rds="rds"), STOCK.count("\ndef ") - 2, "rds_*.py")
