#: breaks: pool-unchanged
#: expects: A larger pool only hides the pinning.*came back: .*75
#: because: More connections look like a second fix, but the next customers use them up as well.
#: replaces: 2
Path("freed.py").write_text("""import os

import psycopg

LOGIN = "host={DB_HOST} port={DB_PORT} user={DB_USER} password={DB_PASSWORD} dbname={DB_NAME}".format_map(os.environ)
connection = None


def handler(event, context):
    global connection
    if connection is None:
        connection = psycopg.connect(LOGIN, autocommit=True, prepare_threshold=None)
    query = "SELECT (SELECT count(*) FROM orders WHERE lamp = %s) FROM pg_sleep(%s)"
    try:
        with connection.transaction():
            connection.execute("SET LOCAL statement_timeout = '500ms'")
            return {"found": connection.execute(query, (event["lamp"], event.get("takes_s", 0.1))).fetchone()[0]}
    except psycopg.errors.QueryCanceled:
        return {"found": None, "reason": "too slow"}
""")
rds.modify_db_proxy_target_group(
    DBProxyName="orders-proxy", TargetGroupName="default", ConnectionPoolConfig={"MaxConnectionsPercent": 75}
)
