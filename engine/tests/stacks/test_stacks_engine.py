"""How stacks come to be, change, fail and go: statuses, events, rollback, deletion, waiters."""

from __future__ import annotations

from typing import Any

import pytest

from kits import stack_kit as here

pytestmark = pytest.mark.usefixtures("aws")

QUEUE = "AWS::SQS::Queue"


BESIDE = ("DeletionPolicy", "DependsOn", "Condition", "UpdateReplacePolicy")


def queue(**given: Any) -> dict[str, Any]:
    """A queue; `DependsOn`, `DeletionPolicy` and the like stand beside its properties."""
    made: dict[str, Any] = {name: value for name, value in given.items() if name in BESIDE}
    properties = {name: value for name, value in given.items() if name not in BESIDE}
    return made | {"Type": QUEUE, "Properties": properties}


def template(**resources: Any) -> dict[str, Any]:
    outputs = {name: {"Value": {"Ref": name}} for name in resources}
    return {"Resources": resources, "Outputs": outputs}


BAD = {"VisibilityTimeout": 99_999}


def names(kit: Any) -> list[str]:
    return [url.rsplit("/", 1)[1] for url in kit.client("sqs").list_queues().get("QueueUrls", [])]


def timeout(kit: Any, url: str) -> str:
    found = kit.client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=["VisibilityTimeout"])
    return str(found["Attributes"]["VisibilityTimeout"])


def test_waiters_events_and_summaries_tell_a_stack_s_life() -> None:
    stacks = here.stacks()
    body = here.text(template(Orders=queue(), Payments=queue(DependsOn="Orders")))
    id = stacks.create_stack(StackName="shop", TemplateBody=body)["StackId"]
    stacks.get_waiter("stack_create_complete").wait(StackName="shop")
    changed = here.text(template(Orders=queue(VisibilityTimeout=40), Payments=queue(DependsOn="Orders")))
    stacks.update_stack(StackName="shop", TemplateBody=changed)
    stacks.get_waiter("stack_update_complete").wait(StackName="shop")
    stacks.delete_stack(StackName="shop")
    stacks.get_waiter("stack_delete_complete").wait(StackName=id)
    events = [
        (each["LogicalResourceId"], each["ResourceStatus"])
        for each in reversed(stacks.describe_stack_events(StackName=id)["StackEvents"])
    ]
    made = [(name, status) for name, status in events if "CREATE" in status]
    assert made == [
        ("shop", "CREATE_IN_PROGRESS"),
        *[("Orders", f"CREATE_{status}") for status in ("IN_PROGRESS", "IN_PROGRESS", "COMPLETE")],
        *[("Payments", f"CREATE_{status}") for status in ("IN_PROGRESS", "IN_PROGRESS", "COMPLETE")],
        ("shop", "CREATE_COMPLETE"),
    ]  # fmt: skip
    assert [status for name, status in events if name == "Orders"][3:] == [
        "UPDATE_IN_PROGRESS", "UPDATE_COMPLETE", "DELETE_IN_PROGRESS", "DELETE_COMPLETE",
    ]  # fmt: skip
    assert ("Payments", "UPDATE_IN_PROGRESS") not in events
    deleted = [name for name, status in events if status == "DELETE_COMPLETE"]
    assert deleted == ["Payments", "Orders", "shop"]
    (summary,) = stacks.list_stacks(StackStatusFilter=["DELETE_COMPLETE"])["StackSummaries"]
    assert (summary["StackId"], "DeletionTime" in summary) == (id, True)
    with pytest.raises(stacks.exceptions.ClientError, match="Stack with id shop does not exist"):
        stacks.describe_stacks(StackName="shop")


@pytest.mark.parametrize(
    ("settings", "status", "left"),
    [
        ({}, "ROLLBACK_COMPLETE", 0),
        ({"OnFailure": "DELETE"}, "DELETE_COMPLETE", 0),
        ({"OnFailure": "DO_NOTHING"}, "CREATE_FAILED", 1),
        ({"DisableRollback": True}, "CREATE_FAILED", 1),
    ],
)
def test_a_creation_that_fails(kit: Any, settings: dict[str, Any], status: str, left: int) -> None:
    body = here.text(template(Orders=queue(), Bad=queue(DependsOn="Orders", **BAD)))
    id = here.stacks().create_stack(StackName="shop", TemplateBody=body, **settings)["StackId"]
    assert (here.settled(id), len(names(kit))) == (status, left)
    assert "[Bad]" in str(here.stacks().describe_stack_events(StackName=id)["StackEvents"])
    assert "VisibilityTimeout" in here.reasons(id)[-1]
    if status != "DELETE_COMPLETE":
        with pytest.raises(here.stacks().exceptions.ClientError, match=f"is in {status} state and can not be updated"):
            here.stacks().update_stack(StackName="shop", TemplateBody=here.text(template(Orders=queue())))
        here.delete("shop")
        assert names(kit) == []


def test_an_update_changes_in_place_replaces_adds_and_removes(kit: Any) -> None:
    first = here.create("shop", template(Orders=queue(QueueName="orders"), Old=queue(QueueName="old"), Same=queue()))
    second = here.update("shop", template(
        Orders=queue(QueueName="orders", VisibilityTimeout=40), New=queue(QueueName="new"), Same=queue(),
    ))  # fmt: skip
    assert (second["Orders"], second["Same"]) == (first["Orders"], first["Same"])
    assert timeout(kit, second["Orders"]) == "40"
    assert {"orders", "new"} < set(names(kit))
    assert "old" not in names(kit)
    third = here.update("shop", template(Orders=queue(QueueName="orders-2"), New=queue(QueueName="new"), Same=queue()))
    assert (third["Orders"].rsplit("/", 1)[1], timeout(kit, third["Orders"])) == ("orders-2", "30")
    assert "orders" not in names(kit)


def test_an_update_that_fails_puts_all_back(kit: Any) -> None:
    first = here.create("shop", template(Orders=queue(QueueName="orders", VisibilityTimeout=40),
                                         Stock=queue(QueueName="stock"), Old=queue(QueueName="old")))  # fmt: skip
    bad = template(
        Orders=queue(QueueName="orders", VisibilityTimeout=50),
        Stock=queue(QueueName="stock-2"),
        New=queue(QueueName="new"),
        Bad=queue(DependsOn=["Orders", "Stock", "New"], **BAD),
    )
    assert "VisibilityTimeout" in here.why_not_changed("shop", bad)
    assert (sorted(names(kit)), timeout(kit, first["Orders"])) == (["old", "orders", "stock"], "40")
    assert here.outputs("shop") == first
    resources = here.stacks().describe_stack_resources(StackName="shop")["StackResources"]
    assert sorted(each["LogicalResourceId"] for each in resources) == ["Old", "Orders", "Stock"]
    assert "orders" in here.update("shop", template(Orders=queue(QueueName="orders")))["Orders"]
    assert names(kit) == ["orders"]


def test_a_named_resource_cannot_be_replaced_under_its_name(kit: Any) -> None:
    here.create("shop", template(Orders=queue(QueueName="orders.fifo", FifoQueue=True)))

    def table(key: str) -> dict[str, Any]:
        given = {
            "TableName": "stock", "BillingMode": "PAY_PER_REQUEST",
            "AttributeDefinitions": [{"AttributeName": key, "AttributeType": "S"}],
            "KeySchema": [{"AttributeName": key, "KeyType": "HASH"}],
        }  # fmt: skip
        return template(Stock={"Type": "AWS::DynamoDB::Table", "Properties": given})

    here.update("shop", table("id"))
    told = here.why_not_changed("shop", table("lamp"))
    assert "custom-named resource requires replacing. Rename stock" in told
    assert kit.client("dynamodb").describe_table(TableName="stock")["Table"]["KeySchema"][0]["AttributeName"] == "id"


def test_deletion_policies(kit: Any) -> None:
    kept = queue(QueueName="kept", DeletionPolicy="Retain")
    replaced = queue(QueueName="first", UpdateReplacePolicy="Retain")
    here.create("shop", template(Kept=kept, Gone=queue(QueueName="gone"), Replaced=replaced))
    replaced["Properties"] = {"QueueName": "second"}
    here.update("shop", template(Kept=kept, Gone=queue(QueueName="gone"), Replaced=replaced))
    assert {"first", "second"} < set(names(kit))
    id = here.stacks().describe_stacks(StackName="shop")["Stacks"][0]["StackId"]
    here.delete("shop")
    assert sorted(names(kit)) == ["first", "kept"]
    events = here.stacks().describe_stack_events(StackName=id)["StackEvents"]
    skipped = [each["LogicalResourceId"] for each in events if each["ResourceStatus"] == "DELETE_SKIPPED"]
    assert skipped == ["Kept", "Replaced"]
    clash = template(Kept=queue(DeletionPolicy="RetainExceptOnCreate"), Bad=queue(DependsOn="Kept", **BAD))
    here.why_not(clash)
    assert sorted(names(kit)) == ["first", "kept"]


def test_a_bucket_with_objects_stops_the_deletion_until_it_is_retained(kit: Any) -> None:
    s3 = kit.client("s3")
    bucket = {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": "hikari-pictures"}}
    here.create("shop", template(Pictures=bucket, Orders=queue()))
    s3.put_object(Bucket="hikari-pictures", Key="andon.png", Body=b"light")
    here.stacks().delete_stack(StackName="shop")
    assert here.settled("shop") == "DELETE_FAILED"
    assert "bucket you tried to delete is not empty" in here.reasons("shop")[0]
    assert names(kit) == []
    here.stacks().delete_stack(StackName="shop", RetainResources=["Pictures"])
    assert [each["StackStatus"] for each in here.stacks().list_stacks()["StackSummaries"]] == ["DELETE_COMPLETE"]
    assert s3.head_bucket(Bucket="hikari-pictures")


def test_what_is_not_made_here_fails_the_stack_by_name() -> None:
    fleet = {"Type": "AWS::ECS::Cluster", "Properties": {}}
    assert "doesn't support the resource type AWS::ECS::Cluster" in here.why_not(template(Fleet=fleet))
    topic = {"Type": "AWS::SNS::Topic", "Properties": {"DeliveryStatusLogging": [{"Protocol": "sqs"}]}}
    assert "DeliveryStatusLogging of AWS::SNS::Topic" in here.why_not(template(News=topic))
    assert "extraneous key [Lamp] is not permitted" in here.why_not(template(Orders=queue(Lamp="on")))
    assert "#/DelaySeconds: expected type: Integer, found: String" in here.why_not(
        template(Orders=queue(DelaySeconds="soon"))
    )
    assert "required key [Topics] not found" in here.why_not(
        template(Policy={"Type": "AWS::SNS::TopicPolicy", "Properties": {"PolicyDocument": {}}})
    )


def test_protection_names_and_second_stacks() -> None:
    stacks = here.stacks()
    here.create("shop", template(Orders=queue()), EnableTerminationProtection=True)
    same, other = here.text(template(Orders=queue())), here.text(template(Stock=queue()))
    for call, given, words in (
        (stacks.delete_stack, {"StackName": "shop"}, "TerminationProtection is enabled"),
        (stacks.create_stack, {"StackName": "shop", "TemplateBody": other}, "already exists"),
        (stacks.create_stack, {"StackName": "1shop", "TemplateBody": other}, "stackName"),
        (stacks.update_stack, {"StackName": "shop", "TemplateBody": same}, "No updates are to be performed"),
        (stacks.update_stack, {"StackName": "none", "TemplateBody": same}, "does not exist"),
    ):
        with pytest.raises(stacks.exceptions.ClientError, match=words):
            call(**given)
    stacks.update_termination_protection(StackName="shop", EnableTerminationProtection=False)
    here.delete("shop")
    stacks.delete_stack(StackName="shop")  # that it has gone is no error
    here.create("shop", template(Orders=queue()))


def test_tags_of_a_stack_are_those_of_its_resources(kit: Any) -> None:
    out = here.create("shop", template(Orders=queue(Tags=[{"Key": "team", "Value": "orders"}])),
                      Tags=[{"Key": "team", "Value": "shop"}, {"Key": "stage", "Value": "test"}])  # fmt: skip
    assert kit.client("sqs").list_queue_tags(QueueUrl=out["Orders"])["Tags"] == {"team": "orders", "stage": "test"}


def test_deletion_policies_know_the_account(kit: Any) -> None:
    here.create("shop", {
        "Conditions": {"Here": {"Fn::Equals": [{"Ref": "AWS::AccountId"}, "123456789012"]}},
        "Resources": {"Orders": queue(QueueName="orders", DeletionPolicy={"Fn::If": ["Here", "Retain", "Delete"]})},
    })  # fmt: skip
    here.delete("shop")
    assert names(kit) == ["orders"]
