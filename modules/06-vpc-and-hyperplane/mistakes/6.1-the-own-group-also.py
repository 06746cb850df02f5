#: breaks: nobody-else
#: expects: also lets in machines with the database's own group
#: because: The database is thought to need a rule for its own group.
#: changes: gap 1
-            "UserIdGroupPairs": [{"GroupId": functions_group}],
+            "UserIdGroupPairs": [{"GroupId": functions_group}, {"GroupId": database_group}],
