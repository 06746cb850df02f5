r"""Seam: a definition's texts reach the interpreter unchanged (moto 5.2.5).

Replaced, in the preprocessor of moto's parser:

- `_inner_string_of`, `from_string_literal`: texts are read as JSON. moto leaves escapes as they are in most places:
  "said \"yes\"" keeps its backslashes.
- `visitString_intrinsic_function`: the same for calls of intrinsic functions.
- `visitChoice_rule_comparison_variable`: Assign in a rule of a JSONPath Choice state is kept; moto drops it.
- of intrinsic functions `_text_of_str`, `StringFormat._eval_body`: only `{}` is a place of States.Format, `\{` and
  `\}` are braces; moto hands the text to Python's own format. `JsonToString._eval_body`: characters stay.
  `MathRandom._eval_body`: the end never comes (Developer Guide, "Intrinsic functions": exclusive); with moto it does.
- `AmazonStateLanguageParser.parse`: moto's grammar takes "JSONata" or "ErrorPath" for its own words inside
  somebody's data, and refuses the definition.
"""

from __future__ import annotations

import json
import random
import re
from typing import Any

from moto.stepfunctions.parser.asl.antlr.runtime.ASLLexer import ASLLexer
from moto.stepfunctions.parser.asl.antlt4utils import antlr4utils
from moto.stepfunctions.parser.asl.component.common.assign.assign_decl import AssignDecl
from moto.stepfunctions.parser.asl.component.common.string.string_expression import StringIntrinsicFunction
from moto.stepfunctions.parser.asl.component.intrinsic.function.statesfunction.generic.string_format import StringFormat
from moto.stepfunctions.parser.asl.component.intrinsic.function.statesfunction.json_manipulation.json_to_string import (
    JsonToString,
)
from moto.stepfunctions.parser.asl.component.intrinsic.function.statesfunction.math_operations.math_random import (
    MathRandom,
)
from moto.stepfunctions.parser.asl.component.state.choice.choice_rule import ChoiceRule
from moto.stepfunctions.parser.asl.parse.asl_parser import AmazonStateLanguageParser
from moto.stepfunctions.parser.asl.parse.intrinsic.intrinsic_parser import IntrinsicParser
from moto.stepfunctions.parser.asl.parse.intrinsic.preprocessor import Preprocessor as IntrinsicPreprocessor
from moto.stepfunctions.parser.asl.parse.preprocessor import Preprocessor

from serverless_cloud.plane import DataPlane
from serverless_cloud.seams.states_expressions import replace_everywhere
from serverless_cloud.seams.states_history import failure

#: The grammar's own words.
_WORDS = frozenset(name[2:-2] for name in ASLLexer.literalNames if name.startswith("'\""))
#: Fields whose values are somebody's data.
_DATA = frozenset(
    ("Parameters", "Arguments", "Result", "ResultSelector", "ItemSelector", "Assign", "Output", "BatchInput", "Items")
)
_MARK = "\ue000"  # of Unicode's private area; stands before a character that is to be written as an escape


class _Literal(str):
    """A text of an intrinsic call, without its escapes; `raw` has them."""

    raw: str


def for_grammar(definition: str) -> str:
    """A definition, in JSON, whose data has no words of moto's grammar: they begin with one of JSON's escapes."""
    plain = json.dumps(_marked(json.loads(definition)), ensure_ascii=False)
    return re.sub(f"{_MARK}(.)", lambda found: f"\\u{ord(found[1]):04x}", plain)


def _marked(value: Any, *, is_data: bool = False, names_states: bool = False) -> Any:
    if isinstance(value, dict):
        found = {}
        for name, each in value.items():
            inner = _marked(
                each, is_data=is_data or (name in _DATA and not names_states), names_states=_holds(name, is_data)
            )
            found[_marked(name, is_data=is_data)] = inner
        return found
    if isinstance(value, list):
        return [_marked(each, is_data=is_data) for each in value]
    return f"{_MARK}{value}" if is_data and isinstance(value, str) and value in _WORDS else value


def _holds(name: str, is_data: bool) -> bool:
    """Whether the names in a field's value are states' names."""
    return name == "States" and not is_data


def text_of(literal: str) -> str:
    """A text from its literal in JSON; other tokens are themselves."""
    try:
        found = json.loads(literal)
    except ValueError:
        return literal
    return found if isinstance(found, str) else literal


def install(plane: DataPlane) -> None:
    """Lets definitions be read as JSON."""
    del plane
    kind: Any = Preprocessor
    moto_rule = kind.visitChoice_rule_comparison_variable

    def inner(parser_rule_context: Any) -> str | None:
        if antlr4utils.is_terminal(parser_rule_context, ASLLexer.NULL):
            return None
        return text_of(parser_rule_context.getText())

    def literal(parser_rule_context: Any) -> str:
        return text_of(parser_rule_context.getText())

    def intrinsic(self: Any, ctx: Any) -> Any:
        del self
        call = text_of(ctx.STRINGINTRINSICFUNC().getText())
        function, _ = IntrinsicParser.parse(call)
        return StringIntrinsicFunction(intrinsic_function_derivation=call, function=function)

    def rule(self: Any, ctx: Any) -> Any:
        found = moto_rule(self, ctx)
        if found.assign is not None:
            return found
        assign = next((part for part in map(self.visit, ctx.children) if isinstance(part, AssignDecl)), None)
        return ChoiceRule(found.comparison, found.next_stmt, found.comment, assign, found.output)

    def intrinsic_text(parse_tree: Any) -> str:
        raw = parse_tree.getText()[1:-1]
        found = _Literal(re.sub(r"\\(.)", r"\1", raw))
        found.raw = raw
        return found

    calls: Any = IntrinsicPreprocessor
    calls._text_of_str = staticmethod(intrinsic_text)
    functions: dict[Any, Any] = {StringFormat: _format, JsonToString: _json_to_string, MathRandom: _math_random}
    for function, evaluate in functions.items():
        function._eval_body = evaluate
    parser: Any = AmazonStateLanguageParser
    moto_parse = parser.parse
    parser.parse = staticmethod(lambda definition: moto_parse(for_grammar(definition)))
    kind._inner_string_of = staticmethod(inner)
    kind.visitString_intrinsic_function = intrinsic
    kind.visitChoice_rule_comparison_variable = rule
    replace_everywhere(antlr4utils.from_string_literal, literal)


def _format(self: Any, env: Any) -> None:
    """States.Format."""
    self.argument_list.eval(env=env)
    template, *values = env.stack.pop()
    parts = re.split(r"(\\.|\{\})", template.raw if isinstance(template, _Literal) else template)
    if parts.count("{}") != len(values):
        places = parts.count("{}")
        cause = f"Invalid arguments in States.Format: {places} places and {len(values)} values"
        raise failure(env, "States.IntrinsicFailure", cause)
    told = iter(map(self._to_str_repr, values))
    env.stack.append("".join(next(told) if part == "{}" else re.sub(r"\\(.)", r"\1", part) for part in parts))


def _json_to_string(self: Any, env: Any) -> None:
    """States.JsonToString."""
    self.argument_list.eval(env=env)
    (value,) = env.stack.pop()
    env.stack.append(json.dumps(value, separators=(",", ":"), ensure_ascii=False))


def _math_random(self: Any, env: Any) -> None:
    """States.MathRandom: a whole number from the start on, below the end."""
    self.argument_list.eval(env=env)
    given = env.stack.pop()
    start, end, *seed = (self._validate_integer_value(value, "States.MathRandom") for value in given)
    if start >= end:
        cause = f"Invalid arguments in States.MathRandom: the start, {start}, is not below the end, {end}"
        raise failure(env, "States.IntrinsicFailure", cause)
    env.stack.append(random.Random(*seed).randrange(start, end))
