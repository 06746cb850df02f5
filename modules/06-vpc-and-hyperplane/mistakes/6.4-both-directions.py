#: expects: A rule of the other direction was taken
#: because: The rules of both directions are taken for one list.
#: when: nightly
#: fills: gap 2
    for entry in sorted(entries, key=lambda entry: entry["RuleNumber"]):
        ports = entry.get("PortRange", {"From": 0, "To": 65535})
        if (
            inside(address, entry["CidrBlock"])
            and ports["From"] <= port <= ports["To"]
        ):
            return entry["RuleAction"] == "allow"
    return False
