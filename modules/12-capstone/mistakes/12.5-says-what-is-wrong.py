#: breaks: predictions
#: expects: Your prediction for the design 'direct connections' is not the name of a finding.*came back: too many connections
#: because: describes the damage in other words than the list's
#: changes: gap 1
-    "direct connections": "connections",
+    "direct connections": "too many connections",
