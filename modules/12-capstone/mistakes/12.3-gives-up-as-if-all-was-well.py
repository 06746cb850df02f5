#: breaks: only-refused
#: expects: gives up on an order as if all was well.*the execution is SUCCEEDED
#: because: an execution that fails looks like a bug, so the last resort is a state that succeeds
#: replaces: 2
#: changes: gap 1
               - {ErrorEquals: [CardRefused], Output: "{% $states.input %}", Next: Cancel the order}
+              - {ErrorEquals: [States.ALL], Output: "{% $states.input %}", Next: Somebody should look}
@@
           Mark as paid:
+            Type: Pass
+            Next: Mark
+          Somebody should look:
+            Type: Succeed
+          Mark:
