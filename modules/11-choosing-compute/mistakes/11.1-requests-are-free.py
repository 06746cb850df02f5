#: breaks: requests
#: expects: each request also has a price
#: because: Lambda is thought to charge for time only.
#: changes: gap 1
-        usd = work["requests"] * prices["lambda_request_usd"] + gb_s * prices["lambda_gb_s_usd"]
+        usd = gb_s * prices["lambda_gb_s_usd"]
