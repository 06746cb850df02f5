"""Hikari's VPC, all of it in order, to be changed by the hand-made networks of `reach_networks`."""

from __future__ import annotations

from typing import Any

import boto3

from serverless_first.reach import Place

INTERNET = "203.0.113.7"  # an address for documentation, RFC 5737
REGION = "us-east-1"
Question = tuple[str | Place, tuple[Any, ...]]


class Net:
    """Hikari's VPC, all of it in order."""

    def __init__(self) -> None:
        self.ec2 = boto3.client("ec2", region_name=REGION)
        self.vpc = self.ec2.create_vpc(CidrBlock="10.6.0.0/16")["Vpc"]["VpcId"]
        self.public = self.subnet("public-a", "10.6.0.0/24")
        self.private_a = self.subnet("private-a", "10.6.1.0/24")
        self.private_b = self.subnet("private-b", "10.6.2.0/24")
        self.gateway = self.ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
        self.ec2.attach_internet_gateway(InternetGatewayId=self.gateway, VpcId=self.vpc)
        self.open_table = self.table(self.public)
        self.route(self.open_table, "0.0.0.0/0", GatewayId=self.gateway)
        self.nat = self.nat_in(self.public)
        self.inner_table = self.table(self.private_a, self.private_b)
        self.route(self.inner_table, "0.0.0.0/0", NatGatewayId=self.nat)
        self.functions, self.databases = self.group("functions"), self.group("databases")
        self.allow_in(self.databases, 5432, UserIdGroupPairs=[{"GroupId": self.functions}])
        self.function = self.interface(self.private_a, self.functions)
        self.database = self.interface(self.private_b, self.databases)

    def subnet(self, name: str, block: str, vpc: str | None = None) -> str:
        made = self.ec2.create_subnet(VpcId=vpc or self.vpc, CidrBlock=block)["Subnet"]["SubnetId"]
        self.ec2.create_tags(Resources=[made], Tags=[{"Key": "Name", "Value": name}])
        return str(made)

    def table(self, *subnets: str) -> str:
        made = self.ec2.create_route_table(VpcId=self.vpc)["RouteTable"]["RouteTableId"]
        for subnet in subnets:
            self.ec2.associate_route_table(RouteTableId=made, SubnetId=subnet)
        return str(made)

    def route(self, table: str, block: str, **target: str) -> None:
        self.ec2.create_route(RouteTableId=table, DestinationCidrBlock=block, **target)

    def nat_in(self, subnet: str) -> str:
        address = self.ec2.allocate_address(Domain="vpc")["AllocationId"]
        made = self.ec2.create_nat_gateway(SubnetId=subnet, AllocationId=address)["NatGateway"]
        return str(made["NatGatewayId"])

    def group(self, name: str, vpc: str | None = None) -> str:
        made = self.ec2.create_security_group(GroupName=name, Description=name, VpcId=vpc or self.vpc)
        return str(made["GroupId"])

    def allow_in(self, group: str, port: int, protocol: str = "tcp", **who: Any) -> None:
        rule = {"IpProtocol": protocol, "FromPort": port, "ToPort": port, **who}
        self.ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[rule])

    def forbid_in(self, group: str) -> None:
        (found,) = self.ec2.describe_security_groups(GroupIds=[group])["SecurityGroups"]
        self.ec2.revoke_security_group_ingress(GroupId=group, IpPermissions=found["IpPermissions"])

    def forbid_out(self, group: str) -> None:
        rule = {"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}
        self.ec2.revoke_security_group_egress(GroupId=group, IpPermissions=[rule])

    def interface(self, subnet: str, group: str) -> str:
        made = self.ec2.create_network_interface(SubnetId=subnet, Groups=[group])["NetworkInterface"]
        return str(made["NetworkInterfaceId"])

    def address(self, interface: str) -> str:
        (found,) = self.ec2.describe_network_interfaces(NetworkInterfaceIds=[interface])["NetworkInterfaces"]
        return str(found["PrivateIpAddress"])

    def acl(self, subnet: str, *rules: tuple[int, str, str, str, tuple[int, int] | None]) -> None:
        """A network ACL for a subnet; rules: number, "in" or "out", "allow" or "deny", block, TCP ports or None."""
        made = self.ec2.create_network_acl(VpcId=self.vpc)["NetworkAcl"]["NetworkAclId"]
        for number, way, action, block, ports in rules:
            more = {"PortRange": {"From": ports[0], "To": ports[1]}} if ports else {}
            self.ec2.create_network_acl_entry(
                NetworkAclId=made, RuleNumber=number, Egress=way == "out", RuleAction=action, CidrBlock=block,
                Protocol="6" if ports else "-1", **more,
            )  # fmt: skip
        for acl in self.ec2.describe_network_acls()["NetworkAcls"]:
            for each in acl["Associations"]:
                if each["SubnetId"] == subnet:
                    self.ec2.replace_network_acl_association(
                        AssociationId=each["NetworkAclAssociationId"], NetworkAclId=made
                    )

    def endpoint(self, service: str, *tables: str) -> None:
        self.ec2.create_vpc_endpoint(
            VpcId=self.vpc, ServiceName=f"com.amazonaws.{REGION}.{service}", RouteTableIds=list(tables)
        )

    def service(self, service: str) -> str:
        """An address of a service, by the prefix list."""
        name = f"com.amazonaws.{REGION}.{service}"
        lists = self.ec2.describe_managed_prefix_lists()["PrefixLists"]
        (found,) = [each["PrefixListId"] for each in lists if each["PrefixListName"] == name]
        block = self.ec2.get_managed_prefix_list_entries(PrefixListId=found)["Entries"][0]["Cidr"]
        return str(block.rpartition(".")[0]) + ".9"

    def peer(self, *, accept: bool = True, back: bool = True) -> str:
        """A second VPC, 10.7.0.0/16, with a database that lets this VPC in; the interface."""
        other = self.ec2.create_vpc(CidrBlock="10.7.0.0/16")["Vpc"]["VpcId"]
        subnet = self.subnet("reports", "10.7.1.0/24", other)
        made = self.ec2.create_vpc_peering_connection(VpcId=self.vpc, PeerVpcId=other)["VpcPeeringConnection"]
        self.peering = str(made["VpcPeeringConnectionId"])
        if accept:
            self.ec2.accept_vpc_peering_connection(VpcPeeringConnectionId=self.peering)
        self.route(self.inner_table, "10.7.0.0/16", VpcPeeringConnectionId=self.peering)
        tables = self.ec2.describe_route_tables(Filters=[{"Name": "vpc-id", "Values": [other]}])["RouteTables"]
        if back:
            self.route(tables[0]["RouteTableId"], "10.6.0.0/16", VpcPeeringConnectionId=self.peering)
        group = self.group("reports", other)
        self.allow_in(group, 5432, IpRanges=[{"CidrIp": "10.6.0.0/16"}])
        return self.interface(subnet, group)

    def to_database(self) -> Question:
        return self.function, (self.database, 5432)

    def to_internet(self) -> Question:
        return self.function, (INTERNET, 443)
