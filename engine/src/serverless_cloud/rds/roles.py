"""The roles and databases of a new instance, as RDS makes them.

Source: Amazon RDS User Guide, "Understanding the rds_superuser role" (looked up 2026-11-24): LOGIN, CREATEDB and
CREATEROLE without superuser, VALID UNTIL 'infinity', rds_superuser granted. Which of PostgreSQL's predefined roles
rds_superuser has, and since which version they exist, is recalled, not verified.
"""

from __future__ import annotations

SUPERUSER = "rdsadmin"  # RDS's own; its password never leaves the instance process

#: Predefined roles that the master user has through rds_superuser; roles that a version does not have are left out.
PREDEFINED = (
    "pg_monitor",
    "pg_signal_backend",
    "pg_checkpoint",
    "pg_maintain",
    "pg_create_subscription",
    "pg_use_reserved_connections",
)


def set_up(master_username: str, master_password: str, db_name: str | None) -> str:
    """SQL that makes the roles and, if one is named, the first database.

    Args:
        master_username, db_name: letters, digits and underscores; the caller has checked them.
        master_password: any text without NUL.
    """
    master = identifier(master_username)
    predefined = ", ".join(f"'{name}'" for name in PREDEFINED)
    statements = [
        "CREATE ROLE rds_superuser NOLOGIN;",
        # With the admin option, so that the master user can hand them on.
        "SELECT format('GRANT %I TO rds_superuser WITH ADMIN OPTION', rolname) "
        f"FROM pg_roles WHERE rolname IN ({predefined}) \\gexec",
        f"CREATE ROLE {master} WITH LOGIN CREATEDB CREATEROLE VALID UNTIL 'infinity' "
        f"PASSWORD {literal(master_password)};",
        f"GRANT rds_superuser TO {master} WITH ADMIN OPTION;",
        f"ALTER DATABASE postgres OWNER TO {master};",
    ]
    if db_name and db_name != "postgres":
        statements.append(f"CREATE DATABASE {identifier(db_name)} OWNER {master};")
    return "\n".join(statements)


def new_password(role: str, password: str) -> str:
    """SQL that gives a role a new password."""
    return f"ALTER ROLE {identifier(role)} PASSWORD {literal(password)};"


def identifier(name: str) -> str:
    """A name as SQL writes it, its case kept."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """A text as SQL writes it: every byte escaped, so that no character can mean anything to psql or the server.

    Raises:
        ValueError: the text is empty or holds NUL, which PostgreSQL cannot keep.
    """
    if not text or "\0" in text:
        raise ValueError("The text is empty or contains a NUL character, which PostgreSQL can't store.")
    return "E'" + "".join(f"\\x{byte:02x}" for byte in text.encode()) + "'"
