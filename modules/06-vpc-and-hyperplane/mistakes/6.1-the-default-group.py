#: breaks: nobody-else
#: expects: lets in every machine with the VPC's default group
#: because: Every VPC brings a group along, and all that it holds reach each other.
shop = hikari_vpc.make(private=False)  # shop.id is the id of the VPC
zone_a, zone_b = aws.region + "a", aws.region + "b"  # two Availability Zones
subnets = []  # the ids of your two subnets
functions_group = database_group = None  # the ids of your groups

for block, zone in (("10.6.16.0/24", zone_a), ("10.6.17.0/24", zone_b)):
    made = ec2.create_subnet(VpcId=shop.id, CidrBlock=block, AvailabilityZone=zone)
    subnets.append(made["Subnet"]["SubnetId"])
wanted = [
    {"Name": "vpc-id", "Values": [shop.id]},
    {"Name": "group-name", "Values": ["default"]},
]
default = ec2.describe_security_groups(Filters=wanted)["SecurityGroups"][0]["GroupId"]
functions_group = database_group = default
ec2.authorize_security_group_ingress(
    GroupId=database_group,
    IpPermissions=[
        {
            "IpProtocol": "tcp",
            "FromPort": 5432,
            "ToPort": 5432,
            "UserIdGroupPairs": [{"GroupId": functions_group}],
        }
    ],
)
print(len(subnets), "subnets")
