"""Definitions of state machines of all shapes, for the tests of their pictures."""

from __future__ import annotations

import json
from typing import Any

_LAMBDA = "arn:aws:lambda:us-east-1:123456789012:function:"
_SDK = "arn:aws:states:::aws-sdk:"
_ALL = ["States.ALL"]

State = dict[str, Any]


def task(resource: str, next_: str | None = None, **more: Any) -> State:
    where = resource if resource.startswith("arn:") else f"arn:aws:states:::{resource}"
    return {"Type": "Task", "Resource": where, **({"Next": next_} if next_ else {"End": True}), **more}


def function(name: str, next_: str | None = None, **more: Any) -> State:
    return task(_LAMBDA + name, next_, **more)


def machine(start: str, **states: State) -> dict[str, Any]:
    """Names of states have spaces where the names of these parameters have underscores."""
    return {"StartAt": start, "States": {name.replace("_", " "): state for name, state in states.items()}}


def when(variable: str, operator: str, value: Any, next_: str | None = None) -> State:
    return {"Variable": variable, operator: value, **({"Next": next_} if next_ else {})}


POLLER = machine(
    "Submit Job",
    Submit_Job=function("submit-job", "Wait X Seconds", ResultPath="$.job"),
    Wait_X_Seconds={"Type": "Wait", "SecondsPath": "$.wait_time", "Next": "Get Job Status"},
    Get_Job_Status=function("check-job", "Job Complete?", ResultPath="$.status"),
    **{
        "Job_Complete?": {
            "Type": "Choice",
            "Choices": [
                when("$.status", "StringEquals", "FAILED", "Set Job Failed"),
                when("$.status", "StringEquals", "SUCCEEDED", "Set Job Succeeded"),
            ],
            "Default": "Wait X Seconds",
        }
    },
    Set_Job_Failed={"Type": "Fail", "Error": "JobFailed", "Cause": "The price list was not made."},
    Set_Job_Succeeded=function("notify"),
)
BATCH = machine(
    "Submit Batch Job",
    Submit_Batch_Job=task(
        "batch:submitJob.sync", "Notify Success", Catch=[{"ErrorEquals": _ALL, "Next": "Notify Failure"}]
    ),
    Notify_Success=task("sns:publish"),
    Notify_Failure=task("sns:publish"),
)
CALLBACK = machine(
    "Ask for approval",
    Ask_for_approval=task(
        "sqs:sendMessage.waitForTaskToken", "Approved?", TimeoutSeconds=3600,
        Catch=[{"ErrorEquals": ["States.Timeout"], "Next": "Cancel the order"},
               {"ErrorEquals": _ALL, "Next": "Refuse"}],
    ),
    **{"Approved?": {"Type": "Choice", "Choices": [when("$.approved", "BooleanEquals", True, "Pay")],
                     "Default": "Refuse"}},
    Pay=function("pay"),
    Cancel_the_order=function("cancel"),
    Refuse={"Type": "Fail", "Error": "Refused"},
)  # fmt: skip
SAGA = machine(
    "Reserve stock",
    Reserve_stock=function("reserve", "Take payment", Catch=[{"ErrorEquals": _ALL, "Next": "Tell the customer"}]),
    Take_payment=function(
        "pay", "Book the parcel", Retry=[{"ErrorEquals": ["Lambda.TooManyRequestsException"], "MaxAttempts": 5}],
        Catch=[{"ErrorEquals": ["CardDeclined", "PaymentTimeout"], "Next": "Release stock"}],
    ),
    Book_the_parcel=task("lambda:invoke", "Order placed", Parameters={"FunctionName": _LAMBDA + "parcel:live"},
                         Catch=[{"ErrorEquals": _ALL, "Next": "Give the money back"}]),
    Order_placed={"Type": "Succeed"},
    Give_the_money_back=function("refund", "Release stock", Retry=[{"ErrorEquals": _ALL, "MaxAttempts": 10}]),
    Release_stock=function("release", "Tell the customer"),
    Tell_the_customer=task("sns:publish", "Order failed"),
    Order_failed={"Type": "Fail", "Error": "OrderFailed"},
)  # fmt: skip
NESTED = machine(
    "Enrich",
    Enrich={
        "Type": "Parallel",
        "Branches": [
            machine("Price", Price=function("price")),
            machine(
                "Each line",
                Each_line={
                    "Type": "Map", "ItemsPath": "$.lines", "MaxConcurrency": 4,
                    "ItemProcessor": machine("Stock", Stock=function("stock", "Weight"), Weight=function("weight")),
                    "End": True,
                },
            ),
            machine("Customer", Customer=task("dynamodb:getItem", "Rating"), Rating={"Type": "Pass", "End": True}),
        ],
        "Catch": [{"ErrorEquals": _ALL, "Next": "Later"}],
        "Next": "Store",
    },
    Store=task("dynamodb:putItem"),
    Later=task("sqs:sendMessage"),
)  # fmt: skip
DEEP_CHOICE = machine(
    "Sort",
    Sort={
        "Type": "Choice",
        "Choices": [
            {"And": [when("$.total_yen", "NumericGreaterThan", 10000), when("$.paid", "IsPresent", True),
                     {"Not": when("$.country", "StringEquals", "JP")}], "Next": "Customs"},
            {"Or": [when("$.lamp", "StringMatches", "Tsuki*"), when("$.lamp", "StringEqualsPath", "$.gift")],
             "Next": "Wrap"},
        ],
        "Default": "Send",
    },
    Customs=function("customs", "Value?"),
    **{"Value?": {"Type": "Choice", "Choices": [when("$.total_yen", "NumericLessThanEquals", 20000, "Send")],
                  "Default": "Ask"}},
    Ask=task("sns:publish", "Send"),
    Wrap=function("wrap", "Send"),
    Send=function("send"),
)  # fmt: skip
CHAIN = {
    "StartAt": "Step 1",
    "States": {
        f"Step {n}": function(f"step-{n}", f"Step {n + 1}" if n < 20 else None) for n in range(1, 21)
    },
}  # fmt: skip
DISTRIBUTED = machine(
    "Read the year's orders",
    **{
        "Read_the_year's_orders": {
            "Type": "Map", "MaxConcurrency": 100, "ToleratedFailurePercentage": 5, "Label": "Orders",
            "ItemReader": {"Resource": "arn:aws:states:::s3:getObject", "ReaderConfig": {"InputType": "CSV"}},
            "ItemProcessor": {
                "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "EXPRESS"},
                **machine("Sum up", Sum_up=function("sum-up", Retry=[{"ErrorEquals": ["States.TaskFailed"]}])),
            },
            "ResultWriter": {"Resource": "arn:aws:states:::s3:putObject"},
            "Next": "Report",
        }
    },
    Report=task(_SDK + "ses:sendEmail"),
)  # fmt: skip
SINGLE = machine("Hello", Hello={"Type": "Pass", "End": True})
JSONATA = {
    "QueryLanguage": "JSONata",
    **machine(
        "Read order",
        Read_order={"Type": "Pass", "Assign": {"total": "{% $sum($states.input.lines.price) %}"}, "Next": "Large?"},
        **{"Large?": {"Type": "Choice", "Default": "Pay later", "Choices": [
            {"Condition": "{% $total > 10000 and $exists($states.input.customer.limit) %}", "Next": "Check"}]}},
        Check=task("lambda:invoke", "Pause", Arguments={"FunctionName": "check", "Payload": "{% $states.input %}"}),
        Pause={"Type": "Wait", "Seconds": "{% $states.input.pause_s * 2 %}", "Next": "Each parcel"},
        Each_parcel={"Type": "Map", "Items": "{% $states.input.parcels %}", "End": True,
                     "ItemProcessor": machine("Label it", Label_it={"Type": "Pass", "End": True})},
        Pay_later={"Type": "Succeed"},
    ),
}  # fmt: skip
WIDE = machine(
    "Which lamp?",
    **{"Which_lamp?": {"Type": "Choice", "Default": "None of these", "Choices": [
        when("$.lamp", "StringEquals", name, f"Pack {name}") for name in
        ("Tsuki", "Hoshi", "Kumo", "Yuki", "Andon", "Chochin", "Toro", "Bonbori")]}},
    **{f"Pack_{name}": function(f"pack-{name.lower()}") for name in
       ("Tsuki", "Hoshi", "Kumo", "Yuki", "Andon", "Chochin", "Toro", "Bonbori")},
    None_of_these={"Type": "Fail", "Error": "UnknownLamp"},
)  # fmt: skip
LONG_NAMES = machine(
    "Make sure that the customer's address can be delivered to before anything is reserved",
    **{
        "Make_sure_that_the_customer's_address_can_be_delivered_to_before_anything_is_reserved": function(
            "hikari-production-orders-address-validation-handler", "OhneLeerzeichenUndSehrLangUndNochLängerAlsMan"
        ),
        "OhneLeerzeichenUndSehrLangUndNochLängerAlsMan": {"Type": "Pass", "Next": "Écrire à la cliente"},
        "Écrire à la cliente": {"Type": "Wait", "Timestamp": "2026-12-24T18:00:00Z", "End": True},
    },
)
COUNTER = machine(
    "Count",
    Count=function("count", "Enough?"),
    **{"Enough?": {"Type": "Choice", "Choices": [when("$.n", "NumericLessThan", 5, "Count")], "Default": "Done"}},
    Done={"Type": "Succeed"},
)
ACTIVITY = machine(
    "Pack by hand",
    Pack_by_hand=task("arn:aws:states:us-east-1:123456789012:activity:pack", "Ship", HeartbeatSeconds=60),
    Ship=task("states:startExecution.sync:2", Parameters={"StateMachineArn": "arn:...:ship"}),
)

ALL: dict[str, dict[str, Any]] = {
    "job poller": POLLER, "batch with notification": BATCH, "callback": CALLBACK, "saga": SAGA,
    "parallel with a map": NESTED, "deep choice": DEEP_CHOICE, "chain of 20": CHAIN, "distributed map": DISTRIBUTED,
    "single state": SINGLE, "JSONata": JSONATA, "wide choice": WIDE, "long names": LONG_NAMES, "counter": COUNTER,
    "activity": ACTIVITY,
}  # fmt: skip

assert json.loads(json.dumps(ALL)) == ALL
