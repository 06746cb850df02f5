#: breaks: nobody-else
#: expects: lets strangers in, because its group names addresses
#: because: The VPC is thought to be a wall: whoever is inside may come in.
shop = hikari_vpc.make(private=False)  # shop.id is the id of the VPC
zone_a, zone_b = aws.region + "a", aws.region + "b"  # two Availability Zones
subnets = []  # the ids of your two subnets
functions_group = database_group = None  # the ids of your groups

for block, zone in (("10.6.16.0/24", zone_a), ("10.6.17.0/24", zone_b)):
    made = ec2.create_subnet(VpcId=shop.id, CidrBlock=block, AvailabilityZone=zone)
    subnets.append(made["Subnet"]["SubnetId"])
groups = [
    ec2.create_security_group(VpcId=shop.id, GroupName=name, Description=name)["GroupId"]
    for name in ("functions", "database")
]
functions_group, database_group = groups
ec2.authorize_security_group_ingress(
    GroupId=database_group,
    IpPermissions=[
        {
            "IpProtocol": "tcp",
            "FromPort": 5432,
            "ToPort": 5432,
            "IpRanges": [{"CidrIp": "10.6.0.0/16"}],
        }
    ],
)
print(len(subnets), "subnets")
