"""The interfaces of before September 2019: one for each execution environment, made at its cold start.

Rules (AWS Lambda Developer Guide of August 2019, "Configuring a Lambda function to access resources in a VPC"):

- The interface is made and attached when a call needs another environment. The call waits for it.
- Each takes an address of one of the function's subnets. When none is free, the call fails.

The guide counts peak concurrent executions x memory / 3 GB: small environments of one function could share one. Here
each has its own, as the deck draws it. AWS kept interfaces for a while; here they go with their environment.
"""

from __future__ import annotations

import threading
from collections.abc import Callable

from serverless_cloud.errors import NoAddressLeft
from serverless_cloud.network import waiting
from serverless_cloud.network.interfaces import AccountRegion, Interfaces, Model, NoInterface, VpcSettings

#: How long a cold start waits for its interface. Reports of that time: 5 to 15 seconds (facts, VPC and Hyperplane).
ATTACHING_S = 10.0


class EnvironmentInterfaces:
    """Makes the interfaces of environments. Args: as for `Hyperplane`."""

    def __init__(self, interfaces: Interfaces, time_scale: Callable[[], float]) -> None:
        self._interfaces, self._time_scale = interfaces, time_scale
        self._emptied = threading.Event()

    def attach(self, place: AccountRegion, function: str, vpc: VpcSettings) -> Callable[[], None]:
        """An interface for one environment, waited for until it is attached; see `Network.attach`."""
        interface_id = self._make(place, function, vpc)
        waiting.wait(self._emptied, ATTACHING_S, self._time_scale)
        return lambda: self._interfaces.remove(place, interface_id)

    def _make(self, place: AccountRegion, function: str, vpc: VpcSettings) -> str:
        for combination in sorted(vpc.combinations(place), key=self._interfaces.free_addresses, reverse=True):
            try:
                return self._interfaces.make(combination, Model.EACH_ENVIRONMENT, function)
            except NoInterface:  # the next subnet may have an address
                continue
        raise NoAddressLeft

    def clear(self) -> None:
        """Ends all waits for an interface, because the cloud is being emptied."""
        self._emptied.set()
        self._emptied = threading.Event()
