"""DynamoDB, Kinesis, log groups, secrets, parameters: where data is."""

# ruff: noqa: ARG002, RUF012 - the methods of all kinds have the same signature; the base class says ClassVar
from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from serverless_cloud.stacks.errors import ResourceFailed, UnsupportedResource
from serverless_cloud.stacks.kinds.base import ByCalls, Kind, Made, Place, Properties, call_if_there, set_tags, tags_of

_BILLING = ("BillingMode", "ProvisionedThroughput", "OnDemandThroughput")
_THROUGHPUT = ("IndexName", "ProvisionedThroughput")


class Table(Kind):
    """AWS::DynamoDB::Table."""

    type, name, name_limit = "AWS::DynamoDB::Table", "TableName", 255
    deleted_with = ("dynamodb", "DeleteTable", "TableName")
    replaced_by = frozenset({"LocalSecondaryIndexes"})
    refused = ("ContributorInsightsSpecification.Enabled", "KinesisStreamSpecification", "ImportSourceSpecification",
               "ResourcePolicy", "WarmThroughput", "VectorIndexes")  # fmt: skip
    _settings = ("BillingMode", "ProvisionedThroughput", "StreamSpecification", "SSESpecification", "TableClass",
                 "DeletionProtectionEnabled", "OnDemandThroughput", "AttributeDefinitions")  # fmt: skip

    def create(self, at: Place, properties: dict[str, Any]) -> Made:
        name = self.named(at, properties)
        keys = (*self._settings, "KeySchema", "GlobalSecondaryIndexes", "LocalSecondaryIndexes", "Tags")
        settings = {key: properties[key] for key in keys if key in properties}
        settings |= _stream(properties) | _encryption(properties)
        table = at.call("dynamodb", "CreateTable", TableName=name, **settings)["TableDescription"]
        resource = Made(name, {"Arn": table["TableArn"]})
        with self.whole_or_gone(at, resource, {}):
            _active(at, name)
            self._extras(at, name, {}, properties)
        return self._read(at, resource)

    def update(self, at: Place, resource: Made, old: Properties, properties: dict[str, Any]) -> Made:
        name = resource.physical_id
        changed = {key for key in self._settings if properties.get(key) != old.get(key)} - {"AttributeDefinitions"}
        settings = {key: properties[key] for key in changed if key in properties}
        if "StreamSpecification" in changed:
            if old.get("StreamSpecification"):  # a stream of another kind is another stream
                off = {"StreamEnabled": False}
                at.call("dynamodb", "UpdateTable", TableName=name, StreamSpecification=off)
                _active(at, name)
            settings.pop("StreamSpecification", None)
            settings |= _stream(properties)
        if "SSESpecification" in changed:
            settings |= _encryption(properties)
        if omissions := sorted(changed - set(settings) - {"StreamSpecification", "ProvisionedThroughput"}):
            raise UnsupportedResource(f"an update that leaves out {', '.join(omissions)} of {self.type}")
        for part in self._calls(settings, old, properties):
            at.call("dynamodb", "UpdateTable", TableName=name, **part)
            _active(at, name)
        self._indexes(at, name, old, properties)
        self._extras(at, name, old, properties)
        set_tags(at, "dynamodb", old, properties, ResourceArn=resource.attributes["Arn"])
        return self._read(at, resource)

    @staticmethod
    def _read(at: Place, resource: Made) -> Made:
        table = at.call("dynamodb", "DescribeTable", TableName=resource.physical_id)["Table"]
        more = {"StreamArn": table["LatestStreamArn"]} if table.get("StreamSpecification") else {}
        return Made(resource.physical_id, {"Arn": table["TableArn"]} | more)

    @staticmethod
    def _calls(settings: dict[str, Any], old: Properties, properties: Properties) -> Iterator[Properties]:
        """The changes of a table, each as its own request, because DynamoDB refuses most of them together."""
        billing = {key: settings.pop(key) for key in _BILLING if key in settings}
        if billing.get("BillingMode") == "PROVISIONED" and old.get("BillingMode") == "PAY_PER_REQUEST":
            billing["ProvisionedThroughput"] = properties["ProvisionedThroughput"]
            before = {index["IndexName"] for index in old.get("GlobalSecondaryIndexes") or ()}
            indexes = [
                index for index in properties.get("GlobalSecondaryIndexes") or () if index["IndexName"] in before
            ]
            steps = [{"Update": {key: index[key] for key in _THROUGHPUT}} for index in indexes]
            billing |= {"GlobalSecondaryIndexUpdates": steps} if steps else {}
        elif billing.get("BillingMode") == "PROVISIONED" and "ProvisionedThroughput" not in billing:
            del billing["BillingMode"]  # the table is provisioned anyway
        if billing:
            yield billing
        yield from ({key: value} for key, value in settings.items())

    @staticmethod
    def _indexes(at: Place, name: str, old: Properties, properties: Properties) -> None:
        before, after = ({index["IndexName"]: index for index in state.get("GlobalSecondaryIndexes") or []}
                         for state in (old, properties))  # fmt: skip
        others = [
            {index_name: _but_throughput(index) for index_name, index in part.items()} for part in (before, after)
        ]
        steps: list[dict[str, Any]] = [
            {"Delete": {"IndexName": index_name}}
            for index_name, index in others[0].items()
            if others[1].get(index_name) != index
        ]
        steps += [{"Create": after[new]} for new, index in others[1].items() if others[0].get(new) != index]
        if properties.get("BillingMode") == old.get("BillingMode"):  # else the throughput has changed with it
            steps += [
                {"Update": {key: index[key] for key in _THROUGHPUT}}
                for name, index in after.items()
                if before.get(name) not in (None, index) and others[0][name] == others[1][name]
            ]
        for step in steps:  # one at a time
            more = {"AttributeDefinitions": properties["AttributeDefinitions"]} if "Create" in step else {}
            at.call("dynamodb", "UpdateTable", TableName=name, GlobalSecondaryIndexUpdates=[step], **more)
            _active(at, name)

    @staticmethod
    def _extras(at: Place, name: str, old: Properties, properties: Properties) -> None:
        key = "TimeToLiveSpecification"
        if properties.get(key) != old.get(key):
            attribute = (properties.get(key) or old[key])["AttributeName"]
            specification = {"AttributeName": attribute, "Enabled": bool((properties.get(key) or {}).get("Enabled"))}
            at.call("dynamodb", "UpdateTimeToLive", TableName=name, TimeToLiveSpecification=specification)
        key = "PointInTimeRecoverySpecification"
        if properties.get(key) != old.get(key):
            recovery = properties.get(key, {"PointInTimeRecoveryEnabled": False})
            at.call("dynamodb", "UpdateContinuousBackups", TableName=name, PointInTimeRecoverySpecification=recovery)


def _but_throughput(index: Properties) -> Properties:
    return {key: value for key, value in index.items() if key != "ProvisionedThroughput"}


def _stream(properties: Properties) -> dict[str, Any]:
    specification = properties.get("StreamSpecification")
    if not specification:
        return {}
    if set(specification) - {"StreamViewType"}:
        raise UnsupportedResource("StreamSpecification.ResourcePolicy of AWS::DynamoDB::Table")
    return {"StreamSpecification": {"StreamEnabled": True, **specification}}


def _encryption(properties: Properties) -> dict[str, Any]:
    specification = dict(properties.get("SSESpecification") or {})
    if not specification:
        return {}
    specification["Enabled"] = specification.pop("SSEEnabled")
    return {"SSESpecification": specification}


def _active(at: Place, name: str) -> None:
    def ready() -> bool:
        return bool(at.call("dynamodb", "DescribeTable", TableName=name)["Table"]["TableStatus"] == "ACTIVE")

    at.wait(ready, f"the table {name} is active")


class Stream(Kind):
    """AWS::Kinesis::Stream."""

    type, name, name_limit = "AWS::Kinesis::Stream", "Name", 128
    refused = ("StreamEncryption", "DesiredShardLevelMetrics", "MaxRecordSizeInKiB", "WarmThroughputMiBps",
               "RecordDistributionStrategy")  # fmt: skip
    _retention_h = 24

    def create(self, at: Place, properties: dict[str, Any]) -> Made:
        name = self.named(at, properties)
        capacity = {key: properties[key] for key in ("ShardCount", "StreamModeDetails") if key in properties}
        if not capacity:
            capacity = {"StreamModeDetails": {"StreamMode": "ON_DEMAND"}}
        at.call("kinesis", "CreateStream", StreamName=name, **capacity)
        resource = Made(name, {})
        with self.whole_or_gone(at, resource, properties):
            arn = self._wait(at, name)
            resource.attributes["Arn"] = arn
            self._settings(at, name, {}, properties)
        return resource

    def update(self, at: Place, resource: Made, old: Properties, properties: dict[str, Any]) -> Made:
        name = resource.physical_id
        if properties.get("ShardCount") != old.get("ShardCount"):
            raise UnsupportedResource("a change of ShardCount of AWS::Kinesis::Stream")
        if properties.get("StreamModeDetails") != old.get("StreamModeDetails"):
            mode = properties.get("StreamModeDetails") or {"StreamMode": "PROVISIONED"}
            at.call("kinesis", "UpdateStreamMode", StreamARN=resource.attributes["Arn"], StreamModeDetails=mode)
            self._wait(at, name)
        self._settings(at, name, old, properties)
        return resource

    def delete(self, at: Place, resource: Made, properties: Properties) -> None:
        call_if_there(at, "kinesis", "DeleteStream", StreamName=resource.physical_id, EnforceConsumerDeletion=True)

    @staticmethod
    def _wait(at: Place, name: str) -> str:
        def summary() -> dict[str, Any]:
            return dict(at.call("kinesis", "DescribeStreamSummary", StreamName=name)["StreamDescriptionSummary"])

        at.wait(lambda: bool(summary()["StreamStatus"] == "ACTIVE"), f"the stream {name} is active")
        return str(summary()["StreamARN"])

    def _settings(self, at: Place, name: str, old: Properties, properties: Properties) -> None:
        before = old.get("RetentionPeriodHours", self._retention_h)
        after = properties.get("RetentionPeriodHours", self._retention_h)
        if after != before:
            verb = "Increase" if after > before else "Decrease"
            at.call("kinesis", f"{verb}StreamRetentionPeriod", StreamName=name, RetentionPeriodHours=after)
        verbs = ("RemoveTagsFromStream", "AddTagsToStream")
        set_tags(at, "kinesis", old, properties, verbs=verbs, as_map=True, StreamName=name)


class LogGroup(Kind):
    """AWS::Logs::LogGroup."""

    type, name, name_limit = "AWS::Logs::LogGroup", "LogGroupName", 512
    deleted_with = ("logs", "DeleteLogGroup", "logGroupName")
    refused = ("DataProtectionPolicy", "FieldIndexPolicies", "ResourcePolicyDocument", "DeletionProtectionEnabled",
               "BearerTokenAuthenticationEnabled")  # fmt: skip

    def create(self, at: Place, properties: dict[str, Any]) -> Made:
        name = self.named(at, properties)
        more = {
            "kmsKeyId": properties.get("KmsKeyId"),
            "logGroupClass": properties.get("LogGroupClass"),
            "tags": tags_of(properties),
        }
        at.call("logs", "CreateLogGroup", logGroupName=name, **{key: value for key, value in more.items() if value})
        resource = Made(name, {"Arn": at.arn("logs", f"log-group:{name}:*")})
        return self.update(at, resource, {**properties, "RetentionInDays": None}, properties)

    def update(self, at: Place, resource: Made, old: Properties, properties: dict[str, Any]) -> Made:
        name, days = resource.physical_id, properties.get("RetentionInDays")
        if days != old.get("RetentionInDays"):
            if days:
                at.call("logs", "PutRetentionPolicy", logGroupName=name, retentionInDays=days)
            else:
                at.call("logs", "DeleteRetentionPolicy", logGroupName=name)
        if changes := sorted(
            name for name in ("KmsKeyId", "LogGroupClass", "Tags") if old.get(name) != properties.get(name)
        ):
            raise UnsupportedResource(f"a change of {', '.join(changes)} of {self.type}")
        return resource


class Secret(Kind):
    """AWS::SecretsManager::Secret."""

    type, name, name_limit = "AWS::SecretsManager::Secret", "Name", 512
    refused = ("ReplicaRegions", "Type")

    def create(self, at: Place, properties: dict[str, Any]) -> Made:
        settings = {key: properties[key] for key in ("Description", "KmsKeyId", "Tags") if key in properties}
        answer = at.call(
            "secretsmanager", "CreateSecret", Name=self.named(at, properties), **settings, **self._value(at, properties)
        )
        return Made(answer["ARN"], {"Id": answer["ARN"]})

    def update(self, at: Place, resource: Made, old: Properties, properties: dict[str, Any]) -> Made:
        changes = {
            key: properties.get(key, "") for key in ("Description", "KmsKeyId") if properties.get(key) != old.get(key)
        }
        if any(properties.get(key) != old.get(key) for key in ("SecretString", "GenerateSecretString")):
            changes |= self._value(at, properties)
        if changes:
            at.call("secretsmanager", "UpdateSecret", SecretId=resource.physical_id, **changes)
        set_tags(at, "secretsmanager", old, properties, SecretId=resource.physical_id)
        return resource

    def delete(self, at: Place, resource: Made, properties: Properties) -> None:
        call_if_there(
            at, "secretsmanager", "DeleteSecret", SecretId=resource.physical_id, ForceDeleteWithoutRecovery=True
        )

    @staticmethod
    def _value(at: Place, properties: Properties) -> dict[str, str]:
        """The secret's text; a generated one goes into a template under a key, if there are such."""
        if "GenerateSecretString" not in properties:
            return {"SecretString": properties["SecretString"]} if "SecretString" in properties else {}
        rules = dict(properties["GenerateSecretString"])
        text, key = rules.pop("SecretStringTemplate", None), rules.pop("GenerateStringKey", None)
        if (text is None) != (key is None):
            raise ResourceFailed("You must specify both SecretStringTemplate and GenerateStringKey, or neither.")
        password = at.call("secretsmanager", "GetRandomPassword", **rules)["RandomPassword"]
        return {"SecretString": password if text is None else json.dumps({**json.loads(text), key: password})}


class SecretAttachment(Kind):
    """AWS::SecretsManager::SecretTargetAttachment: a database's address goes into its secret."""

    type = "AWS::SecretsManager::SecretTargetAttachment"

    def create(self, at: Place, properties: dict[str, Any]) -> Made:
        if properties["TargetType"] != "AWS::RDS::DBInstance":
            raise UnsupportedResource(f"TargetType {properties['TargetType']} of {self.type}")
        instance = at.call("rds", "DescribeDBInstances", DBInstanceIdentifier=properties["TargetId"])["DBInstances"][0]
        secret = at.call("secretsmanager", "GetSecretValue", SecretId=properties["SecretId"])
        value = json.loads(secret["SecretString"]) | {
            "engine": instance["Engine"],
            "host": instance["Endpoint"]["Address"],
            "port": instance["Endpoint"]["Port"],
            "dbInstanceIdentifier": instance["DBInstanceIdentifier"],
        }
        if instance.get("DBName"):
            value["dbname"] = instance["DBName"]
        at.call("secretsmanager", "PutSecretValue", SecretId=properties["SecretId"], SecretString=json.dumps(value))
        return Made(secret["ARN"])

    def delete(self, at: Place, resource: Made, properties: Properties) -> None:
        """The secret keeps its value, as on AWS."""


class Parameter(ByCalls):
    """AWS::SSM::Parameter."""

    type, service, name, name_limit = "AWS::SSM::Parameter", "ssm", "Name", 1011
    created_by = updated_by = "PutParameter"
    deleted_by, ids, ref = "DeleteParameter", {"Name": "Name"}, "Name"
    gives = {"Type": "Type", "Value": "Value"}
    refused = ("Policies",)
    whole = True

    def create(self, at: Place, properties: dict[str, Any]) -> Made:
        if tags := tags_of({"Tags": properties.pop("Tags", None)}):
            properties["Tags"] = [{"Key": key, "Value": value} for key, value in tags.items()]
        return super().create(at, properties)

    def update(self, at: Place, resource: Made, old: Properties, properties: dict[str, Any]) -> Made:
        self.require_effect(old, properties)
        settings = {name: value for name, value in properties.items() if name != "Tags"}
        return super().update(at, resource, settings, settings | {"Overwrite": True})


KINDS: tuple[Kind, ...] = (Table(), Stream(), LogGroup(), Secret(), SecretAttachment(), Parameter())
