"""CloudFormation's answers: which fields they have, and what AWS's errors say."""

from __future__ import annotations

import json
from typing import Any

import pytest

from kits import stack_kit as here
from serverless_cloud.stacks.engine import Engine
from serverless_cloud.stacks.stack import Stack, StackSpec
from serverless_cloud.stacks.template import Template

pytestmark = pytest.mark.usefixtures("aws")

QUEUE = {"Type": "AWS::SQS::Queue"}
EXTENSIONS = "AWS::LanguageExtensions"
STAGE = {"Stage": {"Type": "String", "Default": "test"}}


def queue(**given: Any) -> dict[str, Any]:
    return {"Type": "AWS::SQS::Queue", "Properties": given}


def template(**sections: Any) -> str:
    return json.dumps({"Resources": {"Orders": QUEUE}} | sections)


def change(name: str, body: str, kind: str = "UPDATE", stack: str = "shop", **more: Any) -> dict[str, Any]:
    """A change set with the values of properties."""
    id = here.stacks().create_change_set(
        StackName=stack, ChangeSetName=name, TemplateBody=body, ChangeSetType=kind, **more
    )["Id"]
    return dict(here.stacks().describe_change_set(ChangeSetName=id, IncludePropertyValues=True))


def changes(change_set: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {each["ResourceChange"]["LogicalResourceId"]: each["ResourceChange"] for each in change_set["Changes"]}


def refusal(call: Any, **given: Any) -> str:
    with pytest.raises(here.stacks().exceptions.ClientError) as caught:
        call(**given)
    return str(caught.value.response["Error"]["Message"])


def test_fields_of_a_stack_and_of_a_change_set() -> None:
    stacks = here.stacks()
    first = change("first", template(), "CREATE")
    assert {"Parameters", "Tags"}.isdisjoint(first)
    assert (first["NotificationARNs"], first["RollbackConfiguration"], first["Capabilities"]) == ([], {}, [])
    stacks.execute_change_set(StackName="shop", ChangeSetName="first", ClientRequestToken="token-1")
    assert here.settled("shop") == "CREATE_COMPLETE"
    (stack,) = stacks.describe_stacks(StackName="shop")["Stacks"]
    assert {"Outputs", "Parameters"}.isdisjoint(stack)
    assert (stack["RollbackConfiguration"], stack["Tags"], stack["NotificationARNs"]) == ({}, [], [])
    assert stack["LastUpdatedTime"] >= stack["CreationTime"]
    (resource,) = stacks.describe_stack_resources(StackName="shop")["StackResources"]
    assert resource["DriftInformation"] == {"StackResourceDriftStatus": "NOT_CHECKED"}
    detail = stacks.describe_stack_resource(StackName="shop", LogicalResourceId="Orders")["StackResourceDetail"]
    assert (detail["DriftInformation"], detail["Metadata"]) == (resource["DriftInformation"], "{}")
    events = stacks.describe_stack_events(StackName="shop")["StackEvents"]
    assert [each.get("ClientRequestToken") for each in events][-2:] == ["token-1", None]
    assert [each.get("ResourceStatusReason") for each in events if each["LogicalResourceId"] == "Orders"] == [
        None, "Resource creation Initiated", None,
    ]  # fmt: skip
    stacks.create_stack(StackName="plain", TemplateBody=template())
    assert "LastUpdatedTime" not in stacks.describe_stacks(StackName="plain")["Stacks"][0]


def test_the_name_of_a_change_set_is_free_after_execution_and_deletion(kit: Any) -> None:
    stacks = here.stacks()
    first = change("cs", template(), "CREATE")
    refused = kit.refused(lambda: change("cs", template(), "CREATE"))
    assert refused.code == "AlreadyExistsException"
    stacks.execute_change_set(StackName="shop", ChangeSetName="cs")
    assert here.settled("shop") == "CREATE_COMPLETE"
    assert stacks.list_change_sets(StackName="shop")["Summaries"] == []
    assert stacks.describe_change_set(ChangeSetName=first["ChangeSetId"])["ExecutionStatus"] == "EXECUTE_COMPLETE"
    second = change("cs", template(Resources={"Orders": queue(DelaySeconds=1)}))
    assert stacks.describe_change_set(StackName="shop", ChangeSetName="cs")["ChangeSetId"] == second["ChangeSetId"]
    stacks.execute_change_set(StackName="shop", ChangeSetName="cs")
    assert here.settled("shop") == "UPDATE_COMPLETE"
    here.delete("shop")
    third = change("cs", template(), "CREATE")
    assert stacks.describe_change_set(StackName="shop", ChangeSetName="cs")["ChangeSetId"] == third["ChangeSetId"]
    stacks.execute_change_set(StackName="shop", ChangeSetName="cs")
    assert here.settled("shop") == "CREATE_COMPLETE"


def test_what_is_not_there_is_told_as_each_call_tells_it(kit: Any) -> None:
    stacks = here.stacks()
    for call, words in (
        (lambda: stacks.describe_stacks(StackName="no"), "Stack with id no does not exist"),
        (lambda: stacks.get_template(StackName="no"), "Stack with id no does not exist"),
        (lambda: stacks.list_stack_resources(StackName="no"), "Stack with id no does not exist"),
        (lambda: stacks.describe_stack_events(StackName="no"), "Stack [no] does not exist"),
        (lambda: stacks.list_change_sets(StackName="no"), "Stack [no] does not exist"),
        (lambda: stacks.describe_change_set(StackName="no", ChangeSetName="cs"), "Stack [no] does not exist"),
        (lambda: stacks.delete_change_set(StackName="no", ChangeSetName="cs"), "Stack [no] does not exist"),
        (lambda: stacks.update_termination_protection(StackName="no", EnableTerminationProtection=True),
         "Stack [no] does not exist"),
        (lambda: stacks.describe_stack_resource(StackName="no", LogicalResourceId="A"), "Stack 'no' does not exist"),
        (lambda: stacks.describe_change_set(ChangeSetName="cs"),
         "StackName must be specified if ChangeSetName is not specified as an ARN."),
    ):  # fmt: skip
        refused = kit.refused(call)
        assert (refused.code, refused.message) == ("ValidationError", words)
    change("cs", template(), "CREATE")
    id = stacks.describe_stacks(StackName="shop")["Stacks"][0]["StackId"]
    gone = id.replace(":stack/", ":changeSet/")
    for call in (stacks.describe_change_set, stacks.get_template):
        refused = kit.refused(lambda call=call: call(ChangeSetName=gone))
        assert (refused.code, refused.message) == ("ChangeSetNotFound", f"ChangeSet [{gone}] does not exist")
    told = refusal(stacks.describe_stack_resource, StackName=id, LogicalResourceId="Lamp")
    assert told == f"Resource Lamp does not exist for stack {id}"
    told = refusal(stacks.get_template_summary, StackName="shop")
    assert told == "GetTemplateSummary cannot be called on REVIEW_IN_PROGRESS stacks."


def test_requests_are_held_against_the_api_s_description() -> None:
    stacks = here.stacks()
    told = refusal(stacks.create_change_set, StackName="shop", ChangeSetName="1", ChangeSetType="LAMP",
                   TemplateBody=template())  # fmt: skip
    assert told.startswith("2 validation errors detected: Value '1' at 'changeSetName' failed to satisfy constraint: "
                           "Member must satisfy regular expression pattern: [a-zA-Z][-a-zA-Z0-9]*; Value 'LAMP' at "
                           "'changeSetType' failed to satisfy constraint: Member must satisfy enum value set: ["
                           )  # fmt: skip
    assert "'stackStatusFilter.1.member'" in refusal(stacks.list_stacks, StackStatusFilter=["LAMP"])
    assert "at 'capabilities.1.member'" in refusal(stacks.create_stack, StackName="shop", Capabilities=["LAMP"])


def test_the_details_of_a_change_set_name_the_cause() -> None:
    stacks = here.stacks()
    parameters = {"Delay": {"Type": "Number", "Default": 1}}
    topic = {"Type": "AWS::SNS::Topic", "Properties": {"DisplayName": "lamps"}}
    follower = {"Type": "AWS::SNS::Topic", "Properties": {"DisplayName": {"Fn::GetAtt": ["Lamps", "DisplayName"]}}}
    resources = {"Orders": queue(DelaySeconds={"Ref": "Delay"}), "Old": QUEUE, "Lamps": topic, "Follower": follower}
    here.create("shop", template(Parameters=parameters, Resources=resources))
    changed = {
        "Orders": resources["Orders"], "Follower": follower, "New": queue(QueueName="new"),
        "Lamps": {"Type": "AWS::SNS::Topic", "Properties": {"DisplayName": "andon"}},
    }  # fmt: skip
    body = template(Parameters=parameters, Resources=changed)
    given = [{"ParameterKey": "Delay", "ParameterValue": "7"}]
    told = changes(change("cs", body, Parameters=given))
    assert json.loads(told["New"]["AfterContext"]) == {"Properties": {"QueueName": "new"}}
    assert (told["Old"]["Action"], told["Old"]["PolicyAction"], told["Old"]["Details"]) == ("Remove", "Delete", [])
    (detail,) = told["Lamps"]["Details"]
    assert (detail["ChangeSource"], detail["Evaluation"]) == ("DirectModification", "Static")
    assert detail["Target"] == {
        "Attribute": "Properties", "Name": "DisplayName", "RequiresRecreation": "Never",
        "Path": "/Properties/DisplayName", "BeforeValue": "lamps", "AfterValue": "andon",
        "AttributeChangeType": "Modify",
    }  # fmt: skip
    causes = {
        name: [(each["ChangeSource"], each["Evaluation"], each.get("CausingEntity")) for each in told[name]["Details"]]
        for name in ("Orders", "Follower")
    }
    assert causes == {
        "Orders": [("DirectModification", "Dynamic", None), ("ParameterReference", "Static", "Delay")],
        "Follower": [("DirectModification", "Dynamic", None), ("ResourceAttribute", "Dynamic", "Lamps.DisplayName")],
    }
    assert told["Follower"]["Details"][0]["Target"]["AfterValue"] == "{{changeSet:KNOWN_AFTER_APPLY}}"
    assert (told["Orders"]["Scope"], told["Orders"]["Replacement"]) == (["Properties"], "False")
    short = changes(stacks.describe_change_set(StackName="shop", ChangeSetName="cs"))
    assert "AfterContext" not in short["New"]
    assert short["Lamps"]["Details"][0]["Target"] == {
        "Attribute": "Properties", "Name": "DisplayName", "RequiresRecreation": "Never",
    }  # fmt: skip


def test_secret_parameters_stay_secret_in_change_sets() -> None:
    parameters = {"Word": {"Type": "String", "NoEcho": True}}
    given = [{"ParameterKey": "Word", "ParameterValue": "andon"}]
    resources = {"P": {"Type": "AWS::SSM::Parameter", "Properties": {"Type": "String", "Value": {"Ref": "Word"}}}}
    made = change("cs", template(Parameters=parameters, Resources=resources), "CREATE", Parameters=given)
    assert json.loads(changes(made)["P"]["AfterContext"])["Properties"]["Value"] == "****"
    assert "andon" not in str(made)


def test_a_policy_of_the_new_template_keeps_the_old_resource(kit: Any) -> None:
    here.create("shop", template(Resources={"Orders": queue(QueueName="first")}))
    kept = {**queue(QueueName="second"), "UpdateReplacePolicy": "Retain"}
    here.update("shop", template(Resources={"Orders": kept}))
    names = [url.rsplit("/", 1)[1] for url in kit.client("sqs").list_queues()["QueueUrls"]]
    assert sorted(names) == ["first", "second"]


@pytest.mark.parametrize(("stage", "left"), [("prod", 1), ("test", 0)])
def test_a_deletion_policy_may_be_a_function(kit: Any, stage: str, left: int) -> None:
    policy = {"Fn::If": ["IsProd", "Retain", "Delete"]}
    body = template(
        Parameters=STAGE, Conditions={"IsProd": {"Fn::Equals": [{"Ref": "Stage"}, "prod"]}},
        Resources={"Orders": {**QUEUE, "DeletionPolicy": policy}},
    )  # fmt: skip
    here.create("shop", body, Parameters=[{"ParameterKey": "Stage", "ParameterValue": stage}])
    here.delete("shop")
    assert len(kit.client("sqs").list_queues().get("QueueUrls", [])) == left
    bad = template(Parameters=STAGE, Resources={"Orders": {**QUEUE, "DeletionPolicy": {"Ref": "Stage"}}})
    told = refusal(here.stacks().create_stack, StackName="shop", TemplateBody=bad)
    assert told == "Template format error: Unrecognized DeletionPolicy test for resource Orders"


def test_macros_need_a_capability_and_update_always() -> None:
    stacks, body = here.stacks(), template(Transform="AWS::Serverless-2016-10-31")
    told = refusal(stacks.create_stack, StackName="shop", TemplateBody=body)
    assert told == "Requires capabilities : [CAPABILITY_AUTO_EXPAND]"
    assert change("cs", body, "CREATE", "other")["Status"] == "CREATE_COMPLETE"
    here.create("shop", body)
    here.update("shop", body)
    here.create("plain", template())
    assert refusal(stacks.update_stack, StackName="plain", TemplateBody=template()) == "No updates are to be performed."


def test_loops_and_the_language_extensions_are_refused_by_name() -> None:
    loop = {"Fn::ForEach::Queues": ["Lamp", ["andon"], {"Queue${Lamp}": QUEUE}]}
    for body, words in (
        (template(Transform=EXTENSIONS), f"doesn't support the transform {EXTENSIONS}"),
        (template(Transform=EXTENSIONS, Resources=loop), "doesn't support Fn::ForEach"),
    ):
        assert words in refusal(here.stacks().create_stack, StackName="shop", TemplateBody=body, Capabilities=here.ALL)


def test_parameters_in_systems_manager_show_what_is_stored(kit: Any) -> None:
    kit.client("ssm").put_parameter(Name="/lamp", Value="andon", Type="String")
    parameters = {"Lamp": {"Type": "AWS::SSM::Parameter::Value<String>"}}
    body = template(Parameters=parameters, Outputs={"Lamp": {"Value": {"Ref": "Lamp"}}})
    told = refusal(here.stacks().create_stack, StackName="shop", TemplateBody=body)
    assert told == "Parameter Lamp should either have input value or default value"
    given = [{"ParameterKey": "Lamp", "ParameterValue": "/lamp"}]
    assert here.create("shop", body, Parameters=given) == {"Lamp": "andon"}
    (stack,) = here.stacks().describe_stacks(StackName="shop")["Stacks"]
    assert stack["Parameters"] == [{"ParameterKey": "Lamp", "ParameterValue": "/lamp", "ResolvedValue": "andon"}]


def test_what_a_template_tells_of_itself() -> None:
    stacks = here.stacks()
    body = template(Parameters=STAGE, Metadata={"Lamp": "andon"}, Resources={"A": QUEUE, "B": QUEUE})
    told = stacks.get_template_summary(TemplateBody=body)
    assert told["ResourceIdentifierSummaries"] == [
        {"ResourceType": "AWS::SQS::Queue", "LogicalResourceIds": ["A", "B"], "ResourceIdentifiers": ["QueueUrl"]}
    ]
    assert (told["Metadata"], told["Parameters"][0]["ParameterConstraints"]) == ('{"Lamp": "andon"}', {})
    assert "DeclaredTransforms" not in told
    assert "DeclaredTransforms" not in stacks.validate_template(TemplateBody=body)


def test_rules_hold_parameters_together() -> None:
    is_big = {"Assert": {"Fn::Contains": [["big", "huge"], {"Ref": "Size"}]}, "AssertDescription": "too small"}
    is_prod = {"Fn::Equals": [{"Ref": "Stage"}, "prod"]}
    rules = {"ProdIsBig": {"RuleCondition": is_prod, "Assertions": [is_big]}}
    body = template(Rules=rules, Parameters=STAGE | {"Size": {"Type": "String", "Default": "small"}})
    prod = {"ParameterKey": "Stage", "ParameterValue": "prod"}
    told = refusal(here.stacks().create_stack, StackName="shop", TemplateBody=body, Parameters=[prod])
    assert told == "Rule ProdIsBig is violated: too small"
    here.create("shop", body)
    here.create("prod", body, Parameters=[prod, {"ParameterKey": "Size", "ParameterValue": "huge"}])
    told = refusal(here.stacks().update_stack, StackName="shop", UsePreviousTemplate=True, Parameters=[prod])
    assert told == "Rule ProdIsBig is violated: too small"


def test_what_the_cdk_writes_beside_the_resources(kit: Any) -> None:
    metadata = {"Type": "AWS::CDK::Metadata", "Properties": {"Analytics": "v2:deflate64:H4s"}}
    version = {"Type": "AWS::SSM::Parameter::Value<String>", "Default": "/cdk-bootstrap/hnb659fds/version"}
    bootstrap = {"Assertions": [{
        "Assert": {"Fn::Not": [{"Fn::Contains": [["1", "2", "3", "4", "5"], {"Ref": "BootstrapVersion"}]}]},
        "AssertDescription": "CDK bootstrap stack version 6 required.",
    }]}  # fmt: skip
    body = template(
        Resources={"Orders": QUEUE, "CDKMetadata": metadata}, Parameters={"BootstrapVersion": version},
        Rules={"CheckBootstrapVersion": bootstrap},
    )  # fmt: skip
    told = refusal(here.stacks().create_stack, StackName="shop", TemplateBody=body)
    assert "/cdk-bootstrap/hnb659fds/version" in told
    kit.client("ssm").put_parameter(Name="/cdk-bootstrap/hnb659fds/version", Value="21", Type="String")
    here.create("shop", body)
    here.delete("shop")


def test_an_export_in_use_keeps_its_value() -> None:
    def exporting(value: str) -> str:
        return template(Outputs={"Lamp": {"Value": value, "Export": {"Name": "lamp"}}})

    here.create("shop", exporting("andon"))
    here.create("user", template(Outputs={"Lamp": {"Value": {"Fn::ImportValue": "lamp"}}}))
    here.stacks().update_stack(StackName="shop", TemplateBody=exporting("chochin"))
    assert here.settled("shop") == "UPDATE_ROLLBACK_COMPLETE"
    events = here.stacks().describe_stack_events(StackName="shop")["StackEvents"]
    assert "Export lamp cannot be updated as it is in use by user" in str(events)
    assert here.outputs("shop") == {"Lamp": "andon"}


def test_the_template_without_a_macro_is_shown_as_it_was_given() -> None:
    body = "Resources:\n  Orders:  # the only one\n    Type: AWS::SQS::Queue\n"
    here.create("shop", body)
    shown = here.stacks().get_template(StackName="shop", TemplateStage="Processed")
    assert (shown["TemplateBody"], shown["StagesAvailable"]) == (body, ["Original", "Processed"])
    assert "GetStackPolicy" in refusal(here.stacks().get_stack_policy, StackName="shop")


def test_types_and_roles_that_a_call_allows(kit: Any) -> None:
    stacks, body = here.stacks(), template()
    told = refusal(stacks.create_stack, StackName="shop", TemplateBody=body, ResourceTypes=["AWS::SNS::*", "Custom::*"])
    assert told == "Resource type AWS::SQS::Queue is not allowed by parameter ResourceTypes [AWS::SNS::*, Custom::*]"
    arn = "arn:aws:iam::123456789012:role/deployer"
    told = refusal(stacks.create_stack, StackName="shop", TemplateBody=body, RoleARN=arn)
    assert told == f"Role {arn} is invalid or cannot be assumed"
    trust = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "cloudformation.amazonaws.com"}}
    kit.client("iam").create_role(RoleName="deployer", AssumeRolePolicyDocument=json.dumps({"Statement": [trust]}))
    here.create("shop", body, RoleARN=arn, ResourceTypes=["AWS::SQS::Queue"])
    assert stacks.describe_stacks(StackName="shop")["Stacks"][0]["RoleARN"] == arn
    triggers = {"RollbackTriggers": [{"Arn": "arn:aws:cloudwatch:us-east-1:123456789012:alarm:a",
                                      "Type": "AWS::CloudWatch::Alarm"}]}  # fmt: skip
    told = refusal(stacks.create_stack, StackName="other", TemplateBody=body, RollbackConfiguration=triggers)
    assert "RollbackTriggers" in told
    told = refusal(stacks.create_stack, StackName="other", TemplateBody=body, NotificationARNs=["arn:aws:sns:a:1:b"])
    assert "doesn't support NotificationARNs of a stack" in told
    here.create("other", body, RollbackConfiguration={"RollbackTriggers": [], "MonitoringTimeInMinutes": 0})


def test_a_creation_that_takes_too_long_is_rolled_back() -> None:
    plan = StackSpec(Template(json.loads(template())), template(), {}, {}, {})
    stack = Stack("arn:aws:cloudformation:us-east-1:123456789012:stack/shop/1", "shop", "us-east-1", "123456789012", "")
    stack.timeout_minutes = 1
    Engine(stack, lambda _: None, lambda _: [], 1e12, lambda: False).create(plan, "ROLLBACK")
    told = [(each["ResourceStatus"], each.get("ResourceStatusReason")) for each in stack.events]
    assert told == [
        ("ROLLBACK_IN_PROGRESS", "Stack creation time exceeded the specified timeout. Rollback requested by user."),
        ("ROLLBACK_COMPLETE", None),
    ]


def test_a_deleted_stack_shows_what_it_had() -> None:
    stacks = here.stacks()
    id = stacks.create_stack(StackName="shop", TemplateBody=template())["StackId"]
    here.delete("shop")
    (resource,) = stacks.describe_stack_resources(StackName=id)["StackResources"]
    assert (resource["LogicalResourceId"], resource["ResourceStatus"]) == ("Orders", "DELETE_COMPLETE")
    bad = template(Resources={"Bad": queue(VisibilityTimeout=99_999)})
    stacks.create_stack(StackName="bad", TemplateBody=bad)
    assert here.settled("bad") == "ROLLBACK_COMPLETE"
    (summary,) = stacks.list_stack_resources(StackName="bad")["StackResourceSummaries"]
    assert summary["ResourceStatus"] == "DELETE_COMPLETE"


def test_where_a_template_may_come_from(kit: Any) -> None:
    stacks, s3 = here.stacks(), kit.client("s3")
    s3.create_bucket(Bucket="templates")
    s3.put_object(Bucket="templates", Key="shop.json", Body=template().encode())
    for host in ("templates.s3.amazonaws.com", "templates.s3.dualstack.us-east-1.amazonaws.com",
                 "s3.us-east-1.amazonaws.com/templates", "s3-us-west-2.amazonaws.com/templates"):  # fmt: skip
        assert stacks.validate_template(TemplateURL=f"https://{host}/shop.json")["Parameters"] == []
    told = refusal(stacks.validate_template, TemplateURL="s3://templates/shop.json")
    assert told == "S3 error: Domain name specified in templates is not a valid S3 domain"
    told = refusal(stacks.validate_template, TemplateURL="https://lamps.example/shop.json")
    assert told == "TemplateURL must be a supported URL."
    told = refusal(stacks.validate_template, TemplateURL="https://templates.s3.amazonaws.com/gone.json")
    assert told.startswith("S3 error: The specified key does not exist.")
    told = refusal(stacks.create_stack, StackName="shop", TemplateBody=template(), TemplateURL="https://a.example/b")
    assert told == "Specify exactly one of 'TemplateBody' or 'TemplateUrl'"
