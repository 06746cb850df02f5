#: breaks: reply-in
#: expects: You missed that the reply is blocked
#: because: The reply leaves one subnet, and enters another: one of them is forgotten.
#: fills: gap 3
        if not acl_lets(acl_of(target), True, client, client_port):
            refused.append("reply: network ACL out")
