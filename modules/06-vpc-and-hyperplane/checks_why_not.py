"""Check of module 06, task 6.4: asks the learner's checker about networks that the learner hasn't seen."""

from __future__ import annotations

import contextlib
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from serverless_first import reach
from serverless_first.lab import Attempt, task
from serverless_first.lab.show import say
from serverless_first.reach import By, Hop

NAME = "hikari-why-not"
ANY = "0.0.0.0/0"
Rule = tuple[int, bool, str, str, tuple[int, int] | None]  # number, outward, action, block, ports

GIVEN = "the given lines in the handler. Don't change them"
BACK = "the reply. Which network ACLs does it pass through, in which direction, and which port does it go to?"

_chance = random.Random()


@dataclass(frozen=True)
class Field:
    """A VPC of the check: a client and a server, each in a subnet with its own network ACL."""

    ec2: Any
    vpc: str
    client: str
    client_address: str
    server_address: str
    acls: tuple[str, str]
    table: str
    gateway: str
    group: str


@task("6.4")
def why_not(attempt: Attempt) -> None:
    """hikari-why-not and reach.explain say the same about networks that the learner hasn't seen."""
    say("6.4: comparing your checker with ours on a dozen networks ...")
    with _field(attempt.client("ec2")) as field:
        _routes(attempt, field)
        _acls(attempt, field)
        _answers(attempt, field)
        _groups(attempt, field)
        for _ in range(3):
            _any_rules(attempt, field)


# ---- what is asked


def _routes(attempt: Attempt, field: Field) -> None:
    """The longest prefix decides, wherever it is in the list."""
    # Some blocks have texts of one length, and of 96 and 112 the smaller network is the smaller text.
    blocks = ["203.0.0.0/8", "96.0.0.0/3", "203.0.112.0/20", "203.0.113.0/24", ANY, "203.0.113.64/26", "112.0.0.0/4"]
    for order in (blocks, blocks[::-1]):
        for block in order:
            field.ec2.create_route(RouteTableId=field.table, DestinationCidrBlock=block, GatewayId=field.gateway)
        for address in ("203.0.113.70", "203.0.113.7", "112.7.7.7", "192.0.2.1"):
            _judged(attempt, field, address, "route_for: which of the matching routes is the most specific?")
        for block in order:
            field.ec2.delete_route(RouteTableId=field.table, DestinationCidrBlock=block)
    _judged(attempt, field, "192.0.2.1", "route_for: what does it return if no route matches?")
    _judged(attempt, field, field.server_address, "route_for: which route covers an address in the VPC?")


def _acls(attempt: Attempt, field: Field) -> None:
    """The lowest number that matches decides; directions and ports count."""
    out: Rule = (100, True, "allow", ANY, None)
    numbers = "acl_lets: in which order do you try the rules, and which rule decides?"
    ends = "A PortRange includes its first and its last port."
    ports = "You used a rule for other ports. A rule matches if its PortRange includes the packet's port."
    other_way = "No rule for this direction matches, but you let the packet pass. Egress is a rule's direction."
    other_end = "A rule's CidrBlock refers to the other end, which the packet comes from or goes to."
    cases: list[tuple[list[Rule], str, str]] = [
        ([(100, False, "allow", ANY, (5432, 5432)), out], "acl_lets: PortRange", ends),
        ([(100, False, "allow", ANY, (5000, 5432)), out], "acl_lets: PortRange", ends),
        ([(100, False, "allow", ANY, (5432, 6000)), out], "acl_lets: PortRange", ends),
        ([(200, False, "deny", ANY, None), (100, False, "allow", ANY, None), out], numbers, ""),
        ([(200, False, "allow", ANY, None), (100, False, "deny", ANY, (5000, 6000)), out], numbers, ""),
        ([(1000, False, "allow", ANY, None), (90, False, "deny", ANY, (5432, 5432)), out], numbers, ""),
        (
            [(100, False, "deny", ANY, (5000, 5431)), (110, False, "allow", ANY, (5432, 5432)), out],
            "acl_lets: PortRange",
            ports,
        ),
        ([out], "acl_lets: which rules do you skip, and what do you return if no rule is left?", other_way),
        (
            [(100, False, "allow", "10.66.2.0/24", None), out],
            "acl_lets: which address does a rule refer to?",
            other_end,
        ),
        (
            [(100, False, "allow", "10.66.1.0/24", None), out],
            "acl_lets: which address does a rule refer to?",
            other_end,
        ),
    ]
    for rules, where, problem in cases:
        with _rules(field, 1, rules) as around:
            _judged(attempt, field, field.server_address, where, around=around, problem=problem)


def _answers(attempt: Attempt, field: Field) -> None:
    """The reply needs its own rules, for the port that the client picked."""
    enter: Rule = (100, False, "allow", ANY, (5432, 5432))
    leave: Rule = (100, True, "allow", ANY, (5432, 5432))
    cases: list[tuple[int, list[Rule]]] = [
        (1, [enter]),
        (0, [leave]),
        (1, [enter, leave]),
        (1, [enter, (100, True, "allow", ANY, (1024, 65535))]),
        (0, [leave, enter]),
        (0, [leave, (100, False, "allow", ANY, (1024, 65535))]),
        (0, [leave, (100, False, "allow", ANY, (32768, 49000))]),
    ]
    for side, rules in cases:
        with _rules(field, side, rules) as around:
            _judged(attempt, field, field.server_address, BACK, around=around)
    with _rules(field, 0, [leave]) as here, _rules(field, 1, [enter]) as there:
        _judged(attempt, field, field.server_address, BACK, around=f"{here}; {there}")
    whose = "The reply passes, but you say that it's blocked. For the reply, you gave acl_lets the wrong address."
    for side, rules in (
        (1, [enter, (100, True, "allow", "10.66.1.0/24", None)]),
        (0, [leave, (100, False, "allow", "10.66.2.0/24", None)]),
    ):
        with _rules(field, side, rules) as around:
            _judged(attempt, field, field.server_address, BACK, around=around, problem=whose)


def _groups(attempt: Attempt, field: Field) -> None:
    """The given part on security groups still works, and a group that blocks doesn't hide a network ACL that does."""
    with _rules(field, 1, [(100, False, "allow", ANY, None)]) as around:
        _judged(attempt, field, field.server_address, GIVEN, port=22, around=around)


def _any_rules(attempt: Attempt, field: Field) -> None:
    rules: list[Rule] = []
    for outward in (False, True):
        for number in _chance.sample(range(1, 400), 4):
            first = _chance.choice([0, 1024, 5000, 5432, 40000])
            block = _chance.choice([ANY, "10.66.0.0/16", "10.66.1.0/24", "10.66.2.0/24"])
            ports = _chance.choice([None, (first, 65535), (first, min(65535, first + 600))])
            rules.append((number, outward, _chance.choice(["allow", "allow", "deny"]), block, ports))
    with _rules(field, _chance.choice([0, 1]), rules) as around:
        _judged(attempt, field, field.server_address, "the three parts that you wrote", around=around)


# ---- how it is judged


def _judged(
    attempt: Attempt,
    field: Field,
    address: str,
    look_at: str,
    *,
    port: int = 5432,
    around: str = "",
    problem: str = "",
) -> None:
    """Asks the learner's checker and ours. `problem` says what a difference means; if empty, the results tell it."""
    client_port = _chance.randint(49001, 65000)
    event = {"source": field.client, "address": address, "port": port, "client_port": client_port}
    reply = attempt.invoke(NAME, event)
    answer = reach.explain(field.ec2, field.client, (address, port), client_ports=(client_port, client_port))
    right = {_word(hop) for hop in answer.refusals} & _WORDS
    way = next((hop for hop in answer.hops if hop.by is By.ROUTE_TABLE), None)
    route = way.why.partition(" ")[0] if way and way.allowed else None
    inside = address == field.server_address
    if not inside:  # this function doesn't look behind the gateway
        right &= {"route table"}
    claims = reply["refused_by"]
    named = {str(word) for word in claims} if isinstance(claims, list) else {str(claims)}
    attempt.expect(
        reply["route"] == route,
        problem="The route is wrong. You chose a route with a shorter prefix, although a more specific route matches."
        if reply["route"] is not None and route is not None
        else "The route is wrong.",
        called=reply.called,
        came_back=reply,
        expected="the block of the route that a packet to this address takes, or null if no route matches",
        look_at=look_at,
    )
    if look_at == GIVEN and any(word.startswith("reply") for word in named ^ right):
        look_at = BACK
    if not around and any("network ACL" in word for word in named - right):
        look_at = "acl_lets: which ports does an entry without a PortRange apply to?"
    attempt.expect(
        named == right,
        problem=problem or _problem(named, right, around),
        called=reply.called,
        came_back=reply,
        expected="an empty list, because the packet arrives and the reply comes back" if not right else _kinds(right),
        look_at=f"{look_at} ({around})" if around else look_at,  # here nothing is cut
    )


def _kinds(right: set[str]) -> str:
    back = any(word.startswith("reply") for word in right)
    there = any(not word.startswith("reply") for word in right)
    what = "the packet and its reply" if back and there else "the reply" if back else "the packet"
    if len(right) == 1:
        return f"{what} is blocked in one place"
    return f"{what} {'are' if back and there else 'is'} blocked, in {len(right)} places in total"


def _problem(claims: set[str], right: set[str], around: str) -> str:
    missed, invented = right - claims, claims - right
    back = {word for word in right if word.startswith("reply")}
    if invented and {_turned(word) for word in missed} == invented:
        return "You found every wall, but in the wrong direction. A packet goes out of one subnet and into another."
    if missed and missed < back:
        return "You missed one wall that blocks the reply. Two network ACLs block it, and you must report both."
    if missed == back and claims and not invented:
        return "The packet is blocked, and so is the reply. Check the reply even if the packet is blocked."
    if not around and any("network ACL" in word for word in invented):
        return (
            "The subnet's network ACL has an entry without a PortRange, which allows everything, but you say that the "
            "network ACL blocks the packet."
        )
    if any(word.startswith("reply") for word in missed) and around.count("allow") > 1:
        return "You missed a wall. The reply goes to the port that the client picked, not to the service's port."
    if any(word.startswith("reply") for word in missed):
        return "You missed that the reply is blocked. A network ACL has no memory."
    if any(word.startswith("reply") for word in invented):
        return "The reply passes, but you say that it's blocked. It goes to the port that the client picked."
    if any("network ACL" in word for word in missed):
        return "A network ACL blocks the packet, but you let it pass. The matching rule with the lowest number decides."
    if any("network ACL" in word for word in invented):
        return (
            "A network ACL lets the packet pass, but you say that it blocks it. The matching rule with the lowest "
            "number decides."
        )
    return "Your checker and reach.explain report different walls."


def _turned(word: str) -> str:
    """The name of the same wall in the other direction."""
    if word.endswith(" in"):
        return word.removesuffix("in") + "out"
    return word.removesuffix("out") + "in" if word.endswith(" out") else word


_WORDS = {
    "security group out",
    "security group in",
    "network ACL out",
    "network ACL in",
    "route table",
    "reply: network ACL out",
    "reply: network ACL in",
}


def _word(hop: Hop) -> str:
    if hop.by is By.ROUTE_TABLE:
        return "route table"
    return f"{'reply: ' if hop.back else ''}{hop.by} {'in' if hop.inward else 'out'}"


def _listed(rules: Sequence[Rule]) -> str:
    return "; ".join(
        f"{number} {'out' if outward else 'in'} {action} {block} {f'{ports[0]}-{ports[1]}' if ports else 'all ports'}"
        for number, outward, action, block, ports in rules
    )


# ---- the networks


@contextlib.contextmanager
def _field(ec2: Any) -> Iterator[Field]:
    """Builds a VPC, and takes it away again."""
    vpc = ec2.create_vpc(CidrBlock="10.66.0.0/16")["Vpc"]["VpcId"]
    subnets = [
        ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.66.{number}.0/24")["Subnet"]["SubnetId"] for number in (1, 2)
    ]
    gateway = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc)
    table = ec2.create_route_table(VpcId=vpc)["RouteTable"]["RouteTableId"]
    associations = [
        ec2.associate_route_table(RouteTableId=table, SubnetId=subnet)["AssociationId"] for subnet in subnets
    ]
    group = ec2.create_security_group(VpcId=vpc, GroupName="check", Description="check")["GroupId"]
    rule = {"IpProtocol": "tcp", "FromPort": 5432, "ToPort": 5432, "UserIdGroupPairs": [{"GroupId": group}]}
    ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[rule])
    interfaces = [ec2.create_network_interface(SubnetId=s, Groups=[group])["NetworkInterface"] for s in subnets]
    acls = [ec2.create_network_acl(VpcId=vpc)["NetworkAcl"]["NetworkAclId"] for _ in subnets]
    before = {}
    for item in ec2.describe_network_acls(Filters=[{"Name": "vpc-id", "Values": [vpc]}])["NetworkAcls"]:
        for one in item["Associations"]:
            before[one["SubnetId"]] = (one["NetworkAclAssociationId"], item["NetworkAclId"])
    replaced = [
        ec2.replace_network_acl_association(AssociationId=before[subnet][0], NetworkAclId=acl)["NewAssociationId"]
        for subnet, acl in zip(subnets, acls, strict=True)
    ]
    ids = [item["NetworkInterfaceId"] for item in interfaces]
    addresses = [item["PrivateIpAddress"] for item in interfaces]
    field = Field(ec2, vpc, ids[0], addresses[0], addresses[1], (acls[0], acls[1]), table, gateway, group)
    for acl in acls:
        _write(ec2, acl, _OPEN)
    try:
        yield field
    finally:
        for association, subnet in zip(replaced, subnets, strict=True):
            ec2.replace_network_acl_association(AssociationId=association, NetworkAclId=before[subnet][1])
        for interface in ids:
            ec2.delete_network_interface(NetworkInterfaceId=interface)
        for association in associations:
            ec2.disassociate_route_table(AssociationId=association)
        for acl in acls:
            ec2.delete_network_acl(NetworkAclId=acl)
        for subnet in subnets:
            ec2.delete_subnet(SubnetId=subnet)
        ec2.delete_route_table(RouteTableId=table)
        ec2.detach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc)
        ec2.delete_internet_gateway(InternetGatewayId=gateway)
        ec2.delete_security_group(GroupId=group)
        ec2.delete_vpc(VpcId=vpc)


_OPEN: list[Rule] = [(50, False, "allow", ANY, None), (50, True, "allow", ANY, None)]


@contextlib.contextmanager
def _rules(field: Field, side: int, rules: Sequence[Rule]) -> Iterator[str]:
    """Puts other rules into the network ACL of the client's subnet (0) or the server's (1) for a while; in words."""
    acl = field.acls[side]
    _clear(field.ec2, acl, _OPEN)
    _write(field.ec2, acl, rules)
    try:
        yield f"network ACL of the {('source', 'target')[side]}'s subnet: {_listed(rules)}"
    finally:
        _clear(field.ec2, acl, rules)
        _write(field.ec2, acl, _OPEN)


def _write(ec2: Any, acl: str, rules: Sequence[Rule]) -> None:
    for number, outward, action, block, ports in rules:
        more: dict[str, Any] = {"PortRange": {"From": ports[0], "To": ports[1]}} if ports else {}
        ec2.create_network_acl_entry(
            NetworkAclId=acl, RuleNumber=number, Egress=outward, RuleAction=action, CidrBlock=block,
            Protocol="6" if ports else "-1", **more,
        )  # fmt: skip


def _clear(ec2: Any, acl: str, rules: Sequence[Rule]) -> None:
    for number, outward, *_ in rules:
        ec2.delete_network_acl_entry(NetworkAclId=acl, RuleNumber=number, Egress=outward)
