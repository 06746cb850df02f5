"""Seam: the routes of gateway endpoints, and what a NAT gateway leaves behind (moto 5.2.5).

Replaced here:

- `VPCBackend.create_vpc_endpoint`: moto leaves the type of an endpoint empty where none was given. AWS's default is
  Gateway.
- `VPCBackend.modify_vpc_endpoint`: moto notes the route tables that are added and removed, and writes no route. On AWS
  an endpoint of the type Gateway has a route in each of its tables.
- `NatGatewayBackend.delete_nat_gateway`: moto keeps the gateway's interface, so its subnet could never be deleted.

Worth an upstream change. Imported when EC2 or a VpcConfig is first used.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from moto.ec2.models.nat_gateways import NatGatewayBackend
from moto.ec2.models.vpcs import VPCBackend


def install(_: object) -> None:
    """Puts these rules into moto's EC2."""
    backend: Any = VPCBackend
    moto_create: Callable[..., Any] = backend.create_vpc_endpoint
    moto_modify: Callable[..., Any] = backend.modify_vpc_endpoint

    def create_vpc_endpoint(
        self: Any, vpc_id: str, service_name: str, endpoint_type: str | None, *args: Any, **more: Any
    ) -> Any:
        return moto_create(self, vpc_id, service_name, endpoint_type or "Gateway", *args, **more)

    def modify_vpc_endpoint(
        self: Any,
        vpc_id: str,  # as moto calls it; it is the endpoint's id
        *args: Any,
        add_route_tables: Sequence[str] | None = None,
        remove_route_tables: Sequence[str] | None = None,
        **more: Any,
    ) -> None:
        (endpoint,) = self.describe_vpc_endpoints(vpc_end_point_ids=[vpc_id])
        listed, before = endpoint.destination_prefix_list_id, set(endpoint.route_table_ids or ())
        for table in dict.fromkeys(add_route_tables or ()):
            if listed and table not in before:
                self.create_route(table, None, gateway_id=vpc_id, destination_prefix_list_id=listed)
        for table in dict.fromkeys(remove_route_tables or ()):
            if listed and table in before:
                self.delete_route(table, listed)
        moto_modify(
            self,
            vpc_id,
            *args,
            add_route_tables=list(add_route_tables or ()),
            remove_route_tables=list(remove_route_tables or ()),
            **more,
        )

    gateways: Any = NatGatewayBackend
    moto_delete_gateway: Callable[..., Any] = gateways.delete_nat_gateway

    def delete_nat_gateway(self: Any, nat_gateway_id: str) -> Any:
        gateway = moto_delete_gateway(self, nat_gateway_id)
        interface = getattr(gateway, "_eni", None)
        if interface is not None:
            self.enis.pop(interface.id, None)
        return gateway

    gateways.delete_nat_gateway = delete_nat_gateway
    backend.create_vpc_endpoint = create_vpc_endpoint
    backend.modify_vpc_endpoint = modify_vpc_endpoint
