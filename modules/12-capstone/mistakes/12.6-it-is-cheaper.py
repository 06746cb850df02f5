#: breaks: not-cost
#: expects: does not name a finding of the drill
#: because: in the end everything is a matter of cost
#: replaces: 2
#: changes: gap 1
-    "A dead-letter queue": "A message that can never succeed would come back forever, and cost money each time "
-    "(finding: dead letters).",
+    "A dead-letter queue": "A message that can never succeed would come back forever, and cost money each time "
+    "(finding: cost).",
