#: breaks: direction
#: expects: No rule for this direction matches
#: because: The rules of both directions are taken for one list.
#: changes: gap 2
-            entry["Egress"] == egress
-            and inside(address, entry["CidrBlock"])
+            inside(address, entry["CidrBlock"])
