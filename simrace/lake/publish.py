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
from simrace.lake.choices import make_tables

SCHEMA = "lake"


def publish(connection: Connection, folder: Path, keys: dict[str, str]) -> dict[str, int]:
    """Copy what the engine wrote, by key, each table in one transaction; then the files go.

    What is there twice, because something was killed, is copied twice, with the same rows in the end. What the engine
    did not end to write is not copied; it comes with the next build.

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
        if _files(model):  # written last: without, the rows may not be there either
            with connection, connection.cursor() as cursor:
                make_tables(cursor)
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
        # of those that the engine did not come to say too, which come again
        told = {
            str(value) for file in files for value in pq.read_table(file, columns=[key]).column(0).unique().to_pylist()
        }
        cursor.execute(
            SQL("delete from {} where {} in (select key from changed_keys) or {} = any(%s)").format(
                table, Identifier(key), Identifier(key)
            ),
            (list(told),),
        )
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
