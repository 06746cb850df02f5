"""The parts of a score: findings, each with its meaning, and a cost."""

from __future__ import annotations

from dataclasses import dataclass

#: The wrong designs that a record tells apart, by the names that findings and the scoreboard give them.
NO_IDEMPOTENCY = "no idempotency"
DIRECT_CONNECTIONS = "direct connections"
SHORT_VISIBILITY = "short visibility timeout"
NO_DEAD_LETTERS = "no dead-letter queue"
STATE_IN_MEMORY = "state in memory"
DESIGNS = (NO_IDEMPOTENCY, DIRECT_CONNECTIONS, SHORT_VISIBILITY, NO_DEAD_LETTERS, STATE_IN_MEMORY)


@dataclass(frozen=True)
class Finding:
    """One question that the drill has answered.

    Args:
        name: what it is about: "lost", "doubled" and so on; each score has the same ones, in the same order.
        seen: what was counted, in a sentence.
        means: how it comes to that; empty if it has passed.
        look: where to look; empty if it has passed.
        design: the wrong design that does this, one of `DESIGNS`; empty if it has passed, or if no one is known.
    """

    name: str
    question: str
    passed: bool
    seen: str
    means: str = ""
    look: str = ""
    design: str = ""

    @property
    def message(self) -> str:
        """The observation, its meaning and where to look, as one text."""
        return " ".join(part for part in (self.seen, self.means, self.look) if part)


@dataclass(frozen=True)
class Cost:
    """The costs by use, in US dollars for 1,000 orders, by part, the greatest first. The hours of RDS are not included.

    Args:
        parts: (what it is, US dollars).
    """

    parts: tuple[tuple[str, float], ...]

    @property
    def usd(self) -> float:
        """All together."""
        return sum(usd for _, usd in self.parts)


@dataclass(frozen=True)
class Score:
    """The result of a drill.

    Args:
        findings: in their order; `passed` if all have passed.
        cost: of 1,000 orders.
        orders: how many good orders the drill had.
    """

    findings: tuple[Finding, ...]
    cost: Cost
    orders: int

    @property
    def passed(self) -> bool:
        """Whether the shop has passed the drill."""
        return all(finding.passed for finding in self.findings)

    @property
    def failed(self) -> tuple[Finding, ...]:
        """The findings that have not passed."""
        return tuple(finding for finding in self.findings if not finding.passed)

    @property
    def designs(self) -> tuple[str, ...]:
        """The wrong designs that the findings name, each once."""
        return tuple(dict.fromkeys(finding.design for finding in self.findings if finding.design))

    def __getitem__(self, name: str) -> Finding:
        """A finding by its name. Raises: KeyError: there is none of this name."""
        for finding in self.findings:
            if finding.name == name:
                return finding
        raise KeyError(f"There is no finding {name!r}. The findings are {', '.join(f.name for f in self.findings)}.")
