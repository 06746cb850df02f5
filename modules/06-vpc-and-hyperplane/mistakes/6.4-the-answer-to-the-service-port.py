#: breaks: client-port
#: expects: to the port that the client picked, not to the service
#: because: The reply is thought to go to the port of the service.
#: fills: gap 3
        if not acl_lets(acl_of(target), True, client, port):
            refused.append("reply: network ACL out")
        if not acl_lets(acl_of(source), False, address, port):
            refused.append("reply: network ACL in")
