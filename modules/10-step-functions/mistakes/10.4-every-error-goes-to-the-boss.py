#: breaks: program-error
#: expects: An error in the person's program sends a message, as if.*came back: \[\{"order_id": "ord-\w+", "result": "escalated"\}\]
#: because: An error in the person's program is taken for a person who says nothing.
#: changes: gap 1
-            "Catch": [{"ErrorEquals": ["States.Timeout"], "Next": "Escalate"}],
+            "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "Escalate"}],
