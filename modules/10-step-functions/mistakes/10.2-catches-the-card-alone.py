#: expects: The shop hears nothing
#: because: A bank that stays busy is expected to recover.
#: changes: gap 1
-    {"ErrorEquals": ["States.ALL"], "Output": "{% $states.input %}", "Next": "Tell"}
+    {"ErrorEquals": ["CardDeclined"], "Output": "{% $states.input %}", "Next": "Tell"}
