"""Standings that iRacing gives are what their files say, beside what the league's races add up to."""

import csv
import io
import json

from simrace.generator.iracing_api import LEAGUE_ADJUSTMENT
from tests.conftest import Warehouse

GIVEN = """
    select driver_id, driver_name, position, cast(points as float), wins, starts, is_of_week, championship_id
    from marts.championship_standings_given as given
    inner join staging.stg_files__sightings as sightings using (file_id)
    where sightings.file_name = '{}' order by position, driver_id
"""


def test_standings_of_a_season_are_what_its_files_say(warehouse: Warehouse) -> None:
    folder = warehouse.folder / "files" / "iracing_api"
    rows = json.loads((folder / "standings.json").read_text("utf-8"))
    assert warehouse.query(GIVEN.format("standings.json")) == [
        (f"iracing:{row['cust_id']}", row["display_name"], row["rank"], row["points"], row["wins"], row["starts"],
         None, None)
        for row in rows
    ]  # fmt: skip
    lines = csv.DictReader(io.StringIO((folder / "season_standings.csv").read_bytes().decode("cp1252")))
    assert warehouse.query(GIVEN.format("season_standings.csv")) == [
        (f"iracing:{line['custid']}", line["name"], int(line["position"]), float(line["points"]), int(line["wins"]),
         int(line["starts"]), False, None)
        for line in lines
    ]  # fmt: skip


def test_standings_of_a_league_stand_beside_those_of_its_races(warehouse: Warehouse) -> None:
    """The league took points from its leader, which no file of results tells."""
    document = json.loads((warehouse.folder / "files" / "iracing_api" / "league_standings.json").read_text("utf-8"))
    listed = document["standings"]["driver_standings"]
    championship_id = f"iracing:league_season:{document['season_id']}"
    assert warehouse.query(GIVEN.format("league_standings.json")) == [
        (f"iracing:{row['driver']['cust_id']}", row["driver"]["display_name"], row["position"], row["total_points"],
         row["wins"], None, False, championship_id)
        for row in listed
    ]  # fmt: skip
    compared = warehouse.query(
        "select driver_id, cast(points_difference as float), position - computed_position - position_difference, "
        "cast(computed_points as float) from marts.championship_standings_given "
        f"where championship_id = '{championship_id}'"
    )
    adjusted = {f"iracing:{row['driver']['cust_id']}": row["total_adjustments"] for row in listed}
    assert {(driver, points, places) for driver, points, places, _ in compared} == {
        (driver, points, 0) for driver, points in adjusted.items()
    }
    assert sorted(adjusted.values())[:2] == [-LEAGUE_ADJUSTMENT, 0]
    ours = "select driver_id, cast(points as float) from marts.championship_standings where championship_id = '{}'"
    assert sorted((driver, points) for driver, *_, points in compared) == sorted(
        warehouse.query(ours.format(championship_id))
    )


def test_whom_standings_name_can_be_forgotten(warehouse: Warehouse) -> None:
    held = warehouse.query(
        "select drivers.driver_id from ops.file_drivers as drivers "
        "inner join staging.stg_files__sightings using (file_id) where file_name = 'season_standings.csv'"
    )
    assert sorted(held) == sorted((driver,) for driver, *_ in warehouse.query(GIVEN.format("season_standings.csv")))
    assert held
