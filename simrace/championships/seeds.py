"""The seed files of championships, line by line: what is missing in them or contradicts, without a database."""

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

import yaml

from simrace.build.seed_files import (
    Finding,
    Row,
    beside,
    check_cells,
    declared_seeds,
    file_of,
    is_of_type,
    near,
    number,
    own_rows,
    read_file,
)

CHAMPIONSHIPS, RULES, ENTRIES = "championships", "championship_rules", "championship_entries"
RACES, POINTS, DECISIONS = "championship_races", "points_tables", "steward_decisions"
SEEDS = (CHAMPIONSHIPS, RULES, ENTRIES, RACES, POINTS, DECISIONS)
SELECTING = ("sim", "league_id", "league_season_id", "series_name", "event_name")
POINTS_OF_FILES = ("league_points", "points")
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # a tenth of the time, where it was built
# Championships that are there without a row: seasons whose files carry points.
OF_FILES = re.compile(r"[^:]+:league_season:.+")


@dataclass
class Seeds:
    """The seed files of championships as they are on disk.

    Attributes:
        rules: The var championship_rules: kind of each rule's value.
        rows: Lines of each seed.
        findings: What is wrong in them.
    """

    rules: dict[str, str | list[str]]
    rows: dict[str, list[Row]] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)

    def tell(self, row: Row, message: str, is_error: bool = True) -> None:
        """Keep a finding."""
        self.findings.append(Finding(row.file, row.line, is_error, message))

    def of(self, seed: str, championship_id: str) -> list[Row]:
        """Lines of a seed that are of one championship."""
        return [row for row in self.rows[seed] if row["championship_id"] == championship_id]

    @property
    def championship_ids(self) -> list[str]:
        """Championships that have a row of their own."""
        return [row["championship_id"] for row in self.rows[CHAMPIONSHIPS]]


def read_seeds(project: Path) -> Seeds:
    """Read the seed files of championships, people's own rows too, and check all that they tell by themselves.

    Args:
        project: Folder with dbt_project.yml.
    """
    rules: dict[str, str | list[str]] = _yaml(project / "dbt_project.yml")["vars"][RULES]
    seeds = Seeds(rules)
    declared, own = declared_seeds(project), own_rows(project, seeds.findings.append)
    for seed in SEEDS:
        read = list(read_file(project / file_of(seed), file_of(seed), declared[seed], seeds.findings.append))
        for row in read:
            check_cells(row, declared[seed], seeds.findings.append)
        seeds.rows[seed] = beside(read, own.get(seed, []), declared[seed])
    for check in (_check_championships, _check_rules, _check_entries, _check_races, _check_points):
        check(seeds)
    _check_decisions(seeds)
    return seeds


def _yaml(file: Path) -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.load(file.read_text(encoding="utf-8"), Loader=_LOADER)  # noqa: S506 - both are safe
    return loaded


def _needed(seeds: Seeds, seed: str, *columns: str) -> None:
    for row in seeds.rows[seed]:
        for column in columns:
            if not row[column]:
                seeds.tell(row, f"{column} is blank, and is needed")


def _doubled(seeds: Seeds, seed: str, what: str, key: Callable[[Row], tuple[str, ...] | None]) -> None:
    first: dict[tuple[str, ...], Row] = {}
    for row in seeds.rows[seed]:
        if (value := key(row)) is None:
            continue
        if value in first:
            other = first[value]
            where = f"line {other.line}" if other.file == row.file else other.place
            seeds.tell(row, f"{what} stands in {where} already; leave one of them")
        first.setdefault(value, row)


def _check_championship(seeds: Seeds, seed: str) -> None:
    known = seeds.championship_ids
    for row in seeds.rows[seed]:
        name = row["championship_id"]
        if name and name not in known and not OF_FILES.fullmatch(name):
            way_out = near(name, known, f"; give it a row in {file_of(CHAMPIONSHIPS)}")
            seeds.tell(row, f"there is no championship {name!r}{way_out}")


def _check_table(seeds: Seeds, seed: str) -> None:
    known = dict.fromkeys(row["points_table"] for row in seeds.rows[POINTS])
    for row in seeds.rows[seed]:
        name = row["points_table"]
        if name and name not in known and name not in POINTS_OF_FILES:
            way_out = near(name, [*known, *POINTS_OF_FILES], f"; give it rows in {file_of(POINTS)}")
            seeds.tell(row, f"there is no points table {name!r}{way_out}")


def _check_dates(seeds: Seeds, seed: str) -> None:
    for row in seeds.rows[seed]:
        first, last = (row[column] for column in ("first_date", "last_date"))
        if all(is_of_type(day, "date") for day in (first, last)) and first and last and last < first:
            seeds.tell(row, f"ends on {last}, before it begins on {first}")


def _check_championships(seeds: Seeds) -> None:
    _needed(seeds, CHAMPIONSHIPS, "championship_id", "championship_name", "points_table", "round_by")
    _doubled(seeds, CHAMPIONSHIPS, "this championship_id", lambda row: (row["championship_id"],))
    _check_table(seeds, CHAMPIONSHIPS)
    _check_dates(seeds, CHAMPIONSHIPS)
    for row in seeds.rows[CHAMPIONSHIPS]:
        if not any(row[column] for column in SELECTING):
            seeds.tell(row, f"says of no race that it belongs to it: fill in one of {', '.join(SELECTING)}")
        rounds = number(row["rounds_counted"])
        if rounds is not None and rounds < 1:
            seeds.tell(row, "rounds_counted is less than 1: no round would count; blank counts all")
        for column in ("pole_points", "fastest_lap_points", "clean_race_points"):
            if (number(row[column]) or 0) < 0:
                seeds.tell(row, f"{column} is less than 0; incidents that cost are a rule")


def _check_rules(seeds: Seeds) -> None:
    _needed(seeds, RULES, "championship_id", "rule", "value")
    _check_championship(seeds, RULES)
    for row in seeds.rows[RULES]:
        rule, value, points = row["rule"], row["value"], number(row["points"])
        if not rule or not value:
            continue
        if rule not in seeds.rules:
            way_out = near(rule, seeds.rules, f"; the rules are {', '.join(seeds.rules)}")
            seeds.tell(row, f"there is no rule {rule!r}{way_out}")
            continue
        kind = seeds.rules[rule]
        if isinstance(kind, list):
            if value not in kind:
                words = f"{' or '.join(kind)}{near(value, kind)}"
                seeds.tell(row, f"{rule} cannot be {value!r}: it is {words}")
        elif kind == "points":
            if value != "1":
                seeds.tell(row, f"{rule} has the value 1, and its points stand in the column points")
        elif (number(value) or 0) <= 0:
            seeds.tell(row, f"{rule} cannot be {value!r}: it is a number above 0")
        if kind in ("points", "steps"):
            if points is None:
                seeds.tell(row, f"{rule} needs points")
            elif points <= 0:
                taken = "are taken" if kind == "steps" else "are given"
                seeds.tell(row, f"the points of {rule} {taken}: write them above 0")
        elif points is not None:
            seeds.tell(row, f"{rule} has no points: leave them blank")
    _doubled(seeds, RULES, "this rule", lambda row: _rule_key(seeds, row))
    for name in dict.fromkeys(row["championship_id"] for row in (*seeds.rows[CHAMPIONSHIPS], *seeds.rows[RULES])):
        _check_together(seeds, name)


def _rule_key(seeds: Seeds, row: Row) -> tuple[str, ...]:
    if seeds.rules.get(row["rule"]) != "steps":
        return (row["championship_id"], row["rule"])
    step = number(row["value"])
    return (row["championship_id"], row["rule"], row["value"] if step is None else str(step.normalize()))


def _check_together(seeds: Seeds, championship_id: str) -> None:
    """Rules that exclude each other, or that do nothing without another."""
    rules = {row["rule"]: row for row in seeds.of(RULES, championship_id)}
    own = next(iter(seeds.of(CHAMPIONSHIPS, championship_id)), Row("", 0, {}))
    entries = seeds.of(ENTRIES, championship_id)

    def value(rule: str) -> str:
        return rules[rule]["value"] if rule in rules else ""

    def tell(rule: str, message: str, is_error: bool = True) -> None:
        seeds.tell(rules[rule], message, is_error)

    if "rounds_dropped" in rules and own["rounds_counted"]:
        other = f"rounds_counted is {own['rounds_counted']} in {own.place}"
        tell("rounds_dropped", f"rounds are dropped and counted at once: {other}; leave one of them")
    lowest, highest = number(value("rating_at_least")), number(value("rating_at_most"))
    if lowest is not None and highest is not None and lowest > highest:
        tell("rating_at_most", f"is below rating_at_least, {lowest}: nobody would score")
    if value("scored_in") == "overall" and own["car_class_name"]:
        tell(
            "scored_in",
            f"overall contradicts car_class_name in {own.place}: places are in class",
        )
    if (number(value("minimum_distance")) or 0) > 100:
        tell("minimum_distance", "is more than 100 percent of the winner's laps")
    if value("who_is_not_entered") == "is_guest" and not any(row["role"] == "driver" for row in entries):
        tell("who_is_not_entered", f"nobody would score: no driver of it is in {file_of(ENTRIES)}")
    if "fastest_lap_within" in rules and not number(own["fastest_lap_points"]):
        tell("fastest_lap_within", "does nothing: the fastest lap gives no points (fastest_lap_points)", is_error=False)
    if "team_cars_counted" in rules and not any(row["team_name"] for row in entries):
        tell("team_cars_counted", f"does nothing: nobody drives for a team in {file_of(ENTRIES)}", is_error=False)
    if value("dead_heat") == "shared" and own["points_table"] in POINTS_OF_FILES:
        tell("dead_heat", "does nothing: the points are those of the files", is_error=False)
    is_in_class = own["car_class_name"] or value("scored_in") == "class"
    with_class = next((row for row in entries if row["class_name"]), None)
    if with_class and not is_in_class:
        seeds.tell(with_class, "class_name does nothing without the rule scored_in,class", is_error=False)


def _check_entries(seeds: Seeds) -> None:
    _needed(seeds, ENTRIES, "championship_id", "driver_id", "role")
    _check_championship(seeds, ENTRIES)
    _check_dates(seeds, ENTRIES)
    times: dict[tuple[str, str], list[Row]] = defaultdict(list)
    for row in seeds.rows[ENTRIES]:
        times[row["championship_id"], row["driver_id"]].append(row)
    for rows in times.values():
        # a blank begins before every day, and text sorts like days
        rows.sort(key=lambda row: (row["first_date"], row.line))
        for earlier, later in pairwise(rows):
            if not earlier["last_date"] or earlier["last_date"] >= later["first_date"]:
                day = later["first_date"] or "the first day"
                what = f"{later['driver_id']} is entered twice on {day}"
                if earlier["team_name"] != later["team_name"]:
                    what += f", for {earlier['team_name'] or 'no team'} and {later['team_name'] or 'no team'}"
                seeds.tell(later, f"{what}: give line {earlier.line} a last_date before it")


def _check_races(seeds: Seeds) -> None:
    _needed(seeds, RACES, "championship_id")
    _check_championship(seeds, RACES)
    _check_table(seeds, RACES)
    _doubled(
        seeds, RACES, "this race", lambda row: (row["championship_id"], row["race_id"], row["simsession_name"].lower())
    )
    for row in seeds.rows[RACES]:
        if bool(row["race_id"]) == bool(row["simsession_name"]):
            seeds.tell(row, "fill in either race_id or simsession_name")
        if (number(row["points_factor"]) or 0) < 0:
            seeds.tell(row, "points_factor is less than 0; 0 takes the race out")


def _check_points(seeds: Seeds) -> None:
    _needed(seeds, POINTS, "points_table", "position", "points")
    _doubled(seeds, POINTS, "this place", lambda row: (row["points_table"], row["position"]))
    tables: dict[str, dict[int, Row]] = defaultdict(dict)
    for row in seeds.rows[POINTS]:
        if is_of_type(row["position"], "integer") and row["position"]:
            if int(row["position"]) < 1:
                seeds.tell(row, "position is less than 1, the winner's")
            tables[row["points_table"]].setdefault(int(row["position"]), row)
        points = number(row["points"])
        if points is not None and points <= 0:
            seeds.tell(row, "points are not above 0; leave out a place that gives none")
        if row["points_table"] in POINTS_OF_FILES:
            seeds.tell(row, f"{row['points_table']} means the points of files: give the table another name")
    for name, places in tables.items():
        for place, row in sorted(places.items()):
            ahead = places.get(place - 1)
            if place > 1 and ahead is None:
                seeds.tell(row, f"{name} has no row for position {place - 1}, which gives no points", False)
            elif ahead and (number(row["points"]) or 0) > (number(ahead["points"]) or 0):
                message = f"position {place} of {name} gives more than the place ahead"
                seeds.tell(row, message, is_error=False)


def _check_decisions(seeds: Seeds) -> None:
    _needed(seeds, DECISIONS, "race_id", "entrant_id", "decision", "decided_at")
    _doubled(
        seeds,
        DECISIONS,
        "this decision",
        lambda row: (row["race_id"], row["entrant_id"], row["decision"], row["decided_at"]),
    )
    for row in seeds.rows[DECISIONS]:
        amount = number(row["amount"])
        if row["decision"] == "disqualified":
            if row["amount"]:
                seeds.tell(row, "a disqualification has no amount: leave it blank")
        elif row["decision"] and (amount is None or amount <= 0):
            seeds.tell(row, f"{row['decision']} needs an amount above 0")


def count(findings: Iterable[Finding]) -> tuple[int, int]:
    """Number of errors and of warnings."""
    kinds = Counter(each.is_error for each in findings)
    return kinds[True], kinds[False]
