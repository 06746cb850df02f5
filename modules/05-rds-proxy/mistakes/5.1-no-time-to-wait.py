#: breaks: served
#: expects: Not every order in the burst got an answer.*Timed-out waiting to acquire database connection
#: because: No customer should wait, but without a wait nobody gets the connection that another customer gives back.
#: changes: gap 1
-    DBProxyName="orders-proxy", TargetGroupName="default", ConnectionPoolConfig={"MaxConnectionsPercent": 50}
+    DBProxyName="orders-proxy",
+    TargetGroupName="default",
+    ConnectionPoolConfig={"MaxConnectionsPercent": 50, "ConnectionBorrowTimeout": 0},
