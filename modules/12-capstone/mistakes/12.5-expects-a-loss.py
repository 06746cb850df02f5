#: expects: The design 'no dead-letter queue' has passed 'lost'
#: because: a queue without a dead-letter queue is thought to lose what fails
#: changes: gap 1
-    "no dead-letter queue": "dead letters",
+    "no dead-letter queue": "lost",
