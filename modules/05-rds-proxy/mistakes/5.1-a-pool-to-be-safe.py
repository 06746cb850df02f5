#: breaks: half
#: expects: Your pool has 8 of the database's 20 seats, but the task asks for half of them.*MaxConnectionsPercent 40
#: because: A smaller pool looks safer, but customers wait while seats stay free.
#: changes: gap 1
-    DBProxyName="orders-proxy", TargetGroupName="default", ConnectionPoolConfig={"MaxConnectionsPercent": 50}
+    DBProxyName="orders-proxy", TargetGroupName="default", ConnectionPoolConfig={"MaxConnectionsPercent": 40}
