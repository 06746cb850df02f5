#: expects: Nobody is told.*came back: no message; the execution: FAILED, (IndexError|TypeError)
#: because: The errors that shop.py names are taken for all there are.
#: changes: gap 1
-                {"ErrorEquals": ["States.ALL"], "Output": "{% $states.input %}", "Next": "Tell"}
+                {
+                    "ErrorEquals": ["BankBusy", "CardDeclined", "KeyError", "Lambda.TooManyRequestsException"],
+                    "Output": "{% $states.input %}",
+                    "Next": "Tell",
+                }
