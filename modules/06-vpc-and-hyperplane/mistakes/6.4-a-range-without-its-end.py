#: expects: A PortRange holds its first and its last port
#: because: A PortRange is taken for a range of Python, without its end.
#: when: nightly
#: fills: gap 2
    for entry in sorted(entries, key=lambda entry: entry["RuleNumber"]):
        ports = entry.get("PortRange", {"From": 0, "To": 65535})
        if (
            entry["Egress"] == egress
            and inside(address, entry["CidrBlock"])
            and port in range(ports["From"], ports["To"])
        ):
            return entry["RuleAction"] == "allow"
    return False
