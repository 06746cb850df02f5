"""CloudFormation's intrinsic functions and conditions.

Source: CloudFormation Template Reference, "Intrinsic functions", "Pseudo parameters".
"""

from __future__ import annotations

import base64
import ipaddress
import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Protocol

from serverless_cloud.stacks.errors import StackError

#: The value of `Ref: AWS::NoValue`; a property with it is left out.
NO_VALUE: Any = object()

_IN_SUB = re.compile(r"\$\{(!?)([^}]*)\}")
#: Transforms that bring functions with them.
LANGUAGE_EXTENSIONS = "AWS::LanguageExtensions"


class Attributes(Protocol):
    """A resource that has been made."""

    @property
    def physical_id(self) -> str:
        """For Ref."""

    def attribute(self, name: str) -> Any:
        """For Fn::GetAtt; raises StackError if the type has no such attribute."""


class Scope:
    """Where names are looked up while a template is worked out.

    Args:
        parameters: values by name, pseudo parameters included.
        mappings, conditions: the template's, not worked out.
        resources: made so far, by logical id; the caller adds to it.
        exported: the value of an export by its name; raises StackError if there is none.
        extended: whether the template has the functions of AWS::LanguageExtensions.
    """

    def __init__(
        self,
        parameters: Mapping[str, Any],
        mappings: Mapping[str, Any],
        conditions: Mapping[str, Any],
        resources: Mapping[str, Attributes],
        exported: Callable[[str], str],
        *,
        extended: bool = False,
    ) -> None:
        self.parameters, self.resources = dict(parameters), resources
        self._mappings, self._conditions, self._exported, self._extended = mappings, conditions, exported, extended
        self._known: dict[str, bool] = {}

    def condition(self, name: str) -> bool:
        """Whether a condition of the template holds."""
        if name not in self._conditions:
            raise StackError(f"Template format error: Unresolved condition dependency {name} in the template")
        if name not in self._known:
            self._known[name] = self._truth(self._conditions[name])
        return self._known[name]

    def resolve(self, value: Any) -> Any:
        """A value of a template with its functions worked out; properties without a value are left out.

        Raises:
            StackError: a function is written wrongly, or names what there is not.
        """
        if isinstance(value, list):
            return [each for each in map(self.resolve, value) if each is not NO_VALUE]
        if not isinstance(value, Mapping):
            return value
        if len(value) == 1:
            ((name, given),) = value.items()
            if name == "Ref":
                return self._ref(given)
            if name in _FUNCTIONS:
                if name in _EXTENDED and not self._extended:
                    raise StackError(f"Template error: {name} needs the transform {LANGUAGE_EXTENSIONS}")
                return _FUNCTIONS[name](self, given)
            if name.startswith("Fn::"):
                raise StackError(
                    f"Template error: the local cloud doesn't support the function {name} (docs/fidelity.md)"
                )
        resolved = {name: self.resolve(each) for name, each in value.items()}
        return {name: each for name, each in resolved.items() if each is not NO_VALUE}

    def _ref(self, name: Any) -> Any:
        if name == "AWS::NoValue":
            return NO_VALUE
        if name in self.parameters:
            return self.parameters[name]
        if name in self.resources:
            return self.resources[name].physical_id
        raise StackError(f"Template format error: Unresolved resource dependencies [{name}] in the template")

    def get_att(self, given: Any) -> Any:
        """Fn::GetAtt."""
        parts = given.split(".", 1) if isinstance(given, str) else [given[0], self.resolve(given[1])]
        if len(parts) != 2 or parts[0] not in self.resources:
            raise StackError(f"Template error: instance of Fn::GetAtt references undefined resource {parts[0]}")
        return self.resources[parts[0]].attribute(parts[1])

    def sub(self, given: Any) -> str:
        """Fn::Sub."""
        text, names = (given, {}) if isinstance(given, str) else (given[0], self.resolve(given[1]))
        if not isinstance(text, str):
            raise StackError(
                "Template error: One or more Fn::Sub intrinsic functions don't specify expected arguments."
            )

        def replaced(found: re.Match[str]) -> str:
            literal, name = found[1], found[2].strip()
            if literal:
                return f"${{{found[2]}}}"
            if name in names:
                return plain(names[name])
            return plain(self.get_att(name) if "." in name else self._ref(name))

        return _IN_SUB.sub(replaced, text)

    def find_in_map(self, given: Any) -> Any:
        """Fn::FindInMap."""
        name, first, second = (self.resolve(each) for each in given[:3])
        try:
            return self.resolve(self._mappings[name][str(first)][str(second)])
        except (KeyError, TypeError):
            if self._extended and len(given) > 3 and "DefaultValue" in given[3]:
                return self.resolve(given[3]["DefaultValue"])
            raise StackError(f"Template error: Unable to get mapping for {name}::{first}::{second}") from None

    def choose(self, given: Any) -> Any:
        """Fn::If."""
        if not isinstance(given, list) or len(given) != 3:
            raise StackError("Template error: Fn::If requires a list argument with three elements")
        return self.resolve(given[1] if self.condition(given[0]) else given[2])

    def select(self, given: Any) -> Any:
        """Fn::Select."""
        index, values = self.resolve(given[0]), self.resolve(given[1])
        values = values.split(",") if isinstance(values, str) else values
        try:
            if int(index) < 0:
                raise IndexError
            return values[int(index)]
        except (IndexError, ValueError, TypeError):
            raise StackError(f"Template error: Fn::Select cannot select nonexistent value at index {index}") from None

    def join(self, given: Any) -> str:
        """Fn::Join."""
        if not isinstance(given, list) or len(given) != 2:
            raise StackError("Template error: every Fn::Join object requires two parameters")
        values = self.resolve(given[1])
        return str(self.resolve(given[0])).join(plain(each) for each in (values if isinstance(values, list) else []))

    def split(self, given: Any) -> list[str]:
        """Fn::Split."""
        return plain(self.resolve(given[1])).split(str(self.resolve(given[0])))

    def zones(self, given: Any) -> list[str]:
        """Fn::GetAZs."""
        region = self.resolve(given) or self.parameters["AWS::Region"]
        return [f"{region}{letter}" for letter in "abc"]

    def encode(self, given: Any) -> str:
        """Fn::Base64."""
        return base64.b64encode(plain(self.resolve(given)).encode()).decode()

    def import_value(self, given: Any) -> str:
        """Fn::ImportValue."""
        return self._exported(str(self.resolve(given)))

    def cidr(self, given: Any) -> list[str]:
        """Fn::Cidr."""
        block, count, bits = [*map(self.resolve, given), 8][:3]
        network = ipaddress.ip_network(block)
        subnets: Iterator[Any] = network.subnets(new_prefix=network.max_prefixlen - int(bits))
        return [str(each) for each, _ in zip(subnets, range(int(count)), strict=False)]

    def to_json(self, given: Any) -> str:
        """Fn::ToJsonString."""
        return json.dumps(self.resolve(given), separators=(",", ":"))

    def length(self, given: Any) -> int:
        """Fn::Length."""
        return len(self.resolve(given))

    def as_truth(self, given: Any, name: str) -> bool:
        """A condition function outside of Conditions."""
        return self._truth({name: given})

    def _truth(self, rule: Any) -> bool:
        if isinstance(rule, Mapping) and len(rule) == 1:
            ((name, given),) = rule.items()
            if name == "Condition":
                return self.condition(given)
            if name == "Fn::Equals":
                left, right = (self.resolve(each) for each in given)
                return plain(left) == plain(right)
            if name == "Fn::Not":
                return not self._truth(given[0])
            if name == "Fn::And":
                return all(self._truth(each) for each in given)
            if name == "Fn::Or":
                return any(self._truth(each) for each in given)
        raise StackError(f"Template error: {json.dumps(rule)} is not a condition")


def _condition(name: str) -> Callable[[Scope, Any], Any]:
    return lambda scope, given: scope.as_truth(given, name)


_CONDITIONS = ("Fn::Equals", "Fn::Not", "Fn::And", "Fn::Or")
_EXTENDED = ("Fn::ToJsonString", "Fn::Length")
_FUNCTIONS: dict[str, Callable[[Scope, Any], Any]] = {
    "Fn::GetAtt": Scope.get_att,
    "Fn::Sub": Scope.sub,
    "Fn::FindInMap": Scope.find_in_map,
    "Fn::If": Scope.choose,
    "Fn::Select": Scope.select,
    "Fn::Join": Scope.join,
    "Fn::Split": Scope.split,
    "Fn::GetAZs": Scope.zones,
    "Fn::Base64": Scope.encode,
    "Fn::ImportValue": Scope.import_value,
    "Fn::Cidr": Scope.cidr,
    "Fn::ToJsonString": Scope.to_json,
    "Fn::Length": Scope.length,
    **{name: _condition(name) for name in _CONDITIONS},
}


def names_in(value: Any) -> Iterator[str]:
    """The names of parameters and resources that a value refers to, each as often as it does."""
    if isinstance(value, list):
        for each in value:
            yield from names_in(each)
    elif isinstance(value, Mapping):
        for name, given in value.items():
            if name == "Ref" and isinstance(given, str):
                yield given
            elif name == "Fn::GetAtt":
                yield given.split(".")[0] if isinstance(given, str) else str(given[0])
            elif name == "Fn::Sub":
                text, own = (given, {}) if isinstance(given, str) else (given[0], given[1])
                for literal, each in _IN_SUB.findall(text if isinstance(text, str) else ""):
                    if not literal and each.strip() not in own:
                        yield each.strip().split(".")[0]
                yield from names_in(own)
            else:
                yield from names_in(given)


def plain(value: Any) -> str:
    """A value as a text: true and false in lower case, the parts of a list with commas between them."""
    if isinstance(value, bool):
        return str(value).lower()
    return ",".join(map(plain, value)) if isinstance(value, (list, tuple)) else str(value)


def pseudo_parameters(region: str, account_id: str, stack_id: str, stack_name: str) -> dict[str, Any]:
    """AWS's own parameters of a stack."""
    return {
        "AWS::Region": region,
        "AWS::AccountId": account_id,
        "AWS::Partition": "aws",
        "AWS::StackId": stack_id,
        "AWS::StackName": stack_name,
        "AWS::URLSuffix": "amazonaws.com",
        "AWS::NotificationARNs": [],
    }
