#: breaks: stay-private
#: expects: points to the internet gateway. That makes the subnet public
#: because: The internet gateway is the door, so the route leads there.
shop = hikari_vpc.make(strict_acl=True)
# shop.public_subnets, shop.private_subnets: ids; shop.private_tables: a route table for each of
# the private ones; shop.public_table, shop.private_acl, shop.internet_gateway
subnets = shop.private_subnets

for table in shop.private_tables:
    ec2.create_route(
        RouteTableId=table, DestinationCidrBlock="0.0.0.0/0", GatewayId=shop.internet_gateway
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
