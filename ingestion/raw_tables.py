"""The raw tables: their columns, and their settings for the planner."""

from typing import TYPE_CHECKING

from psycopg2.extensions import connection as Connection  # noqa: N812 - psycopg2 writes its classes small
from psycopg2.extensions import cursor as Cursor  # noqa: N812

if TYPE_CHECKING:
    from dlt.common.data_types import TDataType
    from dlt.common.schema import Schema

DATASET = "raw"
BLOCKS_TABLE = "file_blocks"
CHANNELS_TABLE = "file_channels"
CHANNEL_BLOCKS_TABLE = "channel_blocks"  # not written by dlt
FORGOTTEN_TABLE = "forgotten_files"  # not written by dlt
STRUCK_TABLE = "struck_drivers"  # not written by dlt
DECLARED_FORMATS_TABLE = "declared_formats"  # these two neither
DECLARED_CHANNELS_TABLE = "declared_channels"
OWN_SEED_ROWS_TABLE = "own_seed_rows"  # nor this one
LIVE_FRAMES_TABLE = "live_frames"  # nor what the reader of live frames writes

# Rows of an unfinished load do not count.
IS_COMPLETE = f"_dlt_load_id in (select load_id from {DATASET}._dlt_loads where status = 0)"

# Column of raw.channel_blocks by type of the values; of each row one is filled.
VALUE_COLUMNS = {
    "float4": "float_values",
    "float8": "double_values",
    "int4": "integer_values",
    "bool": "boolean_values",
}

_COLUMNS: dict[str, dict[str, "TDataType"]] = {
    "files": {
        "file_id": "text",
        "file_bytes": "bigint",
        "encoding": "text",
        "has_bom": "bool",
        "newline": "text",
        "source_format": "text",
        "format_family": "text",
        "delimiter": "text",
        "quoting": "text",
        "header_line": "bigint",
        "units_line": "bigint",
        "first_data_line": "bigint",
        "line_count": "bigint",
        "entry_count": "bigint",
        "text_id": "text",
        "repairs": "text",
        "reading_hash": "text",
        "landed_at": "timestamp",
    },
    "file_sightings": {
        "file_id": "text",
        "file_path": "text",
        "file_name": "text",
        "modified_at": "timestamp",
        "seen_at": "timestamp",
    },
    "file_blocks": {
        "file_id": "text",
        "block_number": "bigint",
        "first_line": "bigint",
        "line_count": "bigint",
        "lines": "text",
    },
    CHANNELS_TABLE: {
        "file_id": "text",
        "channel_number": "bigint",
        "channel_name": "text",
        "unit": "text",
        "description": "text",
        "value_type": "text",
        "sample_rate_hz": "double",
        "sample_count": "bigint",
        "times_channel": "bigint",
        "samples_per_block": "bigint",
        "details": "text",
    },
    "file_documents": {
        "file_id": "text",
        "document_number": "bigint",
        "document_name": "text",
        "position": "bigint",
        "content": "text",
        "original": "text",
        "data": "binary",
    },
    "rejected_files": {
        "file_id": "text",
        "file_name": "text",
        "file_path": "text",
        "file_bytes": "bigint",
        "reason": "text",
        "detail": "text",
        "head": "text",
        "rejected_at": "timestamp",
        "modified_at": "timestamp",
    },
}
_NULLABLE = {
    "delimiter",
    "quoting",
    "header_line",
    "units_line",
    "first_data_line",
    "entry_count",  # files of older versions have none of these four
    "text_id",
    "repairs",
    "reading_hash",
    "head",
    "modified_at",
    "sample_rate_hz",
    "times_channel",
    "samples_per_block",
    "content",
    "original",
    "data",
}


_ADDED_AS = {"text": "varchar", "bigint": "bigint", "timestamp": "timestamptz"}  # as dlt makes them


def raw_schema() -> "Schema":
    """The raw tables that dlt writes. dlt refuses a column that is not named here (schema contract)."""
    from dlt.common.schema import Schema
    from dlt.common.schema.utils import new_column, new_table

    schema = Schema(DATASET)
    for table, columns in _COLUMNS.items():
        schema.update_table(
            new_table(
                table,
                write_disposition="append",
                # dlt's own columns too: it would add them with the first row, but empty tables are read as well
                columns=[
                    *(new_column(name, kind, nullable=name in _NULLABLE) for name, kind in columns.items()),
                    new_column("_dlt_load_id", "text", nullable=False),
                    {**new_column("_dlt_id", "text", nullable=False), "unique": True, "row_key": True},
                ],
                schema_contract={"columns": "freeze", "data_type": "freeze"},
            )
        )
    return schema


def make_own_tables(connection: Connection) -> None:
    """Make the tables that dlt does not write but dbt reads, where they are not there yet, and set what they need.

    An empty run of dbt before any landing has made them with columns alone (`macros/hooks/empty_run.sql`).
    """
    with connection, connection.cursor() as cursor:
        cursor.execute("select from pg_namespace where nspname = %s", (DATASET,))
        if not cursor.rowcount:
            cursor.execute(f"create schema {DATASET}")
        if not relation_exists(cursor, f"{DATASET}.{STRUCK_TABLE}"):
            cursor.execute(
                f"create table {DATASET}.{STRUCK_TABLE} ("
                "driver_id varchar primary key, struck_at timestamptz not null default now())"
            )
        if not relation_exists(cursor, f"{DATASET}.{DECLARED_CHANNELS_TABLE}"):
            _make_declared(cursor)
        if not relation_exists(cursor, f"{DATASET}.{OWN_SEED_ROWS_TABLE}"):
            cursor.execute(
                "create table raw.own_seed_rows (seed varchar not null, line integer not null, cells jsonb not null, "
                "replaced_by varchar[] not null, primary key (seed, line))"
            )
        if not relation_exists(cursor, f"{DATASET}.{LIVE_FRAMES_TABLE}"):
            _make_live(cursor)
        cursor.execute("select reloptions from pg_class where oid = to_regclass('raw.channel_blocks')")
        if not any(cursor.fetchone() or ()):
            _make_channel_blocks(cursor)


def _make_declared(cursor: Cursor) -> None:
    """Make the tables of formats that users declare, and of what the channels of these mean."""
    cursor.execute(
        """
        create table raw.declared_formats (
            source_format varchar primary key,
            title varchar not null,
            sim varchar not null,
            source_rank integer not null,
            date_order varchar,
            default_sample_rate_hz double precision,
            declaration_hash varchar not null,
            declared_at timestamptz not null default now()
        );
        create table raw.declared_channels (
            source_format varchar not null,
            source_channel varchar not null,
            source_unit varchar not null,
            canonical_channel varchar not null,
            factor double precision not null,
            offset_value double precision not null,
            priority integer not null,
            primary key (source_format, source_channel, source_unit)
        );
        """
    )


def _make_live(cursor: Cursor) -> None:
    """Make the tables of live frames; `simrace/live/__init__.py` says what is in them.

    The state of a stream is written twice a second, and shall find room in its page. Frames are not analyzed, because
    statistics of long texts would mean to unpack them.
    """
    cursor.execute(
        """
        create table raw.live_sources (
            source varchar primary key,
            next_offset bigint not null,
            commit_number bigint not null,
            counts jsonb not null,
            lag_s double precision,
            lag_frames bigint,
            commit_s double precision not null,
            committed_at timestamptz not null
        );
        create table raw.live_streams (
            stream varchar primary key,
            source varchar not null,
            source_format varchar not null,
            session_mark varchar not null,
            told jsonb not null,
            is_open boolean not null,
            batch_number bigint not null,
            last_clock double precision,
            last_received_at timestamptz not null,
            state jsonb not null,
            reading jsonb not null
        ) with (fillfactor = 50);
        create index live_streams_source on raw.live_streams (source);
        create table raw.live_frames (
            stream varchar not null,
            batch_number bigint not null,
            source_format varchar not null,
            session_mark varchar not null,
            told jsonb not null,
            mark varchar not null,
            first_clock double precision,
            last_clock double precision,
            first_offset bigint,
            last_offset bigint,
            frame_count integer not null,
            frames varchar not null,
            packets bytea,
            received_at timestamptz not null,
            primary key (stream, batch_number)
        );
        alter table raw.live_frames alter column frames set statistics 0;
        alter table raw.live_frames alter column packets set statistics 0;
        create index live_frames_received_at on raw.live_frames (received_at);
        create table raw.live_quarantine (
            source varchar not null,
            reason varchar not null,
            slot integer not null,
            stream varchar not null,
            source_offset bigint not null,
            detail varchar not null,
            frame_bytes bigint not null,
            head bytea not null,
            quarantined_at timestamptz not null,
            primary key (source, reason, slot)
        );
        """
    )


def _make_channel_blocks(cursor: Cursor) -> None:
    """Make `raw.channel_blocks`, because dlt has no arrays.

    It has no key of dlt's, because its rows are never written twice: a load has each file once, in one transaction.
    The index by load is for `delete_lost_blocks`, and takes little: a load stands in it once for many rows.
    """
    # Values are not analyzed: statistics of arrays would mean to unpack thousands of them.
    cursor.execute(
        """
        create table if not exists raw.channel_blocks (
            file_id varchar not null,
            block_number integer not null,
            channel_number integer not null,
            first_sample bigint not null,
            float_values real[],
            double_values double precision[],
            integer_values integer[],
            boolean_values boolean[],
            _dlt_load_id varchar not null
        );
        alter table raw.channel_blocks set (parallel_workers = 2);
        create index channel_blocks_file_id on raw.channel_blocks (file_id, block_number);
        create index channel_blocks_load_id on raw.channel_blocks (_dlt_load_id);
        """
    )
    for column in VALUE_COLUMNS.values():
        cursor.execute(f"alter table raw.channel_blocks alter column {column} set statistics 0")
        _compress_fast(cursor, f"{DATASET}.{CHANNEL_BLOCKS_TABLE}", column)


def _compress_fast(cursor: Cursor, table: str, column: str) -> None:
    cursor.execute("select from pg_settings where name = 'default_toast_compression' and 'lz4' = any(enumvals)")
    if cursor.rowcount:
        cursor.execute(f"alter table {table} alter column {column} set compression lz4")


def columns_of(table: str) -> list[str]:
    """Columns of a raw table, without those that dlt adds."""
    return list(_COLUMNS[table])


def tune_tables(connection: Connection) -> None:
    """Set on raw tables what dlt has no option for; repeating it changes nothing.

    The compressed text lies beside a small heap, so the planner would not read `raw.file_blocks` in parallel by itself.
    Of channels there are hundreds a file, and without an index repeats of each are looked for among all.
    """
    with connection, connection.cursor() as cursor:
        cursor.execute("select to_regclass('raw.file_channels'), to_regclass('raw.file_channels_file_id') is null")
        if cursor.fetchone() == ("raw.file_channels", True):
            cursor.execute("create index file_channels_file_id on raw.file_channels (file_id, channel_number)")
        cursor.execute("select reloptions from pg_class where oid = to_regclass('raw.file_blocks')")
        row = cursor.fetchone()
        if row is None or row[0]:
            return
        _compress_fast(cursor, "raw.file_blocks", "lines")
        cursor.execute("alter table raw.file_blocks set (parallel_workers = 2)")
        cursor.execute("create index if not exists file_blocks_file_id on raw.file_blocks (file_id, block_number)")


def are_complete(connection: Connection) -> bool:
    """Whether there is every raw table with every column; an older version may have made them, or nobody yet."""
    wanted = [(table, column) for table, columns in _COLUMNS.items() for column in columns]
    with connection, connection.cursor() as cursor:
        return _columns_there(cursor).issuperset(wanted)


def add_columns(connection: Connection) -> None:
    """Add the columns that tables of an older version lack; dlt itself adds them only when it has rows to load."""
    with connection, connection.cursor() as cursor:
        there = _columns_there(cursor)
        tables = {table for table, _ in there}
        for table, columns in _COLUMNS.items():
            for column in _NULLABLE & columns.keys():
                if table in tables and (table, column) not in there:
                    kind = _ADDED_AS[columns[column]]
                    cursor.execute(f"alter table {DATASET}.{table} add column {column} {kind}")


def _columns_there(cursor: Cursor) -> set[tuple[str, str]]:
    """Table and column of everything in `raw`."""
    cursor.execute("select table_name, column_name from information_schema.columns where table_schema = %s", (DATASET,))
    return set(cursor.fetchall())


def delete_loads(connection: Connection, load_ids: list[str]) -> None:
    """Delete the rows of unfinished loads."""
    with connection, connection.cursor() as cursor:
        complete = _complete_loads(cursor)
        unfinished = [load_id for load_id in load_ids if load_id not in complete]
        for table in (*_COLUMNS, CHANNEL_BLOCKS_TABLE):
            if unfinished and relation_exists(cursor, f"{DATASET}.{table}"):
                cursor.execute(f"delete from {DATASET}.{table} where _dlt_load_id = any(%s)", (unfinished,))


def delete_lost_blocks(connection: Connection) -> None:
    """Delete blocks of channels whose package was lost. Call it while no package is pending."""
    with connection, connection.cursor() as cursor:
        # from load to load in the index, because each has very many rows
        cursor.execute(
            """
            with recursive loads as (
                (select _dlt_load_id from raw.channel_blocks order by _dlt_load_id limit 1)
                union all
                select (
                    select min(blocks._dlt_load_id) from raw.channel_blocks as blocks
                    where blocks._dlt_load_id > loads._dlt_load_id
                )
                from loads
                where loads._dlt_load_id is not null
            )

            select _dlt_load_id from loads where _dlt_load_id is not null
            """
        )
        lost = {row[0] for row in cursor} - _complete_loads(cursor)
        if lost:
            cursor.execute("delete from raw.channel_blocks where _dlt_load_id = any(%s)", (list(lost),))


def have_blocks(connection: Connection, load_ids: list[str]) -> bool:
    """Whether each of these loads has blocks of channels."""
    with connection, connection.cursor() as cursor:
        cursor.execute(
            "select bool_and(exists (select from raw.channel_blocks where _dlt_load_id = load_id)) "
            "from unnest(%s::text[]) as loads (load_id)",
            (load_ids,),
        )
        return cursor.fetchone() != (False,)


def _complete_loads(cursor: Cursor) -> set[str]:
    if not relation_exists(cursor, f"{DATASET}._dlt_loads"):
        return set()
    cursor.execute(f"select load_id from {DATASET}._dlt_loads where status = 0")
    return {row[0] for row in cursor}


def analyze_tables(connection: Connection) -> None:
    """Analyze the raw tables, because dbt reads at once what was just loaded."""
    with connection, connection.cursor() as cursor:
        for table in (*_COLUMNS, CHANNEL_BLOCKS_TABLE, "_dlt_loads"):
            if relation_exists(cursor, f"{DATASET}.{table}"):
                cursor.execute(f"analyze {DATASET}.{table}")


def remember_again(connection: Connection, file_ids: list[str]) -> None:
    """Remove contents from the list of those forgotten on purpose."""
    with connection, connection.cursor() as cursor:
        if relation_exists(cursor, f"{DATASET}.{FORGOTTEN_TABLE}"):
            cursor.execute(f"delete from {DATASET}.{FORGOTTEN_TABLE} where file_id = any(%s)", (file_ids,))


def relation_exists(cursor: Cursor, name: str) -> bool:
    """Whether there is a table or view of this name, with its schema."""
    cursor.execute("select to_regclass(%s) is not null", (name,))
    return bool((cursor.fetchone() or (False,))[0])


def storable(text: str) -> str:
    """A text that the database takes: characters that it does not know are written as escapes."""
    if text.isascii() and "\0" not in text:  # the same text, which takes no more memory
        return text
    return text.replace("\0", "\ufffd").encode("utf-8", "backslashreplace").decode()
