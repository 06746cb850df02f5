"""Makes the shop's login in the database and its tables. Once or ten times: the same.

Invoked by CloudFormation (the custom resource Access) it makes the login and tells the port of the proxy: on AWS 5432,
on your machine each proxy has one of its own. Invoked with {} it runs schema.sql.
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
    """Runs schema.sql; the names of the tables that there are then."""
    schema = Path(__file__).with_name("schema.sql").read_text(encoding="utf-8")
    with connect() as connection, connection.transaction():
        connection.execute(schema)
        for right in RIGHTS:
            connection.execute(right)
        tables = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1")
        return {"tables": [name for (name,) in tables]}


def make_login():
    """The role shop, with the password of its secret."""
    secret = boto3.client("secretsmanager").get_secret_value(SecretId=os.environ["SHOP_LOGIN"])
    password = json.loads(secret["SecretString"])["password"]
    with connect() as connection:
        connection.execute(sql.SQL(LOGIN).format(password=password))


def port_of(proxy):
    """The port on which a proxy listens."""
    if "AWS_ENDPOINT_URL" not in os.environ:
        return 5432
    query = urllib.parse.urlencode({"region": os.environ["AWS_REGION"], "identifier": proxy})
    with urllib.request.urlopen(f"{os.environ['AWS_ENDPOINT_URL']}/_local/database?{query}") as reply:
        return json.load(reply)[1]
