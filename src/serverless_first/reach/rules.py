"""The three kinds of rules that decide about a packet. Pure functions of what EC2 describes.

- A route table: the most specific route decides, that is the one with the longest prefix; the order of the routes is of
  no account (Amazon VPC User Guide, "Route priority").
- A network ACL: the rules are tried by number, the lowest first, and the first one that matches decides. It has no
  memory: replies need their own rule (Amazon VPC User Guide, "Network ACL rules").
- Security groups: one rule of one group that matches is enough, there is no refusal by rule. They remember: the reply
  to what was let through passes (Amazon VPC User Guide, "Security group rules").
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from serverless_first.reach.picture import Described, contains, name_of, prefix_length

PROTOCOLS = {"tcp": "6", "udp": "17"}
ALL = "-1"
ALL_PORTS = (0, 65_535)
LAST_RULE = 32_767  # AWS shows it as *

Ports = tuple[int, int]
Blocks = Mapping[str, tuple[str, ...]]


class Decision(NamedTuple):
    """A rule's verdict, and the rule."""

    allowed: bool
    why: str


class Peer(NamedTuple):
    """The other end of a connection.

    Attributes:
        address: its address.
        group_ids: of its security groups; empty outside of the VPC.
    """

    address: str
    group_ids: tuple[str, ...] = ()


# ---- route tables


def route_for(table: Described, address: str, blocks: Blocks) -> tuple[Described, str] | None:
    """The route that a packet to this address takes, and the block by which it matched; None if none matches.

    Of two routes with equally long prefixes, a route with its own block wins over a route with a prefix list, and a
    written route over a propagated route. A propagated route within the VPC's own block is of no account.
    """
    matches: list[tuple[tuple[int, bool, bool], str, Described]] = []
    for route in table.get("Routes", []):
        listed = route.get("DestinationPrefixListId")
        own = route.get("DestinationCidrBlock")
        for block in blocks.get(listed, ()) if listed else filter(None, [own]):
            if contains(block, address):
                written = route.get("Origin") != "EnableVgwRoutePropagation"
                matches.append(((prefix_length(block), written and not listed, written), block, route))
    if any(
        route.get("GatewayId") == "local" for _, _, route in matches
    ):  # what was propagated never leads out of the VPC
        matches = [match for match in matches if match[2].get("Origin") != "EnableVgwRoutePropagation"]
    if not matches:
        return None
    _, block, route = max(matches, key=lambda match: match[0])
    return route, block


def target_of(route: Described) -> tuple[str, str]:
    """Where a route leads: the kind ("local", "igw", "vpce", "nat", "pcx" and so on) and the id."""
    for key in ("GatewayId", "NatGatewayId", "VpcPeeringConnectionId", "TransitGatewayId", "NetworkInterfaceId"):
        if route.get(key):
            return str(route[key]).partition("-")[0], str(route[key])
    return "other", ""


# ---- network ACLs


def acl_decides(acl: Described, address: str, protocol: str, ports: Ports, *, inward: bool) -> Decision:
    """Whether a network ACL lets packets pass.

    Args:
        acl: as `describe_network_acls` gives it.
        address: of the other end.
        protocol: "tcp" or "udp".
        ports: first and last port that the packets go to. All of them must pass.
        inward: whether they come into the subnet.
    """
    left, last = [ports], "no rule"
    for entry in sorted(acl.get("Entries", []), key=lambda rule: int(rule["RuleNumber"])):
        if bool(entry["Egress"]) is inward or not _entry_matches(entry, address, protocol):
            continue
        of_entry = _entry_ports(entry)
        hit = [part for part in (_overlap(span, of_entry) for span in left) if part]
        if not hit:
            continue
        number = "*" if int(entry["RuleNumber"]) == LAST_RULE else str(entry["RuleNumber"])
        if entry["RuleAction"] != "allow":
            if number == "*":
                return Decision(False, f"no rule allows {_to_ports(protocol, hit)} {_way(inward)} {address}")
            what = f"rule {number} denies {_to_ports(protocol, hit)} {_way(inward)} {entry['CidrBlock']}"
            return Decision(False, what + ", and no rule with a lower number allows it")
        last = f"rule {number} allows {_words(protocol, of_entry, entry)} {_way(inward)} {entry['CidrBlock']}"
        left = [rest for span in left for rest in _without(span, of_entry)]
        if not left:
            return Decision(True, last)
    return Decision(False, f"no rule allows {_to_ports(protocol, left)} {_way(inward)} {address}")


def _entry_matches(entry: Described, address: str, protocol: str) -> bool:
    of_entry = str(entry["Protocol"]).lower()
    return of_entry in (ALL, protocol, PROTOCOLS[protocol]) and contains(entry.get("CidrBlock", "::/0"), address)


def _entry_ports(entry: Described) -> Ports:
    port_range = entry.get("PortRange")
    if not port_range or str(entry["Protocol"]) == ALL:
        return ALL_PORTS
    return int(port_range["From"]), int(port_range["To"])


def _overlap(ports: Ports, others: Ports) -> Ports | None:
    first, last = max(ports[0], others[0]), min(ports[1], others[1])
    return (first, last) if first <= last else None


def _without(ports: Ports, others: Ports) -> list[Ports]:
    before, after = (ports[0], min(ports[1], others[0] - 1)), (max(ports[0], others[1] + 1), ports[1])
    return [part for part in (before, after) if part[0] <= part[1]]


def _words(protocol: str, ports: Ports, entry: Described) -> str:
    if str(entry["Protocol"]) == ALL:
        return "all traffic"
    return _to_ports(protocol, [ports])


# ---- security groups


def groups_decide(
    groups: Sequence[Described], peer: Peer, protocol: str, port: int, blocks: Blocks, *, inward: bool
) -> Decision:
    """Whether the security groups of an interface let a packet pass.

    Args:
        groups: all of the interface's, as `describe_security_groups` gives them.
        peer: the other end.
        protocol: "tcp" or "udp".
        port: that the packet goes to.
        blocks: of the prefix lists that rules name.
        inward: whether it comes in.
    """
    if not groups:
        return Decision(False, "it has no security group")
    others: list[str] = []
    for group in groups:
        for rule in group.get("IpPermissions" if inward else "IpPermissionsEgress", []):
            whom = _peer_of(rule, peer, blocks)
            if whom and _rule_matches(rule, protocol, port):
                return Decision(True, f"{name_of(group)} allows {_rule_words(rule)} {_way(inward)} {whom}")
            others.append(f"{_rule_words(rule)} {_way(inward)} {whom or _peers_in_words(rule)}")
    only = f"; the rules there allow {', '.join(sorted(set(others)))}" if others else "; there is no rule"
    return Decision(False, f"no rule allows {protocol.upper()} {port} {_way(inward)} {peer.address}{only}")


def _rule_matches(rule: Described, protocol: str, port: int) -> bool:
    of_rule = str(rule.get("IpProtocol"))
    if of_rule == ALL:
        return True
    if of_rule not in (protocol, PROTOCOLS[protocol]):
        return False
    first, last = rule.get("FromPort"), rule.get("ToPort")
    return first is None or last is None or int(first) <= port <= int(last)


def _peer_of(rule: Described, peer: Peer, blocks: Blocks) -> str:
    """By what a rule matches the other end; empty if it does not."""
    for one in rule.get("IpRanges", []):
        if contains(one["CidrIp"], peer.address):
            return str(one["CidrIp"])
    for one in rule.get("UserIdGroupPairs", []):
        if one.get("GroupId") in peer.group_ids:
            return f"group {one['GroupId']}"
    for one in rule.get("PrefixListIds", []):
        if any(contains(block, peer.address) for block in blocks.get(one["PrefixListId"], ())):
            return str(one["PrefixListId"])
    return ""


def _peers_in_words(rule: Described) -> str:
    peers = [one["CidrIp"] for one in rule.get("IpRanges", [])]
    peers += [f"group {one.get('GroupId')}" for one in rule.get("UserIdGroupPairs", [])]
    peers += [one["PrefixListId"] for one in rule.get("PrefixListIds", [])]
    return " and ".join(peers) or "nobody"


def _rule_words(rule: Mapping[str, Any]) -> str:
    protocol = str(rule.get("IpProtocol"))
    if protocol == ALL:
        return "all traffic"
    first, last = rule.get("FromPort"), rule.get("ToPort")
    names = {number: name for name, number in PROTOCOLS.items()}
    ports = ALL_PORTS if first is None or last is None else (int(first), int(last))
    return _to_ports(names.get(protocol, protocol), [ports])


def _way(inward: bool) -> str:
    return "from" if inward else "to"


def _to_ports(protocol: str, parts: Iterable[Ports]) -> str:
    words = [str(first) if first == last else f"{first} to {last}" for first, last in sorted(parts)]
    return f"{protocol.upper()} {' and '.join(words)}"
