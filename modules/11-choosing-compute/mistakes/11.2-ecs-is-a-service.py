#: breaks: five-services
#: expects: has an unknown service
#: because: Fargate is thought to be a setting of ECS.
#: changes: gap 1
-    "chat": {"service": "fargate", "leave": {"lambda": "lambda-inbound"}},
+    "chat": {"service": "ecs", "leave": {"lambda": "lambda-inbound"}},
