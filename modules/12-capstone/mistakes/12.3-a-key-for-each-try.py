#: breaks: key
#: expects: another key, so the customer is charged twice
#: because: takes the token as the key: it is at hand, and different for each order
#: replaces: 2
#: changes: gap 1
-              MessageBody: "{% $merge([$states.input, {'key': $states.input.order_id, 'token': $states.context.Task.Token}]) %}"
+              MessageBody: "{% $merge([$states.input, {'key': $states.context.Task.Token, 'token': $states.context.Task.Token}]) %}"
