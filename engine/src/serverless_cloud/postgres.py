"""PostgreSQL on this machine: its programs, an account and a folder for a server, and a server that runs.

account = postgres.unprivileged_account()
folder = postgres.make_folder(run_folder, account)
programs = postgres.for_account(postgres.from_environment(), account, folder / "programs")
server = postgres.Postgres(programs, folder, account)
"""

from serverless_cloud.rds.binaries import (
    VARIABLE,
    Account,
    Binaries,
    NoPostgres,
    for_account,
    from_environment,
    unprivileged_account,
)
from serverless_cloud.rds.folder import free_shared_memory_of, make as make_folder, remove as remove_folder
from serverless_cloud.rds.postgres_server import HOST, Postgres, PostgresDidNotStart
from serverless_cloud.rds.roles import literal
from serverless_cloud.rds.sockets import LONGEST as LONGEST_SOCKET, path_of as socket_path

__all__ = [
    "HOST",
    "LONGEST_SOCKET",
    "VARIABLE",
    "Account",
    "Binaries",
    "NoPostgres",
    "Postgres",
    "PostgresDidNotStart",
    "for_account",
    "free_shared_memory_of",
    "from_environment",
    "literal",
    "make_folder",
    "remove_folder",
    "socket_path",
    "unprivileged_account",
]
