#: expects: You missed that the answer is refused
#: because: The answer leaves one subnet, and enters another: one of them is forgotten.
#: fills: gap 3
        if not acl_lets(acl_of(target), True, client, client_port):
            refused.append("answer: network ACL out")
