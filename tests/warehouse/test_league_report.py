"""The report of a league's round and what-if of the next: standings after any round are those of the models."""

import random
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from decimal import Decimal
from itertools import product
from pathlib import Path
from typing import Any

import psycopg2
import pytest
from psycopg2 import sql

from simrace.build import beside
from simrace.build.dbt import Compiled
from simrace.championships import scoring
from simrace.championships.bonuses import most
from simrace.championships.marts import (
    Championship,
    ChampionshipError,
    Race,
    Round,
    Rules,
    Scored,
    Standing,
    find_championship,
    read_points,
    read_rules,
    read_scored,
    read_standings,
    read_team_standings,
)
from simrace.championships.next_round import (
    DRIVER,
    LEADER,
    NO_POINTS,
    NOBODY,
    Season,
    after,
    held,
    needs,
    points_of_next,
)
from simrace.championships.standings import count, driver_standings, team_standings
from simrace.database.connection import ConnectionParameters
from simrace.report import league, league_story
from simrace.report.document import Document, Heading, Sheet
from tests.browser import console_errors, open_browser, requests_that_left, serious_findings
from tests.conftest import Warehouse
from tests.warehouse.test_championships import _checked, _scored, models, parameters

__all__ = ["models", "parameters"]

CUP = "example_gt_coast_2026"
CHAMPIONSHIPS = (CUP, "example_saltwind_lmu", "example_saltwind_raceroom", "iracing:league_season:122001")
ALL_COUNT = Rules("oak", None, None, None, are_ties_shared=False)
POINTS = {1: Decimal(10), 2: Decimal(6), 3: Decimal(3)}


def driven(driver: str, race: int, place: int | None, **changes: object) -> Scored:
    """What a driver scored in a race of its own round."""
    own = {"race_id": f"r{race}", "round_key": f"race:r{race}", "race_number": race, "driver_id": driver,
           "entry_id": driver, "scored_position": place, "finish_position": place, "classified_position": place,
           "race_points": POINTS.get(place or 0, Decimal(0))}  # fmt: skip
    return _scored(**(own | changes))


def by_key(lines: Sequence[Standing]) -> dict[str, Standing]:
    return {line.key: line for line in lines}


@pytest.mark.parametrize("championship", CHAMPIONSHIPS)
def test_standings_after_every_round_are_those_of_the_models(
    warehouse: Warehouse, parameters: ConnectionParameters, models: dict[str, Compiled], championship: str
) -> None:
    """Of each round the SQL scores the races until then, beside the warehouse; after the last they are the marts."""
    with closing(psycopg2.connect(warehouse.url)) as connection:
        found = find_championship(connection, championship)
        scored, rules = read_scored(connection, championship), read_rules(connection, championship)
    races: list[str] = []
    for its_round in found.rounds:
        races += [race.race_id for race in its_round.races]
        season = league.up_to(found, its_round, scored, rules)
        until = sql.SQL("championship_id = {} and race_id = any({})").format(
            sql.Literal(championship), sql.Literal(races)
        )
        with scoring.beside(parameters) as cursor:
            beside.make_all(cursor, models, {scoring.RACES: beside.copy_of(until)})
            assert by_key(season.drivers[-1]) == by_key(read_standings(cursor, championship, "pg_temp"))
            assert by_key(season.teams[-1]) == by_key(read_team_standings(cursor, championship, "pg_temp"))
            cursor.execute(
                "select race_id, driver_id from pg_temp.championship_rounds where championship_id = %s and is_counted",
                (championship,),
            )
            counted = {(each.race_id, each.driver_id) for each in season.scored if each.is_counted}
            assert counted == set(cursor.fetchall())
    with closing(psycopg2.connect(warehouse.url)) as connection, connection.cursor() as cursor:
        assert by_key(season.drivers[-1]) == by_key(read_standings(cursor, championship))
        assert by_key(season.teams[-1]) == by_key(read_team_standings(cursor, championship))


@pytest.mark.parametrize("championship", CHAMPIONSHIPS)
def test_a_past_round_by_its_order_of_finish_is_what_the_marts_hold(warehouse: Warehouse, championship: str) -> None:
    """What-if before the last race: its order gives the points that it gave, and with its bonuses the standings."""
    with closing(psycopg2.connect(warehouse.url)) as connection:
        scored, rules = read_scored(connection, championship), read_rules(connection, championship)
        tables = read_points(connection, championship)
        with connection.cursor() as cursor:
            held = by_key(read_standings(cursor, championship))
    number = max(each.race_number for each in scored)
    last = [each for each in scored if each.race_number == number and each.role == "driver"]
    before = [each for each in scored if each.race_number < number]
    # of points of files a place is worth what the latest race gave, which is the last one itself
    known = before if last[0].points_table in tables else scored
    season = Season(before, rules, points_of_next(known, tables, last[0].points_table, last[0].points_factor))
    placed = [each for each in last if each.scored_position and each.race_points]
    assert placed
    for each in placed:
        assert season.driven(each, each.scored_position or 0).race_points == each.race_points
    as_driven = [
        replace(
            season.driven(each, (each.scored_position or NO_POINTS) if each.race_points else NO_POINTS),
            race_id=each.race_id,
            round_key=each.round_key,
            scored_position=each.scored_position,
            bonus_points=each.bonus_points,
            points_deducted=each.points_deducted,
            points_awarded=each.points_awarded,
            is_disqualified=each.is_disqualified,
        )
        for each in last
    ]
    others = [each for each in scored if each.race_number == number and each.role != "driver"]
    assert by_key(driver_standings([*before, *as_driven, *others], rules)) == held


def _after(season: Season, order: Sequence[str]) -> tuple[list[Standing], list[Standing]]:
    return after(season, held(season, order))


def test_who_is_not_named_in_the_order_has_no_points_and_drops_reckon_with_the_round() -> None:
    rules = replace(ALL_COUNT, rounds_dropped=1)
    scored = [driven("a", 1, 1), driven("b", 1, 2), driven("a", 2, 3), driven("b", 2, 1, team_name="Oak")]
    drivers, teams = _after(Season(scored, rules, POINTS), ["b"])
    assert [(line.key, line.points, line.dropped_points) for line in drivers] == [("b", 20, 6), ("a", 13, 0)]
    assert [(line.key, line.points) for line in teams] == [("Oak", 20)]
    # a round that nobody drives is one more to drop: of three the best two count
    assert [(line.key, line.points) for line in _after(Season(scored, rules, POINTS), [])[0]] == [("b", 16), ("a", 13)]
    only_one = replace(ALL_COUNT, rounds_counted=1)
    assert [(line.key, line.points) for line in _after(Season(scored, only_one, POINTS), ["a"])[0]] == [
        ("b", 10), ("a", 10),
    ], "of two equal wins the first counts, and b has won later"  # fmt: skip


def test_places_of_the_order_are_counted_in_class() -> None:
    scored = [
        driven("a", 1, 1, class_name="Pro"),
        driven("b", 1, 1, class_name="Am"),
        driven("c", 1, 2, class_name="Am"),
    ]
    drivers, _ = _after(Season(scored, ALL_COUNT, POINTS), ["a", "c", "b"])
    assert {line.key: line.points for line in drivers} == {"a": 20, "b": 16, "c": 16}


def test_what_each_driver_needs_to_lead() -> None:
    """A has 20, b 12, c 3, of at most 10 in a race."""
    scored = [driven("a", 1, 1), driven("b", 1, 2), driven("c", 1, 3), driven("a", 2, 1), driven("b", 2, 2)]
    a, b = needs(Season(scored, ALL_COUNT, POINTS))  # c cannot lead
    assert (a.points, a.at_best, a.at_worst, a.can_lead) == (20, 30, 20, True)
    assert a.leads_from == 3, "23 are more than the 22 of b; without points a has 20"
    assert (b.can_lead, b.leads_from) == (True, None), "a has it in his hands"
    assert b.beside_leader == {1: None, 2: None, 3: None, NO_POINTS: 1}
    # with a bonus that each can have b needs not even that, and a more
    bonus = replace(ALL_COUNT, pole_points=Decimal(2))
    a, b = needs(Season(scored, bonus, POINTS))
    assert (a.leads_from, b.at_best) == (2, 24)
    # who would be level is ahead by places: two wins against one
    level = [driven("a", 1, 1), driven("b", 1, 2), driven("b", 2, 2), driven("a", 2, None)]
    a, b = needs(Season([*level, driven("b", 3, None)], ALL_COUNT, POINTS))
    assert (a.driver_id, b.driver_id) == ("b", "a")
    assert b.beside_leader[NO_POINTS] == 3
    assert b.beside_leader[2] == 1
    assert b.beside_leader[3] == 2


# For each season by chance the rules, and to whom bonuses go where a driver is beside the leader.
SEASONS: list[tuple[dict[str, Any], str]] = [
    ({}, NOBODY),
    ({"rounds_dropped": 1}, NOBODY),
    ({"rounds_dropped": 2, "are_ties_shared": True}, NOBODY),
    ({"pole_points": Decimal(4)}, DRIVER),
    ({"rounds_dropped": 1, "pole_points": Decimal(2), "fastest_lap_points": Decimal(3)}, LEADER),
    ({"fastest_lap_points": Decimal(5), "fastest_lap_within": 1, "rounds_dropped": 1}, LEADER),
    ({"pole_points": Decimal(3), "most_places_gained_points": Decimal(1), "are_ties_shared": True}, NOBODY),
    ({"pole_points": Decimal(1), "most_places_gained_points": Decimal(5), "rounds_counted": 2}, DRIVER),
]


@pytest.mark.parametrize("seed", range(len(SEASONS)))
def test_needs_hold_in_every_way_that_the_round_can_end(seed: int) -> None:
    """Seasons by chance, with and without drops, classes and bonuses: who leads after each outcome is who it said."""
    chance = random.Random(seed)  # noqa: S311 - no secret
    classes = dict(zip("abcd", ("Pro", "Pro", "Am", "Am") if seed % 2 else (None,) * 4, strict=True))
    changes, bonus_to = SEASONS[seed]
    rules = replace(ALL_COUNT, **changes)
    scored = []
    for race in (1, 2, 3):
        for name in dict.fromkeys(classes.values()):
            own = [who for who in "abcd" if classes[who] == name]
            order = chance.sample(own, len(own))
            scored += [driven(who, race, place, class_name=name) for place, who in enumerate(order, 1)]
    season = Season(scored, rules, POINTS)
    told = {need.driver_id: need for need in needs(season, bonus_to)}
    [leader, *_] = told
    drivers = season.drivers()
    led: dict[str, set[bool]] = {}
    leads_alone: dict[tuple[str, int], bool] = {}
    most_points: dict[str, Decimal] = {}
    for outcome, has in outcomes(classes, rules):
        then = driver_standings(
            [*scored, *(season.driven(drivers[who], outcome[who], has[who]) for who in "abcd")], rules
        )
        first = [line.key for line in then if line.position == 1]
        position = {line.key: line.position for line in then}
        for line in then:
            most_points[line.key] = max(most_points.get(line.key, Decimal(0)), line.points)
        for who in "abcd":
            led.setdefault(who, set()).add(who in first)
            key = who, outcome[who]
            leads_alone[key] = leads_alone.get(key, True) and first == [who]
            if who in told and who != leader and is_as_told(who, leader, outcome, has, rules, bonus_to):
                enough = told[who].beside_leader[outcome[leader]]
                is_enough = enough is not None and (enough == NO_POINTS or 0 < outcome[who] <= enough)
                assert (position[who] < position[leader]) == is_enough
    assert {who for who, ends in led.items() if True in ends} == {who for who in told if told[who].can_lead}
    for who, need in told.items():
        enough = [place for place in (NO_POINTS, 3, 2, 1) if leads_alone[who, place]]
        assert need.leads_from == next(iter(enough), None)
        assert need.at_best == most_points[who]


def outcomes(classes: dict[str, str | None], rules: Rules) -> Iterator[tuple[dict[str, int], dict[str, Decimal]]]:
    """Each way in which a round of a to d can end: places, and points of bonuses, of which one driver has each."""
    for places in product((1, 2, 3, NO_POINTS), repeat=4):
        outcome = dict(zip("abcd", places, strict=True))
        taken = [(classes[who], place) for who, place in outcome.items() if place]
        if len(taken) > len(set(taken)):
            continue
        within = rules.fastest_lap_within or 99
        for pole, fastest, gained in product(*(["", *"abcd"] if worth else [""] for worth in (
            rules.pole_points, rules.fastest_lap_points, rules.most_places_gained_points
        ))):  # fmt: skip
            if (gained and gained == pole) or (fastest and not 0 < outcome[fastest] <= within and within < 99):
                continue
            yield outcome, {
                who: (who == pole) * rules.pole_points + (who == fastest) * rules.fastest_lap_points
                + (who == gained) * rules.most_places_gained_points
                for who in "abcd"
            }  # fmt: skip


def is_as_told(
    who: str, leader: str, outcome: dict[str, int], has: dict[str, Decimal], rules: Rules, bonus_to: str
) -> bool:
    """Whether the two have the bonuses that the table reckons with."""
    full = {each: most(rules, outcome[each] or len(POINTS) + 1) for each in (who, leader)}
    return (has[who], has[leader]) == (
        full[who] if bonus_to == DRIVER else 0, full[leader] if bonus_to == LEADER else 0
    )  # fmt: skip


def test_of_bonuses_what_the_models_would_not_give_is_refused_with_why() -> None:
    rules = replace(
        ALL_COUNT, pole_points=Decimal(1), fastest_lap_points=Decimal(2), fastest_lap_within=2,
        lap_led_points=Decimal(4), most_laps_led_points=Decimal(8), most_places_gained_points=Decimal(16),
        clean_race_points=Decimal(32),
    )  # fmt: skip
    scored = [*(driven(who, 1, place) for place, who in enumerate("abc", 1)), driven("g", 1, 4, role="guest")]
    season = Season(scored, rules, POINTS)
    chosen = {
        "pole_points": ["a", "b"],  # one has it
        "fastest_lap_points": ["c"],  # of whom the third place is too far behind
        "most_laps_led_points": ["b"],  # who has led a lap then
        "most_places_gained_points": ["a", "c", "x"],  # a starts first
        "clean_race_points": ["g", "a"],
    }
    scored.append(driven("x", 1, None))  # was there, and is not in the order
    made = held(season, ["g", "a", "b", "c"], chosen)
    of_driver = {each.driver_id: (each.scored_position, each.race_points, each.bonus_points) for each in made.scored}
    assert of_driver == {
        "g": (1, 0, 0), "a": (2, 6, 1 + 32), "b": (3, 3, 4 + 8), "c": (4, 0, 16), "x": (None, 0, 0),
    }  # fmt: skip
    assert [(each.driver_id, each.bonus) for each in made.refused] == [
        ("b", "pole_points"), ("c", "fastest_lap_points"), ("g", "clean_race_points"),
        ("a", "most_places_gained_points"), ("x", "most_places_gained_points"),
    ]  # fmt: skip
    assert all(each.why.endswith(".") for each in made.refused)
    passed_up = held(replace(season, rules=replace(rules, are_places_of_guests_passed_up=True)), ["g", "a", "b"])
    assert {each.driver_id: each.scored_position for each in passed_up.scored} == {"g": None, "a": 1, "b": 2}


def test_points_of_files_are_worth_what_the_latest_race_gave() -> None:
    of_files = {"points_table": "league_points"}
    scored = [
        driven("a", 1, 1, race_points=Decimal(99), **of_files),
        driven("a", 2, 1, race_points=Decimal(5), points_factor=Decimal("0.5"), **of_files),
        driven("b", 2, 2, race_points=Decimal(0), **of_files),
    ]
    assert points_of_next(scored, {}, "league_points", Decimal(1)) == {1: 10}
    assert points_of_next(scored, {"oak": POINTS}, "oak", Decimal(2)) == {1: 20, 2: 12, 3: 6}
    assert points_of_next(scored, {}, "points", Decimal(1)) == {}


def test_of_a_week_the_best_race_counts_and_a_disqualification_is_not_dropped() -> None:
    week = {"round_key": "week:2026-03-03"}
    scored = [driven("a", 1, 2, **week), driven("a", 2, 1, **week), driven("a", 3, 3), driven("b", 3, 1)]
    assert [each.is_counted for each in count(scored, ALL_COUNT)] == [False, True, True, True]
    out = [driven("a", 1, None, is_disqualified=True), driven("a", 2, 1), driven("a", 3, 2)]
    assert [each.is_counted for each in count(out, replace(ALL_COUNT, rounds_counted=2))] == [True, True, False]
    thrown_out = [driven("a", 1, None, is_disqualified=True, **week), driven("a", 2, 1, **week)]
    assert [each.is_counted for each in count(thrown_out, ALL_COUNT)] == [True, False]
    assert team_standings(scored, ALL_COUNT) == []


NAMES = {"a": "Ada", "b": "Bo", "c": "Cy"}


def lines(*rows: tuple[str, int, int]) -> list[Standing]:
    most = max(points for _, _, points in rows)
    return [Standing(key, None, place, Decimal(points), Decimal(most - points), 0, 0, 0, Decimal(0))
            for key, place, points in rows]  # fmt: skip


@pytest.mark.parametrize(
    ("before", "now", "told"),
    [
        ([], lines(("a", 1, 10), ("b", 2, 6)), "Ada leads the drivers with 10 points, 4 ahead of Bo."),
        (lines(("b", 1, 9), ("a", 2, 8)), lines(("a", 1, 18), ("b", 2, 18)),
         "Ada takes the lead of the drivers from Bo with 18 points, level on points with Bo."),
        (lines(("b", 1, 9), ("a", 2, 8)), lines(("a", 1, 18), ("b", 2, 9)),
         "Ada takes the lead of the drivers from Bo with 18 points, 9 ahead."),
        (lines(("b", 1, 9), ("a", 2, 8)), lines(("a", 1, 18), ("c", 2, 10), ("b", 3, 9)),
         "Ada takes the lead of the drivers from Bo with 18 points, 8 ahead of Cy."),
        (lines(("a", 1, 9), ("b", 2, 8)), lines(("a", 1, 19), ("b", 2, 8)),
         "Ada still leads the drivers with 19 points, 11 ahead of Bo; before the round the lead was 1."),
        ([], lines(("a", 1, 9), ("b", 1, 9)), "Ada and Bo lead the drivers together with 9 points."),
        ([], lines(("a", 1, 9)), "Ada leads the drivers with 9 points."),
        ([], [], None),
    ],
)  # fmt: skip
def test_who_leads_is_told_with_what_was_before(before: list[Standing], now: list[Standing], told: str | None) -> None:
    if now:
        assert league_story.leaders("drivers", before, now, NAMES.__getitem__) == told
    else:
        assert league_story.leaders("drivers", before, now, NAMES.__getitem__) is None


def test_movers_are_told_from_two_places_on() -> None:
    before = lines(("a", 1, 9), ("b", 2, 8), ("c", 3, 7))
    turned = lines(("c", 1, 20), ("b", 2, 10), ("a", 3, 9))
    assert league_story.movers(before, turned, NAMES.__getitem__) == [
        "Up most in the standings: Cy (3rd to 1st).", "Down most in the standings: Ada (1st to 3rd).",
    ]  # fmt: skip
    assert league_story.movers(before, lines(("b", 1, 9), ("a", 2, 8), ("c", 3, 7)), NAMES.__getitem__) == []
    assert league_story.movers([], turned, NAMES.__getitem__) == []
    assert [league_story.shift(*each) for each in ((3, 1), (1, 3), (2, 2), (None, 2))] == ["+2", "-2", "=", "new"]


def test_of_a_round_points_drops_and_decisions_are_told() -> None:
    scored = [
        driven("a", 1, 1, is_counted=False),
        driven("b", 1, 2, points_deducted=Decimal(5), points_for_incidents=Decimal(2)),
        driven("c", 1, None, is_disqualified=True),
    ]
    assert league_story.of_round(scored, NAMES) == [
        "Most points of the round: Ada, 10.",
        "Dropped by the rules: the round of Ada.",
        "Disqualified by the stewards: Cy.",
        "Points taken or given: Bo (-2 for incidents, -3 by the stewards).",
    ]
    assert league_story.of_round([driven("a", 1, None)], NAMES) == []


def sheets(made: Document) -> dict[str, Sheet]:
    heading, found = "", {}
    for part in made.parts:
        if isinstance(part.block, Heading):
            heading = part.block.text
        if isinstance(part.block, Sheet):
            found[part.block.title or heading] = part.block
    return found


def rows_of(sheet: Sheet) -> list[dict[str, object]]:
    return [dict(zip(sheet.columns, row, strict=True)) for row in sheet.rows]


def test_of_classes_each_has_its_table_with_places_of_both() -> None:
    scored = [driven("a", 1, 1, class_name="Pro"), driven("b", 1, 1, class_name="Am"),
              driven("c", 1, 2, class_name="Am"), driven("c", 2, 1, class_name="Am"),
              driven("b", 2, 3, class_name="Am")]  # fmt: skip
    rounds = tuple(Round(n, f"race:r{n}", (Race(f"r{n}", n, "Oak Ring", None),)) for n in (1, 2))
    found = Championship("oak", "Oak Cup", rounds, NAMES)
    told = sheets(league._document(league.up_to(found, rounds[1], scored, ALL_COUNT), []))
    assert list(told)[:2] == ["Drivers after 2 rounds, Am", "Drivers after 2 rounds, Pro"]
    assert [(row["In class"], row["Place"], row["+/-"], row["Driver"], row["Before"], row["This round"], row["Points"])
            for row in rows_of(told["Drivers after 2 rounds, Am"])] == [
        (1, 1, "+2", "Cy", 6, 10, 16), (2, 2, "-1", "Bo", 10, 3, 13),
    ]  # fmt: skip


@pytest.mark.parametrize("championship", CHAMPIONSHIPS)
def test_every_round_has_a_report(warehouse: Warehouse, championship: str) -> None:
    first = {
        (str(key), str(race)): str(name)  # an excerpt of a result has none
        for key, race, name in warehouse.query(
            "select championship_id, race_id, string_agg(driver_name, ', ' order by driver_id) "
            "from marts.championship_rounds join marts.dim_drivers using (driver_id) "
            "where scored_position = 1 group by 1, 2"
        )
    }
    with closing(psycopg2.connect(warehouse.url)) as connection:
        found = find_championship(connection, championship)
        for its_round in found.rounds:
            told = sheets(league.make_round(connection, championship, its_round.number))
            [standings] = [sheet for title, sheet in told.items() if title.startswith("Drivers after")]
            assert ("+/-" in standings.columns) == (its_round.number > 1)
            assert len(rows_of(told["Races of the round"])) == len(its_round.races)
            winners = {str(row.get("Winner") or "") for row in rows_of(told["Races of the round"])}
            assert winners == {first.get((championship, race.race_id), "") for race in its_round.races}
    last = [(row["Place"], row["Driver"], row["Points"]) for row in rows_of(standings)]
    assert last == warehouse.query(
        "select position, driver_name, points from marts.championship_standings "
        f"join marts.dim_drivers using (driver_id) where championship_id = '{championship}' "
        "order by position, driver_id"
    )


def test_a_round_of_the_past_has_the_standings_of_its_day(warehouse: Warehouse, tmp_path: Path) -> None:
    """By the command, as a page in a browser: one round, so nobody has driven more races than it has."""
    file = tmp_path / "round.html"
    done = _checked(warehouse, "publish", "example_saltwind_raceroom", "--round", "1", "-o", str(file))
    assert done.returncode == 0, done.stderr
    browser = open_browser(tmp_path / "profile")
    try:
        browser.get(file.as_uri())
        titles = [title.text for title in browser.find_elements("css selector", "h3")]
        assert titles[:2] == ["Drivers after 1 round", "Teams after 1 round"]
        table = browser.find_elements("css selector", "table")[0]
        heads = [head.text for head in table.find_elements("css selector", "th")]
        races = {row.find_elements("css selector", "td")[heads.index("Races")].text
                 for row in table.find_elements("css selector", "tbody tr")}  # fmt: skip
        assert races == {"1"}
        assert serious_findings(browser) == []
        assert requests_that_left(browser) == []
        assert console_errors(browser) == []
    finally:
        browser.quit()


def test_a_championship_that_has_not_begun_says_so(warehouse: Warehouse) -> None:
    with closing(psycopg2.connect(warehouse.url)) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            columns = "points_table, round_by, rounds, races, most_bonus"
            cursor.execute(
                f"insert into marts.dim_championships (championship_id, championship_name, {columns}) "
                "values ('oak', 'Oak Cup', 'fia_top_10', 'race', 0, 0, 0)"
            )
            connection.autocommit = False
            try:
                with pytest.raises(ChampionshipError, match="Oak Cup has no round yet: no race that was landed"):
                    league.make_round(connection, "oak", None)
                with pytest.raises(ChampionshipError, match=f"is it '{CUP}'"):
                    league.make_round(connection, "example_gt_coast_2025", None)
            finally:
                connection.rollback()
                cursor.execute("delete from marts.dim_championships where championship_id = 'oak'")
                connection.commit()
