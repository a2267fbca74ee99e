"""Logs with positions alone: where their laps begin, and where on the lap the car was, against what was driven."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from simrace.generator.catalogue import FALCON, SALTMARSH
from simrace.generator.motec import _write, entire_outing
from simrace.generator.session import Driver, Session
from simrace.generator.track import METRES_PER_DEGREE, Floats
from simrace.generator.writing import Column
from tests.conftest import AFTER_TELEMETRY, AGAIN, Warehouse

STARTED_AT = datetime(2025, 6, 1, 9, 0, 0, tzinfo=UTC)
TIME_OFF_S = 0.05
PLACE_OFF_M = 3


@dataclass(frozen=True)
class Log:
    """A log of positions.

    Attributes:
        session_id: Its session in the warehouse.
        distance_m: What was driven at `time_s`, from the line before the out lap, without the detour.
        time_s: Times, as long as `distance_m`.
    """

    session_id: str
    distance_m: Floats
    time_s: Floats

    def place_m(self, time_s: Floats) -> Floats:
        return np.asarray(np.interp(time_s, self.time_s, self.distance_m) % SALTMARSH.length_m)


def _write_log(
    folder: Path,
    number: int,
    session: Session,
    rate_hz: int,
    fix_hz: int,
    *,
    venue: str | None = None,
    end_s: float | None = None,
    detour_m: float = 0,
) -> tuple[Path, Floats, Floats]:
    """Write positions with errors like those of a receiver, each repeated until the next fix.

    A detour leaves the track by so many metres at one corner of the second lap, and comes back after 150 m.
    """
    fine = session.at_times(np.arange(0, session.duration_s, 0.01))
    start = 1.6 * session.layout.length_m
    inside = np.clip((fine["distance_m"] - start) / 150, 0, 1)
    offset = fine["line_offset_m"] + detour_m * np.sin(np.pi * inside) ** 2
    lat, lon = session.layout.lat_lon(fine["distance_m"], offset)
    # the way is longer, and so is the time that it takes at the speed of the car
    east = lon * METRES_PER_DEGREE * np.cos(np.radians(session.layout.lat_deg))
    way = np.hypot(np.diff(east), np.diff(lat * METRES_PER_DEGREE))
    time = np.concatenate([[0.0], np.cumsum(np.maximum(way / fine["speed_mps"][1:], 0.005))])
    end = min(end_s or time[-1], float(time[-1]))
    rows = np.arange(int(end * rate_hz)) / rate_hz
    fixes = np.floor(rows * fix_hz) / fix_hz
    rng = np.random.default_rng(number)
    knots = np.arange(0, end + 20, 20)
    wander = [np.interp(fixes, knots, rng.normal(0, 0.5, len(knots))) for _ in "xy"]
    jitter = [rng.normal(0, 0.1, int(end * fix_hz) + 2)[np.round(fixes * fix_hz).astype(int)] for _ in "xy"]
    north, to_east = ((low + high) / METRES_PER_DEGREE for low, high in zip(wander, jitter, strict=True))
    columns = [
        Column("GPS_Latitude", "deg", np.interp(fixes, time, lat) + north, "%.7f"),
        Column("GPS_Longitude", "deg", np.interp(fixes, time, lon) + to_east, "%.7f"),
        Column("Engine Speed", "rpm", np.full(len(rows), 4_000.0), "%.0f"),
    ]
    started_at = STARTED_AT + timedelta(hours=number)
    session = replace(session, layout=replace(session.layout, config=venue)) if venue else session
    export = replace(
        entire_outing(session, started_at, "M1", f"{started_at:%Y-%m-%d}", rate_hz), beacons_s=np.array([])
    )
    path = _write(folder / f"positions_{number}.csv", export, columns, "\n", "utf-8", quoted=True)
    return path, time, fine["distance_m"]


@pytest.fixture(scope="module")
def logs(built: Warehouse) -> Iterator[tuple[Warehouse, list[Log]]]:
    """A warehouse of five logs: at 10 Hz, at 1 Hz in 20 rows a second, of a road, at 10 Hz again, and with a detour."""
    other = built.other("positions", is_copy=True)
    session = Session(SALTMARSH, FALCON, Driver("Dagny Morrowby", 0.96, 0.01), 2, (7,))
    again = replace(session, seed=(8,))
    written = [
        _write_log(other.folder, 1, session, 10, 10),
        _write_log(other.folder, 2, session, 20, 1),
        _write_log(other.folder, 3, session, 10, 10, venue="Hill Climb", end_s=100),
        _write_log(other.folder, 4, session, 10, 10),
        _write_log(other.folder, 5, again, 10, 10, detour_m=40),
    ]
    other.run("simrace", "land", *(path for path, *_ in reversed(written)))
    other.run("dbt", "build", *AFTER_TELEMETRY)
    ids = other.query("select cast(session_id as text) from marts.dim_sessions order by session_started_at")
    yield (
        other,
        [Log(str(session_id), distance, time) for (session_id,), (_, time, distance) in zip(ids, written, strict=True)],
    )


def _laps(warehouse: Warehouse, log: Log, source: str) -> Floats:
    """Starts and ends of complete laps, (laps, 2), in seconds since the start of the log."""
    rows = warehouse.query(
        "select started_elapsed_s, ended_elapsed_s from marts.fct_laps where is_complete "
        f"and session_id = '{log.session_id}' and lap_source = '{source}' order by 1"
    )
    return np.array(rows, dtype=float).reshape(-1, 2)


def _sources(warehouse: Warehouse, log: Log) -> list[object]:
    rows = warehouse.query(f"select lap_source from marts.fct_laps where session_id = '{log.session_id}' order by 1")
    return [source for (source,) in rows]


def test_laps_begin_at_a_line_that_the_log_shows(logs: tuple[Warehouse, list[Log]]) -> None:
    """Wherever it lies, each lap takes what the car took from there to there; the same log twice has the same line."""
    warehouse, (at_10_hz, at_1_hz, road, twin, _) = logs
    for log in (at_10_hz, at_1_hz, twin):
        laps = _laps(warehouse, log, "derived_line")
        assert len(laps) >= 2
        line = log.place_m(laps[:1, 0])[0]
        driven = np.interp(laps[0, 0], log.time_s, log.distance_m) + SALTMARSH.length_m * np.arange(len(laps) + 1)
        assert 0 < line < SALTMARSH.length_m
        times = np.diff(np.interp(driven, log.distance_m, log.time_s))
        assert laps[:, 1] - laps[:, 0] == pytest.approx(times, abs=TIME_OFF_S if log is not at_1_hz else 4 * TIME_OFF_S)
    assert not len(_laps(warehouse, road, "derived_line"))
    assert warehouse.query(f"select lap_source from marts.fct_laps where session_id = '{road.session_id}'") == [
        ("none",)
    ]


def test_laps_begin_at_the_line_of_the_seed(logs: tuple[Warehouse, list[Log]]) -> None:
    """And the out lap from the pits before it; of a log that names another track, the line is found by place."""
    warehouse, (at_10_hz, at_1_hz, road, _, detour) = logs
    ends = [SALTMARSH.lat_lon(np.array([0.0]), np.array([offset])) for offset in (15.0, -15.0)]
    line = ", ".join(f"{float(degrees[0]):.7f}" for end in ends for degrees in end)
    warehouse.query(f"insert into staging.track_layouts values ('motec:elsewhere', null, {line}) returning 1")
    warehouse.run("dbt", "build", *AGAIN)
    for log in (at_10_hz, at_1_hz, detour):
        laps = _laps(warehouse, log, "start_line")
        lines = np.interp(SALTMARSH.length_m * np.arange(1, 4), log.distance_m, log.time_s)
        assert laps[:, 1] - laps[:, 0] == pytest.approx(
            np.diff(lines), abs=TIME_OFF_S if log is not at_1_hz else 4 * TIME_OFF_S
        )
        assert laps[:, 0] == pytest.approx(lines[:-1], abs=4 * TIME_OFF_S)
    classes = warehouse.query(
        f"select lap_class from marts.fct_laps where session_id = '{at_10_hz.session_id}' order by lap_number"
    )
    assert classes == [("out",), ("pace",), ("pace",), ("incomplete",)]
    assert warehouse.query(f"select lap_source from marts.fct_laps where session_id = '{road.session_id}'") == [
        ("none",)
    ]


def test_two_laps_are_laid_on_one_line_though_one_has_a_detour(logs: tuple[Warehouse, list[Log]]) -> None:
    """Where two laps are said to be at one place, their cars were within 3 m of each other, after the detour too."""
    warehouse, (at_10_hz, at_1_hz, _, twin, detour) = logs
    places = {}
    for log in (at_10_hz, at_1_hz, twin, detour):
        rows = warehouse.query(
            "select lap_number, traces.distance_m, started_elapsed_s + lap_elapsed_s "
            "from marts.fct_lap_traces as traces inner join marts.fct_laps as laps using (session_id, lap_number) "
            f"where session_id = '{log.session_id}' and distance_source = 'projected' order by 1, 2"
        )
        for lap in (1, 2):
            distance, time = np.array([row[1:] for row in rows if row[0] == lap], dtype=float).T
            assert len(distance) > 860
            driven = np.interp(time, log.time_s, log.distance_m) - lap * SALTMARSH.length_m
            places[log.session_id, lap] = driven
            # the layout is as long as the way of the lap that is its line
            middle = distance * SALTMARSH.length_m / distance[-1]
            assert driven == pytest.approx(middle, abs=4 * PLACE_OFF_M), (log.session_id, lap)
    reference = places[at_10_hz.session_id, 2]
    grid = np.arange(len(reference)) * 5.0
    beside = (grid > 0.6 * SALTMARSH.length_m) & (grid < 0.6 * SALTMARSH.length_m + 150)
    for (session_id, lap), driven in places.items():
        is_detour = (session_id, lap) == (detour.session_id, 1)
        off = np.abs(driven - reference)[~beside] if is_detour else np.abs(driven - reference)
        assert off.max() < (PLACE_OFF_M if session_id != at_1_hz.session_id else 2 * PLACE_OFF_M), (session_id, lap)
    lengths = dict(
        warehouse.query(
            f"select lap_number, driven_m::float8 from marts.fct_laps where session_id = '{detour.session_id}'"
        )
    )
    # the detour adds 22 m, and the smoothing of positions cuts some of its bends
    assert 10 < float(str(lengths[1])) - float(str(lengths[2])) < 22
