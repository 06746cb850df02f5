"""The simulation of interfaces and the local cloud give the same numbers: both are asked."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from kits import cloud_kit as kit, network_kit as net
from serverless_cloud import Cloud
from serverless_first import cloud
from serverless_first.simulate import network


@pytest.fixture(autouse=True)
def _afterwards(aws: Cloud) -> Iterator[None]:
    assert aws.environments("orders") == []
    yield
    cloud.start(time_scale=1, network_model="hyperplane")


def test_in_2019_each_environment_takes_an_address_until_none_is_left(tmp_path: Path) -> None:
    cloud.start(time_scale=net.FAST, network_model="2019")
    vpc = net.make_vpc("10.7.0.0/28")
    net.fill(vpc.subnet, leave=3)
    kit.deploy("orders", kit.HOLD, VpcConfig=vpc.config)
    for environments in (2, 3):
        expected = network.simulate(environments, [28], "2019", taken=network.addresses(28) - 3)
        with kit.held("orders", tmp_path / f"calls-{environments}", environments):
            assert len(net.interfaces()) == expected.interfaces
            assert net.free(vpc.subnet) == expected.free_addresses
    assert network.simulate(4, [28], "2019", taken=network.addresses(28) - 3).refused == 1
    with kit.held("orders", tmp_path / "calls-full", 3), pytest.raises(Exception, match="no available IP addresses"):
        kit.client("lambda").invoke(FunctionName="orders")


def test_today_the_number_of_interfaces_does_not_follow_the_environments(tmp_path: Path) -> None:
    cloud.start(time_scale=net.FAST, network_model="hyperplane")
    vpc = net.make_vpc("10.7.0.0/28")
    other = net.make_subnet(vpc.id, "10.7.0.16/28")
    net.deploy("orders", kit.HOLD, vpc)
    kit.client("lambda").update_function_configuration(
        FunctionName="orders", VpcConfig={"SubnetIds": [vpc.subnet, other], "SecurityGroupIds": [vpc.group]}
    )
    net.becomes("orders", LastUpdateStatus="Successful")
    for environments in (1, 4):
        expected = network.simulate(environments, [28, 28], "hyperplane")
        with kit.held("orders", tmp_path / f"calls-{environments}", environments):
            assert len(net.interfaces()) == expected.interfaces == 2
            assert net.free(vpc.subnet) + net.free(other) == expected.free_addresses
