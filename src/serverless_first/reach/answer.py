"""The checker's answer: the hops of a packet and of the reply, each with a verdict and the reason."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class By(StrEnum):
    """The parts of a network that decide at a hop."""

    SECURITY_GROUP = "security group"
    NETWORK_ACL = "network ACL"
    ROUTE_TABLE = "route table"
    GATEWAY = "gateway"
    ADDRESS = "address"


@dataclass(frozen=True)
class Hop:
    """One place where a packet is let through or not.

    Attributes:
        by: what decides.
        where: whose it is, by its Name tag, or by its id where it has none.
        allowed: True, False, or None if this checker does not know what comes next.
        why: the rule that decided, in words.
        back: whether it is the reply that passes here.
        inward: for network ACLs and security groups: whether the packet comes in.
    """

    by: By
    where: str
    allowed: bool | None
    why: str
    back: bool = False
    inward: bool = False

    def __str__(self) -> str:
        mark = {True: "ok", False: "NO", None: "??"}[self.allowed]
        way = ""
        if self.by in (By.NETWORK_ACL, By.SECURITY_GROUP):
            way = ", in" if self.inward else ", out"
        return f"{mark}  {'reply: ' if self.back else ''}{self.by} {self.where}{way}: {self.why}"


@dataclass(frozen=True)
class Answer:
    """The fate of a packet, and of the reply to it.

    Attributes:
        question: who asks for what, in words.
        hops: in their order. After a wrong route nothing follows; a network ACL or a security group that refuses does
            not hide those behind it.
        note: what a reader might miss in the list; empty if nothing.
    """

    question: str
    hops: tuple[Hop, ...]
    note: str = ""

    @property
    def arrives(self) -> bool | None:
        """Whether the packet arrives and the reply comes back; None if nobody refuses and a hop is not known."""
        if self.refusals:
            return False
        return None if any(hop.allowed is None for hop in self.hops) else True

    @property
    def refusals(self) -> tuple[Hop, ...]:
        """The hops that refuse."""
        return tuple(hop for hop in self.hops if hop.allowed is False)

    @property
    def reason(self) -> str:
        """Why it does not arrive: the first refusal in words; empty if there is none."""
        return str(self.refusals[0]).removeprefix("NO  ") if self.refusals else ""

    def passes(self, by: By, where: str = "") -> bool:
        """Whether a hop of this kind, with these words in `where` or `why`, lets the packet through."""
        return any(hop.by is by and hop.allowed and where in f"{hop.where} {hop.why}" for hop in self.hops)

    def __str__(self) -> str:
        verdict = {True: "arrives, and the reply comes back", False: "does not arrive", None: "unknown"}
        lines = [f"{self.question}: {verdict[self.arrives]}"]
        lines += [f"  {hop}" for hop in self.hops if not hop.back]
        back = [f"  {hop}" for hop in self.hops if hop.back]
        return "\n".join(
            [*lines, *(["  --  return path:"] if back else []), *back, *([f"  {self.note}"] if self.note else [])]
        )
