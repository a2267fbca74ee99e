"""`simrace schedule`: Dagster, which lands and builds by itself."""

from datetime import UTC, datetime
from typing import Annotated

import typer

from ingestion.paths import absolute
from ingestion.remote import is_remote
from simrace.build.project import project_directory
from simrace.cli.paths import remembered_paths
from simrace.cli.terminal import readable_errors, say, spinner
from simrace.dashboard.command import is_free
from simrace.database.connection import connection_parameters
from simrace.orchestration import starting
from simrace.orchestration.settings import Plan, ScheduleError, default_output, first_month


def schedule(
    paths: Annotated[
        list[str] | None,
        typer.Argument(
            help="What is landed, as `simrace run` takes it; left out, what that was given.", metavar="PATH..."
        ),
    ] = None,
    monthly: Annotated[
        list[str] | None,
        typer.Option(help="Path or address with %Y and %m in it, landed month by month; may be repeated."),
    ] = None,
    since: Annotated[
        str | None,
        typer.Option(
            metavar="YYYY-MM", help="First month of archives and exports; else a year ago.", show_default=False
        ),
    ] = None,
    export: Annotated[
        list[str] | None, typer.Option(metavar="MART", help="Mart to write as Parquet; may be repeated.")
    ] = None,
    output: Annotated[
        str | None,
        typer.Option("-o", "--output", help="Folder or address of exports and reports; else in SIMRACE_HOME."),
    ] = None,
    host: Annotated[str, typer.Option(help="Address of the pages; they ask nobody who they are.")] = starting.HOST,
    port: Annotated[int, typer.Option(min=1, max=65_535, help="Port of the pages.")] = starting.PORT,
    look: Annotated[int, typer.Option(min=1, help="Seconds between two looks for new files.")] = 30,
    retry: Annotated[
        int, typer.Option(min=0, help="Seconds to the next try of a failed step; doubled each time.")
    ] = 15,
) -> None:
    """Land and build by itself with Dagster, until Ctrl-C: new files, schedules, months (docs/schedule.md)."""
    with readable_errors():
        project_directory()
        plan = Plan(
            sources=tuple(map(_whole, paths or ([] if monthly else remembered_paths()))),
            archives=tuple(map(_whole, monthly or [])),
            since=since or first_month(datetime.now(UTC).date()),
            exports=tuple(export or []),
            output=_whole(output) if output else default_output(),
            look_s=look,
            retry_s=retry,
        )
        plan.check()
        if not is_free(port):
            raise ScheduleError(f"Port {port} is taken. Choose another one: simrace schedule --port {port + 1}")
        with starting.alone():
            with spinner("setting up Dagster, the first time for minutes"):
                python = starting.prepare(connection_parameters(say))
            address = f"http://{host}:{port}"
            code = starting.run(python, plan, host, port, lambda: say(f"Dagster starts at {address}; Ctrl-C ends it."))
        if code:
            raise ScheduleError(f"Dagster has ended by itself ({code}). {starting.log_file()} says why.")
    say("Stopped.")


def _whole(name: str) -> str:
    return name if is_remote(name) else str(absolute(name))
