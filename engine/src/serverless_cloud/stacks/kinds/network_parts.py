"""Creation and tags, which all parts of a network in a stack share."""

from __future__ import annotations

from typing import Any, ClassVar

from serverless_cloud.stacks.errors import UnsupportedResource
from serverless_cloud.stacks.kinds.base import ByCalls, Made, Place, Properties


class Part(ByCalls):
    """A part of the network. Its tags change in place."""

    service = "ec2"
    tagged: ClassVar[str]  # its name in TagSpecifications

    def parameters(self, at: Place, operation: str, given: Properties, *, strict: bool = True) -> dict[str, Any]:
        given = dict(given)
        if tags := given.pop("Tags", None):
            given["TagSpecifications"] = [{"ResourceType": self.tagged, "Tags": tags}]
        return super().parameters(at, operation, given, strict=strict)

    def update(self, at: Place, made: Made, old: Properties, given: dict[str, Any]) -> Made:
        """Changes the tags; a kind that can change more overrides this."""
        changed = sorted(name for name in {*old, *given} - {"Tags"} if old.get(name) != given.get(name))
        if changed:
            raise UnsupportedResource(f"a change of {', '.join(changed)} of {self.type}")
        retag(at, made.physical_id, old, given)
        return made


def retag(at: Place, id: str, old: Properties, given: Properties) -> None:
    """Gives a part of the network the tags that it is to have now."""
    if given.get("Tags") != old.get("Tags"):
        if old.get("Tags"):
            at.call("ec2", "DeleteTags", Resources=[id], Tags=[{"Key": tag["Key"]} for tag in old["Tags"]])
        if given.get("Tags"):
            at.call("ec2", "CreateTags", Resources=[id], Tags=given["Tags"])
