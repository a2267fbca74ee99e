"""What the marts tell of a championship: its rounds, how each was scored, its tables."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from decimal import Decimal

import psycopg2
from psycopg2.extensions import connection as Connection  # noqa: N812 - psycopg2 writes its classes small
from psycopg2.extensions import cursor as Cursor  # noqa: N812

from ingestion.errors import ReadableError
from ingestion.raw_tables import relation_exists
from simrace.build.seed_files import near

# Columns of marts.championship_rounds, and what people call them.
BONUSES = {
    "pole_points": "pole",
    "fastest_lap_points": "fastest lap",
    "clean_race_points": "clean race",
    "lap_led_points": "led a lap",
    "most_laps_led_points": "most laps led",
    "most_places_gained_points": "most places gained",
}
MOST_NAMED = 20


class ChampionshipError(ReadableError):
    """There is no such championship, round or driver; the text says which there are."""


@contextmanager
def of_this_version() -> Iterator[None]:
    """Say what to do where tables are those of another version of the project.

    Raises:
        ChampionshipError: a table or column is not there.
    """
    try:
        yield
    except (psycopg2.errors.UndefinedColumn, psycopg2.errors.UndefinedTable) as error:
        raise ChampionshipError(
            f"The warehouse was built by another version of the project: {str(error).splitlines()[0]}\n"
            "Bring it up to date with `simrace run`, and try again."
        ) from error


@dataclass(frozen=True)
class Race:
    """A race of a championship.

    Attributes:
        race_id: Its key in marts.dim_races.
        number: Its place among the races of the championship, from 1.
        track: Where it was; None where the file names no track.
        started_at: Its start; None where the file tells none.
    """

    race_id: str
    number: int
    track: str | None
    started_at: datetime | None


@dataclass(frozen=True)
class Round:
    """A round of a championship.

    Attributes:
        number: Its place among the rounds held, from 1.
        key: round_key of marts.championship_rounds.
        races: Its races in order.
    """

    number: int
    key: str
    races: tuple[Race, ...]

    def told(self, of: int | None = None) -> str:
        """Its number, where and when, such as `Round 3 of 8, Oak Ring, 2026-03-22`.

        Args:
            of: Number of rounds; None to leave it out.
        """
        tracks = ", ".join(dict.fromkeys(race.track for race in self.races if race.track))
        days = sorted({f"{race.started_at.astimezone(UTC):%Y-%m-%d}" for race in self.races if race.started_at})
        from_to = " to ".join(dict.fromkeys([*days[:1], *days[-1:]]))
        number = f"Round {self.number}" + (f" of {of}" if of else "")
        return ", ".join(filter(None, (number, tracks, from_to)))


@dataclass(frozen=True)
class Championship:
    """A championship that has been scored.

    Attributes:
        championship_id: Its key.
        name: What people call it.
        rounds: Its rounds in order.
        drivers: Name by driver_id of all who are in it.
    """

    championship_id: str
    name: str
    rounds: tuple[Round, ...]
    drivers: dict[str, str]

    def round(self, number: int | None) -> Round:
        """A round by its number; the latest without one.

        Raises:
            ChampionshipError: there is no such round.
        """
        if number is None:
            return self.rounds[-1]
        if not 1 <= number <= len(self.rounds):
            held = f"rounds 1 to {len(self.rounds)} were held" if len(self.rounds) > 1 else "one round was held"
            raise ChampionshipError(f"{self.name} has no round {number}: {held}.")
        return self.rounds[number - 1]

    def driver(self, named: str) -> str:
        """The driver_id of a driver of it.

        Args:
            named: driver_id, or the name in whatever case.

        Raises:
            ChampionshipError: nobody in it is called so, or several are.
        """
        if named in self.drivers:
            return named
        found = [key for key, name in self.drivers.items() if name.casefold() == named.casefold()]
        if len(found) == 1:
            return found[0]
        if found:
            raise ChampionshipError(f"{named} is the name of several in {self.name}; write one of {', '.join(found)}")
        words = [*self.drivers.values(), *self.drivers]
        names = sorted(self.drivers.values())
        shown = ", ".join(names[:MOST_NAMED]) + (f" and {more} more" if (more := len(names) - MOST_NAMED) > 0 else "")
        raise ChampionshipError(
            f"Nobody in {self.name} is called {named!r}{near(named, words, f'; in it are: {shown}')}"
        )


@dataclass(frozen=True)
class Scored:
    """What a race of a driver scored, as marts.championship_rounds has it, and who that is.

    Attributes:
        points: By name of the bonus in `BONUSES`.
    """

    race_id: str
    driver_id: str
    entry_id: str
    role: str
    team_name: str | None
    class_name: str | None
    round_key: str
    race_number: int
    finish_position: int | None
    classified_position: int | None
    scored_position: int | None
    grid_position: int | None
    points_table: str
    points_factor: Decimal
    race_points: Decimal
    bonus_points: Decimal
    pole_points: Decimal
    fastest_lap_points: Decimal
    clean_race_points: Decimal
    lap_led_points: Decimal
    most_laps_led_points: Decimal
    most_places_gained_points: Decimal
    points_deducted: Decimal
    points_for_incidents: Decimal
    points_awarded: Decimal
    is_counted: bool
    is_disqualified: bool
    is_classified: bool
    is_passed_up: bool

    @property
    def points(self) -> Decimal:
        """What the race is worth in the standings."""
        counted = self.race_points + self.bonus_points if self.is_counted else Decimal(0)
        return counted + self.points_awarded - self.points_deducted


@dataclass(frozen=True)
class Rules:
    """What decides which races count and who stands where, as marts.dim_championships has it.

    Attributes:
        points_table: Of its races; league_points or points where files give them.
        rounds_counted: Number of best rounds that count; None for all.
        rounds_dropped: Number of worst rounds that do not; None for none.
        team_cars_counted: Cars of a team that count in a race; None for all.
        are_ties_shared: Whether equal points are an equal place.
        are_places_of_guests_passed_up: Whether those behind a guest move up.
        fastest_lap_within: Last place with which the fastest lap gives points; None for any.
        pole_points, fastest_lap_points, clean_race_points: Points more, as `BONUSES` names them.
        lap_led_points, most_laps_led_points, most_places_gained_points: The same.
    """

    points_table: str
    rounds_counted: int | None
    rounds_dropped: int | None
    team_cars_counted: int | None
    are_ties_shared: bool
    are_places_of_guests_passed_up: bool = False
    fastest_lap_within: int | None = None
    pole_points: Decimal = Decimal(0)
    fastest_lap_points: Decimal = Decimal(0)
    clean_race_points: Decimal = Decimal(0)
    lap_led_points: Decimal = Decimal(0)
    most_laps_led_points: Decimal = Decimal(0)
    most_places_gained_points: Decimal = Decimal(0)

    @property
    def bonuses(self) -> dict[str, Decimal]:
        """What each bonus is worth that a race can give, by the name of its column."""
        return {name: worth for name in BONUSES if (worth := getattr(self, name))}


@dataclass(frozen=True)
class Standing:
    """A line of the standings of drivers or teams.

    Attributes:
        key: driver_id or team_name.
        team_name: Team of a driver's latest race; None for none, and for a team.
    """

    key: str
    team_name: str | None
    position: int
    points: Decimal
    points_behind: Decimal
    wins: int
    podiums: int
    races: int
    dropped_points: Decimal


@of_this_version()
def find_championship(connection: Connection, championship_id: str) -> Championship:
    """A championship that has been scored.

    Args:
        connection: To a warehouse.
        championship_id: Its key.

    Raises:
        ChampionshipError: there is none of that key, or nothing is built.
    """
    with connection, connection.cursor() as cursor:
        if not relation_exists(cursor, "marts.championship_rounds"):
            raise ChampionshipError("No championship is built yet: land files of races with `simrace run`.")
        cursor.execute("select championship_id, max(championship_name) from marts.championship_standings group by 1")
        names: dict[str, str] = dict(cursor.fetchall())
        cursor.execute("select distinct championship_id from marts.championship_rounds")
        names = {key: names.get(key, key) for (key,) in sorted(cursor.fetchall())}
        if championship_id not in names:
            cursor.execute(
                "select championship_name from marts.dim_championships where championship_id = %s", (championship_id,)
            )
            if row := cursor.fetchone():
                raise ChampionshipError(
                    f"{row[0]} has no round yet: no race that was landed is selected by it. "
                    f"`simrace championship check {championship_id}` tells what selects them."
                )
            there = (
                f"; there are: {', '.join(names) or 'none'}. `simrace championship check` tells of rows without races"
            )
            raise ChampionshipError(
                f"No championship {championship_id!r} was scored{near(championship_id, names, there)}"
            )
        drivers = _read_drivers(cursor, championship_id)
        return Championship(championship_id, names[championship_id], _read_rounds(cursor, championship_id), drivers)


def _read_drivers(cursor: Cursor, championship_id: str) -> dict[str, str]:
    cursor.execute(
        "select distinct rounds.driver_id, coalesce(drivers.driver_name, rounds.driver_id) "
        "from marts.championship_rounds as rounds "
        "left join marts.dim_drivers as drivers on rounds.driver_id = drivers.driver_id "
        "where rounds.championship_id = %s order by 2, 1",
        (championship_id,),
    )
    return dict(cursor.fetchall())


def _read_rounds(cursor: Cursor, championship_id: str) -> tuple[Round, ...]:
    cursor.execute(
        "select distinct rounds.round_key, rounds.race_id, rounds.race_number, "
        "coalesce(layouts.track_name, sessions.track_name), rounds.green_flag_at "
        "from marts.championship_rounds as rounds "
        "left join marts.dim_event_sessions as sessions on rounds.race_id = sessions.event_session_id "
        "left join marts.dim_track_layouts as layouts "
        "on sessions.layout_id = layouts.layout_id and sessions.track_name is not null "
        "where rounds.championship_id = %s order by rounds.race_number",
        (championship_id,),
    )
    races: dict[str, list[Race]] = {}
    for key, *race in cursor.fetchall():
        races.setdefault(key, []).append(Race(*race))
    return tuple(Round(number, key, tuple(its)) for number, (key, its) in enumerate(races.items(), 1))


def is_pseudonymised(cursor: Cursor) -> bool:
    """Whether the marts hold pseudonyms in place of names and ids."""
    if not relation_exists(cursor, "ops.pseudonyms"):
        return False
    cursor.execute("select state <> 'off' from ops.pseudonyms")
    return bool((cursor.fetchone() or (False,))[0])


@of_this_version()
def read_scored(connection: Connection, championship_id: str) -> list[Scored]:
    """What every race of every driver of a championship scored, in order of races and places."""
    with connection, connection.cursor() as cursor:
        return scored_rows(cursor, championship_id)


def scored_rows(cursor: Cursor, championship_id: str, schema: str = "marts") -> list[Scored]:
    """The same.

    Args:
        cursor: To a warehouse.
        championship_id: Its key.
        schema: Where the table is: the marts, or pg_temp after a scoring beside them.
    """
    columns = ", ".join(field.name for field in fields(Scored))
    cursor.execute(
        f"select {columns} from {schema}.championship_rounds where championship_id = %s "
        "order by race_number, class_name nulls first, scored_position nulls last, finish_position nulls last, "
        "driver_id",
        (championship_id,),
    )
    return [Scored(*row) for row in cursor.fetchall()]


@of_this_version()
def read_rules(connection: Connection, championship_id: str) -> Rules:
    """The rules of a championship that has been scored."""
    columns = ", ".join(field.name for field in fields(Rules))
    with connection, connection.cursor() as cursor:
        cursor.execute(f"select {columns} from marts.dim_championships where championship_id = %s", (championship_id,))
        [row] = cursor.fetchall()
    return Rules(*row)


@of_this_version()
def read_points(connection: Connection, championship_id: str) -> dict[str, dict[int, Decimal]]:
    """Points for each place, by points table, of those tables that its races score by; nothing of points of files."""
    with connection, connection.cursor() as cursor:
        cursor.execute(
            "select points_table, position, points from marts.championship_points where championship_id = %s",
            (championship_id,),
        )
        found: dict[str, dict[int, Decimal]] = {}
        for table, position, points in cursor.fetchall():
            found.setdefault(table, {})[position] = points
    return found


def read_standings(cursor: Cursor, championship_id: str, schema: str = "marts") -> list[Standing]:
    """The standings of drivers, in order.

    Args:
        cursor: To a warehouse.
        championship_id: Its key.
        schema: Where the table is: the marts, or pg_temp after a scoring beside them.
    """
    cursor.execute(
        "select driver_id, team_name, position, points, points_behind, wins, podiums, races, dropped_points "
        f"from {schema}.championship_standings where championship_id = %s order by position, driver_id",
        (championship_id,),
    )
    return [Standing(*row) for row in cursor.fetchall()]


def read_team_standings(cursor: Cursor, championship_id: str, schema: str = "marts") -> list[Standing]:
    """The same of teams; empty where nobody drives for one."""
    cursor.execute(
        "select team_name, null, position, points, points_behind, wins, podiums, races, dropped_points "
        f"from {schema}.championship_team_standings where championship_id = %s order by position, team_name",
        (championship_id,),
    )
    return [Standing(*row) for row in cursor.fetchall()]
