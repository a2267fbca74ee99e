"""What is kept and what goes: `simrace forget`, `retain`, `pin`."""

import sys
from contextlib import closing
from typing import Annotated

import typer

from simrace.build.project import project_directory
from simrace.cli import summaries
from simrace.cli.terminal import begin, build_marts, console, errors, readable_errors, say
from simrace.database.connection import connection_parameters
from simrace.operations import commands
from simrace.operations.commands import Work
from simrace.operations.forget import Content, find_driver, find_named, find_retired_with, forget_live
from simrace.operations.retention import Expired
from simrace.operations.retention import pin as pin_session

Archive = Annotated[
    str | None,
    typer.Option(
        envvar="SIMRACE_ARCHIVE",
        help="Folder or s3:// that first gets a copy of the files whose lines go: docs/privacy_and_roles.md.",
    ),
]


def forget(
    files: Annotated[
        list[str] | None,
        typer.Argument(help="file_id, the beginning of one, or a path.", metavar="FILE_ID_OR_PATH..."),
    ] = None,
    driver: Annotated[str, typer.Option(help="Every file that holds this driver_id of marts.dim_drivers.")] = "",
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Forget files for good: their rows and copies, and everything made from them; the next run refuses them."""
    if not files and not driver:
        errors.print("Say what to forget: simrace forget FILE_ID_OR_PATH..., or --driver DRIVER_ID")
        raise typer.Exit(2)
    with readable_errors():
        project_directory()
    with begin("forget") as work:
        with closing(work.parameters.connect()) as connection:
            commands.loader(work.parameters).finish_pending(connection)  # a pending load would bring it back
            contents = find_named(connection, files or [])
            others: list[Content] = []
            if driver:
                of_driver, others = find_driver(connection, driver)
                contents += [content for content in of_driver if content not in contents]
            together = find_retired_with(connection, contents)
            others = [content for content in others if content not in together]
        console.print(f"[bold]{len(contents + together):,} to forget[/], with everything made from them:")
        summaries.show_contents(console, contents)
        if together:
            console.print("With them go the other files of sessions whose lines are gone (`simrace retain`):")
            summaries.show_contents(console, together)
        if others:
            console.print("The driver's name stands in these too. They stay, unless you name them:")
            summaries.show_contents(console, others)
        _ask("Forget them?", yes)
        if driver:
            with closing(work.parameters.connect()) as connection:
                forget_live(connection, driver)
        _show_deleted(commands.forget(work, contents))
        if driver and commands.strike(work, driver):
            console.print(
                f"{driver} is struck from what is published of logs of others, now and in what comes. These logs stay: "
                "their bytes in raw still hold name, id, car and rating."
            )
        build_marts(work)
        commands.tidy_lake(work)


def retain(
    apply: Annotated[bool, typer.Option("--apply", help="Let it go; else it is only shown.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    archive: Archive = None,
) -> None:
    """Show what of old telemetry is kept no longer (var `retention`); with --apply, let it go."""
    with begin("retain") as work:
        old = commands.expired(work)
        summaries.show_expired(console, old)
        if old and apply:
            _ask("Let it go?", yes)
            let_go(work, old, archive)
            build_marts(work)
            commands.tidy_lake(work)


def pin(
    session: Annotated[str, typer.Argument(help="session_id of marts.dim_sessions.")],
    remove: Annotated[bool, typer.Option("--remove", help="Keep it no longer than others.")] = False,
) -> None:
    """Keep all of a session, whatever its age."""
    with readable_errors(), closing(connection_parameters(say).connect()) as connection:
        pin_session(connection, session, not remove)
    console.print(f"{session} is {'kept no longer than others' if remove else 'kept'}.")


def fetch_session(
    session: Annotated[str, typer.Argument(help="session_id of marts.dim_sessions, or the beginning of one.")],
    remove: Annotated[bool, typer.Option("--remove", help="Let them go from PostgreSQL again.")] = False,
) -> None:
    """Copy the samples and traces of a session from the lake, so that the dashboard shows its laps (docs/scale.md)."""
    with begin("fetch-session") as work:
        rows = commands.fetch_session(work, session, not remove)
    console.print(f"Rows copied: {', '.join(f'{count:,} of {name}' for name, count in rows.items()) or 'none'}")


def _ask(question: str, is_answered: bool) -> None:
    if not (is_answered or (sys.stdin.isatty() and typer.confirm(question, err=True))):
        errors.print("Nothing was done. With --yes it is done without asking.")
        raise typer.Exit(1)


def let_go(work: Work, old: list[Expired], archive: str | None) -> None:
    """Delete what has expired, and say what was deleted."""
    if deleted := commands.retire(work, old, archive, say):
        _show_deleted(deleted)


def _show_deleted(deleted: dict[str, int]) -> None:
    rows = ", ".join(f"{count:,} of {table}" for table, count in deleted.items())
    console.print(f"Rows deleted: {rows or 'none'}")
