"""`simrace db`: the embedded server, and the way into whichever database is in use."""

import os
import shutil
import subprocess
from contextlib import closing
from typing import Annotated

import typer

from simrace.cli.terminal import readable_errors
from simrace.database import server, server_system
from simrace.database.connection import ConnectionParameters, DatabaseError, connection_parameters
from simrace.database.retry import patiently
from simrace.database.roles import RoleState, make_roles, password_variable
from simrace.database.settings import VARIABLES, configured_settings

app = typer.Typer(help="Start, stop and enter the database.", no_args_is_help=True)


@app.command()
def start() -> None:
    """Start the embedded PostgreSQL server; the first time it is set up. It runs until it is stopped."""
    with readable_errors():
        running = server.start()
        typer.echo(f"The server runs on {running.host}:{running.port}, its data is in {running.data_directory}")
        if settings := configured_settings():
            typer.echo(f"simrace does not use it: the environment names {ConnectionParameters(settings)}", err=True)


@app.command()
def stop() -> None:
    """Stop the embedded server; its data stays."""
    with readable_errors():
        typer.echo("The server has stopped" if server.stop() else "The server was not running")


@app.command()
def status() -> None:
    """Say which database is in use and whether it answers; exit code 3 when it does not."""
    with readable_errors():
        if settings := configured_settings():
            parameters = ConnectionParameters(settings)
            with closing(parameters.connect()) as connection:
                version = connection.server_version // 10_000
            typer.echo(f"PostgreSQL {version} answers: {parameters}, named by the environment")
            return
        embedded = server.status()
    if embedded is None:
        typer.echo("There is no server yet. `simrace db start` sets one up")
    else:
        does = "runs" if embedded.is_running else "does not run"
        typer.echo(f"The server {does} on {embedded.host}:{embedded.port}, its data is in {embedded.data_directory}")
    if embedded is None or not embedded.is_running:
        raise typer.Exit(3)


@app.command()
def url() -> None:
    """Print the URL of the database, password included."""
    with readable_errors():
        typer.echo(connection_parameters().url)


@app.command()
def roles(
    statement_timeout: Annotated[
        str, typer.Option(help="After which a reader's statement is ended: 30s, 5min, 1h; 0 for never.")
    ] = "5min",
) -> None:
    """Make or repair the four roles and their rights; a password in the environment lets one log in."""
    with readable_errors():
        parameters = connection_parameters()

        def make() -> list[RoleState]:
            with closing(parameters.connect()) as connection:
                return make_roles(connection, statement_timeout)

        states = patiently(make)  # it locks every table, and others lock them in another order
    for state in states:
        login = "logs in" if state.can_log_in else f"does not log in: set {password_variable(state.name)}"
        typer.echo(f"{state.name}: {state.purpose} ({login})")


PASSED_ON = {"allow_extra_args": True, "ignore_unknown_options": True, "help_option_names": []}


@app.command(context_settings=PASSED_ON)
def psql(context: typer.Context) -> None:
    """Enter the database with psql; everything after the word psql is passed on to it."""
    # Prefer the machine's own psql: the one that comes with the server has no line editing.
    _run_program("psql", context.args, is_own_better=True)


@app.command("pg_dump", context_settings=PASSED_ON)
def pg_dump(context: typer.Context) -> None:
    """Back the database up with pg_dump: `simrace db pg_dump --format custom --file BACKUP`."""
    _run_program("pg_dump", context.args)


@app.command("pg_restore", context_settings=PASSED_ON)
def pg_restore(context: typer.Context) -> None:
    """Restore a back-up into the database, which must be empty: `simrace db pg_restore --dbname NAME BACKUP`."""
    _run_program("pg_restore", context.args)


def _run_program(name: str, arguments: list[str], is_own_better: bool = False) -> None:
    """Run a program of PostgreSQL's on the database; a back-up needs one that is as new as the server."""
    with readable_errors():
        settings = connection_parameters().settings
        own, installed = shutil.which(name), shutil.which(name, path=server_system.find_installed_programs())
        program = (own or installed) if is_own_better else (installed or own)
        if program is None:
            raise DatabaseError(f"There is no {name} on this machine. Install one, or use `simrace db url` elsewhere.")
    # The password goes by the environment, because every user of the machine can read a command line.
    connection = {standard: settings[key] for key, (_, standard) in VARIABLES.items() if settings.get(key)}
    raise typer.Exit(subprocess.run([program, *arguments], env={**os.environ, **connection}, check=False).returncode)
