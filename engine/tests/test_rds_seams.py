"""The places where moto hands over DB instances: this fails when moto changes under them, so that somebody looks."""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import Any

import pytest
from moto.cloudwatch.models import CloudWatchBackend
from moto.rds import exceptions, models
from moto.rds.responses import RDSResponse
from moto.secretsmanager.models import SecretsManagerBackend

from kits import seam_kit
from serverless_cloud.seams.rds_proxies import _SECRET_CALLS

LOOK: str = seam_kit.LOOK

#: What each seam replaces or calls: owner, names with their parameters and defaults.
SEAMS: seam_kit.Seams = {
    "rds_instances.py": [
        (models.RDSBackend, {
            "create_db_instance": "self, db_kwargs",
            "modify_db_instance": "self, db_instance_identifier, db_kwargs",
            "reboot_db_instance": "self, db_instance_identifier",
            "stop_db_instance": "self, db_instance_identifier, db_snapshot_identifier=None",
            "start_db_instance": "self, db_instance_identifier",
            "delete_db_instance": "self, db_instance_identifier, final_db_snapshot_identifier=None, "
            "skip_final_snapshot=False, delete_automated_backups=True",
            "modify_db_parameter_group": "self, db_parameter_group_name, db_parameter_group_parameters",
            "create_db_snapshot": "*",
                "copy_db_snapshot": "*",
            "restore_db_instance_from_db_snapshot": "*",
            "restore_db_instance_to_point_in_time": "*",
            "create_db_instance_read_replica": "*",
            "create_db_cluster": "*",
            "create_blue_green_deployment": "*",
        }),
        (models.DBInstance, {"db_parameter_groups": "self", "save_automated_backup": "self"}),
        (models.MasterUserSecret, {"_generate_secret_string": "self"}),
    ],
    "rds_rules.py": [
        (exceptions.InvalidParameterValue, {"__init__": "self, message"}),
        (exceptions.InvalidParameterCombination, {"__init__": "self, message"}),
        (exceptions.RDSClientError, {"__init__": "self, args, kwargs"}),
        (exceptions.DBInstanceNotFoundError, {"__init__": "self, database_identifier"}),
        (exceptions.DBInstanceAlreadyExists, {"__init__": "self"}),
    ],
    "rds_proxies.py": [
        (RDSResponse, dict.fromkeys((
            "create_db_proxy", "delete_db_proxy", "modify_db_proxy_target_group",
            "register_db_proxy_targets", "deregister_db_proxy_targets", "describe_db_proxy_targets",
            "describe_db_proxy_target_groups",
        ), "self")),
        (SecretsManagerBackend, dict.fromkeys(_SECRET_CALLS, "*")),
    ],
    "rds_proxy_rules.py": [
        (exceptions.InvalidParameterValue, {"__init__": "self, message"}),
    ],
}  # fmt: skip

SIGNATURES = seam_kit.signatures(SEAMS)


@pytest.mark.parametrize(("seam", "owner", "name", "parameters"), SIGNATURES)
def test_moto_still_has_what_a_seam_replaces_or_calls(seam: str, owner: Any, name: str, parameters: str) -> None:
    seam_kit.require_signature(seam, owner, name, parameters)


def test_every_seam_of_rds_is_listed_here() -> None:
    folder = Path(__file__).resolve().parents[2] / "engine" / "src" / "serverless_cloud" / "seams"
    assert {p.name for p in folder.glob("rds_*.py")} == set(SEAMS)


def test_moto_still_has_the_properties_that_the_proxies_replace() -> None:
    for owner, name, seam in (
        (models.DBProxyTargetGroup, "connection_pool_config", "rds_proxies.py"),
        (CloudWatchBackend, "aws_metric_data", "rds_proxies.py"),
    ):
        assert isinstance(inspect.getattr_static(owner, name), property), f"{name} has changed; " + LOOK.format(seam)


def test_an_instance_of_moto_has_what_the_seams_read_and_replace() -> None:
    source, look = inspect.getsource(models.DBInstance), LOOK.format("rds_instances.py")
    for attribute in ("self.status", "self.master_user_secret", "self.db_instance_class", "self.deletion_protection",
                      "self.dbi_resource_id", "self.manage_master_user_password", "def address", "def endpoint",
                      "def db_instance_port", "def db_parameter_group_status_list"):  # fmt: skip
        assert attribute in source, f"DBInstance: {attribute} is gone; {look}"


# ---- what stock moto does wrong: when one of these fails, the seam may go

STOCK = """
import inspect, json
import boto3, moto
from botocore.exceptions import ClientError
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

found = {}
for name, show in [(n, f) for n, f in globals().items() if inspect.isfunction(f) and n.count("_") > 2]:
    with moto.mock_aws():
        rds = boto3.client("rds", "us-east-1")
        try:
            found[name] = show()
        except Exception as error:
            found[name] = f"{type(error).__name__}: {error}"
print(json.dumps(found))
"""


@seam_kit.asks_stock_moto
def test_stock_moto_still_has_the_defects() -> None:
    found = seam_kit.stock(STOCK)
    assert len(found) == STOCK.count("\ndef ") - 2
    assert {name: value for name, value in found.items() if value is not True} == {}, LOOK.format("rds_*.py")
