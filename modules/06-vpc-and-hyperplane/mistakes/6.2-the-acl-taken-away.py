#: breaks: closed-ports
#: expects: the VPC's default network ACL, which lets everything through
#: because: The wall is in the way, so the subnets get the VPC's default network ACL again.
shop = hikari_vpc.make(strict_acl=True)
# shop.public_subnets, shop.private_subnets: ids; shop.private_tables: a route table for each of
# the private ones; shop.public_table, shop.private_acl, shop.internet_gateway
subnets = shop.private_subnets

address = ec2.allocate_address(Domain="vpc")["AllocationId"]
nat = ec2.create_nat_gateway(SubnetId=shop.public_subnets[0], AllocationId=address)
nat = nat["NatGateway"]["NatGatewayId"]
ec2.get_waiter("nat_gateway_available").wait(NatGatewayIds=[nat])
for table in shop.private_tables:
    ec2.create_route(RouteTableId=table, DestinationCidrBlock="0.0.0.0/0", NatGatewayId=nat)
acls = ec2.describe_network_acls(Filters=[{"Name": "vpc-id", "Values": [shop.id]}])["NetworkAcls"]
[default] = [acl["NetworkAclId"] for acl in acls if acl["IsDefault"]]
for acl in acls:
    for association in acl["Associations"]:
        if association["SubnetId"] in subnets:
            ec2.replace_network_acl_association(
                AssociationId=association["NetworkAclAssociationId"], NetworkAclId=default
            )

network = {"SubnetIds": list(subnets), "SecurityGroupIds": [shop.functions_group]}
hikari.deploy(aws, "payments", "payments.py", {}, Layers=[], VpcConfig=network)
print("deployed in", len(subnets), "subnets")
