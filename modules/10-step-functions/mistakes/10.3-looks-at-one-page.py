#: breaks: too-long
#: expects: does not continue\. .*took too long, and another 100 executions
#: because: list_executions is expected to list all executions, but it returns a page of 100.
#: changes: gap 1
-        status = states.describe_execution(executionArn=execution)["status"]
+        page = states.list_executions(stateMachineArn=machine)["executions"]
+        status = next((one["status"] for one in page if one["name"] == name), "")
