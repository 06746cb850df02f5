#: breaks: prices
#: expects: The estimate for lambda is wrong.*where your prices come from
#: because: writes down a price of us-east-1 instead of taking it from the event
#: changes: gap 1
-            usd += work["requests"] * prices["http_api_request_usd"]
+            usd += work["requests"] * 0.000001
