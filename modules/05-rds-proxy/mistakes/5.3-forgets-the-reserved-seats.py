#: expects: seats that belong to the other team
#: because: All seats are shared out: those that RDS keeps for itself are forgotten.
rds.modify_db_proxy_target_group(
    DBProxyName="orders-proxy",
    TargetGroupName="default",
    ConnectionPoolConfig={"MaxConnectionsPercent": 85, "ConnectionBorrowTimeout": 2},
)
