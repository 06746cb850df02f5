#: breaks: once
#: expects: printed twice, because a message came back
#: because: leaves the visibility timeout shorter than the work on all that it has received
#: replaces: 2
#: changes: gap 1
-        QueueUrl=queue_url, MaxNumberOfMessages=10, VisibilityTimeout=30, WaitTimeSeconds=1
+        QueueUrl=queue_url, MaxNumberOfMessages=10, WaitTimeSeconds=0
