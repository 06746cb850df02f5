#: breaks: done-leaves
#: expects: printed (twice|are still in the queue)
#: because: thinks that receiving takes the message out of the queue
#: replaces: 2
#: changes: gap 1
-            sqs.delete_message(QueueUrl=queue_url, ReceiptHandle=message["ReceiptHandle"])
