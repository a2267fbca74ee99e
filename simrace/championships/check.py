"""Check the rules of championships before the season: the seed files by themselves, then against the warehouse."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from psycopg2.extensions import cursor as Cursor  # noqa: N812

from simrace.build import beside
from simrace.build.seed_files import Finding, Row, near, number
from simrace.championships import scoring
from simrace.championships.marts import ChampionshipError, is_pseudonymised
from simrace.championships.seeds import (
    CHAMPIONSHIPS,
    DECISIONS,
    ENTRIES,
    OF_FILES,
    POINTS_OF_FILES,
    RACES,
    RULES,
    SEEDS,
    Seeds,
    read_seeds,
)
from simrace.database.connection import ConnectionParameters


@dataclass(frozen=True)
class Checked:
    """What a check found.

    Attributes:
        championships: Number of championships looked at.
        findings: What is wrong or may be, by file and line.
        not_looked_at: Why the warehouse was not asked; empty where it was.
    """

    championships: int
    findings: list[Finding]
    not_looked_at: str = ""


def check(parameters: ConnectionParameters, project: Path, championship_id: str | None = None) -> Checked:
    """Check the seed files of championships, and score what was driven by them without a build.

    Args:
        parameters: The database; it may be empty, and nothing is written to it.
        project: Folder with dbt_project.yml.
        championship_id: The championship whose lines are told; None for all.

    Raises:
        ChampionshipError: no seed file names such a championship.
        BuildError: the project cannot be compiled.
    """
    seeds = read_seeds(project)
    names = dict.fromkeys(
        row["championship_id"] for seed in (CHAMPIONSHIPS, RULES, ENTRIES, RACES) for row in seeds.rows[seed]
    )
    if championship_id is not None and championship_id not in names:
        way_out = near(championship_id, names, f"; there are: {', '.join(names) or 'none'}")
        raise ChampionshipError(f"No seed file has a championship {championship_id!r}{way_out}")
    not_looked_at = _ask_warehouse(parameters, seeds)
    findings = sorted(set(seeds.findings))
    if championship_id is not None:
        findings = [each for each in findings if _concerns(seeds, each, championship_id)]
    return Checked(1 if championship_id else len(names), findings, not_looked_at)


def _concerns(seeds: Seeds, finding: Finding, championship_id: str) -> bool:
    """Whether a line is of a championship, or of none: a points table, a decision, a file that cannot be read."""
    seed = Path(finding.file).stem
    rows = (row for row in seeds.rows.get(seed, []) if (row.file, row.line) == (finding.file, finding.line))
    return all(row["championship_id"] in ("", championship_id) for row in rows)


def _ask_warehouse(parameters: ConnectionParameters, seeds: Seeds) -> str:
    if any(each.is_error for each in seeds.findings):
        return "with errors in the files they cannot be scored; put them right, and check again"
    models = scoring.compile_scoring(parameters)
    with scoring.beside(parameters) as cursor:
        read = [model for model in models.values() if not model.code and model.name not in SEEDS]
        if not beside.is_built(cursor, read):
            return "nothing is built yet; land files of races with `simrace run`"
        beside.make_all(cursor, models, {name: beside.rows_of(row.cells for row in seeds.rows[name]) for name in SEEDS})
        _check_races(cursor, seeds)
        _check_rounds(cursor, seeds)
        _check_fields(cursor, seeds)
        _check_keys(cursor, seeds)
    return ""


def _check_races(cursor: Cursor, seeds: Seeds) -> None:
    races = _counted(cursor, "select championship_id, count(*) from pg_temp.int_championship_races group by 1")
    for row in seeds.rows[CHAMPIONSHIPS]:
        if not races.get(row["championship_id"]):
            message = "no race is selected by it so far; if some should be, look at its filters"
            seeds.tell(row, message, is_error=False)
    known = _counted(cursor, "select championship_id, 1 from pg_temp.int_championships")
    for seed in (RULES, ENTRIES, RACES):
        for row in seeds.rows[seed]:
            name = row["championship_id"]
            if OF_FILES.fullmatch(name) and name not in known:
                seeds.tell(row, f"no file landed so far makes a championship {name!r}", is_error=False)


def _check_rounds(cursor: Cursor, seeds: Seeds) -> None:
    held = _counted(
        cursor, "select championship_id, count(distinct round_key) from pg_temp.int_championship_races group by 1"
    )
    for row in seeds.rows[CHAMPIONSHIPS]:
        rounds, counted = held.get(row["championship_id"], 0), number(row["rounds_counted"])
        if counted is not None and rounds and counted > rounds:
            message = f"counts the best {counted} rounds, and {rounds} were held: nothing is dropped yet"
            seeds.tell(row, message, is_error=False)
    for row in seeds.rows[RULES]:
        rounds = held.get(row["championship_id"], 0)
        if row["rule"] == "rounds_dropped" and rounds and (number(row["value"]) or 0) >= rounds:
            message = f"drops {row['value']} rounds, and {rounds} were held: one of them counts nevertheless"
            seeds.tell(row, message, is_error=False)


def _check_fields(cursor: Cursor, seeds: Seeds) -> None:
    """Points tables that end before the largest field that was seen."""
    cursor.execute(
        "select entrants.championship_id, entrants.points_table, max(entrants.scored_position), "
        "(select max(position) from pg_temp.points_tables as tables "
        "where tables.points_table = entrants.points_table) as places "
        "from pg_temp.int_championship_entrants as entrants group by 1, 2"
    )
    for name, table, field, places in cursor.fetchall():
        if table in POINTS_OF_FILES or None in (field, places) or field <= places:
            continue
        message = f"{table} gives points to {places} places, and {field} were taken: who comes later scores nothing"
        for seed in (CHAMPIONSHIPS, RACES):
            for row in seeds.of(seed, name):
                if row["points_table"] == table:
                    seeds.tell(row, message, is_error=False)


def _check_keys(cursor: Cursor, seeds: Seeds) -> None:
    if is_pseudonymised(cursor):
        return  # seeds hold ids, and the marts their pseudonyms
    drivers = _names(cursor, "select driver_id, driver_name from marts.dim_drivers")
    for row in seeds.rows[ENTRIES]:
        if row["driver_id"] not in drivers:
            like = [key for key, name in drivers.items() if name and name.lower() == row["driver_id"].lower()]
            way_out = f"; is it {like[0]!r}?" if like else _near_id(row["driver_id"], drivers)
            seeds.tell(row, f"no driver {row['driver_id']!r} was seen so far{way_out}", is_error=False)
    races = _names(cursor, "select race_id, null from marts.dim_races")
    for seed in (RACES, DECISIONS):
        for row in seeds.rows[seed]:
            if row["race_id"] and row["race_id"] not in races:
                message = f"no race {row['race_id']!r} was seen so far{_near_id(row['race_id'], races)}"
                seeds.tell(row, message, is_error=False)
    for row in seeds.rows[DECISIONS]:
        _check_entrant(cursor, seeds, row, row["race_id"] in races)


def _near_id(written: str, known: Iterable[str]) -> str:
    """As `near`, of ids that begin alike: there may be many thousands of them, and all are alike."""
    beginning = written[: len(written) // 2 + 1]
    return near(written, (each for each in known if each.startswith(beginning)))


def _check_entrant(cursor: Cursor, seeds: Seeds, row: Row, is_race: bool) -> None:
    if not is_race:
        return
    cursor.execute(
        "select entrant_id from marts.fct_race_results where race_id = %(race)s "
        "union select entrant_id from marts.fct_race_team_results where race_id = %(race)s",
        {"race": row["race_id"]},
    )
    entrants = [str(each) for (each,) in cursor.fetchall() if each]
    if row["entrant_id"] not in entrants:
        message = f"nobody {row['entrant_id']!r} is in the race {row['race_id']}{_near_id(row['entrant_id'], entrants)}"
        seeds.tell(row, message, is_error=False)


def _counted(cursor: Cursor, query: str) -> dict[str, int]:
    cursor.execute(query)
    return {str(name): int(count) for name, count in cursor.fetchall()}


def _names(cursor: Cursor, query: str) -> dict[str, str | None]:
    cursor.execute(query)
    return dict(cursor.fetchall())
