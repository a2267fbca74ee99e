"""Places, gaps and laps led against what the files themselves say, counted again without SQL."""

import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterable
from itertools import accumulate
from pathlib import Path
from typing import Any

from tests.conftest import NO_TESTS, Warehouse

RANKED = """
    select race_id, entry_id, lap_number, session_time_ms, position_after_lap, position_source
    from intermediate.int_race_laps_ranked
"""


def places(ends: Iterable[tuple[Any, Any, float]]) -> dict[tuple[Any, Any], int]:
    """The place of each car and lap, from (car, lap, when it ended)."""
    by_lap = defaultdict(list)
    for car, lap, ended in ends:
        by_lap[lap].append((ended, car))
    return {
        (car, lap): 1 + sum(other < ended for other, _ in there)
        for lap, there in by_lap.items()
        for ended, car in there
    }


def held(warehouse: Warehouse, races: str) -> dict[tuple[object, object], object]:
    rows = warehouse.query(
        f"select entry_id, lap_number, position_after_lap from marts.fct_race_laps where race_id like '{races}'"
    )
    return {(entry, lap): place for entry, lap, place in rows}


def test_places_of_acc_are_the_order_of_its_list(warehouse: Warehouse) -> None:
    path = next(path for path in (warehouse.folder / "files").rglob("*_R.json"))
    laps = json.loads(path.read_text("utf-16-le"))["laps"]
    counts: dict[str, int] = defaultdict(int)
    ends = []
    for at, lap in enumerate(laps):
        car = str(lap["carId"])
        counts[car] += 1
        ends.append((car, counts[car], at))
    assert held(warehouse, "acc:%") == places(ends)


def test_places_of_assetto_corsa_are_those_of_the_clock(warehouse: Warehouse) -> None:
    folder = warehouse.folder / "files" / "results"
    player = json.loads(next(folder.glob("*race_out.json")).read_text("utf-8"))["sessions"][-1]
    times: dict[int, list[int]] = defaultdict(list)
    for lap in sorted(player["laps"], key=lambda lap: lap["lap"]):
        times[lap["car"]].append(lap["time"] if lap["time"] > 0 else sum(lap["sectors"]))
    wanted = places(
        (str(car), lap, ended) for car, driven in times.items() for lap, ended in enumerate(accumulate(driven), 1)
    )
    found = warehouse.query(
        "select entry_id, lap_number, position_after_lap from marts.fct_race_laps where race_id in "
        "(select event_session_id from intermediate.int_event_session_files join staging.stg_files__sightings "
        "using (file_id) where is_race and file_name like '%race_out%')"
    )
    assert {(entry, lap): place for entry, lap, place in found} == wanted


def test_gaps_add_up(warehouse: Warehouse) -> None:
    """To the leader it is the sum of those from car to car, where the clock is ours."""
    rows = warehouse.query(
        "select race_id, lap_number, sum(gap_ahead_ms), max(gap_to_leader_ms) from marts.fct_race_laps "
        "where position_source = 'lap_times' group by race_id, lap_number "
        "having bool_and(laps_down = 0) and count(gap_ahead_ms) = count(*) - 1 and count(*) > 1"
    )
    assert len(rows) > 3
    assert all(total == most for *_, total, most in rows)


def test_passes_are_pairs_of_cars_that_changed_places(warehouse: Warehouse) -> None:
    """Each pair of cars in each two laps in a row, one after the other."""
    laps: dict[object, dict[object, dict[int, tuple[int, bool, object]]]] = defaultdict(lambda: defaultdict(dict))
    for race, entry, lap, place, in_pits, entrant in warehouse.query(
        "select race_id, entry_id, lap_number, position_after_lap, is_pit_lap, entrant_id from marts.fct_race_laps "
        "where race_id in (select race_id from marts.fct_race_results where overtakes_made is not null)"
    ):
        laps[race][entry][lap] = (place, in_pits, entrant)
    wanted: dict[tuple[object, object], list[int]] = defaultdict(lambda: [0, 0, 0, 0])
    for race, cars in laps.items():
        for car, driven in cars.items():
            for lap in sorted(driven)[1:]:
                (before, was_in, _), (after, is_in, entrant) = driven[lap - 1], driven[lap]
                counts = wanted[race, entrant]
                for other, others in cars.items():
                    if other == car or lap - 1 not in others:
                        continue
                    if lap not in others:
                        counts[3] += max(others) < lap and others[lap - 1][0] < before
                        continue
                    ahead, now = before - others[lap - 1][0], after - others[lap][0]  # a shared place is no pass
                    change = (ahead > 0 > now) - (ahead < 0 < now)
                    if was_in or is_in or others[lap - 1][1] or others[lap][1]:
                        counts[2] += change
                    elif change:
                        counts[change < 0] += 1
    told = warehouse.query(
        "select race_id, entrant_id, overtakes_made, overtakes_lost, places_gained_in_pits, "
        "places_gained_by_retirements from marts.fct_race_results where overtakes_made is not null"
    )
    assert sum(row[2] for row in told) > 20
    assert {(race, entrant): counts for race, entrant, *counts in told} == {
        (race, entrant): wanted[race, entrant] for race, entrant, *_ in told
    }


def test_laps_led_are_counted_where_the_file_counts_none(warehouse: Warehouse) -> None:
    led = warehouse.query(
        "select race_id, sum(laps_led), bool_and(laps_led_source = 'laps') from marts.fct_race_results "
        "where race_id like 'acc:%' or race_id like 'assetto_corsa:%' group by race_id"
    )
    most = dict(warehouse.query("select race_id, max(lap_number) from marts.fct_race_laps group by race_id"))
    assert len(led) >= 3
    assert all(laps == most[race] for race, laps, is_counted in led if is_counted)
    assert any(is_counted for *_, is_counted in led)


def test_real_places_are_those_of_the_files(warehouse: Warehouse, real_files: Path) -> None:
    """Where a file gives places, those of its clock are the same, but for what the file contradicts."""
    names = ("raceroom-results-json", "rfactor-xml", "lmu-xml", "acc-results-json", "assetto-corsa-results-json",
             "assetto-corsa-race-out-json")  # fmt: skip
    other = warehouse.other("race_places")
    other.run("simrace", "land", *(real_files / name for name in names), check=False)
    other.run("dbt", "build", "--select", "+int_race_laps_ranked", *NO_TESTS)
    rows = other.query(RANKED)
    of_file = [row for row in rows if row[5] == "file" and row[3] is not None]
    counted = places(((race, entry), (race, lap), ended) for race, entry, lap, ended, *_ in of_file)
    same: dict[str, list[bool]] = defaultdict(list)
    for race, entry, lap, _, place, _ in of_file:
        same[race.split(":")[0]].append(counted[(race, entry), (race, lap)] == place)
    shares = {sim: sum(equal) / len(equal) for sim, equal in same.items()}
    assert shares.pop("lmu") > 0.8  # its places are off by one where a car has just left
    assert len(shares) >= 3 and all(share > 0.8 for share in shares.values()), shares
    assert shares["raceroom"] > 0.97
    of_list = [row for row in rows if row[5] == "lap_order"]
    dated = [row for row in of_list if row[3] is not None]
    assert len(dated) > 500
    by_clock = places(((race, entry), (race, lap), ended) for race, entry, lap, ended, *_ in dated)
    by_list = places(((race, entry), (race, lap), place) for race, entry, lap, _, place, _ in dated)
    assert by_clock == by_list
    compared = 0
    for path in (path for name in ("rfactor-xml", "lmu-xml") for path in (real_files / name).iterdir()):
        held_laps = other.query(
            "select laps.fuel_fraction, laps.tyre_tread_rear_right_fraction, laps.virtual_energy_fraction "
            "from intermediate.int_race_laps_deduplicated as laps "
            "join staging.stg_files__sightings as sightings on sightings.file_id = laps.file_id "
            f"where sightings.file_path = '{path}'"
        )
        if not held_laps:
            continue
        race = re.search("<(Race[0-9]?)>.*</\\1>", path.read_bytes().decode("latin-1"), re.DOTALL)
        assert race
        for column, name in enumerate(("fuel", "twrr", "ve")):
            shares_told = map(float, re.findall(f'<Lap [^>]* {name}="([0-9.]+)"', race[0]))
            listed = Counter(share for share in shares_told if share <= 1)  # one program writes litres
            assert Counter(float(row[column]) for row in held_laps if row[column] is not None) == listed, path
            compared += len(listed)
    assert compared > 100
