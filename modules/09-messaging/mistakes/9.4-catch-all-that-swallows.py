#: breaks: reports
#: expects: failed is not reported
#: because: catches everything so that a bad order does not disturb the good ones, and forgets to report it
#: changes: gap 1
-            failures.append({"itemIdentifier": record["messageId"]})
