"""Marts of sessions that are driven now: what a stream says is what its log will say."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from tests.conftest import LIVE, Warehouse
from tests.live_frames import let_go, session_frames, write_stream

TOLD = {"driver": "Nell Harwood", "car": "Finch", "track": "Alder Park", "sim": "iracing"}
SHARED_COLUMNS = """
    select string_agg(quote_ident(column_name), ', ' order by column_name)
    from information_schema.columns
    where table_schema = 'marts' and table_name = '{}' and column_name in (
        select column_name from information_schema.columns where table_schema = 'marts' and table_name = '{}'
    ) and column_name not in ('driver_id', 'car_id', 'layout_id', 'layout_key')
"""


@pytest.fixture(scope="module")
def session(warehouse: Warehouse) -> str:
    """A session at 60 Hz with numbers of laps, places, fuel and pit road."""
    [(session_id,)] = warehouse.query(
        "select cast(min(session_id::text) as text) from marts.dim_sessions "
        "where source_format = 'iracing_mu_csv' and sample_rate_hz = 60"
    )
    return str(session_id)


@pytest.fixture(scope="module")
def streaming(warehouse: Warehouse, session: str) -> Iterator[Warehouse]:
    """Two cars on a track: the second is laps behind. A third has left, and a fourth has sent nothing yet."""
    frames = session_frames(warehouse, session)
    now = datetime.now(UTC)
    write_stream(warehouse.url, "test/first", TOLD, frames, now)
    write_stream(warehouse.url, "test/second", TOLD | {"driver": "Odo Penrose"}, frames[:9_300], now)
    write_stream(warehouse.url, "test/third", TOLD, frames[:1_000], now, is_open=False)
    warehouse.query(
        "insert into raw.live_streams "
        "select 'test/fourth', 'test', 'live_unknown', '1', '{}', true, 0, null, now(), '{}', '{}'"
    )
    yield warehouse
    let_go(warehouse)


def test_nobody_streams(warehouse: Warehouse) -> None:
    assert [warehouse.query(f"select count(*) from marts.{mart}") for mart in LIVE] == [[(0,)]] * len(LIVE)


def test_closed_laps_equal_those_of_the_log(streaming: Warehouse, session: str) -> None:
    [(columns,)] = streaming.query(SHARED_COLUMNS.format("live_laps", "fct_laps"))
    assert str(columns).count(",") >= 19
    live = streaming.query(f"select {columns} from marts.live_laps where stream = 'test/first' order by piece_number")
    batch = streaming.query(
        f"select {columns} from marts.fct_laps where session_id = '{session}' order by piece_number"
    )
    assert live == batch[:-1], "the last lap ends with the log"
    assert len(live) >= 2


def test_samples_equal_those_of_the_log(streaming: Warehouse, session: str) -> None:
    [(columns,)] = streaming.query(SHARED_COLUMNS.format("live_samples", "fct_telemetry_samples"))
    live = streaming.query(
        f"select {columns} from marts.live_samples where stream = 'test/first' "
        "and received_at > (select max(received_at) from raw.live_frames) - interval '20 s' order by elapsed_s"
    )
    batch = streaming.query(
        f"select {columns} from marts.fct_telemetry_samples where session_id = '{session}' order by elapsed_s"
    )
    assert len(live) > 1_000
    place = str(columns).split(", ").index("out_of_range_channels")
    # what was out of range in the file is no value in the frames made of its samples
    assert live == [(*row[:place], None, *row[place + 1 :]) for row in batch[-len(live) :]]


def test_the_standing_is_that_of_the_newest_frames(streaming: Warehouse, session: str) -> None:
    rows = streaming.query(
        "select stream, driver_name, place, gap_to_ahead_s, lap_number, elapsed_s, lap_elapsed_s, fuel_l, "
        "fuel_left_laps, session_best_lap_time_s, on_pit_road from marts.live_standing order by place nulls last"
    )
    assert [row[:3] for row in rows] == [
        ("test/first", "Nell Harwood", 1),
        ("test/second", "Odo Penrose", 2),
        ("test/fourth", None, None),
    ]
    [(last_s, fuel, started_s)] = streaming.query(
        "select samples.elapsed_s, round(cast(samples.fuel_l as numeric), 3), laps.started_elapsed_s "
        "from marts.fct_telemetry_samples as samples inner join marts.fct_laps as laps using (session_id) "
        f"where session_id = '{session}' order by samples.elapsed_s desc, laps.piece_number desc limit 1"
    )
    first, second = rows[0], rows[1]
    assert (first[10], second[10]) == (True, False), "the log ends in the pits"
    assert (first[5], first[7]) == (last_s, fuel)
    assert float(str(first[6])) == pytest.approx(float(str(last_s)) - float(str(started_s)), abs=0.001)
    [(best,)] = streaming.query(
        f"select min(lap_time_s) from marts.fct_laps where session_id = '{session}' and lap_class = 'pace'"
    )
    assert first[9] == best
    assert float(str(second[3])) > 0
    assert float(str(first[8])) > 1


def test_the_delta_is_what_the_trace_of_the_best_lap_says(streaming: Warehouse, session: str) -> None:
    """The clock at the same place in the best lap, read from the samples of that lap."""
    [(ratio, lap_s, delta_s, best_s)] = streaming.query(
        "select lap_distance_ratio, lap_elapsed_s, delta_to_best_s, session_best_lap_time_s from marts.live_standing "
        "where stream = 'test/second'"
    )
    [(there_s,)] = streaming.query(
        "select samples.elapsed_s - laps.started_elapsed_s from marts.fct_telemetry_samples as samples "
        "inner join marts.fct_laps as laps on samples.session_id = laps.session_id "
        "and samples.elapsed_s between laps.started_elapsed_s and laps.ended_elapsed_s "
        f"where samples.session_id = '{session}' and laps.lap_time_s = {best_s} "
        f"order by abs(samples.lap_distance_ratio - {ratio}), samples.elapsed_s limit 1"
    )
    assert float(str(delta_s)) == pytest.approx(float(str(lap_s)) - float(str(there_s)), abs=0.02)


def test_a_question_about_seconds_reads_no_frame_before_them(streaming: Warehouse) -> None:
    """The condition reaches the scan of the frames."""
    plan = [
        str(line)
        for (line,) in streaming.query(
            "explain select stream, speed_kph from marts.live_samples "
            "where received_at > timestamptz '2026-01-02 03:04:05+00'"
        )
    ]
    asked = [place for place, line in enumerate(plan) if "2026-01-02 03:04:05" in line]
    nodes = [next(line for line in reversed(plan[:place]) if "->" in line) for place in asked]
    assert any("live_frames" in node for node in nodes), "\n".join(plan)
