"""For generated sessions, the marts say what the simulator drove."""

import json
from typing import Any

import pytest

from tests.conftest import Warehouse

CLASSES = {"out": {"out"}, "flying": {"pace"}, "in": {"incomplete"}}
APEX_OFF_M = 10
SPEED_OFF_KPH = 1
# Where a car speeds or slows right through a corner, it is slowest at the end of it: a matter of where that is.
SPEED_OFF_AT_EDGE_KPH = 3


@pytest.fixture(scope="module")
def truth(warehouse: Warehouse) -> list[dict[str, Any]]:
    """Files with what was driven in them, and the session that they are part of."""
    path = warehouse.folder / "files" / ".truth.json"
    files: list[dict[str, Any]] = json.loads(path.read_text(encoding="utf-8"))["telemetry"]
    sessions = dict(
        warehouse.query(
            "select distinct sightings.file_name, cast(files.session_id as text) "
            "from intermediate.int_telemetry_session_files as files "
            "inner join raw.file_sightings as sightings on files.file_id = sightings.file_id"
        )
    )
    for file in files:
        file["session_id"] = sessions[file["file"]]
    return files


def _whole(file: dict[str, Any]) -> bool:
    return not (file["format"] == "garage61_csv" and file["laps"][0]["lap_number"] > 1)


def test_every_lap_is_found_with_its_class_and_time(warehouse: Warehouse, truth: list[dict[str, Any]]) -> None:
    rows = warehouse.query(
        "select cast(session_id as text), lap_number, lap_class, measured_lap_time_s, longest_gap_s from marts.fct_laps"
    )
    found = {(str(session), number): rest for session, number, *rest in rows}
    problems = []
    for file in filter(_whole, truth):
        for lap in file["laps"]:
            number = 1 if file["format"] == "garage61_csv" else lap["lap_number"]
            lap_class, time_s, gap_s = found[file["session_id"], number]
            if lap_class not in CLASSES[lap["class"]]:
                problems.append((file["file"], number, lap["class"], lap_class))
            if lap["class"] == "flying":
                off = abs(float(str(time_s)) - lap["lap_time_s"])
                # the slower the car, the more time lies between samples that are a metre apart
                period = 1 / file["sample_rate_hz"] if file["sample_rate_hz"] else float(str(gap_s))
                if off > period:
                    problems.append((file["file"], number, off, period))
    assert not problems


def test_what_reports_a_lap_time_reports_the_driven_one(warehouse: Warehouse, truth: list[dict[str, Any]]) -> None:
    """To the thousandth that the files keep; and the time from samples never is far from it."""
    rows = warehouse.query(
        "select cast(session_id as text), lap_number, lap_time_reported_by, lap_time_s from marts.fct_laps "
        "where lap_time_reported_by is not null"
    )
    reported = {(str(session), number): (by, float(str(time_s))) for session, number, by, time_s in rows}
    assert {by for by, _ in reported.values()} == {"file", "channel", "beacons"}
    driven = {
        (file["session_id"], 1 if file["format"] == "garage61_csv" else lap["lap_number"]): lap["lap_time_s"]
        for file in filter(_whole, truth)
        for lap in file["laps"]
        if lap["class"] == "flying"
    }
    assert {reported[lap][0] for lap in driven.keys() & reported.keys()} == {"file", "channel", "beacons"}
    off = {
        lap: reported[lap]
        for lap, time_s in driven.items()
        if lap in reported and abs(reported[lap][1] - time_s) > 0.002
    }
    assert not off
    beyond = "not (is_within_limit and is_within_one_sample)"
    assert warehouse.query(f"select count(*) from marts.lap_time_audit where {beyond}") == [(0,)]


def test_corners_are_where_they_were_built(warehouse: Warehouse, truth: list[dict[str, Any]]) -> None:
    for file in truth:
        rows = warehouse.query(
            "select direction, apex_m from marts.dim_track_corners as corners "
            "inner join intermediate.int_telemetry_session_layouts as layouts using (layout_key) "
            f"where session_id = '{file['session_id']}' order by corner_number"
        )
        assert [direction for direction, _ in rows] == [corner["direction"] for corner in file["corners"]], file["file"]
        off = [
            abs(float(str(apex)) - corner["apex_m"]) for (_, apex), corner in zip(rows, file["corners"], strict=True)
        ]
        assert max(off) < APEX_OFF_M, file["file"]


def test_lowest_speeds_in_corners_are_the_driven_ones(warehouse: Warehouse, truth: list[dict[str, Any]]) -> None:
    rows = warehouse.query(
        "select cast(session_id as text), lap_number, corner_number, min_speed_kph from marts.fct_lap_corners"
    )
    found = {(str(session), lap, corner): float(str(speed)) for session, lap, corner, speed in rows}
    inside = 0
    problems = []
    for file in filter(_whole, truth):
        for lap in (lap for lap in file["laps"] if lap["class"] == "flying"):
            number = 1 if file["format"] == "garage61_csv" else lap["lap_number"]
            corners = zip(lap["corner_min_speed_kph"], lap["corner_min_speed_inside"], strict=True)
            for corner, (speed, is_inside) in enumerate(corners, start=1):
                inside += is_inside
                shown = found[file["session_id"], number, corner]
                if abs(shown - speed) > (SPEED_OFF_KPH if is_inside else SPEED_OFF_AT_EDGE_KPH):
                    problems.append((file["file"], number, corner, speed, shown))
    assert not problems
    assert inside > 100
