"""`simrace dbt`: dbt itself, with the database, the pseudonyms' key and the lock of a run."""

from contextlib import closing
from typing import Annotated

import typer

from simrace.build.dbt import run_dbt, set_for_dbt
from simrace.build.project import project_directory
from simrace.build.seed_files import put_own_rows
from simrace.cli.terminal import readable_errors, say
from simrace.database import lock
from simrace.database.connection import connection_parameters

# dbt's commands that change tables.
WRITING = {"build", "clone", "retry", "run", "run-operation", "seed", "snapshot"}


def dbt(
    arguments: Annotated[list[str] | None, typer.Argument(help="As dbt takes them: build --select fct_laps+")] = None,
) -> None:
    """Run dbt, whatever database is in use; everything after the word dbt is passed on to it."""
    passed = arguments or ["--help"]
    with readable_errors():
        parameters, project = connection_parameters(say), project_directory()
        hold = lock.Hold(parameters, lambda: say(lock.WAITING))
        if not WRITING.isdisjoint(passed):
            hold.take()
            with closing(parameters.connect()) as connection:
                put_own_rows(connection, project)
        if {"run", "--empty"} <= set(passed):
            run_dbt(["seed", *_target(passed)], parameters)  # a new database has none, and models read them
    from dbt.cli.main import cli  # here, because it takes a second that `simrace --help` should not

    try:
        with set_for_dbt(parameters, project):
            cli(passed, prog_name="simrace dbt")
    finally:
        hold.release()


def _target(arguments: list[str]) -> list[str]:
    """The option that names dbt's target, if there is one."""
    at = next((at for at, argument in enumerate(arguments) if argument in ("--target", "-t")), len(arguments))
    return arguments[at : at + 2]
