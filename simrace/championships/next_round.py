"""What-if of the next round: standings after an order of finish, and what each driver needs to lead."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from simrace.championships.marts import Rules, Scored, Standing
from simrace.championships.standings import Line, driver_lines, driver_standings, team_standings

NEXT = "next"  # race_id and round_key of the race that was not driven yet
NO_POINTS = 0  # in place of a place: was not there, or has none that scores
Points = Mapping[int, Decimal]


@dataclass(frozen=True)
class Season:
    """A season before its next round, of one race.

    Attributes:
        scored: What each race of each driver scored.
        rules: Of the championship.
        points: What each place of the next race is worth; other places are worth nothing.
    """

    scored: list[Scored]
    rules: Rules
    points: Points

    def drivers(self) -> dict[str, Scored]:
        """The latest race of each driver who is in the standings, by driver_id."""
        return {each.driver_id: each for each in sorted(self.scored, key=lambda one: one.race_number)
                if each.role == "driver"}  # fmt: skip

    def driven(self, driver: Scored, place: int) -> Scored:
        """The next race of a driver who ends in a place; entry, team and class are those of his latest race."""
        return replace(
            driver,
            race_id=NEXT,
            round_key=NEXT,
            race_number=max(each.race_number for each in self.scored) + 1,
            finish_position=place or None,
            classified_position=place or None,
            scored_position=place or None,
            grid_position=None,
            points_factor=Decimal(1),
            race_points=self.points.get(place, Decimal(0)),
            bonus_points=Decimal(0),
            points_deducted=Decimal(0),
            points_for_incidents=Decimal(0),
            points_awarded=Decimal(0),
            is_disqualified=False,
            is_classified=True,
            is_passed_up=False,
            # no two drivers of the next race share a car
            entry_id=driver.driver_id,
        )


@dataclass(frozen=True)
class Need:
    """What a driver needs in the next round.

    Attributes:
        driver_id: Who.
        points: That he has.
        at_best: After a win with every bonus.
        at_worst: After a round without points.
        can_lead: Whether he can be ahead of all after the round.
        leads_from: The last place with which he is, whatever the others do; NO_POINTS when he is without any; None when
            it is not in his hands alone.
        beside_leader: For each place of who leads now, NO_POINTS among them, the last place with which he is ahead
            of him.
    """

    driver_id: str
    points: Decimal
    at_best: Decimal
    at_worst: Decimal
    can_lead: bool
    leads_from: int | None
    beside_leader: dict[int, int | None]


def points_of_next(scored: Sequence[Scored], tables: Mapping[str, Points], table: str, factor: Decimal) -> Points:
    """What the places of a race are worth.

    Args:
        scored: What each race of each driver scored.
        tables: Points tables by name.
        table: By which it scores; where files give the points, places are worth what they were in the latest such race.
        factor: What points are multiplied by.
    """
    if table in tables:
        return {place: points * factor for place, points in tables[table].items()}
    races = [each for each in scored if each.points_table == table and each.race_points > 0]
    latest = max((each.race_number for each in races), default=0)
    points: dict[int, Decimal] = {}
    for each in races:
        if each.race_number == latest and each.scored_position:
            worth = each.race_points / each.points_factor * factor
            points[each.scored_position] = max(worth, points.get(each.scored_position, Decimal(0)))
    return points


def after(season: Season, order: Sequence[str]) -> tuple[list[Standing], list[Standing]]:
    """Standings of drivers and teams after the next round.

    Args:
        season: Before it.
        order: Drivers as they finish, by driver_id; in classes each class by itself. Who is not named has no points.
    """
    drivers, places = season.drivers(), dict[str | None, int]()
    rows = []
    for driver_id in order:
        driver = drivers[driver_id]
        places[driver.class_name] = places.get(driver.class_name, 0) + 1
        rows.append(season.driven(driver, places[driver.class_name]))
    # the round is held even if nobody is named: drops count it
    rows = rows or [season.driven(next(iter(drivers.values())), NO_POINTS)]
    scored = [*season.scored, *rows]
    return driver_standings(scored, season.rules), team_standings(scored, season.rules)


def needs(season: Season) -> list[Need]:
    """What each driver needs, in the order of the standings.

    Args:
        season: Before the next round.
    """
    drivers = season.drivers()
    places = [NO_POINTS, *sorted(season.points, reverse=True)]  # from the worst to the best
    lines = {
        place: driver_lines([*season.scored, *(season.driven(each, place) for each in drivers.values())], season.rules)
        for place in {*places, 1, 2}
    }
    standings = driver_standings(season.scored, season.rules)
    leader = standings[0].key if standings else ""

    def are_rivals_for(first: str, second: str, place: int) -> bool:
        """Whether the two cannot both end in a place."""
        return place != NO_POINTS and drivers[first].class_name == drivers[second].class_name

    def leads_with(who: str, place: int) -> bool:
        """Whether he is ahead of all: of each in the best place that is left, with every bonus."""
        return all(
            lines[place][who].order
            < _with_bonus(lines[2 if place == 1 and are_rivals_for(who, other, 1) else 1][other], season.rules)
            for other in drivers
            if other != who
        )

    def is_enough(who: str, place: int, of_leader: int) -> bool:
        if place == of_leader and are_rivals_for(who, leader, place):
            return False
        return lines[place][who].order < lines[of_leader][leader].order

    found = []
    for line in standings:
        who = line.key
        best = _with_bonus(lines[1][who], season.rules)
        beside = {
            of_leader: next((place for place in places if is_enough(who, place, of_leader)), None)
            for of_leader in reversed(places)
            if who != leader
        }
        found.append(
            Need(
                driver_id=who,
                points=line.points,
                at_best=-best[0],
                at_worst=lines[NO_POINTS][who].standing.points,
                can_lead=all(best <= lines[NO_POINTS][other].order for other in drivers if other != who),
                leads_from=next((place for place in places if leads_with(who, place)), None),
                beside_leader=beside,
            )
        )
    return found


def _with_bonus(line: Line, rules: Rules) -> tuple[Decimal, tuple[int, ...], tuple[int, ...]]:
    points, best, latest = line.order
    return points - rules.most_bonus, best, latest
