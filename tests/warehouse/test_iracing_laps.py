"""Laps that programs save from iRacing's API: they join the race whose results are there, and never make one."""

import csv
import io
import json
import re
from pathlib import Path
from typing import Any

import pytest

from simrace.generator.iracing_api import CHARTED, LOST, ONE_CAR, UNINDEXED
from tests.conftest import AGAIN, NO_TESTS, Warehouse

LAPS = """
    select driver_id, lap_number, lap_time_ms, position_after_lap, gap_to_leader_ms, laps_down,
        coalesce(lap_events, ''), is_valid, is_pit_lap
    from marts.fct_race_laps where race_id = '{}'
"""
STATES = """
    select file_name, state, coalesce(detail, '')
    from intermediate.int_files_with_state where source_format like 'iracing_lap%'
"""


def expected(rows: list[dict[str, Any]], is_of_marts: bool = True) -> set[tuple[object, ...]]:
    """Each lap as the marts must show it, worked out from the file alone; or as the file says it."""
    laps = [row for row in rows if row["lap_number"] > 0]
    assert laps
    return {
        (
            f"iracing:{row['cust_id']}",
            row["lap_number"],
            None if row["lap_time"] < 0 else int(row["lap_time"] / 10 + 0.5),
            row.get("lap_position"),
            *(behind(row) if is_of_marts else told(row)),
            ", ".join(row["lap_events"]),
            row["lap_time"] > 0 and "invalid" not in row["lap_events"],
            "pitted" in row["lap_events"],
        )
        for row in laps
    }


def told(row: dict[str, Any]) -> tuple[int | None, int | None]:
    """Milliseconds, or else laps, behind the leader; lap data does not know of him."""
    unit = row.get("interval_units")
    return (-row["interval"] if unit == "ms" else None), (-row["interval"] if unit == "lap" else None)


def behind(row: dict[str, Any]) -> tuple[int | None, int | None]:
    """The same with zeros: the leader's own, and no lap where there is a time."""
    gap, laps = told(row)
    is_placed = "lap_position" in row and laps is None
    return (gap or 0, 0) if is_placed else (gap, laps)


def races(warehouse: Warehouse) -> dict[str, str]:
    """The id of the first race of each variant."""
    truth = json.loads((warehouse.folder / "files" / ".truth.json").read_text("utf-8"))["races"]
    return {race["variant"]: race["race_id"] for race in reversed(truth)}


def saved(folder: Path, name: str) -> list[dict[str, Any]]:
    """All rows that a file has, or that an index names."""
    document = json.loads((folder / name).read_text("utf-8"))
    if isinstance(document, list):
        return document
    names = [chunk.partition("?")[0] for chunk in document["chunk_info"]["chunk_file_names"]]
    return [row for chunk in names for row in json.loads((folder / chunk).read_text("utf-8"))]


@pytest.mark.parametrize(
    ("variant", "name"),
    [(CHARTED, "lap_chart.json"), (ONE_CAR, "lap_data.json"), (UNINDEXED, "laps of sunday.json")],
)
def test_laps_are_those_of_the_files(warehouse: Warehouse, variant: str, name: str) -> None:
    rows = saved(warehouse.folder / "files" / "iracing_api", name)
    found = warehouse.query(LAPS.format(races(warehouse)[variant]))
    assert len(found) == len(set(found))
    assert set(found) == expected(rows)


def test_laps_without_results_are_no_race(warehouse: Warehouse) -> None:
    """Of one race there is an index alone, and of no session of the sample are laps the only file."""
    states = {str(name): (state, detail) for name, state, detail in warehouse.query(STATES)}
    assert states.pop("lap_chart (1).json") == ("waiting", "an index, which waits for 1 of its 1 files of laps")
    assert set(states.values()) == {("used", "")}
    assert not warehouse.query(LAPS.format(races(warehouse)[LOST]))
    kept = warehouse.query("select distinct source_format from marts.file_quality where state = 'kept' order by 1")
    assert kept == [("acc_entry_list_json",), ("iracing_event_log_index_json",), ("iracing_event_log_json",)]


def test_whom_laps_name_can_be_forgotten(warehouse: Warehouse) -> None:
    """What finds a person's files finds those of laps."""
    held = warehouse.query(
        "select drivers.driver_id, drivers.driver_name from ops.file_drivers as drivers "
        "inner join staging.stg_files__sightings using (file_id) where file_name = 'laps of sunday.json'"
    )
    rows = saved(warehouse.folder / "files" / "iracing_api", "laps of sunday.json")
    assert set(held) == {(f"iracing:{row['cust_id']}", row["display_name"]) for row in rows}


def test_laps_wait_for_their_race_and_an_index_for_its_laps(warehouse: Warehouse, built: Warehouse) -> None:
    """Without results there is neither a race nor a lap of one."""
    folder = warehouse.folder / "files" / "iracing_api"
    index = json.loads((folder / "lap_chart.json").read_text("utf-8"))
    names = [name.partition("?")[0] for name in index["chunk_info"]["chunk_file_names"]]
    other = built.other("iracing_laps", is_copy=True)
    other.run("simrace", "land", folder / names[0], folder / "lap_chart.json", folder / "laps of sunday.json")
    other.run("dbt", "build", "--select", "+int_result_file_lines", "+int_race_laps_deduplicated", *AGAIN)
    waiting = other.query(
        "select file_name, waits_for from intermediate.int_result_file_lines "
        "inner join staging.stg_files__sightings using (file_id)"
    )
    assert {str(name): what for name, what in waiting} == {
        names[0]: "laps, which wait for the results of their race",
        "lap_chart.json": f"an index, which waits for {len(names) - 1} of its {len(names)} files of laps",
        "laps of sunday.json": "laps, which wait for the index that names their session",
    }
    assert not other.query("select 1 from intermediate.int_event_sessions_united")
    assert not other.query("select 1 from intermediate.int_race_laps_deduplicated")


def test_real_laps_wait_for_their_race(warehouse: Warehouse, real_files: Path) -> None:
    """The chunk lost its name, so nothing says what race it is of; its index and the standings land."""
    folders = ("iracing-api-other-json", "iracing-standings-csv")
    other = warehouse.other("real_iracing_laps")
    other.run("simrace", "land", *(real_files / folder for folder in folders), check=False)
    other.run("dbt", "build", "--select", "+int_files_with_state", "+int_iracing_laps_matched", *NO_TESTS)
    landed = other.query(
        "select source_format, state, count(*), sum(lines_read) from intermediate.int_files_with_state "
        "where state <> 'refused' group by 1, 2 order by 1"
    )
    rows = json.loads(next(real_files.glob("iracing-api-other-json/*lapChartChunk.json")).read_text("utf-8"))
    places = [path.read_text("cp1252").rstrip().count("\n") for path in real_files.glob("iracing-standings-csv/*.csv")]
    assert landed == [
        ("iracing_lap_index_json", "waiting", 1, 1),
        ("iracing_laps_json", "waiting", 1, len(rows)),
        ("iracing_standings_csv", "used", len(places), sum(places)),
    ]
    with (real_files / "SOURCES.csv").open(encoding="utf-8", newline="") as sources:
        notes = [row["note"] for row in csv.DictReader(sources) if row["file"].startswith("iracing-standings-csv/")]
    told = [int(match[1].replace(",", "")) for note in notes if (match := re.search(r"([\d,]+) drivers", note))]
    assert sorted(places) == sorted(told)
    for path in real_files.glob("iracing-standings-csv/*.csv"):
        lines = csv.DictReader(io.StringIO(path.read_text("cp1252")))
        given = other.query(
            "select driver_id, driver_name, position, cast(points as integer), wins, is_of_week, state "
            "from intermediate.int_standings_united inner join staging.stg_files__sightings using (file_id) "
            f"where file_name = '{path.name}' order by line_number"
        )
        assert given == [
            (f"iracing:{line['custid']}", line["name"].strip(), int(line["position"]), int(line["points"]),
             int(line["wins"]), "week" in line, "loaded")
            for line in lines
        ]  # fmt: skip
    found = other.query(
        "select driver_id, lap_number, lap_time_ms, position_after_lap, gap_to_leader_ms, laps_down, "
        "coalesce(lap_events, ''), is_valid, is_pit_lap from intermediate.int_iracing_laps_matched where lap_number > 0"
    )
    assert set(found) == expected(rows, is_of_marts=False)
    index = json.loads(next(real_files.glob("iracing-api-other-json/*lapChart.json")).read_text("utf-8"))
    timed = [(int(str(time)), lap) for _, lap, time, *_ in found if time]
    assert min(timed) == (round(index["best_lap_time"] / 10), index["best_lap_num"])
