#: breaks: through-the-alias
#: expects: calls version \d+ directly
#: because: Only the new version is in question, so all calls go to it.
#: replaces: 2
#: changes: gap 1
-        answer = functions.invoke(FunctionName=event["function"], Qualifier=event["alias"])
+        answer = functions.invoke(FunctionName=event["function"], Qualifier=new)
