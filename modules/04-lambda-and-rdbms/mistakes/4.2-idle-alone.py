#: expects: Sessions in some states are left out
#: because: Sessions that work are not thought to hold a seat.
#: changes: gap 1
-            WHERE backend_type = 'client backend'
+            WHERE backend_type = 'client backend' AND state IN ('idle', 'active')
