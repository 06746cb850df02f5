#: breaks: finishes
#: expects: Your worker never finished
#: because: waits for longer than a message is hidden, so what failed comes back for ever
#: replaces: 2
#: changes: gap 1
-        QueueUrl=queue_url, MaxNumberOfMessages=10, VisibilityTimeout=30, WaitTimeSeconds=1
+        QueueUrl=queue_url, WaitTimeSeconds=5
