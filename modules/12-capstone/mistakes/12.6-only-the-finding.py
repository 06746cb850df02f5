#: breaks: sentences
#: expects: A decision has no reason: A dead-letter queue
#: because: the finding's name says it all
#: replaces: 2
#: changes: gap 1
-    "A dead-letter queue": "A message that can never succeed would come back forever, and cost money each time "
-    "(finding: dead letters).",
+    "A dead-letter queue": "Otherwise the finding dead letters fails.",
