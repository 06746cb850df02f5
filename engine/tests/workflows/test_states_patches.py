"""Where moto hands over state machines: this fails when moto changes under a patch, so that somebody looks."""

from __future__ import annotations

from kits import patch_kit

STOCK = r"""
import json, logging, time, boto3
from moto import mock_aws
logging.disable(logging.CRITICAL)
ROLE = "arn:aws:iam::123456789012:role/r"
found = {}
with mock_aws(config={"stepfunctions": {"execute_state_machine": True}}):
    states = boto3.client("stepfunctions", "us-east-1")
    def refused(call):
        try:
            call()
        except Exception as error:
            return type(error).__name__
        return ""
    def machine(name, definition, **more):
        made = states.create_state_machine(name=name, definition=json.dumps(definition), roleArn=ROLE, **more)
        return made["stateMachineArn"]
    def run(definition, given=None):
        run.count += 1
        arn = machine(f"m{run.count}", definition)
        started = states.start_execution(stateMachineArn=arn, input=json.dumps(given or {}), name="n")
        for _ in range(500):
            told = states.describe_execution(executionArn=started["executionArn"])
            if told["status"] != "RUNNING":
                return told
            time.sleep(0.02)
    run.count = 0
    def note(**more):
        return {"StartAt": "N", "States": {"N": {"Type": "Pass", "End": True} | more}}
    def ask(rule, **more):
        yes = {"Type": "Pass", "Result": True, "End": True}
        no = {"Type": "Pass", "Result": False, "End": True}
        choice = {"Type": "Choice", "Choices": [rule | {"Next": "Y"}], "Default": "Z"} | more
        return {"StartAt": "C", "States": {"C": choice, "Y": yes, "Z": no}}
    arn = machine("one", note())
    found["no name"] = states.start_execution(stateMachineArn=arn)["executionArn"].endswith(":None")
    found["sync"] = refused(lambda: states.start_sync_execution(stateMachineArn=arn))
    found["redrive"] = refused(lambda: states.redrive_execution(executionArn=arn))
    found["validate"] = refused(lambda: states.validate_state_machine_definition(definition="{}"))
    alone = json.dumps({"Type": "Pass", "End": True})
    found["trial"] = refused(lambda: states.test_state(definition=alone, roleArn=ROLE))
    lost = {"StartAt": "A", "States": {"A": {"Type": "Pass", "Next": "Nobody"}}}
    found["unknown target"] = refused(lambda: machine("lost", lost))
    found["same name"] = refused(lambda: machine("one", note(Result=1)))
    found["tags of nothing"] = refused(lambda: states.tag_resource(resourceArn=arn + "x", tags=[]))
    found["array"] = refused(lambda: machine("array", note(Parameters=[1])))
    inside = {"Branches": [note(QueryLanguage="JSONPath")], "Type": "Parallel", "QueryLanguage": "JSONata"}
    found["JSONPath in JSONata"] = refused(lambda: machine("languages", note(**inside)))
    bad = {"QueryLanguage": "JSONata"} | note(ToleratedFailureCount="{% 1 %}", ToleratedFailurePercentage="{% 1 %}")
    refused(lambda: machine("bad", bad))
    found["after a bad one"] = refused(lambda: machine("good", note(Parameters={"a": 1})))
    found["default logging"] = states.describe_state_machine(stateMachineArn=arn)["loggingConfiguration"]
    from moto.stepfunctions.parser.asl.parse.preprocessor import Preprocessor
    Preprocessor._query_language_per_scope.clear()
    found["list item"] = json.loads(run(note(OutputPath="$.l[0].v"), {"l": [{"v": 1}]})["output"])
    both = {"And": [{"Variable": "$[0][0].v", "NumericEquals": 7}, {"Variable": "$[0][1]", "IsNull": True}]}
    found["and"] = json.loads(run(ask(both), [[{"v": 7}, None]])["output"])
    found["missing variable"] = run(ask({"Variable": "$.x", "NumericEquals": 1}))["status"]
    no_default = ask({"Variable": "$.x", "NumericEquals": 1})
    del no_default["States"]["C"]["Default"], no_default["States"]["Z"]
    found["no choice"] = run(no_default, {"x": 2})["error"]
    assign = ask({"Variable": "$.x", "NumericEquals": 1, "Assign": {"y": 2}})
    assign["States"]["Y"] = {"Type": "Pass", "Parameters": {"y.$": "$y"}, "End": True}
    found["assign of a rule"] = run(assign, {"x": 1})["status"]
    found["jsonata"] = run(note(QueryLanguage="JSONata", Output="{% 1 + 1 %}"))["error"]
    from moto.stepfunctions.parser.asl.parse.asl_parser import AmazonStateLanguageParser
    program = AmazonStateLanguageParser.parse(json.dumps(note(Assign={"a": 'b"c'})))[0]
    binding = program.states.states["N"].assign_decl.declaration_bindings[0].binding
    found["escapes"] = binding.assign_value.value
    found["words"] = refused(lambda: machine("words", note(Parameters={"CausePath": "JSONata"})))
    found["braces"] = run(note(Parameters={"a.$": r"States.Format('\{{}\}', 1)"}))["status"]
    found["intrinsic"] = run(note(Parameters={"a.$": "States.ArrayGetItem($.a, 9)"}), {"a": []})["error"]
    from moto.stepfunctions.parser import utils
    found["threads kept"] = len(utils.TMP_THREADS) > 0
    from moto.stepfunctions.parser.asl.utils.encoding import to_json_str
    found["ascii"] = to_json_str("\u706f")
    found["spaces"] = to_json_str({"lamps": [1, 2]})
    from moto.stepfunctions.parser.asl.component.state.wait.wait_function.timestamp import Timestamp
    found["offset"] = Timestamp._from_timestamp_string("2026-01-01T00:00:00+09:00")
    from moto.stepfunctions.parser.asl.component.common.error_name import error_equals_decl as equals
    from moto.stepfunctions.parser.asl.component.common.error_name.states_error_name import StatesErrorName
    class Env:
        stack = [StatesErrorName.from_name("States.Runtime")]
    equals.ErrorEqualsDecl([StatesErrorName.from_name("States.ALL")])._eval_body(Env)
    found["all matches runtime"] = Env.stack[-1]
    from moto.stepfunctions.parser.asl.eval.event.event_manager import EventHistoryContext, EventManager
    manager, context = EventManager(), EventHistoryContext.of_program_start()
    for kind in ("ExecutionFailed", "TaskSucceeded"):
        manager.add_event(context, kind)
    found["after the end"] = len(manager.get_event_history())
print(json.dumps(found))
"""


@patch_kit.asks_stock_moto
def test_stock_moto_still_has_the_defects_that_the_patches_mend() -> None:
    assert patch_kit.stock(STOCK) == {
        "no name": True,
        "sync": "ClientError",
        "redrive": "NotImplementedError",
        "validate": "NotImplementedError",
        "trial": "ClientError",
        "unknown target": "",
        "same name": "",
        "tags of nothing": "",
        "array": "ClientError",
        "JSONPath in JSONata": "ClientError",
        "after a bad one": "ClientError",
        "default logging": {"level": "OFF"},
        "list item": [1],
        "and": False,
        "missing variable": "SUCCEEDED",
        "no choice": "States.Runtime",
        "assign of a rule": "FAILED",
        "jsonata": "States.Runtime",
        "escapes": 'b\\"c',
        "words": "ClientError",
        "braces": "FAILED",
        "intrinsic": "States.Runtime",
        "threads kept": True,
        "ascii": '"\\u706f"',
        "spaces": '{"lamps": [1, 2]}',
        "offset": None,
        "all matches runtime": True,
        "after the end": 2,
    }, patch_kit.LOOK.format("states_*.py")
