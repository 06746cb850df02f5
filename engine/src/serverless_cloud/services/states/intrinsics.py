"""Intrinsic functions fail as on AWS, and take fractions.

In moto an argument that a function doesn't take fails the execution with States.Runtime and the name of a class of
Python, and a fraction can't even be written. Rules: Step Functions Developer Guide, "Intrinsic functions"; the form of
the causes is AWS's as seen in public reports, what follows "the following error" is ours.
"""

from __future__ import annotations

import math
import re
from typing import Any

from moto.stepfunctions.parser.asl.component.common.error_name.failure_event import FailureEventException
from moto.stepfunctions.parser.asl.component.common.string.string_expression import StringIntrinsicFunction
from moto.stepfunctions.parser.asl.component.intrinsic.argument.argument import ArgumentLiteral
from moto.stepfunctions.parser.asl.parse.intrinsic.preprocessor import Preprocessor
from moto.stepfunctions.parser.asl.utils.json_path import NoSuchJsonPathError

from serverless_cloud.core.patches import Service
from serverless_cloud.services.states.frame import Frame
from serverless_cloud.services.states.history import failure
from serverless_cloud.workflows.parameter_names import compact

patches = Service(
    "states",
    defect="engine/tests/workflows/test_states_patches.py::test_stock_moto_still_has_the_defects_that_the_patches_mend",
)

_ASL = "moto.stepfunctions.parser.asl"
_NULL = "0.7410300825412693000107"  # a number that nobody writes stands for null
_NULLS = re.compile(r"('(?:\\.|[^'\\])*')|(?<=[(,\s])null(?=[\s,)])", re.DOTALL)
#: moto's grammar takes no control characters in a text, so they go through it as characters of Unicode's private area.
_DISGUISED = {code: 0xE100 + code for code in range(32)}
_SHOWN = {disguise: code for code, disguise in _DISGUISED.items()}


@patches.replaces(
    f"{_ASL}.component.common.string.string_expression:StringIntrinsicFunction._eval_body",
    upstream="An intrinsic function that fails is States.IntrinsicFailure.",
)
def _call(call: StringIntrinsicFunction, env: Frame) -> None:
    text = call.intrinsic_function_derivation
    try:
        _call.original(call, env)
    except FailureEventException:
        raise
    except NoSuchJsonPathError as error:
        missing = f"The JsonPath argument for the field '{error.json_path}' could not be found in the input"
        told = f"{missing} '{compact(error.data)}'"
        raise failure(env, "States.Runtime", f"The function '{text}' had the following error: {told}") from None
    except Exception as error:
        raise failure(
            env, "States.IntrinsicFailure", f"The function '{text}' had the following error: {error}"
        ) from error


def whole(value: Any) -> int:
    """A number, rounded to the nearest integer; a half upward.

    Raises:
        ValueError: it isn't a number.
    """
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError(f"Expected a number, but got {compact(value)}")
    return math.floor(value + 0.5)


@patches.replaces(f"{_ASL}.parse.intrinsic.preprocessor:Preprocessor.visitFunc_arg_float", expects="self, ctx")
def _visit_float(_: Preprocessor, ctx: Any) -> ArgumentLiteral:
    text = ctx.getText()
    return ArgumentLiteral(None if text == _NULL else float(text))


def for_grammar(call: str) -> str:
    """A call as moto's grammar takes it: without null, which it would leave out, and control characters in texts."""
    return _NULLS.sub(lambda part: part[1].translate(_DISGUISED) if part[1] else _NULL, call)


def from_grammar(literal: str) -> str:
    """A text of a call as it was before `for_grammar`."""
    return literal.translate(_SHOWN)
