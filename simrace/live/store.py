"""Frames, positions and states in the database, a micro-batch in one transaction."""

import logging
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import psycopg2
from psycopg2.extensions import connection as Connection  # noqa: N812 - psycopg2 writes its classes small
from psycopg2.extensions import cursor as Cursor  # noqa: N812
from psycopg2.extras import Json, execute_values

from ingestion.errors import ReadableError
from ingestion.raw_tables import make_own_tables
from simrace.database.connection import ConnectionParameters
from simrace.live import laps
from simrace.live.closing import EndedSession
from simrace.live.streams import END, Stream
from simrace.logs import log_event

QUARANTINE_KEPT = 1_000  # of each source and reason
HEAD_BYTES = 65_536
FAILED = "failed"

_FRAMES = """
insert into raw.live_frames (
    stream, batch_number, source_format, session_mark, told, mark, first_clock, last_clock, first_offset, last_offset,
    frame_count, frames, packets, received_at
) values %s
"""
_STREAMS = """
insert into raw.live_streams (
    stream, source, source_format, session_mark, told, is_open, batch_number, last_clock, last_received_at, state,
    reading
) values %s
on conflict (stream) do update set
    source_format = excluded.source_format, session_mark = excluded.session_mark, told = excluded.told,
    is_open = excluded.is_open, batch_number = excluded.batch_number, last_clock = excluded.last_clock,
    last_received_at = excluded.last_received_at, state = excluded.state, reading = excluded.reading
"""
_SOURCES = """
insert into raw.live_sources (
    source, next_offset, commit_number, counts, lag_s, lag_frames, commit_s, committed_at
) values %s
on conflict (source) do update set
    next_offset = excluded.next_offset, commit_number = excluded.commit_number, counts = excluded.counts,
    lag_s = excluded.lag_s, lag_frames = excluded.lag_frames, commit_s = excluded.commit_s,
    committed_at = excluded.committed_at
"""
_QUARANTINE = """
insert into raw.live_quarantine (
    source, reason, slot, stream, source_offset, detail, frame_bytes, head, quarantined_at
) values %s
on conflict (source, reason, slot) do update set
    stream = excluded.stream, source_offset = excluded.source_offset, detail = excluded.detail,
    frame_bytes = excluded.frame_bytes, head = excluded.head, quarantined_at = excluded.quarantined_at
"""


class TakenError(ReadableError):
    """Another process reads this source."""


@dataclass
class Refused:
    """A frame that could not be read."""

    reason: str
    stream: str
    offset: int
    detail: str
    payload: bytes
    size: int


@dataclass
class Source:
    """A source while it is read: its position and what became of its frames."""

    name: str
    next_offset: int = 0
    commit_number: int = 0
    counts: dict[str, Any] = field(default_factory=dict)
    lag_frames: int | None = None
    oldest_at: float | None = None  # arrival of the oldest frame that is not committed
    refused: dict[tuple[str, int], Refused] = field(default_factory=dict)
    is_changed: bool = False

    def count(self, what: str, number: int = 1) -> None:
        """Count frames of which something became."""
        self.counts[what] = self.counts.get(what, 0) + number
        self.is_changed = True

    def refuse(self, refused: Refused) -> None:
        """Count a frame that could not be read and keep it, the newest of each reason."""
        counts = self.counts.setdefault("quarantined", {})
        slot = counts.get(refused.reason, 0) % QUARANTINE_KEPT
        counts[refused.reason] = counts.get(refused.reason, 0) + 1
        self.refused[refused.reason, slot] = refused
        self.is_changed = True


class Store:
    """The database of one reader. A connection that is lost is made anew; nothing is written twice by that."""

    def __init__(self, parameters: ConnectionParameters) -> None:
        self._parameters = parameters
        self._connection: Connection | None = None
        self._held: set[str] = set()
        self._last_commit_s = 0.0

    def open(self) -> None:
        """Make the tables that are missing."""
        with closing(self._parameters.connect()) as connection:
            make_own_tables(connection)

    def close(self) -> None:
        """Give up the connection, and with it the sources."""
        if self._connection:
            with suppress(psycopg2.Error):
                self._connection.close()
        self._connection = None

    def hold(self, source: str) -> None:
        """Keep other readers from a source, as long as the connection lasts.

        Raises:
            TakenError: another reads it.
        """
        self._lock(self._connected(), source)
        self._held.add(source)

    def read_source(self, name: str) -> Source | None:
        """What is known of a source."""
        with self._connected() as connection, connection.cursor() as cursor:
            cursor.execute("select next_offset, commit_number, counts from raw.live_sources where source = %s", (name,))
            row = cursor.fetchone()
        return Source(name, *row) if row else None

    def read_stream(self, name: str) -> dict[str, Any] | None:
        """What is known of a stream."""
        with self._connected() as connection, connection.cursor() as cursor:
            cursor.execute(
                "select source_format, session_mark, told, is_open, batch_number, last_clock, last_received_at, state, "
                "reading from raw.live_streams where stream = %s",
                (name,),
            )
            row = cursor.fetchone()
            names = [column.name for column in cursor.description or ()]
        if row is None:
            return None
        found = dict(zip(names, row, strict=True))
        return {**found, "last_received_at": found["last_received_at"].timestamp()}

    def read_open_streams(self, source: str) -> list[str]:
        """Streams of a source whose session has not ended."""
        with self._connected() as connection, connection.cursor() as cursor:
            cursor.execute("select stream from raw.live_streams where source = %s and is_open", (source,))
            return [row[0] for row in cursor]

    def write(self, sources: Sequence[Source], streams: Sequence[Stream]) -> list[EndedSession]:
        """Write what is new of sources and streams, and where to go on, in one transaction.

        After an error it can be called again with the same: whether the transaction was committed all the same, the
        number of the commit tells.

        Returns:
            Sessions that ended.

        Raises:
            psycopg2.Error: it could not be written.
            DatabaseError: the database cannot be reached.
            TakenError: another reader took a source over.
        """
        began = time.monotonic()
        states = {stream.name: _advance(stream) for stream in streams}
        connection = self._connected()
        try:
            if not self._is_written(connection, sources):
                with connection, connection.cursor() as cursor:
                    cursor.execute("set local default_toast_compression = 'lz4'") if self._has_lz4(cursor) else None
                    self._insert(cursor, sources, streams, states)
        except psycopg2.Error:
            self.close()
            raise
        self._last_commit_s = time.monotonic() - began
        ended = []
        for stream in streams:
            ended += [EndedSession(stream.name, each.session_mark) for each in stream.batches if each.mark == END]
            stream.state = states[stream.name]
            stream.batch_number += len(stream.batches)
            stream.batches.clear()
        for source in sources:
            source.commit_number += 1
            source.refused.clear()
            source.oldest_at, source.is_changed = None, False
        return list(dict.fromkeys(ended))

    def _insert(
        self, cursor: Cursor, sources: Sequence[Source], streams: Sequence[Stream], states: dict[str, dict[str, Any]]
    ) -> None:
        rows = [row for stream in streams for row in _frame_rows(stream)]
        if rows:
            execute_values(cursor, _FRAMES, rows)
        if streams:
            execute_values(cursor, _STREAMS, [_stream_row(stream, states[stream.name]) for stream in streams])
        now = time.time()
        moment = datetime.fromtimestamp(now, UTC)
        quarantine = [
            (
                source.name,
                reason,
                slot,
                each.stream,
                each.offset,
                each.detail,
                each.size,
                each.payload[:HEAD_BYTES],
                moment,
            )
            for source in sources
            for (reason, slot), each in source.refused.items()
        ]
        if quarantine:
            execute_values(cursor, _QUARANTINE, quarantine)
        execute_values(
            cursor,
            _SOURCES,
            [
                (
                    source.name, source.next_offset, source.commit_number + 1, Json(source.counts),
                    max(0.0, now - source.oldest_at) if source.oldest_at else None, source.lag_frames,
                    self._last_commit_s, moment,
                )
                for source in sources
            ],
        )  # fmt: skip

    def _is_written(self, connection: Connection, sources: Sequence[Source]) -> bool:
        """Whether a commit that seemed to fail was one. The row lock keeps a second reader out until the commit."""
        first = sources[0]
        with connection.cursor() as cursor:
            cursor.execute("select commit_number from raw.live_sources where source = %s for update", (first.name,))
            row = cursor.fetchone()
        number = row[0] if row else 0
        if number == first.commit_number:
            return False
        connection.rollback()
        if number == first.commit_number + 1:
            return True
        raise TakenError(f"Another reader wrote to {first.name} meanwhile; this one ends.")

    def _connected(self) -> Connection:
        if self._connection is None or self._connection.closed:
            connection = self._parameters.connect(application_name="simrace live")
            try:
                with connection, connection.cursor() as cursor:
                    cursor.execute("set statement_timeout = '60s'; set idle_session_timeout = 0; set timezone = 'UTC'")
                for source in self._held:
                    self._lock(connection, source)
            except BaseException:
                connection.close()
                raise
            self._connection = connection
        return self._connection

    @staticmethod
    def _lock(connection: Connection, source: str) -> None:
        with connection, connection.cursor() as cursor:
            cursor.execute("select pg_try_advisory_lock(hashtextextended(%s, 7467263))", (f"simrace live {source}",))
            if cursor.fetchone() != (True,):
                raise TakenError(f"Another `simrace live` or `simrace serve` reads {source}.")

    @staticmethod
    def _has_lz4(cursor: Cursor) -> bool:
        cursor.execute("select from pg_settings where name = 'default_toast_compression' and 'lz4' = any(enumvals)")
        return bool(cursor.rowcount)


def _advance(stream: Stream) -> dict[str, Any]:
    """The state of the current session after the batches. A fault of it keeps no frame from being written.

    A state that failed says so until the next session starts, instead of going on from what is not so.
    """
    state = stream.state
    for batch in stream.batches:
        if not batch.is_current:
            continue
        if batch.starts:
            state = {}
        if batch.frames and FAILED not in state:
            try:
                state = laps.advance(state, batch.frames)
            except Exception as error:
                log_event("live_state_failed", logging.ERROR, stream=stream.name, error=type(error).__name__)
                state = {FAILED: type(error).__name__}
    return state


def _frame_rows(stream: Stream) -> Iterator[tuple[Any, ...]]:
    for number, batch in enumerate(stream.batches, start=stream.batch_number + 1):
        frames = batch.frames
        offsets = [frame.offset for frame in frames]
        packets = b"".join(frame.packets for frame in frames)
        yield (
            stream.name, number, batch.source_format, batch.session_mark, Json(batch.told), batch.mark, *batch.clocks(),
            min(offsets, default=None), max(offsets, default=None), len(frames),
            "\n".join(frame.text for frame in frames), psycopg2.Binary(packets) if packets else None,
            datetime.fromtimestamp(batch.received_at, UTC),
        )  # fmt: skip


def _stream_row(stream: Stream, state: dict[str, Any]) -> tuple[Any, ...]:
    received_at = datetime.fromtimestamp(stream.last_received_at, UTC)
    # views unpack the whole state of each car each time they look, so it has nothing that they do not show
    shown = {name: part for name, part in state.items() if name != laps.MACHINE}
    reading = {**stream.reading(), laps.MACHINE: state.get(laps.MACHINE, {})}
    return (
        stream.name, stream.source, stream.source_format, stream.session_mark, Json(stream.told), stream.is_open,
        stream.batch_number + len(stream.batches), stream.last_clock, received_at, Json(shown), Json(reading),
    )  # fmt: skip
