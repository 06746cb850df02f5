#: breaks: every-query
#: expects: opened earlier keep the old value.*came back: \{"found": \d+\}; orders_app: statement_timeout=500ms; RDS Proxy has 10 connections open
#: because: Somebody expects ALTER ROLE to change connections that are already open.
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
        return {"found": connection.execute(query, (event["lamp"], event.get("takes_s", 0.1))).fetchone()[0]}
    except psycopg.errors.QueryCanceled:
        return {"found": None, "reason": "too slow"}
""")
hikari.deploy(aws, "search", "freed.py", through_the_proxy)  # tried out, before the setting
sell("search", 12)
with database.connect("hikari") as connection:
    connection.execute("ALTER ROLE orders_app SET statement_timeout = '500ms'")
