"""`simrace championship`: rules checked before the season, rounds step by step, what-if, publication."""

import csv
import html
import io
import re
import shutil
from collections.abc import Iterator
from contextlib import closing
from decimal import Decimal
from pathlib import Path
from typing import Any

import psycopg2
import pytest
import yaml

from simrace.build import beside
from simrace.build.dbt import Compiled
from simrace.build.seed_files import Finding, file_of
from simrace.championships import scoring, steps
from simrace.championships.check import check
from simrace.championships.marts import (
    BONUSES,
    ChampionshipError,
    Scored,
    find_championship,
    of_this_version,
    read_scored,
)
from simrace.championships.seeds import SEEDS, read_seeds
from simrace.championships.what_if import Change, Decision, what_if
from simrace.database.connection import ConnectionParameters
from simrace.database.pseudonyms import pseudonym
from simrace.database.settings import configured_settings
from simrace.report.as_html import make_html
from simrace.report.as_picture import PictureError, make_png
from simrace.report.as_text import make_csv, make_markdown
from simrace.report.document import Bullets, Document, Heading, Part, Sheet
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
        (
            "championship_rules",
            f"{CUP},half_points,1,",
            "no rule 'half_points'; the rules are rounds_dropped, scored_in",
        ),
        (
            "championship_rules",
            f"{CUP},guests,pass_place_up,",
            "it is hold_places or pass_places_up; is it 'pass_places_up'?",
        ),
        (
            "championship_rules",
            f"{CUP},minimum_distance,lots,",
            "minimum_distance cannot be 'lots': it is a number above 0",
        ),
        (
            "championship_rules",
            f"{CUP},minimum_distance,-5,",
            "minimum_distance cannot be '-5': it is a number above 0",
        ),
        ("championship_rules", f"{CUP},minimum_distance,175,", "is more than 100 percent"),
        ("championship_rules", f"{CUP},minimum_distance,75,3", "minimum_distance has no points"),
        ("championship_rules", f"{CUP},lap_led,2,1", "lap_led has the value 1"),
        ("championship_rules", f"{CUP},lap_led,1,", "lap_led needs points"),
        ("championship_rules", f"{CUP},lap_led,1,0", "the points of lap_led are given"),
        ("championship_rules", f"{CUP},incidents,8,-3", "the points of incidents are taken"),
        ("championship_rules", f"{CUP},rounds_dropped,1,", "dropped and counted at once: rounds_counted is 4 in"),
        ("championship_rules", f"{CUP},scored_in,,", "value is blank, and is needed"),
        ("championship_rules", "example_gt_coast_2027,guests,hold_places,", "is it 'example_gt_coast_2026'?"),
        ("championship_rules", "nobody,guests,hold_places,", "give it a row in seeds/championships.csv"),
        ("championship_rules", f"{CUP},who_is_not_entered,is_guest,", "nobody would score"),
        ("championship_rules", f"{CUP},team_cars_counted,2,", "nobody drives for a team"),
        ("championship_rules", f"{OTHERS[0]},fastest_lap_within,3,", "the fastest lap gives no points"),
        ("championship_rules", f"{CUP},rounds_dropped", "has 2 cells, and the first line names 4 columns"),
        (
            "championships",
            "oak,Oak Cup,,,Oak,,,,fia_top_12,race,,,,,,,,",
            "no points table 'fia_top_12'; is it 'fia_top_",
        ),
        ("championships", "oak,Oak Cup,,,Oak,,,,fia_top_10,fortnight,,,,,,,,", "should be one of race, week, event"),
        ("championships", "oak,Oak Cup,,,Oak,,,,fia_top_10,race,0,,,,,,,", "rounds_counted is less than 1"),
        ("championships", "oak,Oak Cup,,,Oak,,,,fia_top_10,race,2.5,,,,,,,", "should be a whole number"),
        ("championships", "oak,Oak Cup,,,Oak,,,,fia_top_10,race,,x,,,,,,", "should be a number such as 12 or 0.5"),
        (
            "championships",
            "oak,Oak Cup,,,Oak,,,,fia_top_10,race,,,,,,,2026-04-31,",
            "should be a day such as 2026-03-31",
        ),
        (
            "championships",
            "oak,Oak Cup,,,Oak,,,,fia_top_10,race,,,,,,,2026-05-01,2026-04-01",
            "before it begins on 2026-05-01",
        ),
        ("championships", "oak,Oak Cup,,,,,,GT3,fia_top_10,race,,,,,,,,", "fill in one of sim, league_id"),
        ("championships", "oak,,,,Oak,,,,fia_top_10,race,,,,,,,,", "championship_name is blank, and is needed"),
        ("championships", f"{CUP},Again,,,Oak,,,,fia_top_10,race,,,,,,,,", "stands in line 2 already"),
        (
            "championships",
            "oak,Oak Cup,,,Oak ,,,,fia_top_10,race,,,,,,,,",
            "series_name has a blank before or after it: 'Oak '",
        ),
        ("championship_entries", f"{CUP},iracing:9001,drivr,,,2026-01-01,", "driver, reserve, guest; is it 'driver'?"),
        ("championship_entries", f"{CUP},iracing:9001,driver,,,2026-02-01,2026-01-01", "ends on 2026-01-01"),
        ("championship_entries", f"{CUP},iracing:9001,driver,,Pro,2026-02-01,", "class_name does nothing without"),
        ("championship_races", f"{CUP},,,,,2", "fill in either race_id or simsession_name"),
        ("championship_races", f"{CUP},r,HEAT 1,,,2", "fill in either race_id or simsession_name"),
        ("championship_races", f"{CUP},r,,,,-1", "points_factor is less than 0"),
        (
            "championship_races",
            f"{CUP},r,,,ladder,",
            "no points table 'ladder'; give it rows in seeds/points_tables.csv",
        ),
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
)
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
        (
            "rule,value,points",
            "rule,valeu,points",
            ["'valeu' is no column of it; is it 'value'?", "the column value is missing"],
        ),
        ("rule,value,points", "rule,value,points,points", ["has the column points twice"]),
        ("rule,value,points", "rule,value,points,note", ["'note' is no column of it; leave it out"]),
        ("championship_id,rule,value,points\n", "", ["the file is empty"]),
        ("points\n", 'points\nx,"y,1,\n', ["is no CSV"]),
    ],
)
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
    assert told[file_of("championship_races")][1].startswith(
        "the file is missing; one without rows has this line: champ"
    )
    assert told[file_of("points_tables")] == (2, 'the file is not UTF-8; save it as "CSV UTF-8"')


def _scored(**changed: Any) -> Scored:
    usual: dict[str, Any] = {
        "race_id": "r1", "driver_id": "d1", "entry_id": "e1", "role": "driver",
        "team_name": None, "class_name": None, "round_key": "r1",
        "race_number": 1, "finish_position": 2, "classified_position": 2, "scored_position": 2, "grid_position": 4,
        "points_table": "oak", "points_factor": 1, "race_points": 18, "bonus_points": 0, "pole_points": 0,
        "fastest_lap_points": 0, "clean_race_points": 0, "lap_led_points": 0, "most_laps_led_points": 0,
        "most_places_gained_points": 0, "points_deducted": 0, "points_for_incidents": 0, "points_awarded": 0,
        "is_counted": True, "is_disqualified": False, "is_classified": True, "is_passed_up": False,
    }  # fmt: skip
    row = usual | changed
    points = re.compile(".*_(points|factor|deducted|incidents|awarded)")
    return Scored(**{name: Decimal(str(cell)) if points.fullmatch(name) else cell for name, cell in row.items()})


def test_steps_say_how_a_place_became_points() -> None:
    assert steps.place(_scored()) == "2"
    assert steps.place(_scored(classified_position=1, scored_position=1)) == "2, 1 after the stewards"
    moved = _scored(finish_position=4, classified_position=3, scored_position=1, class_name="Am")
    assert steps.place(moved) == "4, 3 after the stewards, scores as 1 in Am"
    assert steps.place(_scored(is_disqualified=True, classified_position=None)) == "2, disqualified by the stewards"
    assert steps.place(_scored(is_classified=False, scored_position=None)) == "2, not classified"
    assert steps.place(_scored(is_passed_up=True, scored_position=None)) == "2, passed up to those behind"
    assert steps.race_points(_scored()) == "18 (oak)"
    assert steps.race_points(_scored(points_factor="0.5", race_points=9)) == "9 = 18 (oak) x 0.5"
    assert steps.race_points(_scored(points_table="league_points", race_points=7)) == "7 (of the file)"
    assert steps.race_points(_scored(role="guest", race_points=0)) == "0, a guest"
    assert steps.bonuses(_scored(pole_points=1, most_laps_led_points="2.5")) == "pole 1, most laps led 2.5"
    changed = _scored(points_deducted=5, points_for_incidents=3, points_awarded=100)
    assert steps.changes(changed) == "-3 for incidents, -2 by the stewards, +100 by the stewards"


def test_steps_say_what_counts_and_why_not() -> None:
    better = _scored(race_number=2, race_id="r2", race_points=25)
    worse = _scored(is_counted=False, points_awarded=4)
    other = _scored(race_number=3, race_id="r3", round_key="r3", is_counted=False)
    reserve = _scored(role="reserve", race_number=4, race_id="r4", round_key="r4")
    every = [worse, better, other, reserve]
    assert [steps.counting(each, every) for each in every] == [
        "no, another race of the round counts",
        "yes",
        "dropped, other rounds are better",
        "yes, for the team alone",
    ]
    assert [steps.total_until(each, every) for each in every] == [4, 29, 29, None]


HOSTILE = "=cmd|' /C calc'!A0 <img src=x onerror=alert(1)> |*_`~ [a](https://b) @everyone\n\u202eevil www.c"


def test_names_are_no_markup_and_no_formula(warehouse: Warehouse) -> None:
    sheet = Sheet("Drivers", ("Place", "Driver", "Points"), [(1, HOSTILE, Decimal("-1.50"))])
    made = Document(HOSTILE, HOSTILE, "", [])
    made.add(Bullets([HOSTILE, "1. no list", "- no list"]), Heading(HOSTILE), sheet)
    text = make_markdown(made)
    [line] = [line for line in text.splitlines() if line.startswith("| 1 ")]
    assert len(re.findall(r"(?<!\\)\|", line)) == 4
    assert not re.search(r"(?<!\\)[*_`~<>\[\]]|@everyone|(?<!\\)://|www\.|\u202e", line)
    assert line.endswith("| -1.5 |")
    assert "|--:|---|--:|" in text
    assert "\n* 1\\. no list\n* \\- no list\n" in text
    assert not [line for line in text.splitlines() if re.search(r"(?<!\\)[<~`]|@everyone|\u202e", line)]
    page = make_html(made)
    assert "<img" not in page
    assert html.escape("<img src=x onerror=alert(1)>") in page
    with closing(psycopg2.connect(warehouse.url)) as connection, connection.cursor() as cursor:
        rows = list(csv.reader(io.StringIO(make_csv(cursor, made))))
    assert rows[0] == ["Table", "Place", "Driver", "Points"]
    assert rows[1][2].startswith("'=cmd")
    assert rows[1][3] == "-1.5"


def _checked(warehouse: Warehouse, *arguments: str) -> Any:
    return warehouse.run("simrace", "championship", *arguments, check=False)


@pytest.mark.usefixtures("models")
def test_check_scores_the_seeds_without_a_build(
    warehouse: Warehouse, parameters: ConnectionParameters, project: Path
) -> None:
    [(driver,)] = warehouse.query(
        f"select driver_id from marts.championship_standings where championship_id = '{CUP}' order by position limit 1"
    )
    empty = _add(project, "championships", "oak,Oak Cup,,,Oak,,,,fia_top_10,race,,,,,,,,")
    short = _add(project, "championships", "ash,Ash Cup,,,,,,,sprint,race,99,,,,lmu,Saltwind Trophy,,")
    _add(project, "points_tables", "sprint,1,5")
    drops = _add(project, "championship_rules", f"{OTHERS[0]},rounds_dropped,50,", "lmu:league_season:1,ties,shared,")
    entry = _add(project, "championship_entries", f"{CUP},{driver},driver,Oak,,,", f"{CUP},{driver}x,driver,,,,")
    race = _add(project, "championship_races", f"{CUP},no-such-race,,,sprint,")
    decision = _add(project, "steward_decisions", "no-such-race,e,disqualified,,,2026-03-01")
    held = _state(warehouse)
    checked = check(parameters, project)
    assert (checked.championships, checked.not_looked_at) == (6, "")
    told: dict[tuple[str, int], list[str]] = {}
    for each in checked.findings:
        assert not each.is_error
        told.setdefault((Path(each.file).stem, each.line), []).append(each.message)
    assert told["championships", empty][0].startswith("no race is selected by it so far")
    assert re.fullmatch(
        r"counts the best 99 rounds, and \d+ were held: nothing is dropped yet", told["championships", short][0]
    )
    assert re.fullmatch(r"sprint gives points to 1 places, and \d+ were taken: .*", told["championships", short][1])
    assert "one of them counts nevertheless" in told["championship_rules", drops][0]
    assert "no file landed so far makes a championship" in told["championship_rules", drops + 1][0]
    assert ("championship_entries", entry) not in told
    assert f"is it '{driver}'" in told["championship_entries", entry + 1][0]
    assert "no race 'no-such-race' was seen" in told["championship_races", race][0]
    assert "no race 'no-such-race' was seen" in told["steward_decisions", decision][0]
    of_one = check(parameters, project, "ash").findings
    assert {(each.file, each.line) for each in of_one} == {
        ("seeds/championships.csv", short), ("seeds/steward_decisions.csv", decision)
    }  # fmt: skip
    assert _state(warehouse) == held


def test_check_with_errors_ends_with_1(warehouse: Warehouse, project: Path) -> None:
    wrong = _add(project, "championship_rules", f"{CUP},minimum_distanse,75,")
    other = Warehouse(warehouse.folder, {**warehouse.environment, "SIMRACE_PROJECT": str(project)})
    done = other.run("simrace", "championship", "check", CUP, check=False)
    assert done.returncode == 1
    assert done.stdout.startswith(f"seeds/championship_rules.csv:{wrong}: error: there is no rule 'minimum_distanse'")
    assert "What was driven was not looked at: with errors" in done.stderr


def test_a_warehouse_of_another_version_is_told() -> None:
    with (
        pytest.raises(ChampionshipError, match=r'no column "oak"\nBring it up to date with `simrace run`'),
        of_this_version(),
    ):
        raise psycopg2.errors.UndefinedColumn('no column "oak"')


def test_check_says_how_many_errors_and_of_which_championship(warehouse: Warehouse) -> None:
    done = _checked(warehouse, "check", CUP)
    assert done.returncode == 0
    assert done.stdout.splitlines()[-1].startswith("1 championship, 0 errors, ")
    wrong = _checked(warehouse, "check", "example_gt_coast_2025")
    assert wrong.returncode == 1
    assert f"is it '{CUP}'" in wrong.stderr


@pytest.mark.parametrize("championship", [CUP, *OTHERS])
def test_show_says_what_the_marts_say(warehouse: Warehouse, championship: str) -> None:
    done = _checked(warehouse, "show", championship)
    assert done.returncode == 0, done.stderr
    with closing(psycopg2.connect(warehouse.url)) as connection:
        found = find_championship(connection, championship)
        scored = read_scored(connection, championship)
    assert f"Round {len(found.rounds)}" in done.stdout
    last = {race.race_id for race in found.rounds[-1].races}
    for line in scored:
        assert line.bonus_points == sum(getattr(line, column) for column in BONUSES)
        if line.race_id in last:
            assert found.drivers[line.driver_id][:12] in done.stdout
    # the totals after the last race are the standings
    totals = {line.driver_id: steps.total_until(line, scored) for line in scored if line.role == "driver"}
    standings = warehouse.query(
        f"select driver_id, points from marts.championship_standings where championship_id = '{championship}'"
    )
    assert totals == dict(standings)


def test_show_a_driver_shows_every_round(warehouse: Warehouse) -> None:
    [(driver, name, races)] = warehouse.query(
        "select driver_id, driver_name, standings.races from marts.championship_standings as standings "
        f"join marts.dim_drivers using (driver_id) where championship_id = '{CUP}' order by position limit 1"
    )
    shown = [_checked(warehouse, "show", CUP, "--driver", word).stdout for word in (str(driver), str(name).upper())]
    assert shown[0] == shown[1]
    assert shown[0].count("  counts ") == races
    assert re.search(r"^  points +\d+ \(fia_top_10\)$", shown[0], re.MULTILINE)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("show", "example_gt_coast_2025"), f"is it '{CUP}'"),
        (("show", CUP, "--round", "99"), "has no round 99: rounds 1 to "),
        (("show", CUP, "--driver", "Nobody At All"), "is called 'Nobody At All'; "),
        (("what-if", CUP, "--disqualify", "Nobody At All", "--round", "1"), "is called 'Nobody At All'; "),
        (("what-if", CUP, "--points", "x=0", "--round", "1"), "write DRIVER=NUMBER, a number not 0"),
        (("what-if", CUP, "--time-penalty", "x=-5", "--round", "1"), "write DRIVER=NUMBER, a number above 0"),
        (("what-if", CUP, "--places", "x=1.5", "--round", "1"), "places are a whole number"),
        (("what-if", CUP, "--places", "5", "--round", "1"), "write DRIVER=NUMBER, a number above 0"),
        (("what-if", CUP, "--disqualify", "x"), "say which with --round"),
        (("publish", CUP, "--pseudonymise"), "SIMRACE_PSEUDONYM_KEY"),
    ],
)
def test_what_cannot_be_done_is_said(warehouse: Warehouse, arguments: tuple[str, ...], message: str) -> None:
    done = _checked(warehouse, *arguments)
    assert done.returncode == 1
    assert message in done.stderr.replace("\n", " ")


@pytest.fixture(scope="module")
def parameters(warehouse: Warehouse) -> ConnectionParameters:
    return ConnectionParameters(configured_settings({"SIMRACE_DATABASE_URL": warehouse.url}) or {})


@pytest.fixture(scope="module")
def models(warehouse: Warehouse, parameters: ConnectionParameters) -> Iterator[dict[str, Compiled]]:
    """The SQL, compiled once for all what-ifs of this file."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in warehouse.environment.items():
            patch.setenv(name, value)
        compiled = scoring.compile_scoring(parameters)
        patch.setattr(scoring, "compile_scoring", lambda _: compiled)
        yield compiled


def test_nothing_else_stands_between_the_seeds_and_the_tables(
    warehouse: Warehouse, models: dict[str, Compiled]
) -> None:
    """A model between them that is not scored beside the warehouse would be read as it was built."""
    children: dict[str, set[str]] = {}
    nodes = warehouse.manifest()["nodes"]
    for node in nodes.values():
        if node["resource_type"] == "model":
            for parent in node["depends_on"]["nodes"]:
                children.setdefault(parent.rpartition(".")[2], set()).add(node["name"])

    def below(name: str) -> set[str]:
        return {name}.union(*(below(child) for child in children.get(name, ())))

    tables = {scoring.ROUNDS, scoring.STANDINGS, scoring.TEAM_STANDINGS}
    after = {name for seed in SEEDS for name in below(seed) if below(name) & tables} - {*SEEDS}
    assert after == {*scoring.SCORED}
    results = {name for name in below(scoring.RESULTS) if below(name) & tables} - {scoring.RESULTS}
    # laps led are those of who drove, whoever else is left out
    assert results - after <= {
        "int_race_lap_inputs",
        "int_race_laps_ranked",
        "int_race_position_changes",
        "dim_driver_versions",
        "dim_drivers",
    }
    order = list(models)
    assert all(order.index(parent) < order.index(name) for name, model in models.items() for parent in model.parents)


def test_nothing_changed_changes_nothing(
    warehouse: Warehouse, parameters: ConnectionParameters, models: dict[str, Compiled]
) -> None:
    """Of every championship, and by the seeds as by the marts."""
    for (championship,) in warehouse.query("select distinct championship_id from marts.championship_rounds"):
        outcome = what_if(parameters, str(championship), Change())
        assert outcome.drivers_after == outcome.drivers != []
        assert outcome.teams_after == outcome.teams
    with scoring.beside(parameters) as cursor:
        rows = read_seeds(ROOT).rows
        beside.make_all(cursor, models, {name: beside.rows_of(row.cells for row in rows[name]) for name in SEEDS})
        for table in (scoring.ROUNDS, scoring.STANDINGS, scoring.TEAM_STANDINGS):
            cursor.execute(f"(table pg_temp.{table} except table marts.{table}) union all "
                           f"(table marts.{table} except table pg_temp.{table})")  # fmt: skip
            assert cursor.fetchall() == []


def _table(name: str) -> dict[int, Decimal]:
    return {int(row["position"]): Decimal(row["points"]) for row in read_seeds(ROOT).rows["points_tables"]
            if row["points_table"] == name}  # fmt: skip


def _round_one(warehouse: Warehouse, championship: str) -> dict[str, tuple[Any, ...]]:
    """Place, name, points for the place, and bonus of each driver in the first race."""
    rows = warehouse.query(
        "select driver_id, scored_position, driver_name, race_points, bonus_points from marts.championship_rounds "
        f"join marts.dim_drivers using (driver_id) where championship_id = '{championship}' and race_number = 1 "
        "order by scored_position"
    )
    return {str(driver): tuple(rest) for driver, *rest in rows}


@pytest.mark.usefixtures("models")
def test_who_is_disqualified_or_was_not_there_passes_places_up(
    warehouse: Warehouse, parameters: ConnectionParameters
) -> None:
    [cup] = OTHERS[:1]
    first = _round_one(warehouse, cup)
    winner, second, *_ = first
    places = _table("fia_top_10")
    held = _state(warehouse)
    disqualified = what_if(parameters, cup, Change(decisions=[Decision(winner, "disqualified")], round=1))
    before, after = (
        {line.key: line.points for line in lines} for lines in (disqualified.drivers, disqualified.drivers_after)
    )
    assert before[winner] - after[winner] == places[1] + first[winner][3]
    assert after[second] - before[second] == places[1] - places[2]
    left_out = what_if(parameters, cup, Change(without=[first[winner][1]], round=1))
    after = {line.key: line.points for line in left_out.drivers_after}
    assert after[second] - before[second] >= places[1] - places[2]
    assert winner not in after or before[winner] - after[winner] == places[1] + first[winner][3]
    assert _state(warehouse) == held


@pytest.mark.usefixtures("models")
def test_places_time_and_points_are_those_of_the_stewards(
    warehouse: Warehouse, parameters: ConnectionParameters
) -> None:
    [cup] = OTHERS[:1]
    first = _round_one(warehouse, cup)
    winner, second, third, *_ = first
    places = _table("fia_top_10")
    before = {line.key: line.points for line in what_if(parameters, cup, Change()).drivers}

    def after(*decisions: Decision) -> dict[str, Decimal]:
        outcome = what_if(parameters, cup, Change(decisions=[*decisions], round=1))
        return {line.key: line.points - before[line.key] for line in outcome.drivers_after}

    lost = after(Decision(winner, "places", Decimal(2)))
    assert [lost[each] for each in (winner, second, third)] == [
        places[3] - places[1], places[1] - places[2], places[2] - places[3]
    ]  # fmt: skip
    given = after(Decision(second, "points_bonus", Decimal(5)), Decision(third, "points_deduction", Decimal("2.5")))
    assert {key: points for key, points in given.items() if points} == {second: 5, third: Decimal("-2.5")}
    late = after(Decision(winner, "time_penalty", Decimal(100_000)))
    assert late[winner] < 0 < late[second]


def _state(warehouse: Warehouse) -> tuple[object, ...]:
    """All that a scoring beside the warehouse must leave alone: marts, seeds, and which tables there are."""
    rows = "select md5(coalesce(string_agg(t::text, ',' order by t::text), '')) from staging.{} as t"
    seeds = [warehouse.query(rows.format(seed)) for seed in SEEDS]
    relations = warehouse.query(
        "select oid, relname, relfilenode from pg_class "
        "where relnamespace::regnamespace::text in ('marts', 'intermediate', 'staging', 'public') order by 1"
    )
    return warehouse.checksums(), seeds, relations


def test_what_if_shows_before_and_after(warehouse: Warehouse) -> None:
    """The command as people call it; it compiles the SQL itself."""
    first = _round_one(warehouse, CUP)
    name = next(iter(first.values()))[1]
    [(race,)] = warehouse.query(
        f"select distinct race_id from marts.championship_rounds where championship_id = '{CUP}' and race_number = 1"
    )
    held = _state(warehouse)
    changes = ("--points", f"{name}=-3", "--points", f"{name}=+1.5")
    done = _checked(warehouse, "what-if", CUP, "--race", str(race), *changes)
    assert done.returncode == 0, done.stderr
    [line] = [line for line in done.stdout.splitlines() if re.search(r"-1\.5\W*$", line)]
    assert str(name) in line
    assert _state(warehouse) == held


BEGINS = {"md": "| ", "html": "<tr><td", "csv": "Drivers after"}  # of a line of the standings


@pytest.mark.parametrize("kind", ["md", "html", "csv"])
def test_publish_writes_what_the_marts_hold(warehouse: Warehouse, kind: str, tmp_path: Path) -> None:
    file = tmp_path / f"standings.{kind}"
    done = _checked(warehouse, "publish", CUP, "-o", str(file))
    assert done.returncode == 0, done.stderr
    text = file.read_text("utf-8")
    drivers = warehouse.query(
        "select driver_name, trim_scale(points)::text from marts.championship_standings "
        f"join marts.dim_drivers using (driver_id) where championship_id = '{CUP}'"
    )
    assert drivers
    for name, points in drivers:
        shown = {"html": html.escape(str(name)), "md": re.sub(r"([_*&])", r"\\\1", str(name))}.get(kind, str(name))
        [line] = [line for line in text.splitlines() if shown in line and BEGINS[kind] in line][:1]
        assert re.search(rf"\b{re.escape(str(points))}\b", line)
    [(rounds,)] = warehouse.query(f"select rounds from marts.dim_championships where championship_id = '{CUP}'")
    assert f"Round {rounds}" in text


def test_publish_draws_a_picture_of_letters_that_the_font_has(warehouse: Warehouse, tmp_path: Path) -> None:
    image = pytest.importorskip("PIL.Image")
    file = tmp_path / "standings.png"
    done = _checked(warehouse, "publish", CUP, "--round", "1", "-o", str(file))
    assert done.returncode == 0, done.stderr
    with image.open(file) as picture:
        assert picture.format == "PNG"
        assert min(picture.size) > 300
        assert len(picture.getcolors(1 << 20)) > 3
    with pytest.raises(PictureError, match="has no \U00012000: name the file of one that has with --font"):
        make_png(Document("Oak Cup", "", "", [Part(Sheet("Drivers", ("Driver",), [("\U00012000",)]))]))
    nowhere = _checked(warehouse, "publish", CUP, "--format", "png")
    assert (nowhere.returncode, "name a file with -o" in nowhere.stderr) == (1, True)


def test_publish_hides_names_where_asked(warehouse: Warehouse) -> None:
    first = [str(values[1]) for values in _round_one(warehouse, CUP).values()]
    keyed = Warehouse(warehouse.folder, {**warehouse.environment, "SIMRACE_PSEUDONYM_KEY": KEY})
    text = keyed.run("simrace", "championship", "publish", CUP, "--round", "1", "--pseudonymise").stdout
    assert not [name for name in first if name in text]
    assert all(pseudonym(name, "Driver", {"SIMRACE_PSEUDONYM_KEY": KEY}) in text for name in first)
