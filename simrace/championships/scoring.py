"""Score championships beside the warehouse: the SQL of the models, on temporary tables that are gone afterwards."""

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing, contextmanager

from psycopg2 import sql
from psycopg2.extensions import cursor as Cursor  # noqa: N812 - psycopg2 writes its classes small

from simrace.build.dbt import Compiled, compile_models
from simrace.championships.marts import of_this_version
from simrace.database.connection import ConnectionParameters
from simrace.database.pseudonyms import session_options

# From the seeds to the tables; a test holds that nothing else stands between.
CHAMPIONSHIPS, RACES = "int_championships", "int_championship_races"
RESULTS, DECIDED = "int_race_results_as_of_cutoff", "int_race_results_with_steward_decisions"
ROUNDS, STANDINGS, TEAM_STANDINGS = "championship_rounds", "championship_standings", "championship_team_standings"
SCORED = (CHAMPIONSHIPS, RACES, DECIDED, "int_championship_entrants", ROUNDS, STANDINGS, TEAM_STANDINGS)

Given = Callable[[Cursor, Compiled], None]


def compile_scoring(parameters: ConnectionParameters) -> dict[str, Compiled]:
    """The models that score, and what they read, by name; each stands after what it is made from.

    Args:
        parameters: The database.

    Raises:
        BuildError: the project cannot be compiled.
    """
    return {model.name: model for model in compile_models(parameters, [*SCORED])}


def score(cursor: Cursor, models: Mapping[str, Compiled], given: Mapping[str, Given]) -> None:
    """Make temporary tables of what is given, and of every model that is made from it.

    They have the names of the models, and are gone with the transaction. What is neither given nor made from what is
    given is read where it is.

    Args:
        cursor: In a transaction that the caller rolls back.
        models: From `compile_scoring`.
        given: For a seed or model, in this order, what makes the temporary table of its name.
    """
    made: set[str] = set()
    for name, make in given.items():
        make(cursor, models[name])
        _analyse(cursor, name)
        made.add(name)
    for model in models.values():
        if model.code and model.name not in made and model.parents & made:
            code = model.code
            for name in made:
                code = code.replace(models[name].relation, temporary(name).as_string(cursor))
            make_table(cursor, model.name, _Text(code))
            _analyse(cursor, model.name)
            made.add(model.name)


class _Text(sql.Composable):
    """SQL of dbt as it is: it may hold braces."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self._text = text

    def as_string(self, context: object) -> str:
        return self._text


def temporary(name: str) -> sql.Identifier:
    """The temporary table of a model, which SQL cannot mistake for the model's own."""
    return sql.Identifier("pg_temp", name)


def relation(model: Compiled) -> sql.Composable:
    """The model's own table."""
    return _Text(model.relation)


def make_table(cursor: Cursor, name: str, query: sql.Composable) -> None:
    """Make a temporary table of the rows of a query."""
    cursor.execute(sql.SQL("create temporary table {} on commit drop as {}").format(sql.Identifier(name), query))


def copy_of(where: sql.Composable | None = None) -> Given:
    """What makes a copy of a seed or model.

    Args:
        where: Condition on the rows; None for all.
    """

    def make(cursor: Cursor, model: Compiled) -> None:
        condition = sql.SQL(" where {}").format(where) if where else sql.SQL("")
        make_table(cursor, model.name, sql.SQL("select * from {}{}").format(relation(model), condition))

    return make


def rows_of(rows: Iterable[Mapping[str, str]]) -> Given:
    """What makes a seed of lines of its file.

    Args:
        rows: Cells by column; a blank is null.
    """

    def make(cursor: Cursor, model: Compiled) -> None:
        columns = [sql.SQL("{} {}").format(sql.Identifier(name), _Text(kind)) for name, kind in model.columns.items()]
        table = sql.Identifier(model.name)
        cursor.execute(
            sql.SQL("create temporary table {} ({}) on commit drop").format(table, sql.SQL(", ").join(columns))
        )
        for row in rows:
            insert = sql.SQL("insert into {} values ({})").format(
                temporary(model.name), sql.SQL(", ").join([sql.Placeholder()] * len(model.columns))
            )
            cursor.execute(insert, [row.get(name) or None for name in model.columns])

    return make


@contextmanager
def beside(parameters: ConnectionParameters) -> Iterator[Cursor]:
    """A transaction that sees one state of the warehouse, and of which nothing is left.

    Args:
        parameters: The database.

    Raises:
        ChampionshipError: the warehouse was built by another version of the project.
    """
    # ids in seeds become pseudonyms by the key of the session
    options = session_options(os.environ).get("PGOPTIONS") or os.environ.get("PGOPTIONS", "")
    with closing(parameters.connect(options=options)) as connection:
        try:
            with connection.cursor() as cursor, of_this_version():
                cursor.execute("set transaction isolation level repeatable read; set local timezone = 'UTC'")
                yield cursor
        finally:
            connection.rollback()


def is_built(cursor: Cursor, models: Iterable[Compiled]) -> bool:
    """Whether the warehouse has the tables of models or seeds."""
    cursor.execute(
        "select bool_and(to_regclass(name) is not null) from unnest(%s) as names (name)",
        ([model.relation for model in models],),
    )
    return bool((cursor.fetchone() or (False,))[0])


def _analyse(cursor: Cursor, name: str) -> None:
    cursor.execute(sql.SQL("analyze {}").format(temporary(name)))
