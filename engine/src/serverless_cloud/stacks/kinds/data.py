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

    def create(self, at: Place, given: dict[str, Any]) -> Made:
        name = self.named(at, given)
        keys = (*self._settings, "KeySchema", "GlobalSecondaryIndexes", "LocalSecondaryIndexes", "Tags")
        wanted = {key: given[key] for key in keys if key in given} | _stream(given) | _encryption(given)
        table = at.call("dynamodb", "CreateTable", TableName=name, **wanted)["TableDescription"]
        made = Made(name, {"Arn": table["TableArn"]})
        with self.whole_or_gone(at, made, {}):
            _active(at, name)
            self._extras(at, name, {}, given)
        return self._read(at, made)

    def update(self, at: Place, made: Made, old: Properties, given: dict[str, Any]) -> Made:
        name = made.physical_id
        changed = {key for key in self._settings if given.get(key) != old.get(key)} - {"AttributeDefinitions"}
        wanted = {key: given[key] for key in changed if key in given}
        if "StreamSpecification" in changed:
            if old.get("StreamSpecification"):  # a stream of another kind is another stream
                off = {"StreamEnabled": False}
                at.call("dynamodb", "UpdateTable", TableName=name, StreamSpecification=off)
                _active(at, name)
            wanted.pop("StreamSpecification", None)
            wanted |= _stream(given)
        if "SSESpecification" in changed:
            wanted |= _encryption(given)
        if gone := sorted(changed - set(wanted) - {"StreamSpecification", "ProvisionedThroughput"}):
            raise UnsupportedResource(f"an update that leaves out {', '.join(gone)} of {self.type}")
        for part in self._calls(wanted, old, given):
            at.call("dynamodb", "UpdateTable", TableName=name, **part)
            _active(at, name)
        self._indexes(at, name, old, given)
        self._extras(at, name, old, given)
        set_tags(at, "dynamodb", old, given, ResourceArn=made.attributes["Arn"])
        return self._read(at, made)

    @staticmethod
    def _read(at: Place, made: Made) -> Made:
        table = at.call("dynamodb", "DescribeTable", TableName=made.physical_id)["Table"]
        more = {"StreamArn": table["LatestStreamArn"]} if table.get("StreamSpecification") else {}
        return Made(made.physical_id, {"Arn": table["TableArn"]} | more)

    @staticmethod
    def _calls(wanted: dict[str, Any], old: Properties, given: Properties) -> Iterator[Properties]:
        """The changes of a table, each as its own request, because DynamoDB refuses most of them together."""
        billing = {key: wanted.pop(key) for key in _BILLING if key in wanted}
        if billing.get("BillingMode") == "PROVISIONED" and old.get("BillingMode") == "PAY_PER_REQUEST":
            billing["ProvisionedThroughput"] = given["ProvisionedThroughput"]
            before = {index["IndexName"] for index in old.get("GlobalSecondaryIndexes") or ()}
            kept = [index for index in given.get("GlobalSecondaryIndexes") or () if index["IndexName"] in before]
            steps = [{"Update": {key: index[key] for key in _THROUGHPUT}} for index in kept]
            billing |= {"GlobalSecondaryIndexUpdates": steps} if steps else {}
        elif billing.get("BillingMode") == "PROVISIONED" and "ProvisionedThroughput" not in billing:
            del billing["BillingMode"]  # the table is provisioned anyway
        if billing:
            yield billing
        yield from ({key: value} for key, value in wanted.items())

    @staticmethod
    def _indexes(at: Place, name: str, old: Properties, given: Properties) -> None:
        before, after = ({index["IndexName"]: index for index in each.get("GlobalSecondaryIndexes") or []}
                         for each in (old, given))  # fmt: skip
        others = [{each: _but_throughput(index) for each, index in part.items()} for part in (before, after)]
        steps: list[dict[str, Any]] = [
            {"Delete": {"IndexName": gone}} for gone, index in others[0].items() if others[1].get(gone) != index
        ]
        steps += [{"Create": after[new]} for new, index in others[1].items() if others[0].get(new) != index]
        if given.get("BillingMode") == old.get("BillingMode"):  # else the throughput has changed with it
            steps += [
                {"Update": {key: index[key] for key in _THROUGHPUT}}
                for name, index in after.items()
                if before.get(name) not in (None, index) and others[0][name] == others[1][name]
            ]
        for step in steps:  # one at a time
            more = {"AttributeDefinitions": given["AttributeDefinitions"]} if "Create" in step else {}
            at.call("dynamodb", "UpdateTable", TableName=name, GlobalSecondaryIndexUpdates=[step], **more)
            _active(at, name)

    @staticmethod
    def _extras(at: Place, name: str, old: Properties, given: Properties) -> None:
        key = "TimeToLiveSpecification"
        if given.get(key) != old.get(key):
            attribute = (given.get(key) or old[key])["AttributeName"]
            wanted = {"AttributeName": attribute, "Enabled": bool((given.get(key) or {}).get("Enabled"))}
            at.call("dynamodb", "UpdateTimeToLive", TableName=name, TimeToLiveSpecification=wanted)
        key = "PointInTimeRecoverySpecification"
        if given.get(key) != old.get(key):
            at.call("dynamodb", "UpdateContinuousBackups", TableName=name, PointInTimeRecoverySpecification=given.get(
                key, {"PointInTimeRecoveryEnabled": False}))  # fmt: skip


def _but_throughput(index: Properties) -> Properties:
    return {key: value for key, value in index.items() if key != "ProvisionedThroughput"}


def _stream(given: Properties) -> dict[str, Any]:
    wanted = given.get("StreamSpecification")
    if not wanted:
        return {}
    if set(wanted) - {"StreamViewType"}:
        raise UnsupportedResource("StreamSpecification.ResourcePolicy of AWS::DynamoDB::Table")
    return {"StreamSpecification": {"StreamEnabled": True, **wanted}}


def _encryption(given: Properties) -> dict[str, Any]:
    wanted = dict(given.get("SSESpecification") or {})
    if not wanted:
        return {}
    wanted["Enabled"] = wanted.pop("SSEEnabled")
    return {"SSESpecification": wanted}


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

    def create(self, at: Place, given: dict[str, Any]) -> Made:
        name = self.named(at, given)
        wanted = {key: given[key] for key in ("ShardCount", "StreamModeDetails") if key in given}
        if not wanted:
            wanted = {"StreamModeDetails": {"StreamMode": "ON_DEMAND"}}
        at.call("kinesis", "CreateStream", StreamName=name, **wanted)
        made = Made(name, {})
        with self.whole_or_gone(at, made, given):
            arn = self._wait(at, name)
            made.attributes["Arn"] = arn
            self._settings(at, name, {}, given)
        return made

    def update(self, at: Place, made: Made, old: Properties, given: dict[str, Any]) -> Made:
        name = made.physical_id
        if given.get("ShardCount") != old.get("ShardCount"):
            raise UnsupportedResource("a change of ShardCount of AWS::Kinesis::Stream")
        if given.get("StreamModeDetails") != old.get("StreamModeDetails"):
            wanted = given.get("StreamModeDetails") or {"StreamMode": "PROVISIONED"}
            at.call("kinesis", "UpdateStreamMode", StreamARN=made.attributes["Arn"], StreamModeDetails=wanted)
            self._wait(at, name)
        self._settings(at, name, old, given)
        return made

    def delete(self, at: Place, made: Made, given: Properties) -> None:
        call_if_there(at, "kinesis", "DeleteStream", StreamName=made.physical_id, EnforceConsumerDeletion=True)

    @staticmethod
    def _wait(at: Place, name: str) -> str:
        def summary() -> dict[str, Any]:
            found: dict[str, Any] = at.call("kinesis", "DescribeStreamSummary", StreamName=name)
            return dict(found["StreamDescriptionSummary"])

        at.wait(lambda: bool(summary()["StreamStatus"] == "ACTIVE"), f"the stream {name} is active")
        return str(summary()["StreamARN"])

    def _settings(self, at: Place, name: str, old: Properties, given: Properties) -> None:
        before = old.get("RetentionPeriodHours", self._retention_h)
        after = given.get("RetentionPeriodHours", self._retention_h)
        if after != before:
            verb = "Increase" if after > before else "Decrease"
            at.call("kinesis", f"{verb}StreamRetentionPeriod", StreamName=name, RetentionPeriodHours=after)
        verbs = ("RemoveTagsFromStream", "AddTagsToStream")
        set_tags(at, "kinesis", old, given, verbs=verbs, as_map=True, StreamName=name)


class LogGroup(Kind):
    """AWS::Logs::LogGroup."""

    type, name, name_limit = "AWS::Logs::LogGroup", "LogGroupName", 512
    deleted_with = ("logs", "DeleteLogGroup", "logGroupName")
    refused = ("DataProtectionPolicy", "FieldIndexPolicies", "ResourcePolicyDocument", "DeletionProtectionEnabled",
               "BearerTokenAuthenticationEnabled")  # fmt: skip

    def create(self, at: Place, given: dict[str, Any]) -> Made:
        name = self.named(at, given)
        more = {"kmsKeyId": given.get("KmsKeyId"), "logGroupClass": given.get("LogGroupClass"), "tags": tags_of(given)}
        at.call("logs", "CreateLogGroup", logGroupName=name, **{key: value for key, value in more.items() if value})
        made = Made(name, {"Arn": at.arn("logs", f"log-group:{name}:*")})
        return self.update(at, made, {**given, "RetentionInDays": None}, given)

    def update(self, at: Place, made: Made, old: Properties, given: dict[str, Any]) -> Made:
        name, days = made.physical_id, given.get("RetentionInDays")
        if days != old.get("RetentionInDays"):
            if days:
                at.call("logs", "PutRetentionPolicy", logGroupName=name, retentionInDays=days)
            else:
                at.call("logs", "DeleteRetentionPolicy", logGroupName=name)
        if gone := sorted(name for name in ("KmsKeyId", "LogGroupClass", "Tags") if old.get(name) != given.get(name)):
            raise UnsupportedResource(f"a change of {', '.join(gone)} of {self.type}")
        return made


class Secret(Kind):
    """AWS::SecretsManager::Secret."""

    type, name, name_limit = "AWS::SecretsManager::Secret", "Name", 512
    refused = ("ReplicaRegions", "Type")

    def create(self, at: Place, given: dict[str, Any]) -> Made:
        wanted = {key: given[key] for key in ("Description", "KmsKeyId", "Tags") if key in given}
        answer = at.call(
            "secretsmanager", "CreateSecret", Name=self.named(at, given), **wanted, **self._value(at, given)
        )
        return Made(answer["ARN"], {"Id": answer["ARN"]})

    def update(self, at: Place, made: Made, old: Properties, given: dict[str, Any]) -> Made:
        wanted = {key: given.get(key, "") for key in ("Description", "KmsKeyId") if given.get(key) != old.get(key)}
        if any(given.get(key) != old.get(key) for key in ("SecretString", "GenerateSecretString")):
            wanted |= self._value(at, given)
        if wanted:
            at.call("secretsmanager", "UpdateSecret", SecretId=made.physical_id, **wanted)
        set_tags(at, "secretsmanager", old, given, SecretId=made.physical_id)
        return made

    def delete(self, at: Place, made: Made, given: Properties) -> None:
        call_if_there(at, "secretsmanager", "DeleteSecret", SecretId=made.physical_id, ForceDeleteWithoutRecovery=True)

    @staticmethod
    def _value(at: Place, given: Properties) -> dict[str, str]:
        """The secret's text; a generated one goes into a template under a key, if there are such."""
        if "GenerateSecretString" not in given:
            return {"SecretString": given["SecretString"]} if "SecretString" in given else {}
        rules = dict(given["GenerateSecretString"])
        text, key = rules.pop("SecretStringTemplate", None), rules.pop("GenerateStringKey", None)
        if (text is None) != (key is None):
            raise ResourceFailed("You must specify both SecretStringTemplate and GenerateStringKey, or neither.")
        password = at.call("secretsmanager", "GetRandomPassword", **rules)["RandomPassword"]
        return {"SecretString": password if text is None else json.dumps({**json.loads(text), key: password})}


class SecretAttachment(Kind):
    """AWS::SecretsManager::SecretTargetAttachment: a database's address goes into its secret."""

    type = "AWS::SecretsManager::SecretTargetAttachment"

    def create(self, at: Place, given: dict[str, Any]) -> Made:
        if given["TargetType"] != "AWS::RDS::DBInstance":
            raise UnsupportedResource(f"TargetType {given['TargetType']} of {self.type}")
        found = at.call("rds", "DescribeDBInstances", DBInstanceIdentifier=given["TargetId"])["DBInstances"][0]
        secret = at.call("secretsmanager", "GetSecretValue", SecretId=given["SecretId"])
        value = json.loads(secret["SecretString"]) | {
            "engine": found["Engine"],
            "host": found["Endpoint"]["Address"],
            "port": found["Endpoint"]["Port"],
            "dbInstanceIdentifier": found["DBInstanceIdentifier"],
        }
        if found.get("DBName"):
            value["dbname"] = found["DBName"]
        at.call("secretsmanager", "PutSecretValue", SecretId=given["SecretId"], SecretString=json.dumps(value))
        return Made(secret["ARN"])

    def delete(self, at: Place, made: Made, given: Properties) -> None:
        """The secret keeps its value, as on AWS."""


class Parameter(ByCalls):
    """AWS::SSM::Parameter."""

    type, service, name, name_limit = "AWS::SSM::Parameter", "ssm", "Name", 1011
    created_by = updated_by = "PutParameter"
    deleted_by, ids, ref = "DeleteParameter", {"Name": "Name"}, "Name"
    gives = {"Type": "Type", "Value": "Value"}
    refused = ("Policies",)
    whole = True

    def create(self, at: Place, given: dict[str, Any]) -> Made:
        if tags := tags_of({"Tags": given.pop("Tags", None)}):
            given["Tags"] = [{"Key": key, "Value": value} for key, value in tags.items()]
        return super().create(at, given)

    def update(self, at: Place, made: Made, old: Properties, given: dict[str, Any]) -> Made:
        self.require_effect(old, given)
        wanted = {name: value for name, value in given.items() if name != "Tags"}
        return super().update(at, made, wanted, wanted | {"Overwrite": True})


KINDS: tuple[Kind, ...] = (Table(), Stream(), LogGroup(), Secret(), SecretAttachment(), Parameter())
