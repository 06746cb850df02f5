"""What belongs to a function, answered as AWS does: permissions, settings of events, layers, tags, concurrency."""

from __future__ import annotations

import hashlib
import urllib.request
from datetime import datetime
from typing import Any

ARN = "arn:aws:lambda:us-east-1:123456789012:function:price"
LAYER = "arn:aws:lambda:us-east-1:123456789012:layer:tax"
SOURCE = "def handler(event, context):\n    return 1200\n"
INVOKE = f'"Action":"lambda:InvokeFunction","Resource":"{ARN}"}}'
MISSING = "ResourceNotFoundException"
FAILED = "1 validation error detected: Value '{}' at '{}' failed to satisfy constraint: {}"
PRICE = {"FunctionName": "price"}
TOPIC = {**PRICE, "StatementId": "topic", "Action": "lambda:InvokeFunction", "Principal": "sns.amazonaws.com"}
LIVE = {**PRICE, "Name": "live", "FunctionVersion": "1"}
STALE = (
    "The Revision Id provided does not match the latest Revision Id. Call the GetPolicy API to retrieve the latest "
    "Revision Id"
)


def test_a_policy_has_the_revision_of_its_function(kit: Any) -> None:
    kit.deploy("price", SOURCE)
    lam = kit.client("lambda")
    first = lam.get_function_configuration(**PRICE)["RevisionId"]
    added = lam.add_permission(**TOPIC, RevisionId=first)
    second = lam.get_policy(**PRICE)["RevisionId"]
    assert second == lam.get_function_configuration(**PRICE)["RevisionId"] != first
    statement = f'{{"Sid":"topic","Effect":"Allow","Principal":{{"Service":"sns.amazonaws.com"}},{INVOKE}'
    assert added["Statement"] == statement
    assert lam.get_policy(**PRICE)["Policy"] == f'{{"Version":"2012-10-17","Id":"default","Statement":[{statement}]}}'
    lam.publish_version(**PRICE)
    assert lam.get_policy(**PRICE)["RevisionId"] != second
    alias = lam.create_alias(**PRICE, Name="live", FunctionVersion="1")
    lam.add_permission(**TOPIC, Qualifier="live", RevisionId=alias["RevisionId"])
    newer = lam.get_policy(**PRICE, Qualifier="live")["RevisionId"]
    assert newer == lam.get_alias(**PRICE, Name="live")["RevisionId"] != alias["RevisionId"]
    for stale in (
        lambda: lam.add_permission(**TOPIC | {"StatementId": "other"}, RevisionId=first),
        lambda: lam.remove_permission(**PRICE, StatementId="topic", RevisionId=first),
    ):
        kit.refused(stale, "PreconditionFailedException", status=412, message=STALE)


def test_permissions_of_what_is_not_there(kit: Any) -> None:
    lam = kit.client("lambda")
    kit.refused(lambda: lam.add_permission(**TOPIC), MISSING, message=f"Function not found: {ARN}")
    remove = {**PRICE, "StatementId": "topic"}
    kit.refused(lambda: lam.remove_permission(**remove), MISSING, message=f"No policy found for: {ARN}")
    nothing = "The resource you requested does not exist."
    kit.refused(lambda: lam.get_policy(**PRICE), MISSING, message=nothing)
    kit.deploy("price", SOURCE)
    kit.refused(lambda: lam.get_policy(**PRICE), MISSING, message=nothing)
    add_to = {"7": f"Function not found: {ARN}:7", "live": f"Cannot find alias arn: {ARN}:live"}
    for qualifier, message in add_to.items():
        kit.refused(lambda name=qualifier: lam.add_permission(**TOPIC, Qualifier=name), MISSING, message=message)
    both = TOPIC | {"FunctionName": "price:live"}
    kit.refused(
        lambda: lam.add_permission(**both, Qualifier="7"), "InvalidParameterValueException", "derived qualifier"
    )


def test_the_settings_of_events(kit: Any) -> None:
    lam = kit.client("lambda")
    nothing = f"The function {ARN}:$LATEST doesn't have an EventInvokeConfig"
    retries = {"MaximumRetryAttempts": 1}
    gone = "The function doesn't exist."
    kit.refused(lambda: lam.get_function_event_invoke_config(**PRICE), MISSING, message=nothing)
    kit.refused(lambda: lam.delete_function_event_invoke_config(**PRICE), MISSING, message=nothing)
    kit.refused(lambda: lam.update_function_event_invoke_config(**PRICE, **retries), MISSING, message=nothing)
    kit.refused(lambda: lam.put_function_event_invoke_config(**PRICE, **retries), MISSING, message=gone)
    kit.refused(lambda: lam.list_function_event_invoke_configs(**PRICE), MISSING, message=gone)
    kit.deploy("price", SOURCE)
    invalid = "InvalidParameterValueException"
    empty = "You must specify at least one of error handling or destination setting."
    kit.refused(lambda: lam.put_function_event_invoke_config(**PRICE), invalid, message=empty)
    itself = {"OnSuccess": {"Destination": ARN}}
    own = "You can't specify the function as a destination for itself."
    kit.refused(lambda: lam.put_function_event_invoke_config(**PRICE, DestinationConfig=itself), invalid, message=own)
    lam.publish_version(**PRICE)
    for qualifier in ("1", "$LATEST"):
        lam.put_function_event_invoke_config(**PRICE, **retries, Qualifier=qualifier)
    first = lam.list_function_event_invoke_configs(**PRICE, MaxItems=1)
    second = lam.list_function_event_invoke_configs(**PRICE, MaxItems=1, Marker=first["NextMarker"])
    rows = [row["FunctionArn"] for page in (first, second) for row in page["FunctionEventInvokeConfigs"]]
    assert (rows, "NextMarker" in second) == ([f"{ARN}:$LATEST", f"{ARN}:1"], False)
    many = lambda: lam.list_function_event_invoke_configs(**PRICE, MaxItems=51)  # noqa: E731
    limit = FAILED.format("51", "maxItems", "Member must have value less than or equal to 50")
    kit.refused(many, "ValidationException", message=limit)


def test_a_version_is_provisioned_once(kit: Any) -> None:
    kit.deploy("price", SOURCE)
    lam = kit.client("lambda")
    lam.publish_version(**PRICE)
    lam.create_alias(**PRICE, Name="live", FunctionVersion="1")
    get, count = lam.get_provisioned_concurrency_config, {"ProvisionedConcurrentExecutions": 1}
    none = "No Provisioned Concurrency Config found for this function"
    kit.refused(lambda: get(**PRICE, Qualifier="1"), "ProvisionedConcurrencyConfigNotFoundException", message=none)
    kit.refused(lambda: get(**PRICE, Qualifier="7"), MISSING, message=f"Function not found: {ARN}:7")
    kit.refused(lambda: get(**PRICE, Qualifier="sale"), MISSING, message=f"Cannot find alias arn: {ARN}:sale")
    put, delete = lam.put_provisioned_concurrency_config, lam.delete_provisioned_concurrency_config
    modified = put(**PRICE, **count, Qualifier="1")["LastModified"]
    assert datetime.strptime(modified, "%Y-%m-%dT%H:%M:%S+0000")
    taken = "Alias can't be used for Provisioned Concurrency configuration on an already Provisioned version"
    conflict = "ResourceConflictException"
    kit.refused(lambda: put(**PRICE, **count, Qualifier="live"), conflict, status=409, message=taken)
    delete(**PRICE, Qualifier="1")
    put(**PRICE, **count, Qualifier="live")
    pointed = "Version is pointed by a Provisioned Concurrency alias"
    kit.refused(lambda: put(**PRICE, **count, Qualifier="1"), conflict, message=pointed)
    delete(**PRICE, Qualifier="live")
    delete_version = lambda: lam.delete_function(**PRICE, Qualifier="1")  # noqa: E731
    used = "Unable to delete version because the following aliases reference it: [live]"
    kit.refused(delete_version, conflict, status=409, message=used)
    assert lam.get_account_settings()["AccountLimit"]["TotalCodeSize"] == 80_530_636_800
    whole = "This operation is permitted on Lambda functions only."
    reserve = {"FunctionName": "price:live", "ReservedConcurrentExecutions": 1}
    kit.refused(lambda: lam.put_function_concurrency(**reserve), "InvalidParameterValueException", whole)
    kit.refused(lambda: lam.publish_version(FunctionName="price:1"), "InvalidParameterValueException", whole)
    version = kit.function("price", SOURCE) | {"FunctionName": "stock:1"}
    kit.refused(lambda: lam.create_function(**version), "InvalidParameterValueException", whole)


def test_a_layer_version_is_shown(kit: Any) -> None:
    lam = kit.client("lambda")
    package = {"ZipFile": kit.zip_of({"python/tax.py": "RATE = 10\n"})}
    first = lam.publish_layer_version(LayerName="tax", Content=package, CompatibleRuntimes=["python3.13"])
    assert (first["Description"], first["LayerVersionArn"], "LicenseInfo" in first) == ("", f"{LAYER}:1", False)
    lam.publish_layer_version(LayerName="tax", Content=package, Description="10%", LicenseInfo="MIT")
    by_arn = lam.get_layer_version_by_arn(Arn=f"{LAYER}:2")
    assert (by_arn["Description"], by_arn["LicenseInfo"], by_arn["Version"]) == ("10%", "MIT", 2)
    with urllib.request.urlopen(by_arn["Content"]["Location"], timeout=30) as content:
        assert content.read() == package["ZipFile"]
    newest = lam.list_layer_versions(LayerName="tax", MaxItems=1)
    assert ([each["Version"] for each in newest["LayerVersions"]], newest["NextMarker"]) == ([2], "1")
    matching = lam.list_layers(CompatibleRuntime="python3.13")["Layers"]
    assert [each["LatestMatchingVersion"]["Version"] for each in matching] == [1]
    nothing = "The resource you requested does not exist."
    for missing in (
        lambda: lam.get_layer_version(LayerName="tax", VersionNumber=7),
        lambda: lam.get_layer_version(LayerName="vat", VersionNumber=1),
        lambda: lam.get_layer_version_by_arn(Arn=f"{LAYER}:7"),
    ):
        kit.refused(missing, MISSING, status=404, message=nothing)
    kit.refused(
        lambda: lam.get_layer_version(LayerName="tax", VersionNumber=0),
        "InvalidParameterValueException",
        message="Layer Version Cannot be less than 1",
    )
    wrong = {"LayerName": "tax", "Content": package, "CompatibleRuntimes": ["basic"]}
    refused = kit.refused(lambda: lam.publish_layer_version(**wrong), "ValidationException")
    begin = "1 validation error detected: Value '[basic]' at 'compatibleRuntimes' failed to satisfy constraint: "
    assert refused.message.startswith(f"{begin}Member must satisfy constraint: [Member must satisfy enum value set: [")
    kit.client("s3").create_bucket(Bucket="hikari")
    gone = {"LayerName": "tax", "Content": {"S3Bucket": "hikari", "S3Key": "a"}}
    kit.refused(lambda: lam.publish_layer_version(**gone), "InvalidParameterValueException", "Code: NoSuchKey.")
    assert lam.delete_layer_version(LayerName="tax", VersionNumber=7)["ResponseMetadata"]["HTTPStatusCode"] == 204


def test_tags_that_are_refused(kit: Any) -> None:
    kit.deploy("price", SOURCE)
    lam = kit.client("lambda")
    lam.publish_version(**PRICE)
    invalid = "InvalidParameterValueException"
    many = {f"tag{number}": "lamp" for number in range(51)}
    limit = "Number of tags exceeds resource tag limit."
    kit.refused(lambda: lam.tag_resource(Resource=ARN, Tags=many), invalid, message=limit)
    kit.refused(lambda: kit.deploy("stock", SOURCE, Tags=many), invalid, message=limit)
    versions = "Tags on function aliases and versions are not supported. Please specify a function ARN."
    for call in (lam.list_tags, lambda **arn: lam.tag_resource(**arn, Tags={"a": "b"})):
        kit.refused(lambda call=call: call(Resource=f"{ARN}:1"), invalid, message=versions)
    kit.refused(lambda: lam.list_tags(Resource=ARN + "s"), MISSING, message=f"Function not found: {ARN}s")
    none = FAILED.replace("'{}' at", "null at").format("tagKeys", "Member must not be null")
    kit.refused(lambda: lam.untag_resource(Resource=ARN, TagKeys=[]), "ValidationException", message=none)
    revision = lam.get_function_configuration(**PRICE)["RevisionId"]
    lam.tag_resource(Resource=ARN, Tags={"team": "lamps"})
    assert lam.get_function_configuration(**PRICE)["RevisionId"] != revision
    assert lam.get_function(**PRICE)["Tags"] == lam.list_tags(Resource=ARN)["Tags"] == {"team": "lamps"}


def test_a_recursive_loop_ends(kit: Any) -> None:
    kit.deploy("price", SOURCE)
    lam = kit.client("lambda")
    header = f"Lineage={hashlib.sha256(ARN.encode()).hexdigest()[:8]}:99"
    trace = lambda params, **_: params["headers"].update({"X-Amzn-Trace-Id": header})  # noqa: E731
    lam.meta.events.register("before-call.lambda.Invoke", trace)
    try:
        kit.refused(lambda: lam.invoke(**PRICE), "RecursiveInvocationException")
    finally:
        lam.meta.events.unregister("before-call.lambda.Invoke", trace)  # other tests have the same client


def test_runtimes_and_loops_have_no_settings(kit: Any) -> None:
    kit.deploy("price", SOURCE)
    lam = kit.client("lambda")
    loop = lambda: lam.put_function_recursion_config(**PRICE, RecursiveLoop="Allow")  # noqa: E731
    kit.refused(loop, "NotImplementedException", "PutFunctionRecursionConfig")
    runtime = lambda: lam.put_runtime_management_config(**PRICE, UpdateRuntimeOn="FunctionUpdate")  # noqa: E731
    kit.refused(runtime, "NotImplementedException", "PutRuntimeManagementConfig")


def test_a_url_has_limits(kit: Any) -> None:
    kit.deploy("price", SOURCE)
    lam = kit.client("lambda")
    method = "Member must satisfy constraint: [Member must have length less than or equal to 6, "
    method += "Member must have length greater than or equal to 0, Member must satisfy regular expression pattern: .*, "
    most = "Member must have value less than or equal to 86400"
    for cors, message in (
        ({"AllowMethods": ["GET", "OPTIONS"]},
         FAILED.format("[GET, OPTIONS]", "cors.allowMethods", method + "Member must not be null]")),
        ({"MaxAge": 86_401}, FAILED.format("86401", "cors.maxAge", most)),
    ):  # fmt: skip
        make = lambda cors=cors: lam.create_function_url_config(**PRICE, AuthType="NONE", Cors=cors)  # noqa: E731
        kit.refused(make, "ValidationException", message=message)
    assert lam.list_function_url_configs(**PRICE)["FunctionUrlConfigs"] == []


def test_an_alias_has_weights_from_0_to_1(kit: Any) -> None:
    kit.deploy("price", SOURCE)
    lam = kit.client("lambda")

    def make(**weights: float) -> Any:
        return lam.create_alias(**LIVE, RoutingConfig={"AdditionalVersionWeights": weights})

    path = "routingConfig.additionalVersionWeights"
    share = "Map value must satisfy constraint: [Member must have value less than or equal to 1.0, "
    share += "Member must have value greater than or equal to 0.0, Member must not be null]"
    kit.refused(lambda: make(**{"2": 1.5}), "ValidationException", message=FAILED.format("{2=1.5}", path, share))
    refused = kit.refused(lambda: make(sale=0.5), "ValidationException")
    assert refused.message.startswith(FAILED.format("{sale=0.5}", path, "Map keys must satisfy constraint: ["))
    assert refused.message.endswith("Member must satisfy regular expression pattern: [0-9]+, Member must not be null]")


def test_an_invoke_without_such_a_log(kit: Any) -> None:
    kit.deploy("price", SOURCE)
    rule = "Member must satisfy enum value set: [None, Tail]"
    invoke = lambda: kit.client("lambda").invoke(**PRICE, LogType="Head")  # noqa: E731
    kit.refused(invoke, "ValidationException", message=FAILED.format("Head", "logType", rule))


def test_a_mapping_takes_every_form_of_a_name(kit: Any) -> None:
    kit.deploy("price", SOURCE)
    lam, queue = kit.client("lambda"), kit.make_queue("orders")
    made = lam.create_event_source_mapping(FunctionName="function:price", EventSourceArn=queue.arn, Enabled=False)
    assert (made["FunctionArn"], made["State"]) == (ARN, "Creating")
    pattern = {"Filters": [{"Pattern": "lamp"}]}
    change = {"UUID": made["UUID"], "FilterCriteria": pattern}
    wrong = "Invalid filter pattern definition."
    kit.refused(lambda: lam.update_event_source_mapping(**change), "InvalidParameterValueException", message=wrong)
    listed = lam.list_event_source_mappings(FunctionName=ARN)["EventSourceMappings"]
    assert [mapping["UUID"] for mapping in listed] == [made["UUID"]]
    no_list = lambda: lam.list_event_source_mappings(Marker="lamp")  # noqa: E731
    kit.refused(no_list, "InvalidParameterValueException", "Marker", status=400)
