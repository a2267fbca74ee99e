"""`simrace championship`: rules checked before the season, rounds step by step, what-if, publication."""

import csv
import html
import io
import re
import shutil
from contextlib import closing
from decimal import Decimal
from pathlib import Path
from typing import Any

import psycopg2
import pytest
import yaml

from simrace.championships import publication, scoring, steps
from simrace.championships.marts import Scored, find_championship, read_scored
from simrace.championships.seeds import SEEDS, Finding, Seeds, file_of, read_seeds
from simrace.database.pseudonyms import pseudonym
from tests.conftest import ROOT, Warehouse

CUP = "example_gt_coast_2026"
OTHERS = ("example_saltwind_lmu", "example_saltwind_raceroom")
KEY = "a key that is longer than thirty-two characters"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """The files that a check reads, to be changed."""
    shutil.copy(ROOT / "dbt_project.yml", tmp_path)
    (tmp_path / "seeds").mkdir()
    for name in (*SEEDS, "_seeds"):
        shutil.copy(ROOT / "seeds" / f"{name}.{'yml' if name == '_seeds' else 'csv'}", tmp_path / "seeds")
    return tmp_path


def _add(project: Path, seed: str, *lines: str) -> int:
    """Add lines to a seed; return the number of the first."""
    file = project / file_of(seed)
    text = file.read_text("utf-8")
    file.write_text(text + "".join(f"{line}\n" for line in lines), "utf-8")
    return text.count("\n") + 1


def _told(project: Path) -> list[Finding]:
    return read_seeds(project).findings


def test_the_seeds_that_are_shipped_have_nothing_to_tell(project: Path) -> None:
    assert _told(project) == []


def test_every_rule_is_a_row_that_can_be_written(project: Path) -> None:
    """What the var says of a rule is enough to write it; what the rules need besides is written too."""
    rules: dict[str, str | list[str]] = yaml.safe_load((project / "dbt_project.yml").read_text("utf-8"))["vars"][
        "championship_rules"
    ]
    _add(project, "championship_entries", f"{OTHERS[0]},lmu:9001,driver,Oak,,2026-03-01,")
    for rule, kind in rules.items():
        value = kind[-1] if isinstance(kind, list) else "1"
        points = "2" if kind in ("points", "steps") else ""
        _add(project, "championship_rules", f"{OTHERS[0]},{rule},{value},{points}")
    # it gives no points for the fastest lap
    assert [str(each).partition(": warning: ")[2] for each in _told(project)] == [
        "does nothing: the fastest lap gives no points (fastest_lap_points)"
    ]


@pytest.mark.parametrize(
    ("seed", "line", "message"),
    [
        ("championship_rules", f"{CUP},minimum_distanse,75,", "no rule 'minimum_distanse'; is it 'minimum_distance'?"),
        ("championship_rules", f"{CUP},half_points,1,", "no rule 'half_points'; the rules are rounds_dropped, scored_in"),
        ("championship_rules", f"{CUP},guests,pass_place_up,", "it is hold_places or pass_places_up; is it 'pass_places_up'?"),
        ("championship_rules", f"{CUP},minimum_distance,lots,", "minimum_distance cannot be 'lots': it is a number above 0"),
        ("championship_rules", f"{CUP},minimum_distance,-5,", "minimum_distance cannot be '-5': it is a number above 0"),
        ("championship_rules", f"{CUP},minimum_distance,175,", "is more than 100 percent"),
        ("championship_rules", f"{CUP},minimum_distance,75,3", "minimum_distance has no points"),
        ("championship_rules", f"{CUP},lap_led,2,1", "lap_led has the value 1"),
        ("championship_rules", f"{CUP},lap_led,1,", "lap_led needs points"),
        ("championship_rules", f"{CUP},incidents,8,-3", "the points of incidents are taken"),
        ("championship_rules", f"{CUP},rounds_dropped,1,", "dropped and counted at once: rounds_counted is 4 in"),
        ("championship_rules", f"{CUP},scored_in,,", "value is blank, and is needed"),
        ("championship_rules", "example_gt_coast_2027,guests,hold_places,", "is it 'example_gt_coast_2026'?"),
        ("championship_rules", "nobody,guests,hold_places,", "give it a row in seeds/championships.csv"),
        ("championship_rules", f"{CUP},who_is_not_entered,is_guest,", "nobody would score"),
        ("championship_rules", f"{CUP},team_cars_counted,2,", "nobody drives for a team"),
        ("championship_rules", f"{OTHERS[0]},fastest_lap_within,3,", "the fastest lap gives no points"),
        ("championship_rules", f"{CUP},rounds_dropped", "has 2 cells, and the first line names 4 columns"),
        ("championships", "oak,Oak Cup,,,Oak,,,,fia_top_12,race,,,,,,,,", "no points table 'fia_top_12'; is it 'fia_top_"),
        ("championships", "oak,Oak Cup,,,Oak,,,,fia_top_10,fortnight,,,,,,,,", "should be one of race, week, event"),
        ("championships", "oak,Oak Cup,,,Oak,,,,fia_top_10,race,0,,,,,,,", "rounds_counted is less than 1"),
        ("championships", "oak,Oak Cup,,,Oak,,,,fia_top_10,race,2.5,,,,,,,", "should be a whole number"),
        ("championships", "oak,Oak Cup,,,Oak,,,,fia_top_10,race,,x,,,,,,", "should be a number such as 12 or 0.5"),
        ("championships", "oak,Oak Cup,,,Oak,,,,fia_top_10,race,,,,,,,2026-04-31,", "should be a day such as 2026-03-31"),
        ("championships", "oak,Oak Cup,,,Oak,,,,fia_top_10,race,,,,,,,2026-05-01,2026-04-01", "before it begins on 2026-05-01"),
        ("championships", "oak,Oak Cup,,,,,,GT3,fia_top_10,race,,,,,,,,", "fill in one of sim, league_id"),
        ("championships", "oak,,,,Oak,,,,fia_top_10,race,,,,,,,,", "championship_name is blank, and is needed"),
        ("championships", f"{CUP},Again,,,Oak,,,,fia_top_10,race,,,,,,,,", "stands in line 2 already"),
        ("championships", "oak,Oak Cup,,,Oak ,,,,fia_top_10,race,,,,,,,,", "series_name has a blank before or after it: 'Oak '"),
        ("championship_entries", f"{CUP},iracing:9001,drivr,,,2026-01-01,", "driver, reserve, guest; is it 'driver'?"),
        ("championship_entries", f"{CUP},iracing:9001,driver,,,2026-02-01,2026-01-01", "ends on 2026-01-01"),
        ("championship_entries", f"{CUP},iracing:9001,driver,,Pro,2026-02-01,", "class_name does nothing without"),
        ("championship_races", f"{CUP},,,,,2", "fill in either race_id or simsession_name"),
        ("championship_races", f"{CUP},r,HEAT 1,,,2", "fill in either race_id or simsession_name"),
        ("championship_races", f"{CUP},r,,,,-1", "points_factor is less than 0"),
        ("championship_races", f"{CUP},r,,,ladder,", "no points table 'ladder'; give it rows in seeds/points_tables.csv"),
        ("points_tables", "fia_top_10,11,40", "position 11 of fia_top_10 gives more than the place ahead"),
        ("points_tables", "fia_top_10,13,1", "fia_top_10 has no row for position 12"),
        ("points_tables", "fia_top_10,10,2", "this place stands in line 11 already"),
        ("points_tables", "oak,0,2", "position is less than 1"),
        ("points_tables", "oak,1,0", "points are not above 0"),
        ("points_tables", "points,1,9", "points means the points of files"),
        ("steward_decisions", "r,e,disqualified,5,,2026-03-01", "a disqualification has no amount"),
        ("steward_decisions", "r,e,time_penalty,,,2026-03-01", "time_penalty needs an amount above 0"),
        ("steward_decisions", "r,e,places,2,,yesterday", "should be a time such as"),
        ("steward_decisions", "r,e,disqualification,,,2026-03-01", "is it 'disqualified'?"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told_with_file_and_line(project: Path, seed: str, line: str, message: str) -> None:
    number = _add(project, seed, line)
    told = [each for each in _told(project) if message in each.message]
    assert [(each.file, each.line) for each in told] == [(file_of(seed), number)]
    assert str(told[0]).startswith(f"seeds/{seed}.csv:{number}: {'error' if told[0].is_error else 'warning'}: ")


@pytest.mark.parametrize(
    ("first", "second", "is_wrong"),
    [
        (",2026-03-31", "2026-04-01,", False),
        ("2026-01-01,2026-03-31", "2026-03-31,", True),
        ("2026-01-01,", "2026-04-01,2026-04-30", True),
        (",", ",", True),
    ],
)
def test_nobody_drives_for_two_teams_on_one_day(project: Path, first: str, second: str, is_wrong: bool) -> None:
    rows = (f"{CUP},iracing:9001,driver,{team},,{dates}" for team, dates in (("Oak", first), ("Ash", second)))
    number = _add(project, "championship_entries", *rows)
    told = [(each.line, each.message) for each in _told(project)]
    assert [line for line, _ in told] == ([number + 1] if is_wrong else [])
    assert all("for Oak and Ash" in message and f"give line {number} a last_date" in message for _, message in told)


def test_rules_that_exclude_each_other_are_told(project: Path) -> None:
    _add(project, "championships", "oak,Oak Cup,,,Oak,,,GT3,fia_top_10,race,,,,,,,,")
    first = _add(project, "championship_rules", "oak,scored_in,overall,", "oak,rating_at_least,3000,")
    again = _add(project, "championship_rules", "oak,rating_at_most,2500,", "oak,incidents,8,1", "oak,incidents,8.0,2")
    told = {each.line: each.message for each in _told(project)}
    assert told.keys() == {first, again, again + 2}
    assert "contradicts car_class_name" in told[first]
    assert "is below rating_at_least, 3000" in told[again]
    assert f"stands in line {again + 1} already" in told[again + 2]


@pytest.mark.parametrize(
    ("old", "new", "messages"),
    [
        ("rule,value,points", "rule,valeu,points", ["'valeu' is no column of it; is it 'value'?", "the column value is missing"]),
        ("rule,value,points", "rule,value,points,points", ["has the column points twice"]),
        ("rule,value,points", "rule,value,points,note", ["'note' is no column of it; leave it out"]),
        ("championship_id,rule,value,points\n", "", ["the file is empty"]),
        ("points\n", 'points\nx,"y,1,\n', ["is no CSV"]),
    ],
)  # fmt: skip
def test_a_file_that_is_no_table_of_its_columns_is_told(project: Path, old: str, new: str, messages: list[str]) -> None:
    file = project / file_of("championship_rules")
    file.write_text(file.read_text("utf-8").replace(old, new, 1), "utf-8")
    told = [each.message for each in _told(project) if each.file == file_of("championship_rules")]
    assert len(told) == len(messages)
    assert all(message in one for message, one in zip(messages, told, strict=True))


def test_a_missing_file_and_one_that_is_not_utf_8_are_told(project: Path) -> None:
    (project / file_of("championship_races")).unlink()
    (project / file_of("points_tables")).write_bytes(b"points_table,position,points\nf\xfcnf,1,5\n")
    told = {each.file: (each.line, each.message) for each in _told(project)}
    assert told[file_of("championship_races")][1].startswith("the file is missing; one without rows has this line: champ")
    assert told[file_of("points_tables")] == (2, 'the file is not UTF-8; save it as "CSV UTF-8"')
