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

    def named(self, at: Place, properties: Properties) -> str:
        """CloudFormation's generated names may hold what an identifier may not."""
        name = super().named(at, properties)
        return re.sub(r"-+", "-", re.sub(r"[^A-Za-z0-9-]", "-", name))[:63].strip("-").lower()

    def create(self, at: Place, properties: dict[str, Any]) -> Made:
        resource = super().create(at, properties | _secret_key(properties))
        with self.whole_or_gone(at, resource, properties):
            return self._available(at, resource.physical_id)

    def update(self, at: Place, resource: Made, old: Properties, properties: dict[str, Any]) -> Made:
        if omissions := sorted(set(old) - set(properties) - {"ApplyImmediately"}):
            raise UnsupportedResource(f"an update that leaves out {', '.join(omissions)} of {self.type}")
        changed = {name: value for name, value in properties.items() if old.get(name) != value}
        which = {"DBInstanceIdentifier": resource.physical_id, "ApplyImmediately": True}
        at.call("rds", "ModifyDBInstance", **self.parameters(at, "ModifyDBInstance", changed), **which)
        return self._available(at, resource.physical_id)

    def delete(self, at: Place, resource: Made, properties: Properties) -> None:
        name = resource.physical_id
        call_if_there(at, "rds", "DeleteDBInstance", DBInstanceIdentifier=name, SkipFinalSnapshot=True)
        at.wait(lambda: not call_if_there(at, "rds", "DescribeDBInstances", DBInstanceIdentifier=name),
                f"the DB instance {name} is deleted", 90.0)  # fmt: skip

    @staticmethod
    def _available(at: Place, name: str) -> Made:
        instance: dict[str, Any] = {}

        def ready() -> bool:
            instance.update(at.call("rds", "DescribeDBInstances", DBInstanceIdentifier=name)["DBInstances"][0])
            state = instance["DBInstanceStatus"]
            if state.startswith("incompatible") or state in ("failed", "storage-full", "inaccessible"):
                raise ResourceFailed(f"DB instance {name} is {state}: {_reason(at, name)}")
            return bool(state == "available")

        at.wait(ready, f"the DB instance {name} is available", 90.0)
        attributes = {
            "Endpoint.Address": instance["Endpoint"]["Address"],
            "Endpoint.Port": str(instance["Endpoint"]["Port"]),
            "DBInstanceArn": instance["DBInstanceArn"],
            "DbiResourceId": instance["DbiResourceId"],
        }
        if secret := instance.get("MasterUserSecret"):
            attributes["MasterUserSecret.SecretArn"] = secret["SecretArn"]
        identifier = instance["DBInstanceIdentifier"]
        return Made(identifier, attributes, {"DBInstanceIdentifier": identifier})


def _secret_key(properties: dict[str, Any]) -> dict[str, Any]:
    secret = properties.pop("MasterUserSecret", None) or {}
    properties.pop("ApplyImmediately", None)
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

    def create(self, at: Place, properties: dict[str, Any]) -> Made:
        resource = super().create(at, {name: value for name, value in properties.items() if name != "Parameters"})
        with self.whole_or_gone(at, resource, properties):
            self._set(at, resource.physical_id, properties.get("Parameters") or {})
        return resource

    def update(self, at: Place, resource: Made, old: Properties, properties: dict[str, Any]) -> Made:
        if properties.get("Tags") != old.get("Tags"):
            raise UnsupportedResource(f"a change of Tags of {self.type}")
        before, after = old.get("Parameters") or {}, properties.get("Parameters") or {}
        if names := sorted(set(before) - set(after)):
            resets = [{"ParameterName": name, "ApplyMethod": "pending-reboot"} for name in names]
            at.call("rds", "ResetDBParameterGroup", DBParameterGroupName=resource.physical_id, Parameters=resets)
        self._set(at, resource.physical_id, {name: value for name, value in after.items() if before.get(name) != value})
        return resource

    @staticmethod
    def _set(at: Place, group: str, values: Mapping[str, Any]) -> None:
        parameters = [
            {"ParameterName": name, "ParameterValue": str(value), "ApplyMethod": "pending-reboot"}
            for name, value in values.items()
        ]
        for start in range(0, len(parameters), 20):  # Source: ModifyDBParameterGroup, 20 at a time
            at.call(
                "rds", "ModifyDBParameterGroup", DBParameterGroupName=group, Parameters=parameters[start : start + 20]
            )


class DBProxy(ByCalls):
    """AWS::RDS::DBProxy."""

    type, service, name, name_limit = "AWS::RDS::DBProxy", "rds", "DBProxyName", 63
    created_by, updated_by, deleted_by = "CreateDBProxy", "ModifyDBProxy", "DeleteDBProxy"
    described_by, ids, ref = "DescribeDBProxies", {"DBProxyName": "DBProxyName"}, "DBProxyName"

    def create(self, at: Place, properties: dict[str, Any]) -> Made:
        resource = super().create(at, properties)
        with self.whole_or_gone(at, resource, properties):
            return self._available(at, resource)

    def update(self, at: Place, resource: Made, old: Properties, properties: dict[str, Any]) -> Made:
        self.require_effect(old, properties)
        changes = {("SecurityGroups" if name == "VpcSecurityGroupIds" else name): value
                  for name, value in properties.items() if old.get(name) != value}  # fmt: skip
        super().update(at, resource, {}, changes)
        return self._available(at, resource)

    @staticmethod
    def _available(at: Place, resource: Made) -> Made:
        proxy: dict[str, Any] = {}

        def ready() -> bool:
            proxy.update(at.call("rds", "DescribeDBProxies", DBProxyName=resource.physical_id)["DBProxies"][0])
            if proxy["Status"] in ("incompatible-network", "insufficient-resource-limits"):
                raise ResourceFailed(f"DB proxy {resource.physical_id} is {proxy['Status']}")
            return bool(proxy["Status"] == "available")

        at.wait(ready, f"the DB proxy {resource.physical_id} is available", 90.0)
        attributes = {"DBProxyArn": proxy["DBProxyArn"], "Endpoint": proxy["Endpoint"], "VpcId": proxy.get("VpcId", "")}
        return Made(resource.physical_id, attributes, {"DBProxyName": resource.physical_id})


class DBProxyTargetGroup(Kind):
    """AWS::RDS::DBProxyTargetGroup: a proxy has one, called default."""

    type = "AWS::RDS::DBProxyTargetGroup"
    refused = ("DBClusterIdentifiers", "Tags")

    def create(self, at: Place, properties: dict[str, Any]) -> Made:
        which = {"DBProxyName": properties["DBProxyName"], "TargetGroupName": properties["TargetGroupName"]}
        group = at.call("rds", "DescribeDBProxyTargetGroups", **which)["TargetGroups"][0]
        resource = Made(group["TargetGroupArn"], {"TargetGroupArn": group["TargetGroupArn"]}, which)
        return self.update(at, resource, {}, properties)

    def update(self, at: Place, resource: Made, old: Properties, properties: dict[str, Any]) -> Made:
        if pool := properties.get("ConnectionPoolConfigurationInfo"):
            at.call("rds", "ModifyDBProxyTargetGroup", ConnectionPoolConfig=pool, **resource.own)
        before, after = (list(state.get("DBInstanceIdentifiers") or []) for state in (old, properties))
        if old_ids := [identifier for identifier in before if identifier not in after]:
            call_if_there(at, "rds", "DeregisterDBProxyTargets", DBInstanceIdentifiers=old_ids, **resource.own)
        if new := [identifier for identifier in after if identifier not in before]:
            at.call("rds", "RegisterDBProxyTargets", DBInstanceIdentifiers=new, **resource.own)

            def reached() -> bool:
                there = at.call("rds", "DescribeDBProxyTargets", **resource.own)["Targets"]
                return all(target.get("TargetHealth", {}).get("State") == "AVAILABLE" for target in there)

            at.wait(reached, f"the proxy {properties['DBProxyName']} reaches {', '.join(new)}", 60.0)
        return resource

    def delete(self, at: Place, resource: Made, properties: Properties) -> None:
        if there := list(properties.get("DBInstanceIdentifiers") or []):
            call_if_there(at, "rds", "DeregisterDBProxyTargets", DBInstanceIdentifiers=there, **resource.own)


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
