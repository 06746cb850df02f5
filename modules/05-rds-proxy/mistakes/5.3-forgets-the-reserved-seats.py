#: breaks: loyalty
#: expects: seats that belong to the other team
#: because: The learner shares out all seats, and forgets the seats that RDS keeps for itself.
rds.modify_db_proxy_target_group(
    DBProxyName="orders-proxy",
    TargetGroupName="default",
    ConnectionPoolConfig={"MaxConnectionsPercent": 85, "ConnectionBorrowTimeout": 2},
)
