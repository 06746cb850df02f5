#: breaks: prices
#: expects: The estimate for lambda is wrong.*where your prices come from
#: because: What is the same in two Regions is thought to be the same in all.
#: changes: gap 1
-        usd = work["requests"] * prices["lambda_request_usd"] + gb_s * prices["lambda_gb_s_usd"]
+        usd = work["requests"] * prices["lambda_request_usd"] + gb_s * 0.0000166667
