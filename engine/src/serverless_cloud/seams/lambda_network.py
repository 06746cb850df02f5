"""Seam: a function's VpcConfig makes interfaces, and its state follows them (moto 5.2.5).

Replaced here, over what lambda_functions.py and lambda_versions.py have put there:

- `LambdaBackend.create_function`, `update_function_configuration`, `update_function_code`, `publish_version`,
  `delete_function`: VpcConfig is checked; a function whose interfaces are being made is Pending, an update InProgress,
  and both are refused what AWS refuses them meanwhile; interfaces follow the functions that need them.
- `LambdaFunction.vpc_config`: moto makes up a VpcId.
- `LambdaFunction.get_configuration`: moto has no StateReason, and LastUpdateStatus is always Successful.

Rules: AWS Lambda Developer Guide, "Lambda function states" and "Giving Lambda functions access to resources in an
Amazon VPC".

Worth an upstream change: the VpcId. Interfaces are this course's own idea.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable, Iterator
from typing import Any

from moto.awslambda import models

from serverless_cloud.errors import FunctionNotActive
from serverless_cloud.lambda_.fleet import Fleet
from serverless_cloud.network.interfaces import AccountRegion, Combination, Interfaces, Model, NoInterface, VpcSettings
from serverless_cloud.network.network import Network
from serverless_cloud.plane import DataPlane
from serverless_cloud.seams import lambda_vpc
from serverless_cloud.seams.lambda_functions import ResourceConflict, latest, settings_of_vpc, spec_of, versions
from serverless_cloud.seams.replacement import Replacement

_CREATING = {"StateReasonCode": "Creating", "StateReason": "The function is being created."}
_IN_PROGRESS = {
    "LastUpdateStatus": "InProgress",
    "LastUpdateStatusReasonCode": "Creating",
    "LastUpdateStatusReason": "The function is being created.",
}


class LazyInterfaces:
    """Lambda's interfaces among moto's, imported when the first one is needed; see `interfaces.Interfaces`."""

    def make(self, combination: Combination, model: Model, function: str) -> str:
        return _ec2().make(combination, model, function)

    def remove(self, place: AccountRegion, interface_id: str) -> None:
        _ec2().remove(place, interface_id)

    def free_addresses(self, combination: Combination) -> int:
        return _ec2().free_addresses(combination)


def _ec2() -> Interfaces:
    from serverless_cloud.seams.ec2_interfaces import MotoInterfaces  # moto's EC2 takes half a second

    return MotoInterfaces()


def refuse_unless_active(function: Any) -> None:
    """Raises for a call of a function that is being created, or could not be.

    Args:
        function: moto's, or its FunctionSpec.

    Raises:
        ResourceConflict: in AWS's words.
    """
    if function.state != "Active":
        raise ResourceConflict(str(FunctionNotActive(function.state)))


def _refuse_while_it_changes(function: Any) -> None:
    refuse_unless_active(function)
    if _is_changing(function):
        raise ResourceConflict(
            "The operation cannot be performed at this time. An update is in progress for resource: "
            f"{function.function_arn}"
        )


# ---- what a function keeps: `serving` is the function as it was before an update that is in progress, `touched` the
# attributes that the update has changed, `update_failure` why the last update failed.


def _is_changing(function: Any) -> bool:
    return "serving" in vars(function)


def _place(function: Any) -> AccountRegion:
    return AccountRegion(function.account_id, function.region)


def _needs(function: Any) -> tuple[Combination, ...]:
    """The combinations that the function's configuration needs now."""
    vpc = settings_of_vpc(function)
    return vpc.combinations(_place(function)) if vpc else ()


def _all(place: AccountRegion) -> Iterator[Any]:
    """Every function of a place, $LATEST and versions."""
    functions = models.lambda_backends[place.account_id][place.region]._lambdas._functions
    for group in list(functions.values()):
        yield group["latest"]
        yield from list(group["versions"])


class _States:
    """Brings functions and interfaces in line."""

    def __init__(self, network: Network, fleet: Fleet) -> None:
        self._network, self._fleet = network, fleet
        self.lock = network.hyperplane.lock
        network.hyperplane.settled = self.settle
        network.model_changed = self._everywhere

    def begin(self, function: Any, others: Iterable[Any], before: Any | None) -> None:
        """A function was created or changed: it waits if it needs what is not there.

        Args:
            function: $LATEST.
            others: versions that were published with it.
            before: the function as it was before an update; None for a new one.
        """
        needs = _needs(function)
        with self.lock:
            if self._shares and not self._network.hyperplane.is_ready(needs):
                self._network.hyperplane.forget_failures(needs)
                if before is None:
                    for each in (function, *others):
                        each.state = "Pending"
                else:
                    function.serving = before
            self.follow(_place(function))

    @property
    def _shares(self) -> bool:
        return self._network.model is Model.HYPERPLANE

    def follow(self, place: AccountRegion) -> None:
        """Interfaces are made and released as the functions of a place need them."""
        with self.lock:
            wanted: dict[Combination, str] = {}
            if self._shares:
                for function in _all(place):
                    for each in (function, vars(function).get("serving")):
                        if each is not None and function.state != "Failed":
                            wanted |= dict.fromkeys(_needs(each), function.function_name) | wanted
            self._network.hyperplane.use(place, wanted)

    def settle(self, place: AccountRegion) -> None:
        """Functions that have waited go on, or fail."""
        with self.lock:
            for function in _all(place):
                if function.state != "Pending" and not _is_changing(function):
                    continue
                needs = _needs(function)
                failure = self._network.hyperplane.failure(needs) if self._shares else None
                if failure is not None:
                    self._fail(function, failure)
                elif not self._shares or self._network.hyperplane.is_ready(needs):
                    function.state = "Active"
                    if vars(function).pop("serving", None) is not None:
                        self._fleet.retire(spec_of(function))
            self.follow(place)

    def _fail(self, function: Any, failure: NoInterface) -> None:
        if not _is_changing(function):
            function.state, function.state_reason = "Failed", failure
            return
        before = vars(function).pop("serving")
        for name in function.touched:
            setattr(function, name, getattr(before, name, None))
        function.update_failure = failure

    def _everywhere(self) -> None:
        """Deletes unneeded interfaces at once after a change of the model, and ends all waits for them."""
        with self.lock:
            for account_id, by_region in list(models.lambda_backends.items()):
                for region in list(by_region):
                    place = AccountRegion(account_id, region)
                    self.settle(place)
                    self._network.hyperplane.release_at_once(place)


def install(plane: DataPlane) -> None:
    """Puts interfaces behind moto's functions."""
    _Backend.install(plane=plane, states=_States(plane.network, plane.service.fleet))
    _Function.install()


class _Backend(Replacement, of=models.LambdaBackend):
    plane: DataPlane
    states: _States

    def create_function(self: Any, spec: dict[str, Any]) -> Any:
        _vpc_after(spec, str(spec.get("Role", "")), None, AccountRegion(self.account_id, self.region_name))
        answer = _Backend.moto.create_function(self, spec)
        function = latest(self, answer.function_name)
        _Backend.states.begin(function, versions(self, function.function_name), None)
        return answer

    def update_function_configuration(self: Any, function_name: str, qualifier: str, body: dict[str, Any]) -> Any:
        function = self.get_function(function_name, qualifier)
        _refuse_while_it_changes(function)
        had = settings_of_vpc(function)
        vpc = _vpc_after(body, str(body.get("Role") or function.role), had, _place(function))
        before = copy.copy(function)
        if vpc != had:
            function.serving = before  # until it is known what the change needs, its environments stay
        try:
            _Backend.moto.update_function_configuration(self, function_name, qualifier, body)
        finally:
            vars(function).pop("serving", None)
        function.update_failure = None
        if vpc != had:
            function.touched = [k for k, v in vars(function).items() if vars(before).get(k) is not v and k != "touched"]
            _Backend.states.begin(function, (), before)
            if not _is_changing(function):
                _Backend.plane.service.fleet.retire(spec_of(function))
        return function.get_configuration()

    def update_function_code(self: Any, function_name: str, qualifier: str, body: dict[str, Any]) -> Any:
        _refuse_while_it_changes(self.get_function(function_name, qualifier))
        return _Backend.moto.update_function_code(self, function_name, qualifier, body)

    def publish_version(self: Any, function_name: str, description: str = "") -> Any:
        _refuse_while_it_changes(latest(self, function_name))
        return _Backend.moto.publish_version(self, function_name, description)

    def delete_function(self: Any, function_name: str, qualifier: str | None = None) -> None:
        _Backend.moto.delete_function(self, function_name, qualifier)
        _Backend.states.follow(AccountRegion(self.account_id, self.region_name))


def _vpc_after(
    given: dict[str, Any], role: str, before: VpcSettings | None, place: AccountRegion
) -> VpcSettings | None:
    """The VPC after a call, whose VpcConfig is completed."""
    if given.get("VpcConfig") is None:
        return before
    vpc = lambda_vpc.checked(given["VpcConfig"], before, place)
    if vpc is not None:
        lambda_vpc.require_role(_Backend.plane.permissions, role)
    given["VpcConfig"] = lambda_vpc.as_answer(vpc)
    return vpc


class _Function(Replacement, of=models.LambdaFunction):
    @property
    def vpc_config(self: Any) -> dict[str, Any] | None:
        return dict(self._vpc_config) if self._vpc_config else None

    def get_configuration(self: Any, on_create: bool = False) -> dict[str, Any]:
        """A function's configuration with its network."""
        answer: dict[str, Any] = _Function.moto.get_configuration(self, on_create)
        failure: NoInterface | None = getattr(self, "state_reason", None)
        if self.state == "Pending":
            answer |= _CREATING
        elif self.state == "Failed" and failure is not None:
            answer |= {"StateReasonCode": failure.code, "StateReason": failure.message}
        if on_create:
            return answer
        failed: NoInterface | None = getattr(self, "update_failure", None)
        if _is_changing(self):
            answer |= _IN_PROGRESS
        elif failed is not None:
            answer |= {
                "LastUpdateStatus": "Failed",
                "LastUpdateStatusReasonCode": failed.code,
                "LastUpdateStatusReason": failed.message,
            }
        return answer
