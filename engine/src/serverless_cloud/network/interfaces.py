"""A function's VpcConfig, and the parts of a network interface. No moto, no I/O."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple, Protocol


class Model(StrEnum):
    """How functions reach a VPC."""

    HYPERPLANE = "hyperplane"  # since September 2019: shared, made when the function is
    EACH_ENVIRONMENT = "2019"  # before: one for each execution environment, made at its cold start


class AccountRegion(NamedTuple):
    """An account's part of a Region."""

    account_id: str
    region: str


@dataclass(frozen=True)
class Combination:
    """The purpose of an interface: one subnet and one set of security groups.

    Args:
        ipv6: whether it has an IPv6 address too (Ipv6AllowedForDualStack).
    """

    place: AccountRegion
    subnet_id: str
    group_ids: frozenset[str]
    ipv6: bool = False


@dataclass(frozen=True)
class VpcSettings:
    """A function's VpcConfig, once it is known to be right.

    Args:
        subnet_ids, group_ids: as they were given.
        vpc_id: that all of them belong to.
        ipv6: Ipv6AllowedForDualStack.
    """

    subnet_ids: tuple[str, ...]
    group_ids: tuple[str, ...]
    vpc_id: str
    ipv6: bool = False

    def combinations(self, place: AccountRegion) -> tuple[Combination, ...]:
        """The subnets, each with the security groups; one for each subnet."""
        groups = frozenset(self.group_ids)
        return tuple(Combination(place, subnet, groups, self.ipv6) for subnet in dict.fromkeys(self.subnet_ids))


class NoInterface(Exception):
    """An interface cannot be made.

    Args:
        code: a function's StateReasonCode for it: "SubnetOutOfIPAddresses", "InvalidSubnet", "InvalidSecurityGroup".
        message: its StateReason.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(code, message)  # both, so that it can be copied with the function that keeps it
        self.code, self.message = code, message


class Interfaces(Protocol):
    """The network interfaces of the control plane."""

    def make(self, combination: Combination, model: Model, function: str) -> str:
        """Makes an interface with a free address of the subnet; its id.

        Args:
            function: the name of the function that it is made for.

        Raises:
            NoInterface: the subnet is full, or subnet or security group have gone.
        """

    def remove(self, place: AccountRegion, interface_id: str) -> None:
        """Removes an interface and frees its address; one that has gone already is gone."""

    def free_addresses(self, combination: Combination) -> int:
        """How many addresses of the subnet are free; 0 if it has gone."""
