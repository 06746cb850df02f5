#: breaks: all-ports
#: expects: has an entry without a PortRange.*acl_lets: which ports
#: because: takes a rule without ports for a rule for no port
#: changes: gap 2
-        ports = entry.get("PortRange", {"From": 0, "To": 65535})
+        ports = entry.get("PortRange", {"From": 0, "To": 0})
