#: breaks: by-number
#: expects: (lets the packet pass, but you say that it blocks|blocks the packet, but you let it pass)
#: because: The rules are thought to stand in the order of their numbers.
#: changes: gap 2
-    for entry in sorted(entries, key=lambda entry: entry["RuleNumber"]):
+    for entry in entries:
