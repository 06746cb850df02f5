"""Some of everything that the course makes, by plain boto3, for the tests of a real account."""

from __future__ import annotations

import json

import boto3

from kits import cloud_kit as kit

ACCOUNT = "123456789012"
YES = f"{ACCOUNT} us-east-1"
ALLOW = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sqs:*", "Resource": "*"}]})


def refusal(code: str) -> Exception:
    """An error of boto3 with this code."""
    from botocore.exceptions import ClientError

    error: Exception = ClientError({"Error": {"Code": code, "Message": f"said {code}"}}, "Call")
    return error


def make_a_shop(prefix: str) -> None:
    """Some of everything that the course makes, by plain boto3."""
    client = boto3.client
    trust = json.dumps(kit.ASSUMABLE)
    role = client("iam").create_role(RoleName=f"{prefix}-shop", AssumeRolePolicyDocument=trust)["Role"]["Arn"]
    client("iam").put_role_policy(RoleName=f"{prefix}-shop", PolicyName="hikari", PolicyDocument=ALLOW)
    code = kit.zip_of({"a.py": "def handler(event, context):\n    return 1\n"})
    functions = client("lambda")
    functions.create_function(
        FunctionName=f"{prefix}-orders",
        Runtime="python3.13",
        Handler="a.handler",
        Role=role,
        Code={"ZipFile": code},
        Tags={"team": "lamps"},
        Timeout=3,
    )
    functions.publish_layer_version(LayerName=f"{prefix}-layer", Content={"ZipFile": code})
    queue = client("sqs").create_queue(QueueName=f"{prefix}-orders")["QueueUrl"]
    arn = f"arn:aws:sqs:us-east-1:{ACCOUNT}:{prefix}-orders"
    assert queue
    functions.create_event_source_mapping(FunctionName=f"{prefix}-orders", EventSourceArn=arn)
    client("sns").create_topic(Name=f"{prefix}-news")
    events = client("events")
    events.create_event_bus(Name=f"{prefix}-bus")
    events.put_rule(Name=f"{prefix}-rule", EventBusName=f"{prefix}-bus", EventPattern='{"source": ["shop"]}')
    events.put_targets(Rule=f"{prefix}-rule", EventBusName=f"{prefix}-bus", Targets=[{"Id": "1", "Arn": arn}])
    client("scheduler").create_schedule(
        Name=f"{prefix}-count",
        ScheduleExpression="rate(1 day)",
        FlexibleTimeWindow={"Mode": "OFF"},
        Target={"Arn": arn, "RoleArn": role},
    )
    client("dynamodb").create_table(
        TableName=f"{prefix}-lamps",
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        BillingMode="PAY_PER_REQUEST",
    )
    client("s3").create_bucket(Bucket=f"{prefix}-reports")
    client("s3").put_object(Bucket=f"{prefix}-reports", Key="a/b", Body=b"lamps")
    client("secretsmanager").create_secret(Name=f"{prefix}-login", SecretString='{"username": "a", "password": "b"}')
    machine = '{"StartAt": "A", "States": {"A": {"Type": "Succeed"}}}'
    client("stepfunctions").create_state_machine(name=f"{prefix}-order", definition=machine, roleArn=role)
    client("apigateway").create_rest_api(name=f"{prefix}-rest")
    client("apigatewayv2").create_api(Name=f"{prefix}-http", ProtocolType="HTTP")
    client("cloudwatch").put_metric_alarm(
        AlarmName=f"{prefix}-alarm", EvaluationPeriods=1, ComparisonOperator="GreaterThanThreshold",
        MetricName="Errors", Namespace="AWS/Lambda", Period=60, Statistic="Sum", Threshold=1.0,
    )  # fmt: skip
    make_a_network()


def make_a_network() -> None:
    """A VPC as lab 06 has it: two groups that name each other, a NAT gateway, an endpoint."""
    ec2 = boto3.client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
    named = [{"ResourceType": "subnet", "Tags": [{"Key": "Name", "Value": "public"}]}]
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.9.1.0/24", TagSpecifications=named)["Subnet"]["SubnetId"]
    groups = [ec2.create_security_group(GroupName=n, Description=n, VpcId=vpc)["GroupId"] for n in ("in", "out")]
    for group, other in (groups, groups[::-1]):
        rule = {"IpProtocol": "tcp", "FromPort": 5432, "ToPort": 5432, "UserIdGroupPairs": [{"GroupId": other}]}
        ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[rule])
    table = ec2.create_route_table(VpcId=vpc)["RouteTable"]["RouteTableId"]
    ec2.associate_route_table(RouteTableId=table, SubnetId=subnet)
    gateway = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc)
    ec2.create_route(RouteTableId=table, DestinationCidrBlock="0.0.0.0/0", GatewayId=gateway)
    address = ec2.allocate_address(Domain="vpc")["AllocationId"]
    ec2.create_nat_gateway(SubnetId=subnet, AllocationId=address)
    ec2.create_network_acl(VpcId=vpc)
    ec2.create_vpc_endpoint(VpcId=vpc, ServiceName="com.amazonaws.us-east-1.s3", VpcEndpointType="Gateway")
    assert {"Key": "Name", "Value": "public"} in ec2.describe_subnets(SubnetIds=[subnet])["Subnets"][0]["Tags"]


def make_a_database(prefix: str) -> None:
    rds = boto3.client("rds")
    rds.create_db_parameter_group(
        DBParameterGroupName=f"{prefix}-seats", DBParameterGroupFamily="postgres18", Description="20 seats"
    )
    rds.create_db_instance(
        DBInstanceIdentifier=f"{prefix}-db", DBInstanceClass="db.t4g.micro", Engine="postgres", AllocatedStorage=20,
        MasterUsername="hikari", MasterUserPassword="lamps-for-all", DBParameterGroupName=f"{prefix}-seats",
    )  # fmt: skip
    secret = boto3.client("secretsmanager").describe_secret(SecretId=f"{prefix}-login")["ARN"]
    found = boto3.client("ec2").describe_subnets()["Subnets"]
    subnets = [subnet["SubnetId"] for subnet in found if subnet["DefaultForAz"]]
    rds.create_db_proxy(
        DBProxyName=f"{prefix}-proxy", EngineFamily="POSTGRESQL", VpcSubnetIds=subnets[:2],
        Auth=[{"AuthScheme": "SECRETS", "SecretArn": secret}], RoleArn=f"arn:aws:iam::{ACCOUNT}:role/{prefix}-shop",
    )  # fmt: skip
