#: breaks: reply-in
#: expects: You missed one wall that blocks the reply
#: because: The second network ACL is asked only if the first one lets the reply pass.
#: fills: gap 3
        if not acl_lets(acl_of(target), True, client, client_port):
            refused.append("reply: network ACL out")
        elif not acl_lets(acl_of(source), False, address, client_port):
            refused.append("reply: network ACL in")
