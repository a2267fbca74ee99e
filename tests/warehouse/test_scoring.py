"""The SQL of championships against an independent script: a season of the generator, scored by rules of leagues."""

import random
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import closing
from datetime import UTC, timedelta
from decimal import Decimal
from itertools import groupby
from typing import Any

import psycopg2
import pytest
from psycopg2.extensions import cursor as Cursor  # noqa: N812 - psycopg2 writes its classes small

from simrace.build import beside
from simrace.build.dbt import Compiled
from simrace.championships import scoring
from simrace.championships import standings as made_by_python
from simrace.championships.marts import BONUSES, Rules, Scored, read_standings, read_team_standings, scored_rows
from simrace.championships.next_round import Season, held
from simrace.database.connection import ConnectionParameters
from tests.conftest import Warehouse
from tests.warehouse.test_championships import models, parameters

__all__ = ["models", "parameters"]

CUP = "example_gt_coast_2026"
COUNTED = 4  # as seeds/championships.csv has it
TABLE = {1: 25, 2: 18, 3: 15, 4: 12, 5: 10, 6: 8, 7: 6, 8: 4, 9: 2, 10: 1}
RESULTS = """
    select
        results.race_id, dates.green_flag_at, driver_id, entrant_id, results.car_class_name, out_reason, is_starter,
        is_ai, laps, laps_led, best_lap_ms, incidents, irating_before, finish_position, finish_position_in_class,
        start_position, start_position_in_class
    from marts.fct_race_results as results
    join marts.dim_event_sessions as races on results.race_id = races.event_session_id
    join marts.dim_races as dates on results.race_id = dates.race_id
    where races.series_name = 'GT Coast Challenge' and races.season_year = 2026 and races.simsession_number >= 0
    order by dates.green_flag_at, races.subsession_id::bigint, races.simsession_number, results.race_id
"""
Row = dict[str, Any]
Standings = dict[str, tuple[int, Decimal]]


class Script:
    """A championship as a page of Python scores it: one driver a car, rounds by week."""

    def __init__(self, rows: list[Row], rules: list[Row], entries: list[Row]) -> None:
        self.rules = {each["rule"]: each for each in rules}
        self.steps = sorted((int(each["value"]), int(each["points"])) for each in rules if each["rule"] == "incidents")
        self.entries = {each["driver_id"]: each for each in entries}
        self.in_class = self.says("scored_in") == "class"
        self.lines: list[Row] = []
        races = [list(lines) for _, lines in groupby(rows, lambda row: str(row["race_id"]))]
        self.races = range(len(races))
        for number, race in enumerate(races):
            self.lines += [line | {"number": number} for line in self.race(race)]
        self.count()

    def says(self, rule: str) -> Any:
        return self.rules[rule]["value"] if rule in self.rules else None

    def gives(self, rule: str) -> int:
        return int(self.rules[rule]["points"]) if rule in self.rules else 0

    def race(self, lines: list[Row]) -> Iterator[Row]:
        fields: dict[str, list[Row]] = defaultdict(list)
        for line in lines:
            entry = self.entries.get(line["driver_id"], {})
            above = self.says("rating_at_most") and (line["irating_before"] or 0) > int(self.says("rating_at_most"))
            absent = self.says("who_is_not_entered") == "is_guest" and not entry
            line["role"] = "guest" if above or absent else entry.get("role", "driver")
            line["team"] = entry.get("team_name")
            line["thrown_out"] = line["out_reason"] == "disqualified"
            line["gone"] = (line["role"] == "guest" and self.says("guests") == "pass_places_up") or (
                line["thrown_out"] and self.says("disqualified") == "pass_places_up"
            )
            fields[(entry.get("class_name") or line["car_class_name"]) if self.in_class else ""].append(line)
        own = self.in_class and any(self.entries.get(line["driver_id"], {}).get("class_name") for line in lines)
        for field in fields.values():
            for name in ("finish", "start"):
                self.places(field, f"{name}_position", own)
            yield from self.points(field)

    def places(self, field: list[Row], column: str, own: bool) -> None:
        for line in field:
            ahead = [each for each in field if line[column] and each[column] and each[column] < line[column]]
            told = line[f"{column}_in_class" if self.in_class else column]
            if line["gone"] or not line[column]:
                place = None
            elif own:
                place = 1 + sum(not each["gone"] for each in ahead)
            else:
                place = told - sum(each["gone"] for each in ahead)
            line[f"scored_{column}"] = place

    def points(self, field: list[Row]) -> Iterator[Row]:
        most = max((line["laps"] or 0 for line in field if not line["thrown_out"]), default=0)
        for line in field:
            far = not self.says("minimum_distance") or line["laps"] * 100 >= int(self.says("minimum_distance")) * most
            home = self.says("retired") != "score_nothing" or line["out_reason"] == "running"
            line["place"] = line["scored_finish_position"] if far and home else None
        people = [line for line in field if not line["is_ai"]]
        fastest = min(people, key=_of_lap)
        led = max((line["laps_led"] or 0 for line in people if not line["gone"]), default=0)
        gained = max(map(_gained, people), default=0)
        for line in people:
            scores = line["role"] != "guest" and not line["thrown_out"]
            line["points"] = TABLE.get(line["place"], 0) if scores and line["is_starter"] else 0
            within = self.says("fastest_lap_within")
            bonus = (
                (line["scored_start_position"] == 1)
                + (
                    line is fastest
                    and bool(line["best_lap_ms"])
                    and (not within or (line["place"] or 99) <= int(within))
                )
                + self.gives("lap_led") * bool(line["laps_led"])
                + self.gives("most_laps_led") * (led > 0 and line["laps_led"] == led)
                + self.gives("most_places_gained") * (gained > 0 and _gained(line) == gained)
            )
            line["bonus"] = bonus if scores else 0
            line["taken"] = max(
                (points for number, points in self.steps if (line["incidents"] or 0) >= number), default=0
            )
            yield line

    def count(self) -> None:
        """The best race of a week counts, and of a season the best weeks."""
        for line in self.lines:
            day = line["green_flag_at"].astimezone(UTC).date()
            line["week"], line["counts"] = day - timedelta((day.weekday() - 1) % 7), False
        for driver in {(line["driver_id"], line["role"]) for line in self.lines}:
            mine = [line for line in self.lines if (line["driver_id"], line["role"]) == driver]
            best: dict[Any, Row] = {}
            for line in sorted(mine, key=lambda line: (-line["points"] - line["bonus"], line["number"])):
                best.setdefault(line["week"], line)
            for line in list(best.values())[:COUNTED]:
                line["counts"] = True

    def drivers(self) -> Standings:
        standings = {}
        for driver in {line["driver_id"] for line in self.lines if line["role"] == "driver"}:
            mine = {
                line["number"]: line for line in self.lines if (line["driver_id"], line["role"]) == (driver, "driver")
            }
            points = sum((line["points"] + line["bonus"]) * line["counts"] - line["taken"] for line in mine.values())
            places = [
                (mine[race]["place"] or 999) if race in mine and mine[race]["counts"] else 999 for race in self.races
            ]
            standings[driver] = (-points, [] if self.says("ties") == "shared" else [*sorted(places), *places[::-1]])
        return _ranked(standings)

    def teams(self) -> Mapping[str, Decimal]:
        teams: dict[str, int] = defaultdict(int)
        of_race: dict[tuple[str, int], list[int]] = defaultdict(list)
        for line in self.lines:
            if line["team"] and line["role"] != "guest":
                of_race[line["team"], line["number"]].append(line["points"] + line["bonus"])
                teams[line["team"]] -= line["taken"]
        for (team, _), cars in of_race.items():
            teams[team] += sum(sorted(cars, reverse=True)[: int(self.says("team_cars_counted") or 99)])
        return {team: Decimal(points) for team, points in teams.items()}


def _of_lap(line: Row) -> tuple[Any, ...]:
    return line["thrown_out"], line["gone"], line["best_lap_ms"] or 10**9, line["place"] or 999, line["entrant_id"]


def _gained(line: Row) -> int:
    return line["scored_start_position"] - line["place"] if line["scored_start_position"] and line["place"] else 0


def _ranked(standings: Mapping[str, tuple[Any, ...]]) -> Standings:
    order = sorted(standings.values())
    return {name: (order.index(key) + 1, Decimal(-key[0])) for name, key in standings.items()}


def _rules(*rules: tuple[str, str, str]) -> list[Row]:
    return [{"championship_id": CUP, "rule": rule, "value": value, "points": points} for rule, value, points in rules]


@pytest.fixture(scope="module")
def season(warehouse: Warehouse) -> list[Row]:
    """The results of the cup, as the marts have them."""
    with closing(psycopg2.connect(warehouse.url)) as connection, connection.cursor() as cursor:
        cursor.execute(RESULTS)
        names = [column.name for column in cursor.description or ()]
        return [dict(zip(names, row, strict=True)) for row in cursor]


def _entries(season: list[Row], seed: int) -> list[Row]:
    """Three quarters of the drivers, in two teams and two classes, some of them reserves."""
    chance = random.Random(seed)  # noqa: S311 - no secret
    drivers = sorted({line["driver_id"] for line in season if not line["is_ai"]})
    return [
        {
            "championship_id": CUP,
            "driver_id": driver,
            "role": chance.choice(["driver", "driver", "driver", "reserve"]),
            "team_name": chance.choice(["Ash", "Oak", "Elm"]),
            "class_name": chance.choice(["Pro", "Am"]),
            "first_date": "2020-01-01",
        }
        for driver in chance.sample(drivers, len(drivers) * 3 // 4)
    ]


def assert_standings_are_those_of_the_models(cursor: Cursor, championship: str) -> None:
    """Standings that Python makes of what was scored are those that the SQL of the models makes of it."""
    cursor.execute(
        "select points_table, rounds_counted, rounds_dropped::integer, team_cars_counted::integer, are_ties_shared, "
        "are_places_of_guests_passed_up, fastest_lap_within::integer, pole_points, fastest_lap_points, "
        "clean_race_points, lap_led_points, most_laps_led_points, most_places_gained_points "
        "from pg_temp.int_championships where championship_id = %s",
        (championship,),
    )
    [row] = cursor.fetchall()
    scored, rules = scored_rows(cursor, championship, "pg_temp"), Rules(*row)
    assert_what_if_scores_a_race_as_the_models_do(scored, rules)
    assert set(made_by_python.count(scored, rules)) == set(scored)
    for made, told in (
        (made_by_python.driver_standings(scored, rules), read_standings(cursor, championship, "pg_temp")),
        (made_by_python.team_standings(scored, rules), read_team_standings(cursor, championship, "pg_temp")),
    ):
        assert {line.key: line for line in made} == {line.key: line for line in told}


def assert_what_if_scores_a_race_as_the_models_do(scored: list[Scored], rules: Rules) -> None:
    """By the order of finish and who had which bonus: places, points and bonuses of each race without a gap in it."""
    compared = 0
    for race_id in {each.race_id for each in scored}:
        race = [each for each in scored if each.race_id == race_id]
        order = sorted(
            (each for each in race if each.classified_position), key=lambda each: each.classified_position or 0
        )
        placed = [each for each in order if not each.is_passed_up]
        by_class = {name: [each.scored_position for each in placed if each.class_name == name]
                    for name in {each.class_name for each in placed}}  # fmt: skip
        if any(places != list(range(1, len(places) + 1)) for places in by_class.values()):
            continue  # AI drivers, and who is not classified, hold places and are not in it
        season = Season(race, rules, {place: Decimal(points) for place, points in TABLE.items()})
        bonuses = {name: [each.driver_id for each in race if getattr(each, name)] for name in BONUSES}
        made = held(season, [each.driver_id for each in order], bonuses)
        assert made.refused == []
        told = {each.driver_id: each for each in made.scored}
        for each in order:
            if not each.is_disqualified and each.race_points == TABLE.get(each.scored_position or 0, 0):
                one = told[each.driver_id]
                assert (one.scored_position, one.race_points, one.bonus_points, one.is_passed_up) == (
                    each.scored_position, each.race_points, each.bonus_points, each.is_passed_up
                )  # fmt: skip
                compared += 1
    assert compared > 0


def _scored(
    parameters: ConnectionParameters, models: dict[str, Compiled], rules: list[Row], entries: list[Row]
) -> tuple[Standings, dict[str, Decimal]]:
    """What the SQL makes of the same."""
    with scoring.beside(parameters) as cursor:
        given = {"championship_rules": beside.rows_of(rules), "championship_entries": beside.rows_of(entries)}
        beside.make_all(cursor, models, given)
        assert_standings_are_those_of_the_models(cursor, CUP)
        drivers = {line.key: (line.position, line.points) for line in read_standings(cursor, CUP, "pg_temp")}
        return drivers, {line.key: line.points for line in read_team_standings(cursor, CUP, "pg_temp")}


RULE_BOOKS = {
    "nothing": ([], False),
    "distance and penalties": (
        [
            ("minimum_distance", "90", ""),
            ("retired", "score_nothing", ""),
            ("disqualified", "pass_places_up", ""),
            ("incidents", "4", "1"),
            ("incidents", "9", "3"),
        ],
        False,
    ),
    "bonuses": (
        [
            ("fastest_lap_within", "5", ""),
            ("lap_led", "1", "2"),
            ("most_laps_led", "1", "3"),
            ("most_places_gained", "1", "4"),
            ("ties", "shared", ""),
        ],
        False,
    ),
    "teams and guests": (
        [("team_cars_counted", "2", ""), ("who_is_not_entered", "is_guest", ""), ("guests", "pass_places_up", "")],
        True,
    ),
    "classes of its own": ([("scored_in", "class", ""), ("guests", "hold_places", "")], True),
    "rating": ([("rating_at_most", "2500", ""), ("guests", "pass_places_up", "")], False),
}


@pytest.mark.parametrize("name", RULE_BOOKS)
def test_a_season_is_scored_as_a_script_scores_it(
    parameters: ConnectionParameters, models: dict[str, Compiled], season: list[Row], name: str
) -> None:
    told, has_entries = RULE_BOOKS[name]
    entries = _entries(season, seed=len(name)) if has_entries else []
    script = Script(season, _rules(*told), entries)
    drivers, teams = _scored(parameters, models, _rules(*told), entries)
    assert drivers == script.drivers()
    assert teams == script.teams()
    assert bool(teams) == has_entries
    # the rules of the book were needed: without them it is another season
    assert not told or (drivers, teams) != _scored(parameters, models, [], entries)


def test_rules_that_say_what_holds_anyhow_change_nothing(
    parameters: ConnectionParameters, models: dict[str, Compiled], season: list[Row]
) -> None:
    """And so does the order of the rows."""
    neutral = _rules(
        ("scored_in", "overall", ""), ("retired", "score", ""), ("who_is_not_entered", "scores", ""),
        ("guests", "hold_places", ""), ("disqualified", "hold_places", ""), ("dead_heat", "best_place", ""),
        ("ties", "parted_by_places", ""), ("rating_at_most", "99999", ""), ("fastest_lap_within", "99", ""),
        ("incidents", "999", "5"), ("team_cars_counted", "99", ""), ("minimum_distance", "0.001", ""),
    )  # fmt: skip
    entries = _entries(season, seed=1)
    plain = _scored(parameters, models, [], entries)
    assert _scored(parameters, models, neutral, entries) == plain
    assert _scored(parameters, models, neutral[::-1], entries[::-1]) == plain
