"""A live session that ended is a log like any other, and says what a file of the same drive says."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.conftest import Warehouse
from tests.live_frames import session_frames, write_stream

ENDED_AT = datetime(2026, 5, 1, 20, 0, tzinfo=UTC)
TOLD = {"driver": "Nell Harwood", "car": "Finch", "track": "Alder Park", "sim": "iracing"}
# What says of which file or session a row is.
OF_THE_FILE = ("session_id", "session_started_at", "layout_key", "file_rank", "line_number", "out_of_range_channels")


def columns_of(warehouse: Warehouse, mart: str) -> str:
    [(columns,)] = warehouse.query(
        "select string_agg(column_name, ', ' order by column_name) from information_schema.columns "
        f"where table_schema = 'marts' and table_name = '{mart}' and column_name <> all(array{list(OF_THE_FILE)})"
    )
    return str(columns)


def as_sent(frames: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The frames of a drive, one late and one twice."""
    return [*frames[:200], frames[201], frames[200], frames[201], *frames[202:]]


def closing_of(warehouse: Warehouse) -> str:
    """What is said while sessions are closed."""
    done = warehouse.run("simrace", "live", "--close")
    return done.stdout + done.stderr


@pytest.fixture(scope="module")
def session(warehouse: Warehouse) -> tuple[str, str]:
    """A session of a CSV at 60 Hz, and its file."""
    [(session_id, path)] = warehouse.query(
        "select cast(sessions.session_id as text), seen.file_path from marts.dim_sessions as sessions "
        "inner join marts.file_quality as files on sessions.session_id = files.session_id "
        "inner join raw.file_sightings as seen on files.file_id = seen.file_id "
        "where sessions.source_format = 'iracing_mu_csv' and sessions.sample_rate_hz = 60 order by 1 limit 1"
    )
    return str(session_id), str(path)


@pytest.fixture(scope="module")
def closed(warehouse: Warehouse, built: Warehouse, session: tuple[str, str]) -> tuple[Warehouse, str]:
    """A warehouse of the CSV and of frames of the same drive, one of them late and one twice; a session goes on."""
    other = built.other("live_closed", is_copy=True)
    other.run("simrace", "land", session[1])
    frames = session_frames(warehouse, session[0])
    write_stream(other.url, "test/over", TOLD, as_sent(frames), ENDED_AT, is_open=False)
    write_stream(other.url, "test/silent", TOLD | {"driver": "Odo Penrose"}, frames[:500], ENDED_AT)
    write_stream(other.url, "test/goes on", TOLD, frames[:500], datetime.now(UTC) + timedelta(hours=1))
    other.query(
        "insert into raw.live_frames select 'test/unknown', 1, 'live_unknown', 'evening', '{}', 'end', 1, 1, 0, 0, 1, "
        "'{\"boost\": 1}', null, now()"
    )
    said = closing_of(other)
    assert "2 sessions closed." in said
    assert "Frames that nobody knows stay in raw.live_frames, and no log is made of them: test/unknown." in said
    [(session_id,)] = other.query(
        "select cast(session_id as text) from marts.file_quality where file_name = 'evening.jsonl' "
        "and lines_read > 1000"
    )
    return other, str(session_id)


@pytest.mark.parametrize(
    ("mart", "order", "fewest"), [("fct_laps", "piece_number", 3), ("fct_telemetry_samples", "elapsed_s", 9_000)]
)
def test_a_closed_session_equals_the_file_of_the_drive(
    closed: tuple[Warehouse, str], session: tuple[str, str], mart: str, order: str, fewest: int
) -> None:
    other, live = closed
    columns = columns_of(other, mart)
    rows = [
        other.query(f"select {columns} from marts.{mart} where session_id = '{each}' order by {order}")
        for each in (live, session[0])
    ]
    assert len(rows[0]) >= fewest
    assert rows[0] == rows[1]


def test_who_drove_what_is_what_the_stream_told(closed: tuple[Warehouse, str]) -> None:
    other, live = closed
    assert other.query(
        "select driver_id, car_id, layout_id, source_format, date_trunc('minute', session_started_at) <= "
        f"timestamptz '{ENDED_AT}' from marts.dim_sessions where session_id = '{live}'"
    ) == [("iracing:name:Nell Harwood", "iracing:name:Finch", "iracing:alder park", "live_json", True)]


def test_frames_of_a_log_are_let_go_and_those_of_others_stay(closed: tuple[Warehouse, str]) -> None:
    other, _ = closed
    assert other.query("select distinct stream from raw.live_frames order by 1") == [
        ("test/goes on",),
        ("test/unknown",),
    ]
    assert "0 sessions closed." in closing_of(other)


def test_the_lines_of_the_log_are_the_frames_as_they_came(
    closed: tuple[Warehouse, str], warehouse: Warehouse, session: tuple[str, str]
) -> None:
    other, live = closed
    [(text,)] = other.query(
        "select string_agg(blocks.lines, '' order by blocks.block_number) from raw.file_blocks as blocks "
        f"inner join marts.file_quality as files using (file_id) where files.session_id = '{live}'"
    )
    told, *lines = str(text).splitlines()
    assert json.loads(told)["told"].items() >= TOLD.items()
    assert lines == [json.dumps(frame) for frame in as_sent(session_frames(warehouse, session[0]))]


def test_a_driver_who_is_forgotten_is_so_in_frames_too(closed: tuple[Warehouse, str]) -> None:
    """The log that his session became, and frames of his that are no log yet."""
    other, live = closed
    other.run("simrace", "forget", "--driver", "iracing:name:Nell Harwood", "--yes")
    assert other.query("select distinct stream from raw.live_frames") == [("test/unknown",)]
    assert other.query("select stream from raw.live_streams") == [("test/silent",)]
    assert other.query(f"select count(*) from marts.dim_sessions where session_id = '{live}'") == [(0,)]
    assert other.query(
        "select count(*) from marts.dim_sessions where driver_id = 'iracing:name:Odo Penrose' "
        "and source_format = 'live_json'"
    ) == [(1,)]
