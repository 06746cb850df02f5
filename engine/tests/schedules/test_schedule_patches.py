"""The places where moto hands over schedules and pipes: this fails when moto changes under them."""

from __future__ import annotations

from moto.events.models import Rule
from moto.pipes import models as pipes
from moto.scheduler import models as scheduler

from kits import patch_kit


def test_schedules_and_pipes_of_moto_have_what_the_patches_read_and_set() -> None:
    for owner, names in (
        (scheduler.Schedule, "arn name group_name state schedule_expression schedule_expression_timezone start_date "
         "end_date target flexible_time_window action_after_completion"),
        (pipes.Pipe, "name status desired_state source source_parameters enrichment enrichment_parameters target "
         "target_parameters role_arn"),
        (Rule, "name scheduled_expression state targets"),
    ):  # fmt: skip
        patch_kit.assert_keeps(owner, [f"self.{name} = " for name in names.split()], "*.py")


# ---- what stock moto does wrong: when one of these fails, the patch may go

STOCK = """
ROLE = "arn:aws:iam::123456789012:role/r"
TARGET = {"Arn": "arn:aws:sqs:us-east-1:123456789012:q", "RoleArn": ROLE}
OFF = {"FlexibleTimeWindow": {"Mode": "OFF"}, "Target": TARGET, "Name": "s"}

def schedule(**more):
    return sch.create_schedule(**(OFF | {"ScheduleExpression": "rate(1 hour)"} | more))

def pipe(**more):
    return pip.create_pipe(**({"Name": "p", "Source": TARGET["Arn"], "Target": TARGET["Arn"], "RoleArn": ROLE} | more))

def scheduler_takes_any_expression():
    return "ScheduleArn" in schedule(ScheduleExpression="lunch")

def an_update_forgets_what_comes_after_completion():
    schedule()
    sch.update_schedule(**OFF, ScheduleExpression="rate(2 hours)", ActionAfterCompletion="DELETE")
    found = sch.get_schedule(Name="s")
    return "ActionAfterCompletion" not in found and "State" not in found

def a_group_that_is_missing_is_an_error_of_the_server():
    try:
        schedule(GroupName="none")
    except KeyError:
        return True

def a_group_is_overwritten_with_all_its_schedules():
    sch.create_schedule_group(Name="g")
    schedule(GroupName="g")
    sch.create_schedule_group(Name="g")
    return sch.list_schedules()["Schedules"] == []

def rules_take_any_cron():
    return "RuleArn" in boto3.client("events", "us-east-1").put_rule(Name="r", ScheduleExpression="cron(lunch)")

def a_pipe_is_overwritten():
    pipe()
    return "Arn" in pipe()

def a_stopped_pipe_starts_by_being_looked_at():
    pipe()
    pip.describe_pipe(Name="p")
    pip.stop_pipe(Name="p")
    return "RUNNING" in [pip.describe_pipe(Name="p")["CurrentState"] for _ in range(4)]

def a_pipe_forgets_that_it_shall_be_stopped():
    pipe(DesiredState="STOPPED")
    return pip.describe_pipe(Name="p")["CurrentState"] == "RUNNING"
"""


@patch_kit.asks_stock_moto
def test_stock_moto_still_has_the_defects() -> None:
    patch_kit.assert_all(
        patch_kit.shown(STOCK, sch="scheduler", pip="pipes"), STOCK.count("\ndef ") - 2, "schedules.py, pipes.py"
    )
