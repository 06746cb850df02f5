#: breaks: log-in
#: expects: no order goes through.*not permitted to log in.*whether the role may log in
#: because: A role with a password is thought to be a user.
#: replaces: 2
#: changes: gap 1
-    administrator.execute("CREATE ROLE sale_app LOGIN PASSWORD 'lamps-by-night-3'")
+    administrator.execute("CREATE ROLE sale_app PASSWORD 'lamps-by-night-3'")
