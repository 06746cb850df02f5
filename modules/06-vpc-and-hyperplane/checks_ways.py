"""Checks of module 06, tasks 6.2 and 6.3: the ways out of the VPC, through a NAT gateway and through endpoints."""

from __future__ import annotations

import ipaddress
import random
from typing import Any

from serverless_first import reach
from serverless_first.lab import Attempt, task
from serverless_first.reach import Answer, By, Hop, Picture, Place, rules
from serverless_first.reach.picture import name_of

_chance = random.Random()
_OUTSIDE = ("203.0.113.7", "198.51.100.23", "192.0.2.80")  # addresses for documentation, RFC 5737
_PRIVATE = [ipaddress.ip_network(block) for block in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")]
HTTPS, FIRST_OPEN_PORT = 443, 1024


def _places(attempt: Attempt, name: str) -> tuple[Place, ...]:
    client = attempt.client("lambda")
    try:
        return reach.of_function(client.get_function_configuration(FunctionName=name))
    except client.exceptions.ResourceNotFoundException:
        attempt.not_started(
            f"There is no function {name} yet.",
            look_at=f"the cells of task {attempt.task.id}. If a cell stopped with an error, the lines below the error "
            "didn't run. Correct the cell, then run it and the cells below it again",
        )
    except reach.UnknownPlace as error:
        attempt.not_started(str(error))


def _subnet(picture: Picture, place: Place) -> Any:
    return picture.one(picture.subnets, "SubnetId", place.subnet_id)


def _route_to(picture: Picture, place: Place, *kinds: str) -> str:
    """A route of the place's subnet to a gateway of these kinds ("igw", "nat"), in words; "" if there is none."""
    for route in picture.route_table_of(_subnet(picture, place)).get("Routes", []):
        kind, target = rules.target_of(route)
        if kind in kinds:
            return f"the route {route.get('DestinationCidrBlock')} leads to {target}"
    return ""


# ---- 6.2


@task("6.2")
def way_out(attempt: Attempt) -> None:
    """payments reaches the internet from both private subnets, which stay private, and only replies come in."""
    places = _places(attempt, "payments")
    picture = reach.read(attempt.client("ec2"))
    addresses = [*_OUTSIDE, f"93.184.{_chance.randint(1, 250)}.{_chance.randint(1, 250)}"]
    by_place = [[reach.explain(picture, place, (address, 443)) for address in addresses] for place in places]
    answers = [answer for of_place in by_place for answer in of_place]
    for place in places:
        subnet = _subnet(picture, place)
        attempt.expect(
            not _route_to(picture, place, "igw"),
            problem="The function is in a public subnet but has no public address, so nothing can reply to it."
            if name_of(subnet).startswith("public")
            else "The private subnet's route points to the internet gateway. That makes the subnet public, and the "
            "function has no public address.",
            called=f"the route table of {name_of(subnet)}",
            came_back=_route_to(picture, place, "igw"),
            expected="a private subnet whose packets leave through something with a public address",
            look_at="the hops that show() lists. Which hop says NO, and what is missing there?",
        )
    stuck = [answer for answer in answers if answer.arrives is not True]
    vpc = _subnet(picture, places[0])["VpcId"]
    no_nat = not any(gateway["VpcId"] == vpc for gateway in picture.nat_gateways)
    untouched = no_nat and all(_kind(answer) == "no way" for answer in answers)
    if untouched:
        attempt.not_started("The private subnets don't have a NAT gateway or a route to the internet yet.")
    if stuck:
        attempt.fail(
            _problem(stuck, by_place),
            called=stuck[0].question,
            came_back=stuck[0].reason,
            expected="from each of the function's subnets, the packet arrives and the reply comes back",
            look_at="the hops that show() lists. The line with NO says what blocks the packet",
        )
    _both_subnets(attempt, picture, places)
    for place in places:
        _closed(attempt, picture, place, inward=True)
        _closed(attempt, picture, place, inward=False)


def _both_subnets(attempt: Attempt, picture: Picture, places: tuple[Place, ...]) -> None:
    vpc = _subnet(picture, places[0])["VpcId"]
    private = {
        subnet["SubnetId"]: name_of(subnet)
        for subnet in picture.subnets
        if subnet["VpcId"] == vpc and name_of(subnet).startswith("private")
    }
    used = {place.subnet_id: name_of(_subnet(picture, place)) for place in places}
    attempt.expect(
        set(used) == set(private),
        problem="The function isn't in both private subnets. If the Zone of a single subnet fails, no order is paid.",
        called="get_function_configuration for payments",
        came_back=", ".join(sorted(used.values())),
        expected=", ".join(sorted(private.values())),
        look_at="subnets in the task's cell. Which subnets had the function at first?",
    )


def _closed(attempt: Attempt, picture: Picture, place: Place, *, inward: bool) -> None:
    """Tries each port at which a rule of the network ACL begins or ends, from and to each block that a rule names."""
    subnet = _subnet(picture, place)
    acl = picture.network_acl_of(subnet)
    entries = [entry for entry in acl.get("Entries", []) if bool(entry["Egress"]) is not inward]
    ends = {end for entry in entries for end in (entry.get("PortRange") or {}).values()}
    near = {22, 80, FIRST_OPEN_PORT - 1, 50_000, *(end + step for end in ends for step in (-1, 0, 1))}
    ports = [p for p in sorted(near) if (0 <= p < FIRST_OPEN_PORT if inward else 0 <= p < 65_536 and p != HTTPS)]
    blocks = (ipaddress.ip_network(entry["CidrBlock"]) for entry in entries if "CidrBlock" in entry)
    named = {str(block[0]) for block in blocks if not any(block[0] in private for private in _PRIVATE)}
    for address in (_OUTSIDE[1], *sorted(named)):
        for protocol in rules.PROTOCOLS:
            for port in ports:
                decision = rules.acl_decides(acl, address, protocol, (port, port), inward=inward)
                if not decision.allowed:
                    continue
                packet = f"{protocol.upper()} {port}"
                if inward:
                    problem, where = "The network ACL lets in more than replies.", f"from {address} into"
                    expected = f"ports below {FIRST_OPEN_PORT} stay closed to the internet"
                    look_at = "PortRange and Protocol in the rules that you added"
                else:
                    problem = f"The network ACL lets more out to the internet than calls to port {HTTPS}."
                    where, expected = (
                        f"to {address} out of",
                        "all other ports stay closed on the way out to the internet",
                    )
                    look_at = "the outbound rules that you added. Does the function need them?"
                if acl.get("IsDefault"):
                    look_at = (
                        "the private subnets. They now use the VPC's default network ACL, which lets everything through"
                    )
                attempt.fail(
                    problem,
                    called=f"{packet} {where} {name_of(subnet)}",
                    came_back=decision.why,
                    expected=expected,
                    look_at=look_at,
                )


def _kind(answer: Answer) -> str:
    """The kind of obstacle that stops a packet, in a word or two."""
    first = answer.refusals[0] if answer.refusals else None
    if first is None:
        return ""
    if first.by is By.ROUTE_TABLE:
        return "no way"
    if first.by is By.GATEWAY:
        return "no public address" if "no public address" in first.why else "gateway"
    if first.by is By.NETWORK_ACL:
        return "answer" if first.back else "out"
    return str(first.by)


def _problem(stuck: list[Answer], by_place: list[list[Answer]]) -> str:
    """The misconception that fits the refusals; `by_place` has all answers, a list for each subnet."""
    kinds = {_kind(answer) for answer in stuck}
    gateways = [hop for answer in stuck for hop in answer.refusals if hop.by is By.GATEWAY]
    if "gateway" in kinds and any("it is in" in hop.why for hop in gateways):
        return "The NAT gateway is in a private subnet, so it can't reach the internet itself."
    if "no public address" in kinds:
        return "The NAT gateway has no public address, so the internet can't reply to it."
    if "no way" in kinds and all(any(_kind(result) != "no way" for result in of_place) for of_place in by_place):
        return (
            "The private subnets have routes only to some addresses. The payment provider has many addresses, and "
            "they change."
        )
    if "no way" in kinds and any(all(_kind(result) != "no way" for result in of_place) for of_place in by_place):
        return "One of the function's subnets has no route to the internet. Lambda uses both subnets."
    if "no way" in kinds and _behind(stuck):
        return "The NAT gateway's own subnet has no route to the internet."
    if "no way" in kinds:
        return "The private subnets can't reach the internet. Their route tables have routes only inside the VPC."
    if "answer" in kinds:
        return "The request gets out, but the reply doesn't get in. A network ACL has no memory."
    if "out" in kinds:
        return "The network ACL doesn't let the request out."
    return "The function can't reach the internet."


def _behind(stuck: list[Answer]) -> bool:
    """Whether a packet got as far as a NAT gateway."""
    return any(hop.by is By.GATEWAY and hop.allowed for answer in stuck for hop in answer.hops)


# ---- 6.3


@task("6.3")
def endpoints(attempt: Attempt) -> None:
    """archive reaches S3 and DynamoDB through gateway endpoints from both subnets, and the internet from none."""
    places = _places(attempt, "archive")
    ec2 = attempt.client("ec2")
    picture = reach.read(ec2)
    vpc = _subnet(picture, places[0])["VpcId"]
    mine = [endpoint for endpoint in picture.endpoints if endpoint["VpcId"] == vpc]
    if not mine and not any(endpoint["VpcId"] == vpc for endpoint in picture.nat_gateways):
        attempt.not_started("The VPC has no endpoint yet.")
    for place in places:
        attempt.expect(
            not _route_to(picture, place, "igw", "nat"),
            problem="The function has a route to the internet. It doesn't need one, and you pay for a NAT gateway by "
            "the hour.",
            called=f"the route table of {name_of(_subnet(picture, place))}",
            came_back=_route_to(picture, place, "igw", "nat"),
            expected="routes only to S3 and DynamoDB",
            look_at="the private subnets' routes. Remove routes to other places, or run the task's cell again",
        )
    for service in ("s3", "dynamodb"):
        address = reach.service_address(picture, service)
        answers = [reach.explain(picture, place, (address, 443)) for place in places]
        through = [any(_by_endpoint(hop) for hop in answer.hops) and answer.arrives for answer in answers]
        if not all(through):
            wrong = answers[through.index(False)] if False in through else answers[0]
            attempt.fail(
                _missing(service, mine, any(through), ec2.meta.region_name),
                called=f"{wrong.question} ({service})",
                came_back=wrong.reason or "arrives, but not through an endpoint",
                expected="a route to the service's gateway endpoint for each of the function's subnets",
                look_at="VpcEndpointType, ServiceName and RouteTableIds. Then run all the task's cells again",
            )
    interfaces = [str(endpoint["ServiceName"]) for endpoint in mine if endpoint.get("VpcEndpointType") == "Interface"]
    attempt.expect(
        not interfaces,
        problem="The VPC also has an interface endpoint. You pay for it by the hour, and the function doesn't need it.",
        called="describe_vpc_endpoints",
        came_back=f"an interface endpoint for {', '.join(interfaces)}",
        expected="only gateway endpoints",
        look_at="VpcEndpointType. Then run all the task's cells again",
    )


def _by_endpoint(hop: Hop) -> bool:
    return hop.by is By.GATEWAY and bool(hop.allowed) and "gateway endpoint" in hop.why


def _missing(service: str, endpoints: list[Any], somewhere: bool, region: str) -> str:
    of_service = [endpoint for endpoint in endpoints if str(endpoint["ServiceName"]).endswith(f".{service}")]
    if somewhere:
        return f"One of the function's subnets can't reach {service}. Its route table has no route to the endpoint."
    if any(endpoint.get("VpcEndpointType", "Gateway") == "Interface" for endpoint in of_service):
        return f"The endpoint for {service} is an interface endpoint. You pay for it by the hour, and it adds no route."
    if of_service and all(str(endpoint["ServiceName"]) == f"com.amazonaws.{service}" for endpoint in of_service):
        return f"The endpoint for {service} can't work, because its ServiceName doesn't name a Region."
    if of_service and all(f".{region}." not in str(endpoint["ServiceName"]) for endpoint in of_service):
        return f"The endpoint for {service} is for another Region, because its ServiceName doesn't name {region}."
    if of_service:
        return f"The endpoint for {service} uses other route tables, so the function's subnets don't use it."
    return f"There is no endpoint for {service}."
