"""DB parameter groups: what holds at once, what after a reboot, formulas, and what is refused."""

from __future__ import annotations

import re
from typing import Any

import pytest

import serverless_cloud as cloud
from kits import rds_kit as rk

pytestmark = pytest.mark.usefixtures("aws")

SHOW = "SHOW max_connections"


def apply_status() -> str:
    (group,) = rk.describe()["DBParameterGroups"]
    return str(group["ParameterApplyStatus"])


def test_without_a_group_the_class_decides() -> None:
    shop = rk.create(DBInstanceClass="db.t4g.small")
    assert rk.value(shop, SHOW) == str(2 * 2**30 // 9531392)
    assert shop["DBParameterGroups"] == [
        {"DBParameterGroupName": "default.postgres18", "ParameterApplyStatus": "in-sync"}
    ]


def test_a_static_parameter_takes_effect_at_a_reboot_and_no_earlier(kit: Any) -> None:
    rk.group("few", max_connections="20")
    shop = rk.create(DBParameterGroupName="few")
    assert (rk.value(shop, SHOW), apply_status()) == ("20", "in-sync")
    rk.change_group("few", max_connections="25", rds__rds_superuser_reserved_connections="4")
    assert (rk.value(shop, SHOW), apply_status()) == ("20", "pending-reboot")
    kit.client("rds").reboot_db_instance(DBInstanceIdentifier="shop")
    rk.until("shop", "available")
    assert (rk.value(shop, SHOW), apply_status()) == ("25", "in-sync")
    assert rk.value(shop, "SHOW reserved_connections") == "4"
    assert rk.value(shop, "SHOW rds.rds_superuser_reserved_connections") == "4"
    assert rk.value(shop, "SHOW superuser_reserved_connections") == "3"


def test_another_group_takes_effect_at_a_reboot(kit: Any) -> None:
    shop = rk.create()
    rk.group("half", max_connections="LEAST({DBInstanceClassMemory/9531392/2},5000)")
    kit.client("rds").modify_db_instance(
        DBInstanceIdentifier="shop", DBParameterGroupName="half", ApplyImmediately=True
    )
    assert (rk.value(shop, SHOW), apply_status()) == (str(2**30 // 9531392), "pending-reboot")
    kit.client("rds").stop_db_instance(DBInstanceIdentifier="shop")
    rk.until("shop", "stopped")
    kit.client("rds").start_db_instance(DBInstanceIdentifier="shop")
    rk.until("shop", "available")
    assert (rk.value(shop, SHOW), apply_status()) == (str(2**30 // 9531392 // 2), "in-sync")


def test_a_dynamic_parameter_can_take_effect_at_once(kit: Any) -> None:
    rk.group("mine", max_connections="30")
    shop = rk.create(DBParameterGroupName="mine")
    with rk.connect(shop) as connection:
        rk.change_group("mine", "immediate", work_mem="12345")
        # The open connection hears of it as well: PostgreSQL reads its settings again.
        kit.eventually(
            lambda: connection.execute("SELECT current_setting('work_mem')").fetchone() == ("12345kB",),
            "work_mem is what was set",
        )
    assert (rk.value(shop, SHOW), apply_status()) == ("30", "in-sync")
    rk.change_group("mine", "pending-reboot", work_mem="23456", max_connections="31")
    assert apply_status() == "pending-reboot"
    rk.change_group("mine", "immediate", statement_timeout="54321")
    kit.eventually(lambda: rk.value(shop, "SHOW statement_timeout") == "54321ms", "statement_timeout is what was set")
    assert rk.value(shop, "SHOW work_mem") == "12345kB"


REFUSED = [
    ({"max_connections": "many"}, "pending-reboot", "InvalidParameterValue", "requires a numeric value|invalid value"),
    ({"max_connections": "0"}, "pending-reboot", "InvalidParameterValue", "outside the valid range"),
    ({"max_connections": "LEAST({DBInstanceClassMemory/0},9)"}, "pending-reboot", "InvalidParameterValue", "formula"),
    ({"max_connections": "LEAST("}, "pending-reboot", "InvalidParameterValue", "formula"),
    ({"max_connections": "20"}, "immediate", "InvalidParameterCombination", "static parameter"),
    ({"max_conections": "20"}, "pending-reboot", "InvalidParameterValue", "Could not find parameter"),
    ({"listen_addresses": "*"}, "pending-reboot", "InvalidParameterValue", "cannot be modified"),
    ({"shared_preload_libraries": "x"}, "pending-reboot", "InvalidParameterValue", "cannot be modified"),
    ({"rds__force_ssl": "1"}, "pending-reboot", "InvalidParameterValue", "doesn't support rds.force_ssl"),
    ({"work_mem": "4MB' \nport='1"}, "immediate", "InvalidParameterValue", "invalid value"),
    ({"work_mem": "4MB"}, "now", "InvalidParameterValue", "immediate or pending-reboot"),
    ({"rds__rds_superuser_reserved_connections": "-1"}, "pending-reboot", "InvalidParameterValue", "whole number"),
]


def test_a_parameter_that_cannot_be_is_refused(kit: Any) -> None:
    rk.group("bad")
    wrong = []
    for parameters, method, code, text in REFUSED:
        refusal = kit.refused(lambda p=parameters, m=method: rk.change_group("bad", m, **p))
        if refusal.code != code or not re.search(text, refusal.message):
            wrong.append((parameters, refusal.code, refusal.message))
    assert wrong == []
    user = kit.client("rds").describe_db_parameters(DBParameterGroupName="bad", Source="user")["Parameters"]
    assert [p for p in user if p.get("ParameterValue")] == []


def test_settings_that_do_not_go_together_are_incompatible_parameters(aws: cloud.Cloud, kit: Any) -> None:
    rk.group("bad", max_connections="3")  # as many as are kept for the superuser
    kit.client("rds").create_db_instance(**rk.order(DBParameterGroupName="bad"))
    rk.until("shop", "incompatible-parameters")
    with pytest.raises(cloud.CloudError, match="is incompatible-parameters, not available"):
        aws.database_address("shop")
    rk.change_group("bad", max_connections="20")
    kit.client("rds").reboot_db_instance(DBInstanceIdentifier="shop")
    assert rk.value(rk.until("shop", "available"), SHOW) == "20"
    rk.change_group("bad", max_connections="4")
    kit.client("rds").reboot_db_instance(DBInstanceIdentifier="shop")
    rk.until("shop", "incompatible-parameters")
    kit.client("rds").delete_db_instance(DBInstanceIdentifier="shop", SkipFinalSnapshot=True)
    rk.until_gone("shop")


def test_a_group_of_another_engine_or_version_is_refused(kit: Any) -> None:
    rk.group("old", family="postgres12")
    refusal = kit.refused(lambda: kit.client("rds").create_db_instance(**rk.order(DBParameterGroupName="old")))
    assert refusal.code == "InvalidParameterCombination"
    assert "postgres18" in refusal.message
    refusal = kit.refused(lambda: kit.client("rds").create_db_instance(**rk.order(DBParameterGroupName="none")))
    assert refusal.code in ("DBParameterGroupNotFound", "DBParameterGroupNotFoundFault")
    assert kit.client("rds").describe_db_instances()["DBInstances"] == []
