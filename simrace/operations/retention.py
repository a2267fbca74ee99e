"""Delete what is old: first the lines of a telemetry session, then its traces, and finally the session.

The var `retention` in dbt_project.yml says how long each is kept. Whatever was made from lines and traces stays, and
no build touches it any more (docs/engine.md). Race results stay too: they are small, and form and ratings need all of
them.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from itertools import groupby
from uuid import UUID

import psycopg2
from psycopg2 import sql
from psycopg2.extensions import connection as Connection  # noqa: N812 - psycopg2 writes its classes small
from psycopg2.extensions import cursor as Cursor  # noqa: N812

from ingestion.errors import ReadableError
from ingestion.raw_tables import relation_exists

MAX_SHOWN = 20


class RetentionError(ReadableError):
    """Nothing was let go; the text says why, and the way out."""


class Tier(StrEnum):
    """What goes, in the order in which it goes."""

    RAW = "raw"
    TRACES = "traces"
    SESSION = "session"


@dataclass(frozen=True)
class Expired:
    """A session with something that is older than its limit.

    Attributes:
        tier: What would go.
        session_id: Of marts.dim_sessions.
        started_at: Start of the session.
        file_ids: Files that the session was read from.
        file_bytes: Size of these files in bytes.
        is_let_go_by_run: Whether every `simrace run` lets it go.
    """

    tier: Tier
    session_id: UUID
    started_at: datetime
    file_ids: tuple[str, ...]
    file_bytes: int
    is_let_go_by_run: bool


def find_expired(connection: Connection, limits: object) -> list[Expired]:
    """Sessions with something older than its limit; none before a build.

    Args:
        connection: To the warehouse.
        limits: The var `retention` as the project has it now.

    Raises:
        RetentionError: the last build had other limits, and would let go what is kept now.
    """
    with connection, connection.cursor() as cursor:
        if not relation_exists(cursor, "ops.sessions_expired"):
            return []
        cursor.execute(
            "select tier, session_id, session_started_at, file_ids, file_bytes, is_let_go_by_run, limits "
            "from ops.sessions_expired order by tier, session_started_at, session_id"
        )
        rows = cursor.fetchall()
        if any(json.loads(row[-1]) != limits for row in rows):
            raise RetentionError(
                "The var retention was changed since the last build. Run `simrace build`, then try again."
            )
        return [
            Expired(Tier(tier), UUID(str(session_id)), started_at, tuple(file_ids), int(file_bytes), is_let_go_by_run)
            for tier, session_id, started_at, file_ids, file_bytes, is_let_go_by_run, _ in rows
        ]


def retire(connection: Connection, expired: Iterable[Expired]) -> None:
    """Let go of lines and traces, each month in one transaction; `simrace.operations.forget` forgets whole sessions.

    The first block of a text stays, because it says what the file was; of a log its channels and documents do.
    """
    for _, of_month in groupby(
        sorted(expired, key=lambda each: each.started_at), lambda each: f"{each.started_at:%Y%m}"
    ):
        month = list(of_month)
        with connection, connection.cursor() as cursor:
            for each in month:
                cursor.execute(
                    "insert into ops.retired (session_id, file_id) select %s, unnest(%s) on conflict do nothing",
                    (str(each.session_id), list(each.file_ids)),
                )
            files = [file_id for each in month for file_id in each.file_ids]
            cursor.execute("delete from raw.file_blocks where file_id = any(%s) and block_number > 1", (files,))
            cursor.execute("delete from raw.channel_blocks where file_id = any(%s)", (files,))
            _remove(cursor, Tier.RAW, [str(each.session_id) for each in month])
            if traced := [str(each.session_id) for each in month if each.tier is Tier.TRACES]:
                _remove(cursor, Tier.TRACES, traced)
                cursor.execute(
                    "update ops.retired set traces_retired_at = now() where session_id = any(cast(%s as uuid[]))",
                    (traced,),
                )


def _remove(cursor: Cursor, tier: Tier, sessions: list[str]) -> None:
    cursor.execute("select table_schema, table_name from ops.retention_tables where tier = %s", (tier,))
    for schema, table in cursor.fetchall():
        _remove_from(cursor, sql.Identifier(schema, table), sessions)


def _remove_from(cursor: Cursor, table: sql.Identifier, sessions: list[str]) -> None:
    """Remove sessions from a table. A month with no other session is dropped, which costs nothing."""
    cursor.execute(
        sql.SQL(
            "select distinct tableoid::regclass::text from {} "
            "where session_id = any(cast(%s as uuid[])) and tableoid in (select inhrelid from pg_inherits)"
        ).format(table),
        (sessions,),
    )
    for (month,) in cursor.fetchall():
        cursor.execute(
            sql.SQL("select from {} where session_id <> all(cast(%s as uuid[])) limit 1").format(_name(month)),
            (sessions,),
        )
        if not cursor.rowcount:
            cursor.execute(sql.SQL("drop table {}").format(_name(month)))
    cursor.execute(sql.SQL("delete from {} where session_id = any(cast(%s as uuid[]))").format(table), (sessions,))


def _name(table: str) -> sql.Identifier:
    return sql.Identifier(*table.split("."))


def pin(connection: Connection, session_id: str, is_kept: bool) -> None:
    """Keep a session whatever its age, or stop keeping it.

    Raises:
        RetentionError: there is no such session.
    """
    with connection, connection.cursor() as cursor:
        try:
            if is_kept:
                cursor.execute(
                    "insert into ops.pins (session_id) select session_id from marts.dim_sessions where session_id = %s "
                    "on conflict (session_id) do update set pinned_at = pins.pinned_at",
                    (session_id,),
                )
            else:
                cursor.execute("delete from ops.pins where session_id = %s", (session_id,))
        except psycopg2.errors.InvalidTextRepresentation as error:
            raise RetentionError(f"{session_id} is no session_id.") from error
        except psycopg2.errors.UndefinedTable as error:
            raise RetentionError("Sessions are known after a build: `simrace run` first.") from error
        if not cursor.rowcount:
            raise RetentionError(f"There is no {'' if is_kept else 'pinned '}session {session_id}.")
