#: breaks: visibility
#: expects: VisibilityTimeout 30
#: because: takes three times the timeout for enough
#: replaces: 2
#: changes: gap 1
-orders_url = queue("hikari-orders", VisibilityTimeout="60", RedrivePolicy=json.dumps(policy))
+orders_url = queue("hikari-orders", VisibilityTimeout="30", RedrivePolicy=json.dumps(policy))
