#: breaks: patience
#: expects: The person is asked again.*2 questions without an answer
#: because: A person who has overlooked the question seems to deserve another one.
#: changes: gap 1
             "TimeoutSeconds": 2,
+            "Retry": [{"ErrorEquals": ["States.Timeout"], "IntervalSeconds": 1, "MaxAttempts": 1}],
