#: expects: A network ACL refuses, and you let the packet pass
#: because: A network ACL is taken for a security group: one rule that allows is enough.
#: fills: gap 2
#: when: nightly
    for entry in sorted(entries, key=lambda entry: entry["RuleNumber"]):
        ports = entry.get("PortRange", {"From": 0, "To": 65535})
        if (
            entry["Egress"] == egress
            and inside(address, entry["CidrBlock"])
            and ports["From"] <= port <= ports["To"]
        ):
            if entry["RuleAction"] == "allow":
                return True
    return False
