#: breaks: large-orders
#: expects: hikari-insurance gets nothing at all
#: because: puts a filter on a field of the body, and lets it look at the attributes
#: changes: gap 1
-        "FilterPolicyScope": "MessageBody",
