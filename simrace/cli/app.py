"""The command line: `simrace --help`."""

from typing import Annotated

import typer

from simrace import __version__
from simrace.cli import championship, corners, db, export, formats, keep, look, predict, run, spark, state
from simrace.cli.dbt import dbt
from simrace.cli.live import live
from simrace.cli.project import init
from simrace.cli.schedule import schedule
from simrace.cli.serve import serve
from simrace.cli.watch import watch

app = typer.Typer(
    help="Land the files that the sims write, build tested tables of races, laps and samples.",
    no_args_is_help=True,
    pretty_exceptions_show_locals=False,
)


def _tell_version(is_asked: bool) -> None:
    if is_asked:
        typer.echo(f"simrace {__version__}")
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[
        bool, typer.Option("--version", callback=_tell_version, is_eager=True, help="Say the version and exit.")
    ] = False,
) -> None:
    """What every command takes."""


app.add_typer(db.app, name="db")
app.add_typer(championship.app, name="championship")
app.add_typer(corners.app, name="corners")
app.add_typer(export.app, name="export")
app.add_typer(formats.app, name="format")
app.add_typer(spark.app, name="spark")
app.command()(run.run)
app.command()(run.build)
app.command()(run.land)
app.command(context_settings=db.PASSED_ON)(dbt)
app.command()(init)
app.command()(watch)
app.command()(schedule)
app.command()(serve)
app.command()(live)
app.command()(run.replay)
app.command()(keep.forget)
app.command()(keep.retain)
app.command()(keep.pin)
app.command()(keep.fetch_session)
app.command()(look.sample)
app.command()(state.status)
app.command()(state.metrics)
app.command()(state.verify)
app.command()(predict.train)
app.command()(predict.models)
app.command()(predict.predict)
app.command()(predict.plan)
app.command()(look.docs)
app.command()(look.report)
app.command()(look.dashboard)
