#: breaks: each-subnet
#: expects: One of the function's subnets can't reach s3
#: because: One route table is thought to be enough for the VPC.
shop = hikari_vpc.make()  # as in 6.2, without the network ACL

for service in ("s3", "dynamodb"):
    ec2.create_vpc_endpoint(
        VpcId=shop.id,
        VpcEndpointType="Gateway",
        ServiceName=f"com.amazonaws.{aws.region}.{service}",
        RouteTableIds=[shop.private_tables[0]],
    )
