"""Parts of stacks that belong to one another: nested stacks, custom resources, databases behind a proxy, networks."""

from __future__ import annotations

import json
from typing import Any

import serverless_cloud as cloud
from kits import stack_kit as here

#: Makes a lamp: answers CloudFormation by a PUT to its URL, as AWS's own cfn-response does.
LAMP = """
import json, urllib.request
def handler(event, context):
    watts = event["ResourceProperties"]["Watts"]
    answer = {
        "Status": "FAILED" if watts == "too many" else "SUCCESS", "Reason": "the lamp is too bright",
        "PhysicalResourceId": "lamp-of-" + watts, "Data": {"Old": event.get("OldResourceProperties", {}).get("Watts")},
        "StackId": event["StackId"], "RequestId": event["RequestId"], "LogicalResourceId": event["LogicalResourceId"],
    }
    print(event["RequestType"], event.get("PhysicalResourceId"), watts)
    body = json.dumps(answer).encode()
    request = urllib.request.Request(event["ResponseURL"], body, {"Content-Type": ""}, method="PUT")
    urllib.request.urlopen(request)
"""


def _lamp(arn: str, watts: Any) -> dict[str, Any]:
    lamp = {"Type": "Custom::Lamp", "Properties": {"ServiceToken": arn, "Watts": watts}}
    return {"Resources": {"Lamp": lamp}, "Outputs": {"Id": {"Value": {"Ref": "Lamp"}}}}


def _said(kit: Any) -> list[str]:
    events = kit.client("logs").filter_log_events(logGroupName="/aws/lambda/lamp")["events"]
    return [each["message"].strip() for each in events if " lamp" in each["message"] or "None" in each["message"]]


def test_a_custom_resource_is_made_changed_and_deleted_by_its_function(kit: Any) -> None:
    arn = kit.deploy("lamp", LAMP)
    assert here.create("shop", _lamp(arn, 7)) == {"Id": "lamp-of-7"}
    changed = _lamp(arn, 40)
    changed["Outputs"]["Old"] = {"Value": {"Fn::GetAtt": ["Lamp", "Old"]}}
    assert here.update("shop", changed) == {"Id": "lamp-of-40", "Old": "7"}
    assert "the lamp is too bright" in here.why_not_changed("shop", _lamp(arn, "too many"))
    here.delete("shop")
    kit.eventually(lambda: "Delete lamp-of-40 40" in _said(kit), "the lamp is deleted")
    said = _said(kit)
    assert said[:3] == ["Create None 7", "Update lamp-of-7 40", "Delete lamp-of-7 7"]
    assert kit.client("s3").list_buckets()["Buckets"] == []


def test_a_stack_in_a_stack(kit: Any) -> None:
    s3 = kit.client("s3")
    s3.create_bucket(Bucket="templates")

    def put(delay: int) -> str:
        inner = {
            "Parameters": {"Name": {"Type": "String"}},
            "Resources": {"Orders": {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": {"Ref": "Name"},
                                                                              "DelaySeconds": delay}}},
            "Outputs": {"Arn": {"Value": {"Fn::GetAtt": ["Orders", "Arn"]}}},
        }  # fmt: skip
        s3.put_object(Bucket="templates", Key=f"inner-{delay}.json", Body=json.dumps(inner).encode())
        return f"https://templates.s3.us-east-1.amazonaws.com/inner-{delay}.json"

    def outer(delay: int) -> dict[str, Any]:
        inner = {"TemplateURL": put(delay), "Parameters": {"Name": "orders"}}
        return {
            "Resources": {"Inner": {"Type": "AWS::CloudFormation::Stack", "Properties": inner}},
            "Outputs": {"Arn": {"Value": {"Fn::GetAtt": ["Inner", "Outputs.Arn"]}}},
        }

    assert here.create("shop", outer(0)) == {"Arn": "arn:aws:sqs:us-east-1:123456789012:orders"}
    assert len(here.stacks().list_stacks(StackStatusFilter=["CREATE_COMPLETE"])["StackSummaries"]) == 2
    here.update("shop", outer(5))
    url = kit.client("sqs").get_queue_url(QueueName="orders")["QueueUrl"]
    found = kit.client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=["DelaySeconds"])["Attributes"]
    assert found["DelaySeconds"] == "5"
    assert "DelaySeconds" in here.why_not_changed("shop", outer(99_999))
    here.delete("shop")
    assert here.stacks().describe_stacks()["Stacks"] == []
    assert kit.client("sqs").list_queues().get("QueueUrls") is None


def _service_role(service: str) -> dict[str, Any]:
    allows = {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}
    trust = {"Version": "2012-10-17", "Statement": [allows]}
    return {"Type": "AWS::IAM::Role", "Properties": {"AssumeRolePolicyDocument": trust}}


def test_a_database_behind_a_proxy_with_a_generated_password(kit: Any, aws: cloud.Cloud) -> None:
    import psycopg

    def of(logical_id: str) -> dict[str, Any]:
        return {"Ref": logical_id}

    def subnet(zone: str, number: int) -> dict[str, Any]:
        given = {"VpcId": of("Vpc"), "CidrBlock": f"10.0.{number}.0/24", "AvailabilityZone": f"us-east-1{zone}"}
        return {"Type": "AWS::EC2::Subnet", "Properties": given}

    def secret(key: str) -> dict[str, Any]:
        return {"Fn::Sub": f"{{{{resolve:secretsmanager:${{Login}}:SecretString:{key}}}}}"}

    subnets = [of("One"), of("Two")]
    generated = {"SecretStringTemplate": '{"username": "hikari"}', "GenerateStringKey": "password",
                 "ExcludePunctuation": True}  # fmt: skip
    out = here.create("shop", {
        "Resources": {
            "Vpc": {"Type": "AWS::EC2::VPC", "Properties": {"CidrBlock": "10.0.0.0/16"}},
            "One": subnet("a", 1), "Two": subnet("b", 2), "Role": _service_role("rds.amazonaws.com"),
            "Login": {"Type": "AWS::SecretsManager::Secret", "Properties": {"GenerateSecretString": generated}},
            "Group": {"Type": "AWS::RDS::DBSubnetGroup", "Properties": {
                "DBSubnetGroupDescription": "of the shop", "SubnetIds": subnets}},
            "Orders": {"Type": "AWS::RDS::DBInstance", "DeletionPolicy": "Delete", "Properties": {
                "Engine": "postgres", "DBInstanceClass": "db.t4g.micro", "AllocatedStorage": "20", "DBName": "orders",
                "DBSubnetGroupName": of("Group"), "MasterUsername": secret("username"),
                "MasterUserPassword": secret("password")}},
            "Attached": {"Type": "AWS::SecretsManager::SecretTargetAttachment", "Properties": {
                "SecretId": of("Login"), "TargetId": of("Orders"), "TargetType": "AWS::RDS::DBInstance"}},
            "Proxy": {"Type": "AWS::RDS::DBProxy", "Properties": {
                "DBProxyName": "orders-proxy", "EngineFamily": "POSTGRESQL", "VpcSubnetIds": subnets,
                "RoleArn": {"Fn::GetAtt": ["Role", "Arn"]}, "RequireTLS": False,
                "Auth": [{"AuthScheme": "SECRETS", "SecretArn": of("Login"), "IAMAuth": "DISABLED"}]}},
            "Targets": {"Type": "AWS::RDS::DBProxyTargetGroup", "Properties": {
                "DBProxyName": of("Proxy"), "TargetGroupName": "default", "DBInstanceIdentifiers": [of("Orders")],
                "ConnectionPoolConfigurationInfo": {"MaxConnectionsPercent": 50}}},
        },
        "Outputs": {"Login": {"Value": of("Login")}, "Proxy": {"Value": {"Fn::GetAtt": ["Proxy", "Endpoint"]}}},
    })  # fmt: skip
    login = json.loads(kit.client("secretsmanager").get_secret_value(SecretId=out["Login"])["SecretString"])
    assert (login["username"], login["dbname"]) == ("hikari", "orders")
    host, port = aws.database_address("orders-proxy")
    assert host == out["Proxy"]
    with psycopg.connect(host=host, port=port, user=login["username"], password=login["password"], dbname="orders",
                         prepare_threshold=None) as through:  # fmt: skip
        assert through.execute("SELECT 7").fetchone() == (7,)
    pool = kit.client("rds").describe_db_proxy_target_groups(DBProxyName="orders-proxy")["TargetGroups"][0]
    assert pool["ConnectionPoolConfig"]["MaxConnectionsPercent"] == 50
    here.delete("shop")
    assert kit.client("rds").describe_db_proxies()["DBProxies"] == []
    assert kit.client("secretsmanager").list_secrets()["SecretList"] == []


def test_a_network(kit: Any) -> None:
    def of(logical_id: str) -> dict[str, Any]:
        return {"Ref": logical_id}

    resources: dict[str, Any] = {
        "Vpc": {"Type": "AWS::EC2::VPC", "Properties": {"CidrBlock": "10.0.0.0/16", "EnableDnsHostnames": True}},
        "Gate": {"Type": "AWS::EC2::InternetGateway"},
        "Attached": {"Type": "AWS::EC2::VPCGatewayAttachment", "Properties": {
            "VpcId": of("Vpc"), "InternetGatewayId": of("Gate")}},
        "Subnet": {"Type": "AWS::EC2::Subnet", "Properties": {
            "VpcId": of("Vpc"), "CidrBlock": {"Fn::Select": [0, {"Fn::Cidr": [
                {"Fn::GetAtt": ["Vpc", "CidrBlock"]}, 1, 8]}]}, "Tags": [{"Key": "Name", "Value": "lamps"}]}},
        "Routes": {"Type": "AWS::EC2::RouteTable", "Properties": {"VpcId": of("Vpc")}},
        "Out": {"Type": "AWS::EC2::Route", "DependsOn": "Attached", "Properties": {
            "RouteTableId": of("Routes"), "DestinationCidrBlock": "0.0.0.0/0", "GatewayId": of("Gate")}},
        "Uses": {"Type": "AWS::EC2::SubnetRouteTableAssociation", "Properties": {
            "SubnetId": of("Subnet"), "RouteTableId": of("Routes")}},
        "Group": {"Type": "AWS::EC2::SecurityGroup", "Properties": {
            "GroupDescription": "of the database", "VpcId": of("Vpc"), "SecurityGroupIngress": [
                {"IpProtocol": "tcp", "FromPort": 5432, "ToPort": 5432, "CidrIp": "10.0.0.0/16"}]}},
    }  # fmt: skip
    names = ("Vpc", "Subnet", "Group")
    template = {"Resources": resources, "Outputs": {name: {"Value": of(name)} for name in names}}
    out = here.create("shop", template)
    ec2 = kit.client("ec2")
    (subnet,) = ec2.describe_subnets(SubnetIds=[out["Subnet"]])["Subnets"]
    assert (subnet["CidrBlock"], subnet["VpcId"]) == ("10.0.0.0/24", out["Vpc"])
    (group,) = ec2.describe_security_groups(GroupIds=[out["Group"]])["SecurityGroups"]
    assert [each["FromPort"] for each in group["IpPermissions"]] == [5432]
    ingress = resources["Group"]["Properties"]
    ingress["SecurityGroupIngress"][0] |= {"FromPort": 443, "ToPort": 443}
    assert here.update("shop", template) == out
    (group,) = ec2.describe_security_groups(GroupIds=[out["Group"]])["SecurityGroups"]
    assert [each["FromPort"] for each in group["IpPermissions"]] == [443]
    here.delete("shop")
    assert out["Vpc"] not in [each["VpcId"] for each in ec2.describe_vpcs()["Vpcs"]]
