#: breaks: prices
#: expects: the prices come from the event
#: because: Lambda's prices are thought to be the same everywhere.
#: changes: gap 1
     for times in range(1, MOST + 1):
+        prices = prices | {"lambda_gb_s_usd": 0.0000166667}
