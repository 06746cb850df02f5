#: breaks: error-texts
#: expects: an error text that the function never logged.*came back: FATAL: sorry, too many clients already
#: because: The text is taken from PostgreSQL's manual, not from the calls that failed.
#: changes: gap 1
-    "errors": sorted({result.error for result in results if result.error}),
+    "errors": ["FATAL: sorry, too many clients already"],
