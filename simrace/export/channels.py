"""Channels of a session, one row a channel and sample: of its binary logs as they have them, and math channels."""

import difflib
from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path

from psycopg2 import sql
from psycopg2.extensions import connection as Connection  # noqa: N812 - psycopg2 writes its classes small
from psycopg2.extensions import cursor as Cursor  # noqa: N812

from simrace.export.tables import (
    SCHEMA,
    Exported,
    ExportError,
    Format,
    appending,
    column_types,
    columns_as,
    describe,
    replacing,
    session_key,
)

VALUES, CHANNELS = "channel_values", "log_channels"
MATH_VALUES, MATH_CHANNELS = "math_channel_values", "dim_math_channels"
_OF_THE_LOG = ("session_id", "file_id")  # the same in every row, and longer than the rest of it


@dataclass(frozen=True)
class Step:
    """A channel that is written next.

    Attributes:
        channel: Its name.
        done: Samples in the channels before it.
        total: Samples in all channels that are asked for.
    """

    channel: str
    done: int
    total: int


@dataclass(frozen=True)
class _Channel:
    file_id: str | None  # None for a math channel
    number: int | None
    name: str
    canonical: str | None
    samples: int


def export_channels(
    connection: Connection,
    session_id: str,
    names: Collection[str],
    path: Path,
    file_format: Format,
    on_step: Callable[[Step], object] = lambda _: None,
) -> Exported:
    """Write the values of channels, in the order of the log; the columns are the last of marts.channel_values.

    Args:
        connection: Database that holds the marts.
        session_id: Of marts.log_channels.
        names: Channels as marts.log_channels or marts.dim_math_channels names them; where a log has a name twice,
            both. Empty for all.
        path: File to replace, once all of it is written.
        file_format: Kind of file.
        on_step: Told before each channel is written.

    Raises:
        ExportError: there is no such session or channel, its values are kept no longer, or the file cannot be written.
    """
    key = session_key(session_id, CHANNELS)
    with connection, connection.cursor() as cursor, replacing(path) as unfinished:
        cursor.execute("set transaction read only")
        types = {name: kind for name, kind in column_types(cursor, VALUES).items() if name not in _OF_THE_LOG}
        math = _read_math_channels(cursor, key)
        is_math_alone = bool(names) and {*names} <= {channel.name for channel in math}
        logged = [] if is_math_alone else _read_channels(cursor, key)
        channels = _wanted([*logged, *math], key, names)
        rows, done, total = 0, 0, sum(channel.samples for channel in channels)
        with appending(cursor, types, file_format, unfinished) as append:
            for channel in channels:
                on_step(Step(channel.name, done, total))
                rows += append(_query(key, channel, types, file_format))
                done += channel.samples
    return describe(path, rows)


def _read_channels(cursor: Cursor, session_id: str) -> list[_Channel]:
    cursor.execute(
        f"select file_id, channel_number, channel, canonical_channel, sample_count, is_retired "
        f"from {SCHEMA}.{CHANNELS} where session_id = %s order by file_id, channel_number",
        (session_id,),
    )
    rows = cursor.fetchall()
    if not rows:
        raise ExportError(
            f"Session {session_id} has no binary log in {SCHEMA}.{CHANNELS}. What text logs hold is in "
            f"{SCHEMA}.fct_telemetry_samples."
        )
    if any(is_retired for *_, is_retired in rows):
        raise ExportError(f"The values of session {session_id} are kept no longer (var retention).")
    return [_Channel(*row) for *row, _ in rows]


def _read_math_channels(cursor: Cursor, session_id: str) -> list[_Channel]:
    """The math channels, if the session has samples to work them out from."""
    cursor.execute(
        f"select channel, (select count(*) from {SCHEMA}.fct_telemetry_samples where session_id = %s) "
        f"from {SCHEMA}.{MATH_CHANNELS} order by channel",
        (session_id,),
    )
    return [_Channel(None, None, name, None, samples) for name, samples in cursor if samples]


def _wanted(channels: list[_Channel], session_id: str, names: Collection[str]) -> list[_Channel]:
    known = {channel.name for channel in channels}
    for name in names:
        if name not in known:
            raise ExportError(
                f"Session {session_id} has no channel {name}.{_meant(channels, name)} `select channel from "
                f"{SCHEMA}.{CHANNELS} where session_id = '{session_id}'` names those of its logs, and "
                f"{SCHEMA}.{MATH_CHANNELS} has the math channels."
            )
    return [channel for channel in channels if not names or channel.name in names]


def _meant(channels: list[_Channel], name: str) -> str:
    """The names that are close to one, whatever their case, or that the samples have under it."""
    like = [channel.name for channel in channels if channel.canonical == name]
    by_lower = {channel.name.lower(): channel.name for channel in channels}
    like += [by_lower[each] for each in difflib.get_close_matches(name.lower(), by_lower)]
    return f" Is it one of these: {', '.join(dict.fromkeys(like))}?" if like else ""


def _query(session_id: str, channel: _Channel, types: dict[str, str], file_format: Format) -> sql.Composable:
    if channel.file_id is None:
        return sql.SQL(
            "select {} from (select cast(null as integer) as channel_number, told.channel, math.unit, "
            "row_number() over (order by told.elapsed_s) - 1 as sample_number, told.elapsed_s, told.value "
            "from {} as told inner join {} as math on told.channel = math.channel "
            "where told.session_id = {} and told.channel = {}) as told order by sample_number"
        ).format(
            columns_as(types, file_format),
            sql.Identifier(SCHEMA, MATH_VALUES),
            sql.Identifier(SCHEMA, MATH_CHANNELS),
            *map(sql.Literal, (session_id, channel.name)),
        )
    return sql.SQL(
        "select {} from {} where session_id = {} and file_id = {} and channel = {} and channel_number = {} "
        "order by sample_number"
    ).format(
        columns_as(types, file_format),
        sql.Identifier(SCHEMA, VALUES),
        *map(sql.Literal, (session_id, channel.file_id, channel.name, channel.number)),
    )
