#: breaks: clients-fault
#: expects: blames our service for the client's fault.*no body.*KeyError: 'body'
#: because: The learner thinks of a body that isn't JSON, but not of a request without a body.
#: changes: gap 1
-        order = json.loads(event.get("body") or "")
+        order = json.loads(event["body"])
