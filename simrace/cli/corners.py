"""`simrace corners`: the corners of the layouts."""

import json
from contextlib import closing
from typing import Annotated

import typer
from rich.table import Table

from simrace.build.project import project_directory
from simrace.build.seed_files import own_folder
from simrace.cli import summaries
from simrace.cli.terminal import console, dbt, readable_errors, say
from simrace.database import lock
from simrace.database.connection import connection_parameters
from simrace.operations.corners import freeze, list_layouts

app = typer.Typer(help="Corners of the layouts, found on a reference lap.", no_args_is_help=True)


@app.command("list")
def corners_list() -> None:
    """List the layouts with laps, how many corners were found on each, and whether they are frozen."""
    with readable_errors(), closing(connection_parameters(say).connect()) as connection:
        table = Table("layout", "metres", "corners", "frozen")
        for layout in list_layouts(connection, project_directory()):
            table.add_row(
                summaries.shown(layout.layout_id),
                f"{layout.length_m:,.1f}",
                str(layout.corners),
                "yes" if layout.is_frozen else "",
            )
        console.print(table)


@app.command("freeze")
def corners_freeze(
    layout: Annotated[str, typer.Argument(help="Layout as `simrace corners list` names it.")],
    reference_lap: Annotated[
        str, typer.Option(help="Lap to find them on, SESSION_ID:LAP_NUMBER; else the best of the earliest session.")
    ] = "",
    again: Annotated[bool, typer.Option(help="Replace corners that are frozen already.")] = False,
) -> None:
    """Write a layout's corners and length to SIMRACE_HOME/seeds, where you name them; numbers then stay."""
    with readable_errors():
        parameters = connection_parameters(say)
        if reference_lap:
            models = ["int_track_reference_laps", "int_track_corners_found"]
            variables = json.dumps({"corner_reference_lap": reference_lap})
            with lock.exclusive(parameters, lambda: say(lock.WAITING)):
                dbt(parameters, ["run", "--select", *models, "--vars", variables], "finding corners")
        with closing(parameters.connect()) as connection:
            count = freeze(connection, project_directory(), layout, again)
    written = summaries.shown(str(own_folder() / "track_corners.csv"))
    console.print(f"{count} corners of {summaries.shown(layout)} are in {written}; `simrace run` builds with them.")
