#: breaks: first-match
#: expects: A network ACL blocks the packet, but you let it pass
#: because: A network ACL is taken for a security group: one rule that allows is enough.
#: changes: gap 2
-            return entry["RuleAction"] == "allow"
+            if entry["RuleAction"] == "allow":
+                return True
