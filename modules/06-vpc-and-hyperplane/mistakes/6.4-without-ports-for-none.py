#: breaks: all-ports
#: expects: (lets the packet pass, but you say that it blocks|blocks the packet, but you let it pass)
#: because: takes a rule without ports for a rule for no port
#: changes: gap 2
-        ports = entry.get("PortRange", {"From": 0, "To": 65535})
+        ports = entry.get("PortRange", {"From": 0, "To": 0})
