"""The parameters of a template: its declarations, and a caller's values.

Source: CloudFormation Template Reference, "Parameters"; most words of refusals are [recalled, not verified].
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from serverless_cloud.core.constraints import fits
from serverless_cloud.stacks.errors import StackError
from serverless_cloud.stacks.intrinsics import plain

_SSM = re.compile(r"AWS::SSM::Parameter::Value<(.+)>")
_TYPE = re.compile(
    r"String|Number|CommaDelimitedList|List<(?:Number|String)>|AWS::SSM::Parameter::(?:Name|Value<.+>)"
    r"|(?:List<)?AWS::(?:EC2|Route53)::[A-Za-z0-9:]+>?"
)
_PROPERTIES = frozenset({
    "Type", "Default", "Description", "NoEcho", "AllowedValues", "AllowedPattern", "ConstraintDescription", "MinLength",
    "MaxLength", "MinValue", "MaxValue",
})  # fmt: skip


def check(declared: Mapping[str, Any]) -> None:
    """Raises StackError unless each parameter is declared as CloudFormation wants it."""
    for name, of_it in declared.items():
        if not isinstance(of_it, Mapping) or "Type" not in of_it:
            raise StackError("Template format error: Every Parameters object must contain a Type member.")
        if unknown := sorted(set(map(str, of_it)) - _PROPERTIES):
            raise StackError(f"Invalid template parameter property '{unknown[0]}'")
        if not _TYPE.fullmatch(str(of_it["Type"])):
            raise StackError(f"Template format error: Unrecognized parameter type: {of_it['Type']}")
        if isinstance(of_it.get("Default"), (Mapping, list)):
            raise StackError("Template format error: Every Default member must be a string.")
        if not isinstance(of_it.get("AllowedValues", []), list):
            raise StackError(f"Template format error: AllowedValues of parameter {name} must be a list.")


def resolve(
    declared: Mapping[str, Any], inputs: Mapping[str, str], stored: Callable[[str], str]
) -> tuple[dict[str, Any], dict[str, str]]:
    """The values of a template's parameters.

    Args:
        declared: the template's Parameters.
        stored: the value of a parameter of Systems Manager by its name.

    Returns:
        The values as `Ref` gives them, and the texts that DescribeStacks shows.

    Raises:
        StackError: a value is missing, one too many, or not allowed.
    """
    if unknown := sorted(set(inputs) - set(declared)):
        raise StackError(f"Parameters: [{', '.join(unknown)}] do not exist in the template")
    missing = [name for name, of_it in declared.items() if name not in inputs and "Default" not in of_it]
    for name in missing:
        if _SSM.fullmatch(declared[name].get("Type", "")):
            raise StackError(f"Parameter {name} should either have input value or default value")
    if missing:
        raise StackError(f"Parameters: [{', '.join(missing)}] must have values")
    texts = {name: plain(inputs.get(name, of_it.get("Default"))) for name, of_it in declared.items()}
    values: dict[str, Any] = {}
    for name, text in texts.items():
        kind = declared[name].get("Type", "String")
        if match := _SSM.fullmatch(kind):
            kind, text = match[1], stored(text)
        parts = [part.strip() for part in text.split(",")] if _is_list(kind) else [text]
        for part in parts:
            _check(name, declared[name], kind, part)
        values[name] = parts if _is_list(kind) else text
    return values, texts


def listing(declared: Mapping[str, Any], texts: Mapping[str, str], values: Mapping[str, Any]) -> list[dict[str, str]]:
    """As DescribeStacks answers: secret ones as asterisks, names in Systems Manager with what is stored there."""
    answer = []
    for name, text in texts.items():
        of_it = declared.get(name, {})
        parameter = {"ParameterKey": name, "ParameterValue": "****" if is_secret(of_it) else text}
        if _SSM.fullmatch(of_it.get("Type", "")):
            parameter["ResolvedValue"] = "****" if is_secret(of_it) else plain(values[name])
        answer.append(parameter)
    return answer


def is_secret(of_it: Mapping[str, Any]) -> bool:
    """Whether a parameter's value is not to be shown."""
    return str(of_it.get("NoEcho", "")).lower() == "true"


def hidden(declared: Mapping[str, Any]) -> dict[str, str]:
    """Asterisks for each parameter with NoEcho."""
    return {name: "****" for name, of_it in declared.items() if is_secret(of_it)}


def _is_list(kind: str) -> bool:
    return kind == "CommaDelimitedList" or kind.startswith("List<")


def _check(name: str, of_it: Mapping[str, Any], kind: str, text: str) -> None:
    def refuse(rule: str) -> None:
        description = of_it.get("ConstraintDescription")
        failure = f"failed to satisfy constraint: {description}" if description else rule
        raise StackError(f"Parameter '{name}' {failure}")

    if "AllowedValues" in of_it and text not in map(plain, of_it["AllowedValues"]):
        refuse("must be one of AllowedValues")
    if "AllowedPattern" in of_it and not fits(str(of_it["AllowedPattern"]), text):
        refuse(f"must match pattern {of_it['AllowedPattern']}")
    if "MinLength" in of_it and len(text) < int(of_it["MinLength"]):
        refuse(f"must contain at least {of_it['MinLength']} characters")
    if "MaxLength" in of_it and len(text) > int(of_it["MaxLength"]):
        refuse(f"must contain at most {of_it['MaxLength']} characters")
    if kind not in ("Number", "List<Number>"):
        return
    try:
        number = float(text)
    except ValueError:
        raise StackError(f"Parameter '{name}' must be a number.") from None
    if "MinValue" in of_it and number < float(of_it["MinValue"]):
        refuse(f"must be a number not less than {of_it['MinValue']}")
    if "MaxValue" in of_it and number > float(of_it["MaxValue"]):
        refuse(f"must be a number not greater than {of_it['MaxValue']}")
