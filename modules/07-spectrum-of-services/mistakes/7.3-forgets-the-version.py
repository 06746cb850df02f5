#: breaks: version
#: expects: The version does not show
#: because: Only the status is set.
#: changes: gap 5
-                UpdateExpression="SET #status = :new ADD version :one",
+                UpdateExpression="SET #status = :new",
@@
-                ExpressionAttributeValues={":old": {"S": old}, ":new": {"S": new}, ":one": {"N": "1"}},
+                ExpressionAttributeValues={":old": {"S": old}, ":new": {"S": new}},
