#: breaks: wait
#: expects: The last customers wait for 5 other rounds
#: because: The learner takes as few connections as possible, without counting the rounds.
rds.modify_db_proxy_target_group(
    DBProxyName="orders-proxy",
    TargetGroupName="default",
    ConnectionPoolConfig={"MaxConnectionsPercent": 25, "ConnectionBorrowTimeout": 3},
)
