#: breaks: both-services
#: expects: There is no endpoint for dynamodb
#: because: One endpoint is thought to serve all of AWS.
shop = hikari_vpc.make()  # as in 6.2, without the network ACL

for service in ("s3",):
    ec2.create_vpc_endpoint(
        VpcId=shop.id,
        VpcEndpointType="Gateway",
        ServiceName=f"com.amazonaws.{aws.region}.{service}",
        RouteTableIds=list(shop.private_tables),
    )
