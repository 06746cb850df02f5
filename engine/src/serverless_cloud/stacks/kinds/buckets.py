"""S3: buckets and their policies."""

# ruff: noqa: ARG002 - the methods of all kinds have the same signature; the base class says ClassVar
from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from serverless_cloud.core.clients import client
from serverless_cloud.stacks.errors import ResourceFailed, UnsupportedResource
from serverless_cloud.stacks.kinds.base import HandlerError, Kind, Made, Place, Properties, as_text, fitted


class Bucket(Kind):
    """AWS::S3::Bucket."""

    type, name, name_limit = "AWS::S3::Bucket", "BucketName", 63
    deleted_with = ("s3", "DeleteBucket", "Bucket")
    refused = ("AccelerateConfiguration", "AnalyticsConfigurations", "IntelligentTieringConfigurations",
               "InventoryConfigurations", "LoggingConfiguration", "MetadataConfiguration", "MetadataTableConfiguration",
               "MetricsConfigurations", "ReplicationConfiguration", "AbacStatus", "BucketNamePrefix",
               "BucketNamespace")  # fmt: skip
    #: Property -> call, its parameter, and the value to restore when the property is left out.
    _puts: Mapping[str, tuple[str, str]] = {
        "VersioningConfiguration": ("PutBucketVersioning", "VersioningConfiguration"),
        "BucketEncryption": ("PutBucketEncryption", "ServerSideEncryptionConfiguration"),
        "CorsConfiguration": ("PutBucketCors", "CORSConfiguration"),
        "LifecycleConfiguration": ("PutBucketLifecycleConfiguration", "LifecycleConfiguration"),
        "OwnershipControls": ("PutBucketOwnershipControls", "OwnershipControls"),
        "PublicAccessBlockConfiguration": ("PutPublicAccessBlock", "PublicAccessBlockConfiguration"),
        "WebsiteConfiguration": ("PutBucketWebsite", "WebsiteConfiguration"),
        "ObjectLockConfiguration": ("PutObjectLockConfiguration", "ObjectLockConfiguration"),
        "NotificationConfiguration": ("PutBucketNotificationConfiguration", "NotificationConfiguration"),
    }
    _deletes: Mapping[str, str] = {
        "BucketEncryption": "DeleteBucketEncryption",
        "CorsConfiguration": "DeleteBucketCors",
        "LifecycleConfiguration": "DeleteBucketLifecycle",
        "OwnershipControls": "DeleteBucketOwnershipControls",
        "PublicAccessBlockConfiguration": "DeletePublicAccessBlock",
        "WebsiteConfiguration": "DeleteBucketWebsite",
    }

    def create(self, at: Place, properties: dict[str, Any]) -> Made:
        if properties.get("AccessControl") not in (None, "Private"):
            raise UnsupportedResource(f"AccessControl {properties['AccessControl']} of {self.type}")
        name = str(properties.get("BucketName") or at.generated_name(self.name_limit).lower())
        more: dict[str, Any] = {}
        if at.region != "us-east-1":
            more["CreateBucketConfiguration"] = {"LocationConstraint": at.region}
        if properties.get("ObjectLockEnabled"):
            more["ObjectLockEnabledForBucket"] = True
        try:
            at.call("s3", "HeadBucket", Bucket=name)
        except HandlerError:
            at.call("s3", "CreateBucket", Bucket=name, **more)
        else:
            raise ResourceFailed(f"{name} already exists in stack or account.")
        resource = Made(name, {
            "Arn": f"arn:aws:s3:::{name}",
            "DomainName": f"{name}.s3.amazonaws.com",
            "RegionalDomainName": f"{name}.s3.{at.region}.amazonaws.com",
            "DualStackDomainName": f"{name}.s3.dualstack.{at.region}.amazonaws.com",
            "WebsiteURL": f"http://{name}.s3-website-{at.region}.amazonaws.com",
        })  # fmt: skip
        with self.whole_or_gone(at, resource, properties):
            return self.update(at, resource, {}, properties)

    def update(self, at: Place, resource: Made, old: Properties, properties: dict[str, Any]) -> Made:
        name = resource.physical_id
        model = client("s3", at.region).meta.service_model
        for key, (operation, parameter) in self._puts.items():
            if properties.get(key) == old.get(key):
                continue
            if properties.get(key):
                shape = model.operation_model(operation).input_shape.members[parameter]
                value = fitted(shape, _as_api(key, properties[key]), f"{self.type}.{key}")
            elif key in self._deletes:
                at.call("s3", self._deletes[key], Bucket=name)
                continue
            else:
                value = {"Status": "Suspended"} if key == "VersioningConfiguration" else {}
            at.call("s3", operation, Bucket=name, **{parameter: value})
        if properties.get("Tags") != old.get("Tags"):
            if properties.get("Tags"):
                at.call("s3", "PutBucketTagging", Bucket=name, Tagging={"TagSet": properties["Tags"]})
            else:
                at.call("s3", "DeleteBucketTagging", Bucket=name)
        return resource


def _as_api(key: str, value: Any) -> Any:
    """A bucket's property in the form of the API, where it differs."""
    if key == "NotificationConfiguration":
        return _notification(value)
    if key == "BucketEncryption":
        rules = [
            {
                ("ApplyServerSideEncryptionByDefault" if name == "ServerSideEncryptionByDefault" else name): setting
                for name, setting in rule.items()
            }
            for rule in value["ServerSideEncryptionConfiguration"]
        ]
        return {"Rules": rules}
    if key == "CorsConfiguration":
        renamed = {"Id": "ID", "MaxAge": "MaxAgeSeconds"}
        rules = [{renamed.get(name, name if name in ("AllowedHeaders", "AllowedMethods", "AllowedOrigins")
                              else name.replace("ExposedHeaders", "ExposeHeaders")): setting
                  for name, setting in rule.items()} for rule in value["CorsRules"]]  # fmt: skip
        return {"CORSRules": rules}
    if key == "LifecycleConfiguration":
        return {"Rules": [_lifecycle_rule(rule) for rule in value["Rules"]]}
    if key == "OwnershipControls":
        return {"Rules": value["Rules"]}
    if key == "WebsiteConfiguration":
        configuration = dict(value)
        for name, inner in (("IndexDocument", "Suffix"), ("ErrorDocument", "Key")):
            if name in configuration:
                configuration[name] = {inner: configuration[name]}
        return configuration
    return value


def _notification(value: Properties) -> dict[str, Any]:
    notification: dict[str, Any] = {}
    for name, target, api_name, api_target in (
        ("LambdaConfigurations", "Function", "LambdaFunctionConfigurations", "LambdaFunctionArn"),
        ("QueueConfigurations", "Queue", "QueueConfigurations", "QueueArn"),
        ("TopicConfigurations", "Topic", "TopicConfigurations", "TopicArn"),
    ):
        for configuration in value.get(name) or []:
            rule: dict[str, Any] = {api_target: configuration[target], "Events": [configuration["Event"]]}
            if rules := ((configuration.get("Filter") or {}).get("S3Key") or {}).get("Rules"):
                rule["Filter"] = {"Key": {"FilterRules": rules}}
            notification.setdefault(api_name, []).append(rule)
    if (value.get("EventBridgeConfiguration") or {}).get("EventBridgeEnabled", "EventBridgeConfiguration" in value):
        notification["EventBridgeConfiguration"] = {}
    return notification


def _lifecycle_rule(rule: Properties) -> dict[str, Any]:
    as_called = ("AbortIncompleteMultipartUpload", "NoncurrentVersionExpiration")
    known = {"Id", "Status", "Prefix", "ExpirationInDays", "ExpirationDate", *as_called}
    if unknown := sorted(set(rule) - known):
        raise UnsupportedResource(f"{', '.join(unknown)} in LifecycleConfiguration of AWS::S3::Bucket")
    api_rule: dict[str, Any] = {"Status": rule["Status"], "Filter": {"Prefix": rule.get("Prefix", "")}}
    if "Id" in rule:
        api_rule["ID"] = rule["Id"]
    for name, unit in (("ExpirationInDays", "Days"), ("ExpirationDate", "Date")):
        if name in rule:
            api_rule["Expiration"] = {unit: rule[name]}
    return api_rule | {name: rule[name] for name in as_called if name in rule}


class BucketPolicy(Kind):
    """AWS::S3::BucketPolicy."""

    type = "AWS::S3::BucketPolicy"
    deleted_with = ("s3", "DeleteBucketPolicy", "Bucket")

    def create(self, at: Place, properties: dict[str, Any]) -> Made:
        at.call("s3", "PutBucketPolicy", Bucket=properties["Bucket"], Policy=as_text(properties["PolicyDocument"]))
        return Made(properties["Bucket"])

    def update(self, at: Place, resource: Made, old: Properties, properties: dict[str, Any]) -> Made:
        return self.create(at, properties)


KINDS: tuple[Kind, ...] = (Bucket(), BucketPolicy())
