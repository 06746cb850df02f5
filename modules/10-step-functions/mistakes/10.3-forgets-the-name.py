#: breaks: arn
#: expects: No execution has the ARN that your function returns
#: because: The name is computed, and not passed to Step Functions.
#: changes: gap 1
         states.start_execution(
-            stateMachineArn=machine, name=name, input=json.dumps(event, sort_keys=True)
+            stateMachineArn=machine, input=json.dumps(event, sort_keys=True)
