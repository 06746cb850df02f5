#: breaks: request
#: expects: The request to the provider lacks token
#: because: waitForTaskToken is thought to add the token
#: replaces: 2
#: changes: gap 1
-              MessageBody: "{% $merge([$states.input, {'key': $states.input.order_id, 'token': $states.context.Task.Token}]) %}"
+              MessageBody: "{% $merge([$states.input, {'key': $states.input.order_id}]) %}"
