#: breaks: role
#: expects: Projector is not allowed to write to its table
#: because: copies the policy of the front door
#: replaces: 3
#: changes: gap 2
-        - DynamoDBCrudPolicy: {TableName: !Ref Projection}
+        - DynamoDBReadPolicy: {TableName: !Ref Projection}
