#: breaks: yes
#: expects: expected: \{"order_id": "ord-\w+", "result": "refunded"\}
#: because: The answer is a boolean, and it is compared with a string.
#: changes: gap 1
-            "Choices": [{"Condition": "{% $states.input.approved %}", "Next": "Refund"}],
+            "Choices": [{"Condition": "{% $states.input.approved = 'true' %}", "Next": "Refund"}],
