"""Penalties, from the files to the mart: each file is read here again, without what the models know of it."""

import json
import re
from html import unescape
from pathlib import Path
from typing import Any

from tests.conftest import NO_TESTS, Warehouse

PENALTIES = """
    select
        event_session_id, driver_id, kind, reason, lap_number, served_lap_number, cast(penalty_s as integer),
        is_served, is_in_race_time
    from marts.fct_penalties
"""


def of_acc(path: Path) -> dict[str, Any]:
    data = path.read_bytes()
    is_marked = data.startswith(b"\xff\xfe")
    text = data.decode("utf-16" if is_marked else "utf-16-le" if data[1:2] == b"\0" else "utf-8-sig")
    document: dict[str, Any] = json.loads(text)
    return document


def laps_of(document: dict[str, Any], car: int) -> list[dict[str, Any]]:
    return [lap for lap in document["laps"] if lap["carId"] == car]


def test_penalties_of_acc_are_on_the_lap_that_they_say(warehouse: Warehouse) -> None:
    """The time that replaced a drive-through is in the total, and the drive-through was not served."""
    paths = sorted((warehouse.folder / "files/results").glob("[0-9]*_R.json"))
    document = of_acc(next(path for path in paths if of_acc(path).get("sessionType") == "R"))
    cars = {line["car"]["carId"]: line for line in document["sessionResult"]["leaderBoardLines"]}
    stop, unknown, late, added = document["penalties"]
    rows = warehouse.query(f"{PENALTIES} where event_session_id like 'acc:%' and event_session_id like '%:0'")
    drivers = {car: f"acc:{line['car']['drivers'][0]['playerId']}" for car, line in cars.items()}
    assert unknown["carId"] not in cars
    assert sorted((row[1:] for row in rows), key=str) == sorted(
        (
            (drivers[stop["carId"]], "stop_and_go", "pit_speeding", 4, 6, 30, True, None),
            (None, "drive_through", "track_limits", 1, None, None, False, None),
            (drivers[late["carId"]], "drive_through", "track_limits", 18, None, None, False, None),
            (drivers[added["carId"]], "time", "track_limits", 18, None, 80, None, True),
        ),
        key=str,
    )
    driven = sum(lap["laptime"] for lap in laps_of(document, added["carId"]))
    result = (
        "select race_time_ms, is_race_time_implausible from marts.fct_race_results "
        f"where driver_id = '{drivers[added['carId']]}' and race_id like 'acc:%'"
    )
    assert warehouse.query(result) == [(driven + 1000 * added["penaltyValue"], False)]
    others = f"select kind, lap_number from ({PENALTIES}) as penalties where event_session_id like 'acc:%:qualifying'"
    assert sorted(warehouse.query(others), key=str) == [("lap_deleted", 3), ("no_action", 4)]


def test_penalties_of_le_mans_ultimate_are_told_once(warehouse: Warehouse) -> None:
    (path,) = (warehouse.folder / "files/results").glob("*R1.xml")
    text = path.read_bytes().decode("latin-1")
    told = re.findall(r"<(?:TrackLimits|Penalty)[^>]*>([^<]*)<", text)
    assert sum("served 1st" in sentence for sentence in told) == 2
    first, second, left = (unescape(name) for name in re.findall('<Penalty Driver="([^"]*)"', text))
    assert f"<Name>{left}</Name>" not in text
    rows = warehouse.query(f"{PENALTIES} where event_session_id like 'lmu:%-Sunday Endurance:0-%'")
    assert sorted((row[1:] for row in rows), key=str) == sorted(
        (
            (f"lmu:name:{first}", None, "track_limits", 3, None, None, None, None),
            (f"lmu:name:{first}", "no_action", "track_limits", 1, None, None, None, None),
            (f"lmu:name:{first}", "warning", "track_limits", 2, None, None, None, None),
            (f"lmu:name:{first}", "drive_through", "track_limits", 4, 6, None, True, None),
            (f"lmu:name:{second}", "stop_and_go", "pit_speeding", 8, None, 10, False, None),
            (f"lmu:name:{second}", "time", "not_served", 8, None, 40, None, True),
            (f"lmu:name:{first}", None, None, 8, None, None, None, None),
            (None, "drive_through", "track_limits", None, None, None, False, None),
        ),
        key=str,
    )
    codes = warehouse.query("select sim, code_type, code, files from marts.unmapped_codes order by 3")
    assert codes == [
        ("lmu", "penalty_kind", "Lap Invalidated", 2),
        ("lmu", "penalty_kind", f"is under investigation for contact with {left}", 1),
    ]


def test_a_managers_penalty_is_in_the_race_time(warehouse: Warehouse) -> None:
    """The server's own file, which tells of no penalty, gives way to the manager's copy."""
    (path,) = (warehouse.folder / "files/results").glob("*RACE_manager.json")
    [line] = [line for line in json.loads(path.read_text("utf-8"))["Result"] if line["HasPenalty"]]
    rows = warehouse.query(
        "select penalties.entrant_id, penalties.kind, penalties.penalty_s * 1000, penalties.is_in_race_time, "
        "results.race_time_ms from marts.fct_penalties as penalties inner join marts.fct_race_results as results "
        "on penalties.event_session_id = results.race_id and penalties.entrant_id = results.entrant_id "
        "where penalties.event_session_id like 'assetto_corsa:%' and penalties.file_id in "
        "(select file_id from staging.stg_files__sightings where file_path like '%/results/%')"
    )
    penalty_ms = line["PenaltyTime"] // 1_000_000
    assert rows == [
        (f"driver:{line['DriverGuid']}", "time", penalty_ms, True, line["TotalTime"] + penalty_ms),
    ]


def test_real_penalties_are_what_their_files_say(warehouse: Warehouse, real_files: Path) -> None:
    """Of ACC against laps that the file calls invalid; of the others against the clock on which a car finished."""
    folders = [real_files / name for name in ("acc-results-json", "rfactor-xml", "lmu-xml")]
    other = warehouse.other("penalties")
    other.run("simrace", "land", *folders, check=False)
    other.run("dbt", "build", "--select", "+int_penalties_united", *NO_TESTS)
    found: dict[str, list[tuple[object, ...]]] = {}
    for path, *row in other.query(
        "select files.file_path, sim_kind, kind, cast(penalty_s as integer), lap_number, is_served, entry_id, "
        "split_part(driver_id, ':', 3), session_time_ms from intermediate.int_penalties_united "
        "inner join staging.stg_files__sightings as files using (file_id) order by file_path, line_number"
    ):
        found.setdefault(str(path), []).append(tuple(row))
    listed = removed = added = 0
    for path in map(str, folders[0].glob("*.json")):
        document = of_acc(Path(path))
        penalties = document.get("penalties") or []
        rows = found.get(path, [])
        assert [row[0] for row in rows] == [penalty["penalty"] for penalty in penalties], path
        assert None not in {row[1] for row in rows}, path
        listed += len(rows)
        for row in rows:
            if row[0] == "RemoveBestLaptime":
                lap = laps_of(document, int(str(row[5])))[int(str(row[3])) - 1]
                assert lap["isValidForBest"] is False, path
                removed += 1
    for path, rows in found.items():
        if Path(path).parent.name == "acc-results-json":
            continue
        text = Path(path).read_bytes().decode("latin-1")
        sentences = re.findall(r"<Penalty [^>]*>([^<]*)<", text)
        received = [row for row in rows if row[4] is not None]
        assert len(received) == sum(" received " in sentence for sentence in sentences), path
        at_the_end = {sentence.split(" finished before")[0] for sentence in sentences if " finished before" in sentence}
        served = [sentence.split(" served 1st")[0] for sentence in sentences if " served 1st" in sentence]
        given = [sentence.split(" received ")[0] for sentence in sentences if " received " in sentence]
        # who had one left at the end has served one less than he was given
        wanted = sum(min(served.count(name), given.count(name) - (name in at_the_end)) for name in set(given))
        assert sum(bool(row[4]) for row in received) == wanted, path
        began = min(float(clock) for clock in re.findall(r'<Lap [^>]*et="([0-9.]+)"', text))
        for row in rows:
            finish = re.search(rf"<Name>{re.escape(str(row[6]))}</Name>.*?<FinishTime>([0-9.]+)<", text, re.DOTALL)
            if row[1] == "time" and finish and row[5]:
                crossed = float(finish[1]) - int(str(row[2])) + began
                assert abs(crossed - int(str(row[7])) / 1000) < 0.5, path
                added += 1
    assert listed >= 10
    assert removed >= 5
    assert added >= 2
