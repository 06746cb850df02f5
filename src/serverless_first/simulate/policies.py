"""The four kinds of computing on the deck's slides 4 to 7, as policies for `capacity` with different numbers."""

from __future__ import annotations

from dataclasses import replace

from serverless_first.simulate import inputs
from serverless_first.simulate.capacity import Policy
from serverless_first.simulate.traces import WEEK_S


def physical(
    guess_per_s: float, per_server_s: float, usd_per_server_hour: float, *, lead_time_s: float = 8 * WEEK_S
) -> Policy:
    """Servers bought in advance for a guessed peak. More servers take weeks to arrive, and you can't return any.

    >>> physical(guess_per_s=900, per_server_s=100, usd_per_server_hour=0.1).initial
    9

    Args:
        guess_per_s: the guessed peak, in requests per second, above 0.
        per_server_s: requests per second that a server serves.
        usd_per_server_hour: price of a server, spread over its life.
        lead_time_s: seconds from the order to the rack. Our default is eight weeks; facts.yml has 4 to 30
            (server-delivery-shortage) and 12 (server-order-to-rack).

    Raises:
        ValueError: an argument is out of its range.
    """
    guess = inputs.number("guess_per_s", guess_per_s, above=0)
    inputs.number("per_server_s", per_server_s, above=0)
    inputs.number("usd_per_server_hour", usd_per_server_hour, least=0)
    fixed = Policy(
        "physical", per_server_s, lead_time_s, usd_per_server_hour, look_every_s=WEEK_S, metric="peak", shrinks=False
    )
    return replace(fixed, initial=fixed.units_for(guess), minimum=fixed.units_for(guess))


def virtual(per_instance_s: float, usd_per_instance_hour: float, *, target: float = 0.5, minimum: int = 2) -> Policy:
    """Instances that an Auto Scaling group adds and removes by target tracking on their utilization.

    The policy checks every minute, and an instance serves three minutes after the order. You can log in after 29 s to
    2 minutes (facts.yml, ec2-instance-start), and the rest is our estimate for the program. The cooldown for shrinking
    is 300 s, as in Application Auto Scaling's default for ECS services.

    >>> virtual(100, 0.1).units_for(400)
    8

    Args:
        per_instance_s: requests per second that an instance serves.
        usd_per_instance_hour: price of an instance.
        target: the target utilization, above 0 to 1.
        minimum: the smallest number of instances.

    Raises:
        ValueError: an argument is out of its range.
    """
    inputs.number("per_instance_s", per_instance_s, above=0)
    inputs.number("usd_per_instance_hour", usd_per_instance_hour, least=0)
    return Policy(
        "virtual", per_instance_s, 180.0, usd_per_instance_hour,
        target=target, minimum=minimum, look_every_s=60.0, metric="utilisation",
        out_cooldown_s=60.0, in_cooldown_s=300.0,
    )  # fmt: skip


def container(per_task_s: float, usd_per_task_hour: float, *, target: float = 0.6, minimum: int = 2) -> Policy:
    """Tasks that a service adds and removes by target tracking on their utilization.

    It is like `virtual`, but the units are smaller and serve one minute after the order. A task starts within 30 to
    45 s, or takes longer (facts.yml, fargate-task-start).

    >>> container(25, 0.05).lead_time_s
    60.0

    Args:
        per_task_s: requests per second that a task serves.
        usd_per_task_hour: price of a task.
        target: the target utilization, above 0 to 1.
        minimum: the smallest number of tasks.

    Raises:
        ValueError: an argument is out of its range.
    """
    inputs.number("per_task_s", per_task_s, above=0)
    inputs.number("usd_per_task_hour", usd_per_task_hour, least=0)
    return replace(
        virtual(per_task_s, usd_per_task_hour, target=target, minimum=minimum), name="container", lead_time_s=60.0
    )


def serverless(service_s: float, usd_per_busy_hour: float, *, account_concurrency: int = 1000) -> Policy:
    """Execution environments, which serve one request at a time, start on demand and cost money only while they work.

    A function may grow by 1,000 environments every 10 seconds, up to the account's concurrency (AWS Lambda Developer
    Guide, "Lambda scaling behavior").

    Starting an environment takes less than a step of this model. See `fleet` for cold starts.

    >>> serverless(0.1, 0.1).per_unit_s
    10.0

    Args:
        service_s: how long a request takes, in seconds, above 0.
        usd_per_busy_hour: price of an environment that is busy for an hour; see `break_even.busy_hour_usd`.
        account_concurrency: the most environments in the account, from 1.

    Raises:
        ValueError: an argument is out of its range.
    """
    inputs.number("usd_per_busy_hour", usd_per_busy_hour, least=0)
    per_unit_s = 1 / inputs.number("service_s", service_s, above=0)
    most = inputs.whole("account_concurrency", account_concurrency, 1)
    return Policy("serverless", per_unit_s, 0.0, usd_per_busy_hour, "used", maximum=most, at_once=True, most_new=1000)
