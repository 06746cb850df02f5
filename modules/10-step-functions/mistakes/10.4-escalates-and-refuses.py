#: breaks: one-message
#: expects: There are 2 messages about this.*"escalated".*"refused"
#: because: Until the boss has decided, the refund seems to be refused.
#: changes: gap 1
-        "Escalate": tells("escalated"),
+        "Escalate": {k: v for k, v in tells("escalated").items() if k != "End"} | {"Next": "Say No"},
