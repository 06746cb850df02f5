#: breaks: no-other
#: expects: also applies to report.*came back:.*orders_app: statement_timeout=500ms.*look at:.*RESET
#: because: ALTER ROLE sets it for a user, and all three functions log in as that user.
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
with database.connect("hikari") as connection:
    connection.execute("ALTER ROLE orders_app SET statement_timeout = '500ms'")
