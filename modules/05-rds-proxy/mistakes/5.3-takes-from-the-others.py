#: breaks: loyalty
#: expects: changed the other team's pool
#: because: The learner makes room at the other team's cost.
rds.modify_db_proxy_target_group(
    DBProxyName="orders-proxy",
    TargetGroupName="default",
    ConnectionPoolConfig={"MaxConnectionsPercent": 50, "ConnectionBorrowTimeout": 2},
)
rds.modify_db_proxy_target_group(
    DBProxyName="loyalty-proxy",
    TargetGroupName="default",
    ConnectionPoolConfig={"MaxConnectionsPercent": 5, "ConnectionBorrowTimeout": 2},
)
