"""Statistics of the addon ams2_stats, from the file to the marts: each result and lap is worked out here again."""

import json
import re
from collections import Counter
from pathlib import Path
from typing import Any

from tests.conftest import NO_TESTS, Warehouse

FORMAT = "ams2_stats_addon_json"
KINDS = {"Race1": "race", "Qualifying1": "qualifying", "Practice1": "practice"}
OUT = {"Finished": 0, "Retired": 1, "DNF": 1, "Disqualified": 2}


def sessions_of(path: Path) -> list[dict[str, Any]]:
    document = json.loads(re.sub("^//.*", "", path.read_text("utf-8"), flags=re.MULTILINE))
    return [session for session in document["sessions"] if session["stage"] in KINDS]


def expected(sessions: list[dict[str, Any]]) -> list[tuple[object, ...]]:
    """Start, kind, name, place, laps, time and best lap of each result."""
    found: list[tuple[object, ...]] = []
    for session in sessions:
        kind, is_race = KINDS[session["stage"]], session["stage"] == "Race1"
        lines = sorted(session["results"], key=lambda line: OUT[line["state"]]) if is_race else session["results"]
        for at, line in enumerate(lines, 1):
            time = line.get("total_time") if is_race else None
            place = at if is_race else line.get("position")
            found.append((session["uid"][2:], kind, line["name"], place, line["laps_complete"], time,
                          line["best_lap_time"] or None))  # fmt: skip
    return sorted(found, key=str)


def results(warehouse: Warehouse) -> list[tuple[object, ...]]:
    rows = warehouse.query(
        "select substr(split_part(event_session_id, ':', 2), 1, 13), result_kind, entrant_name, finish_position, laps, "
        "race_time_ms, best_lap_ms from intermediate.int_race_results_united "
        f"inner join staging.stg_files__files using (file_id) where source_format = '{FORMAT}' "
        "and refused_reason is null and result_kind is not null"
    )
    return sorted(rows, key=str)


def laps(sessions: list[dict[str, Any]]) -> list[tuple[object, ...]]:
    """Number of the driver, time, first sector and whether it counts, of each lap of a race."""
    return sorted(
        (str(driver["refid"]), lap["time"], lap["s1"], lap["valid"])
        for session in sessions if session["stage"] == "Race1"
        for driver in session["drivers"] for lap in driver["laps"]
    )  # fmt: skip


def test_results_and_laps_are_those_of_the_file(warehouse: Warehouse) -> None:
    sessions = sessions_of(warehouse.folder / "files" / "results" / "ams2_stats_data.json")
    assert results(warehouse) == expected(sessions)
    held = warehouse.query(
        "select entry_id, lap_time_ms, sector_1_ms, is_valid from marts.fct_race_laps where race_id in "
        f"(select event_session_id from marts.dim_event_sessions where source_format = '{FORMAT}')"
    )
    assert sorted(held) == laps(sessions)


def test_who_is_out_stands_last_and_the_grid_is_that_of_the_evening(warehouse: Warehouse) -> None:
    """Steam ids are missing in qualifying, and the names are those of the race."""
    rows = warehouse.query(
        "select finish_position, out_reason, start_position, start_position_source, driver_id like 'ams2:7656%' "
        "from marts.fct_race_results where race_id in "
        f"(select event_session_id from marts.dim_event_sessions where source_format = '{FORMAT}') order by 1"
    )
    outs = [out for _, out, *_ in rows]
    assert outs == ["running"] * (len(rows) - 3) + ["did not finish", "retired", "disqualified"]
    assert {source for *_, source, _ in rows} == {"qualifying"}
    assert all(has_id for *_, has_id in rows)
    assert Counter(start for _, _, start, *_ in rows) == Counter(range(1, len(rows) + 1))


def test_a_session_that_the_addon_did_not_see_begin_is_of_no_kind(warehouse: Warehouse) -> None:
    rows = warehouse.query(
        "select session_type, simsession_name, result_kind, unmapped_session_type "
        "from intermediate.int_event_sessions_united "
        f"where source_format = '{FORMAT}' order by 2"
    )
    assert rows == [
        ("other", "Allocating", None, None), ("qualifying", "Qualifying1", "qualifying", None),
        ("race", "Race1", "race", None),
    ]  # fmt: skip


def test_real_results_are_those_of_the_files(warehouse: Warehouse, real_files: Path) -> None:
    paths = list((real_files / "pcars2-ams2-sms-stats-json").glob("*ams2_stats_data.json"))
    other = warehouse.other("ams2_stats")
    other.run("simrace", "land", *paths)
    other.run("dbt", "build", "--select", "+int_race_results_united", *NO_TESTS)
    sessions = [session for path in paths for session in sessions_of(path)]
    assert expected(sessions) and results(other) == expected(sessions)
