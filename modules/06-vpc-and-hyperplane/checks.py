"""Check of module 06, task 6.1: private subnets and security groups, judged by what the reachability checker says."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

from serverless_first import reach
from serverless_first.lab import Attempt, task
from serverless_first.lab.functions import fresh_id
from serverless_first.reach import Answer, By, Picture, Place
from serverless_first.reach.picture import name_of, prefix_length

POSTGRESQL = 5432
INTERNET = ("203.0.113.7", 443)
LONGEST_PREFIX = 24  # 251 addresses


@task("6.1")
def shop_network(attempt: Attempt) -> None:
    """orders reaches orders-db from private subnets, and no other machine does."""
    ec2 = attempt.client("ec2")
    functions = _function(attempt, "orders")
    databases = _database(attempt)
    picture = reach.read(ec2)
    for name, places in (("orders", functions), ("orders-db", databases)):
        _subnets(attempt, picture, name, places)
    for function in functions:
        for database in databases:
            answer = reach.explain(picture, function, (database, POSTGRESQL))
            attempt.expect(
                answer.arrives is True,
                problem="The function can't reach the database." + _hint(answer),
                called=answer.question,
                came_back=answer.reason,
                expected=f"the packet reaches the database's port {POSTGRESQL}, whichever subnets the two are in",
                look_at="step 2. Which group does the database's group let in, and on which port?",
            )
    with _strangers(ec2, functions[0], databases[0]) as strangers:
        _nobody_else(attempt, reach.read(ec2), strangers, databases)
    both = set(functions[0].group_ids) & set(databases[0].group_ids)
    attempt.expect(
        not both,
        problem="The function and the database share a security group. Give each its own group, because each needs "
        "its own rules.",
        called="the security groups of orders and of orders-db",
        came_back=", ".join(sorted(both)),
        expected="one group for the function and another for the database",
        look_at="functions_group and database_group in step 2",
    )
    _no_other_group(attempt, picture, functions[0], databases)
    for rule in _rules_in(picture, databases[0]):
        attempt.expect(
            not _addresses(rule),
            problem="The database's group also lets in addresses, but only the function may reach the database.",
            called="describe_security_groups for the database's group",
            came_back=f"a rule for {', '.join(_addresses(rule))}",
            expected="rules that name only the function's group",
            look_at="the rule's source. Every machine that gets such an address can connect",
        )
        attempt.expect(
            (str(rule["IpProtocol"]), rule.get("FromPort"), rule.get("ToPort"))
            in (("tcp", POSTGRESQL, POSTGRESQL), ("6", POSTGRESQL, POSTGRESQL)),
            problem="More database ports are open than PostgreSQL needs.",
            called="describe_security_groups for the database's group",
            came_back=_ports(rule),
            expected="only PostgreSQL's port is open",
            look_at="FromPort, ToPort and IpProtocol in the database group's rule",
        )
    reply = attempt.invoke("orders", {})
    attempt.expect(
        reply["database"] == "shop",
        problem="The function doesn't read the database.",
        called=reply.called,
        came_back=reply,
        expected='{"database": "shop"}',
        look_at="orders.py in step 3. Run this task's cells again",
    )


def _function(attempt: Attempt, name: str) -> tuple[Place, ...]:
    client = attempt.client("lambda")
    try:
        return reach.of_function(client.get_function_configuration(FunctionName=name))
    except client.exceptions.ResourceNotFoundException:
        attempt.not_started(f"There is no function {name} yet.")
    except reach.UnknownPlace as error:
        attempt.not_started(str(error))


def _database(attempt: Attempt) -> tuple[Place, ...]:
    client = attempt.client("rds")
    try:
        (database,) = client.describe_db_instances(DBInstanceIdentifier="orders-db")["DBInstances"]
        return reach.of_database(database)
    except (client.exceptions.DBInstanceNotFoundFault, reach.UnknownPlace):
        attempt.not_started("There is no database orders-db in your subnets yet.")


def _subnets(attempt: Attempt, picture: Picture, name: str, places: tuple[Place, ...]) -> None:
    subnets = [_subnet(picture, place) for place in places]
    zones = {subnet["AvailabilityZone"] for subnet in subnets}
    blocks = ", ".join(subnet["CidrBlock"] for subnet in subnets)
    attempt.expect(
        len(zones) > 1,
        problem=f"All subnets of {name} are in one Availability Zone. If this Zone fails, the shop goes down.",
        called=f"the subnets of {name}",
        came_back=f"{blocks} in {', '.join(sorted(zones))}",
        expected="subnets in two Availability Zones",
        look_at="the AvailabilityZone of your two subnets",
    )
    for place, subnet in zip(places, subnets, strict=True):
        # If something with a public address were here, would it meet an internet gateway?
        public = Place(place.subnet_id, place.group_ids, public="198.51.100.9", name="anything with a public address")
        answer = reach.explain(picture, public, INTERNET)
        attempt.expect(
            not any(hop.by is By.GATEWAY and "internet gateway" in hop.why and hop.allowed for hop in answer.hops),
            problem=f"{name} is in a public subnet.",
            called=f"the route table of {subnet['CidrBlock']}",
            came_back="a route leads to the internet gateway",
            expected="a subnet that has no route to the internet",
            look_at="the subnets that you use. Create new subnets, without a route to the internet",
        )
        attempt.expect(
            prefix_length(subnet["CidrBlock"]) <= LONGEST_PREFIX,
            problem="A subnet is so small that it will run out of addresses, and you can't change its block later.",
            called=f"the block of a subnet of {name}",
            came_back=f"{subnet['CidrBlock']}, with {2 ** (32 - prefix_length(subnet['CidrBlock'])) - 5} addresses",
            expected="at least 200 addresses",
            look_at="the number after the slash. How many bits does it leave for addresses?",
        )


def _subnet(picture: Picture, place: Place) -> Any:
    return picture.one(picture.subnets, "SubnetId", place.subnet_id)


def _rules_in(picture: Picture, place: Place) -> list[Any]:
    """The rules by which the security groups of a place let packets in."""
    groups = [candidate for candidate in picture.groups if candidate["GroupId"] in place.group_ids]
    return [rule for group in groups for rule in group["IpPermissions"]]


def _addresses(rule: Any) -> list[str]:
    """The blocks and prefix lists that a rule lets in."""
    keys = {"IpRanges": "CidrIp", "Ipv6Ranges": "CidrIpv6", "PrefixListIds": "PrefixListId"}
    return [str(one[key]) for of, key in keys.items() for one in rule.get(of, [])]


def _ports(rule: Any) -> str:
    """The ports of a rule in words."""
    if str(rule["IpProtocol"]) == "-1":
        return "a rule for all traffic"
    return f"a rule for {rule['IpProtocol']}, ports {rule.get('FromPort')} to {rule.get('ToPort')}"


def _hint(answer: Answer) -> str:
    """The misconception behind the refusal; empty if there could be several."""
    if any(hop.by is By.SECURITY_GROUP and hop.inward and "there is no rule" in hop.why for hop in answer.refusals):
        return " The database's group lets nobody in."
    if any(hop.by is By.SECURITY_GROUP and hop.inward for hop in answer.refusals):
        return " The database's group lets someone else in, or opens another port."
    return ""


@contextlib.contextmanager
def _strangers(ec2: Any, function: Place, database: Place) -> Iterator[list[tuple[str, Place]]]:
    """Machines that Hikari's other teams could start in this VPC, with their own group and with the default group."""
    subnets = ec2.describe_subnets(SubnetIds=[function.subnet_id])["Subnets"]
    of_vpc = [{"Name": "vpc-id", "Values": [subnets[0]["VpcId"]]}]
    every = [(subnet["SubnetId"], subnet["CidrBlock"]) for subnet in ec2.describe_subnets(Filters=of_vpc)["Subnets"]]
    groups = ec2.describe_security_groups(Filters=[*of_vpc, {"Name": "group-name", "Values": ["default"]}])
    default = groups["SecurityGroups"][0]["GroupId"]
    name = fresh_id("stranger")
    own = ec2.create_security_group(GroupName=name, Description=name, VpcId=subnets[0]["VpcId"])["GroupId"]
    try:
        yield [
            *(
                (f"a machine with its own group in {block}", Place(subnet, (own,), name=name))
                for subnet, block in every
            ),
            ("a machine with the VPC's default group", Place(database.subnet_id, (default,), name="another machine")),
        ]
    finally:
        ec2.delete_security_group(GroupId=own)


def _nobody_else(
    attempt: Attempt, picture: Picture, strangers: list[tuple[str, Place]], databases: tuple[Place, ...]
) -> None:
    for who, stranger in strangers:
        for database in databases:
            answer = reach.explain(picture, stranger, (database, POSTGRESQL))
            last = answer.hops[-1] if answer.hops else None
            rule = next((hop.why for hop in answer.hops if hop.by is By.SECURITY_GROUP and hop.inward), last)
            attempt.expect(
                not answer.arrives,
                problem="The database lets strangers in, because its group names addresses, not the function's group."
                if "default" not in who
                else "The database lets in every machine with the VPC's default group. A machine gets this group "
                "unless you choose another.",
                called=f"{who} to orders-db, TCP {POSTGRESQL}",
                came_back=f"arrives: {rule}",
                expected="the database's group blocks every machine that doesn't have the function's group",
                look_at="the rule's source. An address block lets in every machine with one of its addresses",
            )


def _no_other_group(attempt: Attempt, picture: Picture, function: Place, databases: tuple[Place, ...]) -> None:
    """No security group of the VPC opens the database, except the function's."""
    vpc = _subnet(picture, databases[0])["VpcId"]
    for group in picture.groups:
        if group["VpcId"] != vpc or group["GroupId"] in function.group_ids:
            continue
        own = group["GroupId"] in databases[0].group_ids
        which = "the database's own group" if own else f"the group {name_of(group)}"
        other = Place(databases[0].subnet_id, (group["GroupId"],), name=f"a machine with {which}")
        for database in databases:
            answer = reach.explain(picture, other, (database, POSTGRESQL))
            rule = next((hop.why for hop in answer.hops if hop.by is By.SECURITY_GROUP and hop.inward), "")
            attempt.expect(
                not answer.arrives,
                problem=f"The database also lets in machines with {which}, but only the function may reach it.",
                called=answer.question,
                came_back=f"arrives: {rule}",
                expected="the database's group lets in only the function's group",
                look_at="the rules of the database's group. Which groups do they name?",
            )
