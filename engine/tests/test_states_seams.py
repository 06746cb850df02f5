"""Where moto hands over state machines: this fails when moto changes under a seam, so that somebody looks."""

from __future__ import annotations

from typing import Any

import pytest
from moto.core.responses import ActionResult
from moto.stepfunctions import models, responses
from moto.stepfunctions.parser import models as parser_models
from moto.stepfunctions.parser.asl.antlt4utils import antlr4utils
from moto.stepfunctions.parser.asl.component.common.error_name.error_equals_decl import ErrorEqualsDecl
from moto.stepfunctions.parser.asl.component.common.path.result_path import ResultPath
from moto.stepfunctions.parser.asl.component.common.retry.interval_seconds_decl import IntervalSecondsDecl
from moto.stepfunctions.parser.asl.component.common.retry.retrier_decl import RetrierDecl
from moto.stepfunctions.parser.asl.component.common.string.string_expression import StringJSONata, StringVariableSample
from moto.stepfunctions.parser.asl.component.intrinsic.function.statesfunction.generic.string_format import StringFormat
from moto.stepfunctions.parser.asl.component.intrinsic.function.statesfunction.json_manipulation.json_to_string import (
    JsonToString,
)
from moto.stepfunctions.parser.asl.component.program.program import Program
from moto.stepfunctions.parser.asl.component.state.choice.choice_rule import ChoiceRule
from moto.stepfunctions.parser.asl.component.state.choice.comparison.comparison import ConditionStringJSONata
from moto.stepfunctions.parser.asl.component.state.choice.comparison.comparison_func import ComparisonFuncValue
from moto.stepfunctions.parser.asl.component.state.choice.state_choice import StateChoice
from moto.stepfunctions.parser.asl.component.state.exec.execute_state import ExecutionState
from moto.stepfunctions.parser.asl.component.state.state import CommonStateField
from moto.stepfunctions.parser.asl.component.state.wait.wait_function.timestamp import Timestamp
from moto.stepfunctions.parser.asl.component.state.wait.wait_function.wait_function import WaitFunction
from moto.stepfunctions.parser.asl.eval.environment import Environment
from moto.stepfunctions.parser.asl.eval.event import logging
from moto.stepfunctions.parser.asl.eval.event.event_manager import EventManager
from moto.stepfunctions.parser.asl.eval.variable_store import VariableStore
from moto.stepfunctions.parser.asl.parse.asl_parser import AmazonStateLanguageParser
from moto.stepfunctions.parser.asl.parse.intrinsic.preprocessor import Preprocessor as IntrinsicPreprocessor
from moto.stepfunctions.parser.asl.parse.preprocessor import Preprocessor
from moto.stepfunctions.parser.asl.utils import encoding, json_path
from moto.stepfunctions.parser.backend.execution import Execution
from moto.stepfunctions.parser.backend.execution_worker import ExecutionWorker

from kits import seam_kit

LOOK: str = seam_kit.LOOK
EVALUATE = {"_eval_body": "self, env"}
MACHINE = (
    "self, name, definition, roleArn, tags=None, publish=None, loggingConfiguration=None, tracingConfiguration=None, "
    "encryptionConfiguration=None, version_description=None, sm_type=None"
)
CHANGE = (
    "self, arn, definition=None, role_arn=None, logging_configuration=None, tracing_configuration=None, "
    "encryption_configuration=None, publish=None, version_description=None"
)

#: What each seam replaces or calls: owner, names with their parameters and defaults.
SEAMS: seam_kit.Seams = {
    "states_clock.py": [
        (Environment, {
            "__init__": "self, aws_execution_details, execution_type, context, event_history_context, "
            "cloud_watch_logging_session, activity_store, variable_store=None, mock_test_case=None",
            "as_inner_frame_of": "env, variable_store, event_history_frame_cache=None",
            "close_frame": "self, frame",
            "delete_frame": "self, frame",
            "set_error": "self, error",
            "set_timed_out": "self",
            "set_stop": "self, stop_date, cause, error",
        }),
        (WaitFunction, {"_wait_interval": "self, env, wait_seconds"}),
        (RetrierDecl, EVALUATE),
        (IntervalSecondsDecl, {"__init__": "self, seconds=1"}),
        (Timestamp, {"_get_wait_seconds": "self, env", "_from_timestamp_string": "timestamp"}),
        (Program, {"eval": "self, env"}),
        (ExecutionState, {"from_state_props": "self, state_props", "_evaluate_with_timeout": "self, env"}),
    ],
    "states_answers.py": [
        (encoding, {"to_json_str": "obj, separators=None"}),
        (ActionResult, {"__init__": "self, result"}),
    ],
    "states_errors.py": [
        (ErrorEqualsDecl, EVALUATE),
        (CommonStateField, {"_eval_state_input": "self, env"}),
        (encoding, {"to_json_str": "obj, separators=None"}),
    ],
    "states_executions.py": [
        (responses, {"get_backend": "account, region"}),
        (responses.StepFunctionResponse, dict.fromkeys(
            ("start_execution", "describe_execution", "list_executions", "get_execution_history", "stop_execution",
             "describe_state_machine_for_execution"),
            "self",
        )),
        (parser_models.StepFunctionsParserBackend, {"_get_executions": "self, execution_status=None"}),
        (models.StepFunctionBackend, {"_validate_name": "self, name", "_validate_machine_arn": "self, machine_arn"}),
    ],
    "states_history.py": [
        (EventManager, {
            "add_event": "self, context, event_type, event_details=None, timestamp=None, update_source_event_id=True",
        }),
    ],
    "states_logs.py": [(logging, {"is_logging_enabled_for": "log_level, history_event_type"})],
    "states_machines.py": [
        (models.StepFunctionBackend, {
            "create_state_machine": MACHINE, "update_state_machine": CHANGE, "delete_state_machine": "self, arn",
        }),
        (parser_models.StepFunctionsParserBackend, {"create_state_machine": MACHINE, "update_state_machine": CHANGE}),
        (responses.StepFunctionResponse, {
            "create_state_machine": "self",
            "update_state_machine": "self",
            "_describe_state_machine": "self, state_machine_arn",
        }),
    ],
    "states_parsing.py": [
        (Preprocessor, {
            "_inner_string_of": "parser_rule_context",
            "visitString_intrinsic_function": "self, ctx",
            "visitChoice_rule_comparison_variable": "self, ctx",
        }),
        (antlr4utils, {"from_string_literal": "parser_rule_context"}),
        (IntrinsicPreprocessor, {"_text_of_str": "parse_tree"}),
        (StringFormat, EVALUATE),
        (JsonToString, EVALUATE),
        (AmazonStateLanguageParser, {"parse": "definition"}),
        (ChoiceRule, {"__init__": "self, comparison, next_stmt, comment, assign, output"}),
    ],
    "states_expressions.py": [
        *((kind, EVALUATE) for kind in (StringJSONata, StringVariableSample, ConditionStringJSONata)),
        (json_path, {"extract_json": "path, data"}),
        (ResultPath, EVALUATE),
        (ComparisonFuncValue, EVALUATE),
        (ChoiceRule, EVALUATE),
        (StateChoice, {"_eval_state": "self, env", "_eval_state_output": "self, env"}),
        (VariableStore, {"get_assigned_variables": "self"}),
    ],
    "states_running.py": [
        (Execution, {
            "__init__": "self, name, sm_type, role_arn, exec_arn, account_id, region_name, state_machine, start_date, "
            "cloud_watch_logging_session, activity_store, input_data, trace_header=None",
            "start": "self",
            "stop": "self, stop_date, error, cause",
        }),
        (ExecutionWorker, {
            "__init__": "self, evaluation_details, exec_comm, cloud_watch_logging_session, activity_store, "
            "mock_test_case=None",
            "_get_evaluation_environment": "self",
        }),
        (AmazonStateLanguageParser, {"parse": "definition"}),
    ],
}  # fmt: skip
SIGNATURES = seam_kit.signatures(SEAMS)

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
    found["versions"] = refused(lambda: states.publish_state_machine_version(stateMachineArn=arn))
    lost = {"StartAt": "A", "States": {"A": {"Type": "Pass", "Next": "Nobody"}}}
    found["unknown target"] = refused(lambda: machine("lost", lost))
    found["same name"] = refused(lambda: machine("one", note(Result=1)))
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


@pytest.mark.parametrize(("seam", "owner", "name", "parameters"), SIGNATURES)
def test_moto_still_has_what_a_seam_replaces_or_calls(seam: str, owner: Any, name: str, parameters: str) -> None:
    seam_kit.require_signature(seam, owner, name, parameters)


@seam_kit.asks_stock_moto
def test_stock_moto_still_has_the_defects_that_the_seams_mend() -> None:
    assert seam_kit.stock(STOCK) == {
        "no name": True,
        "sync": "ClientError",
        "redrive": "NotImplementedError",
        "validate": "NotImplementedError",
        "versions": "NotImplementedError",
        "unknown target": "",
        "same name": "",
        "list item": [1],
        "and": False,
        "missing variable": "SUCCEEDED",
        "no choice": "States.Runtime",
        "assign of a rule": "FAILED",
        "jsonata": "States.Runtime",
        "escapes": 'b\\"c',
        "words": "ClientError",
        "braces": "FAILED",
        "threads kept": True,
        "ascii": '"\\u706f"',
        "spaces": '{"lamps": [1, 2]}',
        "offset": None,
        "all matches runtime": True,
        "after the end": 2,
    }, LOOK.format("states_*.py")
