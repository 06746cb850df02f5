#: expects: failed is not reported
#: because: prints the error and calls it done
#: changes: gap 1
#: when: nightly
-            failures.append({"itemIdentifier": record["messageId"]})
