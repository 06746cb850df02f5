#: breaks: own-reason
#: expects: Two decisions have the same reason
#: because: all five protect the orders, so one sentence fits all; only the finding differs
#: replaces: 2
#: fills: gap 1
findings = ("lost", "connections", "doubled", "dead letters", "projection")
reasons = {
    decision: f"Without this decision, orders would go wrong during the drill, and the finding {finding} would show it."
    for decision, finding in zip(reasons, findings)
}
