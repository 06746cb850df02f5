#: expects: (lets the packet pass, and you say that it refuses|refuses, and you let the packet pass)
#: because: The rules are thought to stand in the order of their numbers.
#: changes: gap 2
-    for entry in sorted(entries, key=lambda entry: entry["RuleNumber"]):
+    for entry in entries:
