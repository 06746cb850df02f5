"""The reachability checker against hand-made networks: what works, and what is broken in a way of its own."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from moto import mock_aws
from tests.unit.reach_kit import INTERNET, Net
from tests.unit.reach_networks import BROKEN, WORKS

from serverless_first import reach
from serverless_first.reach import By, Place, rules
from serverless_first.reach.picture import contains


@pytest.fixture(scope="module")
def _moto() -> Iterator[None]:
    """One for all: each network has VPCs of its own."""
    with pytest.MonkeyPatch.context() as patch, mock_aws():
        for name in ("AWS_ENDPOINT_URL", "AWS_PROFILE"):
            patch.delenv(name, raising=False)
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            patch.setenv(name, "testing")
        yield


@pytest.fixture
def net(_moto: None) -> Net:
    return Net()


def test_there_are_enough_networks_and_half_of_them_are_broken() -> None:
    assert len(WORKS) + len(BROKEN) >= 40
    assert len(BROKEN) >= len(WORKS)
    assert len({reason for _, reason in BROKEN.values()}) >= 20


def test_the_hops_stand_in_the_order_of_the_way(net: Net) -> None:
    answer = reach.explain(net.ec2, *net.to_internet())
    assert [(hop.by, hop.where, hop.back) for hop in answer.hops] == [
        (By.SECURITY_GROUP, f"of {net.function}", False),
        (By.NETWORK_ACL, "of private-a", False),
        (By.ROUTE_TABLE, "of private-a", False),
        (By.GATEWAY, net.nat, False),
        (By.NETWORK_ACL, "of public-a", False),
        (By.ROUTE_TABLE, "of public-a", False),
        (By.GATEWAY, net.gateway, False),
        (By.NETWORK_ACL, "of public-a", False),
        (By.NETWORK_ACL, "of public-a", True),
        (By.NETWORK_ACL, "of public-a", True),
        (By.NETWORK_ACL, "of private-a", True),
    ]


def test_one_refusal_does_not_hide_another(net: Net) -> None:
    net.forbid_in(net.databases)
    net.acl(net.private_b, (100, "in", "allow", "0.0.0.0/0", None))
    answer = reach.explain(net.ec2, *net.to_database())
    assert [(hop.by, hop.back) for hop in answer.refusals] == [(By.SECURITY_GROUP, False), (By.NETWORK_ACL, True)]


def test_the_default_route_loses_to_a_longer_prefix_that_is_dead(net: Net) -> None:
    """moto never says blackhole; AWS does, when the target of a route has gone."""
    net.peer()
    picture = reach.read(net.ec2)
    for table in picture.route_tables:
        for route in table["Routes"]:
            if route.get("VpcPeeringConnectionId"):
                route["State"] = "blackhole"
    answer = reach.explain(picture, net.function, ("10.7.1.9", 5432))
    assert re.search(r"route table of private-a: 10\.7\.0\.0/16 points to pcx-.*blackhole", answer.reason)


def test_what_it_does_not_know_it_says(net: Net) -> None:
    transit = net.ec2.create_transit_gateway()["TransitGateway"]["TransitGatewayId"]
    net.ec2.delete_route(RouteTableId=net.inner_table, DestinationCidrBlock="0.0.0.0/0")
    net.route(net.inner_table, "0.0.0.0/0", TransitGatewayId=transit)
    answer = reach.explain(net.ec2, *net.to_internet())
    assert answer.arrives is None
    assert str(answer).splitlines()[0].endswith(": unknown")
    assert f"??  gateway {transit}: " in str(answer)


def test_of_two_equal_prefixes_the_one_with_a_block_of_its_own_wins() -> None:
    listed = {"DestinationPrefixListId": "pl-1", "GatewayId": "vpce-1"}
    own = {"DestinationCidrBlock": "52.216.0.0/15", "NatGatewayId": "nat-1"}
    table = {"Routes": [listed, own]}
    found = rules.route_for(table, "52.216.0.9", {"pl-1": ("52.216.0.0/15",)})
    assert found == (own, "52.216.0.0/15")


def test_what_has_no_name_is_called_by_its_block_or_its_id(net: Net) -> None:
    subnet = net.ec2.create_subnet(VpcId=net.vpc, CidrBlock="10.6.9.0/24")["Subnet"]["SubnetId"]
    answer = reach.explain(net.ec2, Place(subnet, (net.functions,)), (INTERNET, 443))
    assert answer.question.startswith("an interface in 10.6.9.0/24 (10.6.9.4) to ")
    assert answer.reason == "route table of 10.6.9.0/24 (the main one): no route matches 203.0.113.7"


def test_a_propagated_route_does_not_lead_out_of_the_vpc() -> None:
    local = {"DestinationCidrBlock": "10.6.0.0/16", "GatewayId": "local", "Origin": "CreateRouteTable"}
    vpn = {"DestinationCidrBlock": "10.6.1.0/24", "GatewayId": "vgw-1", "Origin": "EnableVgwRoutePropagation"}
    assert rules.route_for({"Routes": [local, vpn]}, "10.6.1.9", {}) == (local, "10.6.0.0/16")
    appliance = {"DestinationCidrBlock": "10.6.1.0/24", "NetworkInterfaceId": "eni-1", "Origin": "CreateRoute"}
    assert rules.route_for({"Routes": [local, appliance]}, "10.6.1.9", {}) == (appliance, "10.6.1.0/24")


@pytest.mark.parametrize(
    ("source", "to", "says"),
    [
        ("eni-0", (INTERNET, 443), "no network interface 'eni-0'"),
        (Place("subnet-0", ()), (INTERNET, 443), "no subnet 'subnet-0'"),
        (None, ("pay.example.com", 443), "not an IPv4 address.*does not look up names"),
        (None, (INTERNET, 0), "port is 0. Give a whole number from 1 to 65535"),
        (None, (INTERNET, 443, "icmp"), "protocol is 'icmp'.*tcp and udp"),
    ],
)
def test_bad_input_is_named(source: Any, to: tuple[Any, ...], says: str, net: Net) -> None:
    with pytest.raises(ValueError, match=says):
        reach.explain(net.ec2, source or net.function, to)


def test_functions_and_databases_are_found_by_what_their_services_say(net: Net) -> None:
    groups = [net.functions]
    config = {"FunctionName": "orders", "VpcConfig": {"SubnetIds": [net.private_a], "SecurityGroupIds": groups}}
    (function,) = reach.of_function(config)
    subnets = [{"SubnetIdentifier": net.private_b}]
    (database,) = reach.of_database(
        {
            "DBInstanceIdentifier": "orders-db",
            "DBSubnetGroup": {"Subnets": subnets},
            "VpcSecurityGroups": [{"VpcSecurityGroupId": net.databases}],
        }
    )
    answer = reach.explain(net.ec2, function, (database, 5432))
    assert answer.arrives
    assert answer.question == "orders (10.6.1.4) to orders-db (10.6.2.5), TCP 5432"
    (other,) = reach.of_function(
        {"FunctionName": "orders", "VpcConfig": {"SubnetIds": [net.private_b], "SecurityGroupIds": groups}}
    )
    within = reach.explain(net.ec2, other, (database, 5432))
    # the same database has the same address, whoever asks, and it is never the asker's
    assert within.question == "orders (10.6.2.4) to orders-db (10.6.2.5), TCP 5432"
    assert "both are in the same subnet, with no route table or network ACL" in str(within)
    lines = str(answer).splitlines()
    begins = lines.index("  --  return path:")
    assert ["reply: " in line for line in lines] == [number > begins for number in range(len(lines))]
    with pytest.raises(reach.UnknownPlace, match="orders is not in a VPC"):
        reach.of_function({"FunctionName": "orders"})
    with pytest.raises(reach.UnknownPlace, match="no DB subnet group"):
        reach.of_database({"DBInstanceIdentifier": "orders-db"})


def test_an_address_of_a_service(net: Net) -> None:
    assert contains("52.216.0.0/15", reach.service_address(net.ec2, "s3"))
    with pytest.raises(reach.UnknownPlace, match="no prefix list for 'sqs'"):
        reach.service_address(net.ec2, "sqs")


def test_it_asks_and_changes_nothing(net: Net) -> None:
    called: list[str] = []
    net.ec2.meta.events.register("before-call.ec2", lambda model, **_: called.append(model.name))
    reach.explain(net.ec2, *net.to_internet())
    assert called
    assert all(name.startswith(("Describe", "Get")) for name in called)


# ---- the hand-made networks, built side by side and read once


@pytest.fixture(scope="module")
def answers(_moto: None) -> dict[str, reach.Answer]:
    builds = {**WORKS, **{name: build for name, (build, _) in BROKEN.items()}}
    asked = {name: (net := Net(), build(net)) for name, build in builds.items()}
    picture = reach.read(next(net.ec2 for net, _ in asked.values()))
    return {name: reach.explain(picture, source, to) for name, (_, (source, to)) in asked.items()}


@pytest.mark.parametrize("name", WORKS)
def test_a_packet_arrives_and_its_answer_comes_back(name: str, answers: dict[str, reach.Answer]) -> None:
    answer = answers[name]
    assert answer.arrives is True, str(answer)
    assert answer.reason == ""
    assert str(answer).splitlines()[0].endswith(": arrives, and the reply comes back")


@pytest.mark.parametrize("name", BROKEN)
def test_a_packet_does_not_arrive_and_the_reason_is_said(name: str, answers: dict[str, reach.Answer]) -> None:
    answer = answers[name]
    assert answer.arrives is False, str(answer)
    assert len(answer.refusals) == 1, str(answer)
    assert re.search(BROKEN[name][1], answer.reason), str(answer)
    assert f"NO  {answer.reason}" in str(answer)
