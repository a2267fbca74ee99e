"""Le Mans Ultimate telemetry (.duckdb), a DuckDB database. It is read with the extra `simrace[lmu]`.

Recognised by `DUCK` in its ninth byte, and by its tables `channelsList`, `eventsList` and `metadata`.

Parts: a table for each channel of `channelsList`, without times: row n is n / frequency seconds after the start. A
table for each event of `eventsList`: when it came (`ts`), and the value from then on; the first row is the state at the
start. `metadata` has driver, track, car, weather and setup as pairs of key and value.

Traps:
    * What the four wheels have stands in the columns value1 to value4: channels `Name[1]` to `Name[4]`.
    * `ts` is on the clock of the channel `GPS Time`, which does not begin with 0. Times land from the start of the log
      on, and `start_s` in their details is what was taken off.
    * While the game has the file open, a file .wal stands beside it that holds the last rows.
    * A stranger's database may name files, extensions and views. None of them is opened: tables alone are read.
"""

from pathlib import Path
from typing import Any

import numpy as np

from ingestion.formats.logs.columns import MAX_LOG_SECONDS, Values
from ingestion.formats.logs.foreign import ForeignLog, Written, convert, require
from ingestion.formats.logs.log import Document, Log, LogFormat, ValueType
from ingestion.reading import Reason, RefusedError

MAX_TABLES = 2_000
MAX_TEXT = 4 << 20
MAX_EVENTS = 1_000 * MAX_LOG_SECONDS
_LISTS = ("channelsList", "eventsList", "metadata")
_TYPES = {
    "FLOAT": ValueType.FLOAT4,
    "DOUBLE": ValueType.FLOAT8,
    "BOOLEAN": ValueType.BOOL,
} | dict.fromkeys(("TINYINT", "SMALLINT", "INTEGER", "UTINYINT", "USMALLINT", "UINTEGER"), ValueType.INT4)
_SETTINGS: dict[str, str | bool | int | float | list[str]] = {
    "enable_external_access": "false",
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
    "allow_community_extensions": "false",
    "lock_configuration": "true",
    "memory_limit": "200MB",
    "temp_directory": "",  # it would spill beside the file
    "threads": "1",
}


def _open(path: Path) -> Log:
    require("duckdb", "lmu", "Le Mans Ultimate telemetry (.duckdb)")
    if path.with_name(f"{path.name}.wal").exists():
        raise RefusedError(
            Reason.UNREADABLE, "the game has it open: a file .wal is beside it; land it when that is gone"
        )
    return ForeignLog(path, __name__)


class _Database:
    """Tables of a database that is read alone."""

    def __init__(self, path: Path) -> None:
        import duckdb

        try:
            self._connection = duckdb.connect(str(path), read_only=True, config=_SETTINGS)
            self.columns: dict[str, dict[str, str]] = {}
            for table, column, kind in self.rows(
                "select table_name, column_name, data_type from duckdb_columns() "
                "where table_oid in (select table_oid from duckdb_tables() where schema_name = 'main') "
                "order by table_oid, column_index limit 100000"
            ):
                self.columns.setdefault(table, {})[column] = kind
        except duckdb.Error as error:
            raise RefusedError(Reason.MALFORMED, "DuckDB cannot open it", str(error)) from None
        if missing := [table for table in _LISTS if table not in self.columns]:
            raise RefusedError(Reason.UNKNOWN_FORMAT, f"a DuckDB database without {missing[0]}")
        if len(self.columns) > MAX_TABLES:
            raise RefusedError(Reason.MALFORMED, f"a database of {len(self.columns):,} tables")

    def rows(self, statement: str) -> list[tuple[Any, ...]]:
        return self._connection.execute(statement).fetchall()

    def values(self, table: str, column: str) -> Values:
        statement = f"select {_quoted(column)} as found from {_quoted(table)}"
        return np.asarray(self._connection.execute(statement).fetchnumpy()["found"])

    def count(self, table: str, column: str) -> tuple[int, int]:
        """Rows, and those that have a value."""
        ((rows, filled),) = self.rows(f"select count(*), count({_quoted(column)}) from {_quoted(table)}")
        return rows, filled


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _read(path: Path, written: Written) -> None:
    database = _Database(path)
    if database.rows("select coalesce(sum(length(key) + length(value)), 0) from metadata")[0][0] > MAX_TEXT:
        raise RefusedError(Reason.TOO_LARGE, "metadata of over 4 MB")
    metadata = database.rows(f"select key, value from metadata limit {MAX_TABLES}")
    channels = database.rows(f"select channelName, frequency, unit from channelsList limit {MAX_TABLES}")
    events = database.rows(f"select eventName, unit from eventsList limit {MAX_TABLES}")
    unlisted = database.columns.keys() - {*_LISTS, *(row[0] for row in (*channels, *events))}
    written.documents.append(Document("metadata", dict(metadata), None, None, 0))
    written.documents.append(Document("unlisted_tables", sorted(unlisted), None, None, 0))
    start_s = _start(database)
    for name, rate, unit in channels:
        _add_channel(database, written, name, unit or "", rate)
    for name, unit in events:
        _add_event(database, written, name, unit or "", start_s)
    if not any(channel.sample_count for channel in written.channels):
        raise RefusedError(Reason.NO_DATA, "lmu_duckdb without a sample")


def _start(database: _Database) -> float:
    """When the log begins, on the clock of its events."""
    for table, column in [("GPS Time", "value"), *((table, "ts") for table in database.columns)]:
        if database.columns.get(table, {}).get(column) == "DOUBLE":
            ((first,),) = database.rows(f"select min({_quoted(column)}) from {_quoted(table)}")
            if first is not None and np.isfinite(first):
                return float(first)
    return 0.0


def _add_channel(database: _Database, written: Written, table: str, unit: str, rate: int | None) -> None:
    for column, kind in database.columns.get(table, {"value": "none"}).items():
        values, problem = None, None if rate and rate > 0 else f"its rate is {rate}"
        if not problem:
            values, problem = _believed(database, written, table, column, MAX_LOG_SECONDS * (rate or 0))
        written.add(_name(table, column), unit, values, rate=rate, problem=problem, type=kind)


def _add_event(database: _Database, written: Written, table: str, unit: str, start_s: float) -> None:
    columns = database.columns.get(table, {})
    if columns.get("ts") != "DOUBLE":
        written.add(table, unit, None, problem="it has no times")
        return
    times, problem = _believed(database, written, table, "ts", MAX_EVENTS)
    clock = written.add(
        f"{table}[ts]",
        "s",
        None if times is None else times - start_s,
        times_channel=0,
        problem=problem,
        start_s=start_s,
    )
    for column, kind in columns.items():
        if column != "ts":
            values, column_problem = _believed(database, written, table, column, MAX_EVENTS)
            written.add(
                _name(table, column),
                unit,
                None if problem else values,
                times_channel=clock,
                problem=problem or column_problem,
                type=kind,
            )


def _believed(
    database: _Database, written: Written, table: str, column: str, most: int
) -> tuple[Values | None, str | None]:
    """The values of a column, or why they are not read."""
    value_type = _TYPES.get(database.columns.get(table, {}).get(column, ""))
    if value_type is None:
        return None, "its table is missing" if table not in database.columns else "its type is not known"
    count, filled = database.count(table, column)
    if filled < count:
        return None, f"{count - filled:,} of its {count:,} values are missing"
    if count > most:
        return None, f"its {count:,} values are longer than two days"
    written.check(count, value_type)
    return database.values(table, column), None


def _name(table: str, column: str) -> str:
    """`Name` for its only value, `Name[2]` for value2."""
    part = column.removeprefix("value")
    return f"{table}[{part}]" if part else table


FORMAT = LogFormat("lmu_duckdb", lambda head: head[8:12] == b"DUCK", _open, None)

if __name__ == "__main__":
    convert(_read, lambda size: 50 * size + (64 << 20))
