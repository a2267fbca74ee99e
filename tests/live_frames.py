"""Live sessions in a warehouse: what the reader writes of frames, without a source that sends them."""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from datetime import datetime, timedelta
from typing import Any

import psycopg2
from psycopg2.extras import execute_values

from simrace.live.frames import Frame
from simrace.live.laps import advance
from simrace.live.values import CHANNELS
from tests.conftest import Warehouse

RATE_HZ = 60


def session_frames(warehouse: Warehouse, session_id: str) -> list[dict[str, Any]]:
    """The samples of a session as frames of `live_json`: the clock, and each channel that has a value."""
    rows = warehouse.query(
        "select jsonb_strip_nulls(to_jsonb(samples) - array['session_id', 'out_of_range_channels', "
        "'session_started_at', 'file_rank', 'line_number']) from marts.fct_telemetry_samples as samples "
        f"where session_id = '{session_id}' order by elapsed_s"
    )
    return [dict(row[0]) for row in rows]  # type: ignore[call-overload]


def let_go(warehouse: Warehouse) -> None:
    """Nobody streams any more."""
    warehouse.query("delete from raw.live_frames; delete from raw.live_streams")


def frame_of(values: Mapping[str, Any], offset: int, arrived_at: float) -> Frame:
    """A frame of `live_json` as the reader has it."""
    channels = {name: float(values[name]) for name in CHANNELS if values.get(name) is not None}
    return Frame(float(values["elapsed_s"]), offset, arrived_at, channels, text=json.dumps(values))


def write_stream(
    url: str,
    stream: str,
    told: Mapping[str, Any],
    frames: Sequence[Mapping[str, Any]],
    ended_at: datetime,
    *,
    session_mark: str = "evening",
    is_open: bool = True,
    batch: int = RATE_HZ // 2,
) -> None:
    """Write a session of a stream, of which the last frame came at a time, in batches of half a second.

    Args:
        url: Of the database.
        stream: Its name.
        told: What it tells of the session.
        frames: As JSON has them, in the order they came.
        ended_at: When the last came.
        session_mark: Of the session.
        is_open: Whether it goes on.
        batch: Frames in a batch.
    """
    state: dict[str, Any] = {}
    rows = []
    batches = list(_batches(frames, batch))
    for number, part in enumerate(batches, 1):
        at = ended_at - timedelta(seconds=(len(batches) - number) * batch / RATE_HZ)
        state = advance(state, [frame_of(values, place, at.timestamp()) for place, values in enumerate(part)])
        clocks = [float(values["elapsed_s"]) for values in part]
        mark = "open" if is_open or number < len(batches) else "end"
        text = "\n".join(json.dumps(values) for values in part)
        rows.append(
            (stream, number, "live_json", session_mark, json.dumps(told), mark, min(clocks), max(clocks),
             (number - 1) * batch, (number - 1) * batch + len(part) - 1, len(part), text, at)
        )  # fmt: skip
    with closing(psycopg2.connect(url)) as connection, connection, connection.cursor() as cursor:
        execute_values(
            cursor,
            "insert into raw.live_frames (stream, batch_number, source_format, session_mark, told, mark, first_clock, "
            "last_clock, first_offset, last_offset, frame_count, frames, received_at) values %s",
            rows,
        )
        cursor.execute(
            "insert into raw.live_streams (stream, source, source_format, session_mark, told, is_open, batch_number, "
            "last_clock, last_received_at, state, reading) "
            "values (%s, 'test', 'live_json', %s, %s, %s, %s, %s, %s, %s, '{}')",
            (stream, session_mark, json.dumps(told), is_open, len(batches), rows[-1][7], ended_at, json.dumps(state)),
        )


def _batches(frames: Sequence[Mapping[str, Any]], size: int) -> Iterator[Sequence[Mapping[str, Any]]]:
    for place in range(0, len(frames), size):
        yield frames[place : place + size]
