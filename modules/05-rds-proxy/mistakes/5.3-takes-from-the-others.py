#: expects: changed the pool of the other team
#: because: Room is made at the other team's cost.
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
