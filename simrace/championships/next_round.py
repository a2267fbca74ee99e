"""What-if of the next round: standings after an order of finish, and what each driver needs to lead."""

from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import cached_property
from types import MappingProxyType

from simrace.championships.bonuses import GUEST, Chosen, Refused, given, most
from simrace.championships.marts import Rules, Scored, Standing
from simrace.championships.standings import Line, Order, driver_lines, driver_standings, team_standings

NEXT = "next"  # race_id and round_key of the race that was not driven yet
NOBODY, DRIVER, LEADER = "nobody", "driver", "leader"  # to whom bonuses go where two are compared
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

    @cached_property
    def number(self) -> int:
        """The number of the next race."""
        return max(each.race_number for each in self.scored) + 1

    def drivers(self) -> dict[str, Scored]:
        """The latest race of each driver who is in the standings, by driver_id."""
        return {each.driver_id: each for each in self._by_race() if each.role == "driver"}

    def others(self) -> dict[str, Scored]:
        """The latest race of each reserve and guest who is not in the standings, by driver_id."""
        drivers = self.drivers()
        return {each.driver_id: each for each in self._by_race() if each.driver_id not in drivers}

    def _by_race(self) -> list[Scored]:
        return sorted(self.scored, key=lambda one: one.race_number)

    def driven(self, driver: Scored, place: int, bonus: Decimal = Decimal(0)) -> Scored:
        """The next race of a driver who ends in a place; entry, role, team and class are those of his latest race.

        Args:
            driver: A race of his.
            place: That scores; NO_POINTS for none.
            bonus: What he has beside its points.
        """
        is_guest = driver.role == GUEST
        return replace(
            driver,
            race_id=NEXT,
            round_key=NEXT,
            race_number=self.number,
            finish_position=place or None,
            classified_position=place or None,
            scored_position=place or None,
            grid_position=None,
            points_factor=Decimal(1),
            race_points=Decimal(0) if is_guest else self.points.get(place, Decimal(0)),
            bonus_points=bonus,
            points_deducted=Decimal(0),
            points_for_incidents=Decimal(0),
            points_awarded=Decimal(0),
            is_disqualified=False,
            is_classified=True,
            is_passed_up=is_guest and self.rules.are_places_of_guests_passed_up,
            # no two drivers of the next race share a car
            entry_id=driver.driver_id,
        )


@dataclass(frozen=True)
class Held:
    """A next round that ended in some way.

    Attributes:
        scored: What it gave each who drove in it.
        refused: Bonuses that were chosen and that nobody would have.
    """

    scored: list[Scored]
    refused: list[Refused]


@dataclass(frozen=True)
class Need:
    """What a driver needs in the next round.

    Attributes:
        driver_id: Who.
        points: That he has.
        at_best: After a win with every bonus that one driver can have.
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


def held(season: Season, order: Sequence[str], bonuses: Chosen = MappingProxyType({})) -> Held:
    """The next round, as it is scored.

    Args:
        season: Before it.
        order: Who finishes, by driver_id; in classes each class by itself. Who is not named has no place. A guest holds
            the place or passes it up, as the championship has it.
        bonuses: Who has which, by driver_id.
    """
    entrants = {**season.others(), **season.drivers()}
    places: dict[str | None, int] = {}
    rows: dict[str, Scored] = {}
    for driver_id in order:
        driver = entrants[driver_id]
        if driver.role == GUEST and season.rules.are_places_of_guests_passed_up:
            rows[driver_id] = season.driven(driver, NO_POINTS)
            continue
        places[driver.class_name] = places.get(driver.class_name, 0) + 1
        rows[driver_id] = season.driven(driver, places[driver.class_name])
    # without a place too
    for driver_id in dict.fromkeys(who for drivers in bonuses.values() for who in drivers):
        rows.setdefault(driver_id, season.driven(entrants[driver_id], NO_POINTS))
    has, refused = given(bonuses, rows, season.rules)
    worth = season.rules.bonuses
    for driver_id, names in has.items():
        each = {name: worth[name] for name in names}
        rows[driver_id] = replace(rows[driver_id], bonus_points=sum(each.values(), Decimal(0)))
    # the round is held even if nobody is named: drops count it
    scored = list(rows.values()) or [season.driven(next(iter(season.drivers().values())), NO_POINTS)]
    return Held(scored, refused)


def after(season: Season, its_round: Held) -> tuple[list[Standing], list[Standing]]:
    """Standings of drivers and teams after the next round.

    Args:
        season: Before it.
        its_round: How it ended.
    """
    scored = [*season.scored, *its_round.scored]
    return driver_standings(scored, season.rules), team_standings(scored, season.rules)


def needs(season: Season, bonus_to: str = NOBODY) -> list[Need]:
    """What each driver who can lead after the next round needs for it, and what who leads now does, who is the first.

    Args:
        season: Before the next round.
        bonus_to: Who has every bonus where a driver is beside who leads now: NOBODY, DRIVER or LEADER.
    """
    drivers, rules = season.drivers(), season.rules
    leader = driver_standings(season.scored, rules)[0].key
    places = [NO_POINTS, *sorted(season.points, reverse=True)]  # from the worst to the best
    last = max(season.points, default=0)

    def lines_with(place: int, with_bonus: bool = False, of: Container[str] | None = None) -> dict[str, Line]:
        # who has no points may have ended right behind the last place that scores
        bonus = most(rules, place or last + 1) if with_bonus else Decimal(0)
        own = (season.driven(each, place, bonus) for each in drivers.values())
        return driver_lines([*season.scored, *own], rules, of)

    worst, best, second = lines_with(NO_POINTS), lines_with(1, with_bonus=True), lines_with(2, with_bonus=True)
    least = _Least((who, "", line.order) for who, line in worst.items())
    can_lead = {who for who, line in best.items() if line.order <= least.without(who)}
    contenders = {leader, *can_lead}
    plain = {place: lines_with(place, of=contenders) for place in places}
    is_apart = bonus_to != NOBODY and rules.bonuses
    rich = {place: lines_with(place, True, contenders) for place in places} if is_apart else plain
    of_driver = rich if bonus_to == DRIVER else plain
    of_leader = rich if bonus_to == LEADER else plain

    classes = {who: driver.class_name or "" for who, driver in drivers.items()}
    of_best = _Least((who, classes[who], line.order) for who, line in best.items())
    of_second = _Least((who, classes[who], line.order) for who, line in second.items())

    def leads_with(who: str, place: int) -> bool:
        """Whether he is ahead of all: of each in the best place that is left, with every bonus."""
        own, order = classes[who], plain[place][who].order
        if place != 1:
            return order < of_best.without(who)
        return order < of_second.without(who, within=own) and order < of_best.without(who, outside=own)

    def is_enough(who: str, place: int, of_first: int) -> bool:
        is_taken = place == of_first != NO_POINTS and classes[who] == classes[leader]
        return not is_taken and of_driver[place][who].order < of_leader[of_first][leader].order

    return [
        Need(
            driver_id=who,
            points=line.points,
            at_best=best[who].standing.points,
            at_worst=worst[who].standing.points,
            can_lead=who in can_lead,
            leads_from=next((place for place in places if leads_with(who, place)), None),
            beside_leader={
                of_first: next((place for place in places if is_enough(who, place, of_first)), None)
                for of_first in reversed(places)
                if who != leader
            },
        )
        for line in driver_standings(season.scored, rules)
        if (who := line.key) in contenders
    ]


class _Least:
    """Who is ahead of all, where one of them is left out: of each class the first two."""

    def __init__(self, orders: Iterable[tuple[str, str, Order]]) -> None:
        self._first: dict[str, list[tuple[Order, str]]] = {}
        for who, its_class, order in orders:
            first = self._first.setdefault(its_class, [])
            first.append((order, who))
            first.sort()
            del first[2:]

    def without(self, who: str, within: str | None = None, outside: str | None = None) -> Order:
        """The order of the first but one; behind everybody where there is nobody.

        Args:
            who: Who is left out.
            within: Class that is looked at alone.
            outside: Class that is left out.
        """
        looked_at = (
            order
            for its_class, first in self._first.items()
            if within in (None, its_class) and outside != its_class
            for order, other in first
            if other != who
        )
        return min(looked_at, default=(Decimal("Infinity"), (), ()))
