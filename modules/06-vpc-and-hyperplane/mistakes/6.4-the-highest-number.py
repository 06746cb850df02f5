#: breaks: by-number
#: expects: (lets the packet pass, but you say that it blocks|blocks the packet, but you let it pass)
#: because: The last rule is thought to have the last word.
#: changes: gap 2
-    for entry in sorted(entries, key=lambda entry: entry["RuleNumber"]):
+    for entry in sorted(entries, key=lambda entry: -entry["RuleNumber"]):
