"""A small account with one resource of most kinds, so that fuzzed calls find something."""

from __future__ import annotations

import json
from typing import Any

from kits import cloud_kit as kit

SOURCE = "def handler(event, context):\n    return 1200\n"
MACHINE = json.dumps({"StartAt": "Price", "States": {"Price": {"Type": "Pass", "End": True}}})
EVENT = json.dumps(
    {
        "id": "1",
        "source": "shop",
        "detail-type": "placed",
        "account": "123456789012",
        "time": "2026-06-01T00:00:00Z",
        "region": "us-east-1",
        "detail": {},
    }
)
ACCOUNT = "123456789012"


def _messages(named: dict[str, list[Any]]) -> None:
    sqs, sns, events = kit.client("sqs"), kit.client("sns"), kit.client("events")
    url = sqs.create_queue(QueueName="orders")["QueueUrl"]
    arn = f"arn:aws:sqs:us-east-1:{ACCOUNT}:orders"
    sqs.send_message(QueueUrl=url, MessageBody="lamp")
    handle = sqs.receive_message(QueueUrl=url)["Messages"][0]["ReceiptHandle"]
    topic = sns.create_topic(Name="orders")["TopicArn"]
    subscription = sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn, ReturnSubscriptionArn=True)
    events.create_event_bus(Name="shop")
    events.put_rule(Name="placed", EventPattern='{"source": ["shop"]}')
    events.put_targets(Rule="placed", Targets=[{"Id": "queue", "Arn": arn}])
    named |= {
        "queueurl": [url],
        "queuename": ["orders"],
        "receipthandle": [handle],
        "sqs.sourcearn": [arn],
        "topicarn": [topic],
        "subscriptionarn": [subscription["SubscriptionArn"]],
        "protocol": ["sqs"],
        "endpoint": [arn],
        "sns.resourcearn": [topic],
        "eventbusname": ["shop", "default"],
        "events.rule": ["placed"],
        "events.name": ["placed", "shop"],
        "eventpattern": ['{"source": ["shop"]}'],
        "scheduleexpression": ["rate(5 minutes)"],
        "waittimeseconds": [0],
        "events.arn": [arn],
        "events.targetarn": [arn],
        "events.resourcearn": [f"arn:aws:events:us-east-1:{ACCOUNT}:rule/placed"],
        "event": [EVENT],
    }


def _functions(named: dict[str, list[Any]]) -> None:
    lam, role = kit.client("lambda"), kit.make_role()
    arn = kit.deploy("price", SOURCE)
    package = kit.zip_of({"price.py": SOURCE})
    layer = lam.publish_layer_version(LayerName="lamps", Content={"ZipFile": package})
    version = lam.publish_version(FunctionName="price")["Version"]
    lam.create_alias(FunctionName="price", Name="live", FunctionVersion=version)
    kit.client("sqs").create_queue(QueueName="work")
    source = f"arn:aws:sqs:us-east-1:{ACCOUNT}:work"
    mapping = lam.create_event_source_mapping(FunctionName="price", EventSourceArn=source, Enabled=False)
    named |= {
        "functionname": ["price", arn, "price:live"],
        "lambda.role": [role],
        "rolearn": [role],
        "role": [role],
        "lambda.runtime": ["python3.13"],
        "handler": ["price.handler"],
        "zipfile": [package],
        "layername": ["lamps"],
        "versionnumber": [1],
        "qualifier": ["live", "1", "$LATEST"],
        "lambda.name": ["live"],
        "functionversion": ["1"],
        "lambda.uuid": [mapping["UUID"]],
        "eventsourcearn": [source],
        "layers": [[layer["LayerVersionArn"]]],
        "lambda.payload": [b"{}"],
        "lambda.arn": [layer["LayerVersionArn"]],
        "statementid": ["open"],
        "lambda.resource": [arn],
        "lambda.principal": ["events.amazonaws.com"],
        "lambda.action": ["lambda:InvokeFunction"],
    }


def _machines(named: dict[str, list[Any]]) -> None:
    sfn, role = kit.client("stepfunctions"), kit.make_role()
    arn = sfn.create_state_machine(name="order", definition=MACHINE, roleArn=role)["stateMachineArn"]
    run = sfn.start_execution(stateMachineArn=arn, name="first")["executionArn"]
    named |= {
        "statemachinearn": [arn],
        "executionarn": [run],
        "definition": [MACHINE],
        "stepfunctions.input": ["{}"],
        "stepfunctions.resourcearn": [arn],
        "maprunarn": [f"arn:aws:states:us-east-1:{ACCOUNT}:mapRun:order/first:1"],
        "tasktoken": ["bGFtcA=="],
        "stepfunctions.output": ["{}"],
    }
    scheduler, pipes = kit.client("scheduler"), kit.client("pipes")
    queue = f"arn:aws:sqs:us-east-1:{ACCOUNT}:orders"
    scheduler.create_schedule_group(Name="lamps")
    scheduler.create_schedule(
        Name="nightly",
        ScheduleExpression="rate(1 day)",
        FlexibleTimeWindow={"Mode": "OFF"},
        Target={"Arn": queue, "RoleArn": role},
    )
    pipes.create_pipe(Name="feed", Source=f"arn:aws:sqs:us-east-1:{ACCOUNT}:work", Target=queue, RoleArn=role)
    named |= {
        "scheduler.name": ["nightly", "lamps"],
        "groupname": ["default", "lamps"],
        "scheduler.arn": [queue],
        "flexibletimewindow": [{"Mode": "OFF"}],
        "pipes.name": ["feed"],
        "pipes.source": [f"arn:aws:sqs:us-east-1:{ACCOUNT}:work"],
        "pipes.target": [queue],
        "pipes.resourcearn": [f"arn:aws:pipes:us-east-1:{ACCOUNT}:pipe/feed"],
        "scheduler.resourcearn": [f"arn:aws:scheduler:us-east-1:{ACCOUNT}:schedule-group/lamps"],
    }


def _data(named: dict[str, list[Any]]) -> None:
    ddb, s3, kinesis = kit.client("dynamodb"), kit.client("s3"), kit.client("kinesis")
    table = ddb.create_table(
        TableName="orders",
        BillingMode="PAY_PER_REQUEST",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"},
    )["TableDescription"]
    ddb.put_item(TableName="orders", Item={"id": {"S": "1"}})
    streams = kit.client("dynamodbstreams")
    shard = streams.describe_stream(StreamArn=table["LatestStreamArn"])["StreamDescription"]["Shards"][0]["ShardId"]
    s3.create_bucket(Bucket="lamps")
    s3.put_object(
        Bucket="lamps", Key="price.json", Body=b"<lamps/>"
    )  # whatever part of it is asked for, the answer is XML
    upload = s3.create_multipart_upload(Bucket="lamps", Key="big")["UploadId"]
    kinesis.create_stream(StreamName="clicks", ShardCount=1)
    stream = kinesis.describe_stream(StreamName="clicks")["StreamDescription"]
    key = {"id": {"S": "1"}}
    named |= {
        "dynamodb.tablename": ["orders"],
        "dynamodb.key": [key],
        "dynamodb.item": [key],
        "dynamodb.resourcearn": [table["TableArn"]],
        "tablearn": [table["TableArn"]],
        "attributename": ["id"],
        "keyconditionexpression": ["id = :v"],
        "expressionattributevalues": [{":v": {"S": "1"}}],
        "conditionexpression": ["attribute_exists(id)"],
        "filterexpression": ["id = :v"],
        "updateexpression": ["SET price = :v"],
        "dynamodb.statement": ["SELECT * FROM orders"],
        "dynamodb.requestitems": [{"orders": [{"PutRequest": {"Item": key}}]}, {"orders": {"Keys": [key]}}],
        "dynamodbstreams.streamarn": [table["LatestStreamArn"]],
        "dynamodbstreams.shardid": [shard],
        "bucket": ["lamps"],
        "s3.key": ["price.json"],
        "uploadid": [upload],
        "copysource": ["lamps/price.json"],
        "partnumber": [1],
        "kinesis.streamname": ["clicks"],
        "kinesis.streamarn": [stream["StreamARN"]],
        "kinesis.shardid": [stream["Shards"][0]["ShardId"]],
        "kinesis.resourcearn": [stream["StreamARN"]],
        "body": [b"{}"],
        "projectionexpression": ["id"],
        "dynamodb.indexname": ["by-price"],
        "s3.id": ["rule"],
    }


def _apis(named: dict[str, list[Any]]) -> None:
    rest, web = kit.client("apigateway"), kit.client("apigatewayv2")
    api = rest.create_rest_api(name="shop")["id"]
    root = rest.get_resources(restApiId=api)["items"][0]["id"]
    rest.put_method(restApiId=api, resourceId=root, httpMethod="GET", authorizationType="NONE")
    rest.put_integration(
        restApiId=api,
        resourceId=root,
        httpMethod="GET",
        type="MOCK",
        requestTemplates={"application/json": '{"statusCode": 200}'},
    )
    rest.put_method_response(restApiId=api, resourceId=root, httpMethod="GET", statusCode="200")
    rest.put_integration_response(restApiId=api, resourceId=root, httpMethod="GET", statusCode="200")
    deployment = rest.create_deployment(restApiId=api, stageName="prod")["id"]
    model = rest.create_model(restApiId=api, name="Lamp", contentType="application/json", schema="{}")["name"]
    key = rest.create_api_key(name="ann", enabled=True)["id"]
    plan = rest.create_usage_plan(name="gold")["id"]
    http = web.create_api(Name="web", ProtocolType="HTTP")["ApiId"]
    function = f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:price"
    link = web.create_integration(
        ApiId=http, IntegrationType="AWS_PROXY", IntegrationUri=function, PayloadFormatVersion="2.0"
    )
    route = web.create_route(ApiId=http, RouteKey="GET /lamps", Target=f"integrations/{link['IntegrationId']}")[
        "RouteId"
    ]
    web.create_stage(ApiId=http, StageName="live")
    uri = f"arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/{function}/invocations"
    named |= {
        "restapiid": [api],
        "apigateway.resourceid": [root],
        "parentid": [root],
        "httpmethod": ["GET"],
        "statuscode": ["200"],
        "apigateway.deploymentid": [deployment],
        "apigateway.stagename": ["prod"],
        "modelname": [model],
        "apikey": [key],
        "usageplanid": [plan],
        "apigateway.keyid": [key],
        "apigateway.keytype": ["API_KEY"],
        "apigateway.type": ["MOCK", "AWS_PROXY"],
        "uri": [uri],
        "apiid": [http],
        "routeid": [route],
        "integrationid": [link["IntegrationId"]],
        "apigatewayv2.stagename": ["live"],
        "integrationuri": [function],
        "routekey": ["GET /lamps", "$default"],
        "payloadformatversion": ["2.0"],
        "protocoltype": ["HTTP"],
        "integrationtype": ["AWS_PROXY"],
        "authorizationtype": ["NONE"],
        "integrationhttpmethod": ["POST"],
        "patchoperations": [
            [{"op": "replace", "path": "/description", "value": "lamps"}],
            [{"op": "add", "path": "/lamps", "value": "1"}],
        ],
        "apigatewayv2.resourcearn": [f"arn:aws:apigateway:us-east-1::/apis/{http}"],
        "apigateway.resourcearn": [f"arn:aws:apigateway:us-east-1::/restapis/{api}"],
        "apigatewayv2.body": ['{"openapi": "3.0.1", "info": {"title": "web", "version": "1"}, "paths": {}}'],
        "apigateway.body": [b'{"openapi": "3.0.1", "info": {"title": "web", "version": "1"}, "paths": {}}'],
    }


def _network(named: dict[str, list[Any]]) -> None:
    ec2 = kit.client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    subnets = [
        ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.0.{n}.0/24", AvailabilityZone=f"us-east-1{zone}")["Subnet"][
            "SubnetId"
        ]
        for n, zone in enumerate("ab")
    ]
    group = ec2.create_security_group(GroupName="shop", Description="lamps", VpcId=vpc)["GroupId"]
    table = ec2.create_route_table(VpcId=vpc)["RouteTable"]["RouteTableId"]
    gateway = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    interface = ec2.create_network_interface(SubnetId=subnets[0])["NetworkInterface"]["NetworkInterfaceId"]
    address = ec2.allocate_address(Domain="vpc")["AllocationId"]
    acl = ec2.describe_network_acls()["NetworkAcls"][0]["NetworkAclId"]
    image = ec2.describe_images()["Images"][0]["ImageId"]
    instance = ec2.run_instances(ImageId=image, MinCount=1, MaxCount=1, SubnetId=subnets[0])["Instances"][0][
        "InstanceId"
    ]
    volume = ec2.create_volume(AvailabilityZone="us-east-1a", Size=1)["VolumeId"]
    snapshot = ec2.create_snapshot(VolumeId=volume)["SnapshotId"]
    ec2.create_key_pair(KeyName="ann")
    named |= {
        "vpcid": [vpc],
        "subnetid": subnets,
        "subnetids": [subnets],
        "groupid": [group],
        "securitygroupids": [[group]],
        "routetableid": [table],
        "internetgatewayid": [gateway],
        "networkinterfaceid": [interface],
        "allocationid": [address],
        "networkaclid": [acl],
        "imageid": [image],
        "instanceid": [instance],
        "volumeid": [volume],
        "snapshotid": [snapshot],
        "keyname": ["ann"],
        "ec2.groupname": ["shop"],
        "availabilityzone": ["us-east-1a"],
        "dryrun": [False],
        "ec2.resource": [vpc],
        "ec2.resources": [[vpc]],
        "ec2.resourceid": [vpc],
        "instancetype": ["t3.micro"],
    }


def _accounts(named: dict[str, list[Any]]) -> None:
    iam = kit.client("iam")
    policy = '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}'
    iam.create_user(UserName="ann")
    iam.create_group(GroupName="shop")
    arn = iam.create_policy(PolicyName="lamps", PolicyDocument=policy)["Policy"]["Arn"]
    key = iam.create_access_key(UserName="ann")["AccessKey"]["AccessKeyId"]
    iam.create_instance_profile(InstanceProfileName="shop")
    named |= {
        "username": ["ann"],
        "iam.groupname": ["shop"],
        "policyarn": [arn],
        "accesskeyid": [key],
        "instanceprofilename": ["shop"],
        "rolename": ["hikari-functions"],
        "policyname": ["lamps"],
        "policydocument": [policy],
        "versionid": ["v1"],
        "assumerolepolicydocument": [json.dumps(kit.ASSUMABLE)],
        "sts.rolesessionname": ["ann"],
        "policysourcearn": [arn],
    }


def _rest(named: dict[str, list[Any]]) -> None:
    logs, secrets, ssm, watch = (kit.client(name) for name in ("logs", "secretsmanager", "ssm", "cloudwatch"))
    logs.create_log_group(logGroupName="/lamps")
    logs.create_log_stream(logGroupName="/lamps", logStreamName="first")
    secret = secrets.create_secret(Name="password", SecretString="lamp")["ARN"]
    ssm.put_parameter(Name="/lamps/price", Value="1", Type="String")
    watch.put_metric_alarm(
        AlarmName="slow",
        MetricName="Errors",
        Namespace="AWS/Lambda",
        Period=60,
        EvaluationPeriods=1,
        Threshold=1,
        ComparisonOperator="GreaterThanThreshold",
        Statistic="Sum",
    )
    key = kit.client("kms").create_key()["KeyMetadata"]["KeyId"]
    stack = kit.client("cloudformation").create_stack(
        StackName="shop", TemplateBody='{"Resources": {"Jobs": {"Type": "AWS::SQS::Queue"}}}'
    )["StackId"]
    named |= {
        "loggroupname": ["/lamps"],
        "logstreamname": ["first"],
        "loggroupidentifier": ["/lamps"],
        "secretid": [secret, "password"],
        "ssm.name": ["/lamps/price"],
        "ssm.names": [["/lamps/price"]],
        "path": ["/"],
        "alarmname": ["slow"],
        "alarmnames": [["slow"]],
        "namespace": ["AWS/Lambda"],
        "metricname": ["Errors"],
        "logs.resourcearn": [f"arn:aws:logs:us-east-1:{ACCOUNT}:log-group:/lamps"],
        "kms.keyid": [key],
        "kmskeyid": [key],
        "cloudwatch.resourcearn": [f"arn:aws:cloudwatch:us-east-1:{ACCOUNT}:alarm:slow"],
        "stackname": ["shop", stack],
        "templatebody": ['{"Resources": {"Jobs": {"Type": "AWS::SQS::Queue"}}}'],
        "changesetname": ["first"],
        "logicalresourceid": ["Jobs"],
        "querystring": ["fields @message"],
    }


def furnish() -> dict[str, list[Any]]:
    """Creates the account's resources; their names by the names of the members that take them, in lower case."""
    named: dict[str, list[Any]] = {
        "dbinstanceclass": ["db.t3.micro"],
        "engine": ["postgres"],
        "allocatedstorage": [20],
        "marker": [""],
        "nexttoken": [""],
        "masterusername": ["hikari"],
        "masteruserpassword": ["lamps-lamps"],
        "dbinstanceidentifier": ["orders-db"],
        "tags": [[{"Key": "team", "Value": "lamps"}], {"team": "lamps"}],
        "tagkeys": [["team"]],
    }
    for part in (_messages, _functions, _machines, _data, _apis, _network, _accounts, _rest):
        part(named)
    return named
