"""The walk of a packet through a VPC and of the reply back, each hop judged by its rule.

It judges security groups and network ACLs at both ends and around a NAT gateway, both ways; route tables;
internet gateways, NAT gateways, gateway endpoints, peering. Left out: IPv6, names (DNS), the policies of endpoints,
network firewalls, what listens at the other end. A route to anything else (a transit gateway, a VPN, an appliance) is
said to be unknown.
"""

from __future__ import annotations

import ipaddress
from typing import Any

from serverless_first.reach import rules
from serverless_first.reach.answer import Answer, By, Hop
from serverless_first.reach.picture import Described, Picture, contains, name_of, read
from serverless_first.reach.places import Place, settled
from serverless_first.reach.rules import Decision, Peer, Ports

#: The ports that clients use for themselves, and replies go to. Lambda and NAT gateways take all of these (Amazon VPC
#: User Guide, "Ephemeral ports").
CLIENT_PORTS: Ports = (1024, 65_535)
#: Blocks that nobody on the internet has (RFC 1918 and RFC 6598).
_PRIVATE = ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10")

To = tuple[str | Place, int] | tuple[str | Place, int, str]


def explain(ec2: Any, source: str | Place, to: To, *, client_ports: Ports = CLIENT_PORTS) -> Answer:
    """Whether a packet arrives and the reply comes back, and why, hop by hop.

    Args:
        ec2: a boto3 client, or what `read` has made of one: read once, ask often.
        source: the id of a network interface, or a place.
        to: address, port and protocol: ("10.6.1.20", 5432) or ("203.0.113.7", 443, "tcp"). Instead of the address,
            it may have the id of an interface, or a place. The protocol is "tcp" (the default) or "udp".
        client_ports: first and last port that the source may use for itself; the reply must pass to all of them.

    Raises:
        UnknownPlace: there is no such interface, subnet or group.
        ValueError: the address isn't an IPv4 address, the port isn't 1 to 65535, or the protocol is unknown.
    """
    picture = ec2 if isinstance(ec2, Picture) else read(ec2)
    begin = settled(picture, source)
    target, port, protocol = (*to, "tcp")[:3]
    _check(port, protocol)
    end = settled(picture, target, begin) if isinstance(target, Place) or str(target).startswith("eni-") else None
    address = end.address if end else str(target)
    assert address is not None
    try:
        ipaddress.IPv4Address(address)
    except ValueError:
        raise ValueError(
            f"{address!r} is not an IPv4 address, and this checker does not look up names. Give an address, such as "
            "10.6.1.20, an interface's id or a place."
        ) from None
    walk = _Walk(picture, begin, address, int(port), protocol, client_ports)
    holder = end or walk.holder_of(address, walk.subnet["VpcId"])
    walk.go(holder)
    whom = f"{end.name} ({address})" if end else address
    within = holder is not None and holder.subnet_id == begin.subnet_id
    note = "both are in the same subnet, with no route table or network ACL between them" if within else ""
    return Answer(f"{begin.name} ({begin.address}) to {whom}, {protocol.upper()} {port}", tuple(walk.hops), note)


def _check(port: object, protocol: str) -> None:
    if isinstance(port, bool) or not isinstance(port, int) or not 1 <= port <= 65_535:
        raise ValueError(f"The port is {port!r}. Give a whole number from 1 to 65535.")
    if protocol not in rules.PROTOCOLS:
        raise ValueError(f"The protocol is {protocol!r}. This checker knows tcp and udp.")


class _Walk:
    """One packet on its way; `hops` grows."""

    def __init__(
        self, picture: Picture, begin: Place, address: str, port: int, protocol: str, client_ports: Ports
    ) -> None:
        self.picture, self.begin, self.address = picture, begin, address
        self.port, self.protocol, self.client_ports = port, protocol, client_ports
        self.hops: list[Hop] = []
        self.subnet = self._subnet(begin.subnet_id)
        self.vpc_id = str(self.subnet["VpcId"])

    def go(self, end: Place | None) -> None:
        """The whole way, and back."""
        assert self.begin.address is not None
        self._groups(self.begin, Peer(self.address, end.group_ids if end else ()), inward=False)
        if end and end.subnet_id == self.begin.subnet_id:  # no route table and no network ACL lies between
            self._groups(end, Peer(self.begin.address, self.begin.group_ids), inward=True)
            return
        self._acl(self.subnet, self.address, (self.port, self.port), inward=False)
        kind, target, leads = self._route(self.subnet)
        if not kind:
            return
        passes = {
            "local": lambda: self._local(end),
            "igw": lambda: self._internet_gateway(target),
            "nat": lambda: self._nat_gateway(target),
            "vpce": lambda: self._endpoint(target),
            "pcx": lambda: self._peering(target, end),
        }.get(kind)
        if passes is None:
            self._hop(
                By.GATEWAY, target or "(unknown)", None, f"{leads}; this checker does not know what comes after it"
            )
        elif passes():
            self._acl(self.subnet, self.address, self.client_ports, inward=True, back=True)

    def holder_of(self, address: str, vpc_id: str) -> Place | None:
        """The place of the interface with this address in a VPC; None if there is none."""
        for interface in self.picture.interfaces:
            own = [
                interface.get("PrivateIpAddress"),
                *(a["PrivateIpAddress"] for a in interface.get("PrivateIpAddresses", [])),
            ]
            if interface.get("VpcId") == vpc_id and address in own:
                return settled(self.picture, str(interface["NetworkInterfaceId"]))
        return None

    # ---- where a route leads; each tells whether the reply comes back as far as the source's subnet

    def _local(self, end: Place | None) -> bool:
        if end is None:
            return self._hop(By.ADDRESS, self.address, False, "no network interface of the VPC has this address")
        self._arrive(end)
        return True

    def _internet_gateway(self, gateway_id: str) -> bool:
        if not self._is_open(gateway_id):
            return False
        if self.begin.is_lambda:
            why = "a function's interface has no public address, and the internet can't reply to a private one"
            return self._hop(By.ADDRESS, self.begin.name, False, why)
        if not self.begin.public:
            why = f"{self.begin.address} is private, and it has no public address, so the internet can't reply to it"
            return self._hop(By.ADDRESS, self.begin.name, False, why)
        return self._hop(By.ADDRESS, self.begin.name, True, "it has a public address")

    def _nat_gateway(self, nat_id: str) -> bool:
        nat = self.picture.one(self.picture.nat_gateways, "NatGatewayId", nat_id)
        if nat is None or nat.get("State") != "available":
            state = "gone" if nat is None else nat.get("State")
            return self._hop(By.GATEWAY, nat_id, False, f"the NAT gateway is {state}")
        name = name_of(nat)
        if nat["VpcId"] != self.vpc_id:
            return self._hop(By.GATEWAY, name, False, "the NAT gateway is in another VPC")
        public = [entry.get("PublicIp") for entry in nat.get("NatGatewayAddresses", []) if entry.get("PublicIp")]
        if nat.get("ConnectivityType") == "private" or not public:
            return self._hop(By.GATEWAY, name, False, "the NAT gateway has no public address")
        if not nat.get("SubnetId"):
            return self._hop(
                By.GATEWAY, name, None, "a regional NAT gateway, but this checker knows only NAT gateways in a subnet"
            )
        subnet = self._subnet(nat["SubnetId"])
        self._hop(By.GATEWAY, name, True, f"the NAT gateway is in {name_of(subnet)} and has a public address")
        apart = subnet["SubnetId"] != self.subnet["SubnetId"]
        if apart:
            self._acl(subnet, str(self.begin.address), (self.port, self.port), inward=True)
        kind, target, leads = self._route(subnet)
        if not kind:
            return False
        if kind != "igw":
            words = "itself" if target == nat_id else target
            why = f"it is in {name_of(subnet)}, where {leads} ({words}), not to an internet gateway"
            return self._hop(By.GATEWAY, name, False, why)
        if not self._is_open(target):
            return False
        self._acl(subnet, self.address, (self.port, self.port), inward=False)
        self._acl(subnet, self.address, CLIENT_PORTS, inward=True, back=True)
        if apart:
            self._acl(subnet, str(self.begin.address), self.client_ports, inward=False, back=True)
        return True

    def _is_open(self, gateway_id: str) -> bool:
        """Whether an internet gateway is attached to this VPC and the address is one of the internet's."""
        gateway = self.picture.one(self.picture.internet_gateways, "InternetGatewayId", gateway_id)
        attached = gateway and any(
            attachment.get("VpcId") == self.vpc_id for attachment in gateway.get("Attachments", [])
        )
        if gateway is None or not attached:
            return self._hop(By.GATEWAY, gateway_id, False, "the internet gateway is not attached to this VPC")
        if any(contains(block, self.address) for block in _PRIVATE):
            return self._hop(By.ADDRESS, self.address, False, "a private address: nobody on the internet has it")
        return self._hop(By.GATEWAY, name_of(gateway), True, "the internet gateway is attached to the VPC")

    def _endpoint(self, endpoint_id: str) -> bool:
        endpoint = self.picture.one(self.picture.endpoints, "VpcEndpointId", endpoint_id)
        usable = endpoint is not None and str(endpoint.get("State", "")).lower() == "available"
        service = str(endpoint["ServiceName"]).rpartition(".")[2] if endpoint else endpoint_id
        why = f"the gateway endpoint for {service} is available" if usable else "the gateway endpoint is not available"
        return self._hop(By.GATEWAY, service, usable, why)

    def _peering(self, peering_id: str, end: Place | None) -> bool:
        peering = self.picture.one(self.picture.peerings, "VpcPeeringConnectionId", peering_id)
        status = (peering or {}).get("Status", {}).get("Code", "gone")
        if peering is None or status != "active":
            return self._hop(By.GATEWAY, peering_id, False, f"the peering connection is {status}, not active")
        ends = {peering["RequesterVpcInfo"]["VpcId"], peering["AccepterVpcInfo"]["VpcId"]}
        self._hop(By.GATEWAY, name_of(peering), True, "the peering connection is active")
        (other,) = ends - {self.vpc_id} or {self.vpc_id}
        if self.picture.one(self.picture.vpcs, "VpcId", other) is None:
            return self._hop(
                By.GATEWAY,
                name_of(peering),
                None,
                f"{other} is in another account or Region, so it cannot be seen from here",
            )
        end = end or self.holder_of(self.address, other)
        if end is None:
            return self._hop(
                By.ADDRESS, self.address, False, f"no network interface of the VPC {other} has this address"
            )
        self._arrive(end, back_by=peering_id)
        return True

    def _arrive(self, end: Place, back_by: str = "local") -> None:
        """Into the other subnet, and the reply out of it."""
        subnet = self._subnet(end.subnet_id)
        begin = Peer(str(self.begin.address), self.begin.group_ids)
        self._acl(subnet, begin.address, (self.port, self.port), inward=True)
        self._groups(end, begin, inward=True)
        self._acl(subnet, begin.address, self.client_ports, inward=False, back=True)
        if back_by != "local":
            table = self.picture.route_table_of(subnet)
            match = rules.route_for(table, begin.address, self.picture.blocks)
            right = match is not None and rules.target_of(match[0])[1] == back_by
            no_way = f"no route sends replies for {begin.address} through the peering connection"
            why = f"{match[1]} points back" if match and right else no_way
            self._hop(By.ROUTE_TABLE, _of(subnet, table), right, why, back=True)

    # ---- the rules

    def _route(self, subnet: Described) -> tuple[str, str, str]:
        """Where the route table of a subnet sends the packet: kind, target, in words; empty if nowhere."""
        table = self.picture.route_table_of(subnet)
        match = rules.route_for(table, self.address, self.picture.blocks)
        where = _of(subnet, table)
        if match is None:
            self._hop(By.ROUTE_TABLE, where, False, f"no route matches {self.address}")
            return "", "", ""
        route, block = match
        kind, target = rules.target_of(route)
        if route.get("State") == "blackhole":
            self._hop(
                By.ROUTE_TABLE, where, False, f"{block} points to {target or 'nothing'}, which is gone (blackhole)"
            )
            return "", "", ""
        words = {
            "local": "stays in the VPC",
            "igw": "points to an internet gateway",
            "nat": "points to a NAT gateway",
            "vpce": "points to a gateway endpoint",
            "pcx": "points to a peering connection",
        }.get(kind, f"points to {target or 'something else'}")
        self._hop(By.ROUTE_TABLE, where, True, f"{block} {words}")
        return kind, target, f"{block} {words}"

    def _acl(self, subnet: Described, address: str, ports: Ports, *, inward: bool, back: bool = False) -> None:
        acl = self.picture.network_acl_of(subnet)
        decision = rules.acl_decides(acl, address, self.protocol, ports, inward=inward)
        self._hop(By.NETWORK_ACL, f"of {name_of(subnet)}", *decision, back=back, inward=inward)

    def _groups(self, place: Place, peer: Peer, *, inward: bool) -> None:
        groups = [group for group in self.picture.groups if group["GroupId"] in place.group_ids]
        decision: Decision = rules.groups_decide(
            groups, peer, self.protocol, self.port, self.picture.blocks, inward=inward
        )
        why = decision.why
        for group in self.picture.groups:  # a reader knows groups by their names
            why = why.replace(f"group {group['GroupId']}", f"the group {name_of(group)}")
        self._hop(By.SECURITY_GROUP, f"of {place.name}", decision.allowed, why, inward=inward)

    def _hop(
        self, by: By, where: str, allowed: bool | None, why: str, *, back: bool = False, inward: bool = False
    ) -> bool:
        """One hop more; whether it lets the packet through, as far as anybody knows."""
        self.hops.append(Hop(by, where, allowed, why, back, inward))
        return bool(allowed)

    def _subnet(self, subnet_id: str) -> Described:
        subnet = self.picture.one(self.picture.subnets, "SubnetId", subnet_id)
        assert subnet is not None, subnet_id
        return subnet


def _of(subnet: Described, table: Described) -> str:
    main = not any(a.get("SubnetId") == subnet["SubnetId"] for a in table.get("Associations", []))
    return f"of {name_of(subnet)}{' (the main one)' if main else ''}"
