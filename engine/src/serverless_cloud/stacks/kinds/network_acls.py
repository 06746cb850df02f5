"""Network access control lists, interfaces of one's own, further blocks of addresses."""

# ruff: noqa: ARG002 - the methods of all kinds have the same signature
from __future__ import annotations

from typing import Any

from serverless_cloud.stacks.errors import NotHonoured, ResourceFailed
from serverless_cloud.stacks.kinds.base import Kind, Made, Place, Properties, call_if_there
from serverless_cloud.stacks.kinds.network_parts import retag


def _tagged(kind: str, given: Properties) -> dict[str, Any]:
    return {"TagSpecifications": [{"ResourceType": kind, "Tags": given["Tags"]}]} if given.get("Tags") else {}


class NetworkAcl(Kind):
    """AWS::EC2::NetworkAcl."""

    type = "AWS::EC2::NetworkAcl"

    def create(self, at: Place, given: dict[str, Any]) -> Made:
        made = at.call("ec2", "CreateNetworkAcl", VpcId=given["VpcId"], **_tagged("network-acl", given))["NetworkAcl"]
        return Made(made["NetworkAclId"], {"Id": made["NetworkAclId"]})

    def update(self, at: Place, made: Made, old: Properties, given: dict[str, Any]) -> Made:
        retag(at, made.physical_id, old, given)
        return made

    def delete(self, at: Place, made: Made, given: Properties) -> None:
        call_if_there(at, "ec2", "DeleteNetworkAcl", NetworkAclId=made.physical_id)


class NetworkAclEntry(Kind):
    """AWS::EC2::NetworkAclEntry."""

    type = "AWS::EC2::NetworkAclEntry"

    def create(self, at: Place, given: dict[str, Any]) -> Made:
        at.call("ec2", "CreateNetworkAclEntry", **self._entry(given))
        return Made(at.generated_name(), {"Id": at.logical_id})

    def update(self, at: Place, made: Made, old: Properties, given: dict[str, Any]) -> Made:
        at.call("ec2", "ReplaceNetworkAclEntry", **self._entry(given))
        return made

    def delete(self, at: Place, made: Made, given: Properties) -> None:
        names = ("NetworkAclId", "RuleNumber", "Egress")
        call_if_there(at, "ec2", "DeleteNetworkAclEntry", **{name: self._entry(given)[name] for name in names})

    @staticmethod
    def _entry(given: Properties) -> dict[str, Any]:
        entry = {"Egress": False} | {name: value for name, value in given.items() if name != "Icmp"}
        entry["Protocol"] = str(entry["Protocol"])
        return entry | ({"IcmpTypeCode": given["Icmp"]} if "Icmp" in given else {})


class SubnetNetworkAcl(Kind):
    """AWS::EC2::SubnetNetworkAclAssociation: the list takes the place of the one that the subnet has."""

    type = "AWS::EC2::SubnetNetworkAclAssociation"

    def create(self, at: Place, given: dict[str, Any]) -> Made:
        id = self._put(at, given["SubnetId"], given["NetworkAclId"])
        return Made(id, {"AssociationId": id})

    def delete(self, at: Place, made: Made, given: Properties) -> None:
        """The subnet has the default list of its VPC again; nothing, when another one has taken this one's place."""
        found = self._list_of(at, given["SubnetId"])
        if found is None or found["NetworkAclId"] != given["NetworkAclId"]:
            return
        which = [{"Name": "vpc-id", "Values": [found["VpcId"]]}, {"Name": "default", "Values": ["true"]}]
        (default,) = at.call("ec2", "DescribeNetworkAcls", Filters=which)["NetworkAcls"]
        self._put(at, given["SubnetId"], default["NetworkAclId"])

    @staticmethod
    def _list_of(at: Place, subnet: str) -> dict[str, Any] | None:
        which = [{"Name": "association.subnet-id", "Values": [subnet]}]
        found: list[dict[str, Any]] = at.call("ec2", "DescribeNetworkAcls", Filters=which)["NetworkAcls"]
        return found[0] if found else None

    def _put(self, at: Place, subnet: str, acl: str) -> str:
        found = self._list_of(at, subnet)
        if found is None:
            raise ResourceFailed(f"The subnet ID '{subnet}' does not exist")
        (id,) = (one["NetworkAclAssociationId"] for one in found["Associations"] if one["SubnetId"] == subnet)
        answer = at.call("ec2", "ReplaceNetworkAclAssociation", AssociationId=id, NetworkAclId=acl)
        return str(answer["NewAssociationId"])


class Interface(Kind):
    """AWS::EC2::NetworkInterface."""

    type = "AWS::EC2::NetworkInterface"
    honoured = frozenset({"Description", "GroupSet", "PrivateIpAddress", "SecondaryPrivateIpAddressCount", "SubnetId",
                          "Tags"})  # fmt: skip

    def create(self, at: Place, given: dict[str, Any]) -> Made:
        wanted = {name: value for name, value in given.items() if name not in ("GroupSet", "Tags")}
        if given.get("GroupSet"):
            wanted["Groups"] = given["GroupSet"]
        made = at.call("ec2", "CreateNetworkInterface", **wanted, **_tagged("network-interface", given))
        found = made["NetworkInterface"]
        others = [each["PrivateIpAddress"] for each in found["PrivateIpAddresses"] if not each["Primary"]]
        return Made(found["NetworkInterfaceId"], {
            "Id": found["NetworkInterfaceId"], "PrimaryPrivateIpAddress": found["PrivateIpAddress"],
            "SecondaryPrivateIpAddresses": others, "VpcId": found["VpcId"]})  # fmt: skip

    def update(self, at: Place, made: Made, old: Properties, given: dict[str, Any]) -> Made:
        changed = sorted(name for name in {*old, *given} - {"Tags"} if old.get(name) != given.get(name))
        if changed:
            raise NotHonoured(f"a change of {', '.join(changed)} of {self.type}")
        retag(at, made.physical_id, old, given)
        return made

    def delete(self, at: Place, made: Made, given: Properties) -> None:
        call_if_there(at, "ec2", "DeleteNetworkInterface", NetworkInterfaceId=made.physical_id)


class VpcBlock(Kind):
    """AWS::EC2::VPCCidrBlock."""

    type = "AWS::EC2::VPCCidrBlock"
    honoured = frozenset({"AmazonProvidedIpv6CidrBlock", "CidrBlock", "VpcId"})

    def create(self, at: Place, given: dict[str, Any]) -> Made:
        answer = at.call("ec2", "AssociateVpcCidrBlock", **given)
        id = (answer.get("Ipv6CidrBlockAssociation") or answer.get("CidrBlockAssociation") or {})["AssociationId"]
        return Made(id, {"Id": id})

    def delete(self, at: Place, made: Made, given: Properties) -> None:
        call_if_there(at, "ec2", "DisassociateVpcCidrBlock", AssociationId=made.physical_id)


KINDS: tuple[Kind, ...] = (NetworkAcl(), NetworkAclEntry(), SubnetNetworkAcl(), Interface(), VpcBlock())
