"""Who builds the large tables of a warehouse, and which sessions PostgreSQL is to have of them."""

from psycopg2.extensions import connection as Connection  # noqa: N812 - psycopg2 writes its classes small
from psycopg2.extensions import cursor as Cursor  # noqa: N812

from ingestion.raw_tables import relation_exists

_TABLES = """
    create table if not exists lake.engine (name text not null);
    create table if not exists lake.built (
        model text not null, key text not null, input_hash text not null, primary key (model, key)
    );
    create table if not exists lake.fetched (
        session_id uuid primary key, fetched_at timestamptz not null default now()
    );
"""


def make_tables(cursor: Cursor) -> None:
    """Make the tables of the schema `lake` that are not there; the schema too, which a role may find and not make."""
    cursor.execute("select to_regnamespace('lake') is null")
    if cursor.fetchone() == (True,):
        cursor.execute("create schema lake")
    cursor.execute(_TABLES)


def engine_of(connection: Connection) -> str | None:
    """The engine that built the warehouse's large tables last; None where PostgreSQL did."""
    with connection, connection.cursor() as cursor:
        if not relation_exists(cursor, "lake.engine"):
            return None
        cursor.execute("select name from lake.engine")
        row = cursor.fetchone()
        return str(row[0]) if row else None


def set_engine(connection: Connection, name: str | None) -> None:
    """Say who builds the large tables from now on; None for PostgreSQL."""
    with connection, connection.cursor() as cursor:
        if name is None and not relation_exists(cursor, "lake.engine"):
            return
        make_tables(cursor)
        cursor.execute("delete from lake.engine")
        if name is not None:
            cursor.execute("insert into lake.engine (name) values (%s)", (name,))


def choose(connection: Connection, session_id: str, is_wanted: bool) -> None:
    """Say whether PostgreSQL is to have the samples and traces of a session."""
    with connection, connection.cursor() as cursor:
        make_tables(cursor)
        cursor.execute("delete from lake.fetched where session_id = %s", (session_id,))
        if is_wanted:
            cursor.execute("insert into lake.fetched (session_id) values (%s)", (session_id,))


def forget_choices(connection: Connection) -> None:
    """Forget the sessions that are no more: their files were forgotten, or their ids are others now."""
    with connection, connection.cursor() as cursor:
        make_tables(cursor)
        cursor.execute("delete from lake.fetched where session_id not in (select session_id from marts.dim_sessions)")
