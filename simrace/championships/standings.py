"""Standings after any round, of what the races until then scored: what counts and who is ahead as the models have it.

A test compares it with the marts, and with the SQL of the models of each round.
"""

from collections.abc import Callable, Container, Hashable, Iterable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import TypeVar

from simrace.championships.marts import Rules, Scored, Standing

ABSENT = 999  # place of who was not there, as the models write it
WEEK = "week:"  # how the key of a round begins of which the best race counts alone
Row = TypeVar("Row")
Key = TypeVar("Key", bound=Hashable)
Places = tuple[int, ...]
Order = tuple[Decimal, Places, Places]


@dataclass(frozen=True)
class Line:
    """A line of the standings before it has a place.

    Attributes:
        standing: All but the place and the points behind.
        order: Who has less is ahead.
    """

    standing: Standing
    order: Order


def count(scored: Sequence[Scored], rules: Rules, of: Container[str] | None = None) -> list[Scored]:
    """The same races, with which of them count after the last one.

    Args:
        scored: What each race of each driver scored, up to some round.
        rules: Of the championship.
        of: Drivers whose races are told; None for all.
    """
    held = len({each.round_key for each in scored})
    limit = min(
        held if rules.rounds_counted is None else rules.rounds_counted,
        held if rules.rounds_dropped is None else max(held - rules.rounds_dropped, 1),
    )
    counted: list[Scored] = []
    told = [each for each in scored if of is None or each.driver_id in of]
    for lines in _grouped(told, lambda each: (each.driver_id, each.role)).values():
        rounds = {key: _of_round(its) for key, its in _grouped(lines, lambda each: each.round_key).items()}
        best_first = sorted(rounds, key=lambda key: _round_order(rounds[key], key))
        races = {each.race_id for key in best_first[:limit] for each in rounds[key]}
        counted += [replace(each, is_counted=each.race_id in races) for each in lines]
    return counted


def _of_round(lines: list[Scored]) -> list[Scored]:
    """The races of a round that can count: of a week the best; a disqualification may not be dropped."""
    first = sorted(lines, key=lambda each: (not each.is_disqualified, -_won(each), each.race_number, each.race_id))
    return first[:1] if first[0].round_key.startswith(WEEK) else first


def _round_order(lines: list[Scored], key: str) -> tuple[bool, Decimal, int, str]:
    is_disqualified = any(each.is_disqualified for each in lines)
    return not is_disqualified, -sum(map(_won, lines), Decimal(0)), min(each.race_number for each in lines), key


def _won(scored: Scored) -> Decimal:
    return scored.race_points + scored.bonus_points


def driver_standings(scored: Sequence[Scored], rules: Rules) -> list[Standing]:
    """The standings of drivers after these races, in order.

    Args:
        scored: What each race of each driver scored, up to some round.
        rules: Of the championship.
    """
    return _ranked(driver_lines(scored, rules).values())


def driver_lines(scored: Sequence[Scored], rules: Rules, of: Container[str] | None = None) -> dict[str, Line]:
    """A line of each driver who scores for himself, by driver_id.

    Args:
        scored: What each race of each driver scored, up to some round.
        rules: Of the championship.
        of: Drivers whose lines are told; None for all.
    """
    races = _races(scored)
    own = [each for each in count(scored, rules, of) if each.role == "driver"]
    by_driver = _grouped(own, lambda each: each.driver_id)
    return {key: _driver_line(key, its, races, rules) for key, its in by_driver.items()}


def _driver_line(driver_id: str, lines: list[Scored], races: list[str], rules: Rules) -> Line:
    counted = [each for each in lines if each.is_counted]
    place = {each.race_id: each.scored_position or ABSENT for each in counted}
    standing = Standing(
        key=driver_id,
        team_name=max(lines, key=lambda each: each.race_number).team_name,
        position=0,
        points=sum((each.points for each in lines), Decimal(0)),
        points_behind=Decimal(0),
        wins=sum(each.scored_position == 1 for each in counted),
        podiums=sum((each.scored_position or ABSENT) <= 3 for each in counted),
        races=len(lines),
        dropped_points=sum((_won(each) for each in lines if not each.is_counted), Decimal(0)),
    )
    places = [place.get(race, ABSENT) for race in races]
    return Line(standing, _order(standing.points, sorted(places), reversed(places), rules))


def team_standings(scored: Sequence[Scored], rules: Rules) -> list[Standing]:
    """The standings of teams after these races, in order: of each race their best cars, whatever drivers drop."""
    races = _races(scored)
    of_teams = [each for each in scored if each.team_name is not None and each.role != "guest"]
    lines = []
    counted = {team: _counted_cars(its, rules) for team, its in _grouped(of_teams, lambda each: each.team_name).items()}
    most = max((len(cars) for cars, _ in counted.values()), default=0)
    for team, (cars, others) in counted.items():
        changes = (car.points_awarded - car.points_deducted for car in [*cars, *others])
        places = sorted(car.scored_position or ABSENT for car in cars)
        standing = Standing(
            key=str(team),
            team_name=None,
            position=0,
            points=sum(map(_won, cars), Decimal(0)) + sum(changes, Decimal(0)),
            points_behind=Decimal(0),
            wins=sum(place == 1 for place in places),
            podiums=sum(place <= 3 for place in places),
            races=len({car.race_id for car in [*cars, *others]}),
            dropped_points=sum(map(_won, others), Decimal(0)),
        )
        best = {race: min((car.scored_position or ABSENT for car in cars if car.race_id == race), default=ABSENT)
                for race in races}  # fmt: skip
        latest = (best[race] for race in reversed(races))
        # who has fewer results is behind who has more of the same
        places += [ABSENT] * (most - len(places))
        lines.append(Line(standing, _order(standing.points, places, latest, rules)))
    return _ranked(lines)


def _counted_cars(lines: list[Scored], rules: Rules) -> tuple[list[Scored], list[Scored]]:
    """Cars of a team that count in their race, and the others; drivers who share a car have its points once."""
    counted: list[Scored] = []
    others: list[Scored] = []
    for its in _grouped(lines, lambda each: each.race_id).values():
        cars = [_car(drivers) for drivers in _grouped(its, lambda each: each.entry_id).values()]
        cars.sort(key=lambda car: (-_won(car), car.scored_position or ABSENT, car.entry_id))
        counted += cars[: rules.team_cars_counted]
        others += cars[len(cars[: rules.team_cars_counted]) :]
    return counted, others


def _car(drivers: list[Scored]) -> Scored:
    places = [each.scored_position for each in drivers if each.scored_position is not None]
    return replace(
        drivers[0],
        scored_position=min(places, default=None),
        race_points=max(each.race_points for each in drivers),
        bonus_points=max(each.bonus_points for each in drivers),
        points_awarded=max(each.points_awarded for each in drivers),
        points_deducted=max(each.points_deducted for each in drivers),
    )


def _races(scored: Iterable[Scored]) -> list[str]:
    """The races in order."""
    return [race for _, race in sorted({(each.race_number, each.race_id) for each in scored})]


def _order(points: Decimal, best: Iterable[int], latest: Iterable[int], rules: Rules) -> Order:
    return (-points, (), ()) if rules.are_ties_shared else (-points, tuple(best), tuple(latest))


def _ranked(lines: Iterable[Line]) -> list[Standing]:
    """Lines with their places; whom nothing parts shares one."""
    ordered = sorted(lines, key=lambda line: (line.order, line.standing.key))
    most = max((line.standing.points for line in ordered), default=Decimal(0))
    ranked: list[Standing] = []
    for number, line in enumerate(ordered):
        is_shared = number and ordered[number - 1].order == line.order
        position = ranked[-1].position if is_shared else number + 1
        ranked.append(replace(line.standing, position=position, points_behind=most - line.standing.points))
    return ranked


def _grouped(rows: Iterable[Row], key: Callable[[Row], Key]) -> dict[Key, list[Row]]:
    found: dict[Key, list[Row]] = {}
    for row in rows:
        found.setdefault(key(row), []).append(row)
    return found
