"""Works out the values of a template that are known before anything is made.

CloudFormation works out what it can while it answers the call: a missing mapping key, an index beyond a list and a
reference to a resource whose condition is false are refused at once. A change set shows the values.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from serverless_cloud.stacks.errors import StackError
from serverless_cloud.stacks.intrinsics import NO_VALUE, Attributes, Scope, pseudo_parameters
from serverless_cloud.stacks.parameters import hidden
from serverless_cloud.stacks.stack import Stack, StackSpec

#: A change set shows this for a value that is known only after its execution.
LATER = "{{changeSet:KNOWN_AFTER_APPLY}}"


class _Later(Exception):
    """A value is known only when the resource is made."""


class _Pending:
    """A resource that hasn't been made, or that the update may change."""

    @property
    def physical_id(self) -> str:
        raise _Later

    def attribute(self, name: str) -> Any:
        del name
        raise _Later


def _exported(name: str) -> str:
    del name
    raise _Later


class Preview:
    """A plan for a stack, as far as it is known.

    Args:
        stack: whose plan it is.
        plan: checked by `Template.check`.
        secret: whether the values of parameters with NoEcho are shown as asterisks.

    Attributes:
        order: the logical ids of the resources whose condition holds.
    """

    def __init__(self, stack: Stack, plan: StackSpec, *, secret: bool = False) -> None:
        self._plan = plan
        self._resources: dict[str, Attributes] = {}
        section = plan.template.section
        pseudo = pseudo_parameters(stack.region, stack.account_id, stack.id, stack.name)
        self._scope = Scope(
            pseudo | plan.values | (hidden(section("Parameters")) if secret else {}),
            section("Mappings"), section("Conditions"), self._resources, _exported,
        )  # fmt: skip
        self.order = plan.template.order(self._scope.condition)
        self._resources.update(dict.fromkeys(self.order, _Pending()))

    def settle(self, logical_id: str, resource: Attributes) -> None:
        """Notes that a resource stays as it is, so its values are known."""
        self._resources[logical_id] = resource

    def check(self) -> None:
        """Raises StackError for a value that cannot be worked out."""
        for name in self._plan.template.section("Conditions"):
            self._scope.condition(name)
        self._scope.block = "Resources"
        for logical_id in self.order:
            self.value(self._plan.template.resources[logical_id].get("Properties"))
        self._scope.block = "Outputs"
        for output in self._plan.template.section("Outputs").values():
            if "Condition" not in output or self._scope.condition(output["Condition"]):
                self.value(output.get("Export"))
                if isinstance(self.value(output["Value"]), list):
                    raise StackError(
                        "Template format error: The Value field of every Outputs member must evaluate to a String and "
                        "not a List."
                    )

    def value(self, value: Any) -> Any:
        """A value of the template; the parts that aren't known yet are `LATER`.

        Raises:
            StackError: a function is written wrongly, or names something that doesn't exist.
        """
        try:
            return self._scope.resolve(value)
        except _Later:
            pass
        if isinstance(value, list):
            values = [self.value(item) for item in value]
            return [item for item in values if item is not NO_VALUE]
        if len(value) == 1:
            ((name, inner),) = value.items()
            if name == "Fn::If":
                return self.value(self._scope.branch(inner))
            if name == "Ref" or str(name).startswith("Fn::"):
                self._check_arguments(name, inner)
                return LATER
        named = {name: self.value(member) for name, member in value.items()}
        return {name: member for name, member in named.items() if member is not NO_VALUE}

    def _check_arguments(self, name: str, arguments: Any) -> None:
        """Works out the arguments of a function that is itself not known yet."""
        if name not in ("Ref", "Fn::GetAtt", "Fn::ImportValue") and isinstance(arguments, (list, Mapping)):
            self.value(arguments)
