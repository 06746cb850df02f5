#: breaks: rights
#: expects: Front may do more than it needs.*may also do dynamodb:\w+ on arn
#: because: CRUD is the policy template for a table
#: replaces: 2
#: changes: gap 1
-        - DynamoDBReadPolicy: {TableName: !Ref Projection}
+        - DynamoDBCrudPolicy: {TableName: !Ref Projection}
