#: breaks: printed
#: expects: don't list the orders whose labels they printed
#: because: lists an order when it is received, so failed orders are among the printed orders
#: replaces: 2
#: changes: gap 1
             order = json.loads(message["Body"])
-            try:
+            printed.append(order["order_id"])
+            try:
@@
             sqs.delete_message(QueueUrl=queue_url, ReceiptHandle=message["ReceiptHandle"])
-            printed.append(order["order_id"])
