#: breaks: once
#: expects: printed twice, because a message came back
#: because: counts with a fifth of a second for a label, though ten may take two and a half
#: replaces: 2
#: changes: gap 1
-        QueueUrl=queue_url, MaxNumberOfMessages=10, VisibilityTimeout=30, WaitTimeSeconds=1
+        QueueUrl=queue_url, MaxNumberOfMessages=10, VisibilityTimeout=2
