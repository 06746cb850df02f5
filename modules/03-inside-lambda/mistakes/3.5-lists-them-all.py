#: breaks: replayed
#: expects: list replayed doesn't match
#: because: The learner lists each record that the loop has seen.
#: replaces: 2
#: changes: gap 1
             order = record["requestPayload"]
+            replayed.append(order["order_id"])
@@
             sqs.delete_message(QueueUrl=queue_url, ReceiptHandle=message["ReceiptHandle"])
-            replayed.append(order["order_id"])
