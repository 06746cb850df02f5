"""Seam: addresses of subnets, and interfaces that somebody else manages (moto 5.2.5).

Replaced here:

- `NetworkInterfaceBackend.create_network_interface`, `Subnet.get_available_subnet_ip`: moto draws an address by chance,
  one that AWS reserves or that is taken among them, some from outside of the subnet (NAT gateways, endpoints), and goes
  on when the subnet is full. AWS reserves five addresses of a subnet: the first four and the last.
- `ElasticNetworkInterfaces.create_network_interface`, `delete_network_interface`, `detach_network_interface`,
  `modify_network_interface_attribute`: moto gives an address that is taken, and lets anybody delete an interface that
  is in use, or change one that belongs to a service.
- `Subnets.delete_subnet`, `SecurityGroups.delete_security_group`: moto deletes what an interface is in.

Added: Lambda's own interfaces, `LambdaInterface`.

Worth an upstream change: all of it but Lambda's interfaces. Imported when EC2 or a VpcConfig is first used: moto's EC2
takes half a second.
"""

from __future__ import annotations

import itertools
import secrets
import threading
import uuid
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

from moto.core.utils import utcnow
from moto.ec2.exceptions import DependencyViolationError, EC2ClientError, InvalidSubnetIdError
from moto.ec2.models import ec2_backends
from moto.ec2.models.elastic_network_interfaces import NetworkInterface, NetworkInterfaceBackend
from moto.ec2.models.subnets import Subnet
from moto.ec2.responses.elastic_network_interfaces import ElasticNetworkInterfaces
from moto.ec2.responses.security_groups import SecurityGroups
from moto.ec2.responses.subnets import Subnets

from serverless_cloud.errors import NoAddressLeft
from serverless_cloud.network.interfaces import AccountRegion, Combination, Model, NoInterface

RESERVED_HOSTS = 3  # after the network's own address; the last one is reserved too (VPC User Guide, "Subnet sizing")

_REQUESTER = "AROALAMBDAINTERFACES1"  # the id of the role in which Lambda makes them

_choosing = threading.RLock()  # from the choice of an address until an interface has it


class NoFreeAddress(EC2ClientError):
    """A subnet is full."""

    def __init__(self) -> None:
        super().__init__(
            "InsufficientFreeAddressesInSubnet",
            "The specified subnet does not have enough free addresses to satisfy the request.",
        )


class LambdaInterface(NetworkInterface):
    """An interface that belongs to Lambda. Args: model: which Lambda made it; function: the name of its function."""

    def __init__(self, backend: Any, subnet: Any, address: str, combination: Combination, model: Model, function: str):
        shared = model is Model.HYPERPLANE
        of_function = f"-{function}-" if shared else ": "  # as AWS has written it since 2019, and before
        super().__init__(
            backend,
            subnet,
            address,
            group_ids=sorted(combination.group_ids),
            description=f"AWS Lambda VPC ENI{of_function}{uuid.uuid4()}",
            ipv6_address_count=1 if combination.ipv6 else 0,
        )
        self.status = "in-use"
        self.interface_type = "lambda" if shared else "interface"
        self.requester_managed = True
        self.requester_id = f"{_REQUESTER}:{backend.account_id if shared else function}"
        self.attachment_id = f"{'ela' if shared else 'eni'}-attach-{secrets.token_hex(8)}{secrets.randbelow(16):x}"
        self.attach_time = utcnow()
        self.instance_owner_id = "amazon-aws" if shared else "aws-lambda"

    @property
    def attachment(self) -> Any:
        return _Attachment(self)

    def get_filter_value(self, filter_name: str, method_name: str | None = None) -> Any:
        if filter_name in ("attachment.instance-owner-id", "attachment.status"):
            return getattr(self.attachment, filter_name.partition(".")[2].replace("-", "_"))
        return super().get_filter_value(filter_name, method_name)


class _Attachment:
    """As DescribeNetworkInterfaces shows it; to no instance of yours."""

    def __init__(self, interface: LambdaInterface) -> None:
        self.attachment_id = interface.attachment_id
        self.attach_time: datetime | None = interface.attach_time
        self.instance_owner_id = interface.instance_owner_id
        self.delete_on_termination, self.device_index, self.network_card_index = False, 1, 0
        self.status = "attached"


class MotoInterfaces:
    """Lambda's interfaces among moto's; see `interfaces.Interfaces`."""

    def make(self, combination: Combination, model: Model, function: str) -> str:
        """See `interfaces.Interfaces.make`."""
        backend = ec2_backends[combination.place.account_id][combination.place.region]
        with _choosing:
            try:
                subnet = backend.get_subnet(combination.subnet_id)
            except InvalidSubnetIdError as error:
                raise NoInterface("InvalidSubnet", str(error.message)) from error
            for group in sorted(combination.group_ids):
                if backend.get_security_group_from_id(group) is None:  # moto would make one of this id
                    raise NoInterface("InvalidSecurityGroup", f"The security group '{group}' does not exist")
            address = next(_free(subnet), None)
            if address is None:
                raise NoInterface("SubnetOutOfIPAddresses", str(NoAddressLeft()))
            made: Any = LambdaInterface  # moto's class has methods for stacks that are abstract
            interface = made(backend, subnet, address, combination, model, function)
            backend.enis[interface.id] = interface
        return str(interface.id)

    def remove(self, place: AccountRegion, interface_id: str) -> None:
        """See `interfaces.Interfaces.remove`."""
        ec2_backends[place.account_id][place.region].enis.pop(interface_id, None)

    def free_addresses(self, combination: Combination) -> int:
        """See `interfaces.Interfaces.free_addresses`."""
        backend = ec2_backends[combination.place.account_id][combination.place.region]
        try:
            return int(backend.get_subnet(combination.subnet_id).available_ip_address_count)
        except InvalidSubnetIdError:
            return 0


def _free(subnet: Any) -> Iterator[str]:
    """The free addresses of a subnet, lowest first."""
    taken = _of_interfaces(subnet) | set(subnet._subnet_ips)
    hosts = itertools.islice(subnet.cidr.hosts(), RESERVED_HOSTS, None)
    return (str(host) for host in hosts if str(host) not in taken)


def _of_interfaces(subnet: Any) -> set[str]:
    return {a["PrivateIpAddress"] for i in _within(subnet) for a in i.private_ip_addresses if isinstance(a, dict)}


def _within(subnet: Any) -> list[Any]:
    return [i for i in list(subnet.ec2_backend.enis.values()) if i.subnet is not None and i.subnet.id == subnet.id]


def _is_left_over(interface: Any) -> bool:
    """Whether its instance was terminated: AWS deletes it then, moto keeps it."""
    return interface.instance is not None and interface.instance.state == "terminated"


def _is_inside(address: str, subnet: Any) -> bool:
    return address in {str(host) for host in subnet.cidr.hosts()} if subnet.cidr.version == 4 else True


def install(_: object) -> None:
    """Puts these rules into moto's EC2."""
    backend: Any = NetworkInterfaceBackend
    moto_create: Callable[..., Any] = backend.create_network_interface

    def create_network_interface(
        self: Any,
        subnet: Any,
        private_ip_address: Any,
        private_ip_addresses: list[Any] | None = None,
        group_ids: list[str] | None = None,
        description: str | None = None,
        tags: Any = None,
        delete_on_termination: bool | None = False,
        **more: Any,
    ) -> Any:
        def create(first: Any, others: list[Any] | None) -> Any:
            return moto_create(self, subnet, first, others, group_ids, description, tags, delete_on_termination, **more)

        with _choosing:
            place = self.get_subnet(subnet) if isinstance(subnet, str) else subnet
            if place is None or place.cidr.version != 4:
                return create(private_ip_address, private_ip_addresses)
            if private_ip_addresses:
                return create(private_ip_address, private_ip_addresses)
            given = private_ip_address[0] if isinstance(private_ip_address, list) else private_ip_address
            free = _free(place)
            first = given if given and _is_inside(given, place) else next(free, None)
            more_wanted = int(more.pop("secondary_ips_count", 0) or 0)
            others = list(itertools.islice((a for a in free if a != first), more_wanted))
            if first is None or len(others) < more_wanted:
                raise NoFreeAddress
            rows = [{"Primary": True, "PrivateIpAddress": first}]
            return create(first, rows + [{"Primary": False, "PrivateIpAddress": other} for other in others])

    def get_available_subnet_ip(self: Any, instance: Any) -> str:
        with _choosing:
            address = next(_free(self), None)
            if address is None:
                raise NoFreeAddress
            self._subnet_ips[address] = instance
            return address

    backend.create_network_interface = create_network_interface
    subnet_class: Any = Subnet
    subnet_class.get_available_subnet_ip = get_available_subnet_ip
    _guard_calls()


def _guard_calls() -> None:
    """What AWS refuses in calls by the learner; moto's own, by a stack for instance, are not looked at."""
    calls: Any = ElasticNetworkInterfaces
    moto_create: Callable[..., Any] = calls.create_network_interface
    moto_delete: Callable[..., Any] = calls.delete_network_interface
    moto_detach: Callable[..., Any] = calls.detach_network_interface
    moto_modify: Callable[..., Any] = calls.modify_network_interface_attribute

    def create_network_interface(self: Any) -> Any:
        subnet = self.ec2_backend.get_subnet(self._get_param("SubnetId"))
        given = self._get_param("PrivateIpAddress")
        if given and not _is_inside(given, subnet):
            raise EC2ClientError("InvalidParameterValue", "Address does not fall within the subnet's address range")
        if given and given in _of_interfaces(subnet):
            raise EC2ClientError("InvalidIPAddress.InUse", f"The specified address {given} is already in use.")
        return moto_create(self)

    def delete_network_interface(self: Any) -> Any:
        interface = self.ec2_backend.get_network_interface(self._get_param("NetworkInterfaceId"))
        if interface.attachment_id:
            text = f"Network interface '{interface.id}' is currently in use."
            raise EC2ClientError("InvalidParameterValue", text)
        return moto_delete(self)

    def detach_network_interface(self: Any) -> Any:
        wanted = self._get_param("AttachmentId")
        for interface in list(self.ec2_backend.enis.values()):
            if isinstance(interface, LambdaInterface) and interface.attachment_id == wanted:
                kind = wanted.partition("-attach")[0]
                text = f"You are not allowed to manage '{kind}-attach' attachments."
                raise EC2ClientError("OperationNotPermitted", text)
        return moto_detach(self)

    def modify_network_interface_attribute(self: Any) -> Any:
        interface = self.ec2_backend.get_network_interface(self._get_param("NetworkInterfaceId"))
        if isinstance(interface, LambdaInterface):
            raise EC2ClientError("AuthFailure", "You do not have permission to access the specified resource.")
        return moto_modify(self)

    calls.create_network_interface = create_network_interface
    calls.delete_network_interface = delete_network_interface
    calls.detach_network_interface = detach_network_interface
    calls.modify_network_interface_attribute = modify_network_interface_attribute

    of_subnets: Any = Subnets
    moto_delete_subnet: Callable[..., Any] = of_subnets.delete_subnet
    of_groups: Any = SecurityGroups
    moto_delete_group: Callable[..., Any] = of_groups.delete_security_group

    def delete_subnet(self: Any) -> Any:
        subnet = self.ec2_backend.get_subnet(self._get_param("SubnetId"))
        if any(not _is_left_over(interface) for interface in _within(subnet)):
            raise DependencyViolationError(f"The subnet '{subnet.id}' has dependencies and cannot be deleted.")
        return moto_delete_subnet(self)

    def delete_security_group(self: Any) -> Any:
        named = self._get_param("GroupId") or self._get_param("GroupName")
        group = self.ec2_backend.get_security_group_by_name_or_id(named) if named else None
        using = [i for i in list(self.ec2_backend.enis.values()) if group in i.group_set and not _is_left_over(i)]
        if group is not None and using:
            raise DependencyViolationError(f"resource {group.id} has a dependent object")
        return moto_delete_group(self)

    of_subnets.delete_subnet = delete_subnet
    of_groups.delete_security_group = delete_security_group
