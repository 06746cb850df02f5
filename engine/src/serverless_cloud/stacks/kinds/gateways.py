"""Ways out of a VPC: internet gateways, public addresses, NAT gateways, endpoints."""

# ruff: noqa: ARG002 - the methods of all kinds have the same signature; the base class says ClassVar
from __future__ import annotations

from typing import Any, ClassVar

from serverless_cloud.stacks.errors import UnsupportedResource
from serverless_cloud.stacks.kinds.base import Kind, Made, Place, Properties, as_text, call_if_there
from serverless_cloud.stacks.kinds.network_parts import Part, retag


class GatewayAttachment(Kind):
    """AWS::EC2::VPCGatewayAttachment."""

    type = "AWS::EC2::VPCGatewayAttachment"
    deleted_with = ("ec2", "DetachInternetGateway")
    refused = ("VpnGatewayId",)

    def create(self, at: Place, given: dict[str, Any]) -> Made:
        which = {"InternetGatewayId": given["InternetGatewayId"], "VpcId": given["VpcId"]}
        at.call("ec2", "AttachInternetGateway", **which)
        return Made(at.generated_name(), {}, which)


class Eip(Kind):
    """AWS::EC2::EIP; Ref is its address."""

    type = "AWS::EC2::EIP"
    deleted_with = ("ec2", "ReleaseAddress")
    refused = ("InstanceId", "TransferAddress", "NetworkBorderGroup", "PublicIpv4Pool", "Address", "IpamPoolId")

    def create(self, at: Place, given: dict[str, Any]) -> Made:
        tags = [{"ResourceType": "elastic-ip", "Tags": given["Tags"]}] if given.get("Tags") else []
        found = at.call("ec2", "AllocateAddress", Domain="vpc", **({"TagSpecifications": tags} if tags else {}))
        which = {"AllocationId": found["AllocationId"]}
        return Made(found["PublicIp"], {"PublicIp": found["PublicIp"], **which}, which)

    def update(self, at: Place, made: Made, old: Properties, given: dict[str, Any]) -> Made:
        retag(at, made.own["AllocationId"], old, given)
        return made


class NatGateway(Part):
    """AWS::EC2::NatGateway."""

    type, tagged = "AWS::EC2::NatGateway", "natgateway"
    created_by, deleted_by = "CreateNatGateway", "DeleteNatGateway"
    ids, ref, gives = {"NatGatewayId": "NatGatewayId"}, "NatGatewayId", {"NatGatewayId": "NatGatewayId"}

    def create(self, at: Place, given: dict[str, Any]) -> Made:
        made = super().create(at, given)
        self._wait(at, made.physical_id, "available")
        return made

    def delete(self, at: Place, made: Made, given: Properties) -> None:
        id = made.physical_id
        there = call_if_there(at, "ec2", "DescribeNatGateways", NatGatewayIds=[id]).get("NatGateways") or []
        super().delete(at, made, given)
        self._wait(at, id, "deleted")
        for address in (address for each in there for address in each["NatGatewayAddresses"]):
            if "NetworkInterfaceId" in address:  # moto leaves it in the subnet; on AWS it goes with the gateway
                which = {"NetworkInterfaceId": address["NetworkInterfaceId"]}
                call_if_there(at, "ec2", "DeleteNetworkInterface", **which)

    @staticmethod
    def _wait(at: Place, id: str, state: str) -> None:
        def settled() -> bool:
            found = call_if_there(at, "ec2", "DescribeNatGateways", NatGatewayIds=[id]).get("NatGateways") or []
            return found[0]["State"] == state if found else state == "deleted"

        at.wait(settled, f"the NAT gateway {id} is {state}")


class VpcEndpoint(Part):
    """AWS::EC2::VPCEndpoint."""

    type, tagged = "AWS::EC2::VPCEndpoint", "vpc-endpoint"
    created_by, deleted_by = "CreateVpcEndpoint", "DeleteVpcEndpoints"
    ids, ref, gives = {"VpcEndpointIds": "VpcEndpointId"}, "VpcEndpointId", {"Id": "VpcEndpointId"}
    _lists = ("RouteTableIds", "SubnetIds", "SecurityGroupIds")
    _everything: ClassVar[dict[str, Any]] = {
        "Version": "2008-10-17",
        "Statement": [{"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}],
    }

    def create(self, at: Place, given: dict[str, Any]) -> Made:
        return self._read(at, super().create(at, {"VpcEndpointType": "Gateway"} | given))

    def update(self, at: Place, made: Made, old: Properties, given: dict[str, Any]) -> Made:
        changes: dict[str, Any] = {}
        for name in self._lists:
            before, after = list(old.get(name) or []), list(given.get(name) or [])
            changes[f"Add{name}"] = [each for each in after if each not in before]
            changes[f"Remove{name}"] = [each for each in before if each not in after]
        if old.get("PolicyDocument") != given.get("PolicyDocument"):
            changes["PolicyDocument"] = as_text(given.get("PolicyDocument") or self._everything)
        known = {*self._lists, "PolicyDocument", "Tags"}
        if other := sorted(name for name in {*old, *given} - known if old.get(name) != given.get(name)):
            raise UnsupportedResource(f"a change of {', '.join(other)} of {self.type}")
        changes = {name: value for name, value in changes.items() if value}
        if changes:
            at.call("ec2", "ModifyVpcEndpoint", VpcEndpointId=made.physical_id, **changes)
        retag(at, made.physical_id, old, given)
        return self._read(at, made)

    def delete(self, at: Place, made: Made, given: Properties) -> None:
        call_if_there(at, "ec2", "DeleteVpcEndpoints", VpcEndpointIds=[made.physical_id])

    @staticmethod
    def _read(at: Place, made: Made) -> Made:
        (found,) = at.call("ec2", "DescribeVpcEndpoints", VpcEndpointIds=[made.physical_id])["VpcEndpoints"]
        entries = [f"{each['HostedZoneId']}:{each['DnsName']}" for each in found.get("DnsEntries") or []]
        made.attributes |= {"DnsEntries": entries, "NetworkInterfaceIds": list(found.get("NetworkInterfaceIds") or [])}
        made.attributes |= {"CreationTimestamp": str(found["CreationTimestamp"])}
        return made


KINDS: tuple[Kind, ...] = (
    GatewayAttachment(), Eip(), NatGateway(), VpcEndpoint(),
    Part(type="AWS::EC2::InternetGateway", tagged="internet-gateway", created_by="CreateInternetGateway",
         deleted_by="DeleteInternetGateway", ids={"InternetGatewayId": "InternetGatewayId"}, ref="InternetGatewayId",
         gives={"InternetGatewayId": "InternetGatewayId"}),
)  # fmt: skip
