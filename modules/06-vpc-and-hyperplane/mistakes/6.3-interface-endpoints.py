#: breaks: gateway
#: expects: is an interface endpoint
#: because: One kind of endpoint is taken for the other.
shop = hikari_vpc.make()  # as in 6.2, without the network ACL

for service in ("s3", "dynamodb"):
    ec2.create_vpc_endpoint(
        VpcId=shop.id,
        VpcEndpointType="Interface",
        ServiceName=f"com.amazonaws.{aws.region}.{service}",
        SubnetIds=list(shop.private_subnets),
    )
