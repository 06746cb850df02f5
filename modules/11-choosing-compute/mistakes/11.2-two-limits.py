#: breaks: one-limit
#: expects: Each step needs one id
#: because: More reasons are thought to be better.
#: changes: gap 1
-    "chat": {"service": "fargate", "leave": {"lambda": "lambda-inbound"}},
+    "chat": {"service": "fargate", "leave": {"lambda": ["lambda-inbound", "lambda-timeout"]}},
