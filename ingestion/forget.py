"""Forget files on purpose: their rows, the copies of refused ones, and by the next build everything made from them.

What is forgotten does not come back with the next run of the same folder: its hash alone is remembered.
"""

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import psycopg2
from psycopg2.extensions import connection as Connection  # noqa: N812 - psycopg2 writes its classes small
from psycopg2.extensions import cursor as Cursor  # noqa: N812

from ingestion import known, refused
from ingestion.landed import is_at
from ingestion.loading import Loader
from ingestion.raw_tables import DATASET, FORGOTTEN_TABLE, exists

SHORTEST_PREFIX = 6

# Of bytes that were never read only the path is known; an empty file's hash is every empty file's.
_CONTENTS = """
    select file_id, file_path, null as reason from raw.file_sightings
    union
    select case when file_bytes > 0 then file_id end, file_path, reason from raw.rejected_files
"""

_OF_DRIVER = """
    select sessions.file_id, sessions.driver_name
    from staging.stg_telemetry__sessions as sessions
    left join staging.driver_aliases as aliases
        on sessions.sim = aliases.sim and sessions.driver_name = aliases.driver_name
    where coalesce(aliases.driver_id, sessions.sim || ':name:' || sessions.driver_name) = %(driver_id)s
    union
    select files.file_id, sessions.driver_name
    from intermediate.int_telemetry_sessions as sessions
    inner join intermediate.int_telemetry_session_files as files on sessions.session_id = files.session_id
    where sessions.driver_id = %(driver_id)s
    union
    select file_id, entrant_name from intermediate.int_race_results_united where driver_id = %(driver_id)s
    union
    select file_id, driver_name from staging.stg_acc__race_drivers where driver_id = %(driver_id)s
"""

# Preambles, results of practice and whatever no model reads: for a person to look at.
_WITH_TEXT = """
    select distinct blocks.file_id
    from raw.file_blocks as blocks
    inner join raw.files as files on blocks.file_id = files.file_id
    where
        (blocks.block_number = 1 or files.format_family = 'results')
        and blocks.lines like any(%(patterns)s)
    union
    select file_id from raw.rejected_files where file_bytes > 0 and head like any(%(patterns)s)
    union
    select file_id from raw.file_sightings where file_path like any(%(patterns)s)
    union
    select file_id from raw.rejected_files where file_bytes > 0 and file_path like any(%(patterns)s)
"""


class ForgetError(RuntimeError):
    """Nothing was forgotten; the text says why, and the way out."""


@dataclass(frozen=True)
class Content:
    """Something to forget.

    Attributes:
        file_id: SHA-256 of its bytes; None when it has none, and its path stands for it.
        paths: Where it was seen.
        reason: Why it is refused; None when it is landed.
    """

    file_id: str | None
    paths: tuple[str, ...]
    reason: str | None


def find_named(connection: Connection, names: Iterable[str]) -> list[Content]:
    """Contents that names stand for.

    Args:
        connection: To the warehouse.
        names: A file_id, the beginning of one (6 characters or more) that only one has, or a path: of a file, a
            folder or an archive, there every content ever seen.

    Raises:
        ForgetError: nothing has this name, or several files begin with it.
    """
    contents = _read_contents(connection)
    found: dict[tuple[str | None, tuple[str, ...]], Content] = {}
    for name in names:
        meant = _with_prefix(name, contents) or _at_path(name, contents)
        if not meant:
            raise ForgetError(
                f"Nothing is known of {name}: no file_id begins so, and nothing was ever seen at that path. "
                "`select file_id, file_path from raw.file_sightings` lists what is landed."
            )
        found.update(((content.file_id, content.paths), content) for content in meant)
    return list(found.values())


def find_driver(connection: Connection, driver_id: str) -> tuple[list[Content], list[Content]]:
    """Files that hold a driver, and other files with one of the driver's names somewhere in their text or path.

    Args:
        connection: To the warehouse, after a build.
        driver_id: As `marts.dim_drivers` has it.

    Raises:
        ForgetError: nothing is built yet, or no file has such a driver.
    """
    contents = {content.file_id: content for content in _read_contents(connection) if content.file_id}
    try:
        with connection, connection.cursor() as cursor:
            cursor.execute(_OF_DRIVER, {"driver_id": driver_id})
            rows = cursor.fetchall()
            names = {name for _, name in rows if name}
            cursor.execute(_WITH_TEXT, {"patterns": _patterns(names)})
            with_text = {row[0] for row in cursor}
    except psycopg2.errors.UndefinedTable as error:
        raise ForgetError("Which files hold a driver is known after a build: `simrace run` first.") from error
    held = {file_id for file_id, _ in rows}
    if not held:
        raise ForgetError(f"No file has a driver {driver_id}. `select driver_id, driver_name from marts.dim_drivers`")
    found = [content for file_id, content in contents.items() if file_id in held]
    return found, [content for file_id, content in contents.items() if file_id in with_text - held]


def forget(connection: Connection, contents: Iterable[Content]) -> dict[str, int]:
    """Delete every row of contents in one transaction, and remember their hashes; the marts follow with the next build.

    Args:
        connection: To the warehouse, which must be held (`ingestion.warehouse.exclusive`).
        contents: From `find_named` or `find_driver`.

    Returns:
        Rows deleted, by table; tables without any are left out.

    Raises:
        psycopg2.Error: the database did not do it, and nothing was forgotten.
    """
    contents = list(contents)
    file_ids = [content.file_id for content in contents if content.file_id]
    paths = [path for content in contents if not content.file_id for path in content.paths]
    refused.discard(file_ids)
    known.forget(file_ids)
    deleted: dict[str, int] = {}
    with connection, connection.cursor() as cursor:
        for table in _tables_with_file_id(cursor):
            cursor.execute(f"delete from {table} where file_id = any(%s)", (file_ids,))
            deleted[table] = cursor.rowcount
        if exists(cursor, "rejected_files"):
            cursor.execute("delete from raw.rejected_files where file_bytes = 0 and file_path = any(%s)", (paths,))
            deleted["raw.rejected_files"] += cursor.rowcount
        cursor.execute(
            f"create table if not exists {DATASET}.{FORGOTTEN_TABLE} ("
            "file_id text primary key, forgotten_at timestamptz not null default now())"
        )
        cursor.execute(
            f"insert into {DATASET}.{FORGOTTEN_TABLE} (file_id) select unnest(%s::text[]) on conflict do nothing",
            (file_ids,),
        )
    return {table: rows for table, rows in deleted.items() if rows}


def drop_work_files(loader: Loader) -> None:
    """Delete what dlt keeps of loads that ended: older versions let it keep all that was loaded."""
    for file in loader.folder.glob("load/loaded/*/*_jobs/*"):
        file.unlink(missing_ok=True)


def _read_contents(connection: Connection) -> list[Content]:
    with connection, connection.cursor() as cursor:
        if not exists(cursor, "rejected_files"):
            raise ForgetError("Nothing is landed yet, so there is nothing to forget.")
        cursor.execute(
            "select file_id, array_agg(distinct file_path order by file_path), "
            "case when bool_or(reason is null) then null else min(reason) end "
            f"from ({_CONTENTS}) as contents group by file_id, case when file_id is null then file_path end "
            "order by 2, 1"
        )
        return [Content(file_id, tuple(paths), reason) for file_id, paths, reason in cursor]


def _with_prefix(name: str, contents: list[Content]) -> list[Content]:
    if not re.fullmatch(f"[0-9a-f]{{{SHORTEST_PREFIX},64}}", name.lower()):
        return []
    found = [content for content in contents if content.file_id and content.file_id.startswith(name.lower())]
    if len(found) > 1:
        raise ForgetError(
            f"{name} is the beginning of {len(found)} file_ids; write more of the one that is meant:\n"
            + "\n".join(f"  {content.file_id}  {content.paths[0]}" for content in found)
        )
    return found


def _at_path(name: str, contents: list[Content]) -> list[Content]:
    place = str(Path(name).expanduser().absolute())
    return [content for content in contents if any(is_at(path, place) for path in content.paths)]


def _patterns(names: set[str]) -> list[str]:
    """LIKE patterns for names as text has them, and as JSON may escape them."""
    forms = names | {json.dumps(name)[1:-1] for name in names}
    return ["%" + re.sub(r"([%_\\])", r"\\\1", form) + "%" for form in sorted(forms)]


def _tables_with_file_id(cursor: Cursor) -> list[str]:
    cursor.execute(
        "select format('%%I.%%I', columns.table_schema, columns.table_name) "
        "from information_schema.columns inner join information_schema.tables using (table_schema, table_name) "
        "where table_schema in ('raw', 'ops') and column_name = 'file_id' and table_type = 'BASE TABLE' "
        "and table_name <> %s order by 1",
        (FORGOTTEN_TABLE,),
    )
    return [row[0] for row in cursor]
