"""Many functions in a VPC come, change and go at the same time: no interface is missing, and none is left."""

from __future__ import annotations

import random
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from kits import cloud_kit as kit, fixtures, network_kit as net

SOURCE = "def handler(e, c): return 'lamp'"


pytestmark = pytest.mark.usefixtures("aws")
cloud_of_module = fixtures.cloud_of(time_scale=3 * net.FAST)


def needed() -> list[tuple[str, tuple[str, ...]]]:
    """Each subnet with each set of groups that some function or version has."""
    functions = kit.client("lambda").list_functions(FunctionVersion="ALL")["Functions"]
    configs = [each["VpcConfig"] for each in functions]
    return sorted({(s, tuple(sorted(c["SecurityGroupIds"]))) for c in configs for s in c["SubnetIds"]})


def made() -> list[tuple[str, tuple[str, ...]]]:
    """The same of the interfaces that are there."""
    return sorted((i["SubnetId"], tuple(sorted(g["GroupId"] for g in i["Groups"]))) for i in net.interfaces())


def settled() -> bool:
    """Whether each function and version is active; a list of functions doesn't say so."""
    lam = kit.client("lambda")
    listed = lam.list_functions(FunctionVersion="ALL")["Functions"]
    functions = [lam.get_function_configuration(FunctionName=each["FunctionArn"]) for each in listed]
    return all((f["State"], f["LastUpdateStatus"]) == ("Active", "Successful") for f in functions)


def test_functions_that_come_change_and_go() -> None:
    seed = random.randrange(10**9)
    print(f"seed {seed}")
    vpc = net.make_vpc("10.7.0.0/24")
    subnets = [vpc.subnet, *(net.make_subnet(vpc.id, f"10.7.{number}.0/24") for number in (1, 2))]
    groups = [vpc.group, *(net.make_group(vpc.id, name) for name in ("database", "mail"))]
    functions, role = kit.client("lambda"), kit.make_role()

    def work(number: int) -> None:
        chance = random.Random(seed + number)

        def config() -> dict[str, Any]:
            ids = {"SubnetIds": subnets, "SecurityGroupIds": groups}
            return {name: chance.sample(each, chance.randint(1, 3)) for name, each in ids.items()}

        def unless_refused(call: Any) -> None:
            try:
                call()
            except functions.exceptions.ResourceConflictException:  # it is Pending, or being changed
                return

        for count in range(6):
            name = f"orders-{number}-{count}"
            kit.deploy(name, SOURCE, VpcConfig=config(), Role=role)
            if chance.random() < 0.6:
                net.becomes(name, State="Active")
            if chance.random() < 0.6:
                change = config()
                unless_refused(lambda: functions.update_function_configuration(FunctionName=name, VpcConfig=change))  # noqa: B023
            if chance.random() < 0.4:
                unless_refused(lambda: kit.publish(name))  # noqa: B023
            if chance.random() < 0.8:
                functions.delete_function(FunctionName=name)

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(work, range(6)))
    kit.eventually(settled, f"every function is active, seed {seed}")
    kit.eventually(lambda: made() == needed(), f"the interfaces that functions need, seed {seed}")
    for function in functions.list_functions()["Functions"]:
        functions.delete_function(FunctionName=function["FunctionName"])
    kit.eventually(lambda: made() == [], f"no interface is left, seed {seed}")
    assert [net.free(subnet) for subnet in subnets] == [251] * 3
