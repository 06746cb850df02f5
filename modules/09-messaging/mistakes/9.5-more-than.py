#: breaks: large-orders
#: expects: hikari-insurance does not get orders that it wants
#: because: takes "and more" for "more than"
#: changes: gap 1
-        "FilterPolicy": json.dumps({"total_yen": [{"numeric": [">=", 30_000]}]}),
+        "FilterPolicy": json.dumps({"total_yen": [{"numeric": [">", 30_000]}]}),
