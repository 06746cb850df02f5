#: breaks: least
#: expects: privileges that no order needs.*it can UPDATE orders
#: because: Somebody will want to correct a quantity, so the role may already do it.
#: replaces: 2
#: changes: gap 1
-    administrator.execute("GRANT INSERT, SELECT ON orders TO sale_app")
+    administrator.execute("GRANT INSERT, SELECT, UPDATE (quantity) ON orders TO sale_app")
