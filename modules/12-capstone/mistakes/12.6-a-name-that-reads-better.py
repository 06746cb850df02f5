#: breaks: five-reasons
#: expects: A decision has no reason: A dead-letter queue.*came back: no text
#: because: the keys are titles, which anybody may word
#: replaces: 2
#: changes: gap 1
-    "A dead-letter queue": "A message that can never succeed would come back forever, and cost money each time "
+    "A queue for dead letters": "A message that can never succeed would come back forever, and cost money each time "
