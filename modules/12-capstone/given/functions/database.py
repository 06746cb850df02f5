"""How the functions of the shop connect to the database."""

import json
import os

import boto3
import psycopg

login = None


def connect():
    """A connection; each statement is a transaction of its own."""
    global login
    if login is None:
        secrets = boto3.client("secretsmanager")
        login = json.loads(secrets.get_secret_value(SecretId=os.environ["DB_LOGIN"])["SecretString"])
    return psycopg.connect(
        host=os.environ["DB_HOST"],
        port=os.environ["DB_PORT"],
        user=login["username"],
        password=login["password"],
        dbname="shop",
        autocommit=True,
        prepare_threshold=None,
        connect_timeout=4,
    )
