#: breaks: failures
#: expects: failed is not reported
#: because: prints the error and calls it done
#: changes: gap 1
-            failures.append({"itemIdentifier": record["messageId"]})
