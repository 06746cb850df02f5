#: breaks: role
#: expects: Projector may do more than it needs
#: because: a managed policy is the shortest
#: replaces: 3
#: changes: gap 2
-        - DynamoDBCrudPolicy: {TableName: !Ref Projection}
+        - AmazonDynamoDBFullAccess
