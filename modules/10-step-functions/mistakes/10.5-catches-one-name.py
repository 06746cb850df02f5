#: breaks: others
#: expects: One bad order stops the whole day.*came back: FAILED, (TypeError|NotInTheBooks)
#: because: The one error that was seen is thought to be the only one.
#: changes: gap 1
-    "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "Hold Back"}],
+    "Catch": [{"ErrorEquals": ["KeyError"], "Next": "Hold Back"}],
