"""Score championships beside the warehouse, by the SQL of the models."""

import os
from collections.abc import Iterator
from contextlib import closing, contextmanager

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


def compile_scoring(parameters: ConnectionParameters) -> dict[str, Compiled]:
    """The models that score, and what they read, by name; each stands after what it is made from.

    Args:
        parameters: The database.

    Raises:
        BuildError: the project cannot be compiled.
    """
    return {model.name: model for model in compile_models(parameters, [*SCORED])}


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
