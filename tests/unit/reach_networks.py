"""Hand-made networks for the reachability checker: each with a question, and what must come out by AWS's documents.

All begin with `Net`: a VPC with a public and two private subnets, a NAT gateway, a function and a database; each
changes it by a call or two.
"""

from __future__ import annotations

from collections.abc import Callable

from tests.unit.reach_kit import INTERNET, Net, Question

from serverless_first.reach import Place

ALL = ("0.0.0.0/0", None)
REPLIES = (1024, 65535)
Build = Callable[[Net], Question]
WORKS: dict[str, Build] = {}
BROKEN: dict[str, tuple[Build, str]] = {}


def works(build: Build) -> Build:
    WORKS[build.__name__] = build
    return build


def broken(reason: str) -> Callable[[Build], Build]:
    """A network in which the packet does not arrive; the first refusal matches this regular expression."""

    def keep(build: Build) -> Build:
        BROKEN[build.__name__] = (build, reason)
        return build

    return keep


# ---- what works


@works
def database_by_group(net: Net) -> Question:
    return net.to_database()


@works
def database_by_its_address(net: Net) -> Question:
    return net.function, (net.address(net.database), 5432)


@works
def database_by_the_block_of_the_subnet(net: Net) -> Question:
    net.forbid_in(net.databases)
    net.allow_in(net.databases, 5432, IpRanges=[{"CidrIp": "10.6.1.0/24"}])
    return net.to_database()


@works
def internet_through_the_nat_gateway(net: Net) -> Question:
    return net.to_internet()


@works
def function_that_has_no_interface_yet(net: Net) -> Question:
    return Place(net.private_b, (net.functions,), is_lambda=True), (INTERNET, 443)


@works
def instance_with_a_public_address(net: Net) -> Question:
    return Place(net.public, (net.functions,), public="198.51.100.4"), (INTERNET, 443)


@works
def s3_by_an_endpoint_without_nat(net: Net) -> Question:
    net.ec2.delete_route(RouteTableId=net.inner_table, DestinationCidrBlock="0.0.0.0/0")
    net.endpoint("s3", net.inner_table)
    return net.function, (net.service("s3"), 443)


@works
def s3_by_a_rule_with_its_prefix_list(net: Net) -> Question:
    net.endpoint("s3", net.inner_table)
    net.forbid_out(net.functions)
    lists = net.ec2.describe_managed_prefix_lists()["PrefixLists"]
    (s3,) = [each["PrefixListId"] for each in lists if each["PrefixListName"].endswith(".s3")]
    rule = {"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "PrefixListIds": [{"PrefixListId": s3}]}
    net.ec2.authorize_security_group_egress(GroupId=net.functions, IpPermissions=[rule])
    return net.function, (net.service("s3"), 443)


@works
def network_acl_with_a_rule_for_answers(net: Net) -> Question:
    net.acl(
        net.private_a,
        (100, "out", "allow", "0.0.0.0/0", (443, 443)),
        (100, "in", "allow", "0.0.0.0/0", REPLIES),
    )
    return net.to_internet()


@works
def network_acl_whose_lower_rule_allows(net: Net) -> Question:
    net.acl(
        net.private_b,
        (200, "in", "deny", "10.6.0.0/16", None),
        (100, "in", "allow", "10.6.1.0/24", (5432, 5432)),
        (100, "out", "allow", *ALL),
    )
    return net.to_database()


@works
def answers_by_two_rules(net: Net) -> Question:
    net.acl(
        net.private_a,
        (100, "out", "allow", *ALL),
        (110, "in", "allow", "0.0.0.0/0", (1024, 40000)),
        (120, "in", "allow", "0.0.0.0/0", (40001, 65535)),
    )
    return net.to_internet()


@works
def same_subnet_asks_no_network_acl(net: Net) -> Question:
    net.acl(net.private_b)
    return net.interface(net.private_b, net.functions), (net.database, 5432)


@works
def main_route_table(net: Net) -> Question:
    subnet = net.subnet("private-c", "10.6.3.0/24")
    tables = net.ec2.describe_route_tables(Filters=[{"Name": "vpc-id", "Values": [net.vpc]}])["RouteTables"]
    (main,) = [t["RouteTableId"] for t in tables if any(a.get("Main") for a in t["Associations"])]
    net.route(main, "0.0.0.0/0", NatGatewayId=net.nat)
    return net.interface(subnet, net.functions), (INTERNET, 443)


@works
def peering_with_routes_both_ways(net: Net) -> Question:
    return net.function, (net.peer(), 5432)


@works
def longest_prefix_past_a_dead_route(net: Net) -> Question:
    reports = net.peer()
    net.ec2.delete_route(RouteTableId=net.inner_table, DestinationCidrBlock="10.7.0.0/16")
    net.route(net.inner_table, "10.7.1.0/24", VpcPeeringConnectionId=net.peering)
    return net.function, (net.address(reports), 5432)


@works
def udp(net: Net) -> Question:
    net.allow_in(net.databases, 53, "udp", IpRanges=[{"CidrIp": "10.6.0.0/16"}])
    return net.function, (net.database, 53, "udp")


# ---- what is broken


@broken(r"security group of .*, in: no rule allows TCP 5432 .*there is no rule")
def database_lets_nobody_in(net: Net) -> Question:
    net.forbid_in(net.databases)
    return net.to_database()


@broken(r"security group of .*, in: no rule allows TCP 5432 from 10\.6\.1\.\d+; .*from the group databases")
def database_lets_another_group_in(net: Net) -> Question:
    net.forbid_in(net.databases)
    net.allow_in(net.databases, 5432, UserIdGroupPairs=[{"GroupId": net.databases}])
    return net.to_database()


@broken(r"security group of .*, in: no rule allows TCP 3306")
def another_port(net: Net) -> Question:
    return net.function, (net.database, 3306)


@broken(r"security group of .*, in: no rule allows UDP 5432")
def another_protocol(net: Net) -> Question:
    return net.function, (net.database, 5432, "udp")


@broken(r"security group of .*, out: no rule allows TCP 5432 to 10\.6\.2\.\d+")
def function_may_not_go_out(net: Net) -> Question:
    net.forbid_out(net.functions)
    return net.to_database()


@broken(r"a function's interface has no public address")
def function_in_a_public_subnet(net: Net) -> Question:
    return Place(net.public, (net.functions,), is_lambda=True), (INTERNET, 443)


@broken(r"is private, and it has no public address")
def instance_without_a_public_address(net: Net) -> Question:
    return net.interface(net.public, net.functions), (INTERNET, 443)


@broken(r"is private, and it has no public address")
def private_subnet_with_a_route_to_the_internet_gateway(net: Net) -> Question:
    net.ec2.delete_route(RouteTableId=net.inner_table, DestinationCidrBlock="0.0.0.0/0")
    net.route(net.inner_table, "0.0.0.0/0", GatewayId=net.gateway)
    return net.to_internet()


@broken(r"it is in private-a, where .* \(itself\), not to an internet gateway")
def nat_gateway_in_the_private_subnet(net: Net) -> Question:
    inside = net.nat_in(net.private_a)
    net.ec2.delete_route(RouteTableId=net.inner_table, DestinationCidrBlock="0.0.0.0/0")
    net.route(net.inner_table, "0.0.0.0/0", NatGatewayId=inside)
    return net.to_internet()


@broken(r"route table of public-a: no route matches 203\.0\.113\.7")
def nat_gateway_without_a_way_out(net: Net) -> Question:
    net.ec2.delete_route(RouteTableId=net.open_table, DestinationCidrBlock="0.0.0.0/0")
    return net.to_internet()


@broken(r"the NAT gateway is (deleted|gone)")
def nat_gateway_that_was_deleted(net: Net) -> Question:
    net.ec2.delete_nat_gateway(NatGatewayId=net.nat)
    return net.to_internet()


@broken(r"internet gateway is not attached")
def internet_gateway_detached(net: Net) -> Question:
    net.ec2.detach_internet_gateway(InternetGatewayId=net.gateway, VpcId=net.vpc)
    return net.to_internet()


@broken(r"route table of private-a: no route matches 203\.0\.113\.7")
def no_default_route(net: Net) -> Question:
    net.ec2.delete_route(RouteTableId=net.inner_table, DestinationCidrBlock="0.0.0.0/0")
    return net.to_internet()


@broken(r"reply: network ACL of private-a, in: no rule allows TCP 1024 to 65535 from 203\.0\.113\.7")
def network_acl_forgets_the_answers(net: Net) -> Question:
    net.acl(
        net.private_a,
        (100, "out", "allow", "0.0.0.0/0", (443, 443)),
        (100, "in", "allow", "0.0.0.0/0", (443, 443)),
    )
    return net.to_internet()


@broken(r"reply: network ACL of private-b, out: no rule allows TCP 1024 to 65535 to 10\.6\.1\.\d+")
def network_acl_of_the_database_forgets_the_answers(net: Net) -> Question:
    net.acl(net.private_b, (100, "in", "allow", "10.6.0.0/16", (5432, 5432)))
    return net.to_database()


@broken(r"reply: network ACL of private-a, in: no rule allows TCP 1024 to 32767 and 61000 to 65535")
def network_acl_lets_a_part_of_the_answers_in(net: Net) -> Question:
    net.acl(net.private_a, (100, "out", "allow", *ALL), (100, "in", "allow", "0.0.0.0/0", (32768, 60999)))
    return net.to_internet()


@broken(r"network ACL of private-b, in: rule 90 denies TCP 5432 from 10\.6\.1\.0/24")
def network_acl_whose_lower_rule_refuses(net: Net) -> Question:
    net.acl(
        net.private_b,
        (100, "in", "allow", *ALL),
        (90, "in", "deny", "10.6.1.0/24", (5000, 6000)),
        (100, "out", "allow", *ALL),
    )
    return net.to_database()


@broken(r"^network ACL of private-a, out: no rule allows TCP 5432")
def network_acl_lets_nothing_out(net: Net) -> Question:
    net.acl(net.private_a, (100, "in", "allow", *ALL))
    return net.to_database()


@broken(r"network ACL of public-a, in: no rule allows TCP 443 from 10\.6\.1\.\d+")
def network_acl_of_the_nat_gateway(net: Net) -> Question:
    net.acl(net.public, (100, "out", "allow", *ALL), (100, "in", "allow", "0.0.0.0/0", REPLIES))
    return net.to_internet()


@broken(r"route table of private-a: no route matches")
def endpoint_on_another_route_table(net: Net) -> Question:
    net.ec2.delete_route(RouteTableId=net.inner_table, DestinationCidrBlock="0.0.0.0/0")
    net.endpoint("s3", net.open_table)
    return net.function, (net.service("s3"), 443)


@broken(r"route table of private-a: no route matches")
def endpoint_of_another_service(net: Net) -> Question:
    net.ec2.delete_route(RouteTableId=net.inner_table, DestinationCidrBlock="0.0.0.0/0")
    net.endpoint("s3", net.inner_table)
    return net.function, (net.service("dynamodb"), 443)


@broken(r"the peering connection is pending-acceptance, not active")
def peering_that_nobody_accepted(net: Net) -> Question:
    return net.function, (net.peer(accept=False), 5432)


@broken(r"reply: route table of reports \(the main one\): no route sends replies for 10\.6\.1\.\d+")
def peering_without_a_way_back(net: Net) -> Question:
    return net.function, (net.peer(back=False), 5432)


@broken(r"address 10\.6\.2\.200: no network interface of the VPC has this address")
def address_that_nobody_has(net: Net) -> Question:
    return net.function, ("10.6.2.200", 5432)


@broken(r"address 10\.9\.0\.1: a private address")
def private_address_elsewhere(net: Net) -> Question:
    return net.function, ("10.9.0.1", 443)
