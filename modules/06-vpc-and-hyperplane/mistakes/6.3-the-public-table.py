#: breaks: each-subnet
#: expects: uses other route tables
#: because: The endpoint is thought to be a way out, so it goes where the way out is.
shop = hikari_vpc.make()  # as in 6.2, without the network ACL

for service in ("s3", "dynamodb"):
    ec2.create_vpc_endpoint(
        VpcId=shop.id,
        VpcEndpointType="Gateway",
        ServiceName=f"com.amazonaws.{aws.region}.{service}",
        RouteTableIds=[shop.public_table],
    )
