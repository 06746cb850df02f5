#: breaks: each-subnet
#: expects: uses other route tables
#: because: The type is left out, and the endpoint goes where the way out is.
shop = hikari_vpc.make()  # as in 6.2, without the network ACL

for service in ("s3", "dynamodb"):
    ec2.create_vpc_endpoint(
        VpcId=shop.id,
        ServiceName=f"com.amazonaws.{aws.region}.{service}",
        RouteTableIds=[shop.public_table],
    )
### END SOLUTION
