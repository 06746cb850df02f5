#: breaks: provider
#: expects: One of the function's subnets has no route to the internet
#: because: One route table is thought to serve both subnets.
shop = hikari_vpc.make(strict_acl=True)
# shop.public_subnets, shop.private_subnets: ids; shop.private_tables: a route table for each of
# the private ones; shop.public_table, shop.private_acl, shop.internet_gateway
subnets = shop.private_subnets

address = ec2.allocate_address(Domain="vpc")["AllocationId"]
nat = ec2.create_nat_gateway(SubnetId=shop.public_subnets[0], AllocationId=address)
nat = nat["NatGateway"]["NatGatewayId"]
ec2.get_waiter("nat_gateway_available").wait(NatGatewayIds=[nat])
ec2.create_route(
    RouteTableId=shop.private_tables[0], DestinationCidrBlock="0.0.0.0/0", NatGatewayId=nat
)
ec2.create_network_acl_entry(
    NetworkAclId=shop.private_acl,
    RuleNumber=120,
    Egress=False,
    RuleAction="allow",
    Protocol="6",
    CidrBlock="0.0.0.0/0",
    PortRange={"From": 1024, "To": 65535},
)

network = {"SubnetIds": list(subnets), "SecurityGroupIds": [shop.functions_group]}
hikari.deploy(aws, "payments", "payments.py", {}, Layers=[], VpcConfig=network)
print("deployed in", len(subnets), "subnets")
