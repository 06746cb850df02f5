#: breaks: until-empty
#: expects: workers stop while orders are left
#: because: takes one answer of the queue for all that it holds
#: replaces: 2
#: changes: gap 1
-    while messages := sqs.receive_message(
-        QueueUrl=queue_url, MaxNumberOfMessages=10, VisibilityTimeout=30, WaitTimeSeconds=1
-    ).get("Messages"):
+    messages = sqs.receive_message(QueueUrl=queue_url, MaxNumberOfMessages=10, VisibilityTimeout=30).get("Messages", [])
+    if messages:
