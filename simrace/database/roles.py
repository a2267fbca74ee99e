"""Make or repair the four roles of the database and their rights."""

import os
from collections.abc import Mapping
from dataclasses import dataclass

from psycopg2 import errors, sql
from psycopg2.extensions import connection as Connection  # noqa: N812 - psycopg2 writes its classes small
from psycopg2.extensions import cursor as Cursor  # noqa: N812
from psycopg2.extensions import encrypt_password

from simrace.database.settings import DatabaseError

OWNER, LOADER, TRANSFORMER, READER = "simrace_owner", "simrace_loader", "simrace_transformer", "simrace_reader"
# What each role is for.
ROLES = {
    OWNER: "owns the schemas and may do what the loader and the transformer may",
    LOADER: "lands files: writes raw, nothing else",
    TRANSFORMER: "runs dbt: reads raw, writes staging, intermediate, marts, ops and lake",
    READER: "selects from marts",
}
# For each schema: who owns its tables, and who else may select from them.
SCHEMAS: dict[str, tuple[str, str | None]] = {
    "raw": (LOADER, TRANSFORMER),
    "staging": (TRANSFORMER, None),
    "intermediate": (TRANSFORMER, None),
    "marts": (TRANSFORMER, READER),
    "ops": (TRANSFORMER, None),
    "lake": (TRANSFORMER, None),
}


@dataclass(frozen=True)
class RoleState:
    """The state of one role.

    Attributes:
        name: Its name.
        purpose: What it may do.
        can_log_in: Whether it has a password.
    """

    name: str
    purpose: str
    can_log_in: bool


def password_variable(role: str) -> str:
    """Environment variable that lets the role log in with this password, such as SIMRACE_READER_PASSWORD."""
    return f"{role.upper()}_PASSWORD"


def become_reader(connection: Connection) -> None:
    """Make the connection read-only, in the role of readers if there is one and this user may take it.

    Args:
        connection: A connection that has sent nothing yet.
    """
    with connection, connection.cursor() as cursor:
        cursor.execute("set default_transaction_read_only = on; set timezone = 'UTC'")
        cursor.execute("select exists (select from pg_roles where rolname = %s and pg_has_role(oid, 'set'))", (READER,))
        if cursor.fetchone() == (True,):
            _run(cursor, "set role {}", READER)


def make_roles(
    connection: Connection, statement_timeout: str, environ: Mapping[str, str] = os.environ
) -> list[RoleState]:
    """Make the roles, their schemas and rights, all or nothing. Whatever is right already stays.

    Args:
        connection: A superuser's, or that of the database's owner with CREATEROLE.
        statement_timeout: Longest time of a reader's statement, as PostgreSQL writes it: `5min`, `0` for no limit.
        environ: Holds the passwords.

    Raises:
        DatabaseError: this user lacks the right, the timeout cannot be read, or a password is empty.
    """
    try:
        with connection, connection.cursor() as cursor:
            for role in ROLES:
                _make_role(cursor, role, environ.get(password_variable(role)))
            _run(cursor, "grant {}, {} to {}", LOADER, TRANSFORMER, OWNER)
            _restrict_reader(cursor, statement_timeout)
            _secure_database(cursor)
            for schema, (writer, reader) in SCHEMAS.items():
                _secure_schema(cursor, schema, writer, reader)
            cursor.execute("select rolname, rolcanlogin from pg_roles where rolname = any(%s)", (list(ROLES),))
            can_log_in: dict[str, bool] = dict(cursor)
    except errors.InsufficientPrivilege as error:
        raise DatabaseError(
            f"This user may not make the roles: {error.diag.message_primary}. Take a superuser, or the owner of the "
            "database and of what is in it with the right CREATEROLE."
        ) from error
    except errors.InvalidParameterValue as error:
        raise DatabaseError(f"{error.diag.message_primary}. Write it as 30s, 5min, 1h; 0 is never.") from error
    return [RoleState(role, purpose, can_log_in[role]) for role, purpose in ROLES.items()]


def _make_role(cursor: Cursor, role: str, password: str | None) -> None:
    cursor.execute(
        "select rolsuper or rolcreatedb or rolcreaterole or rolreplication or rolbypassrls from pg_roles "
        "where rolname = %s",
        (role,),
    )
    found = cursor.fetchone()
    if found is None:
        _run(cursor, "create role {} nologin", role)
    elif found[0]:
        _run(cursor, "alter role {} nosuperuser nocreatedb nocreaterole noreplication nobypassrls", role)
    cursor.execute("select pg_has_role(current_user, %s, 'set')", (role,))
    if cursor.fetchone() == (False,):  # to hand tables over to a role, one must be able to become it
        _run(cursor, "grant {} to current_user", role)
    if password is None:
        return
    if not password:
        raise DatabaseError(f"{password_variable(role)} is empty. Give it a password, or unset it.")
    # Hashed before it is sent, because the server's log may show statements.
    verifier = encrypt_password(password, role, cursor.connection, "scram-sha-256")
    cursor.execute(sql.SQL("alter role {} login password {}").format(sql.Identifier(role), sql.Literal(verifier)))


def _restrict_reader(cursor: Cursor, statement_timeout: str) -> None:
    _run(cursor, "alter role {} set default_transaction_read_only = on", READER)
    # A reader's open transaction holds up a build that replaces the table.
    _run(cursor, "alter role {} set idle_in_transaction_session_timeout = '5min'", READER)
    cursor.execute(
        sql.SQL("alter role {} set statement_timeout = {}").format(
            sql.Identifier(READER), sql.Literal(statement_timeout)
        )
    )


def _secure_database(cursor: Cursor) -> None:
    cursor.execute("select current_database()")
    database = str((cursor.fetchone() or ("",))[0])
    _run(cursor, "revoke all on database {} from public", database)
    _run(cursor, "revoke create on schema public from public")
    _run(cursor, "grant create, connect, temporary on database {} to {}", database, OWNER)
    _run(cursor, "grant connect, temporary on database {} to {}", database, TRANSFORMER)
    _run(cursor, "grant connect on database {} to {}, {}", database, LOADER, READER)


def _secure_schema(cursor: Cursor, schema: str, writer: str, reader: str | None) -> None:
    cursor.execute("select nspowner::regrole::text from pg_namespace where nspname = %s", (schema,))
    found = cursor.fetchone()
    if found is None:
        _run(cursor, "create schema {} authorization {}", schema, OWNER)
    elif found[0] != OWNER:
        _run(cursor, "alter schema {} owner to {}", schema, OWNER)
    others = [role for role in ROLES if role not in (OWNER, writer)]
    _revoke_all(cursor, schema, others)
    _run(cursor, "revoke all on schema {} from {}", schema, writer)
    _run(cursor, "grant usage, create on schema {} to {}", schema, writer)
    cursor.execute(
        "select relname from pg_class where relnamespace = %s::regnamespace and relkind in ('r', 'p', 'v', 'm') "
        "and relowner <> %s::regrole",
        (schema, writer),
    )
    for (relation,) in cursor.fetchall():
        _run(cursor, "alter table {}.{} owner to {}", schema, relation, writer)
    if reader:
        _run(cursor, "grant usage on schema {} to {}", schema, reader)
        _run(cursor, "grant select on all tables in schema {} to {}", schema, reader)
        for maker in (writer, OWNER):
            _run(
                cursor,
                "alter default privileges for role {} in schema {} grant select on tables to {}",
                maker,
                schema,
                reader,
            )


def _revoke_all(cursor: Cursor, schema: str, roles: list[str]) -> None:
    named = sql.SQL(", ").join(map(sql.Identifier, roles))
    for rights in ("schema {}", "all tables in schema {}", "all sequences in schema {}", "all functions in schema {}"):
        on = sql.SQL(rights).format(sql.Identifier(schema))
        cursor.execute(sql.SQL("revoke all on {} from public, {}").format(on, named))


def _run(cursor: Cursor, statement: str, *names: str) -> None:
    cursor.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))
