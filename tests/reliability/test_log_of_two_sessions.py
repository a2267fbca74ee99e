"""A log that goes on from qualifying into the race, where iRacing's clock begins anew, gives the laps of both.

It also tells how the race ended, as long as no file of results does.
"""

from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from simrace.generator.catalogue import CARS
from simrace.generator.iracing_ibt import Recording, write_ibt
from simrace.generator.iracing_session_text import entry_of
from simrace.generator.race import Race
from simrace.generator.season import write_season
from simrace.generator.session import Driver, Session
from tests.conftest import AGAIN, Warehouse

AT = datetime(2025, 7, 12, 18, 30, 5, tzinfo=UTC)
DRIVER = Driver("Dagny Morrowby", 0.965, 0.008)
QUALIFIED = 3  # laps from the out lap as 0; in the middle of this one the race begins
TICK_S = 1 / 60
RESULTS = ("+int_races_deduplicated",)


def test_a_log_of_qualifying_and_race(built: Warehouse, tmp_path: Path) -> None:
    warehouse = built.other("two_sessions", is_copy=True)
    (results, *_), _, (race,) = write_season(tmp_path / "results", 1, seed=3)
    _, result = entry_of(DRIVER.name, race)
    car = next(car for car in CARS if car.car_id == result.entry.car.car_id)
    session = Session(race.layout, car, DRIVER, 3, (3, 1))
    recording = Recording(reset_lap=QUALIFIED, next_session=True)
    write_ibt(tmp_path / "logs", session, AT, race=race, recording=recording)
    warehouse.run("simrace", "land", tmp_path / "logs")
    warehouse.run("dbt", "build", *AGAIN)
    assert warehouse.query("select state from intermediate.int_files_with_state") == [("used",)]
    reasons = warehouse.query(
        "select distinct reason from intermediate.int_telemetry_files_checked "
        "cross join lateral unnest(refused_reasons) as refused (reason)"
    )
    assert reasons == [("car_was_reset",)]
    ((first, last, longest),) = warehouse.query(
        "select min(elapsed_s), max(elapsed_s), max(step_s) from ("
        "    select elapsed_s, elapsed_s - lag(elapsed_s) over (order by elapsed_s) as step_s"
        "    from marts.fct_telemetry_samples"
        ") as steps"
    )
    start, end = session.lap_bounds_s[QUALIFIED : QUALIFIED + 2]
    assert last - first == pytest.approx((start + end) / 2 + session.duration_s, abs=5 * TICK_S)
    assert longest < 5 * TICK_S
    ((samples, found),) = warehouse.query(
        "select count(*), count(told.elapsed_s) from marts.fct_telemetry_samples as samples "
        "left join (select elapsed_s from marts.channel_values where channel = 'Speed') as told "
        "on samples.elapsed_s = told.elapsed_s"
    )
    assert samples == found, "a channel by itself goes on in the same way"
    times = np.diff(session.lap_bounds_s)
    qualifying, raced = (f"iracing:{race.subsession_id}:{number}" for number in (-1, 0))
    laps = warehouse.query(
        "select lap_number, lap_class, event_session_id, measured_lap_time_s "
        "from marts.fct_laps order by started_elapsed_s"
    )
    # Both sessions count from 1, so the numbers are ours: 0 and 4 are out laps, 3 is cut short by the race.
    assert [(number, kind, of) for number, kind, of, _ in laps] == [
        (0, "out", qualifying),
        (1, "pace", qualifying),
        (2, "pace", qualifying),
        (3, "incomplete", qualifying),
        (4, "out", raced),
        (5, "pace", raced),
        (6, "pace", raced),
        (7, "pace", raced),
        (8, "incomplete", raced),
    ]
    driven = [times[lap] for lap in [1, 2, *range(1, session.flying_laps + 1)]]
    assert [float(time) for _, kind, _, time in laps if kind == "pace"] == pytest.approx(driven, abs=TICK_S)
    assert warehouse.query("select event_session_id from marts.dim_sessions") == [(None,)]
    # the log alone knows how the race ended, until a file of results comes
    assert results_of(warehouse) == {"iracing_ibt": placed(race)}
    warehouse.run("simrace", "land", results)
    warehouse.run("dbt", "build", *AGAIN, "--select", *RESULTS)
    assert results_of(warehouse) == {"iracing_results_json": placed(race)}


def placed(race: Race) -> list[tuple[object, ...]]:
    return [
        (result.position, f"iracing:{result.entry.entry_id}", result.class_position, result.laps, result.incidents)
        for result in race.results
    ]


def results_of(warehouse: Warehouse) -> dict[object, list[tuple[object, ...]]]:
    """Results of the one race, by the source that they are from."""
    ((source, race_id),) = warehouse.query("select source_format, race_id from intermediate.int_races_deduplicated")
    rows = warehouse.query(
        "select finish_position, driver_id, finish_position_in_class, laps, incidents "
        f"from intermediate.int_race_results_deduplicated where race_id = '{race_id}' order by 1"
    )
    return {source: rows}
