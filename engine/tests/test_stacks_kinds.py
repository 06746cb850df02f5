"""Resources of networks, of monitoring and of users in stacks: made, changed, deleted without a rest."""

from __future__ import annotations

from typing import Any

from kits import stack_kit


def _resource(type: str, **properties: Any) -> dict[str, Any]:
    return {"Type": f"AWS::{type}", "Properties": properties}


def test_an_alarm_and_a_dashboard(kit: Any) -> None:
    def template(threshold: int) -> dict[str, Any]:
        alarm = _resource(
            "CloudWatch::Alarm", Namespace="AWS/SQS", MetricName="ApproximateAgeOfOldestMessage", Statistic="Maximum",
            Period=60, EvaluationPeriods=1, Threshold=threshold, ComparisonOperator="GreaterThanThreshold",
            Dimensions=[{"Name": "QueueName", "Value": "orders"}],
        )  # fmt: skip
        board = _resource("CloudWatch::Dashboard", DashboardName="hikari", DashboardBody='{"widgets": []}')
        return {
            "Resources": {"TooOld": alarm, "Board": board},
            "Outputs": {"Arn": {"Value": {"Fn::GetAtt": ["TooOld", "Arn"]}}},
        }

    watch = kit.client("cloudwatch")
    arn = stack_kit.create("watch", template(60))["Arn"]
    (alarm,) = watch.describe_alarms()["MetricAlarms"]
    assert (alarm["AlarmArn"], alarm["Threshold"]) == (arn, 60.0)
    stack_kit.update("watch", template(120))
    (alarm,) = watch.describe_alarms()["MetricAlarms"]
    assert (alarm["AlarmArn"], alarm["Threshold"]) == (arn, 120.0)
    assert [board["DashboardName"] for board in watch.list_dashboards()["DashboardEntries"]] == ["hikari"]
    stack_kit.stacks().delete_stack(StackName="watch")
    assert watch.describe_alarms()["MetricAlarms"] == []
    assert watch.list_dashboards()["DashboardEntries"] == []


def test_an_alarm_without_its_metric_fails_with_what_it_needs(kit: Any) -> None:
    given = {"MetricName": "Errors", "EvaluationPeriods": 1, "ComparisonOperator": "GreaterThanThreshold"}
    id = kit.client("cloudformation").create_stack(
        StackName="watch",
        TemplateBody=stack_kit.text({"Resources": {"Alarm": _resource("CloudWatch::Alarm", **given)}}),
    )["StackId"]
    assert stack_kit.settled(id) == "ROLLBACK_COMPLETE"
    assert stack_kit.reasons(id) == ["An alarm on a metric needs Namespace, Period, Threshold."]


def test_a_network_with_its_own_access_list(kit: Any) -> None:
    vpc = {"Ref": "Vpc"}
    entry = {"NetworkAclId": {"Ref": "Acl"}, "Protocol": -1, "CidrBlock": "0.0.0.0/0"}
    template = {
        "Resources": {
            "Vpc": _resource("EC2::VPC", CidrBlock="10.1.0.0/16"),
            "Subnet": _resource("EC2::Subnet", VpcId=vpc, CidrBlock="10.1.1.0/24"),
            "Acl": _resource("EC2::NetworkAcl", VpcId=vpc),
            "In": _resource("EC2::NetworkAclEntry", RuleNumber=100, RuleAction="allow", Egress=False, **entry),
            "Out": _resource("EC2::NetworkAclEntry", RuleNumber=100, RuleAction="deny", Egress=True, **entry),
            "Uses": _resource(
                "EC2::SubnetNetworkAclAssociation", SubnetId={"Ref": "Subnet"}, NetworkAclId={"Ref": "Acl"}
            ),
            "Interface": _resource("EC2::NetworkInterface", SubnetId={"Ref": "Subnet"}),
        },
        "Outputs": {"Acl": {"Value": {"Ref": "Acl"}}, "Subnet": {"Value": {"Ref": "Subnet"}}, "Vpc": {"Value": vpc}},
    }
    ec2 = kit.client("ec2")
    made = stack_kit.create("net", template)
    (acl,) = ec2.describe_network_acls(NetworkAclIds=[made["Acl"]])["NetworkAcls"]
    assert [each["SubnetId"] for each in acl["Associations"]] == [made["Subnet"]]
    own = {(each["Egress"], each["RuleAction"]) for each in acl["Entries"] if each["RuleNumber"] == 100}
    assert own == {(False, "allow"), (True, "deny")}
    stack_kit.stacks().delete_stack(StackName="net")
    assert made["Vpc"] not in {each["VpcId"] for each in ec2.describe_vpcs()["Vpcs"]}


def test_a_user_in_a_group_with_a_key(kit: Any) -> None:
    policy = {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": "*"}],
    }
    template = {
        "Resources": {
            "Staff": _resource("IAM::Group", GroupName="staff", Policies=[
                {"PolicyName": "send", "PolicyDocument": policy}]),
            "Aoi": _resource("IAM::User", UserName="aoi"),
            "Member": _resource("IAM::UserToGroupAddition", GroupName={"Ref": "Staff"}, Users=[{"Ref": "Aoi"}]),
            "Key": _resource("IAM::AccessKey", UserName={"Ref": "Aoi"}),
        },
        "Outputs": {"Key": {"Value": {"Ref": "Key"}}},
    }  # fmt: skip
    iam = kit.client("iam")
    key = stack_kit.create("staff", template)["Key"]
    assert [each["AccessKeyId"] for each in iam.list_access_keys(UserName="aoi")["AccessKeyMetadata"]] == [key]
    assert [each["GroupName"] for each in iam.list_groups_for_user(UserName="aoi")["Groups"]] == ["staff"]
    assert iam.list_group_policies(GroupName="staff")["PolicyNames"] == ["send"]
    stack_kit.stacks().delete_stack(StackName="staff")
    assert (iam.list_users()["Users"], iam.list_groups()["Groups"]) == ([], [])
