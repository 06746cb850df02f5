"""Creates the shop's login and tables in the database. You can run it as often as you like.

CloudFormation invokes it for the custom resource Access. Then it creates the login and returns the proxy's port, which
is 5432 on AWS. On your machine, each proxy has its own port. Invoked with {}, it runs schema.sql.
"""

import json
import os
import urllib.parse
import urllib.request
from pathlib import Path

import boto3
from answer import answer
from database import connect
from psycopg import sql

LOGIN = """
DO $do$ BEGIN
    CREATE ROLE shop LOGIN PASSWORD {password};
EXCEPTION WHEN duplicate_object THEN
    ALTER ROLE shop PASSWORD {password};
END $do$
"""
RIGHTS = (
    "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO shop",
    "GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO shop",
)


def handler(event, context):
    if "ResponseURL" not in event:
        return migrate()
    try:
        given = {}
        if event["RequestType"] != "Delete":
            make_login()
            given = {"Port": str(port_of(event["ResourceProperties"]["Proxy"]))}
        answer(event, "access-of-the-shop", given)
    except Exception as error:
        answer(event, "access-of-the-shop", reason=f"{type(error).__name__}: {error}")


def migrate():
    """Runs schema.sql, and returns the names of all tables."""
    schema = Path(__file__).with_name("schema.sql").read_text(encoding="utf-8")
    with connect() as connection, connection.transaction():
        connection.execute(schema)
        for right in RIGHTS:
            connection.execute(right)
        tables = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1")
        return {"tables": [name for (name,) in tables]}


def make_login():
    """Creates the role shop, with the password from its secret."""
    secret = boto3.client("secretsmanager").get_secret_value(SecretId=os.environ["SHOP_LOGIN"])
    password = json.loads(secret["SecretString"])["password"]
    with connect() as connection:
        connection.execute(sql.SQL(LOGIN).format(password=password))


def port_of(proxy):
    """Returns the port on which a proxy listens."""
    if "AWS_ENDPOINT_URL" not in os.environ:
        return 5432
    query = urllib.parse.urlencode({"region": os.environ["AWS_REGION"], "identifier": proxy})
    with urllib.request.urlopen(f"{os.environ['AWS_ENDPOINT_URL']}/_local/database?{query}") as reply:
        return json.load(reply)[1]
