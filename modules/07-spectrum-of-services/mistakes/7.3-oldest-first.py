#: breaks: newest-first
#: expects: The oldest order comes first
#: because: A query goes upwards by the sort key unless it is told otherwise.
#: changes: gap 4
-            ScanIndexForward=False,
