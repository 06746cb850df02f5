"""Hikari's VPC as a lab finds it: what goes through in it and what does not, before a learner has done anything."""

from __future__ import annotations

import pytest

from kits import cloud_kit as kit
from serverless_cloud import Cloud
from serverless_first import reach
from serverless_first.reach import Place, rules
from serverless_first.shop import hikari_vpc

pytestmark = pytest.mark.usefixtures("aws")
INTERNET = "203.0.113.7"


def test_the_public_subnets_lead_to_the_internet_and_the_private_ones_nowhere() -> None:
    ec2 = kit.client("ec2")
    shop = hikari_vpc.make()
    picture = reach.read(ec2)
    for subnet in shop.public_subnets:
        assert reach.explain(
            picture, Place(subnet, (shop.functions_group,), public="198.51.100.4"), (INTERNET, 443)
        ).arrives
    for subnet in shop.private_subnets:
        answer = reach.explain(picture, Place(subnet, (shop.functions_group,), is_lambda=True), (INTERNET, 443))
        assert "no route matches" in answer.reason
    subnets = [each for each in picture.subnets if each["VpcId"] == shop.id]
    assert sorted(each["Tags"][0]["Value"] for each in subnets) == ["private-a", "private-b", "public-a", "public-b"]
    assert len({each["AvailabilityZone"] for each in subnets}) == 2


def test_the_strict_network_acl_forgets_the_answers() -> None:
    shop = hikari_vpc.make(strict_acl=True)
    picture = reach.read(kit.client("ec2"))
    acl = picture.one(picture.network_acls, "NetworkAclId", shop.private_acl)
    assert acl is not None
    assert {each["SubnetId"] for each in acl["Associations"]} == set(shop.private_subnets)
    assert rules.acl_decides(acl, INTERNET, "tcp", (443, 443), inward=False).allowed
    assert not rules.acl_decides(acl, INTERNET, "tcp", (1024, 65535), inward=True).allowed
    assert rules.acl_decides(acl, "10.6.17.9", "tcp", (1024, 65535), inward=True).allowed


def test_another_call_makes_another_vpc() -> None:
    first, second = hikari_vpc.make(private=False), hikari_vpc.make(private=False)
    assert first.id != second.id
    assert first.private_subnets == ()


def test_a_database_in_it(aws: Cloud) -> None:
    import psycopg

    shop = hikari_vpc.make()
    for _ in range(2):  # what is there is made anew
        variables = hikari_vpc.database(aws, shop.private_subnets, [shop.functions_group])
        with psycopg.connect(
            host=variables["DB_HOST"],
            port=variables["DB_PORT"],
            user=variables["DB_USER"],
            password=variables["DB_PASSWORD"],
            dbname=variables["DB_NAME"],
        ) as connection:
            assert connection.execute("SELECT 1").fetchone() == (1,)
    (found,) = kit.client("rds").describe_db_instances(DBInstanceIdentifier="orders-db")["DBInstances"]
    assert {place.subnet_id for place in reach.of_database(found)} == set(shop.private_subnets)
