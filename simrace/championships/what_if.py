"""What the standings would be if something had gone otherwise: scored by the same SQL, beside the warehouse."""

from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass, field
from decimal import Decimal

from psycopg2 import sql
from psycopg2.extensions import connection as Connection  # noqa: N812 - psycopg2 writes its classes small
from psycopg2.extensions import cursor as Cursor  # noqa: N812

from simrace.build import beside
from simrace.build.dbt import Compiled
from simrace.championships import scoring
from simrace.championships.marts import (
    Championship,
    ChampionshipError,
    Standing,
    find_championship,
    is_pseudonymised,
    read_standings,
    read_team_standings,
)
from simrace.championships.seeds import DECISIONS
from simrace.database.connection import ConnectionParameters


@dataclass(frozen=True)
class Decision:
    """A decision that the stewards did not take.

    Attributes:
        driver: driver_id, or the driver's name.
        decision: As seeds/steward_decisions.csv has it.
        amount: Seconds, places or points; None for a disqualification.
    """

    driver: str
    decision: str
    amount: Decimal | None = None


@dataclass(frozen=True)
class Change:
    """What went otherwise.

    Attributes:
        without: Drivers who did not drive, by id or name.
        decisions: Decisions on drivers.
        round: Number of the round; None for all, which decisions may not have.
        race_id: Of a round with several races of a driver the one that is meant; None where there is one.
    """

    without: list[str] = field(default_factory=list)
    decisions: list[Decision] = field(default_factory=list)
    round: int | None = None
    race_id: str | None = None


@dataclass(frozen=True)
class Outcome:
    """Standings before and after.

    Attributes:
        championship: Whose.
        drivers, drivers_after: Standings of drivers, in order.
        teams, teams_after: Those of teams.
        notes: What people must know to read them.
    """

    championship: Championship
    drivers: list[Standing]
    drivers_after: list[Standing]
    teams: list[Standing]
    teams_after: list[Standing]
    notes: list[str]


def what_if(parameters: ConnectionParameters, championship_id: str, change: Change) -> Outcome:
    """Standings as they are, and as they would be. The warehouse stays as it is.

    Args:
        parameters: The database.
        championship_id: A championship that has been scored.
        change: What went otherwise.

    Raises:
        ChampionshipError: there is no such championship, round or driver, or the change is not clear.
        BuildError: the project cannot be compiled.
    """
    with closing(parameters.connect()) as connection:
        championship = find_championship(connection, championship_id)
        races = _races(championship, change)
        left_out = [championship.driver(named) for named in change.without]
        decided = [_decided(connection, championship, each, change, races) for each in change.decisions]
        with connection, connection.cursor() as cursor:
            if decided and is_pseudonymised(cursor):
                raise ChampionshipError(
                    "Decisions name drivers by their ids, and this warehouse holds pseudonyms alone."
                )
    models = scoring.compile_scoring(parameters)
    with scoring.beside(parameters) as cursor:
        before = read_standings(cursor, championship_id), read_team_standings(cursor, championship_id)
        beside.make_all(cursor, models, _given(championship_id, races, left_out, decided))
        after = (
            read_standings(cursor, championship_id, "pg_temp"),
            read_team_standings(cursor, championship_id, "pg_temp"),
        )
        notes = _notes(cursor, championship_id, decided)
    return Outcome(championship, before[0], after[0], before[1], after[1], notes)


def _races(championship: Championship, change: Change) -> list[str]:
    rounds = championship.rounds if change.round is None else (championship.round(change.round),)
    races = [race.race_id for each in rounds for race in each.races]
    if change.race_id is not None:
        if change.race_id not in races:
            where = f"round {change.round}" if change.round is not None else championship.name
            raise ChampionshipError(f"There is no race {change.race_id!r} in {where}; there are: {', '.join(races)}")
        return [change.race_id]
    if change.decisions and change.round is None:
        raise ChampionshipError(
            f"A decision is on one race: say which with --round, from 1 to {len(championship.rounds)}, or --race."
        )
    return races


def _decided(
    connection: Connection, championship: Championship, decision: Decision, change: Change, races: list[str]
) -> tuple[str, str, str, Decimal | None]:
    """Race, entrant, decision and amount."""
    driver = championship.driver(decision.driver)
    name = championship.drivers[driver]
    with connection, connection.cursor() as cursor:
        cursor.execute(
            "select race_id, entrant_id from marts.championship_rounds "
            "where championship_id = %s and driver_id = %s and race_id = any(%s) order by race_number",
            (championship.championship_id, driver, races),
        )
        found = cursor.fetchall()
    where = f"round {change.round}" if change.race_id is None else f"the race {change.race_id}"
    if not found:
        raise ChampionshipError(f"{name} has no result in {where}.")
    if len(found) > 1:
        which = ", ".join(race_id for race_id, _ in found)
        raise ChampionshipError(f"{name} has {len(found)} races in {where}; say which with --race: {which}")
    return (*found[0], decision.decision, decision.amount)


def _given(
    championship_id: str, races: list[str], left_out: list[str], decided: list[tuple[str, str, str, Decimal | None]]
) -> dict[str, beside.Given]:
    of_it = sql.SQL("championship_id = {}").format(sql.Literal(championship_id))
    its_races = sql.SQL("race_id in (select race_id from {})").format(beside.temporary(scoring.RACES))

    def results(cursor: Cursor, model: Compiled) -> None:
        beside.copy_of(its_races)(cursor, model)
        if left_out:
            _leave_out(cursor, races, left_out)

    def decisions(cursor: Cursor, model: Compiled) -> None:
        beside.copy_of()(cursor, model)
        for race_id, entrant_id, decision, amount in decided:
            cursor.execute(
                sql.SQL(
                    "insert into {} (race_id, entrant_id, decision, amount, reason, decided_at) "
                    "values (%s, %s, %s, %s, 'what if', '-infinity')"  # however early results are cut off
                ).format(beside.temporary(DECISIONS)),
                (race_id, entrant_id, decision, amount),
            )

    return {
        scoring.CHAMPIONSHIPS: beside.copy_of(of_it),
        scoring.RACES: beside.copy_of(of_it),
        scoring.RESULTS: results,
        DECISIONS: decisions,
    }


def _leave_out(cursor: Cursor, races: list[str], drivers: list[str]) -> None:
    """Results that were not driven; places and the grid close up where no other driver of the car is left."""
    table = beside.temporary(scoring.RESULTS)
    beside.make_table(
        cursor,
        "left_out",
        sql.SQL("select * from {} where race_id = any({}) and driver_id = any({}) and not is_team").format(
            table, sql.Literal(races), sql.Literal(drivers)
        ),
    )
    statements = (
        "delete from {results} as results using {left_out} as gone "
        "where results.race_id = gone.race_id and results.entrant_id = gone.entrant_id and not results.is_team",
        "delete from {left_out} as gone using {results} as results "
        "where results.race_id = gone.race_id and results.entry_id = gone.entry_id and not results.is_team",
        "delete from {results} as results using {left_out} as gone "
        "where results.race_id = gone.race_id and results.entry_id = gone.entry_id",
        "update {results} as results set "
        "finish_position = results.finish_position - ahead.finish, "
        "start_position = results.start_position - ahead.start, "
        "finish_position_in_class = results.finish_position_in_class - ahead.finish_in_class, "
        "start_position_in_class = results.start_position_in_class - ahead.start_in_class "
        "from (select behind.race_id, behind.entrant_id, "
        + ", ".join(
            f"count(distinct gone.entry_id) filter (where gone.{place} < behind.{place}{same}) as {name}"
            for name, place, same in (
                ("finish", "finish_position", ""),
                ("start", "start_position", ""),
                ("finish_in_class", "finish_position_in_class", " and gone.car_class_id = behind.car_class_id"),
                ("start_in_class", "start_position_in_class", " and gone.car_class_id = behind.car_class_id"),
            )
        )
        + " from {results} as behind inner join {left_out} as gone on behind.race_id = gone.race_id "
        "group by 1, 2) as ahead "
        "where results.race_id = ahead.race_id and results.entrant_id = ahead.entrant_id",
    )
    for statement in statements:
        cursor.execute(sql.SQL(statement).format(results=table, left_out=beside.temporary("left_out")))


def _notes(cursor: Cursor, championship_id: str, decided: list[tuple[str, str, str, Decimal | None]]) -> list[str]:
    notes = []
    cursor.execute(
        sql.SQL(
            "select bool_or(points_table in ('league_points', 'points')) from {} where championship_id = %s"
        ).format(beside.temporary(scoring.RACES)),
        (championship_id,),
    )
    if (cursor.fetchone() or (False,))[0]:
        notes.append("Its points come from the files: who moves up in places has no more points for it.")
    cursor.execute(
        sql.SQL("select race_id, entrant_id from {} where has_unplaced_time_penalty and not is_team").format(
            beside.temporary(scoring.DECIDED)
        )
    )
    without_time = set(cursor.fetchall())
    for race_id, entrant_id, decision, _ in decided:
        if decision == "time_penalty" and (race_id, entrant_id) in without_time:
            notes.append(
                f"The file has no time of {entrant_id} in {race_id}: a time penalty moves nobody; decide on places."
            )
    return notes


def side_by_side(before: list[Standing], after: list[Standing]) -> list[tuple[Standing | None, Standing | None]]:
    """Lines of two standings of the same drivers or teams: by the order after, then who is no longer there."""
    old: Mapping[str, Standing] = {line.key: line for line in before}
    new = {line.key for line in after}
    return [*((old.get(line.key), line) for line in after), *((line, None) for line in before if line.key not in new)]
