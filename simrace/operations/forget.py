"""Forget files on purpose: their rows and copies at once, and with the next build everything made from them.

The next run of the same folder does not bring them back, because their hashes are remembered, and nothing else.
"""

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from xml.sax.saxutils import escape

from psycopg2 import Binary
from psycopg2.extensions import connection as Connection  # noqa: N812 - psycopg2 writes its classes small
from psycopg2.extensions import cursor as Cursor  # noqa: N812

from ingestion import refused_copies, unchanged
from ingestion.errors import ReadableError
from ingestion.loading import Loader
from ingestion.raw_tables import (
    DATASET,
    FORGOTTEN_TABLE,
    LIVE_FRAMES_TABLE,
    STRUCK_TABLE,
    make_own_tables,
    relation_exists,
)
from ingestion.warehouse import is_at

SHORTEST_PREFIX = 6
_IRACING_ID = r"iracing:(\d+)"

# Bytes that were never read have only a path; and all empty files have the same hash.
_CONTENTS = """
    select file_id, file_path, null as reason from raw.file_sightings
    union
    select case when file_bytes > 0 then file_id end, file_path, reason from raw.rejected_files
"""

# Preambles, sessions of other kinds, documents of logs and other text that no model reads; a person has to look at it.
_WITH_TEXT = """
    select distinct blocks.file_id
    from raw.file_blocks as blocks
    inner join raw.files as files on blocks.file_id = files.file_id
    where
        (blocks.block_number = 1 or files.format_family = 'results')
        and blocks.lines like any(%(patterns)s)
    union
    select file_id from raw.file_documents
    where original like any(%(patterns)s) or content like any(%(patterns)s) or data is not null and exists (
        select from unnest(%(forms)s) as forms (form) where position(form in data) > 0
    )
    union
    select file_id from raw.rejected_files where file_bytes > 0 and head like any(%(patterns)s)
    union
    select file_id from raw.file_sightings where file_path like any(%(patterns)s)
    union
    select file_id from raw.rejected_files where file_bytes > 0 and file_path like any(%(patterns)s)
"""

# A log may be of several sessions, and a session of several files.
_RETIRED_WITH = """
    with recursive gone (file_id) as (
        select unnest(%s::text[])
        union
        select others.file_id
        from gone
        inner join ops.retired as retired on gone.file_id = retired.file_id
        inner join ops.retired as others on retired.session_id = others.session_id
    )
    select file_id from gone
"""


class ForgetError(ReadableError):
    """Nothing was forgotten; the text says why, and the way out."""


@dataclass(frozen=True)
class Content:
    """One content to forget.

    Attributes:
        file_id: SHA-256 of its bytes; None when it has none, and its path stands for it.
        paths: Where it was seen.
        reason: Why it is refused; None when it is landed.
    """

    file_id: str | None
    paths: tuple[str, ...]
    reason: str | None


def find_named(connection: Connection, names: Iterable[str]) -> list[Content]:
    """Find the contents that names stand for.

    Args:
        connection: To the warehouse.
        names: A file_id, the beginning of one (6 characters or more) that only one has, or a path: of a file, a
            folder or an archive, there every content ever seen.

    Raises:
        ForgetError: no content has this name, or several begin with it.
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
    """Find the files that hold a driver, and others with one of the driver's names somewhere in text or path.

    Args:
        connection: To the warehouse, after a build.
        driver_id: As `marts.dim_drivers` has it.

    Raises:
        ForgetError: nothing is built yet, or no file has such a driver.
    """
    contents = {content.file_id: content for content in _read_contents(connection) if content.file_id}
    with connection, connection.cursor() as cursor:
        if not relation_exists(cursor, "ops.file_drivers"):
            raise ForgetError("Which files hold a driver is known after a build: `simrace run` first.")
        cursor.execute("select file_id, driver_name from ops.file_drivers where driver_id = %s", (driver_id,))
        rows = cursor.fetchall()
        names = {name for _, name in rows if name}
        texts = names | set(_mentions(driver_id))
        forms = {text.encode(encoding, "replace") for text in texts for encoding in ("utf-8", "cp1252")}
        cursor.execute(_WITH_TEXT, {"patterns": _patterns(texts), "forms": [*map(Binary, sorted(forms))]})
        with_text = {row[0] for row in cursor}
    held = {file_id for file_id, _ in rows}
    if not (held or with_text):
        raise ForgetError(f"No file has a driver {driver_id}. `select driver_id, driver_name from marts.dim_drivers`")
    found = [content for file_id, content in contents.items() if file_id in held]
    return found, [content for file_id, content in contents.items() if file_id in with_text - held]


def forget_live(connection: Connection, driver_id: str) -> int:
    """Delete the live frames of a driver that are no log yet, and what is known of the streams.

    Args:
        connection: To the warehouse, before the driver's files are forgotten.
        driver_id: As `find_driver` takes it.

    Returns:
        Batches of frames deleted.
    """
    with connection, connection.cursor() as cursor:
        if not relation_exists(cursor, f"{DATASET}.{LIVE_FRAMES_TABLE}"):
            return 0
        cursor.execute("select driver_name from ops.file_drivers where driver_id = %s", (driver_id,))
        names = {row[0] for row in cursor} | {driver_id.partition(":name:")[2]} - {""}
        cursor.execute("delete from raw.live_streams where told ->> 'driver' = any(%s)", (list(names),))
        cursor.execute("delete from raw.live_frames where told ->> 'driver' = any(%s)", (list(names),))
        return cursor.rowcount


def find_retired_with(connection: Connection, contents: Iterable[Content]) -> list[Content]:
    """Find the other files of sessions whose lines are gone, which go with them.

    What such a session left cannot be made again of the files that stay, nor can anybody tell what came of which file.

    Args:
        connection: To the warehouse.
        contents: What is to be forgotten.
    """
    named = [content.file_id for content in contents if content.file_id]
    with connection, connection.cursor() as cursor:
        if not relation_exists(cursor, "ops.retired"):
            return []
        cursor.execute(_RETIRED_WITH, (named,))
        found = {row[0] for row in cursor} - set(named)
    return [content for content in _read_contents(connection) if content.file_id in found]


def forget(connection: Connection, contents: Iterable[Content]) -> dict[str, int]:
    """Delete every row of contents in one transaction, and remember their hashes; the marts follow with the next build.

    Args:
        connection: To the warehouse, which must be held (`simrace.database.lock.exclusive`).
        contents: From `find_named` or `find_driver`. What `find_retired_with` finds goes too.

    Returns:
        Rows deleted, by table; tables without any are left out.

    Raises:
        psycopg2.Error: the database did not do it, and nothing was forgotten.
    """
    contents = list(contents)
    contents += find_retired_with(connection, contents)
    file_ids = [content.file_id for content in contents if content.file_id]
    paths = [path for content in contents if not content.file_id for path in content.paths]
    refused_copies.discard(file_ids)
    unchanged.forget(file_ids)
    deleted: dict[str, int] = {}
    with connection, connection.cursor() as cursor:
        for table in _tables_with_file_id(cursor):
            cursor.execute(f"delete from {table} where file_id = any(%s)", (file_ids,))
            deleted[table] = cursor.rowcount
        if relation_exists(cursor, "raw.rejected_files"):
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


def strike(connection: Connection, driver_id: str) -> bool:
    """Strike a driver from what is published of other people's logs, and remember it; the logs themselves stay.

    What was predicted of the driver goes at once.

    Args:
        connection: To the warehouse.
        driver_id: As `marts.dim_drivers` has it without pseudonyms; `iracing:` and the id of a customer.

    Returns:
        Whether logs name drivers by such an id; else nothing is written.
    """
    if not re.fullmatch(_IRACING_ID, driver_id):
        return False
    make_own_tables(connection)
    with connection, connection.cursor() as cursor:
        cursor.execute(
            f"insert into {DATASET}.{STRUCK_TABLE} (driver_id) values (%s) on conflict do nothing", (driver_id,)
        )
        if relation_exists(cursor, "ops.rating_forecasts"):
            cursor.execute("delete from ops.predicted where driver_id = %s", (driver_id,))
            cursor.execute("delete from ops.rating_forecasts where driver_id = %s", (driver_id,))
    return True


def _mentions(driver_id: str) -> list[str]:
    """How files write who has an id, as text and as JSON, where no result of his says so.

    Logs of iRacing name the whole field, servers who joined them, laps and streams of a race who left before it ended.
    """
    if found := re.fullmatch(_IRACING_ID, driver_id):
        return [f"UserID: {found[1]}\n", f'"UserID": "{found[1]}"']
    if found := re.fullmatch(r"\w+:name:(.+)", driver_id):
        return [found[1]]
    found = re.fullmatch(r"\w+:([A-Z]?\d{17})", driver_id)
    return [f'"{found[1]}"'] if found else []


def drop_work_files(loader: Loader) -> None:
    """Delete dlt's files of finished loads: older versions let it keep all that was loaded."""
    for file in loader.folder.glob("load/loaded/*/*_jobs/*"):
        file.unlink(missing_ok=True)


def _read_contents(connection: Connection) -> list[Content]:
    with connection, connection.cursor() as cursor:
        if not relation_exists(cursor, "raw.rejected_files"):
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
    """LIKE patterns for names, as plain text and as JSON and XML may escape them."""
    escaped = {json.dumps(name)[1:-1] for name in names}
    upper = {re.sub(r"(?<=\\u)[0-9a-f]{4}", lambda code: str(code[0]).upper(), form) for form in escaped}
    forms = names | escaped | upper | {escape(name, {'"': "&quot;"}) for name in names}
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
