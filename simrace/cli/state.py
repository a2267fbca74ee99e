"""How the warehouse is: `simrace status`, `metrics`, `verify`."""

import json
import os
from collections import Counter
from contextlib import closing
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from psycopg2.extensions import connection as Connection  # noqa: N812 - psycopg2 writes its classes small

from ingestion.settings import home_directory
from simrace.cli import summaries
from simrace.cli.terminal import byte_progress, console, dbt, readable_errors, say, say_error
from simrace.database.connection import DatabaseError, connection_parameters
from simrace.operations.status import Status, read_status
from simrace.operations.webhook import URL_VARIABLE, notify


def status(
    as_json: Annotated[bool, typer.Option("--json", help="Print all of it as one JSON object.")] = False,
    check: Annotated[bool, typer.Option(help="Exit with 1 when there is a problem; for cron.")] = False,
    tell: Annotated[bool, typer.Option("--notify", help=f"Tell {URL_VARIABLE} of problems.")] = False,
) -> None:
    """Say what is landed, refused and held, how fresh and how good it is, how the last run went, and what is wrong."""
    with readable_errors():
        parameters = connection_parameters(say)
        if tell and not os.environ.get(URL_VARIABLE):
            raise DatabaseError(f"There is nobody to tell: set {URL_VARIABLE} to a URL.")
        with closing(parameters.connect()) as connection:
            found = _read_status(connection)
            if as_json:
                print(json.dumps({**asdict(found), "problems": [*map(asdict, found.problems)]}, default=str, indent=2))
            else:
                summaries.show_status(console, connection, found)
    if tell and (answer := notify(str(parameters), found.problems)):
        say(answer)
    if check and found.problems:
        raise typer.Exit(1)


def metrics(
    file: Annotated[
        Path | None,
        typer.Option("-o", "--output", help="File to replace, such as simrace.prom; else print."),
    ] = None,
) -> None:
    """Write the state of the warehouse as Prometheus metrics."""
    from simrace.operations.metrics import metrics_text, write_metrics

    with readable_errors(), closing(connection_parameters(say).connect()) as connection:
        found = _read_status(connection)
    if file is None:
        print(metrics_text(found), end="")
        return
    try:
        write_metrics(found, file)
    except OSError as error:
        say_error(f"{file} cannot be written: {error.strerror}")
        raise typer.Exit(1) from error


def verify() -> None:
    """Prove the landed bytes and run every data test on everything."""
    from simrace.operations.log_proof import Proof
    from simrace.operations.verify import prove_bytes

    with readable_errors():
        parameters = connection_parameters(say)
        with closing(parameters.connect()) as connection, byte_progress("proving bytes") as on_bytes:
            proofs = dict(prove_bytes(connection, on_bytes))
        for proof, count in Counter(proofs.values()).items():
            if proof is not Proof.DIFFERS:
                console.print(f"{count:,} of {len(proofs):,} files {proof}")
        broken = [file_id for file_id, proof in proofs.items() if proof is Proof.DIFFERS]
        for file_id in broken:
            console.print(f"  [red]differs[/]: {file_id}")
        dbt(parameters, ["test", "--exclude-resource-type", "unit_test"], "testing")
    if broken:
        raise typer.Exit(1)


def _read_status(connection: Connection) -> Status:
    return read_status(connection, home_directory())
