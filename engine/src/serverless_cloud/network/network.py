"""How functions reach a VPC: one of two models, which may change while the cloud runs."""

from __future__ import annotations

from collections.abc import Callable

from serverless_cloud.core.background import Tasks
from serverless_cloud.network.each_environment import EnvironmentInterfaces
from serverless_cloud.network.hyperplane import Hyperplane
from serverless_cloud.network.interfaces import AccountRegion, Interfaces, Model, VpcSettings


class Network:
    """The interfaces of all functions of one local cloud.

    Args:
        interfaces, tasks, time_scale: as for `Hyperplane`.
        model: to begin with.

    Attributes:
        hyperplane: the shared interfaces.
        model_changed: called after a change of the model; set by the part that knows the functions.
    """

    def __init__(
        self, interfaces: Interfaces, tasks: Tasks, time_scale: Callable[[], float], model: Model = Model.HYPERPLANE
    ) -> None:
        self._model = model
        self.hyperplane = Hyperplane(interfaces, tasks, time_scale)
        self._of_environments = EnvironmentInterfaces(interfaces, time_scale)
        self.model_changed: Callable[[], None] = lambda: None

    @property
    def model(self) -> Model:
        """Which model holds now."""
        return self._model

    @model.setter
    def model(self, model: Model) -> None:
        if model is not self._model:
            self._model = model
            self.model_changed()

    def attach(self, place: AccountRegion, function: str, vpc: VpcSettings | None) -> Callable[[], None]:
        """Waits for the network that an environment needs before it starts.

        Args:
            place: where its function is.
            function: the name of its function.
            vpc: the function's VpcConfig, or None.

        Returns:
            A function to call when the environment has ended; more than one call does no harm.

        Raises:
            NoAddressLeft: the environment needs its own interface, but no subnet has a free address.
        """
        if vpc is None or self._model is not Model.EACH_ENVIRONMENT:
            return lambda: None
        return self._of_environments.attach(place, function, vpc)

    def clear(self) -> None:
        """The cloud is being emptied."""
        self._of_environments.clear()
        self.hyperplane.clear()
