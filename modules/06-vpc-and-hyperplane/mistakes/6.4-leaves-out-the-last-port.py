#: breaks: port-range
#: expects: includes its first and its last port
#: because: range() is thought to contain both of its ends.
%%writefile why_not.py
import ipaddress

import boto3

ec2 = boto3.client("ec2")


def inside(address, block):
    """Whether a block, such as 10.6.0.0/16, contains an address."""
    return ipaddress.ip_address(address) in ipaddress.ip_network(block)


def groups_let(rules, address, port, group_ids):
    """Whether security groups let a packet pass: any one rule that matches is enough."""
    for rule in rules:
        all_ports = rule["IpProtocol"] == "-1"
        right_port = all_ports or rule["FromPort"] <= port <= rule["ToPort"]
        by_block = any(inside(address, one["CidrIp"]) for one in rule["IpRanges"])
        by_group = any(one["GroupId"] in group_ids for one in rule["UserIdGroupPairs"])
        if right_port and (by_block or by_group):
            return True
    return False


def route_for(routes, address):
    """The route that a packet to this address takes; None if no route matches."""
    matching = [route for route in routes if inside(address, route["DestinationCidrBlock"])]
    return max(matching, key=lambda r: ipaddress.ip_network(r["DestinationCidrBlock"]).prefixlen, default=None)


def acl_lets(entries, egress, address, port):
    """Whether a network ACL lets a packet to this port pass.

    entries: the rules, in any order; egress: True if the packet leaves the subnet, False if it
    enters; address: the packet's destination if egress, its source if not.
    """
    for entry in sorted(entries, key=lambda e: e["RuleNumber"]):
        if entry["Egress"] != egress or not inside(address, entry["CidrBlock"]):
            continue
        ports = entry.get("PortRange")
        if not ports or port == ports["From"] or port in range(ports["From"], ports["To"]):
            return entry["RuleAction"] == "allow"
    return False


def handler(event, context):
    address, port, client_port = event["address"], event["port"], event["client_port"]
    source = by_id(event["source"])
    client = source["PrivateIpAddress"]
    target = by_address(address, source["VpcId"])  # None outside the VPC
    refused = []

    # the request
    if not groups_let(rules_of(source, "IpPermissionsEgress"), address, port, groups_of(target)):
        refused.append("security group out")
    if not acl_lets(acl_of(source), True, address, port):
        refused.append("network ACL out")
    route = route_for(routes_of(source), address)
    if route is None:
        refused.append("route table")
    if target:
        if not acl_lets(acl_of(target), False, client, port):
            refused.append("network ACL in")
        if not groups_let(rules_of(target, "IpPermissions"), client, port, groups_of(source)):
            refused.append("security group in")

        # the reply
        if not acl_lets(acl_of(target), True, client, client_port):
            refused.append("reply: network ACL out")
        if not acl_lets(acl_of(source), False, address, client_port):
            refused.append("reply: network ACL in")
    return {"route": route and route["DestinationCidrBlock"], "refused_by": refused}


def by_id(interface):
    """The description of a network interface."""
    return ec2.describe_network_interfaces(NetworkInterfaceIds=[interface])["NetworkInterfaces"][0]


def by_address(address, vpc):
    """The network interface in a VPC that has this address; None if there is none."""
    wanted = [
        {"Name": "private-ip-address", "Values": [address]},
        {"Name": "vpc-id", "Values": [vpc]},
    ]
    found = ec2.describe_network_interfaces(Filters=wanted)["NetworkInterfaces"]
    return found[0] if found else None


def groups_of(interface):
    return [group["GroupId"] for group in interface["Groups"]] if interface else []


def rules_of(interface, direction):
    groups = ec2.describe_security_groups(GroupIds=groups_of(interface))["SecurityGroups"]
    return [rule for group in groups for rule in group[direction]]


def acl_of(interface):
    """The rules of the network ACL around the interface's subnet."""
    wanted = [{"Name": "association.subnet-id", "Values": [interface["SubnetId"]]}]
    entries = ec2.describe_network_acls(Filters=wanted)["NetworkAcls"][0]["Entries"]
    return [entry for entry in entries if "CidrBlock" in entry]  # without the IPv6 entries


def routes_of(interface):
    """The routes of the subnet's own route table."""
    wanted = [{"Name": "association.subnet-id", "Values": [interface["SubnetId"]]}]
    routes = ec2.describe_route_tables(Filters=wanted)["RouteTables"][0]["Routes"]
    return [route for route in routes if "DestinationCidrBlock" in route]
