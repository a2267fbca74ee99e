"""Practice and qualifying of an event never stand in for its race, in whatever order the files come."""

import csv
import io
import itertools
import json
import os
import re
from pathlib import Path

import pytest

from simrace.generator import season
from simrace.generator.iracing_csv import Style, csv_bytes
from simrace.generator.iracing_json import raw_text
from simrace.generator.race import Race
from tests.conftest import AGAIN, Warehouse

KINDS = ("practice", "qualifying", "race")
ORDERS = tuple(itertools.permutations(KINDS))
STATES = """
    select sightings.file_path, files.state, sessions.session_type, files.lines_read, files.lines_loaded
    from intermediate.int_files_with_state as files
    inner join staging.stg_files__sightings as sightings using (file_id)
    inner join intermediate.int_event_sessions_united as sessions using (file_id)
"""


def exported(race: Race, kind: str) -> bytes:
    """The race's export as the site would make it of another session: nobody has a place on the grid."""
    text = csv_bytes(race, Style("official_2019")).decode()
    head, _, table = text.partition('"Fin Pos"')
    rows = list(csv.reader(io.StringIO('"Fin Pos"' + table)))
    header, lines = rows[0], rows[1:]
    if kind != "race":
        for line in lines:
            line[header.index("Start Pos")] = "0"
            line[header.index("Out ID")], line[header.index("Out")] = "0", "Running"
    if kind == "qualifying":
        for line in lines[:3]:
            line[header.index("Qualify Time")] = "1:29.125"
    made = io.StringIO()
    csv.writer(made, quoting=csv.QUOTE_ALL, lineterminator="\n").writerows([header, *lines])
    return (head + made.getvalue()).encode()


def _milliseconds(lap_time: str) -> int:
    minutes, _, seconds = lap_time.rpartition(":")
    return round(1000 * (60 * int(minutes or 0) + float(seconds)))


def build(other: Warehouse) -> None:
    results = ("+int_races_deduplicated", "+int_practice_and_qualifying_results", "+int_files_with_state")
    other.run("dbt", "build", "--select", *results, *AGAIN)


@pytest.fixture(scope="module")
def other(built: Warehouse) -> Warehouse:
    return built.other("event_sessions", is_copy=True)


def test_a_race_is_a_race_in_every_order(other: Warehouse, monkeypatch: pytest.MonkeyPatch) -> None:
    """One event an order: the order of landing, and of the last change, which decides between files of one race.

    Then the documents of the events come, which number their sessions: practice and qualifying stay one session each.
    """

    def write_trio(directory: Path, race: Race) -> list[Path]:
        order = ORDERS[len(list(directory.glob("0/*")))]
        document = directory / "documents" / f"{race.subsession_id}.json"
        document.parent.mkdir(exist_ok=True)
        document.write_text(raw_text(race), encoding="utf-8")
        for place, kind in enumerate(order):
            path = directory / str(place) / f"eventresult_{race.subsession_id} {kind}.csv"
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(exported(race, kind))
            os.utime(path, (1_700_000_000 + place, 1_700_000_000 + place))
        return []

    files = other.folder / "files"
    monkeypatch.setattr(season, "ROTATION", (("official_2019",),) * 3)
    monkeypatch.setattr(season, "_write", write_trio)
    season.write_season(files, len(ORDERS), seed=5)
    for place in range(len(KINDS)):
        other.run("simrace", "land", files / str(place))
        if place != 1:
            build(other)
        if place == 0:
            firsts = sorted(order[0] for order in ORDERS)
            assert sorted(str(kind) for _, _, kind, *_ in other.query(STATES)) == firsts
            of_races = other.query("select count(*) from intermediate.int_races_deduplicated")
            assert of_races == [(firsts.count("race"),)], "practice or qualifying alone is no race"
    states = other.query(STATES)
    assert len(states) == len(KINDS) * len(ORDERS)
    for file_path, state, session_type, lines_read, lines_loaded in states:
        kind = Path(str(file_path)).stem.split()[1]
        assert session_type == kind
        assert state == "used"
        assert lines_loaded == lines_read
    winners = other.query(
        "select file_name from intermediate.int_races_deduplicated inner join staging.stg_files__files using (file_id)"
    )
    assert len(winners) == len(ORDERS)
    assert all(str(name).endswith(" race.csv") for (name,) in winners)
    sessions = "select event_session_id, simsession_number from intermediate.int_event_sessions_deduplicated"
    known = {str(session).rpartition(":")[2] for session, _ in other.query(sessions)}
    assert known == {"practice", "qualifying", "0"}

    other.run("simrace", "land", files / "documents")
    build(other)
    numbered = other.query(sessions)
    assert len(numbered) == len(KINDS) * len(ORDERS)
    assert {number for _, number in numbered} == {-2, -1, 0}
    assert all(str(session).endswith(f":{number}") for session, number in numbered)
    of_files = {str(path): state for path, state, *_ in other.query(STATES)}
    assert {state for path, state in of_files.items() if path.endswith(".csv")} == {"superseded"}
    assert {state for path, state in of_files.items() if path.endswith(".json")} == {"used"}


def test_real_exports_of_one_event_are_told_apart(other: Warehouse, real_files: Path) -> None:
    named = {
        str(path): match[1].lower()
        for path in (real_files / "iracing-results-csv").glob("*.csv")
        if (match := re.search(r"-(Practice|Qualify|Race)[.]csv$", path.name))
    }
    assert len(named) >= 3 * len(KINDS)
    other.run("simrace", "land", *named)
    build(other)
    found = {str(path): (kind, state) for path, state, kind, *_ in other.query(STATES) if str(path) in named}
    wanted = {"practice": ("practice", "used"), "qualify": ("qualifying", "used"), "race": ("race", "used")}
    assert found == {path: wanted[kind] for path, kind in named.items()}

    fastest = other.query(
        "select file_path, result_kind, count(*), count(best_lap_ms), min(best_lap_ms) "
        "from intermediate.int_practice_and_qualifying_results inner join staging.stg_files__sightings using (file_id) "
        "where file_path like '%-Qualify.csv' or file_path like '%-Practice.csv' group by 1, 2"
    )
    expected = set()
    for path, kind in named.items():
        if kind != "race":
            table = Path(path).read_text(encoding="cp1252").partition('"Fin Pos"')[2]
            rows = list(csv.DictReader(io.StringIO('"Fin Pos"' + table)))
            laps = [_milliseconds(row["Fastest Lap Time"]) for row in rows if row["Fastest Lap Time"]]
            expected.add((path, wanted[kind][0], len(rows), len(laps), min(laps, default=None)))
    assert set(fastest) == expected
    assert any(lap for *_, lap in expected)


def test_one_real_race_in_two_encodings_is_one_race(other: Warehouse, real_files: Path) -> None:
    """Nothing in the file or its names says which race it is. Drivers who changed cars stand in it twice."""
    copies = list((real_files / "acc-results-json").glob("*race.to.fix.positions.json"))
    assert len(copies) == 2
    other.run("simrace", "land", *copies)
    build(other)
    found = other.query(
        "select session_files.event_session_id, session_files.state "
        "from intermediate.int_event_session_files as session_files "
        "inner join staging.stg_files__sightings using (file_id) where file_name like '%race.to.fix.positions.json'"
    )
    assert len({session for session, _ in found}) == 1
    assert sorted(state for _, state in found) == ["superseded", "winner"]

    text = next(copy.read_text("utf-8") for copy in copies if b"\0" not in copy.read_bytes()[:2])
    cars = json.loads(text)["sessionResult"]["leaderBoardLines"]
    listed = [driver["playerId"] for line in cars for driver in line["car"]["drivers"]]
    counted = other.query(
        "select lines_read, lines_loaded + lines_superseded, lines_refused from intermediate.int_result_file_lines "
        "inner join staging.stg_files__sightings using (file_id) where file_name like '%race.to.fix.positions.json'"
    )
    assert set(counted) == {(len(listed), len(set(listed)), len(listed) - len(set(listed)))}
    without_laps = other.query(
        "select count(*) from intermediate.int_race_results_united "
        "inner join staging.stg_files__sightings using (file_id) "
        "where file_name like '%race.to.fix.positions.json' and refused_reason is not null and laps > 0"
    )
    assert without_laps == [(0,)]
