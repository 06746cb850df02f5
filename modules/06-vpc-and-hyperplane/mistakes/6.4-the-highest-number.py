#: expects: (lets the packet pass, and you say that it refuses|refuses, and you let the packet pass)
#: because: The last rule is thought to have the last word.
#: when: nightly
#: fills: gap 2
    for entry in sorted(entries, key=lambda entry: -entry["RuleNumber"]):
        ports = entry.get("PortRange", {"From": 0, "To": 65535})
        if (
            entry["Egress"] == egress
            and inside(address, entry["CidrBlock"])
            and ports["From"] <= port <= ports["To"]
        ):
            return entry["RuleAction"] == "allow"
    return False
