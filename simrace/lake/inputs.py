"""Copies of PostgreSQL's small tables as Parquet files, for the engine to read; only what changed is copied."""

import json
import shutil
import uuid
from collections.abc import Callable, Iterator
from contextlib import closing
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from psycopg2.extensions import connection as Connection  # noqa: N812 - psycopg2 writes its classes small

from ingestion.raw_tables import relation_exists
from simrace.lake.settings import LakeError

ROWS = 2_000  # read and written at once
BLOCKS = 64  # of raw, which are up to some 100 kB each: Spark has all that is written at once in memory at once
FILES_IN_PART = 100

# Types by PostgreSQL's number of them. What Spark has no type for goes as text, and is compared as such.
_TYPES: dict[int, pa.DataType] = {
    16: pa.bool_(),
    17: pa.binary(),
    20: pa.int64(),
    21: pa.int16(),
    23: pa.int32(),
    25: pa.string(),
    1043: pa.string(),
    700: pa.float32(),
    701: pa.float64(),
    1082: pa.date32(),
    1114: pa.timestamp("us"),
    1184: pa.timestamp("us", tz="UTC"),
    2950: pa.string(),
    1000: pa.list_(pa.bool_()),
    1005: pa.list_(pa.int16()),
    1007: pa.list_(pa.int32()),
    1009: pa.list_(pa.string()),
    1016: pa.list_(pa.int64()),
    1021: pa.list_(pa.float32()),
    1022: pa.list_(pa.float64()),
}
_NUMERIC, _JSON = 1700, (114, 3802)
# Tables of ops that models read by other means than `ref`.
_OF_OPS = {
    "retired": (
        "select cast(session_id as text) as session_id, file_id, raw_retired_at, traces_retired_at from ops.retired",
        "select cast(null as text) as session_id, cast(null as text) as file_id, now() as raw_retired_at, "
        "now() as traces_retired_at where false",
    ),
    "lake_built": (
        "select model, key, input_hash from lake.built",
        "select cast(null as text) as model, cast(null as text) as key, cast(null as text) as input_hash where false",
    ),
    "lake_fetched": (
        "select cast(session_id as text) as session_id from lake.fetched",
        "select cast(null as text) as session_id where false",
    ),
}
_TABLES = {"retired": "ops.retired", "lake_built": "lake.built", "lake_fetched": "lake.fetched"}


def copy_inputs(connection: Connection, folder: Path, relations: dict[str, str]) -> dict[str, int]:
    """Copy what changed.

    Args:
        connection: To the warehouse.
        folder: `inputs` of the exchange.
        relations: Table of PostgreSQL by name of the model. Those of BY_FILE are copied file by file, each once.

    Returns:
        Rows written, by name, ledgers of PostgreSQL among them; what had not changed is left out.

    Raises:
        LakeError: a column has a type that the lake has not.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for stray in folder.glob("*.part"):
        shutil.rmtree(stray, ignore_errors=True)
    written: dict[str, int] = {}
    for name, relation in relations.items():
        rows = (
            _copy_by_file(connection, folder / name, relation)
            if name in BY_FILE
            else _copy_whole(connection, folder / name, f"select * from {relation}")
        )
        if rows is not None:
            written[name] = rows
    for name, (there, missing) in _OF_OPS.items():
        with connection, connection.cursor() as cursor:
            query = there if relation_exists(cursor, _TABLES[name]) else missing
        rows = _copy_whole(connection, folder / name, query)
        if rows is not None:
            written[name] = rows
    return written


# Raw as the staging views give it. A file's rows change only where another declaration reads it.
BY_FILE = ("stg_files__blocks", "stg_files__channel_blocks")
_FILES = """
    select files.file_id, coalesce(files.reading_hash, '')
    from {schema}.stg_files__files as files
    where (
        files.format_family = 'telemetry' or exists (
            select from {schema}.stg_telemetry__channel_plans as plans where plans.file_id = files.file_id
        )
    ) {but}
    order by 1
"""
_RETIRED = "and files.file_id not in (select file_id from ops.retired)"  # whose lines go here as they go from raw


def _copy_whole(connection: Connection, target: Path, query: str) -> int | None:
    ledger = target.with_suffix(".json")
    with connection, connection.cursor() as cursor:
        cursor.execute(f"select count(*), sum(hash_record_extended(rows, 0)) from ({query}) as rows")
        state = str(cursor.fetchone())
        # a type that changes changes the file
        cursor.execute(f"select * from ({query}) as rows limit 0")
        state += str(
            [(column.name, column.type_code, column.precision, column.scale) for column in cursor.description or ()]
        )
    if target.is_dir() and ledger.exists() and ledger.read_text("utf-8") == state:
        return None
    ledger.unlink(missing_ok=True)
    made = target.with_name(f"{target.name}.part")
    made.mkdir()
    rows = _write(connection, query, made / "rows.parquet")
    shutil.rmtree(target, ignore_errors=True)
    made.rename(target)
    ledger.write_text(state, "utf-8")
    return rows


def _copy_by_file(connection: Connection, target: Path, relation: str) -> int | None:
    """Each part holds some files; one of which a file is gone or changed is written again without it."""
    ledger = target.with_suffix(".json")
    parts: dict[str, dict[str, str]] = json.loads(ledger.read_text("utf-8")) if ledger.exists() else {}
    with connection, connection.cursor() as cursor:
        but = _RETIRED if relation_exists(cursor, _TABLES["retired"]) else ""
        cursor.execute(_FILES.format(schema=relation.rpartition(".")[0], but=but))
        wanted = dict(cursor.fetchall())
    kept = {part: files for part, files in parts.items() if files.items() <= wanted.items()}
    there = {file_id for files in kept.values() for file_id in files}
    new = [file_id for file_id in wanted if file_id not in there]
    target.mkdir(exist_ok=True)
    for stray in target.iterdir():
        if stray.stem not in parts:
            stray.unlink()
    if not new and kept == parts and parts:
        return None
    rows = 0
    for first in range(0, max(len(new), not kept), FILES_IN_PART):
        files = {file_id: wanted[file_id] for file_id in new[first : first + FILES_IN_PART]}
        part = uuid.uuid4().hex
        listed = ", ".join(f"'{file_id}'" for file_id in files) or "null"
        # the list is a constant, so that PostgreSQL finds the files by index
        made = target.parent / f"{target.name}.{part}.part"
        made.mkdir()
        rows += _write(connection, f"select * from {relation} where file_id in ({listed})", made / "rows", BLOCKS)
        (made / "rows").rename(target / f"{part}.parquet")
        made.rmdir()
        kept[part] = files
        ledger.write_text(json.dumps({**parts, **kept}), "utf-8")
    for part in parts.keys() - kept.keys():
        (target / f"{part}.parquet").unlink(missing_ok=True)
    ledger.write_text(json.dumps(kept), "utf-8")
    return rows


def _write(connection: Connection, query: str, file: Path, at_once: int = ROWS) -> int:
    """Write the rows of a query to a file, so many at a time."""
    with connection, closing(connection.cursor(f"lake_{uuid.uuid4().hex}")) as cursor:
        cursor.itersize = at_once
        cursor.execute(query)
        first = cursor.fetchmany(at_once)
        schema, conversions = _schema(cursor.description)
        rows = 0
        with pq.ParquetWriter(file, schema, compression="zstd") as writer:
            for piece in _pieces(cursor, first, at_once):
                columns = zip(*piece, strict=True) if piece else ([] for _ in schema)
                arrays = [
                    pa.array([convert(value) for value in column] if convert else list(column), field.type)
                    for column, field, convert in zip(columns, schema, conversions, strict=True)
                ]
                writer.write_table(pa.Table.from_arrays(arrays, schema=schema))
                rows += len(piece)
    return rows


def _pieces(cursor: Any, first: list[tuple[Any, ...]], at_once: int) -> Iterator[list[tuple[Any, ...]]]:
    yield first
    while piece := cursor.fetchmany(at_once):
        yield piece


def _schema(description: Any) -> tuple[pa.Schema, list[Any]]:
    fields, conversions = [], []
    for column in description:
        convert: Callable[[Any], Any] | None = None
        if column.type_code == _NUMERIC:
            # one without precision must not lose a digit: pyarrow refuses a value that would
            precision, scale = (column.precision, column.scale) if column.scale < 1000 else (38, 15)
            kind = pa.decimal128(precision, scale)
            convert = _decimal
        elif column.type_code in _JSON:
            kind, convert = pa.string(), _text
        elif column.type_code in _TYPES:
            kind = _TYPES[column.type_code]
            convert = bytes if column.type_code == 17 else None
        else:
            raise LakeError(f"The lake has no type for {column.name} (type {column.type_code} of PostgreSQL).")
        fields.append(pa.field(column.name, kind))
        conversions.append((lambda value, of=convert: None if value is None else of(value)) if convert else None)
    return pa.schema(fields), conversions


def _decimal(value: Decimal) -> Decimal | None:
    return None if value.is_nan() else value


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)
