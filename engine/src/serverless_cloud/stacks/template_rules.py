"""The section Rules of a template, which restricts the values of its parameters.

Source: CloudFormation Template Reference, "Rules", "Rule-specific intrinsic functions"; the words of the refusal are
[recalled, not verified].
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from serverless_cloud.stacks.errors import StackError
from serverless_cloud.stacks.intrinsics import Scope, calls_in, plain

_OWN = ("Fn::Contains", "Fn::EachMemberEquals", "Fn::EachMemberIn")
#: They ask for attributes of what parameters of AWS's own types name.
_REFUSED = ("Fn::RefAll", "Fn::ValueOf", "Fn::ValueOfAll")


def require(rules: Mapping[str, Any], values: Mapping[str, Any]) -> None:
    """Raises StackError for the first assertion that doesn't hold.

    Args:
        rules: the template's Rules.
        values: of its parameters, as `Ref` gives them.
    """
    scope = _RuleScope(values, {}, {}, {}, str)
    for name, rule in rules.items():
        if not isinstance(rule, Mapping) or not isinstance(rule.get("Assertions"), list):
            raise StackError(f"Template format error: Rule {name} must contain a list of Assertions.")
        if not all(isinstance(assertion, Mapping) for assertion in rule["Assertions"]):
            raise StackError(f"Template format error: Every assertion of rule {name} must be an object.")
        if missing := [function for function, _ in calls_in([rule]) if function in _REFUSED]:
            raise StackError(
                f"The local cloud doesn't support {missing[0]} in Rules (docs/fidelity.md). Leave the rule {name} out."
            )
        if "RuleCondition" in rule and not scope.holds(rule["RuleCondition"]):
            continue
        for assertion in rule["Assertions"]:
            if not scope.holds(assertion.get("Assert")):
                raise StackError(f"Rule {name} is violated: {assertion.get('AssertDescription', 'Assert is false')}")


class _RuleScope(Scope):
    """A scope that also knows the functions which only rules have."""

    def holds(self, rule: Any) -> bool:
        """Whether a rule's function is true."""
        return self._truth(rule)

    def _truth(self, rule: Any) -> bool:
        ((name, argument),) = rule.items() if isinstance(rule, Mapping) and len(rule) == 1 else [("", None)]
        if name not in _OWN:
            return super()._truth(rule)
        if not isinstance(argument, list) or len(argument) != 2:
            raise StackError(f"Template error: every {name} object requires a list of 2 parameters.")
        members, other = (self.resolve(part) for part in argument)
        values = [plain(member) for member in (members if isinstance(members, list) else [members])]
        allowed = [plain(value) for value in (other if isinstance(other, list) else [other])]
        if name == "Fn::Contains":
            return set(allowed) <= set(values)
        return all(value in allowed for value in values)
