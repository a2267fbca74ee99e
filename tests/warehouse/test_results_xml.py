"""Races of Le Mans Ultimate and the sims before it, from their XML to the marts."""

import re
from collections import Counter
from decimal import ROUND_HALF_UP, Decimal
from html import unescape
from pathlib import Path

from tests.conftest import NO_TESTS, Warehouse

CARS = """
    select
        results.race_id, results.entrant_id, results.finish_position, results.out_reason, results.laps,
        results.race_time_ms, results.gap_to_winner_ms, results.is_starter, false as is_team
    from marts.fct_race_results as results
    union all
    select
        race_id, entrant_id, finish_position, out_reason, laps, race_time_ms, interval_ms, null, true
    from marts.fct_race_team_results
"""


def texts(element: str, tag: str) -> list[str]:
    return [unescape(text).strip() for text in re.findall(f"<{tag}(?: [^>]*)?>([^<]*)</{tag}>", element)]


def cars_of(text: str, kind: str) -> list[str]:
    """Elements of the cars in all sessions of a kind, found without a parser."""
    found = re.findall(rf"<({kind}[0-9]?)>(.*?)</\1>", text, flags=re.DOTALL)
    return [car for _, session in found for car in re.findall("<Driver>.*?</Driver>", session, flags=re.DOTALL)]


def milliseconds(element: str, tag: str) -> int | None:
    found = texts(element, tag)
    return int((Decimal(found[0]) * 1000).quantize(Decimal(1), ROUND_HALF_UP)) if found else None


def test_a_race_of_the_samples_is_what_its_file_says(warehouse: Warehouse) -> None:
    (path,) = (warehouse.folder / "files/results").glob("*R1.xml")
    cars = cars_of(path.read_bytes().decode("latin-1"), "Race")
    rows = warehouse.query(f"select * from ({CARS}) as cars where race_id like 'lmu:%-Sunday Endurance:%'")
    drivers = {str(row[1]): row[2:] for row in rows if not row[-1]}
    shared = cars[0]
    crew = [f"driver:name:{name}" for name in texts(shared, "Swap")]
    assert len(drivers) == len(cars) + 1
    assert len(crew) == 2
    assert sum(int(str(drivers[driver][2])) for driver in crew) == int(texts(shared, "Laps")[0])

    (team,) = (row for row in rows if row[-1])
    assert team[2:7] == (1, "running", int(texts(shared, "Laps")[0]), milliseconds(shared, "FinishTime"), 0)
    assert team[5] != sum(round(float(lap) * 1000) for lap in texts(shared, "Lap") if lap != "--.----")

    for car in cars[1:]:
        row = drivers[f"driver:name:{texts(car, 'Name')[0]}"]
        assert (row[0], row[2], row[3]) == (
            int(texts(car, "Position")[0]),
            int(texts(car, "Laps")[0]),
            milliseconds(car, "FinishTime"),
        )
    ends = Counter((row[1], row[5]) for row in drivers.values())
    assert ends == {
        ("running", True): len(cars) - 2,
        (None, True): 1,
        ("suspension", True): 1,
        ("did not start", False): 1,
    }
    laps = (
        "select count(*), count(lap_time_ms), count(distinct entry_id) "
        "from marts.fct_race_laps where race_id like 'lmu:%-Sunday Endurance:%'"
    )
    listed = [lap for car in cars for lap in texts(car, "Lap")]
    assert warehouse.query(laps) == [(len(listed), len(listed) - listed.count("--.----"), len(cars) - 1)]


def test_qualifying_is_a_session_of_the_event_of_the_race(warehouse: Warehouse) -> None:
    sessions = warehouse.query(
        "select distinct split_part(event_session_id, ':', 2), session_type, is_race "
        "from marts.dim_event_sessions where event_session_id like 'lmu:%-Sunday Endurance:%' order by 2"
    )
    assert [session[1:] for session in sessions] == [("qualifying", False), ("race", True)]
    assert len({session[0] for session in sessions}) == 1

    (path,) = (warehouse.folder / "files/results").glob("*Q1.xml")
    cars = cars_of(path.read_bytes().decode("latin-1"), "Qualify")
    results = warehouse.query(
        "select entrant_id, position, laps, best_lap_ms from marts.fct_qualifying_results "
        "where event_session_id like 'lmu:%-Sunday Endurance:%'"
    )
    assert set(results) == {
        (
            f"driver:name:{texts(car, 'Name')[0]}",
            int(texts(car, "Position")[0]),
            int(texts(car, "Laps")[0]),
            milliseconds(car, "BestLapTime"),
        )
        for car in cars
    }


def test_real_races_are_what_their_files_say(warehouse: Warehouse, real_files: Path) -> None:
    """The tree is read against texts that are found without a parser."""
    paths = [path for folder in ("rfactor-xml", "lmu-xml") for path in sorted((real_files / folder).iterdir())]
    other = warehouse.other("results_xml")
    other.run("simrace", "land", *paths, check=False)
    other.run("dbt", "build", "--select", "+fct_race_results", "+fct_race_team_results", "+fct_race_laps", *NO_TESTS)
    landed = dict(other.query("select file_path, file_id from staging.stg_files__sightings"))
    assert len(landed) >= 0.9 * len(paths)
    races = 0
    for path in map(str, paths):
        cars = cars_of(Path(path).read_bytes().decode("latin-1"), "Race")
        if path not in landed or not cars:
            continue
        where = f"file_id = '{landed[path]}'"
        results = other.query(
            "select finish_position, laps, race_time_ms, out_reason, entry_id, is_team "
            f"from intermediate.int_race_results_deduplicated where {where}"
        )
        if not results:
            assert other.query(f"select 1 from intermediate.int_event_session_files where {where} and not is_winner")
            continue
        races += 1
        one_a_car = {row[4]: row for row in sorted(results, key=lambda row: bool(row[5]))}
        listed = Counter(
            (int(texts(car, "Laps")[0]), milliseconds(car, "FinishTime")) for car in cars if "<Laps>" in car
        )
        assert not listed - Counter((row[1], row[2]) for row in one_a_car.values()), path
        assert sorted(int(str(row[0])) for row in one_a_car.values()) == list(range(1, len(cars) + 1)), path
        finished = sorted((-int(str(row[1])), row[2], row[0]) for row in one_a_car.values() if row[2] and row[1])
        assert [place for *_, place in finished] == sorted(place for *_, place in finished), path
        laps = other.query(f"select count(*) from intermediate.int_race_laps_deduplicated where {where}")
        assert laps == [(sum(car.count("<Lap ") for car in cars),)], path
    assert races >= 10
