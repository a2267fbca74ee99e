"""The raw tables: their columns, and what the planner has to be told of them."""

from typing import TYPE_CHECKING

from psycopg2.extensions import connection as Connection  # noqa: N812 - psycopg2 writes its classes small
from psycopg2.extensions import cursor as Cursor  # noqa: N812

if TYPE_CHECKING:
    from dlt.common.data_types import TDataType
    from dlt.common.schema import Schema

DATASET = "raw"
BLOCKS_TABLE = "file_blocks"
FORGOTTEN_TABLE = "forgotten_files"  # the one that dlt does not write

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
_NULLABLE = {"delimiter", "quoting", "header_line", "units_line", "first_data_line", "head", "modified_at"}


def raw_schema() -> "Schema":
    """The four raw tables; a column that is not named here is refused (schema contract)."""
    from dlt.common.schema import Schema
    from dlt.common.schema.utils import new_column, new_table

    schema = Schema(DATASET)
    for table, columns in _COLUMNS.items():
        schema.update_table(
            new_table(
                table,
                write_disposition="append",
                # dlt's own columns too, which it would add with the first row only: a table without one is read as well
                columns=[
                    *(new_column(name, kind, nullable=name in _NULLABLE) for name, kind in columns.items()),
                    new_column("_dlt_load_id", "text", nullable=False),
                    {**new_column("_dlt_id", "text", nullable=False), "unique": True, "row_key": True},
                ],
                schema_contract={"columns": "freeze", "data_type": "freeze"},
            )
        )
    return schema


def columns_of(table: str) -> list[str]:
    """Columns of a raw table, those that dlt adds apart."""
    return list(_COLUMNS[table])


def tune_tables(connection: Connection) -> None:
    """Give `raw.file_blocks` what dlt has no word for; does nothing the second time.

    The planner sees a small heap beside the compressed text and would not read it in parallel unasked.
    """
    with connection, connection.cursor() as cursor:
        cursor.execute("select reloptions from pg_class where oid = to_regclass('raw.file_blocks')")
        row = cursor.fetchone()
        if row is None or row[0]:
            return
        cursor.execute("select from pg_settings where name = 'default_toast_compression' and 'lz4' = any(enumvals)")
        if cursor.rowcount:
            cursor.execute("alter table raw.file_blocks alter column lines set compression lz4")
        cursor.execute("alter table raw.file_blocks set (parallel_workers = 2)")
        cursor.execute("create index if not exists file_blocks_file_id on raw.file_blocks (file_id, block_number)")


def are_complete(connection: Connection) -> bool:
    """Whether there is every raw table with every column; an older version may have made them, or nobody yet."""
    wanted = [(table, column) for table, columns in _COLUMNS.items() for column in columns]
    with connection, connection.cursor() as cursor:
        cursor.execute(
            "select table_name, column_name from information_schema.columns where table_schema = %s", (DATASET,)
        )
        return set(cursor.fetchall()).issuperset(wanted)


def complete_tables(connection: Connection) -> None:
    """Give tables that the first version made, and never wrote to, the columns that are in every table since."""
    with connection, connection.cursor() as cursor:
        for table in _COLUMNS:
            cursor.execute(
                "select from information_schema.columns "
                "where table_schema = %s and table_name = %s and column_name = '_dlt_load_id'",
                (DATASET, table),
            )
            if not cursor.rowcount and exists(cursor, table):
                cursor.execute(f"alter table {DATASET}.{table} add column _dlt_load_id varchar not null")
                cursor.execute(f"alter table {DATASET}.{table} add column _dlt_id varchar not null unique")


def delete_loads(connection: Connection, load_ids: list[str]) -> None:
    """Delete the rows of loads that did not come to their end."""
    with connection, connection.cursor() as cursor:
        for table in _COLUMNS:
            cursor.execute(
                f"delete from {DATASET}.{table} where _dlt_load_id = any(%s) "
                f"and _dlt_load_id not in (select load_id from {DATASET}._dlt_loads where status = 0)",
                (load_ids,),
            )


def analyze_tables(connection: Connection) -> None:
    """The planner knows nothing of what was just loaded, and dbt reads it at once."""
    with connection, connection.cursor() as cursor:
        for table in (*_COLUMNS, "_dlt_loads"):
            if exists(cursor, table):
                cursor.execute(f"analyze {DATASET}.{table}")


def remember_again(connection: Connection, file_ids: list[str]) -> None:
    """Take contents off the list of what was forgotten on purpose."""
    with connection, connection.cursor() as cursor:
        if exists(cursor, FORGOTTEN_TABLE):
            cursor.execute(f"delete from {DATASET}.{FORGOTTEN_TABLE} where file_id = any(%s)", (file_ids,))


def exists(cursor: Cursor, table: str) -> bool:
    """Whether there is a raw table of this name."""
    cursor.execute("select to_regclass(%s) is not null", (f"{DATASET}.{table}",))
    return bool((cursor.fetchone() or (False,))[0])
