#: breaks: message
#: expects: whose body API Gateway encodes as base64
#: because: the body of a request is JSON, so json.loads will do
#: changes: gap 1
-        body = read(event)
+        body = json.loads(event["body"])
