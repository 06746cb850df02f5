#: breaks: reply-out
#: expects: in the wrong direction
#: because: Out and in are taken from the client, not from the subnet.
#: fills: gap 3
        if not acl_lets(acl_of(target), True, client, client_port):
            refused.append("reply: network ACL in")
        if not acl_lets(acl_of(source), False, address, client_port):
            refused.append("reply: network ACL out")
