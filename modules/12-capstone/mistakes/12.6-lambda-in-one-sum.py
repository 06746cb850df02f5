#: breaks: three-prices
#: expects: does not return a dict with the three prices
#: because: both are Lambda's, so they are one price
#: changes: gap 1
-        "Lambda, requests": calls * table.each_usd("lambda-requests"),
-        "Lambda, duration": gb_s * table.each_usd("lambda-x86-tier-1"),
+        "Lambda": calls * table.each_usd("lambda-requests") + gb_s * table.each_usd("lambda-x86-tier-1"),
