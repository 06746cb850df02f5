"""RDS: instances, parameter groups, subnet groups, proxies and their target groups."""

# ruff: noqa: ARG002, RUF012 - the methods of all kinds have the same signature; the base class says ClassVar
from __future__ import annotations

import json
import os
import re
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Mapping
from typing import Any

from serverless_cloud.stacks.errors import ResourceFailed, UnsupportedResource
from serverless_cloud.stacks.kinds.base import ByCalls, Kind, Made, Place, Properties, call_if_there

#: The properties of an instance that the local cloud supports. moto would silently accept the rest.
_HONOURED = frozenset({
    "AllocatedStorage", "ApplyImmediately", "AutoMinorVersionUpgrade", "AvailabilityZone", "BackupRetentionPeriod",
    "CopyTagsToSnapshot", "DBInstanceClass", "DBInstanceIdentifier", "DBName", "DBParameterGroupName",
    "DBSubnetGroupName", "DeleteAutomatedBackups", "DeletionProtection", "EnableIAMDatabaseAuthentication",
    "EnablePerformanceInsights", "Engine", "EngineVersion", "Iops", "KmsKeyId", "LicenseModel",
    "ManageMasterUserPassword", "MasterUserPassword", "MasterUserSecret", "MasterUsername", "MaxAllocatedStorage",
    "MultiAZ", "Port", "PreferredBackupWindow", "PreferredMaintenanceWindow", "PubliclyAccessible",
    "StorageEncrypted", "StorageThroughput", "StorageType", "Tags", "VPCSecurityGroups",
})  # fmt: skip


class DBInstance(ByCalls):
    """AWS::RDS::DBInstance."""

    honoured = _HONOURED

    type, service, name, name_limit = "AWS::RDS::DBInstance", "rds", "DBInstanceIdentifier", 63
    created_by, updated_by, deleted_by = "CreateDBInstance", "ModifyDBInstance", "DeleteDBInstance"
    ids, ref = {"DBInstanceIdentifier": "DBInstanceIdentifier"}, "DBInstanceIdentifier"
    renamed = {"VPCSecurityGroups": "VpcSecurityGroupIds"}
    #: The registry says "conditionally"; the local cloud changes them in place. Source: ModifyDBInstance.
    changed_by = frozenset({"AutoMinorVersionUpgrade", "BackupRetentionPeriod", "DBParameterGroupName", "MultiAZ",
                            "PreferredMaintenanceWindow"})  # fmt: skip
    replaced_by = frozenset({"Engine", "AvailabilityZone"})

    def named(self, at: Place, given: Properties) -> str:
        """CloudFormation's generated names may hold what an identifier may not."""
        name = super().named(at, given)
        return re.sub(r"-+", "-", re.sub(r"[^A-Za-z0-9-]", "-", name))[:63].strip("-").lower()

    def create(self, at: Place, given: dict[str, Any]) -> Made:
        made = super().create(at, given | _secret_key(given))
        with self.whole_or_gone(at, made, given):
            return self._available(at, made.physical_id)

    def update(self, at: Place, made: Made, old: Properties, given: dict[str, Any]) -> Made:
        if gone := sorted(set(old) - set(given) - {"ApplyImmediately"}):
            raise UnsupportedResource(f"an update that leaves out {', '.join(gone)} of {self.type}")
        changed = {name: value for name, value in given.items() if old.get(name) != value}
        which = {"DBInstanceIdentifier": made.physical_id, "ApplyImmediately": True}
        at.call("rds", "ModifyDBInstance", **self.parameters(at, "ModifyDBInstance", changed), **which)
        return self._available(at, made.physical_id)

    def delete(self, at: Place, made: Made, given: Properties) -> None:
        name = made.physical_id
        call_if_there(at, "rds", "DeleteDBInstance", DBInstanceIdentifier=name, SkipFinalSnapshot=True)
        at.wait(lambda: not call_if_there(at, "rds", "DescribeDBInstances", DBInstanceIdentifier=name),
                f"the DB instance {name} is deleted", 90.0)  # fmt: skip

    @staticmethod
    def _available(at: Place, name: str) -> Made:
        found: dict[str, Any] = {}

        def ready() -> bool:
            found.update(at.call("rds", "DescribeDBInstances", DBInstanceIdentifier=name)["DBInstances"][0])
            state = found["DBInstanceStatus"]
            if state.startswith("incompatible") or state in ("failed", "storage-full", "inaccessible"):
                raise ResourceFailed(f"DB instance {name} is {state}: {_reason(at, name)}")
            return bool(state == "available")

        at.wait(ready, f"the DB instance {name} is available", 90.0)
        attributes = {
            "Endpoint.Address": found["Endpoint"]["Address"],
            "Endpoint.Port": str(found["Endpoint"]["Port"]),
            "DBInstanceArn": found["DBInstanceArn"],
            "DbiResourceId": found["DbiResourceId"],
        }
        if secret := found.get("MasterUserSecret"):
            attributes["MasterUserSecret.SecretArn"] = secret["SecretArn"]
        identifier = found["DBInstanceIdentifier"]
        return Made(identifier, attributes, {"DBInstanceIdentifier": identifier})


def _secret_key(given: dict[str, Any]) -> dict[str, Any]:
    secret = given.pop("MasterUserSecret", None) or {}
    given.pop("ApplyImmediately", None)
    return {"MasterUserSecretKmsKeyId": secret["KmsKeyId"]} if secret.get("KmsKeyId") else {}


def _reason(at: Place, name: str) -> str:
    """Why an instance does not answer; AWS has no call for it, the local cloud's own says it to learners."""
    query = urllib.parse.urlencode({"region": at.region, "identifier": name})
    url = f"http://127.0.0.1:{os.environ['MOTO_PORT']}/_local/database?{query}"
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with direct.open(url, timeout=10) as answer:
            return f"it takes connections at {answer.read().decode()}"
    except urllib.error.HTTPError as error:
        return str(json.loads(error.read())["message"])


class DBParameterGroup(ByCalls):
    """AWS::RDS::DBParameterGroup."""

    type, service, name, name_limit = "AWS::RDS::DBParameterGroup", "rds", "DBParameterGroupName", 255
    created_by, deleted_by = "CreateDBParameterGroup", "DeleteDBParameterGroup"
    ids, ref = {"DBParameterGroupName": "DBParameterGroupName"}, "DBParameterGroupName"
    renamed = {"Family": "DBParameterGroupFamily"}
    gives = {"DBParameterGroupArn": "DBParameterGroupArn"}
    lower_case = True

    def create(self, at: Place, given: dict[str, Any]) -> Made:
        made = super().create(at, {name: value for name, value in given.items() if name != "Parameters"})
        with self.whole_or_gone(at, made, given):
            self._set(at, made.physical_id, given.get("Parameters") or {})
        return made

    def update(self, at: Place, made: Made, old: Properties, given: dict[str, Any]) -> Made:
        if given.get("Tags") != old.get("Tags"):
            raise UnsupportedResource(f"a change of Tags of {self.type}")
        before, after = old.get("Parameters") or {}, given.get("Parameters") or {}
        if gone := sorted(set(before) - set(after)):
            resets = [{"ParameterName": name, "ApplyMethod": "pending-reboot"} for name in gone]
            at.call("rds", "ResetDBParameterGroup", DBParameterGroupName=made.physical_id, Parameters=resets)
        self._set(at, made.physical_id, {name: value for name, value in after.items() if before.get(name) != value})
        return made

    @staticmethod
    def _set(at: Place, group: str, values: Mapping[str, Any]) -> None:
        wanted = [
            {"ParameterName": name, "ParameterValue": str(value), "ApplyMethod": "pending-reboot"}
            for name, value in values.items()
        ]
        for start in range(0, len(wanted), 20):  # Source: ModifyDBParameterGroup, 20 at a time
            at.call("rds", "ModifyDBParameterGroup", DBParameterGroupName=group, Parameters=wanted[start : start + 20])


class DBProxy(ByCalls):
    """AWS::RDS::DBProxy."""

    type, service, name, name_limit = "AWS::RDS::DBProxy", "rds", "DBProxyName", 63
    created_by, updated_by, deleted_by = "CreateDBProxy", "ModifyDBProxy", "DeleteDBProxy"
    described_by, ids, ref = "DescribeDBProxies", {"DBProxyName": "DBProxyName"}, "DBProxyName"

    def create(self, at: Place, given: dict[str, Any]) -> Made:
        made = super().create(at, given)
        with self.whole_or_gone(at, made, given):
            return self._available(at, made)

    def update(self, at: Place, made: Made, old: Properties, given: dict[str, Any]) -> Made:
        self.require_effect(old, given)
        wanted = {("SecurityGroups" if name == "VpcSecurityGroupIds" else name): value
                  for name, value in given.items() if old.get(name) != value}  # fmt: skip
        super().update(at, made, {}, wanted)
        return self._available(at, made)

    @staticmethod
    def _available(at: Place, made: Made) -> Made:
        found: dict[str, Any] = {}

        def ready() -> bool:
            found.update(at.call("rds", "DescribeDBProxies", DBProxyName=made.physical_id)["DBProxies"][0])
            if found["Status"] in ("incompatible-network", "insufficient-resource-limits"):
                raise ResourceFailed(f"DB proxy {made.physical_id} is {found['Status']}")
            return bool(found["Status"] == "available")

        at.wait(ready, f"the DB proxy {made.physical_id} is available", 90.0)
        attributes = {"DBProxyArn": found["DBProxyArn"], "Endpoint": found["Endpoint"], "VpcId": found.get("VpcId", "")}
        return Made(made.physical_id, attributes, {"DBProxyName": made.physical_id})


class DBProxyTargetGroup(Kind):
    """AWS::RDS::DBProxyTargetGroup: a proxy has one, called default."""

    type = "AWS::RDS::DBProxyTargetGroup"
    refused = ("DBClusterIdentifiers", "Tags")

    def create(self, at: Place, given: dict[str, Any]) -> Made:
        which = {"DBProxyName": given["DBProxyName"], "TargetGroupName": given["TargetGroupName"]}
        group = at.call("rds", "DescribeDBProxyTargetGroups", **which)["TargetGroups"][0]
        made = Made(group["TargetGroupArn"], {"TargetGroupArn": group["TargetGroupArn"]}, which)
        return self.update(at, made, {}, given)

    def update(self, at: Place, made: Made, old: Properties, given: dict[str, Any]) -> Made:
        if pool := given.get("ConnectionPoolConfigurationInfo"):
            at.call("rds", "ModifyDBProxyTargetGroup", ConnectionPoolConfig=pool, **made.own)
        before, after = (list(each.get("DBInstanceIdentifiers") or []) for each in (old, given))
        if gone := [each for each in before if each not in after]:
            call_if_there(at, "rds", "DeregisterDBProxyTargets", DBInstanceIdentifiers=gone, **made.own)
        if new := [each for each in after if each not in before]:
            at.call("rds", "RegisterDBProxyTargets", DBInstanceIdentifiers=new, **made.own)

            def reached() -> bool:
                there = at.call("rds", "DescribeDBProxyTargets", **made.own)["Targets"]
                return all(each.get("TargetHealth", {}).get("State") == "AVAILABLE" for each in there)

            at.wait(reached, f"the proxy {given['DBProxyName']} reaches {', '.join(new)}", 60.0)
        return made

    def delete(self, at: Place, made: Made, given: Properties) -> None:
        if there := list(given.get("DBInstanceIdentifiers") or []):
            call_if_there(at, "rds", "DeregisterDBProxyTargets", DBInstanceIdentifiers=there, **made.own)


KINDS: tuple[Kind, ...] = (
    DBInstance(),
    DBParameterGroup(),
    DBProxy(),
    DBProxyTargetGroup(),
    ByCalls(
        type="AWS::RDS::DBSubnetGroup",
        service="rds",
        name="DBSubnetGroupName",
        name_limit=255,
        lower_case=True,
        created_by="CreateDBSubnetGroup",
        updated_by="ModifyDBSubnetGroup",
        deleted_by="DeleteDBSubnetGroup",
        ids={"DBSubnetGroupName": "DBSubnetGroupName"},
        ref="DBSubnetGroupName",
        gives={"DBSubnetGroupArn": "DBSubnetGroupArn"},
    ),
)
