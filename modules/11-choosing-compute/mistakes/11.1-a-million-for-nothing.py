#: breaks: no-free-tier
#: expects: The free tier's requests are in the estimate
#: because: Only the million requests are thought to be the free tier.
#: changes: gap 1
-        usd = work["requests"] * prices["lambda_request_usd"] + gb_s * prices["lambda_gb_s_usd"]
+        usd = max(0, work["requests"] - 1_000_000) * prices["lambda_request_usd"] + gb_s * prices["lambda_gb_s_usd"]
