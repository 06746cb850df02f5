"""The score of a drill: what its record proves. Pure: the same record has the same score."""

from __future__ import annotations

from serverless_first.drill import rules
from serverless_first.drill.cost import cost_of
from serverless_first.drill.finding import Score
from serverless_first.drill.record import Record


def score(record: Record) -> Score:
    """What a record proves.

    Raises:
        UnknownPrice: prices.yml lacks a price that the cost needs.
    """
    case = rules.Case(record)
    cost = cost_of(record)
    findings = (
        rules.kept(case),
        rules.once(case),
        rules.ended(case),
        rules.dead_letters(case),
        rules.hidden(case),
        rules.connections(case),
        rules.projection(case),
        rules.answers(case),
        rules.drained(case),
        rules.paid(cost),
    )
    return Score(findings, cost, len(case.good))
