"""Addresses of subnets, interfaces that somebody else manages, routes of gateway endpoints.

The patches and their reasons:

- `NetworkInterfaceBackend.create_network_interface`, `Subnet.get_available_subnet_ip`: moto draws an address by chance,
  one that AWS reserves or that is taken among them, some from outside of the subnet (NAT gateways, endpoints), and goes
  on when the subnet is full. AWS reserves five addresses of a subnet: the first four and the last.
- `ElasticNetworkInterfaces.create_network_interface`, `delete_network_interface`, `detach_network_interface`,
  `modify_network_interface_attribute`: moto gives an address that is taken, and lets anybody delete an interface that
  is in use, or change one that belongs to a service.
- `Subnets.delete_subnet`, `SecurityGroups.delete_security_group`: moto deletes what an interface is in.
- `VPCBackend.create_vpc_endpoint`: moto leaves the type of an endpoint empty where none was given. AWS's default is
  Gateway.
- `VPCBackend.modify_vpc_endpoint`: moto notes the route tables that are added and removed, and writes no route. On AWS
  an endpoint of the type Gateway has a route in each of its tables.
- `NatGatewayBackend.delete_nat_gateway`: moto keeps the gateway's interface, so its subnet could never be deleted.

Added: Lambda's own interfaces, `LambdaInterface`.
"""

from __future__ import annotations

import itertools
import secrets
import threading
import uuid
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from moto.core.responses import ActionResult
from moto.core.utils import utcnow
from moto.ec2.exceptions import DependencyViolationError, EC2ClientError, InvalidSubnetIdError
from moto.ec2.models import EC2Backend, ec2_backends
from moto.ec2.models.elastic_network_interfaces import NetworkInterface
from moto.ec2.models.instances import Instance
from moto.ec2.models.nat_gateways import NatGateway
from moto.ec2.models.subnets import Subnet
from moto.ec2.models.vpcs import VPCEndPoint
from moto.ec2.responses.elastic_network_interfaces import ElasticNetworkInterfaces
from moto.ec2.responses.security_groups import SecurityGroups
from moto.ec2.responses.subnets import Subnets

from serverless_cloud.core.json_types import JsonObject
from serverless_cloud.core.patches import Service
from serverless_cloud.errors import NoAddressLeft
from serverless_cloud.network.interfaces import AccountRegion, Combination, Model, NoInterface

patches = Service("ec2")

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

    def __init__(
        self, backend: EC2Backend, subnet: Subnet, address: str, combination: Combination, model: Model, function: str
    ):
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

    def get_filter_value(self, filter_name: str, method_name: str | None = None) -> object:
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
        ec2_backends[place.account_id][place.region].enis.pop(interface_id, None)

    def free_addresses(self, combination: Combination) -> int:
        backend = ec2_backends[combination.place.account_id][combination.place.region]
        try:
            return int(backend.get_subnet(combination.subnet_id).available_ip_address_count)
        except InvalidSubnetIdError:
            return 0


def _free(subnet: Subnet) -> Iterator[str]:
    """The free addresses of a subnet, lowest first."""
    taken = _of_interfaces(subnet) | set(subnet._subnet_ips)
    hosts = itertools.islice(subnet.cidr.hosts(), RESERVED_HOSTS, None)
    return (str(host) for host in hosts if str(host) not in taken)


def _of_interfaces(subnet: Subnet) -> set[str]:
    return {a["PrivateIpAddress"] for i in _within(subnet) for a in i.private_ip_addresses if isinstance(a, dict)}


def _within(subnet: Subnet) -> list[NetworkInterface]:
    return [i for i in list(subnet.ec2_backend.enis.values()) if i.subnet is not None and i.subnet.id == subnet.id]


def _is_left_over(interface: NetworkInterface) -> bool:
    """Whether its instance was terminated: AWS deletes it then, moto keeps it."""
    return interface.instance is not None and interface.instance.state == "terminated"


def _is_inside(address: str, subnet: Subnet) -> bool:
    return address in {str(host) for host in subnet.cidr.hosts()} if subnet.cidr.version == 4 else True


@patches.replaces(
    "moto.ec2.models.elastic_network_interfaces:NetworkInterfaceBackend.create_network_interface",
    expects=(
        "self, subnet, private_ip_address, private_ip_addresses=None, group_ids=None, description=None, tags=None,"
        " delete_on_termination=False, **kwargs"
    ),
    defect="engine/tests/network/test_network_patches.py::test_stock_moto_still_has_the_defect[addresses_are_given_twice]",
)
def create_network_interface_of_backend(
    backend: EC2Backend,
    subnet: Subnet,
    private_ip_address: str | list[str] | None,
    private_ip_addresses: list[JsonObject] | None = None,
    *args: object,
    **more: Any,
) -> NetworkInterface:
    with _choosing:
        place = backend.get_subnet(subnet) if isinstance(subnet, str) else subnet
        if place is None or place.cidr.version != 4 or private_ip_addresses:
            return create_network_interface_of_backend.original(
                backend, subnet, private_ip_address, private_ip_addresses, *args, **more
            )
        given = private_ip_address[0] if isinstance(private_ip_address, list) else private_ip_address
        free = _free(place)
        first = given if given and _is_inside(given, place) else next(free, None)
        more_wanted = int(more.pop("secondary_ips_count", 0) or 0)
        others = list(itertools.islice((a for a in free if a != first), more_wanted))
        if first is None or len(others) < more_wanted:
            raise NoFreeAddress
        rows = [{"Primary": address == first, "PrivateIpAddress": address} for address in (first, *others)]
        return create_network_interface_of_backend.original(backend, subnet, first, rows, *args, **more)


@patches.replaces(
    "moto.ec2.models.subnets:Subnet.get_available_subnet_ip",
    defect="engine/tests/network/test_network_patches.py::test_stock_moto_still_has_the_defect[a_full_subnet_takes_more]",
    upstream="A subnet gives each address once, and none when it is full.",
)
def get_available_subnet_ip(subnet: Subnet, instance: Instance) -> str:
    with _choosing:
        address = next(_free(subnet), None)
        if address is None:
            raise NoFreeAddress
        subnet._subnet_ips[address] = instance
        return address


@patches.replaces(
    "moto.ec2.responses.elastic_network_interfaces:ElasticNetworkInterfaces.create_network_interface",
    defect="engine/tests/network/test_network_patches.py::test_stock_moto_still_has_the_defect[an_address_in_use_is_given_again]",
)
def answer_create_network_interface(response: ElasticNetworkInterfaces) -> ActionResult:
    subnet = response.ec2_backend.get_subnet(response._get_param("SubnetId"))
    given = response._get_param("PrivateIpAddress")
    if given and not _is_inside(given, subnet):
        raise EC2ClientError("InvalidParameterValue", "Address does not fall within the subnet's address range")
    if given and given in _of_interfaces(subnet):
        raise EC2ClientError("InvalidIPAddress.InUse", f"The specified address {given} is already in use.")
    return answer_create_network_interface.original(response)


@patches.replaces(
    "moto.ec2.responses.elastic_network_interfaces:ElasticNetworkInterfaces.delete_network_interface",
    defect="engine/tests/network/test_network_patches.py::test_stock_moto_still_has_the_defect[an_interface_in_use_is_deleted]",
    upstream="An interface that is in use can't be deleted.",
)
def delete_network_interface(response: ElasticNetworkInterfaces) -> ActionResult:
    interface = response.ec2_backend.get_network_interface(response._get_param("NetworkInterfaceId"))
    if interface.attachment_id:
        text = f"Network interface '{interface.id}' is currently in use."
        raise EC2ClientError("InvalidParameterValue", text)
    return delete_network_interface.original(response)


@patches.replaces("moto.ec2.responses.elastic_network_interfaces:ElasticNetworkInterfaces.detach_network_interface")
def detach_network_interface(response: ElasticNetworkInterfaces) -> ActionResult:
    wanted = response._get_param("AttachmentId")
    for interface in list(response.ec2_backend.enis.values()):
        if isinstance(interface, LambdaInterface) and interface.attachment_id == wanted:
            text = f"You are not allowed to manage '{wanted.partition('-attach')[0]}-attach' attachments."
            raise EC2ClientError("OperationNotPermitted", text)
    return detach_network_interface.original(response)


@patches.replaces(
    "moto.ec2.responses.elastic_network_interfaces:ElasticNetworkInterfaces.modify_network_interface_attribute"
)
def modify_network_interface_attribute(response: ElasticNetworkInterfaces) -> ActionResult:
    interface = response.ec2_backend.get_network_interface(response._get_param("NetworkInterfaceId"))
    if isinstance(interface, LambdaInterface):
        raise EC2ClientError("AuthFailure", "You do not have permission to access the specified resource.")
    return modify_network_interface_attribute.original(response)


@patches.replaces(
    "moto.ec2.responses.subnets:Subnets.delete_subnet",
    defect="engine/tests/network/test_network_patches.py::test_stock_moto_still_has_the_defect[a_subnet_in_use_is_deleted]",
    upstream="A subnet with interfaces can't be deleted.",
)
def delete_subnet(response: Subnets) -> ActionResult:
    subnet = response.ec2_backend.get_subnet(response._get_param("SubnetId"))
    if any(not _is_left_over(interface) for interface in _within(subnet)):
        raise DependencyViolationError(f"The subnet '{subnet.id}' has dependencies and cannot be deleted.")
    return delete_subnet.original(response)


@patches.replaces(
    "moto.ec2.responses.security_groups:SecurityGroups.delete_security_group",
    defect="engine/tests/network/test_network_patches.py::test_stock_moto_still_has_the_defect[a_security_group_in_use_is_deleted]",
    upstream="A security group that an interface uses can't be deleted.",
)
def delete_security_group(response: SecurityGroups) -> ActionResult:
    named = response._get_param("GroupId") or response._get_param("GroupName")
    group = response.ec2_backend.get_security_group_by_name_or_id(named) if named else None
    using = [i for i in list(response.ec2_backend.enis.values()) if group in i.group_set and not _is_left_over(i)]
    if group is not None and using:
        raise DependencyViolationError(f"resource {group.id} has a dependent object")
    return delete_security_group.original(response)


@patches.replaces(
    "moto.ec2.models.vpcs:VPCBackend.create_vpc_endpoint",
    expects=(
        "self, vpc_id, service_name, endpoint_type, policy_document, route_table_ids, subnet_ids=None, "
        "network_interface_ids=None, dns_entries=None, client_token=None, security_group_ids=None, tags=None, "
        "private_dns_enabled=None"
    ),
    upstream="The type of an endpoint is Gateway by default.",
)
def create_vpc_endpoint(
    backend: EC2Backend, vpc_id: str, service_name: str, endpoint_type: str | None, *args: object, **more: object
) -> VPCEndPoint:
    return create_vpc_endpoint.original(backend, vpc_id, service_name, endpoint_type or "Gateway", *args, **more)


@patches.replaces(
    "moto.ec2.models.vpcs:VPCBackend.modify_vpc_endpoint",
    expects=(
        "self, vpc_id, policy_doc, add_subnets, remove_subnets, remove_route_tables, add_route_tables, "
        "add_security_groups, remove_security_groups"
    ),
    upstream="A gateway endpoint has a route in each of its route tables.",
)
def modify_vpc_endpoint(
    backend: EC2Backend,
    vpc_id: str,  # as moto calls it; it is the endpoint's id
    *args: object,
    add_route_tables: Sequence[str] | None = None,
    remove_route_tables: Sequence[str] | None = None,
    **more: object,
) -> None:
    (endpoint,) = backend.describe_vpc_endpoints(vpc_end_point_ids=[vpc_id])
    listed, before = endpoint.destination_prefix_list_id, set(endpoint.route_table_ids or ())
    added, removed = list(add_route_tables or ()), list(remove_route_tables or ())
    for table in dict.fromkeys(added):
        if listed and table not in before:
            backend.create_route(table, None, gateway_id=vpc_id, destination_prefix_list_id=listed)
    for table in dict.fromkeys(removed):
        if listed and table in before:
            backend.delete_route(table, listed)
    modify_vpc_endpoint.original(backend, vpc_id, *args, add_route_tables=added, remove_route_tables=removed, **more)


@patches.replaces(
    "moto.ec2.models.nat_gateways:NatGatewayBackend.delete_nat_gateway",
    defect="data plane",
    upstream="A NAT gateway's interface is deleted with it.",
)
def delete_nat_gateway(backend: EC2Backend, nat_gateway_id: str) -> NatGateway:
    gateway = delete_nat_gateway.original(backend, nat_gateway_id)
    interface = getattr(gateway, "_eni", None)
    if interface is not None:
        backend.enis.pop(interface.id, None)
    return gateway
