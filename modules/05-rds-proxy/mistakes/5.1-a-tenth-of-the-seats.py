#: breaks: half
#: expects: Your pool has 2 of the database's 20 seats, but the task asks for half of them.*MaxConnectionsPercent 10
#: because: The learner wants ten connections, but the setting is a percentage of all the seats.
#: changes: gap 1
-    DBProxyName="orders-proxy", TargetGroupName="default", ConnectionPoolConfig={"MaxConnectionsPercent": 50}
+    DBProxyName="orders-proxy", TargetGroupName="default", ConnectionPoolConfig={"MaxConnectionsPercent": 10}
