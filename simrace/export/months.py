"""Marts as Parquet by month, in a folder or a store: one file a mart and month, so that no reader meets half of one."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from psycopg2.extensions import connection as Connection  # noqa: N812 - psycopg2 writes its classes small

from ingestion.remote import is_remote, list_files, remove
from simrace.export.elsewhere import place_of
from simrace.export.tables import SCHEMA, Exported, ExportError, Format, column_types, export_table, list_marts

UNKNOWN = "unknown"  # the month of rows whose session or race has no date
# Column of a mart, the table that dates it, and its date there.
DATED = {
    "session_started_at": ("{mart}", "session_started_at"),
    "session_id": ("dim_sessions", "session_started_at"),
    "race_id": ("dim_races", "green_flag_at"),
    "event_session_id": ("dim_event_sessions", "started_at"),
}


def export_months(
    connection: Connection, place: str, names: Sequence[str], months: Sequence[str]
) -> Iterator[Exported]:
    """Write marts by month of their session or race; a mart of neither is one file.

    A file of a month that has no rows any more is deleted, when all months are written.

    Args:
        connection: Database that holds the marts.
        place: Folder or address, below which each mart has a folder.
        names: Marts; all when empty.
        months: Such as 2026-11; all when empty, and marts without a month are written then alone.

    Raises:
        ExportError: there is no such mart or month, or the place takes nothing.
    """
    if wrong := [month for month in months if not re.fullmatch(r"\d{4}-(0[1-9]|1[0-2])", month)]:
        raise ExportError(f"{wrong[0]} is no month, such as 2026-11.")
    place = place.rstrip("/")
    for name in names or [mart.name for mart in list_marts(connection)]:
        dates = _dates(connection, name)
        if dates is None:
            if not months:
                yield _export(connection, name, f"{place}/{name}/{name}.parquet", "")
            continue
        written = set()
        for month, where in dates.items():
            if not months or month in months:
                target = f"{place}/{name}/month={month}/{name}.parquet"
                yield _export(connection, name, target, where)
                written.add(target)
        if not months:
            _remove_others(f"{place}/{name}", f"{name}.parquet", written)


def _export(connection: Connection, name: str, target: str, where: str) -> Exported:
    with place_of(target) as path:  # made here, sent when it is whole
        exported = export_table(connection, name, path, Format.PARQUET, where)
    return replace(exported, path=target)


def _dates(connection: Connection, name: str) -> dict[str, str] | None:
    """The months in which a mart has rows, each with the condition on them; None for a mart without."""
    with connection, connection.cursor() as cursor:
        columns = column_types(cursor, name)
        key = next((column for column in DATED if column in columns), None)
        if key is None:
            return None
        table, moment = DATED[key]
        table = f"{SCHEMA}.{table.format(mart=name)}"

        def of_rows(condition: str) -> str:
            return condition if moment == key else f"{key} in (select {key} from {table} where {condition})"

        month = f"to_char({moment} at time zone 'UTC', 'YYYY-MM')"
        has_rows = f"{moment} is not null and {key} in (select {key} from {SCHEMA}.{name})"
        cursor.execute(f"select distinct {month} from {table} where {has_rows} order by 1")
        dates = {}
        for (found,) in cursor.fetchall():
            begin = f"timestamptz '{found}-01 00:00Z'"
            dates[found] = of_rows(f"{moment} >= {begin} and {moment} < {begin} + interval '1 month'")
        undated = f"({of_rows(f'{moment} is not null')}) is not true"
        cursor.execute(f"select exists (select from {SCHEMA}.{name} where {undated})")
        return dates | ({UNKNOWN: undated} if (cursor.fetchone() or (False,))[0] else {})


def _remove_others(folder: str, name: str, written: set[str]) -> None:
    """Delete the files of months that have no rows any more."""
    if not is_remote(folder):
        for path in Path(folder).glob(f"month=*/{name}"):
            if str(path) not in written:
                path.unlink()
        return
    for file in list_files(f"{folder}/month=*/{name}"):
        problem = file.problem.detail if file.problem else ""
        if not problem and file.address not in written:
            problem = remove(file.address)
        if problem:
            raise ExportError(f"What has no rows any more cannot be deleted at {file.url}: {problem}")
