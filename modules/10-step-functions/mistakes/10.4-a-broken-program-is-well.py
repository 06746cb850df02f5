#: breaks: failed
#: expects: The person.s program has failed, but the execution looks successful
#: because: An error that is caught seems to be handled.
#: changes: gap 1
-            "Catch": [{"ErrorEquals": ["States.Timeout"], "Next": "Escalate"}],
+            "Catch": [
+                {"ErrorEquals": ["States.Timeout"], "Next": "Escalate"},
+                {"ErrorEquals": ["States.ALL"], "Next": "Broken"},
+            ],
@@
         "Refund": tells("refunded"),
+        "Broken": {"Type": "Succeed"},
