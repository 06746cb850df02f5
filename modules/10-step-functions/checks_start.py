"""Check of module 10, task 10.3: start an order's workflow once, and continue it where it stopped."""

from __future__ import annotations

import contextlib
import json
import random
from collections.abc import Iterator
from typing import Any

from serverless_first.lab import Attempt, task
from serverless_first.lab.failures import readable
from serverless_first.lab.functions import at_once, borrowed, fresh_id, wait_until
from serverless_first.lab.meetings import meeting, refusing
from serverless_first.lab.show import say
from serverless_first.lab.workflows import ended, how_it_ended, machine_arn
from serverless_first.shop.hikari_workflows import Execution

_chance = random.Random()
START, ORDER, AT_ONCE = "start-order", "hikari-order", 4
PAGE = 100  # executions in one response from list_executions
TOO_LONG_S = 3
OFF = {"id": {"S": "the printer is off"}}
AGAIN = "what your function does when the order already has an execution"


@task("10.3")
def once(attempt: Attempt) -> None:
    """Calls at once, late calls and calls after a failure have the same execution, one payment and one label."""
    machine_arn(attempt, ORDER)
    table = attempt.client("dynamodb")
    table.delete_item(TableName="calls", Key=OFF)
    first, other = _alike()
    earlier = attempt.invoke(START, other)  # says so if there is no function yet
    at_once(attempt, START, [other] * AT_ONCE)  # so that the calls that count are warm, and meet
    replies = at_once(attempt, START, [first] * AT_ONCE)
    called = f"invoke {START} {AT_ONCE} times at the same time with {readable(first)}"
    for reply in replies:
        attempt.expect(
            not reply.error,
            problem="An order that arrives twice isn't an error, because the queue delivers at least once.",
            called=called,
            came_back=reply.error,
            expected="the ARN of the order's execution, from each call",
            look_at=AGAIN,
        )
    arns = [_arn_of(attempt, reply.payload, called) for reply in replies]
    attempt.expect(
        len(set(arns)) == 1,
        problem="The same order has more than one execution, so the customer pays more than once.",
        called=called,
        came_back=f"{len(set(arns))} ARNs; executions for this order: {len(_executions(attempt, first))}",
        expected="the same execution from each call",
        look_at="how a second call can find the first call's execution",
    )
    attempt.expect(
        arns[0] != _arn_of(attempt, earlier.payload, earlier.called),
        problem="Two orders share an execution, so one of them is never paid.",
        called=f"{earlier.called}, then {called}",
        came_back=f"the execution {arns[0].rpartition(':')[2]} for both",
        expected="an execution for each order",
        look_at="how your function turns an order's id into a name, because two ids may differ in a single character",
    )
    done = ended(attempt, called, arns[0], 20.0, "the event that you pass as input")
    _has_input(attempt, arns[0], first, called)
    _well(attempt, done, called)
    late = attempt.invoke(START, first)
    _same(attempt, _arn_of(attempt, late.payload, late.called), arns[0], late.called)
    _counted(attempt, first, f"{called}, and once more after the execution ended")
    for calls in (1, AT_ONCE):  # one call first, because a fault of a single call has its own message
        _after_a_failure(attempt, calls)
    _nothing_started(attempt)
    _not_redriven(attempt)
    say("10.3: executions that were stopped or took too long ...")
    _after_it_stopped(attempt, "ABORTED")
    _after_it_stopped(attempt, "TIMED_OUT")


def _alike() -> tuple[dict[str, Any], dict[str, Any]]:
    """Two orders whose ids differ only in where a hyphen is. The first one has a field that the task doesn't name."""
    first, other = _order(), _order()
    digits = first["order_id"].rpartition("-")[2]
    first |= {"order_id": f"ord-{digits[:2]}-{digits[2:]}", "lamp": "Kumo"}
    other["order_id"] = f"ord-{digits[:3]}-{digits[3:]}"
    return first, other


def _has_input(attempt: Attempt, arn: str, order: dict[str, Any], called: str) -> None:
    """The execution's input is the whole order."""
    sent = json.loads(attempt.client("stepfunctions").describe_execution(executionArn=arn)["input"])
    attempt.expect(
        isinstance(sent, dict) and sent.items() >= order.items(),
        problem="The execution's input is not the event, so its states don't know the whole order.",
        called=called,
        came_back=readable(sent),
        expected=readable(order),
        look_at="what your function passes as input",
    )


def _order() -> dict[str, Any]:
    return {"order_id": fresh_id("ord"), "amount_yen": _chance.randint(1000, 9000)}


def _after_a_failure(attempt: Attempt, calls: int) -> None:
    """The execution fails because the printer is off. Then the printer is on, and `calls` calls come at once."""
    order = _order()
    arn = _failed(attempt, order)
    called = (
        f"invoke {START} {f'{calls} times at the same time ' if calls > 1 else ''}with {readable(order)}, whose "
        "execution failed because the printer was off; the printer is on now"
    )
    now = _arn_of(attempt, attempt.invoke(START, order).payload if calls == 1 else _met(attempt, order, called), called)
    done = ended(attempt, called, now, 20.0, "the machine of the task")
    _counted(attempt, order, called, labels=None)
    _same(attempt, now, arn, called)
    _well(attempt, done, called)
    _counted(attempt, order, called)


def _failed(attempt: Attempt, order: dict[str, Any]) -> str:
    """The ARN of the order's execution, which has failed because the printer was off. It is on again."""
    table = attempt.client("dynamodb")
    table.put_item(TableName="calls", Item=OFF)
    try:
        reply = attempt.invoke(START, order)
        arn = _arn_of(attempt, reply.payload, reply.called)
        ended(attempt, reply.called, arn, 20.0, "the machine of the task")
    finally:
        table.delete_item(TableName="calls", Key=OFF)
    return arn


def _met(attempt: Attempt, order: dict[str, Any], called: str) -> Any:
    """The result of one of several calls that meet at a failed execution."""
    with meeting(attempt, START, AT_ONCE, before=["RedriveExecution"]):
        replies = at_once(attempt, START, [order] * AT_ONCE)
    errors = sorted({reply.error for reply in replies if reply.error})
    attempt.expect(
        not errors,
        problem="Two calls find the same failed execution, and one of them comes a moment too late. That isn't an "
        "error.",
        called=called,
        came_back=" and ".join(errors),
        expected="the ARN of the order's execution, from each call",
        look_at="what can happen between two lines of your handler while another call is running",
    )
    return replies[0].payload


def _nothing_started(attempt: Attempt) -> None:
    """A start that fails for another reason must not look like a good one."""
    unknown_arn = machine_arn(attempt, ORDER) + "-gone"
    with borrowed(attempt, START, variables_too={"MACHINE": unknown_arn}) as restart:
        restart()
        [reply] = at_once(attempt, START, [_order()])
    attempt.expect(
        bool(reply.error),
        problem="Nothing was started, but your function reports success, so the queue deletes the order.",
        called=f"invoke {START}, whose variable MACHINE names a machine that does not exist",
        came_back=readable(reply.payload),
        expected="an error",
        look_at="which errors your handler swallows",
    )


def _not_redriven(attempt: Attempt) -> None:
    """A redrive that AWS refuses for another reason must not look like a good one."""
    order = _order()
    _failed(attempt, order)
    with refusing(attempt, START, "RedriveExecution", "ExecutionLimitExceeded", "Too many executions run."):
        [reply] = at_once(attempt, START, [order])
    attempt.expect(
        bool(reply.error),
        problem="Your function could not make the execution continue, but it reports success, so the queue deletes the "
        "order.",
        called=f"invoke {START} with {readable(order)}, whose execution failed; "
        "Step Functions refuses to redrive it: ExecutionLimitExceeded",
        came_back=readable(reply.payload),
        expected="an error",
        look_at="which errors your handler swallows: only one of them means that another call was faster",
    )


def _after_it_stopped(attempt: Attempt, status: str) -> None:
    """An execution that was ABORTED or TIMED_OUT between its steps continues, however many started after it."""
    states, functions, order = attempt.client("stepfunctions"), attempt.client("lambda"), _order()
    with (
        _patient_machine(attempt, status) as machine,
        borrowed(attempt, START, variables_too={"MACHINE": machine}) as restart,
    ):
        restart()
        functions.put_function_concurrency(FunctionName="label", ReservedConcurrentExecutions=0)
        try:
            reply = attempt.invoke(START, order)
            arn = _arn_of(attempt, reply.payload, reply.called)
            wait_until(lambda: _is_at_the_label(states, arn), 20.0)
            if status == "ABORTED":
                states.stop_execution(executionArn=arn)
            ended(attempt, reply.called, arn, 20.0, "the machine of the task")
        finally:
            functions.delete_function_concurrency(FunctionName="label")
        for _ in range(PAGE if status == "TIMED_OUT" else 0):
            states.start_execution(stateMachineArn=machine, input=json.dumps({"order_id": ""}))
        after = f", and another {PAGE} executions started after it" if status == "TIMED_OUT" else ""
        called = (
            f"invoke {START} with {readable(order)}, "
            f"whose execution {'was stopped' if status == 'ABORTED' else 'took too long'}{after}"
        )
        [again] = at_once(attempt, START, [order])
        attempt.expect(
            not again.error,
            problem="Your function ended with an error.",
            called=called,
            came_back=again.error,
            expected="the ARN of the order's execution",
            look_at=AGAIN,
        )
        _same(attempt, _arn_of(attempt, again.payload, called), arn, called)
        done = ended(attempt, called, arn, 20.0, "the machine of the task")
        redrives = states.describe_execution(executionArn=arn)["redriveCount"]
        attempt.expect(
            redrives == 1,
            problem="The order's execution does not continue. The money is taken, but there is no label.",
            called=called,
            came_back=how_it_ended(done),
            expected="SUCCEEDED, because what it waited for works now",
            look_at="in which cases your function makes an execution continue, and how it recognizes such a case",
        )


@contextlib.contextmanager
def _patient_machine(attempt: Attempt, status: str) -> Iterator[str]:
    """The ARN of a machine like the task's that waits for the label, and times out if asked. It is deleted at the end.

    An execution for the order "" ends at once.
    """
    states = attempt.client("stepfunctions")
    like = states.describe_state_machine(stateMachineArn=machine_arn(attempt, ORDER))
    definition = json.loads(like["definition"])
    definition["States"]["Label"]["Retry"] = [
        {"ErrorEquals": ["States.ALL"], "IntervalSeconds": 6, "MaxAttempts": 500, "BackoffRate": 1}
    ]
    empty = {"Condition": "{% $states.input.order_id = '' %}", "Next": "Nothing"}
    definition["States"] |= {
        "Which?": {"Type": "Choice", "Choices": [empty], "Default": definition["StartAt"]},
        "Nothing": {"Type": "Succeed"},
    }
    definition["StartAt"] = "Which?"
    if status == "TIMED_OUT":
        definition["TimeoutSeconds"] = TOO_LONG_S
    arn = states.create_state_machine(
        name=fresh_id("check"), definition=json.dumps(definition), roleArn=like["roleArn"]
    )["stateMachineArn"]
    try:
        yield str(arn)
    finally:
        states.delete_state_machine(stateMachineArn=arn)


def _is_at_the_label(states: Any, arn: str) -> bool:
    events = states.get_execution_history(executionArn=arn, reverseOrder=True)["events"]
    return any(event.get("stateEnteredEventDetails", {}).get("name") == "Label" for event in events)


def _arn_of(attempt: Attempt, payload: Any, called: str) -> str:
    arn = payload.get("execution") if isinstance(payload, dict) else None
    attempt.expect(
        isinstance(arn, str) and ":execution:" in arn,
        problem='The result has no field "execution" with the ARN of an execution.',
        called=called,
        came_back=readable(payload),
        expected="the ARN of the order's execution",
        look_at="what your function returns",
    )
    states = attempt.client("stepfunctions")
    try:
        states.describe_execution(executionArn=arn)
    except states.exceptions.ExecutionDoesNotExist:
        attempt.fail(
            "No execution has the ARN that your function returns.",
            called=called,
            came_back=str(arn),
            expected="the ARN of the execution that your function started, which ends with the execution's name",
            look_at="the name that you give the execution when you start it, because Step Functions makes one up "
            "otherwise",
        )
    except states.exceptions.InvalidArn as error:
        attempt.fail(
            "Your function returns something that isn't an ARN.",
            called=called,
            came_back=f"{arn}: {error.response['Error']['Message']}",
            expected="the ARN of the order's execution",
            look_at="how your function makes the ARN from the machine's ARN and the execution's name",
        )
    return str(arn)


def _executions(attempt: Attempt, order: dict[str, Any]) -> list[str]:
    """The ARNs of all executions whose input is this order."""
    states = attempt.client("stepfunctions")
    arns = []
    for execution in states.list_executions(stateMachineArn=machine_arn(attempt, ORDER))["executions"]:
        order_input = json.loads(states.describe_execution(executionArn=execution["executionArn"])["input"])
        if isinstance(order_input, dict) and order_input.get("order_id") == order["order_id"]:
            arns.append(execution["executionArn"])
    return arns


def _same(attempt: Attempt, now: str, before: str, called: str) -> None:
    attempt.expect(
        now == before,
        problem="Another call with the same order returns a different execution.",
        called=called,
        came_back=now.rpartition(":")[2],
        expected=f"the execution that the order already has: {before.rpartition(':')[2]}",
        look_at=AGAIN,
    )


def _well(attempt: Attempt, done: Execution, called: str) -> None:
    attempt.expect(
        done.status == "SUCCEEDED",
        problem="The order's execution does not succeed.",
        called=called,
        came_back=how_it_ended(done),
        expected="SUCCEEDED, because what had failed works now",
        look_at="how a failed execution continues, and which input you pass",
    )


def _counted(attempt: Attempt, order: dict[str, Any], called: str, labels: int | None = 1) -> None:
    """The bank was called once, and the label was printed `labels` times."""
    table = attempt.client("dynamodb")
    for what, number in {"bank": 1, "label": labels}.items():
        key = {"id": {"S": f"{what} {order['order_id']}"}}
        calls = int(table.get_item(TableName="calls", Key=key).get("Item", {}).get("calls", {}).get("N", 0))
        attempt.expect(
            number is None or calls == number,
            problem=("The money was taken" if what == "bank" else "The label was printed")
            + f" {calls} {'time' if calls == 1 else 'times'}.",
            called=called,
            came_back=f"{calls} {'call' if calls == 1 else 'calls'} to {what}",
            expected=f"{number} per order",
            look_at=AGAIN,
        )
