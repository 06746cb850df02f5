"""The score that a drill's record proves. Pure, so the same record has the same score."""

from __future__ import annotations

from serverless_first.drill import rules
from serverless_first.drill.finding import Finding, Score
from serverless_first.drill.record import Record


def score(record: Record) -> Score:
    """The score that a record proves.

    Raises:
        UnknownPrice: prices.yml lacks a price that the cost needs.
    """
    case = rules.Case(record)
    findings = []
    for name, question, rule in rules.QUESTIONS:
        answer = rule(case)
        findings.append(Finding(name, question, not answer.means, *answer))
    return Score(tuple(findings), case.cost, len(case.good))
