"""A small cluster of Spark on this machine: `simrace spark up`, `down`, `status`."""

from contextlib import closing

import typer

from simrace.cli.terminal import console, readable_errors, say, spinner
from simrace.database.connection import connection_parameters
from simrace.lake import cluster
from simrace.lake.settings import SPARK, lake

app = typer.Typer(help="Apache Spark on this machine, for what grows (docs/scale.md).", no_args_is_help=True)


@app.command()
def up() -> None:
    """Start a master, two workers and a thrift server on 127.0.0.1; the first time installs Spark (minutes)."""
    with readable_errors():
        parameters = connection_parameters(say)
        with spinner("starting Spark"), closing(parameters.connect()) as connection:
            started = cluster.up(lake(SPARK), parameters, connection)
    console.print(f"Spark runs: {started.master}, thrift server at {cluster.HERE}:{started.port}.", highlight=False)
    console.print("simrace run --engine spark    builds what grows there")


@app.command()
def down() -> None:
    """End them; the tables stay."""
    with readable_errors():
        ended = cluster.down(lake(SPARK))
    console.print(f"Ended: {', '.join(ended)}." if ended else "No Spark runs.")


@app.command()
def status() -> None:
    """Say which of them run; ends with 1 when one does not."""
    with readable_errors():
        states = cluster.running(lake(SPARK))
    for name, runs in states.items():
        console.print(f"{name}: {'runs' if runs else 'does not run'}")
    if not states:
        console.print("No Spark was started here: simrace spark up")
    if not (states and all(states.values())):
        raise typer.Exit(1)
