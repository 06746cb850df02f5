#: breaks: no-internet
#: expects: has a route to the internet
#: because: A NAT gateway leads to S3 and DynamoDB as well.
shop = hikari_vpc.make()
address = ec2.allocate_address(Domain="vpc")["AllocationId"]
nat = ec2.create_nat_gateway(SubnetId=shop.public_subnets[0], AllocationId=address)
nat = nat["NatGateway"]["NatGatewayId"]
for table in shop.private_tables:
    ec2.create_route(RouteTableId=table, DestinationCidrBlock="0.0.0.0/0", NatGatewayId=nat)
