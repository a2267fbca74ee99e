"""An evening on a server of Automobilista 2, from its files to the marts: each result is worked out here again."""

import csv
import json
import re
from pathlib import Path
from typing import Any

from tests.conftest import NO_TESTS, Warehouse

SIMS = ("ams2", "project_cars2", "project_cars")
OUT = {"Disqualified": 2, "Retired": 1}
OF_THESE = (
    "file_id in (select file_id from staging.stg_files__sightings inner join staging.stg_files__files using (file_id) "
    "where source_format like '%stats_json' and file_path not like '%/files/seasons/%')"
)


def read(path: Path) -> dict[str, Any]:
    stats: dict[str, Any] = json.loads(re.sub("^//.*", "", path.read_text("utf-8"), flags=re.MULTILINE))["stats"]
    return stats


def people(stats: dict[str, Any]) -> tuple[dict[tuple[int, str], str], dict[str, str]]:
    """Steam ids by event and number, and by name."""
    ids, names = {}, {player["name"]: steam_id for steam_id, player in stats["players"].items()}
    for at, event in enumerate(stats["history"]):
        for number, member in event["members"].items():
            ids[at, number] = member["steamid"]
            names[member["name"]] = member["steamid"]
    return ids, names


def expected(stats: dict[str, Any], kind: str) -> list[tuple[object, ...]]:
    """Driver, place, laps, time and best lap in milliseconds of each result of sessions of a kind."""
    ids, names = people(stats)
    found: list[tuple[object, ...]] = []
    for at, event in enumerate(stats["history"]):
        for name, stage in event["stages"].items() if isinstance(event["stages"], dict) else ():
            if not name.startswith(kind):
                continue
            lines = list(stage["results"])
            if kind == "race":
                lines.sort(key=lambda line: (rank_of(line["attributes"]), line["attributes"]["RacePosition"]))
            for place, line in enumerate(lines, start=1):
                told = line["attributes"]
                driver = ids.get((at, str(line["refid"])), names.get(line["name"]))
                time = (told["TotalTime"] or None) if kind == "race" else None
                found.append((driver, place, told["Lap"], time, told["FastestLapTime"] or None))
    return sorted(found, key=str)


def rank_of(told: dict[str, Any]) -> int:
    """Who finished, who retired, who never drove, who is disqualified."""
    out = OUT.get(told["State"], 0)
    return 3 if out == 2 else 2 if not (out or told["Lap"]) else out


def results(warehouse: Warehouse, kind: str) -> list[tuple[object, ...]]:
    rows = warehouse.query(
        "select split_part(driver_id, ':', 2), finish_position, laps, race_time_ms, best_lap_ms "
        f"from intermediate.int_race_results_united where refused_reason is null and result_kind = '{kind}' "
        f"and split_part(event_session_id, ':', 1) in {SIMS} and file_id in "
        f"(select file_id from intermediate.int_event_session_files where is_winner and {OF_THESE})"
    )
    return sorted(rows, key=str)


def test_results_are_those_of_the_newest_file(warehouse: Warehouse) -> None:
    newest = read(warehouse.folder / "files" / "results" / "sms_stats_data_2.json")
    assert results(warehouse, "race") == expected(newest, "race")
    assert results(warehouse, "qualifying") == expected(newest, "qualifying")
    assert not any(driver is None for driver, *_ in expected(newest, "race"))


def test_a_file_that_the_server_wrote_anew_has_the_same_sessions(warehouse: Warehouse) -> None:
    rows = warehouse.query(
        "select files.file_name, count(*), count(*) filter (where sessions.state = 'winner') "
        "from intermediate.int_event_session_files as sessions "
        "inner join staging.stg_files__files as files using (file_id) where files.source_format = 'ams2_stats_json' "
        f"and sessions.{OF_THESE} group by 1 order by 1"
    )
    assert rows == [("sms_stats_data_1.json", 2, 0), ("sms_stats_data_2.json", 3, 3)]
    sessions = warehouse.query(
        "select session_type, count(*), count(distinct subsession_id) from marts.dim_event_sessions "
        f"where sim = 'ams2' and {OF_THESE} group by 1 order by 1"
    )
    assert sessions == [("qualifying", 1, 1), ("race", 2, 2)]


def test_places_and_gaps_are_those_of_who_finished(warehouse: Warehouse) -> None:
    rows = warehouse.query(
        "select finish_position, laps, laps_down, gap_to_winner_ms is null, did_not_finish, is_starter, "
        "start_position_source is not null from marts.fct_race_results where race_id like 'ams2:%-2:0-%' "
        f"and {OF_THESE} order by 1"
    )
    assert [(place, laps, down) for place, laps, down, *_ in rows] == [
        (1, 7, 0), (2, 7, 0), (3, 7, 0), (4, 6, 1), (5, 6, 1), (6, 2, 5), (7, 0, 7), (8, 7, 0)
    ]  # fmt: skip
    assert [has_no_gap for _, _, _, has_no_gap, *_ in rows] == [False] * 3 + [True] * 5
    assert [(out, started) for *_, out, started, _ in rows] == [(False, True)] * 5 + [
        (True, True), (True, False), (True, True)
    ]  # fmt: skip
    assert all(has_grid for *_, has_grid in rows), "the grid is that of qualifying"


def test_laps_are_those_of_the_file(warehouse: Warehouse) -> None:
    [race] = [event for event in read(warehouse.folder / "files" / "results" / "sms_stats_data_2.json")["history"]
              if "qualifying1" in event["stages"]]  # fmt: skip
    listed = [event for event in race["stages"]["race1"]["events"] if event["event_name"] == "Lap"]
    wanted = [
        (str(lap["refid"]), told["Lap"] + 1, told["LapTime"], told["Sector1Time"], told["Sector3Time"],
         told["CountThisLapTimes"] == 1)
        for lap in listed for told in [lap["attributes"]]
    ]  # fmt: skip
    held = warehouse.query(
        "select entry_id, lap_number, lap_time_ms, sector_1_ms, sector_3_ms, is_valid from marts.fct_race_laps "
        f"where race_id like 'ams2:%' and {OF_THESE}"
    )
    assert sorted(held) == sorted(wanted)


def test_repairs_are_told(warehouse: Warehouse) -> None:
    rows = warehouse.query(
        "select source_format, min(repairs), min(repairs_by_kind), max(repairs_by_kind) from marts.file_quality "
        "where source_format in ('ams2_stats_json', 'raceroom_results_json', 'garage61_csv') group by 1 order by 1"
    )
    assert rows == [
        ("ams2_stats_json", 3, "comment_lines: 3", "comment_lines: 3"),
        ("garage61_csv", None, None, None),
        ("raceroom_results_json", 0, None, None),
    ]


def test_real_results_are_those_of_the_files(warehouse: Warehouse, real_files: Path) -> None:
    folder = real_files / "pcars2-ams2-sms-stats-json"
    other = warehouse.other("sms_stats")
    other.run("simrace", "land", folder)
    other.run("dbt", "build", "--select", "+int_race_results_deduplicated", *NO_TESTS)
    landed = other.query(
        "select file_path from raw.files inner join raw.file_sightings using (file_id) "
        "where source_format like '%stats_json'"
    )
    read_again = [read(Path(str(path))) for (path,) in landed]
    assert len(read_again) >= 4
    for kind in ("race", "qualifying", "practice"):
        wanted = [row for stats in read_again for row in expected(stats, kind)]
        assert results(other, kind) == sorted(wanted, key=str), kind
    with (real_files / "SOURCES.csv").open(encoding="utf-8", newline="") as sources:
        notes = " ".join(row["note"] for row in csv.DictReader(sources) if row["file"].startswith(folder.name))
    told = re.findall(r"(?:winner|P\d) \S+ (\d+) laps ([\d.]+)", notes)
    assert told
    held = {(str(laps), time) for _, _, laps, time, _ in results(other, "race")}
    assert {(laps, round(1000 * float(time))) for laps, time in told} <= held
