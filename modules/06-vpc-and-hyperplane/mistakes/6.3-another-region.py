#: breaks: both-services
#: expects: is for another Region
#: because: The name of an example is copied, with its Region.
shop = hikari_vpc.make()  # as in 6.2, without the network ACL

for service in ("s3", "dynamodb"):
    ec2.create_vpc_endpoint(
        VpcId=shop.id,
        VpcEndpointType="Gateway",
        ServiceName=f"com.amazonaws.eu-west-1.{service}",
        RouteTableIds=list(shop.private_tables),
    )
### END SOLUTION
