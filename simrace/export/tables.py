"""Marts as files for pandas, spreadsheets and other tools: streamed by COPY, whatever their size."""

import difflib
import hashlib
import os
import uuid
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from threading import Thread
from typing import IO, TYPE_CHECKING, Any

import psycopg2
from psycopg2 import sql
from psycopg2.extensions import connection as Connection  # noqa: N812
from psycopg2.extensions import cursor as Cursor  # noqa: N812

from ingestion.errors import ReadableError

if TYPE_CHECKING:  # importing it takes half a second that `simrace --help` need not wait
    import pandas as pd

SCHEMA = "marts"
TRAINING_DATA, DICTIONARY = "ml_training_data", "ml_feature_dictionary"
# The table of a mart: itself, or the only table that it shows all of; null for any other view.
_TABLE = """
    select case
        when marts.relkind <> 'v' then marts.oid
        when pg_get_viewdef(marts.oid) !~* '\\y(join|where|union|group|distinct)\\y' then (
            select min(refobjid) from pg_rewrite inner join pg_depend on objid = pg_rewrite.oid
            where ev_class = marts.oid and refclassid = 'pg_class'::regclass and refobjid <> marts.oid
            having count(distinct refobjid) = 1
        )
    end
"""
ORDERS = {DICTIONARY: ["column_number"]}  # used instead of the primary key
CSV_BLOCK_BYTES = 16 << 20  # longer than the longest line that is landed, which a mart may hold
# A spreadsheet runs a cell that begins like this as a formula, also after white space and in full width.
FORMULA = (
    r"^([[:space:]\u0001-\u0020\u0085\u00a0\u1680\u180e\u2000-\u200b\u2028\u2029\u202f\u205f\u3000\ufeff]*"
    r"[=+@\uff1d\uff0b\uff0d\uff20-]|[\t\r\n])"
)
PANDAS_TYPES = {
    "text": "string",
    "uuid": "string",
    "smallint": "Int16",
    "integer": "Int32",
    "bigint": "Int64",
    "real": "Float32",
    "double precision": "Float64",
    "numeric": "Float64",
    "boolean": "boolean",
    "date": "object",
    "timestamptz": "datetime64[us, UTC]",
    "timestamp with time zone": "datetime64[us, UTC]",
}


class ExportError(ReadableError):
    """The export is not possible; the text says why."""


class Format(StrEnum):
    """Kinds of files."""

    PARQUET = "parquet"
    CSV = "csv"


@dataclass(frozen=True)
class Exported:
    """A file written.

    Attributes:
        path: Where it is; an address is a text.
        rows: Rows in it.
        sha256: Of its bytes.
    """

    path: Path | str
    rows: int
    sha256: str


@dataclass(frozen=True)
class Mart:
    """A table or view that can be exported.

    Attributes:
        name: Its name in the schema marts.
        rows: About how many, as the database last counted; None for a view.
        description: What a row is.
    """

    name: str
    rows: int | None
    description: str


def list_marts(connection: Connection) -> list[Mart]:
    """Every table and view of the marts, by name."""
    with connection, connection.cursor() as cursor:
        return _read_marts(cursor)


def export_table(connection: Connection, name: str, path: Path, file_format: Format, where: str = "") -> Exported:
    """Write one mart in the order of its primary key (a view's: of all its columns); the same rows give the same bytes.

    Args:
        connection: Database that holds the marts.
        name: Table or view of the marts.
        path: File to replace, once all of it is written.
        file_format: Kind of file. In a CSV, texts that a spreadsheet would run begin with an apostrophe.
        where: Condition in SQL on the rows; all of them without one.

    Raises:
        ExportError: there is no such mart, the condition is no SQL, or the file cannot be written.
    """
    with connection, connection.cursor() as cursor, replacing(path) as unfinished:
        cursor.execute("set transaction read only; set local timezone = 'UTC'; set local datestyle = 'ISO'")
        types = column_types(cursor, name)
        query = _query(cursor, name, types, file_format, where)
        try:
            with appending(cursor, types, file_format, unfinished) as append:
                rows = append(query)
        except (psycopg2.ProgrammingError, psycopg2.DataError) as error:
            raise ExportError(f"The database does not take that: {str(error).strip()}") from error
    return describe(path, rows)


def export_ml(connection: Connection, directory: Path, file_format: Format) -> Iterator[Exported]:
    """Write the training data and their dictionary.

    Args:
        connection: Database that holds the marts.
        directory: Folder to write to; made when missing.
        file_format: Kind of files.

    Raises:
        ExportError: the marts are not built, or a file cannot be written.
    """
    for name in (TRAINING_DATA, DICTIONARY):
        yield export_table(connection, name, directory / f"{name}.{file_format}", file_format)


def read_exported(directory: Path, table: str = TRAINING_DATA) -> "pd.DataFrame":
    """Read training data back with their types: Parquet has them, for a CSV the dictionary has them.

    Args:
        directory: Folder that was written to.
        table: Name of the table.
    """
    import pandas as pd

    if (parquet := directory / f"{table}.parquet").exists():
        return pd.read_parquet(parquet)
    types: dict[str, str]
    if table == DICTIONARY:
        types = defaultdict(lambda: "string", column_number="Int32")
    else:
        entries = read_exported(directory, DICTIONARY)
        types = dict(zip(entries["column_name"], entries["data_type"].map(_pandas_type), strict=True))
    moments = [name for name, kind in types.items() if kind == PANDAS_TYPES["timestamptz"]]
    kinds = {name: kind for name, kind in types.items() if name not in moments}
    # only an empty cell is missing: a car may be called NA
    frame = pd.read_csv(directory / f"{table}.csv", dtype=kinds, keep_default_na=False, na_values=[""])
    return frame.assign(**{name: pd.to_datetime(frame[name], format="ISO8601", utc=True) for name in moments})


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A file to write to; it replaces another one only when all went well.

    Args:
        path: File to replace; its folder is made when missing.

    Raises:
        ExportError: it cannot be written.
    """
    unfinished = path.with_name(f"{path.name}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield unfinished
        unfinished.replace(path)
    except OSError as error:
        raise ExportError(f"{error.filename or path} cannot be written: {error.strerror}") from error
    finally:
        with suppress(OSError):
            unfinished.unlink(missing_ok=True)


@contextmanager
def appending(
    cursor: Cursor, types: dict[str, str], file_format: Format, path: Path
) -> Iterator[Callable[[sql.Composable], int]]:
    """A file that rows of queries are appended to, streamed by COPY; each append says how many they were.

    Args:
        cursor: To the database.
        types: Type of each column of the queries, by name; `column_types` reads them.
        file_format: Kind of file.
        path: File to write.
    """
    if file_format is Format.CSV:
        with path.open("wb") as file:

            def append(query: sql.Composable) -> int:
                cursor.copy_expert(_copy(query, has_header=not file.tell()), file)
                return cursor.rowcount

            yield append
        return
    from pyarrow import parquet

    schema = _arrow_schema(types)
    with parquet.ParquetWriter(path, schema, compression="zstd") as writer:

        def append(query: sql.Composable) -> int:
            with _copied(cursor, _copy(query, has_header=True).as_string(cursor)) as stream:
                _append_parquet(stream, schema, writer)
            return cursor.rowcount

        yield append


def columns_as(types: dict[str, str], file_format: Format) -> sql.Composable:
    """SQL for columns as files hold them, by the types that `column_types` reads."""
    columns = []
    for column, data_type in types.items():
        value: sql.Composable = sql.Identifier(column)
        if data_type == "text" and file_format is Format.CSV:
            value = csv_text(value)
        elif data_type == "numeric":  # the type that pandas computes with, which also drops zeros at the end
            value = sql.SQL("cast({} as double precision)").format(value)
        elif data_type == "boolean":
            value = sql.SQL("cast({} as text)").format(value)
        columns.append(sql.SQL("{} as {}").format(value, sql.Identifier(column)))
    return sql.SQL(", ").join(columns)


def session_key(session_id: str, mart: str) -> str:
    """A session_id as the database writes it.

    Args:
        session_id: As somebody wrote it.
        mart: Where to find one.

    Raises:
        ExportError: it is none.
    """
    try:
        return str(uuid.UUID(session_id))
    except ValueError:
        raise ExportError(f"{session_id} is no session_id, such as {SCHEMA}.{mart} has.") from None


def describe(path: Path, rows: int) -> Exported:
    """A file that was written, with the hash of its bytes."""
    with path.open("rb") as file:
        return Exported(path, rows, hashlib.file_digest(file, "sha256").hexdigest())


def csv_text(expression: sql.Composable) -> sql.Composed:
    """SQL for a text as a CSV may hold it: with an apostrophe before what a spreadsheet would run."""
    return sql.SQL("regexp_replace({}, {}, {})").format(expression, sql.Literal(FORMULA), sql.Literal(r"'\1"))


def _pandas_type(data_type: str) -> str:
    return PANDAS_TYPES[data_type.partition("(")[0]]


def _read_marts(cursor: Cursor) -> list[Mart]:
    cursor.execute(
        "select marts.relname, case when tables.reltuples >= 0 then cast(tables.reltuples as bigint) end, "
        "coalesce(obj_description(marts.oid), '') from pg_class as marts "
        "join pg_namespace on pg_namespace.oid = relnamespace "
        f"left join pg_class as tables on tables.oid = ({_TABLE}) "
        "where nspname = %s and marts.relkind in ('r', 'p', 'v', 'm') and not marts.relispartition order by 1",
        (SCHEMA,),
    )
    return [Mart(*row) for row in cursor]


def column_types(cursor: Cursor, name: str) -> dict[str, str]:
    """Type of each column of a mart, in order.

    Raises:
        ExportError: there is no such mart.
    """
    cursor.execute(
        "select column_name, data_type from information_schema.columns "
        "where table_schema = %s and table_name = %s order by ordinal_position",
        (SCHEMA, name),
    )
    if types := {str(column): str(data_type) for column, data_type in cursor}:
        return types
    names = [mart.name for mart in _read_marts(cursor)]
    if name in names:
        raise ExportError(f"This user may not read {SCHEMA}.{name}: `simrace db roles` gives the right.")
    if not names:
        raise ExportError(f"There is no {SCHEMA}.{name} yet: `simrace run` builds it.")
    like = difflib.get_close_matches(name, names)
    meant = f" Is it one of these: {', '.join(like)}?" if like else ""
    raise ExportError(f"There is no mart {name}.{meant} `simrace export list` names them all.")


def _query(cursor: Cursor, name: str, types: dict[str, str], file_format: Format, where: str) -> sql.Composed:
    table = sql.Identifier(SCHEMA, name)
    order = ORDERS.get(name) or _primary_key(cursor, name) or list(types)
    return sql.SQL("select {} from {} {} order by {}").format(
        columns_as(types, file_format),
        table,
        sql.SQL(f"where ({where}\n)") if where else sql.SQL(""),
        # by the table's columns and not those of the result, which follow the index
        sql.SQL(", ").join(sql.SQL("{}.{}").format(table, sql.Identifier(column)) for column in order),
    )


def _copy(query: sql.Composable, has_header: bool) -> sql.Composed:
    return sql.SQL("copy ({}) to stdout (format csv, header {})").format(query, sql.Literal(has_header))


def _primary_key(cursor: Cursor, name: str) -> list[str]:
    cursor.execute(
        "select attname from pg_class as marts join pg_namespace on pg_namespace.oid = relnamespace "
        f"join pg_index on indrelid = ({_TABLE}) "
        "cross join lateral unnest(cast(indkey as smallint[])) with ordinality as keys (attnum, place) "
        "join pg_attribute on attrelid = indrelid and pg_attribute.attnum = keys.attnum "
        "where indisprimary and nspname = %s and marts.relname = %s order by place",
        (SCHEMA, name),
    )
    return [column for (column,) in cursor]


@contextmanager
def _copied(cursor: Cursor, statement: str) -> Iterator[IO[bytes]]:
    """The stream of a COPY; its failure is raised at the end of the block."""
    read_end, write_end = os.pipe()
    failures: list[Exception] = []

    def copy() -> None:
        with suppress(BrokenPipeError), os.fdopen(write_end, "wb") as sink:
            try:
                cursor.copy_expert(statement, sink)
            except Exception as error:  # set before the stream ends, because the reader looks for it then
                failures.append(error)

    thread = Thread(target=copy)
    thread.start()
    try:
        with os.fdopen(read_end, "rb") as stream:
            yield stream
    except Exception:
        if not failures:
            raise
    finally:
        thread.join()
    if failures:
        raise failures[0]


def _append_parquet(stream: IO[bytes], schema: Any, writer: Any) -> None:
    from pyarrow import csv

    with csv.open_csv(
        stream,
        read_options=csv.ReadOptions(block_size=CSV_BLOCK_BYTES),
        parse_options=csv.ParseOptions(newlines_in_values=True),
        convert_options=csv.ConvertOptions(
            column_types=schema, null_values=[""], strings_can_be_null=True, quoted_strings_can_be_null=False
        ),
    ) as reader:
        for batch in reader:
            writer.write_batch(batch.cast(schema))


def _arrow_schema(types: dict[str, str]) -> Any:
    """The database's types, with what tells pandas to keep whole numbers whole though some are missing."""
    import pandas as pd
    import pyarrow as pa

    kinds: dict[str, Any] = {
        "string": pa.string(),
        "Int16": pa.int16(),
        "Int32": pa.int32(),
        "Int64": pa.int64(),
        "Float32": pa.float32(),
        "Float64": pa.float64(),
        "boolean": pa.bool_(),
        "object": pa.date32(),
        "datetime64[us, UTC]": pa.timestamp("us", tz="UTC"),
    }
    pandas_types = {column: _pandas_type(data_type) for column, data_type in types.items()}
    empty = pd.DataFrame(columns=list(types), dtype=object).astype(pandas_types)
    fields = [(column, kinds[kind]) for column, kind in pandas_types.items()]
    return pa.schema(fields, metadata=pa.Schema.from_pandas(empty, preserve_index=False).metadata)
