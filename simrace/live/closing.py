"""What happens when a session of a stream ends: its frames become a log like any other.

They are written to a file as they came, a line each, below a line of what was told beside them, and that file is landed
and built as any other. Then they are let go: the lines of the log hold them.
"""

import json
import re
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from psycopg2.extensions import connection as Connection  # noqa: N812 - psycopg2 writes its classes small

from ingestion.formats.text_log.json_lines import first_line
from ingestion.outcomes import Outcome, State
from ingestion.sources import Recall, Source, open_as
from ingestion.warehouse import read_landed
from simrace.build.dbt import ParsedProject
from simrace.database.connection import ConnectionParameters
from simrace.database.server_system import Notify
from simrace.live.formats import UNKNOWN
from simrace.logs import log_event
from simrace.operations import commands

COMMAND = "live close"
ROWS_AT_ONCE = 200
LONGEST_S = 1e9  # no session is silent for so long
_UNSAFE = re.compile(r"[^A-Za-z0-9._-]+")
# The newest batch says whether a session goes on.
_ENDED = """
select stream, session_mark
from (
    select distinct on (stream, session_mark) stream, session_mark, mark, received_at
    from raw.live_frames
    order by stream, session_mark, batch_number desc
) as newest
where
    (mark = 'end' or received_at < now() - make_interval(secs => %s))
    and exists (
        select 1 from raw.live_frames as frames
        where
            frames.stream = newest.stream
            and frames.session_mark = newest.session_mark
            and frames.source_format <> %s
    ) = %s
order by received_at, stream
"""


@dataclass(frozen=True)
class EndedSession:
    """A session of a stream whose end is in `raw.live_frames`."""

    stream: str
    session_mark: str


@dataclass(frozen=True)
class _Log:
    """A session as a file.

    Attributes:
        session: Which.
        local: The file.
        last_batch: Number of its newest batch.
        ended_at: When its newest frame came.
    """

    session: EndedSession
    local: Path
    last_batch: int
    ended_at: datetime

    @property
    def path(self) -> str:
        """Its path in raw: no such file stays anywhere."""
        names = (_UNSAFE.sub("_", name).strip("._") or "_" for name in (self.session.stream, self.session.session_mark))
        return f"live/{'/'.join(names)}.jsonl"


def close(parameters: ConnectionParameters, ended: Sequence[EndedSession], parsed: ParsedProject) -> None:
    """Take ended sessions on. It is called after their commit, one call at a time.

    Args:
        parameters: The database.
        ended: In the order they ended. A session may end again after it went on.
        parsed: The project that builds use.
    """
    with closing(parameters.connect()) as connection:
        still = set(find_ended(connection, LONGEST_S))
    close_sessions(parameters, [session for session in ended if session in still], commands.say_in_log, parsed)


def find_ended(connection: Connection, silence_s: float, are_known: bool = True) -> list[EndedSession]:
    """Sessions that ended and are no log yet: those with frames of a format, or those with none that anybody knows.

    Args:
        connection: To the warehouse.
        silence_s: Seconds without a frame that end a session whose reader is gone.
        are_known: Which of both.
    """
    with connection, connection.cursor() as cursor:
        cursor.execute("select to_regclass('raw.live_frames') is not null")
        if cursor.fetchone() != (True,):
            return []
        cursor.execute(_ENDED, (silence_s, UNKNOWN, are_known))
        return [EndedSession(*row) for row in cursor]


def close_sessions(
    parameters: ConnectionParameters, ended: Sequence[EndedSession], say: Notify, parsed: ParsedProject | None = None
) -> list[Outcome]:
    """Land sessions as logs, build, and let their frames go. It waits for a build that runs.

    Args:
        parameters: The database.
        ended: Which.
        say: Called with each message to people.
        parsed: The project, in a process that keeps it.

    Returns:
        An outcome for each session that has frames and does not go on.
    """
    with tempfile.TemporaryDirectory(prefix="simrace-live-") as folder:
        with closing(parameters.connect()) as connection:
            logs = [
                log
                for place, session in enumerate(dict.fromkeys(ended))
                if (log := _write(connection, session, Path(folder) / str(place)))
            ]
        if not logs:
            return []
        with commands.begin(COMMAND, say) as work:
            outcomes = commands.land(work, lambda recall: _sources(logs, recall))
            with closing(work.parameters.connect()) as connection:
                for log, outcome in zip(logs, outcomes, strict=True):
                    _let_go(connection, log, outcome)
            if not (due := commands.due(work)).is_current:
                commands.build_marts(work, selector=due.selector, parsed=parsed)
    return outcomes


def _write(connection: Connection, session: EndedSession, local: Path) -> _Log | None:
    """Write the frames of a session to a file; None where there are none, or it went on."""
    with connection, connection.cursor() as cursor:
        cursor.execute(
            "select told, source_format, received_at, mark, batch_number from raw.live_frames "
            "where stream = %s and session_mark = %s order by batch_number desc limit 1",
            (session.stream, session.session_mark),
        )
        if (newest := cursor.fetchone()) is None:
            return None
        cursor.execute(
            "select count(*) filter (where frame_count > 0), min(source_format) filter (where frame_count > 0), "
            "max(received_at) filter (where frame_count > 0), "
            "min(received_at - make_interval(secs => last_clock)) "
            "from raw.live_frames where stream = %s and session_mark = %s",
            (session.stream, session.session_mark),
        )
        filled, source_format, ended_at, began_at = cursor.fetchone() or (0, None, None, None)
    if not filled:
        _delete(connection, session, newest[4])
        return None
    told = {
        **newest[0],
        **({} if began_at is None else {"moment": f"{began_at + timedelta(milliseconds=500):%Y-%m-%dT%H:%M:%S%z}"}),
    }
    with connection, connection.cursor("frames") as cursor, local.open("w", encoding="utf-8", newline="\n") as file:
        file.write(first_line(source_format, told) + "\n")
        cursor.itersize = ROWS_AT_ONCE
        cursor.execute(
            "select frames from raw.live_frames where stream = %s and session_mark = %s and frame_count > 0 "
            "and batch_number <= %s order by batch_number",
            (session.stream, session.session_mark, newest[4]),
        )
        for (frames,) in cursor:
            file.write(frames.rstrip("\n") + "\n")
    return _Log(session, local, newest[4], ended_at)


def _sources(logs: Sequence[_Log], _recall: Recall) -> Iterator[Source]:
    for log in logs:
        for source in open_as(log.local, log.path, Path(log.path).name):
            yield replace(source, modified_at=log.ended_at)


def _let_go(connection: Connection, log: _Log, outcome: Outcome) -> None:
    """Delete the frames of a session whose log is in the warehouse; of one that was refused they stay."""
    said: dict[str, Any] = {"stream": log.session.stream, "state": str(outcome.state)}
    if outcome.state is State.REFUSED or outcome.file_id not in read_landed(connection).file_ids:
        reason = outcome.refusal.detail if outcome.refusal else ""
        log_event("live_session_refused", **said, reason=json.dumps(reason))
        return
    _delete(connection, log.session, log.last_batch)
    log_event("live_session_closed", **said, file_id=outcome.file_id)


def _delete(connection: Connection, session: EndedSession, last_batch: int) -> None:
    with connection, connection.cursor() as cursor:
        cursor.execute(
            "delete from raw.live_frames where stream = %s and session_mark = %s and batch_number <= %s",
            (session.stream, session.session_mark, last_batch),
        )
