"""Let go of what is old: first the lines of a telemetry session, then its traces, at last the session.

How long each is kept is the var `retention` in dbt_project.yml. What was made from lines and traces stays, and no build
touches it any more (macros/incremental/built.sql). Race results are small, and form and ratings need all of them: they
stay.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from itertools import groupby
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg2
import yaml
from psycopg2 import sql
from psycopg2.extensions import connection as Connection  # noqa: N812 - psycopg2 writes its classes small
from psycopg2.extensions import cursor as Cursor  # noqa: N812

MAX_SHOWN = 20


class RetentionError(RuntimeError):
    """Nothing was let go; the text says why, and the way out."""


class Tier(StrEnum):
    """What goes, in the order in which it goes."""

    RAW = "raw"
    TRACES = "traces"
    SESSION = "session"


@dataclass(frozen=True)
class Limits:
    """How long a session is kept.

    Attributes:
        is_enabled: Whether every `simrace run` lets go of what is older.
        months: Months after the start of the session, by tier.
    """

    is_enabled: bool
    months: dict[Tier, int]


@dataclass(frozen=True)
class Expired:
    """One session and what of it is older than its limit.

    Attributes:
        tier: What would go.
        session_id: Of marts.dim_sessions.
        started_at: Start of the session.
        file_ids: Files that the session was read from.
        file_bytes: Size of these files in bytes.
    """

    tier: Tier
    session_id: UUID
    started_at: datetime
    file_ids: tuple[str, ...]
    file_bytes: int


# Corners of a layout that is not frozen are found on the trace of a session: that one keeps all it has.
_EXPIRED = """
    with sessions as (
        select
            sessions.session_id,
            sessions.session_started_at,
            age(now(), sessions.session_started_at) as age,
            array_agg(files.file_id order by files.file_id) as file_ids,
            sum(landed.file_bytes) as file_bytes,
            bool_or(retired.session_id is not null) as has_no_raw,
            bool_or(retired.traces_retired_at is not null) as has_no_traces
        from marts.dim_sessions as sessions
        inner join intermediate.int_telemetry_session_files as files on sessions.session_id = files.session_id
        inner join staging.stg_files__files as landed on files.file_id = landed.file_id
        left join ops.retired as retired
            on files.session_id = retired.session_id and files.file_id = retired.file_id
        where
            not exists (select from ops.pins where pins.session_id = sessions.session_id)
            and not exists (
                select from marts.dim_track_corners as corners
                where corners.reference_session_id = sessions.session_id
            )
        group by sessions.session_id, sessions.session_started_at
    ),

    judged as (
        select
            *,
            case
                when age > make_interval(months => %(session)s) then 'session'
                when age > make_interval(months => %(traces)s) and not has_no_traces then 'traces'
                when age > make_interval(months => %(raw)s) and not has_no_raw then 'raw'
            end as tier
        from sessions
    )

    select tier, session_id, session_started_at, file_ids, file_bytes from judged
    where tier is not null
    order by tier, session_started_at, session_id
"""


def read_limits(project: Path) -> Limits:
    """How long things are kept, from the var `retention`.

    Args:
        project: Folder with dbt_project.yml.

    Raises:
        RetentionError: the var cannot be understood.
    """
    project_file = project / "dbt_project.yml"
    settings: Any = yaml.safe_load(project_file.read_text(encoding="utf-8")).get("vars", {}).get("retention", {})
    try:
        months = {tier: int(settings[f"{tier}_months"]) for tier in Tier}
    except (KeyError, TypeError, ValueError) as error:
        raise RetentionError(f"The var retention in {project_file} needs {error}, a number of months.") from error
    if not 0 < months[Tier.RAW] <= months[Tier.TRACES] <= months[Tier.SESSION]:
        raise RetentionError(f"In the var retention of {project_file}, raw goes first, then traces, then the session.")
    return Limits(settings.get("enabled") is True, months)


def find_expired(connection: Connection, limits: Limits) -> list[Expired]:
    """Sessions of which something is older than its limit; pinned ones never are, and before a build there are none."""
    with connection, connection.cursor() as cursor:
        cursor.execute("select to_regclass('ops.retired') is null or to_regclass('marts.dim_track_corners') is null")
        if (cursor.fetchone() or (True,))[0]:
            return []
        cursor.execute(_EXPIRED, {str(tier): months for tier, months in limits.months.items()})
        return [
            Expired(Tier(tier), UUID(str(session_id)), started_at, tuple(file_ids), int(file_bytes))
            for tier, session_id, started_at, file_ids, file_bytes in cursor
        ]


def retire(connection: Connection, expired: Iterable[Expired]) -> None:
    """Let go of lines and traces, each month in one transaction. Whole sessions are forgotten by `ingestion.forget`.

    The first block of a file, its head, stays: it says what the file was.
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
            _remove(cursor, "marts.fct_telemetry_samples", [str(each.session_id) for each in month])
            if traced := [str(each.session_id) for each in month if each.tier is Tier.TRACES]:
                _remove(cursor, "marts.fct_lap_traces", traced)
                cursor.execute(
                    "update ops.retired set traces_retired_at = now() where session_id = any(cast(%s as uuid[]))",
                    (traced,),
                )


def _remove(cursor: Cursor, table: str, sessions: list[str]) -> None:
    """Remove sessions from a table; a month in which there is nothing else is dropped, which costs nothing."""
    cursor.execute(
        sql.SQL(
            "select distinct tableoid::regclass::text from {} "
            "where session_id = any(cast(%s as uuid[])) and tableoid in (select inhrelid from pg_inherits)"
        ).format(_name(table)),
        (sessions,),
    )
    for (month,) in cursor.fetchall():
        cursor.execute(
            sql.SQL("select from {} where session_id <> all(cast(%s as uuid[])) limit 1").format(_name(month)),
            (sessions,),
        )
        if not cursor.rowcount:
            cursor.execute(sql.SQL("drop table {}").format(_name(month)))
    cursor.execute(
        sql.SQL("delete from {} where session_id = any(cast(%s as uuid[]))").format(_name(table)), (sessions,)
    )


def _name(table: str) -> sql.Identifier:
    return sql.Identifier(*table.split("."))


def pin(connection: Connection, session_id: str, is_kept: bool) -> None:
    """Keep a session whatever its age, or no longer.

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
