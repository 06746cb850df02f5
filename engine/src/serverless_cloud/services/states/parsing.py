r"""A definition's texts reach the interpreter unchanged.

- Texts are read as JSON. moto leaves escapes as they are in most places: "said \"yes\"" keeps its backslashes.
- Assign in a rule of a JSONPath Choice state is kept; moto drops it.
- Only `{}` is a place of States.Format, `\{` and `\}` are braces; moto hands the text to Python's own format. The end
  of States.MathRandom never comes (Developer Guide, "Intrinsic functions": exclusive); with moto it does.
- States inside Map and Parallel have the machine's query language or their own, not the surrounding state's.
- Parameters may be an array, and a ToleratedFailureCount in JSONata isn't a ToleratedFailurePercentage.
- moto's grammar takes "JSONata" or "ErrorPath" for its own words inside somebody's data, and refuses the definition:
  `for_grammar` writes such data so that it isn't taken for them.
"""

from __future__ import annotations

import json
import random
import re
from typing import Any, Protocol

from moto.stepfunctions.parser.asl.antlr.runtime.ASLLexer import ASLLexer
from moto.stepfunctions.parser.asl.antlr.runtime.ASLParser import ASLParser
from moto.stepfunctions.parser.asl.antlt4utils import antlr4utils
from moto.stepfunctions.parser.asl.component.common.assign.assign_decl import AssignDecl
from moto.stepfunctions.parser.asl.component.common.parargs import Parameters
from moto.stepfunctions.parser.asl.component.common.string.string_expression import StringIntrinsicFunction
from moto.stepfunctions.parser.asl.component.intrinsic.function.statesfunction.generic.string_format import StringFormat
from moto.stepfunctions.parser.asl.component.intrinsic.function.statesfunction.json_manipulation.json_to_string import (
    JsonToString,
)
from moto.stepfunctions.parser.asl.component.intrinsic.function.statesfunction.math_operations.math_random import (
    MathRandom,
)
from moto.stepfunctions.parser.asl.component.state.choice.choice_rule import ChoiceRule
from moto.stepfunctions.parser.asl.component.state.exec.state_map.tolerated_failure import (
    ToleratedFailureCountStringJSONata,
)
from moto.stepfunctions.parser.asl.parse.intrinsic.intrinsic_parser import IntrinsicParser
from moto.stepfunctions.parser.asl.parse.preprocessor import Preprocessor

from serverless_cloud.core.patches import Service
from serverless_cloud.services.states import intrinsics
from serverless_cloud.services.states.frame import Frame, evaluate
from serverless_cloud.services.states.intrinsics import whole
from serverless_cloud.workflows.parameter_names import compact

patches = Service(
    "states",
    defect="engine/tests/workflows/test_states_patches.py::test_stock_moto_still_has_the_defects_that_the_patches_mend",
)

#: The grammar's own words.
_WORDS = frozenset(name[2:-2] for name in ASLLexer.literalNames if name.startswith("'\""))
#: Fields whose values are somebody's data.
_DATA = frozenset(
    ("Parameters", "Arguments", "Result", "ResultSelector", "ItemSelector", "Assign", "Output", "BatchInput", "Items")
)
_MARK = "\ue000"  # of Unicode's private area; stands before a character that is to be written as an escape
_ARRAY = "\ue001"  # the field of an object that stands for an array


class _Tree(Protocol):
    def getText(self) -> str: ...


class _Literal(str):
    """A text of an intrinsic call, without its escapes; `raw` has them."""

    raw: str


def for_grammar(definition: str) -> str:
    """A definition, in JSON, as moto's grammar takes it.

    Data has no words of the grammar: they begin with one of JSON's escapes. An array of Parameters is in an object.
    """
    plain = json.dumps(_marked(json.loads(definition)), ensure_ascii=False)
    return re.sub(f"{_MARK}(.)", lambda found: f"\\u{ord(found[1]):04x}", plain)


def _marked(value: object, *, is_data: bool = False, names_states: bool = False) -> object:
    if isinstance(value, dict):
        found = {}
        for name, each in value.items():
            if name == "End" and each is False and not is_data and "Next" in value:
                continue  # moto takes it for a second way out of the state
            holds_states = name == "States" and not is_data
            if name == "Parameters" and isinstance(each, list) and not is_data and not names_states:
                each = {_ARRAY: each}
            inner = _marked(each, is_data=is_data or (name in _DATA and not names_states), names_states=holds_states)
            found[_marked(name, is_data=is_data)] = inner
        return found
    if isinstance(value, list):
        return [_marked(each, is_data=is_data) for each in value]
    return f"{_MARK}{value}" if is_data and isinstance(value, str) and value in _WORDS else value


def text_of(literal: str) -> str:
    """A text from its literal in JSON; other tokens are themselves."""
    try:
        found = json.loads(literal)
    except ValueError:
        return literal
    return found if isinstance(found, str) else literal


_ASL = "moto.stepfunctions.parser.asl"
_PREPROCESSOR = f"{_ASL}.parse.preprocessor:Preprocessor"
_FUNCTIONS = f"{_ASL}.component.intrinsic.function.statesfunction"


@patches.replaces(
    f"{_PREPROCESSOR}._inner_string_of", kind="staticmethod", upstream="Texts of a definition are read as JSON."
)
def _inner_string_of(parser_rule_context: _Tree) -> str | None:
    """The text of a rule, read as JSON; moto leaves escapes as they are in most places."""
    if antlr4utils.is_terminal(parser_rule_context, ASLLexer.NULL):
        return None
    return text_of(parser_rule_context.getText())


@patches.replaces(
    f"{_PREPROCESSOR}._open_query_language_scope",
    upstream="States inside a JSONata state of a JSONPath machine may use JSONPath.",
)
def _open_query_language_scope(preprocessor: Preprocessor, parse_tree: Any) -> None:
    """A state that names no query language has the machine's; moto gives it the surrounding state's."""
    scopes = preprocessor._query_language_per_scope
    around = scopes[1:]
    del scopes[1:]
    try:
        _open_query_language_scope.original(preprocessor, parse_tree)
    finally:
        scopes[1:1] = around


@patches.replaces(f"{_ASL}.antlt4utils.antlr4utils:from_string_literal", everywhere=True)
def from_string_literal(parser_rule_context: _Tree) -> str:
    return text_of(parser_rule_context.getText())


@patches.replaces(f"{_PREPROCESSOR}.visitString_intrinsic_function", expects="self, ctx")
def visit_intrinsic_function(_: Preprocessor, ctx: Any) -> StringIntrinsicFunction:
    call = text_of(ctx.STRINGINTRINSICFUNC().getText())
    function, _tree = IntrinsicParser.parse(intrinsics.for_grammar(call))
    return StringIntrinsicFunction(intrinsic_function_derivation=call, function=function)


@patches.replaces(
    f"{_PREPROCESSOR}.visitChoice_rule_comparison_variable",
    expects="self, ctx",
    upstream="Assign of a rule of a Choice state is kept.",
)
def visit_comparison(preprocessor: Preprocessor, ctx: ASLParser.Choice_rule_comparison_variableContext) -> ChoiceRule:
    """A rule of a JSONPath Choice state, with its Assign, which moto drops."""
    found = visit_comparison.original(preprocessor, ctx)
    if found.assign is not None:
        return found
    assign = next((part for part in map(preprocessor.visit, ctx.children) if isinstance(part, AssignDecl)), None)
    return ChoiceRule(found.comparison, found.next_stmt, found.comment, assign, found.output)


@patches.replaces(f"{_PREPROCESSOR}.visitParameters_decl", expects="self, ctx")
def visit_parameters(preprocessor: Preprocessor, ctx: ASLParser.Parameters_declContext) -> Parameters:
    """Parameters: an object or an array."""
    found = visit_parameters.original(preprocessor, ctx)
    bindings: Any = getattr(found.template_eval_component, "payload_bindings", ())
    return Parameters(bindings[0].payload_value) if bindings and bindings[0].field == _ARRAY else found


@patches.replaces(f"{_PREPROCESSOR}.visitTolerated_failure_count_string_jsonata", expects="self, ctx")
def visit_tolerated_count(preprocessor: Preprocessor, ctx: Any) -> ToleratedFailureCountStringJSONata:
    return ToleratedFailureCountStringJSONata(preprocessor.visitString_jsonata(ctx.string_jsonata()))


@patches.replaces(f"{_ASL}.parse.intrinsic.preprocessor:Preprocessor._text_of_str", kind="staticmethod")
def _text_of_str(parse_tree: _Tree) -> str:
    raw = intrinsics.from_grammar(parse_tree.getText()[1:-1])
    literal = _Literal(re.sub(r"(?s)\\(.)", r"\1", raw))
    literal.raw = raw
    return literal


@patches.replaces(
    f"{_FUNCTIONS}.generic.string_format:StringFormat._eval_body", upstream="States.Format takes only {} for a place."
)
def _format(function: StringFormat, env: Frame) -> None:
    """States.Format."""
    template, *values = evaluate(function.argument_list, env)
    parts = re.split(r"(\\.|\{\})", template.raw if isinstance(template, _Literal) else template)
    if parts.count("{}") != len(values):
        places = parts.count("{}")
        raise ValueError(f"There are {places} places and {len(values)} values")
    told = iter(map(function._to_str_repr, values))
    env.stack.append("".join(next(told) if part == "{}" else re.sub(r"\\(.)", r"\1", part) for part in parts))


@patches.replaces(f"{_FUNCTIONS}.json_manipulation.json_to_string:JsonToString._eval_body")
def _json_to_string(function: JsonToString, env: Frame) -> None:
    """States.JsonToString."""
    (value,) = evaluate(function.argument_list, env)
    env.stack.append(compact(value))


@patches.replaces(
    f"{_FUNCTIONS}.math_operations.math_random:MathRandom._eval_body", upstream="States.MathRandom never gives the end."
)
def _math_random(function: MathRandom, env: Frame) -> None:
    """States.MathRandom: a whole number from the start on, below the end."""
    given = evaluate(function.argument_list, env)
    start, end, *seed = map(whole, given)
    if start >= end:
        raise ValueError(f"The start, {start}, is not below the end, {end}")
    env.stack.append(random.Random(*seed).randrange(start, end))
