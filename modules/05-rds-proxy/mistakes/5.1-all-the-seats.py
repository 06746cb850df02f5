#: breaks: half
#: expects: takes 1[1-5] of 20 seats, but it may have only half of them
#: because: The pool's default looks sensible, but it gives all seats to one proxy.
#: changes: gap 1
-rds.modify_db_proxy_target_group(
-    DBProxyName="orders-proxy", TargetGroupName="default", ConnectionPoolConfig={"MaxConnectionsPercent": 50}
-)
 rds.register_db_proxy_targets(DBProxyName="orders-proxy", DBInstanceIdentifiers=["orders-db"])
