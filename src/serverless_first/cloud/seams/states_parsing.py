r"""Seam: what stands in a definition arrives in the interpreter as it stands there (moto 5.2.5).

Replaced, in the preprocessor of moto's parser:

- `_inner_string_of`, `from_string_literal`: texts are read as JSON. moto leaves escapes as they are in most places:
  "said \"yes\"" keeps its backslashes.
- `visitString_intrinsic_function`: the same for calls of intrinsic functions.
- `visitChoice_rule_comparison_variable`: Assign in a rule of a JSONPath Choice state is kept; moto drops it.
"""

from __future__ import annotations

import json
from typing import Any

from moto.stepfunctions.parser.asl.antlr.runtime.ASLLexer import ASLLexer
from moto.stepfunctions.parser.asl.antlt4utils import antlr4utils
from moto.stepfunctions.parser.asl.component.common.assign.assign_decl import AssignDecl
from moto.stepfunctions.parser.asl.component.common.string.string_expression import StringIntrinsicFunction
from moto.stepfunctions.parser.asl.component.state.choice.choice_rule import ChoiceRule
from moto.stepfunctions.parser.asl.parse.intrinsic.intrinsic_parser import IntrinsicParser
from moto.stepfunctions.parser.asl.parse.preprocessor import Preprocessor

from serverless_first.cloud.plane import DataPlane
from serverless_first.cloud.seams.states_paths import replace_everywhere


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

    kind._inner_string_of = staticmethod(inner)
    kind.visitString_intrinsic_function = intrinsic
    kind.visitChoice_rule_comparison_variable = rule
    replace_everywhere(antlr4utils.from_string_literal, literal)
