#: breaks: reply-out
#: expects: you gave acl_lets the wrong address
#: because: The addresses of the way there are kept for the way back.
#: fills: gap 3
        if not acl_lets(acl_of(target), True, address, client_port):
            refused.append("reply: network ACL out")
        if not acl_lets(acl_of(source), False, client, client_port):
            refused.append("reply: network ACL in")
