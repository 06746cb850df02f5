"""A function's VpcConfig makes interfaces, and its state follows them.

VpcConfig is checked. A function whose interfaces are being made is Pending, an update InProgress, and both are refused
what AWS refuses them meanwhile. Interfaces follow the functions that need them; moto makes none. `changes.py`
makes changes of functions with these steps.

Rules: AWS Lambda Developer Guide, "Lambda function states" and "Giving Lambda functions access to resources in an
Amazon VPC".
"""

from __future__ import annotations

import contextlib
import copy
from collections.abc import Iterable, Iterator

from moto.awslambda.models import LambdaBackend, LambdaFunction, lambda_backends

from serverless_cloud.core import current
from serverless_cloud.core.json_types import JsonObject
from serverless_cloud.core.patches import Service
from serverless_cloud.errors import FunctionNotActive
from serverless_cloud.lambda_.fleet import Fleet
from serverless_cloud.lambda_.function import FunctionSpec
from serverless_cloud.network.interfaces import AccountRegion, Combination, Interfaces, Model, NoInterface, VpcSettings
from serverless_cloud.network.network import Network
from serverless_cloud.plane import DataPlane
from serverless_cloud.services.lambda_ import revisions, vpc as lambda_vpc
from serverless_cloud.services.lambda_.functions import ResourceConflict, settings_of_vpc, spec_of, versions

patches = Service("lambda")


class LazyInterfaces:
    """Lambda's interfaces among moto's, imported when the first one is needed; see `interfaces.Interfaces`."""

    def make(self, combination: Combination, model: Model, function: str) -> str:
        return _ec2().make(combination, model, function)

    def remove(self, place: AccountRegion, interface_id: str) -> None:
        _ec2().remove(place, interface_id)

    def free_addresses(self, combination: Combination) -> int:
        return _ec2().free_addresses(combination)


def _ec2() -> Interfaces:
    from serverless_cloud.services.ec2.interfaces import MotoInterfaces  # moto's EC2 takes half a second

    return MotoInterfaces()


def refuse_unless_active(function: LambdaFunction | FunctionSpec) -> None:
    """Raises for a call of a function that is being created, or could not be.

    Args:
        function: moto's, or its FunctionSpec.

    Raises:
        ResourceConflict: in AWS's words.
    """
    if function.state != "Active":
        raise ResourceConflict(str(FunctionNotActive(function.state)))


def refuse_while_it_changes(function: LambdaFunction) -> None:
    """Raises while a function is being created or updated."""
    refuse_unless_active(function)
    if _is_changing(function):
        raise ResourceConflict(
            "The operation cannot be performed at this time. An update is in progress for resource: "
            f"{function.function_arn}"
        )


# ---- what a function keeps: `serving` is the function as it was before an update that is in progress, `touched` the
# attributes that the update has changed, `update_failure` why the last update failed.


def _is_changing(function: LambdaFunction) -> bool:
    return "serving" in vars(function)


def _place(function: LambdaFunction) -> AccountRegion:
    return AccountRegion(function.account_id, function.region)


def _needs(function: LambdaFunction) -> tuple[Combination, ...]:
    """The combinations that the function's configuration needs now."""
    vpc = settings_of_vpc(function)
    return vpc.combinations(_place(function)) if vpc else ()


def _all(place: AccountRegion) -> Iterator[LambdaFunction]:
    """Every function of a place, $LATEST and versions."""
    functions = lambda_backends[place.account_id][place.region]._lambdas._functions
    for group in list(functions.values()):
        yield group["latest"]
        yield from list(group["versions"])


class States:
    """Brings functions and interfaces in line."""

    def __init__(self, network: Network, fleet: Fleet) -> None:
        self._network, self._fleet = network, fleet
        self.lock = network.hyperplane.lock
        network.hyperplane.settled = self.settle
        network.model_changed = self._everywhere

    def begin(self, function: LambdaFunction, others: Iterable[LambdaFunction], before: LambdaFunction | None) -> None:
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
                    vars(function)["serving"] = before
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

    def _fail(self, function: LambdaFunction, failure: NoInterface) -> None:
        if not _is_changing(function):
            function.state, vars(function)["state_reason"] = "Failed", failure
            return
        before = vars(function).pop("serving")
        for name in vars(function)["touched"]:
            setattr(function, name, getattr(before, name, None))
        vars(function)["update_failure"] = failure

    def _everywhere(self) -> None:
        """Deletes unneeded interfaces at once after a change of the model, and ends all waits for them."""
        with self.lock:
            for account_id, by_region in list(lambda_backends.items()):
                for region in list(by_region):
                    place = AccountRegion(account_id, region)
                    self.settle(place)
                    self._network.hyperplane.release_at_once(place)


def connect(plane: DataPlane) -> None:
    """Lets the states of functions follow their interfaces."""
    current.parts[States] = States(plane.network, plane.fleet)


def place_of(backend: LambdaBackend) -> AccountRegion:
    """Where the functions of moto's backend are."""
    return AccountRegion(backend.account_id, backend.region_name)


def begin(backend: LambdaBackend, function: LambdaFunction) -> None:
    """A new function, and the version that was published with it, wait for their network. Args: function: $LATEST."""
    current.parts[States].begin(function, versions(backend, function.function_name), None)


def follow(backend: LambdaBackend) -> None:
    """Interfaces are made and released as the functions of moto's backend need them."""
    current.parts[States].follow(place_of(backend))


@contextlib.contextmanager
def changes_of_vpc(function: LambdaFunction, body: JsonObject) -> Iterator[None]:
    """Around an update of a function's configuration: checks VpcConfig first, and then starts the wait for its network.

    Args:
        function: $LATEST.
        body: the request, whose VpcConfig is completed.
    """
    had = settings_of_vpc(function)
    vpc = complete_vpc(body, str(body.get("Role") or function.role), had, _place(function))
    before, own = copy.copy(function), vars(function)
    if vpc != had:
        own["serving"] = before  # until it is known what the change needs, its environments stay
    try:
        yield
    finally:
        own.pop("serving", None)
    own["update_failure"] = None
    if vpc != had:
        own["touched"] = [k for k, v in own.items() if vars(before).get(k) is not v and k != "touched"]
        current.parts[States].begin(function, (), before)
        if not _is_changing(function):
            current.plane.fleet.retire(spec_of(function))


def complete_vpc(given: JsonObject, role: str, before: VpcSettings | None, place: AccountRegion) -> VpcSettings | None:
    """The VPC after a call, whose VpcConfig is checked and completed.

    Args:
        given: the request, which is changed.
        role: the ARN of the function's execution role after the call.
        before: what the function has; None without a VPC.
        place: where the function is.
    """
    if given.get("VpcConfig") is None:
        return before
    vpc = lambda_vpc.checked(given["VpcConfig"], before, place)
    if vpc is not None:
        lambda_vpc.require_role(current.plane.permissions, role)
    given["VpcConfig"] = lambda_vpc.as_answer(vpc)
    return vpc


@patches.replaces(
    "moto.awslambda.models:LambdaFunction.vpc_config",
    kind="property",
    defect="engine/tests/network/test_network_patches.py::test_stock_moto_still_has_the_defect[the_id_of_a_vpc_is_made_up]",
    upstream="A function's VpcConfig has the VpcId that CreateFunction was given.",
)
def vpc_config(function: LambdaFunction) -> JsonObject | None:
    return dict(function._vpc_config) if function._vpc_config else None


def shown_state(function: LambdaFunction, *, on_create: bool) -> JsonObject:
    """The state in a function's configuration.

    Args:
        on_create: whether it is the answer of CreateFunction, which shows no update.
    """
    answer: JsonObject = {}
    failure: NoInterface | None = getattr(function, "state_reason", None)
    if function.state == "Pending":
        answer |= revisions.CREATING
    elif function.state == "Failed" and failure is not None:
        answer |= {"StateReasonCode": failure.code, "StateReason": failure.message}
    if on_create:
        return answer
    failed: NoInterface | None = getattr(function, "update_failure", None)
    if _is_changing(function):
        answer |= revisions.IN_PROGRESS
    elif failed is not None:
        answer |= {
            "LastUpdateStatus": "Failed",
            "LastUpdateStatusReasonCode": failed.code,
            "LastUpdateStatusReason": failed.message,
        }
    return answer
