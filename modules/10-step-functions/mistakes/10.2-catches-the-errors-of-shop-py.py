#: breaks: told
#: expects: The shop hears nothing.*came back: no message; the execution: FAILED, (IndexError|TypeError)
#: because: Only the errors that shop.py names are expected.
#: changes: gap 1
-    {"ErrorEquals": ["States.ALL"], "Output": "{% $states.input %}", "Next": "Tell"}
+    {
+        "ErrorEquals": ["BankBusy", "CardDeclined", "KeyError", "Lambda.TooManyRequestsException"],
+        "Output": "{% $states.input %}",
+        "Next": "Tell",
+    }
