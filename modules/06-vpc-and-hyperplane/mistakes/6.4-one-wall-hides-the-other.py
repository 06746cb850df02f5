#: expects: You missed one refusal of the answer
#: because: The second network ACL is asked only if the first one lets the answer pass.
#: fills: gap 3
        if not acl_lets(acl_of(target), True, client, client_port):
            refused.append("answer: network ACL out")
        elif not acl_lets(acl_of(source), False, address, client_port):
            refused.append("answer: network ACL in")
