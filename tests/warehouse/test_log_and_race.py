"""The .ibt among the sample files is of a race that a JSON beside it tells of: ids alone join the two."""

import json
from decimal import Decimal
from typing import Any

import pytest

from simrace.generator.catalogue import LAYOUTS
from tests.conftest import Warehouse


@pytest.fixture(scope="module")
def files(warehouse: Warehouse) -> dict[str, Any]:
    """What is true of the sample files: the log, its race, and the result of who drove."""
    truth = json.loads((warehouse.folder / "files" / ".truth.json").read_text(encoding="utf-8"))
    [log] = [file for file in truth["telemetry"] if file["format"] == "iracing_ibt"]
    [race] = [race for race in truth["races"] if race.get("started_at") == log["started_at"]]
    [result] = [result for result in race["results"] if result["name"] == log["driver"]]
    return {"log": log, "race": race, "result": result}


def test_a_log_joins_its_result_by_ids(warehouse: Warehouse, files: dict[str, Any]) -> None:
    rows = warehouse.query("""
        select
            laps.event_session_id, races.race_id, sessions.driver_id, results.car_id = sessions.car_id,
            event_sessions.source_format, results.finish_position, results.incidents, count(*)
        from marts.fct_laps as laps
        inner join marts.dim_sessions as sessions using (session_id)
        inner join marts.dim_races as races on laps.event_session_id = races.race_id
        inner join marts.dim_event_sessions as event_sessions on races.race_id = event_sessions.event_session_id
        inner join marts.fct_race_results as results
            on races.race_id = results.race_id and sessions.driver_id = results.driver_id
        where sessions.source_format = 'iracing_ibt'
        group by 1, 2, 3, 4, 5, 6, 7
    """)
    race, result = files["race"]["race_id"], files["result"]
    driver = f"iracing:{result['entrant_id']}"
    laps = len(files["log"]["laps"])
    place, incidents = result["position"], result["incidents"]
    assert rows == [(race, race, driver, True, "iracing_results_json", place, incidents, laps)]


def test_how_a_race_was_driven_stands_beside_what_it_gave(warehouse: Warehouse, files: dict[str, Any]) -> None:
    result = files["result"]
    flying = [lap["lap_time_s"] for lap in files["log"]["laps"] if lap["class"] == "flying"]
    corners = next(layout for layout in LAYOUTS if layout.name == files["race"]["layout"]).corners
    struck = corners[len(corners) // 2]
    ((place, pace_laps, best, incidents, seen, corner, there),) = warehouse.query(
        "select finish_position_in_class, pace_laps, best_lap_time_s, incidents, incidents_in_log, "
        "worst_corner_number, worst_corner_incidents from marts.fct_race_telemetry"
    )
    assert (place, pace_laps) == (result["class_position"], len(flying))
    assert float(str(best)) == pytest.approx(min(flying), abs=0.002)
    assert incidents == seen == there == result["incidents"] > 0
    assert corner == struck.number
    ((lap, point, at),) = warehouse.query("select lap_number, incident_points, lap_distance_m from marts.lap_incidents")
    assert (lap, point) == (files["log"]["laps"][0]["lap_number"], result["incidents"])
    assert float(str(at)) == pytest.approx(struck.apex_m, abs=3)


def test_the_incidents_of_a_lap_are_its_own(warehouse: Warehouse) -> None:
    assert (
        warehouse.query("""
        select laps.session_id, laps.lap_number, laps.incidents, sum(incidents.incident_points)
        from marts.fct_laps as laps
        full join marts.lap_incidents as incidents using (session_id, lap_number)
        group by 1, 2, 3
        having coalesce(laps.incidents, 0) <> coalesce(sum(incidents.incident_points), 0)
    """)
        == []
    )


def test_a_log_says_what_it_was_driven_with(warehouse: Warehouse, files: dict[str, Any]) -> None:
    facts = warehouse.query(
        "select skies, setup_name, air_temp_c, fuel_capacity_l, irating from marts.dim_sessions "
        "where source_format = 'iracing_ibt'"
    )
    driven_with = [("Partly Cloudy", "baseline.sto", Decimal("26.4"), Decimal(60), files["result"]["rating_before"])]
    assert facts == driven_with
    settings = warehouse.query(
        "select setting, value_number, value_unit from marts.session_setups where setting like 'Chassis/%' order by 1"
    )
    assert settings == [("Chassis/Front/BrakePressureBias", 54.5, "%"), ("Chassis/Rear/FuelLevel", 60, "L")]


def test_a_file_of_results_outranks_the_log(warehouse: Warehouse, files: dict[str, Any]) -> None:
    """The log tells the results too, and its own practice and qualifying that nothing else tells of."""
    race = files["race"]["race_id"]
    states = warehouse.query(
        f"select source_format, state from intermediate.int_event_session_files where event_session_id = '{race}' "
        "order by file_rank"
    )
    assert states == [("iracing_results_json", "winner"), ("iracing_ibt", "superseded")]
    told = warehouse.query(
        "select event_session_id, session_type from marts.dim_event_sessions where source_format = 'iracing_ibt'"
    )
    assert set(told) <= {(race[:-1] + "-2", "practice"), (race[:-1] + "-1", "qualifying")}
