"""Evenings of Assetto Corsa, from the files to the marts: each result is worked out here again from the file alone."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

from tests.conftest import NO_TESTS, Warehouse

RESULTS = """
    select files.file_path, results.entrant_name, results.finish_position, results.laps, results.race_time_ms
    from intermediate.int_race_results_united as results
    inner join staging.stg_files__sightings as files using (file_id)
    where results.refused_reason is null and results.result_kind = 'race'
        and results.event_session_id like 'assetto_corsa:%'
"""
OF_THESE = "file_id in (select file_id from staging.stg_files__sightings where file_path like '%/files/results/%')"
Result = tuple[str, int, int, int | None]


def of_server(document: dict[str, Any]) -> list[Result]:
    """Name, place, laps and time in milliseconds of each driver of a server's race, once each."""
    laps = Counter((lap["CarId"], lap["DriverGuid"]) for lap in document["Laps"])
    lines = [line for line in document["Result"] if line["DriverName"]]
    kept: dict[str, dict[str, Any]] = {}
    for line in lines:
        before = kept.setdefault(line["DriverGuid"], line)
        if not laps[before["CarId"], before["DriverGuid"]] and laps[line["CarId"], line["DriverGuid"]]:
            kept[line["DriverGuid"]] = line
    counted = [line for line in lines if kept[line["DriverGuid"]] is line]
    found = []
    for place, line in enumerate(counted, start=1):
        time = line["TotalTime"] + line.get("PenaltyTime", 0) // 1_000_000
        found.append((line["DriverName"], place, laps[line["CarId"], line["DriverGuid"]], time or None))
    return found


def of_player(document: dict[str, Any]) -> list[Result]:
    """The same of the race in a player's own file."""
    [race] = [session for session in document["sessions"] if session["type"] == 3]
    found = []
    for place, car in enumerate(race["raceResult"], start=1):
        times = [lap["time"] for lap in race["laps"] if lap["car"] == car]
        if car >= 0 and document["players"][car]["name"]:
            found.append((document["players"][car]["name"], place, len(times), sum(times) or None))
    return found


def expected(paths: list[Path]) -> dict[str, list[Result]]:
    """Results of every file that holds a race, by its path."""
    found: dict[str, list[Result]] = {}
    for path in paths:
        document = json.loads(path.read_text("utf-8-sig"))
        if document.get("Type") == "RACE":
            found[str(path)] = sorted(of_server(document))
        elif any(session["type"] == 3 for session in document.get("sessions", ())):
            found[str(path)] = sorted(of_player(document))
    return found


def read(warehouse: Warehouse, paths: set[str]) -> dict[str, list[tuple[object, ...]]]:
    found: dict[str, list[tuple[object, ...]]] = {}
    for path, *result in warehouse.query(RESULTS):
        if str(path) in paths:
            found.setdefault(str(path), []).append(tuple(result))
    return {path: sorted(rows, key=str) for path, rows in found.items()}


def test_results_are_those_of_the_files(warehouse: Warehouse) -> None:
    folder = warehouse.folder / "files" / "results"
    wanted = expected([*folder.glob("*RACE*.json"), *folder.glob("*race_out.json"), *folder.glob("[0-9]*-[0-9]*.json")])
    assert len(wanted) == 4
    assert read(warehouse, set(wanted)) == {path: sorted(rows, key=str) for path, rows in wanted.items()}


def test_two_files_of_an_evening_are_one_race(warehouse: Warehouse) -> None:
    """The manager's copy is the younger file; Content Manager's has a date, which the game's own lacks."""
    races = warehouse.query(
        "select session_files.event_session_id, files.file_name, session_files.state "
        "from intermediate.int_event_session_files as session_files "
        "inner join staging.stg_files__files as files using (file_id) "
        "where session_files.is_race and session_files.event_session_id like 'assetto_corsa:%' "
        f"and session_files.{OF_THESE} order by 2"
    )
    assert len({race for race, *_ in races}) == 2
    states = {str(name).split(".")[0]: state for _, name, state in races}
    winners = {name for name, state in states.items() if state == "winner"}
    assert len(states) == 4
    assert sorted(name.endswith("RACE_manager") for name in winners) == [False, True]
    assert not any("race_out" in name for name in winners)


def test_who_never_drove_did_not_start(warehouse: Warehouse) -> None:
    """He stands in the mart with no lap, and is no finisher; nor is a driver who left before anyone took his place."""
    rows = warehouse.query(
        "select laps, is_starter, did_not_finish, gap_to_winner_ms from marts.fct_race_results "
        "where race_id like 'assetto_corsa:%' and laps = 0"
    )
    assert set(rows) == {(0, False, True, None)}
    orphans = warehouse.query(
        "select entrant_id, is_valid from marts.fct_race_laps "
        "where race_id like 'assetto_corsa:%' and not is_known_entry"
    )
    assert orphans == [(None, True)]


def test_sessions_and_laps_are_all_there(warehouse: Warehouse) -> None:
    sessions = warehouse.query(
        "select session_type, count(*) from marts.dim_event_sessions "
        f"where sim = 'assetto_corsa' and {OF_THESE} group by 1 order by 1"
    )
    assert sessions == [("practice", 1), ("qualifying", 2), ("race", 2)]
    folder = warehouse.folder / "files" / "results"
    server = json.loads(next(folder.glob("*RACE.json")).read_text("utf-8"))
    player = json.loads(next(folder.glob("*race_out.json")).read_text("utf-8"))
    listed = [lap["LapTime"] for lap in server["Laps"]] + [lap["time"] for lap in player["sessions"][-1]["laps"]]
    held = warehouse.query(
        f"select lap_time_ms from marts.fct_race_laps where race_id like 'assetto_corsa:%' and {OF_THESE}"
    )
    assert Counter(time for (time,) in held) == Counter(listed)


def test_real_results_are_those_of_the_files(warehouse: Warehouse, real_files: Path) -> None:
    folders = [folder for folder in real_files.glob("assetto-corsa-*-json") if "other" not in folder.name]
    paths = [path for folder in folders for path in folder.glob("*.json")]
    wanted = expected(paths)
    assert len(wanted) >= 4
    other = warehouse.other("assetto_corsa")
    other.run("simrace", "land", *folders)
    other.run("dbt", "build", "--select", "+int_race_results_deduplicated", *NO_TESTS)
    found = read(other, set(wanted))
    assert found == {path: sorted(rows, key=str) for path, rows in wanted.items()}
    refused = {str(name) for (name,) in other.query("select file_path from raw.rejected_files")}
    assert all(not json.loads(Path(path).read_text("utf-8-sig")).get("sessions", True) for path in refused)
    faults = other.query(
        "select file_id from intermediate.int_event_session_files where is_race and state = 'withheld'"
    )
    assert faults == []
