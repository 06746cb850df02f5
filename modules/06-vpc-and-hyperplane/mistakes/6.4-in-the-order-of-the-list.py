#: expects: (lets the packet pass, and you say that it refuses|refuses, and you let the packet pass)
#: because: The rules are thought to stand in the order of their numbers.
#: when: nightly
#: fills: gap 2
    for entry in entries:
        ports = entry.get("PortRange", {"From": 0, "To": 65535})
        if (
            entry["Egress"] == egress
            and inside(address, entry["CidrBlock"])
            and ports["From"] <= port <= ports["To"]
        ):
            return entry["RuleAction"] == "allow"
    return False
