#: breaks: all-walls
#: expects: Check the reply even if the packet is blocked
#: because: A packet that is refused has no reply, so the way back is not asked.
#: fills: gap 3
        arrived = not refused
        if arrived and not acl_lets(acl_of(target), True, client, client_port):
            refused.append("reply: network ACL out")
        if arrived and not acl_lets(acl_of(source), False, address, client_port):
            refused.append("reply: network ACL in")
