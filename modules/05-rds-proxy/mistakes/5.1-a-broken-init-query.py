#: breaks: served
#: expects: closes its connection without lending it one.*invalid value for parameter.*/aws/rds/proxy/orders-proxy
#: because: Each new connection runs the InitQuery first, so a value that PostgreSQL refuses makes the proxy drop everybody.
#: changes: gap 1
-    DBProxyName="orders-proxy", TargetGroupName="default", ConnectionPoolConfig={"MaxConnectionsPercent": 50}
+    DBProxyName="orders-proxy",
+    TargetGroupName="default",
+    ConnectionPoolConfig={"MaxConnectionsPercent": 50, "InitQuery": "SET statement_timeout TO 'five seconds'"},
