#: expects: The shop is not told
#: because: A bank that stays busy is thought to end as well.
#: changes: gap 1
-                {"ErrorEquals": ["States.ALL"], "Output": "{% $states.input %}", "Next": "Tell"}
+                {"ErrorEquals": ["CardDeclined"], "Output": "{% $states.input %}", "Next": "Tell"}
