"""CloudFormation's intrinsic functions and conditions.

Source: CloudFormation Template Reference, "Intrinsic functions", "Pseudo parameters".
"""

from __future__ import annotations

import base64
import ipaddress
import itertools
import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Protocol

from serverless_cloud.stacks.errors import StackError

#: The value of `Ref: AWS::NoValue`; a property with it is left out.
NO_VALUE: Any = object()

_IN_SUB = re.compile(r"\$\{(!?)([^}]*)\}")


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

    Attributes:
        block: the section that is worked out, for messages.
    """

    def __init__(
        self,
        parameters: Mapping[str, Any],
        mappings: Mapping[str, Any],
        conditions: Mapping[str, Any],
        resources: Mapping[str, Attributes],
        exported: Callable[[str], str],
    ) -> None:
        self.parameters, self.resources = dict(parameters), resources
        self._mappings, self._conditions, self._exported = mappings, conditions, exported
        self._known: dict[str, bool] = {}
        self.block = "Resources"

    def condition(self, name: str) -> bool:
        """Whether a condition of the template holds."""
        if name not in self._conditions:
            raise StackError(f"Template error: unresolved condition dependency {name} in Fn::If")
        if name not in self._known:
            self._known[name] = self._truth(self._conditions[name])
        return self._known[name]

    def resolve(self, value: Any) -> Any:
        """A value of a template with its functions worked out; properties without a value are left out.

        Raises:
            StackError: a function is written wrongly, or names what there is not.
        """
        if isinstance(value, list):
            return [item for item in map(self.resolve, value) if item is not NO_VALUE]
        if not isinstance(value, Mapping):
            return value
        if len(value) == 1:
            ((name, argument),) = value.items()
            if name == "Ref":
                return self._ref(argument)
            if name in _FUNCTIONS:
                return _FUNCTIONS[name](self, argument)
            if name.startswith("Fn::"):
                raise StackError(
                    f"Template error: the local cloud doesn't support the function {name} (docs/fidelity.md)"
                )
        resolved = {name: self.resolve(member) for name, member in value.items()}
        return {name: member for name, member in resolved.items() if member is not NO_VALUE}

    def _ref(self, name: Any) -> Any:
        if not isinstance(name, str):
            raise StackError("Template format error: Every Ref object must have a single String value.")
        if name == "AWS::NoValue":
            return NO_VALUE
        if name in self.parameters:
            return self.parameters[name]
        if name in self.resources:
            return self.resources[name].physical_id
        raise self._unresolved(name)

    def _unresolved(self, name: Any) -> StackError:
        return StackError(
            f"Template format error: Unresolved resource dependencies [{name}] in the {self.block} block of the "
            "template"
        )

    def get_att(self, argument: Any) -> Any:
        """Fn::GetAtt."""
        parts = argument.split(".", 1) if isinstance(argument, str) else self.resolve(argument)
        if not isinstance(parts, list) or len(parts) != 2 or not all(isinstance(part, str) and part for part in parts):
            raise StackError(EXPECTED["Fn::GetAtt"])
        name, attribute = parts
        if name not in self.resources:
            raise self._unresolved(name)
        return self.resources[name].attribute(attribute)

    def sub(self, argument: Any) -> str:
        """Fn::Sub."""
        text, names = (argument, {}) if isinstance(argument, str) else self._arguments("Fn::Sub", argument, 2)
        names = self.resolve(names)
        if not isinstance(text, str) or not isinstance(names, Mapping):
            raise StackError(EXPECTED["Fn::Sub"])

        def replaced(match: re.Match[str]) -> str:
            literal, name = match[1], match[2].strip()
            if literal:
                return f"${{{match[2]}}}"
            if name in names:
                return plain(names[name])
            return plain(self.get_att(name) if "." in name else self._ref(name))

        return _IN_SUB.sub(replaced, text)

    def _arguments(self, name: str, argument: Any, least: int, most: int | None = None) -> list[Any]:
        if not isinstance(argument, list) or not least <= len(argument) <= (most or least):
            raise StackError(EXPECTED[name])
        return argument

    def find_in_map(self, argument: Any) -> Any:
        """Fn::FindInMap."""
        name, first, second = (self.resolve(part) for part in self._arguments("Fn::FindInMap", argument, 3))
        try:
            return self._mappings[name][plain(first)][plain(second)]
        except (KeyError, TypeError):
            if not isinstance(name, str) or name not in self._mappings:
                raise StackError(
                    f"Template error: Mapping named '{name}' is not present in the 'Mappings' section of template."
                ) from None
            raise StackError(f"Template error: Unable to get mapping for {name}::{first}::{second}") from None

    def choose(self, argument: Any) -> Any:
        """Fn::If."""
        return self.resolve(self.branch(argument))

    def branch(self, argument: Any) -> Any:
        """The branch of an Fn::If that counts, not worked out."""
        name, yes, no = self._arguments("Fn::If", argument, 3)
        if not isinstance(name, str):
            raise StackError(EXPECTED["Fn::If"])
        return yes if self.condition(name) else no

    def select(self, argument: Any) -> Any:
        """Fn::Select."""
        index, values = self.resolve(self._arguments("Fn::Select", argument, 2))
        values = values.split(",") if isinstance(values, str) else values
        if not isinstance(values, list) or not re.fullmatch(r"-?\d+", plain(index)):
            raise StackError(EXPECTED["Fn::Select"])
        if not 0 <= int(index) < len(values):
            raise StackError(f"Template error: Fn::Select cannot select nonexistent value at index {index}")
        return values[int(index)]

    def join(self, argument: Any) -> str:
        """Fn::Join."""
        separator, values = (self.resolve(part) for part in self._arguments("Fn::Join", argument, 2))
        if not isinstance(separator, str) or not isinstance(values, list):
            raise StackError(EXPECTED["Fn::Join"])
        return separator.join(map(plain, values))

    def split(self, argument: Any) -> list[str]:
        """Fn::Split."""
        separator, text = (self.resolve(part) for part in self._arguments("Fn::Split", argument, 2))
        if not isinstance(separator, str) or not separator or isinstance(text, (list, Mapping)):
            raise StackError(EXPECTED["Fn::Split"])
        return plain(text).split(separator)

    def zones(self, argument: Any) -> list[str]:
        """Fn::GetAZs."""
        region = self.resolve(argument) or self.parameters["AWS::Region"]
        return [f"{region}{letter}" for letter in "abc"]

    def encode(self, argument: Any) -> str:
        """Fn::Base64."""
        text = self.resolve(argument)
        if isinstance(text, (list, Mapping)):
            raise StackError(EXPECTED["Fn::Base64"])
        return base64.b64encode(plain(text).encode()).decode()

    def import_value(self, argument: Any) -> str:
        """Fn::ImportValue."""
        return self._exported(str(self.resolve(argument)))

    def cidr(self, argument: Any) -> list[str]:
        """Fn::Cidr."""
        block, count, bits = [*map(self.resolve, self._arguments("Fn::Cidr", argument, 2, 3)), 8][:3]
        try:
            network, number = ipaddress.ip_network(plain(block)), int(count)
            blocks = [
                str(subnet)
                for subnet in itertools.islice(network.subnets(new_prefix=network.max_prefixlen - int(bits)), number)
            ]
        except (ValueError, TypeError):
            raise StackError(EXPECTED["Fn::Cidr"]) from None
        if len(blocks) < number:
            raise StackError(f"Template error: Fn::Cidr cannot make {number} blocks of {bits} bits in {block}")
        return blocks

    def as_truth(self, argument: Any, name: str) -> bool:
        """A condition function outside of Conditions."""
        return self._truth({name: argument})

    def _truth(self, rule: Any) -> bool:
        if isinstance(rule, Mapping) and len(rule) == 1:
            ((name, argument),) = rule.items()
            if name == "Condition":  # SAM's translator writes some of them twice
                return self._truth(argument) if isinstance(argument, Mapping) else self.condition(argument)
            if name == "Fn::Equals":
                left, right = (self.resolve(part) for part in self._arguments(name, argument, 2))
                return plain(left) == plain(right)
            if name == "Fn::Not":
                return not self._truth(self._arguments(name, argument, 1)[0])
            if name == "Fn::And":
                return all(self._truth(part) for part in self._arguments(name, argument, 2, 10))
            if name == "Fn::Or":
                return any(self._truth(part) for part in self._arguments(name, argument, 2, 10))
        raise StackError(
            "Template format error: Conditions can only be boolean operations on parameters and other conditions"
        )


#: AWS's words for a function with the wrong arguments.
EXPECTED = {
    "Fn::GetAtt": "Template error: every Fn::GetAtt object requires two non-empty parameters, the resource name and "
    "the resource attribute",
    "Fn::Sub": "Template error: One or more Fn::Sub intrinsic functions don't specify expected arguments. Specify a "
    "string as first argument, and an optional second argument to specify a mapping of values to replace in the string",
    "Fn::FindInMap": "Template error: every Fn::FindInMap object requires three parameters, the map name, map key and "
    "the attribute for return value",
    "Fn::If": "Template error: Fn::If requires a list argument with three elements",
    "Fn::Select": "Template error: Fn::Select requires a list argument with two elements: an integer index and a list",
    "Fn::Join": "Template error: every Fn::Join object requires two parameters, (1) a string delimiter and (2) a list "
    "of strings to be joined or a function that returns a list of strings (such as Fn::GetAZs) to be joined.",
    "Fn::Split": "Template error: every Fn::Split object requires two parameters, (1) a string delimiter and (2) a "
    "string to be split or a function that returns a string to be split.",
    "Fn::Base64": "Template error: every Fn::Base64 object must have a String-typed value.",
    "Fn::Cidr": "Template error: every Fn::Cidr object requires a CIDR block, a count, and optionally the number of "
    "subnet bits",
    "Fn::Equals": "Template error: every Fn::Equals object requires a list of 2 string parameters.",
    "Fn::Not": "Template error: every Fn::Not object requires one boolean parameter.",
    "Fn::And": "Template error: every Fn::And object requires a list of at least 2 and at most 10 boolean parameters.",
    "Fn::Or": "Template error: every Fn::Or object requires a list of at least 2 and at most 10 boolean parameters.",
}


def _condition(name: str) -> Callable[[Scope, Any], Any]:
    return lambda scope, argument: scope.as_truth(argument, name)


_CONDITIONS = ("Fn::Equals", "Fn::Not", "Fn::And", "Fn::Or")
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
    **{name: _condition(name) for name in _CONDITIONS},
}


def names_in(value: Any) -> Iterator[str]:
    """The names of parameters and resources that a value refers to, each as often as it does."""
    if isinstance(value, list):
        for item in value:
            yield from names_in(item)
    elif isinstance(value, Mapping):
        for name, member in value.items():
            if name == "Ref" and isinstance(member, str):
                yield member
            elif name == "Fn::GetAtt":
                first = member[0] if isinstance(member, list) and member else member
                if isinstance(first, str):
                    yield first.split(".")[0]
                yield from names_in(member)
            elif name == "Fn::Sub":
                text, own = member if isinstance(member, list) and len(member) == 2 else (member, {})
                for literal, reference in _IN_SUB.findall(text if isinstance(text, str) else ""):
                    if not literal and reference.strip() not in own:
                        yield reference.strip().split(".")[0]
                yield from names_in(own)
            else:
                yield from names_in(member)


def calls_in(value: Any) -> Iterator[tuple[str, Any]]:
    """The functions in a value and what each is given, inner functions included."""
    if isinstance(value, list):
        for item in value:
            yield from calls_in(item)
    elif isinstance(value, Mapping):
        for name, member in value.items():
            if len(value) == 1 and (name == "Ref" or str(name).startswith("Fn::")):
                yield name, member
            yield from calls_in(member)


def plain(value: Any) -> str:
    """A value as a text: true and false in lower case, the parts of a list with commas between them."""
    if isinstance(value, bool):
        return str(value).lower()
    return ",".join(map(plain, value)) if isinstance(value, (list, tuple)) else str(value)


def texts(value: Any) -> Any:
    """A value with its numbers and truth values as texts."""
    if isinstance(value, Mapping):
        return {name: texts(member) for name, member in value.items()}
    if isinstance(value, list):
        return [texts(item) for item in value]
    return plain(value)


def compact(value: Any) -> str:
    """A value as change sets and events show it: JSON with texts only."""
    return json.dumps(texts(value), separators=(",", ":"))


def parameters_of_place(region: str, account_id: str) -> dict[str, Any]:
    """AWS's own parameters that don't depend on a stack."""
    return {
        "AWS::Region": region,
        "AWS::AccountId": account_id,
        "AWS::Partition": "aws",
        "AWS::URLSuffix": "amazonaws.com",
    }


def pseudo_parameters(region: str, account_id: str, stack_id: str, stack_name: str) -> dict[str, Any]:
    """AWS's own parameters of a stack."""
    return parameters_of_place(region, account_id) | {
        "AWS::StackId": stack_id,
        "AWS::StackName": stack_name,
        "AWS::NotificationARNs": [],
    }
