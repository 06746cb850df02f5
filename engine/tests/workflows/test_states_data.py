"""What states do with data: paths, choices, intrinsic functions, JSONata, variables, context; plain boto3."""

from __future__ import annotations

import json
from typing import Any

import pytest

from kits import states_kit as states

pytestmark = pytest.mark.usefixtures("aws")

ORDER = {"id": 7, "items": [{"lamp": "andon", "price": 1200, "n": 1}, {"lamp": "chochin", "price": 800, "n": 2}]}


def passed(given: Any = ORDER, **state: Any) -> Any:
    """The output of one Pass state."""
    return states.succeeded(states.run_once(states.steps(Note={"Type": "Pass", "End": True} | state), given))


def jsonata(expression: Any, given: Any = ORDER) -> Any:
    """The value of an expression, or of an object with some, in the Output of a Pass state."""
    return passed(given, QueryLanguage="JSONata", Output=expression)


def chosen(rule: dict[str, Any], given: Any) -> bool:
    """Whether a rule of a Choice state takes its branch."""
    yes, no = ({"Type": "Pass", "Result": answer, "End": True} for answer in (True, False))
    ask = {"Type": "Choice", "Choices": [rule | {"Next": "Yes"}], "Default": "No"}
    return bool(states.succeeded(states.run_once(states.steps(Ask=ask, Yes=yes, No=no), given)))


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("$.id", 7),
        ("$.items[0].price", 1200),
        ("$.items[*].price", [1200, 800]),
        ("$.items[-1:].lamp", ["chochin"]),
        ("$..lamp", ["andon", "chochin"]),
        ("$['items'][1]['n']", 2),
        ("$.items.length()", 2),
    ],
)
def test_paths(path: str, value: Any) -> None:
    assert passed(Parameters={"found.$": path}) == {"found": value}


def test_input_result_and_output_paths() -> None:
    assert passed(InputPath="$.items[0]", OutputPath="$.lamp") == "andon"
    assert passed({"a": 1}, Result={"b": 2}, ResultPath="$.c.d") == {"a": 1, "c": {"d": {"b": 2}}}
    assert passed({"a": 1}, Result={"b": 2}, ResultPath=None) == {"a": 1}
    assert passed({"a": 1}, InputPath=None) == {}


@pytest.mark.parametrize(
    ("state", "error", "cause"),
    [
        ({"InputPath": "$.lamp"}, "States.Runtime", "Invalid path '$.lamp'"),
        ({"OutputPath": "$.lamp"}, "States.Runtime", "Invalid path '$.lamp'"),
        (
            {"Parameters": {"n.$": "$.lamp"}},
            "States.Runtime",
            "'$.lamp' specified for the field 'n.$' could not be found",
        ),
        ({"Result": 1, "ResultPath": "$.id.n"}, "States.ResultPathMatchFailure", "Unable to apply step"),
        ({"Parameters": {"n.$": "$nobody"}}, "States.Runtime", "$nobody"),
    ],
)
def test_paths_that_lead_nowhere(state: dict[str, Any], error: str, cause: str) -> None:
    run = states.failed(states.run_once(states.steps(Note={"Type": "Pass", "End": True} | state), ORDER), error, cause)
    assert run.types == ["ExecutionStarted", "PassStateEntered", "ExecutionFailed"]


OPERATORS: list[tuple[dict[str, Any], Any, bool]] = [
    ({"StringEquals": "andon"}, "andon", True),
    ({"StringEquals": "$andon"}, "$andon", True),
    ({"StringLessThan": "b"}, "andon", True),
    ({"StringGreaterThan": "b"}, "andon", False),
    ({"StringLessThanEquals": "andon"}, "andon", True),
    ({"StringGreaterThanEquals": "andon"}, "andon", True),
    ({"StringMatches": "an*n"}, "andon", True),
    ({"StringMatches": "an\\*n"}, "andon", False),
    ({"StringMatches": "an\\*n"}, "an*n", True),
    ({"NumericEquals": 7}, 7.0, True),
    ({"NumericEquals": 1}, True, False),
    ({"NumericEquals": 7}, "7", False),
    ({"NumericLessThan": 8}, 7, True),
    ({"NumericGreaterThan": 7}, 7, False),
    ({"NumericLessThanEquals": 7}, 7, True),
    ({"NumericGreaterThanEquals": 7.5}, 7, False),
    ({"BooleanEquals": False}, False, True),
    ({"BooleanEquals": False}, 0, False),
    ({"TimestampEquals": "2026-01-01T00:00:00Z"}, "2026-01-01T09:00:00+09:00", True),
    ({"TimestampLessThan": "2026-01-01T00:00:00Z"}, "2025-12-31T23:59:59.9Z", True),
    ({"TimestampGreaterThan": "2026-01-01T00:00:00Z"}, "2025-01-01T00:00:00Z", False),
    ({"TimestampLessThanEquals": "2026-01-01T00:00:00Z"}, "2026-01-01T00:00:00Z", True),
    ({"TimestampGreaterThanEquals": "2026-01-01T00:00:00Z"}, "tomorrow", False),
    ({"IsNull": True}, None, True),
    ({"IsString": False}, 7, True),
    ({"IsNumeric": True}, True, False),
    ({"IsBoolean": True}, True, True),
    ({"IsTimestamp": True}, "2026-01-01T00:00:00Z", True),
    ({"IsTimestamp": True}, "2026-01-01", False),
    ({"IsPresent": True}, 7, True),
    ({"IsPresent": True}, None, True),
]


def test_every_operator() -> None:
    """All in one machine: a Map over the cases, a state for each."""
    wrong = []
    for number, (operator, value, wanted) in enumerate(OPERATORS):
        yes, no = ({"Type": "Pass", "Result": answer, "End": True} for answer in (True, False))
        ask = {"Type": "Choice", "Choices": [{"Variable": "$.v", "Next": "Yes"} | operator], "Default": "No"}
        name = f"case{number}"
        if states.succeeded(states.run_once(states.steps(Ask=ask, Yes=yes, No=no), {"v": value}, name)) is not wanted:
            wrong.append((operator, value))
    assert wrong == []


@pytest.mark.parametrize(
    ("operator", "other", "wanted"),
    [
        ("StringEqualsPath", "andon", False),
        ("NumericLessThanPath", 8, True),
        ("NumericGreaterThanEqualsPath", 8, False),
        ("BooleanEqualsPath", True, False),
    ],
)
def test_operators_with_a_path(operator: str, other: Any, wanted: bool) -> None:
    assert chosen({"Variable": "$.v", operator: "$.other"}, {"v": 7, "other": other}) is wanted


def test_and_or_not_with_paths_into_lists() -> None:
    first = {"Variable": "$[0][0].v", "NumericEquals": 7}
    second = {"Variable": "$[0][1]", "IsNull": True}
    given = [[{"v": 7}, None]]
    assert chosen({"And": [first, second]}, given)
    assert not chosen({"And": [first, {"Not": second}]}, given)
    assert chosen({"Or": [{"Not": first}, second]}, given)
    assert chosen({"Not": {"And": [first, {"Not": second}]}}, given)


def test_what_is_not_there() -> None:
    assert not chosen({"Variable": "$.v", "IsPresent": True}, {})
    assert not chosen({"And": [{"Variable": "$.v", "IsPresent": True}, {"Variable": "$.v", "IsNull": True}]}, {})
    ask = {"Type": "Choice", "Choices": [{"Variable": "$.v", "NumericEquals": 7, "Next": "Yes"}]}
    run = states.run_once(states.steps(Ask=ask, Yes=states.DONE), {}, "nothing")
    assert (run.status, run.error) == ("FAILED", "States.Runtime")
    assert "Invalid path '$.v': The choice state's condition path references an invalid value." in run.cause


def test_no_rule_and_no_default() -> None:
    ask = {"Type": "Choice", "Choices": [{"Variable": "$.v", "NumericEquals": 7, "Next": "Yes"}]}
    run = states.failed(states.run_once(states.steps(Ask=ask, Yes=states.DONE), {"v": 8}), "States.Runtime")
    assert run.types == ["ExecutionStarted", "ChoiceStateEntered", "ExecutionFailed"]


def test_assign_of_a_rule_and_of_the_default() -> None:
    rule = {"Variable": "$.v", "NumericEquals": 7, "Assign": {"why.$": "$.v"}, "Next": "Tell"}
    ask = {"Type": "Choice", "Choices": [rule], "Default": "Tell", "Assign": {"why": "default"}}
    definition = states.steps(Ask=ask, Tell={"Type": "Pass", "Parameters": {"why.$": "$why"}, "End": True})
    machine = states.machine(definition)
    assert states.succeeded(states.run(machine, {"v": 7})) == {"why": 7}
    assert states.succeeded(states.run(machine, {"v": 8})) == {"why": "default"}


@pytest.mark.parametrize(
    ("given", "output"),
    [
        ({"paid": 2000, "gift": "fan"}, {"from": "first", "gift": "fan"}),
        ({"paid": 1001, "gift": "bell", "discount": 5}, {"from": "first", "gift": "bell"}),
        ({"paid": 1000, "discount": 45}, {"from": "second", "discount": 45}),
        ({"paid": 101, "discount": 5, "gift": "fan"}, {"from": "second", "discount": 5}),
        ({"paid": 100, "note": "small"}, {"from": "default", "note": "small"}),
        ({"paid": 0, "note": "nothing", "discount": 5}, {"from": "default", "note": "nothing"}),
    ],
)
def test_only_the_rule_that_matches_gives_the_output(given: dict[str, Any], output: dict[str, Any]) -> None:
    """What the other rules would give isn't even worked out. If it were, it would fail where the field is missing."""
    rules = [
        {
            "Condition": "{% $states.input.paid > 1000 %}",
            "Output": {"from": "first", "gift": "{% $states.input.gift %}"},
            "Next": "Done",
        },
        {
            "Condition": "{% $states.input.paid > 100 %}",
            "Output": {"from": "second", "discount": "{% $states.input.discount %}"},
            "Next": "Done",
        },
    ]
    otherwise = {"from": "default", "note": "{% $states.input.note %}"}
    ask = {"Type": "Choice", "Choices": rules, "Output": otherwise, "Default": "Done"}
    definition = {"QueryLanguage": "JSONata"} | states.steps(Ask=ask, Done=states.DONE)
    assert states.succeeded(states.run_once(definition, given)) == output


INTRINSICS: list[tuple[str, Any]] = [
    ("States.Format('{} of {}', $.id, $.items[0].lamp)", "7 of andon"),
    ("States.Array(1, 'a', $.id)", [1, "a", 7]),
    ("States.ArrayPartition($.items[*].n, 1)", [[1], [2]]),
    ("States.ArrayContains($.items[*].n, 2)", True),
    ("States.ArrayRange(1, 9, 4)", [1, 5, 9]),
    ("States.ArrayGetItem($.items[*].lamp, 1)", "chochin"),
    ("States.ArrayLength($.items)", 2),
    ("States.ArrayUnique(States.Array(1, 1, 2))", [1, 2]),
    ("States.Base64Encode('Hikari')", "SGlrYXJp"),
    ("States.Base64Decode('SGlrYXJp')", "Hikari"),
    ("States.Hash('Hikari', 'SHA-1')", "7d0c4f1df9d0a3c0b9a4"),
    ("States.JsonMerge($.items[0], $.items[1], false)", {"lamp": "chochin", "price": 800, "n": 2}),
    ("States.StringToJson('{\"n\": 1}')", {"n": 1}),
    ("States.Format('it\\'s \\{{}\\} of {}', $.id, '\\\\')", "it's {7} of \\"),
    ("States.JsonToString('灯り')", '"灯り"'),
    ("States.JsonToString($.items[0])", '{"lamp":"andon","price":1200,"n":1}'),
    ("States.MathAdd($.id, -2)", 5),
    ("States.StringSplit('a,b;c', ',;')", ["a", "b", "c"]),
    ("States.Format('{}\n\tof', $.id)", "7\n\tof"),
    ("States.Array('a\nb', 'c\\\n')", ["a\nb", "c\n"]),
]


def test_every_intrinsic_function() -> None:
    import hashlib

    calls = {f"f{number}.$": call for number, (call, _) in enumerate(INTRINSICS)}
    more = {"uuid.$": "States.UUID()", "same.$": "States.MathRandom(1, 1000, 7)"}
    found = passed(Parameters=calls | more)
    wanted = [value for _, value in INTRINSICS]
    wanted[10] = hashlib.sha1(b"Hikari", usedforsecurity=False).hexdigest()
    assert [found[f"f{number}"] for number in range(len(INTRINSICS))] == wanted
    assert len(found["uuid"]) == 36
    assert passed(Parameters=more)["same"] == found["same"]


def test_a_random_number_may_be_the_start_and_is_never_the_end() -> None:
    found = passed(Parameters={f"n{number}.$": "States.MathRandom(4, 6)" for number in range(200)})
    assert set(found.values()) == {4, 5}  # that one of them is missing: one time in 10 ** 60
    for call in ("States.MathRandom(4, 4)", "States.MathRandom(6, 4)"):
        run = states.run_once(states.steps(Note={"Type": "Pass", "Parameters": {"n.$": call}, "End": True}), {})
        assert (run.status, run.error) == ("FAILED", "States.IntrinsicFailure")
        assert "is not below the end, 4" in run.cause


EXPRESSIONS: list[tuple[str, Any]] = [
    ("$states.input.items[price > 1000].lamp", "andon"),
    ("$sum($states.input.items.(price * n))", 2800),
    ("$count($states.input.items) = 2 and $states.input.id > 5", True),
    ("$states.input.items[0].lamp & ' lamp'", "andon lamp"),
    ("$map($states.input.items, function($each) { $uppercase($each.lamp) })", ["ANDON", "CHOCHIN"]),
    ("$merge([$states.input.items[0], {'n': 5}])", {"lamp": "andon", "price": 1200, "n": 5}),
    ("$partition([1, 2, 3, 4, 5], 2)", [[1, 2], [3, 4], [5]]),
    ("$range(0, 10, 5)", [0, 5, 10]),
    ("$range(3, 1, -1)", [3, 2, 1]),
    ("$hash('Hikari', 'MD5')", "d4b1f9e0"),
    ("$parse('{\"n\": [1, null]}')", {"n": [1, None]}),
    ("$random(7) = $random(7)", True),
    ("$length($uuid())", 36),
    ("$states.context.State.Name", "Note"),
    ("null", None),
    ("7 / 2", 3.5),
    ("[1..3]", [1, 2, 3]),
    ("$string('灯り')", "灯り"),
]


def test_jsonata_with_the_functions_that_aws_adds() -> None:
    import hashlib

    found = jsonata({f"e{number}": f"{{% {text} %}}" for number, (text, _) in enumerate(EXPRESSIONS)})
    wanted = [value for _, value in EXPRESSIONS]
    wanted[9] = hashlib.md5(b"Hikari", usedforsecurity=False).hexdigest()
    assert [found[f"e{number}"] for number in range(len(EXPRESSIONS))] == wanted


@pytest.mark.parametrize(
    ("expression", "cause"),
    [
        (
            "{% $states.input.nobody %}",
            "expression '$states.input.nobody' specified for the field 'Output' returned nothing (undefined).",
        ),
        (
            "{% $sum('lamps') %}",
            "The JSONata expression '$sum('lamps')' specified for the field 'Output' threw an error during evaluation. "
            'T0412: Argument 1 of function "sum" must be an array of "numbers"',
        ),
        ("{% $lookup %}", "returned an unsupported result type."),
        ("{% $eval('1') %}", "Function $eval is not supported"),
        ("{% $nobody %}", "returned nothing (undefined)."),
        ("{% (function($n) { $n }) %}", "returned an unsupported result type."),
    ],
)
def test_jsonata_that_fails(expression: str, cause: str) -> None:
    note = {"Type": "Pass", "QueryLanguage": "JSONata", "Output": expression, "End": True}
    run = states.failed(states.run_once(states.steps(Note=note), ORDER), "States.QueryEvaluationError")
    assert run.cause.startswith("An error occurred while executing the state 'Note' (entered at the event id #2). ")
    assert cause in run.cause
    assert run.types == ["ExecutionStarted", "PassStateEntered", "EvaluationFailed", "ExecutionFailed"]


def test_variables_of_jsonata() -> None:
    definition = {"QueryLanguage": "JSONata"} | states.steps(
        Take={
            "Type": "Pass",
            "Assign": {
                "lines": "{% $states.input.items %}",
                "note": 'said "yes"',
                "nothing": None,
                "deep": {"n": "{% 1 + 1 %}"},
            },
            "Next": "Ask",
        },
        Ask={
            "Type": "Choice",
            "Choices": [
                {
                    "Condition": "{% $sum($lines.price) > 1500 %}",
                    "Assign": {"big": True},
                    "Output": {"from": "rule"},
                    "Next": "Tell",
                }
            ],
            "Default": "Tell",
        },
        Tell={
            "Type": "Pass",
            "Output": {
                "n": "{% $deep.n %}",
                "big": "{% $big %}",
                "in": "{% $states.input %}",
                "note": "{% $note %}",
                "nothing": "{% $nothing %}",
            },
            "End": True,
        },
    )
    run = states.run_once(definition, ORDER)
    assert states.succeeded(run) == {"n": 2, "big": True, "in": {"from": "rule"}, "note": 'said "yes"', "nothing": None}
    (first, second, _) = [states.details(event) for event in run.events if event["type"].endswith("Exited")]
    assert {name: json.loads(value) for name, value in first["assignedVariables"].items()} == {
        "lines": ORDER["items"], "note": 'said "yes"', "nothing": None, "deep": {"n": 2},
    }  # fmt: skip
    assert second["assignedVariables"] == {"big": "true"}


def test_variables_of_jsonpath_and_a_jsonata_state_among_them() -> None:
    definition = states.steps(
        Take={"Type": "Pass", "Assign": {"order.$": "$.id", "first.$": "$.items[0]"}, "Next": "Price"},
        Price={
            "Type": "Pass",
            "QueryLanguage": "JSONata",
            "Assign": {"double": "{% $first.price * 2 %}"},
            "Next": "Tell",
        },
        Tell={
            "Type": "Pass",
            "Parameters": {"order.$": "$order", "double.$": "$double", "text.$": "States.Format('{}', $first.lamp)"},
            "End": True,
        },
    )
    assert states.succeeded(states.run_once(definition, ORDER)) == {"order": 7, "double": 2400, "text": "andon"}


def test_result_and_error_output_of_jsonata(kit: Any) -> None:
    arn = kit.deploy("price", "def handler(event, context):\n    return {'total': event['price'] * event['n']}\n")
    task = {
        "Type": "Task", "Resource": "arn:aws:states:::lambda:invoke",
        "Arguments": {"FunctionName": arn, "Payload": "{% $states.input %}"},
        "Output": "{% $states.result.Payload.total %}",
        "Catch": [{"ErrorEquals": ["KeyError"], "Output": {"lost": "{% $states.errorOutput.Error %}"}, "Next": "Tell"}],
        "Next": "Tell",
    }  # fmt: skip
    definition = {"QueryLanguage": "JSONata"} | states.steps(Price=task, Tell={"Type": "Succeed"})
    machine = states.machine(definition)
    assert states.succeeded(states.run(machine, {"price": 3, "n": 4})) == 12
    assert states.succeeded(states.run(machine, {"price": 3})) == {"lost": "KeyError"}


def test_catch_keeps_the_input_beside_the_error(kit: Any) -> None:
    arn = kit.deploy("pay", "def handler(event, context):\n    raise ValueError('no card')\n")
    caught = [
        {"ErrorEquals": ["Nobody"], "Next": "Wrong"},
        {"ErrorEquals": ["States.TaskFailed"], "ResultPath": "$.problem", "Next": "Tell"},
    ]
    definition = states.steps(
        Pay={"Type": "Task", "Resource": arn, "Catch": caught, "Next": "Tell"}, Tell=states.DONE, Wrong={"Type": "Fail"}
    )
    found = states.succeeded(states.run_once(definition, {"order": 7}))
    assert (found["order"], found["problem"]["Error"]) == (7, "ValueError")
    assert json.loads(found["problem"]["Cause"])["errorMessage"] == "no card"


def test_states_all_does_not_catch_what_is_wrong_with_the_machine(kit: Any) -> None:
    arn = kit.deploy("pay", "def handler(event, context):\n    return 1\n")
    everything = [{"ErrorEquals": ["States.ALL"], "Next": "Tell"}]
    task = {"Type": "Task", "Resource": arn, "Parameters": {"n.$": "$.nobody"}, "Catch": everything, "Next": "Tell"}
    states.failed(states.run_once(states.steps(Pay=task, Tell=states.DONE), {"order": 7}), "States.Runtime")


def test_the_context_object() -> None:
    wanted = {
        "id.$": "$$.Execution.Id", "name.$": "$$.Execution.Name", "input.$": "$$.Execution.Input.id",
        "start.$": "$$.Execution.StartTime", "role.$": "$$.Execution.RoleArn", "state.$": "$$.State.Name",
        "entered.$": "$$.State.EnteredTime", "machine.$": "$$.StateMachine.Name", "of.$": "$$.StateMachine.Id",
    }  # fmt: skip
    arn = states.machine(states.steps(Note={"Type": "Pass", "Parameters": wanted, "End": True}))
    run = states.run(arn, ORDER, name="o-7")
    found = states.succeeded(run)
    assert (found["id"], found["name"], found["input"], found["role"]) == (run.arn, "o-7", 7, states.ROLE)
    assert (found["state"], found["machine"], found["of"]) == ("Note", "orders", arn)
    for moment in (found["start"], found["entered"]):
        assert len(moment) == len("2026-01-01T00:00:00.000Z")
        assert moment.endswith("Z")


def test_items_of_a_map_in_the_context() -> None:
    one = states.steps(One={"Type": "Pass", "End": True})
    selector = {"at.$": "$$.Map.Item.Index", "lamp.$": "$$.Map.Item.Value.lamp", "order.$": "$.id"}
    each = {"Type": "Map", "ItemsPath": "$.items", "ItemSelector": selector, "ItemProcessor": one, "End": True}
    assert states.succeeded(states.run_once(states.steps(Each=each), ORDER)) == [
        {"at": 0, "lamp": "andon", "order": 7}, {"at": 1, "lamp": "chochin", "order": 7},
    ]  # fmt: skip


def test_too_much_data_fails() -> None:
    doubling = states.steps(
        Twice={"Type": "Pass", "Parameters": {"a.$": "$", "b.$": "$"}, "Next": "Again"},
        Again={"Type": "Pass", "Parameters": {"a.$": "$", "b.$": "$"}, "End": True},
    )
    states.failed(states.run_once(doubling, "x" * 100_000), "States.DataLimitExceeded")


def test_a_function_that_returns_no_json_fails(kit: Any) -> None:
    kit.deploy("draw", "def handler(event, context):\n    return b'a lamp'\n")
    arn = kit.client("lambda").get_function(FunctionName="draw")["Configuration"]["FunctionArn"]
    for resource, arguments in ((arn, {}), ("arn:aws:states:::lambda:invoke", {"FunctionName": "draw"})):
        task = {"Type": "Task", "Resource": resource, "Parameters": arguments, "End": True}
        run = states.failed(states.run_once(states.steps(Draw=task)), "States.DataLimitExceeded")
        assert "isn't JSON" in run.cause


def test_a_fail_state_with_paths() -> None:
    stop = {"Type": "Fail", "ErrorPath": "$.error", "CausePath": "States.Format('no {} left', $.lamp)"}
    run = states.run_once(states.steps(Stop=stop), {"error": "Hikari.Sold", "lamp": "andon"})
    assert (run.status, run.error, run.cause) == ("FAILED", "Hikari.Sold", "no andon left")
    assert run.types == ["ExecutionStarted", "FailStateEntered", "ExecutionFailed"]


def test_the_history_has_an_end() -> None:
    count = {"Type": "Pass", "Parameters": {"n.$": "States.MathAdd($.n, 1)"}, "Next": "Ask"}
    ask = {
        "Type": "Choice",
        "Choices": [{"Variable": "$.n", "NumericGreaterThan": 100_000, "Next": "Done"}],
        "Default": "Count",
    }
    run = states.run_once(states.steps(Count=count, Ask=ask, Done=states.DONE), {"n": 0})
    assert (run.status, len(run.events)) == ("FAILED", 25_000)
    assert run.cause == "The execution reached the maximum number of history events (25000)."
    assert [event["id"] for event in run.events] == list(range(1, 25_001))
