"""Take over what the lake made: tables of PostgreSQL in the schema `lake`, which the models of the same names read."""

import io
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from psycopg2.extensions import connection as Connection  # noqa: N812 - psycopg2 writes its classes small
from psycopg2.extensions import cursor as Cursor  # noqa: N812
from psycopg2.sql import SQL, Identifier

from ingestion.raw_tables import relation_exists

SCHEMA = "lake"
_TABLES = """
    create schema if not exists lake;
    create table if not exists lake.engine (name text not null);
    create table if not exists lake.built (
        model text not null, key text not null, input_hash text not null, primary key (model, key)
    );
    create table if not exists lake.fetched (
        session_id uuid primary key, fetched_at timestamptz not null default now()
    );
"""


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
        cursor.execute(_TABLES)
        cursor.execute("delete from lake.engine")
        if name is not None:
            cursor.execute("insert into lake.engine (name) values (%s)", (name,))


def choose(connection: Connection, session_id: str, is_wanted: bool) -> None:
    """Say whether PostgreSQL is to have the samples and traces of a session."""
    with connection, connection.cursor() as cursor:
        cursor.execute(_TABLES)
        cursor.execute("delete from lake.fetched where session_id = %s", (session_id,))
        if is_wanted:
            cursor.execute("insert into lake.fetched (session_id) values (%s)", (session_id,))


def publish(connection: Connection, folder: Path, keys: dict[str, str]) -> dict[str, int]:
    """Copy what the engine wrote, by key, each table in one transaction; then the files go.

    A file that is there twice, because something was killed, is copied twice, with the same rows in the end.

    Args:
        connection: To the warehouse.
        folder: `published` of the exchange.
        keys: Key column of each model.

    Returns:
        Rows copied, by model.
    """
    copied: dict[str, int] = {}
    for model in sorted(folder.glob("*/keys")):
        name = model.parent.name
        with connection, connection.cursor() as cursor:
            cursor.execute(_TABLES)
            copied[name] = _publish(cursor, name, model.parent, keys[name])
        shutil.rmtree(model.parent)
    return copied


def _publish(cursor: Cursor, name: str, folder: Path, key: str) -> int:
    files = _files(folder / "rows")
    columns = pq.read_schema(files[0]).names if files else []
    table = Identifier(SCHEMA, name)
    if columns and relation_exists(cursor, f"{SCHEMA}.{name}"):
        cursor.execute(SQL("select * from {} limit 0").format(table))
        if [column.name for column in cursor.description or ()] != columns:
            # other code has other columns, and all keys come anew
            cursor.execute(SQL("drop table {}").format(table))
    if columns:
        # as text, which PostgreSQL casts to the types of its own model; they are no engine's
        described = SQL(", ").join(SQL("{} text").format(Identifier(column)) for column in columns)
        cursor.execute(SQL("create table if not exists {} ({})").format(table, described))
        cursor.execute(SQL("create index if not exists {} on {} ({})").format(
            Identifier(f"{name}_key"), table, Identifier(key)
        ))  # fmt: skip
    cursor.execute("create temporary table changed_keys (key text, input_hash text) on commit drop")
    for file in _files(folder / "keys"):
        _copy(cursor, SQL("changed_keys"), pq.ParquetFile(file))
    if relation_exists(cursor, f"{SCHEMA}.{name}"):
        cursor.execute(SQL("delete from {} where {} in (select key from changed_keys)").format(table, Identifier(key)))
    cursor.execute("delete from lake.built where model = %s and key in (select key from changed_keys)", (name,))
    rows = sum(_copy(cursor, table, pq.ParquetFile(file)) for file in files)
    cursor.execute(
        "insert into lake.built select %s, key, input_hash from changed_keys where input_hash is not null", (name,)
    )
    return rows


def _files(folder: Path) -> list[Path]:
    return sorted(file for file in folder.glob("*.parquet") if not file.name.startswith(("_", ".")))


def _copy(cursor: Cursor, table: Any, file: pq.ParquetFile) -> int:
    rows = 0
    names = SQL(", ").join(map(Identifier, file.schema_arrow.names))
    for batch in file.iter_batches(20_000):
        lines = zip(*(_cells(column) for column in batch.columns), strict=True)
        text = io.StringIO("".join(f"{','.join(line)}\n" for line in lines))
        cursor.copy_expert(SQL("copy {} ({}) from stdin (format csv)").format(table, names), text)
        rows += batch.num_rows
    return rows


def _cells(column: pa.Array) -> Iterator[str]:
    """As COPY reads them; what is not quoted is null."""
    if column.type == pa.float32():
        column = column.cast(pa.string())  # the shortest text that is this number of four bytes
    for value in column.to_pylist():
        yield "" if value is None else f'"{_text(value).replace(chr(34), chr(34) * 2)}"'


def _text(value: Any) -> str:
    """As PostgreSQL reads a value."""
    if isinstance(value, list):
        return "{" + ",".join("NULL" if each is None else f'"{_escaped(_text(each))}"' for each in value) + "}"
    if isinstance(value, bytes):
        return f"\\x{value.hex()}"
    return repr(value) if isinstance(value, float) else str(value)


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')
