"""`simrace export`: marts as files for other tools."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer
from psycopg2.extensions import connection as Connection  # noqa: N812 - psycopg2 writes its classes small
from rich.table import Table

from simrace.cli import summaries
from simrace.cli.terminal import channel_progress, console, readable_errors, say
from simrace.database.connection import connection_parameters
from simrace.database.roles import become_reader
from simrace.export.channels import export_channels
from simrace.export.elsewhere import place_of
from simrace.export.months import export_months
from simrace.export.tables import Exported, Format, export_ml, export_table, list_marts

app = typer.Typer(help="Write marts as files for other tools.", no_args_is_help=True)

FileFormat = Annotated[Format, typer.Option("--format", help="Kind of files.")]
FileFormatOfName = Annotated[
    Format | None, typer.Option("--format", help="Kind of file; else as the file's name says, else parquet.")
]


@app.command("list")
def export_list() -> None:
    """List the marts: about how many rows, and what a row is."""
    with _marts() as connection:
        table = Table("mart", "rows, about", "what a row is")
        for mart in list_marts(connection):
            rows = "" if mart.rows is None else f"{mart.rows:,}"
            table.add_row(mart.name, rows, summaries.shown(mart.description.partition("\n")[0]))
        console.print(table)


@app.command("table")
def export_any(
    name: Annotated[str, typer.Argument(help="Mart, as `simrace export list` names it.")],
    file: Annotated[
        str | None,
        typer.Option("-o", "--output", help="File to replace, or s3://; else the mart's name, in this folder."),
    ] = None,
    file_format: FileFormatOfName = None,
    where: Annotated[str, typer.Option(help="Condition in SQL, such as \"lap_class = 'pace'\"; else all rows.")] = "",
) -> None:
    """Write one mart, rows in the order of its key: the same rows give the same bytes."""
    file_format = _format_of(Path(file) if file else None, file_format)
    place = file or f"{name}.{file_format}"
    with _marts() as connection, place_of(place) as path:
        exported = export_table(connection, name, path, file_format, where)
    _show(replace(exported, path=place))


@app.command("months")
def export_by_month(
    place: Annotated[str, typer.Argument(help="Folder, or an address such as s3://league/marts.")],
    names: Annotated[list[str] | None, typer.Option("--mart", help="Mart; may be repeated. Else all.")] = None,
    months: Annotated[
        list[str] | None, typer.Option("--month", help="Such as 2026-11; may be repeated. Else all.")
    ] = None,
) -> None:
    """Write marts as Parquet by month (UTC) of session or race; a month that is there is replaced as a whole."""
    with _marts() as connection:
        for exported in export_months(connection, place, names or [], months or []):
            _show(exported)


@app.command("ml")
def export_training_data(
    directory: Annotated[Path, typer.Argument(help="Folder to write to; made when missing.")],
    file_format: FileFormat = Format.PARQUET,
) -> None:
    """Write the training data and the dictionary of their columns."""
    with _marts() as connection:
        for exported in export_ml(connection, directory, file_format):
            _show(exported)


@app.command("lap")
def export_one_lap(
    session: Annotated[str, typer.Argument(help="session_id of marts.fct_laps.")],
    lap: Annotated[int, typer.Argument(help="lap_number of marts.fct_laps.")],
    file: Annotated[Path, typer.Option("-o", "--output", help="File to replace.")],
) -> None:
    """Write the samples of one lap as the CSV that MoTeC i2 exports, for whatever reads that."""
    with _marts() as connection:
        from simrace.export.motec import export_lap  # here, because numpy takes its time

        _show(export_lap(connection, session, lap, file))


@app.command("channels")
def export_log_channels(
    session: Annotated[str, typer.Argument(help="session_id of marts.log_channels.")],
    file: Annotated[Path, typer.Option("-o", "--output", help="File to replace.")],
    channels: Annotated[
        list[str] | None,
        typer.Option("--channel", help="Channel of the log, or math channel; may be repeated. Else all."),
    ] = None,
    file_format: FileFormatOfName = None,
) -> None:
    """Write channels of a binary log, mapped or not, and math channels: a row for each sample."""
    with _marts() as connection, channel_progress("writing") as on_step:
        exported = export_channels(connection, session, channels or [], file, _format_of(file, file_format), on_step)
    _show(exported)


def _format_of(file: Path | None, file_format: Format | None) -> Format:
    if file_format is None:
        return Format.CSV if file and file.suffix.lower() == ".csv" else Format.PARQUET
    return file_format


@contextmanager
def _marts() -> Iterator[Connection]:
    """The marts and nothing else, to read."""
    with readable_errors(), closing(connection_parameters(say).connect()) as connection:
        become_reader(connection)
        yield connection


def _show(exported: Exported) -> None:
    console.print(f"{exported.rows:,} rows  sha256 {exported.sha256}  {exported.path}", highlight=False)
