"""A log that goes on from practice into the race, where iRacing's clock begins anew, gives the laps of both."""

from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from simrace.generator.catalogue import ALDERBROOK, MERLIN
from simrace.generator.iracing_ibt import Recording, write_ibt
from simrace.generator.session import Driver, Session
from tests.conftest import Warehouse

AT = datetime(2025, 7, 12, 18, 30, 5, tzinfo=UTC)
SESSION = Session(ALDERBROOK, MERLIN, Driver("Dagny Morrowby", 0.965, 0.008), 3, (3, 1))
PRACTISED = 3  # laps from the out lap as 0; in the middle of this one the race begins
TICK_S = 1 / 60


def test_laps_of_both_sessions(server: Warehouse, tmp_path: Path) -> None:
    warehouse = server.other("two_sessions")
    write_ibt(tmp_path / "logs", SESSION, AT, recording=Recording(reset_lap=PRACTISED, next_session=True))
    warehouse.run("simrace", "land", tmp_path / "logs")
    warehouse.run("dbt", "build", "--exclude", "resource_type:test", "resource_type:unit_test", "--select",
                  "+fct_laps", "+fct_telemetry_samples", "+dim_sessions", "+int_files_with_state", "+channel_values")  # fmt: skip
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
    start, end = SESSION.lap_bounds_s[PRACTISED : PRACTISED + 2]
    assert last - first == pytest.approx((start + end) / 2 + SESSION.duration_s, abs=5 * TICK_S)
    assert longest < 5 * TICK_S
    ((samples, found),) = warehouse.query(
        "select count(*), count(told.elapsed_s) from marts.fct_telemetry_samples as samples "
        "left join (select elapsed_s from marts.channel_values where channel = 'Speed') as told "
        "on samples.elapsed_s = told.elapsed_s"
    )
    assert samples == found, "a channel by itself goes on in the same way"
    times = np.diff(SESSION.lap_bounds_s)
    laps = warehouse.query(
        "select lap_number, measured_lap_time_s from marts.fct_laps where lap_class = 'pace' order by started_elapsed_s"
    )
    driven = [1, 2, *range(1, SESSION.flying_laps + 1)]
    # Both sessions count from 1, so the numbers are ours: 0 and 4 are out laps, 3 is cut short by the race.
    assert [lap for lap, _ in laps] == [1, 2, 5, 6, 7]
    assert [float(time) for _, time in laps] == pytest.approx([times[lap] for lap in driven], abs=TICK_S)
