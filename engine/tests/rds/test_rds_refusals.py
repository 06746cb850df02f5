"""What CreateDBInstance, ModifyDBInstance and their kin refuse, by AWS's error codes, with what is allowed."""

from __future__ import annotations

import re
from typing import Any

import pytest

import serverless_cloud as cloud
from kits import rds_kit as rk

pytestmark = pytest.mark.usefixtures("aws")

VALUE, COMBINATION = "InvalidParameterValue", "InvalidParameterCombination"

CREATE: list[tuple[dict[str, Any], str, str]] = [
    ({"Engine": "mysql"}, VALUE, 'Engine="postgres"'),
    ({"Engine": "aurora-postgresql"}, VALUE, 'Engine="postgres"'),
    ({"Engine": "lamp"}, VALUE, 'Engine="postgres"'),
    ({"DBInstanceClass": "db.t4g.large.x"}, VALUE, "db.t4g from micro"),
    ({"DBInstanceClass": "t4g.micro"}, VALUE, "Invalid DB Instance class"),
    ({"DBInstanceClass": "db.t4g.16xlarge"}, VALUE, "Invalid DB Instance class"),
    ({"EngineVersion": "12.3"}, VALUE, 'EngineVersion="18"'),
    ({"EngineVersion": "latest"}, VALUE, 'EngineVersion="18"'),
    ({"MasterUsername": "rdsadmin"}, VALUE, "reserved word"),
    ({"MasterUsername": "admin"}, VALUE, "reserved word"),
    ({"MasterUsername": "pg_shop"}, VALUE, "reserved word"),
    ({"MasterUsername": "1shop"}, VALUE, "begin with a letter"),
    ({"MasterUsername": 'sh"op'}, VALUE, "letters, numbers or underscores"),
    ({"MasterUsername": "a" * 17}, VALUE, "1 to 16"),
    ({"MasterUsername": None}, VALUE, "MasterUsername"),
    ({"MasterUserPassword": "short"}, VALUE, "8 to 128"),
    ({"MasterUserPassword": "x" * 129}, VALUE, "8 to 128"),
    ({"MasterUserPassword": "with a / slash"}, VALUE, "other than /"),
    ({"MasterUserPassword": 'with a " quote'}, VALUE, "other than /"),
    ({"MasterUserPassword": "with an @ sign"}, VALUE, "other than /"),
    ({"MasterUserPassword": "a line\nmore"}, VALUE, "printable"),
    ({"MasterUserPassword": "größer als acht"}, VALUE, "ASCII"),
    ({"MasterUserPassword": None}, VALUE, "MasterUserPassword"),
    ({"ManageMasterUserPassword": True}, COMBINATION, "ManageMasterUserPassword"),
    ({"DBName": "sh op"}, VALUE, "DBName"),
    ({"DBName": "template1"}, VALUE, "reserved"),
    ({"DBName": "x" * 64}, VALUE, "1 to 63"),
    ({"LicenseModel": "license-included"}, VALUE, "postgresql-license"),
    ({"Port": 80}, VALUE, "1150 to 65535"),
    ({"Port": 70000}, VALUE, "1150 to 65535"),
    ({"MultiAZ": True}, VALUE, "doesn't support MultiAZ"),
    ({"EnableIAMDatabaseAuthentication": True}, VALUE, "doesn't support EnableIAMDatabaseAuthentication"),
    ({"EnablePerformanceInsights": True}, VALUE, "doesn't support EnablePerformanceInsights"),
    ({"DBClusterIdentifier": "aurora"}, VALUE, "doesn't support DBClusterIdentifier"),
    ({"Domain": "d-123"}, VALUE, "doesn't support Domain"),
    ({"DBInstanceIdentifier": "1shop"}, VALUE, "DBInstanceIdentifier"),
    ({"DBInstanceIdentifier": "shop--db"}, VALUE, "DBInstanceIdentifier"),
]


def test_what_cannot_be_created_is_refused_and_leaves_nothing(kit: Any) -> None:
    rds, wrong = kit.client("rds"), []
    for given, code, text in CREATE:
        try:
            refusal = kit.refused(lambda given=given: rds.create_db_instance(**rk.order(**given)))
        except AssertionError:
            wrong.append((given, "not refused", ""))
            continue
        if refusal.code != code or text not in refusal.message:
            wrong.append((given, refusal.code, refusal.message))
    assert wrong == []
    assert rds.describe_db_instances()["DBInstances"] == []


def test_the_version_that_is_there_is_listed(kit: Any) -> None:
    rds = kit.client("rds")
    (row,) = rds.describe_db_engine_versions(Engine="postgres", DefaultOnly=True)["DBEngineVersions"]
    assert row["DBParameterGroupFamily"] == f"postgres{row['MajorEngineVersion']}"
    assert rds.describe_db_engine_versions(EngineVersion=row["EngineVersion"])["DBEngineVersions"] == [row]
    assert rds.describe_db_engine_versions(Engine="mysql")["DBEngineVersions"] == []
    assert rds.describe_db_engine_versions(EngineVersion="9.6")["DBEngineVersions"] == []


def test_the_version_that_is_there_is_accepted(kit: Any) -> None:
    rds = kit.client("rds")
    for number, version in enumerate(("18", "18.1")):
        made = rds.create_db_instance(**rk.order(f"shop{number}", EngineVersion=version))["DBInstance"]
        assert re.fullmatch(r"18\.\d+", made["EngineVersion"])


MODIFY: list[tuple[dict[str, Any], str, str]] = [
    ({"DBInstanceClass": "db.t4g.small"}, VALUE, "can't change DBInstanceClass of"),
    ({"NewDBInstanceIdentifier": "other"}, VALUE, "can't change NewDBInstanceIdentifier of"),
    ({"EngineVersion": "19"}, VALUE, "can't change EngineVersion of"),
    ({"DBPortNumber": 5433}, VALUE, "can't change DBPortNumber of"),
    ({"ManageMasterUserPassword": True}, VALUE, "can't change ManageMasterUserPassword of"),
    ({"MultiAZ": True}, VALUE, "doesn't support MultiAZ"),
    ({"MasterUserPassword": "short"}, VALUE, "8 to 128"),
    ({"DBParameterGroupName": "none"}, "DBParameterGroupNotFound", "none"),
]


def test_what_cannot_be_changed_is_refused_and_changes_nothing(kit: Any) -> None:
    before = rk.create()
    rds, wrong = kit.client("rds"), []
    for given, code, text in MODIFY:
        refusal = kit.refused(lambda given=given: rds.modify_db_instance(DBInstanceIdentifier="shop", **given))
        if refusal.code != code or text not in refusal.message:
            wrong.append((given, refusal.code, refusal.message))
    assert wrong == []
    after = rk.describe()
    for name in ("DBInstanceIdentifier", "DBInstanceClass", "EngineVersion", "Endpoint", "DBParameterGroups"):
        assert after[name] == before[name]
    assert rk.value(after, "SELECT 7") == 7


def test_calls_for_an_instance_that_is_not_there(kit: Any) -> None:
    rds = kit.client("rds")
    calls = [rds.describe_db_instances, rds.reboot_db_instance, rds.stop_db_instance, rds.start_db_instance,
             rds.modify_db_instance, rds.delete_db_instance]  # fmt: skip
    codes = [kit.refused(lambda call=call: call(DBInstanceIdentifier="none")).code for call in calls]
    assert set(codes) <= {"DBInstanceNotFound", "DBInstanceNotFoundFault"}


def test_an_instance_that_is_being_created_cannot_be_changed_and_can_be_deleted(aws: cloud.Cloud, kit: Any) -> None:
    rds = kit.client("rds")
    rds.create_db_instance(**rk.order())
    for call in (rds.reboot_db_instance, rds.stop_db_instance, rds.start_db_instance):
        kit.refused(lambda call=call: call(DBInstanceIdentifier="shop"), "InvalidDBInstanceState", "creating")
    refusal = kit.refused(lambda: rds.modify_db_instance(DBInstanceIdentifier="shop", MasterUserPassword=rk.PASSWORD))
    assert refusal.code == "InvalidDBInstanceState"
    with pytest.raises(cloud.CloudError, match="creating, not available"):
        aws.database_address("shop")
    rds.delete_db_instance(DBInstanceIdentifier="shop", SkipFinalSnapshot=True)
    rk.until_gone("shop")


def test_a_final_snapshot_is_refused_and_the_instance_stays(kit: Any) -> None:
    rds, shop = kit.client("rds"), rk.create()
    for given in ({}, {"FinalDBSnapshotIdentifier": "last"}, {"SkipFinalSnapshot": False}):
        refusal = kit.refused(lambda given=given: rds.delete_db_instance(DBInstanceIdentifier="shop", **given))
        assert refusal.code == COMBINATION
        assert "SkipFinalSnapshot=True" in refusal.message
    assert rk.value(shop, "SELECT 7") == 7


def test_what_the_local_cloud_does_not_have_is_refused_by_name(kit: Any) -> None:
    rds = kit.client("rds")
    rk.create()
    here = {"DBInstanceIdentifier": "shop"}
    calls: list[tuple[str, Any]] = [
        ("snapshots", lambda: rds.create_db_snapshot(DBSnapshotIdentifier="one", **here)),
        ("snapshots", lambda: rds.restore_db_instance_from_db_snapshot(DBSnapshotIdentifier="one", **here)),
        ("snapshots", lambda: rds.stop_db_instance(DBSnapshotIdentifier="one", **here)),
        ("backups", lambda: rds.restore_db_instance_to_point_in_time(
            SourceDBInstanceIdentifier="shop", TargetDBInstanceIdentifier="then", UseLatestRestorableTime=True)),
        ("read replicas", lambda: rds.create_db_instance_read_replica(
            DBInstanceIdentifier="copy", SourceDBInstanceIdentifier="shop")),
        ("clusters", lambda: rds.create_db_cluster(
            DBClusterIdentifier="all", Engine="aurora-postgresql", MasterUsername="x", MasterUserPassword="password")),
    ]  # fmt: skip
    refusals = [(what, kit.refused(call)) for what, call in calls]
    assert [(w, r) for w, r in refusals if r.code != "NotImplementedException" or w not in r.message] == []
    assert rk.describe()["DBInstanceStatus"] == "available"
