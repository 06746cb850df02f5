"""EC2's network: VPCs, subnets, security groups, internet gateways, routes."""

# ruff: noqa: ARG002, RUF012 - the methods of all kinds have the same signature; the base class says ClassVar
from __future__ import annotations

from typing import Any, ClassVar

from serverless_cloud.stacks.errors import UnsupportedResource
from serverless_cloud.stacks.kinds.base import ByCalls, Kind, Made, Place, Properties, call_if_there


class Part(ByCalls):
    """A part of the network. Its tags change in place."""

    service = "ec2"
    tagged: ClassVar[str]  # its name in TagSpecifications

    def parameters(self, at: Place, operation: str, properties: Properties, *, strict: bool = True) -> dict[str, Any]:
        properties = dict(properties)
        if tags := properties.pop("Tags", None):
            properties["TagSpecifications"] = [{"ResourceType": self.tagged, "Tags": tags}]
        return super().parameters(at, operation, properties, strict=strict)

    def update(self, at: Place, resource: Made, old: Properties, properties: dict[str, Any]) -> Made:
        """Changes the tags; a kind that can change more overrides this."""
        changed = sorted(name for name in {*old, *properties} - {"Tags"} if old.get(name) != properties.get(name))
        if changed:
            raise UnsupportedResource(f"a change of {', '.join(changed)} of {self.type}")
        retag(at, resource.physical_id, old, properties)
        return resource


class Vpc(Part):
    """AWS::EC2::VPC."""

    type, tagged = "AWS::EC2::VPC", "vpc"
    created_by, deleted_by, ids, ref = "CreateVpc", "DeleteVpc", {"VpcId": "VpcId"}, "VpcId"
    refused = ("Ipv4IpamPoolId", "Ipv4NetmaskLength", "VpcEncryptionControl")
    _flags = ("EnableDnsSupport", "EnableDnsHostnames")

    def create(self, at: Place, properties: dict[str, Any]) -> Made:
        flags = {name: properties[name] for name in self._flags if name in properties}
        resource = super().create(at, {name: value for name, value in properties.items() if name not in flags})
        self._set(at, resource.physical_id, flags)
        which = [{"Name": "vpc-id", "Values": [resource.physical_id]}]
        groups = at.call("ec2", "DescribeSecurityGroups", Filters=which)["SecurityGroups"]
        default = [group["GroupId"] for group in groups if group["GroupName"] == "default"]
        acls = at.call("ec2", "DescribeNetworkAcls", Filters=which)["NetworkAcls"]
        resource.attributes |= {"VpcId": resource.physical_id, "CidrBlock": properties.get("CidrBlock")}
        resource.attributes |= {"DefaultSecurityGroup": default[0] if default else None}
        resource.attributes |= {"DefaultNetworkAcl": acls[0]["NetworkAclId"] if acls else None}
        return resource

    def update(self, at: Place, resource: Made, old: Properties, properties: dict[str, Any]) -> Made:
        defaults = {"EnableDnsSupport": True, "EnableDnsHostnames": False}
        self._set(at, resource.physical_id, {name: properties.get(name, defaults[name]) for name in self._flags
                                             if properties.get(name) != old.get(name)})  # fmt: skip
        retag(at, resource.physical_id, old, properties)
        return resource

    @staticmethod
    def _set(at: Place, vpc: str, flags: Properties) -> None:
        for name, value in flags.items():
            at.call("ec2", "ModifyVpcAttribute", VpcId=vpc, **{name: {"Value": value}})


class Subnet(Part):
    """AWS::EC2::Subnet."""

    type, tagged = "AWS::EC2::Subnet", "subnet"
    created_by, deleted_by, ids, ref = "CreateSubnet", "DeleteSubnet", {"SubnetId": "SubnetId"}, "SubnetId"
    gives = {"SubnetId": "SubnetId", "VpcId": "VpcId", "CidrBlock": "CidrBlock", "AvailabilityZone": "AvailabilityZone"}

    def create(self, at: Place, properties: dict[str, Any]) -> Made:
        public = properties.pop("MapPublicIpOnLaunch", None)
        resource = super().create(at, properties)
        if public is not None:
            self._set(at, resource.physical_id, public)
        return resource

    def update(self, at: Place, resource: Made, old: Properties, properties: dict[str, Any]) -> Made:
        if properties.get("MapPublicIpOnLaunch") != old.get("MapPublicIpOnLaunch"):
            self._set(at, resource.physical_id, bool(properties.get("MapPublicIpOnLaunch")))
        retag(at, resource.physical_id, old, properties)
        return resource

    @staticmethod
    def _set(at: Place, subnet: str, public: bool) -> None:
        at.call("ec2", "ModifySubnetAttribute", SubnetId=subnet, MapPublicIpOnLaunch={"Value": public})


class SecurityGroup(Kind):
    """AWS::EC2::SecurityGroup."""

    type, name, name_limit = "AWS::EC2::SecurityGroup", "GroupName", 255
    deleted_with = ("ec2", "DeleteSecurityGroup", "GroupId")

    def create(self, at: Place, properties: dict[str, Any]) -> Made:
        settings = {"GroupName": self.named(at, properties), "Description": properties["GroupDescription"]}
        if "VpcId" in properties:
            settings["VpcId"] = properties["VpcId"]
        if properties.get("Tags"):
            settings["TagSpecifications"] = [{"ResourceType": "security-group", "Tags": properties["Tags"]}]
        id = at.call("ec2", "CreateSecurityGroup", **settings)["GroupId"]
        resource = Made(id, {"GroupId": id, "Id": id, "VpcId": properties.get("VpcId")})
        with self.whole_or_gone(at, resource, properties):
            self._rules(at, id, {}, properties)
        return resource

    def update(self, at: Place, resource: Made, old: Properties, properties: dict[str, Any]) -> Made:
        self._rules(at, resource.physical_id, old, properties)
        retag(at, resource.physical_id, old, properties)
        return resource

    @staticmethod
    def _rules(at: Place, id: str, old: Properties, properties: Properties) -> None:
        for key, way in (("SecurityGroupIngress", "Ingress"), ("SecurityGroupEgress", "Egress")):
            before, after = list(old.get(key) or []), list(properties.get(key) or [])
            if way == "Egress" and after and not before:  # own rules take the place of the one that lets all out
                everything = {"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}
                call_if_there(at, "ec2", "RevokeSecurityGroupEgress", GroupId=id, IpPermissions=[everything])
            for rule in before:
                if rule not in after:
                    call_if_there(at, "ec2", f"RevokeSecurityGroup{way}", GroupId=id, IpPermissions=[_rule(rule)])
            for rule in after:
                if rule not in before:
                    at.call("ec2", f"AuthorizeSecurityGroup{way}", GroupId=id, IpPermissions=[_rule(rule)])


def _rule(properties: Properties) -> dict[str, Any]:
    """A rule in the form of the API."""
    description = {"Description": properties["Description"]} if "Description" in properties else {}
    rule: dict[str, Any] = {"IpProtocol": properties["IpProtocol"]}
    rule |= {name: properties[name] for name in ("FromPort", "ToPort") if name in properties}
    if "CidrIp" in properties:
        rule["IpRanges"] = [{"CidrIp": properties["CidrIp"], **description}]
    if "CidrIpv6" in properties:
        rule["Ipv6Ranges"] = [{"CidrIpv6": properties["CidrIpv6"], **description}]
    for name in ("SourceSecurityGroupId", "DestinationSecurityGroupId"):
        if name in properties:
            rule["UserIdGroupPairs"] = [{"GroupId": properties[name], **description}]
    known = {"IpProtocol", "FromPort", "ToPort", "CidrIp", "CidrIpv6", "SourceSecurityGroupId",
             "DestinationSecurityGroupId", "Description", "GroupId"}  # fmt: skip
    if unknown := sorted(set(properties) - known):
        raise UnsupportedResource(f"{', '.join(unknown)} in a rule of a security group")
    return rule


class SecurityGroupIngress(Kind):
    """AWS::EC2::SecurityGroupIngress: a rule that is a resource beside its group."""

    type = "AWS::EC2::SecurityGroupIngress"

    def create(self, at: Place, properties: dict[str, Any]) -> Made:
        rules = at.call("ec2", "AuthorizeSecurityGroupIngress", GroupId=properties["GroupId"],
                        IpPermissions=[_rule(properties)])["SecurityGroupRules"]  # fmt: skip
        return Made(rules[0]["SecurityGroupRuleId"], {"Id": rules[0]["SecurityGroupRuleId"]})

    def update(self, at: Place, resource: Made, old: Properties, properties: dict[str, Any]) -> Made:
        """Only its description can change."""
        at.call("ec2", "UpdateSecurityGroupRuleDescriptionsIngress", GroupId=properties["GroupId"],
                IpPermissions=[_rule(properties)])  # fmt: skip
        return resource

    def delete(self, at: Place, resource: Made, properties: Properties) -> None:
        call_if_there(at, "ec2", "RevokeSecurityGroupIngress", GroupId=properties["GroupId"],
                      IpPermissions=[_rule(properties)])  # fmt: skip


class GatewayAttachment(Kind):
    """AWS::EC2::VPCGatewayAttachment."""

    type = "AWS::EC2::VPCGatewayAttachment"
    deleted_with = ("ec2", "DetachInternetGateway")
    refused = ("VpnGatewayId",)

    def create(self, at: Place, properties: dict[str, Any]) -> Made:
        which = {"InternetGatewayId": properties["InternetGatewayId"], "VpcId": properties["VpcId"]}
        at.call("ec2", "AttachInternetGateway", **which)
        return Made(at.generated_name(), {}, which)


class VpcRoute(Kind):
    """AWS::EC2::Route."""

    type = "AWS::EC2::Route"

    def create(self, at: Place, properties: dict[str, Any]) -> Made:
        at.call("ec2", "CreateRoute", **properties)
        names = ("DestinationCidrBlock", "DestinationIpv6CidrBlock", "DestinationPrefixListId")
        destination = next((str(properties[name]) for name in names if name in properties), "")
        return Made(f"{properties['RouteTableId']}|{destination}", {"CidrBlock": destination})

    def update(self, at: Place, resource: Made, old: Properties, properties: dict[str, Any]) -> Made:
        """Another target: the route itself stays, so it serves at every moment."""
        at.call("ec2", "ReplaceRoute", **properties)
        return resource

    def delete(self, at: Place, resource: Made, properties: Properties) -> None:
        names = ("RouteTableId", "DestinationCidrBlock", "DestinationIpv6CidrBlock")
        call_if_there(at, "ec2", "DeleteRoute", **{name: properties[name] for name in names if name in properties})


class SubnetRouteTable(Kind):
    """AWS::EC2::SubnetRouteTableAssociation."""

    type = "AWS::EC2::SubnetRouteTableAssociation"
    deleted_with = ("ec2", "DisassociateRouteTable", "AssociationId")
    changed_by = frozenset({"RouteTableId"})  # a subnet has one table: the new one takes the place of the old one

    def create(self, at: Place, properties: dict[str, Any]) -> Made:
        id = at.call("ec2", "AssociateRouteTable", **properties)["AssociationId"]
        return Made(id, {"Id": id})

    def update(self, at: Place, resource: Made, old: Properties, properties: dict[str, Any]) -> Made:
        which = {"AssociationId": resource.physical_id, "RouteTableId": properties["RouteTableId"]}
        id = at.call("ec2", "ReplaceRouteTableAssociation", **which)["NewAssociationId"]
        return Made(id, {"Id": id})


def retag(at: Place, id: str, old: Properties, properties: Properties) -> None:
    """Gives a part of the network the tags that it is to have now."""
    if properties.get("Tags") != old.get("Tags"):
        if old.get("Tags"):
            at.call("ec2", "DeleteTags", Resources=[id], Tags=[{"Key": tag["Key"]} for tag in old["Tags"]])
        if properties.get("Tags"):
            at.call("ec2", "CreateTags", Resources=[id], Tags=properties["Tags"])


KINDS: tuple[Kind, ...] = (
    Vpc(), Subnet(), SecurityGroup(), SecurityGroupIngress(), GatewayAttachment(), VpcRoute(), SubnetRouteTable(),
    Part(type="AWS::EC2::InternetGateway", tagged="internet-gateway", created_by="CreateInternetGateway",
         deleted_by="DeleteInternetGateway", ids={"InternetGatewayId": "InternetGatewayId"}, ref="InternetGatewayId",
         gives={"InternetGatewayId": "InternetGatewayId"}),
    Part(type="AWS::EC2::RouteTable", tagged="route-table", created_by="CreateRouteTable",
         deleted_by="DeleteRouteTable", ids={"RouteTableId": "RouteTableId"}, ref="RouteTableId",
         gives={"RouteTableId": "RouteTableId"}),
)  # fmt: skip
