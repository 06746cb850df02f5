"""Connects the shop's functions to the database."""

import json
import os

import boto3
import psycopg

login = None


def connect():
    """Opens a connection. Each statement is its own transaction."""
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
