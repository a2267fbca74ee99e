"""The command line: `simrace --help`."""

import json
import sys
import webbrowser
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, DownloadColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from ingestion import report, warehouse
from ingestion.build import BuildError, project_directory, run_dbt
from ingestion.corners import CornersError, freeze, list_layouts
from ingestion.database import ConnectionParameters, DatabaseError, connection_parameters
from ingestion.db_commands import app as db_app
from ingestion.dbt_environment import home_directory
from ingestion.export import ExportError, Format, export_ml
from ingestion.reading import LandingError

app = typer.Typer(
    help="Land the files that the sims write, build tested tables of races, laps and samples.",
    no_args_is_help=True,
    pretty_exceptions_show_locals=False,
)
app.add_typer(db_app, name="db")
corners_app = typer.Typer(help="Corners of the layouts, found on a reference lap.", no_args_is_help=True)
app.add_typer(corners_app, name="corners")
export_app = typer.Typer(help="Write tables as files for other tools.", no_args_is_help=True)
app.add_typer(export_app, name="export")
console = Console(soft_wrap=True)
errors = Console(stderr=True, soft_wrap=True)

Paths = Annotated[
    list[str] | None,
    typer.Argument(help="Files, folders, globs; .gz, and members of .zip and .tar.gz.", metavar="PATH..."),
]


@contextmanager
def _readable_errors() -> Iterator[None]:
    try:
        yield
    except (DatabaseError, BuildError, CornersError, ExportError, LandingError) as error:
        errors.print(f"[red]Error:[/] {escape(report.printable(str(error)))}", highlight=False)
        raise typer.Exit(1) from error


def _say(message: str) -> None:
    errors.print(report.printable(message), highlight=False, markup=False)


@app.command()
def run(
    paths: Paths = None,
    full_refresh: Annotated[bool, typer.Option(help="Build every table anew from raw.")] = False,
) -> None:
    """Land what is new, build and test the marts, say what arrived. Without a path: the folders given before."""
    with _readable_errors():
        named = paths or _known_paths()
        project_directory()
        parameters = connection_parameters(_say)
        with warehouse.exclusive(parameters, lambda: _say("Another simrace run is at work; waiting for it to end.")):
            nothing_landed = _land(parameters, named)
            warehouse.remember_paths([str(Path(path).expanduser().absolute()) for path in named])
            _build(parameters, full_refresh)
        with closing(parameters.connect()) as connection:
            report.show_holdings(console, connection)
        report.show_next_steps(console)
    if nothing_landed:
        raise typer.Exit(1)


@app.command()
def land(paths: Paths) -> None:
    """Land files without building: identify, hash, keep the text as it is."""
    with _readable_errors():
        parameters = connection_parameters(_say)
        with warehouse.exclusive(parameters, lambda: _say("Another simrace run is at work; waiting for it to end.")):
            nothing_landed = _land(parameters, paths or [])
    if nothing_landed:
        raise typer.Exit(1)


@app.command()
def sample(
    directory: Annotated[Path, typer.Argument(help="Folder to write to; made when missing.")],
    sessions: Annotated[int, typer.Option(min=1, help="Telemetry sessions; races come with them.")] = 12,
    seed: Annotated[int, typer.Option(help="The same seed gives the same bytes.")] = 1,
) -> None:
    """Write sample files in the sims' own formats, from a small lap simulator with invented drivers."""
    from ingestion.sample import write_sample_files

    with Progress(SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn(), console=errors) as progress:
        task = progress.add_task("writing")
        files = write_sample_files(
            directory,
            sessions,
            seed,
            on_progress=lambda path: progress.update(task, description=f"writing {path.name}"),
        )
    console.print(f"{len(files):,} files in {directory}; land them: simrace run {directory}")


@app.command()
def status() -> None:
    """Say what is landed, refused and held, and how good it is."""
    with _readable_errors(), closing(connection_parameters(_say).connect()) as connection:
        report.show_status(console, connection)


@app.command()
def verify() -> None:
    """Prove the landed bytes and run every data test on everything."""
    from ingestion.verify import prove_bytes

    with _readable_errors():
        parameters = connection_parameters(_say)
        with closing(parameters.connect()) as connection, _byte_progress("proving bytes") as on_bytes:
            proofs = list(prove_bytes(connection, on_bytes))
        broken = [proof.file_id for proof in proofs if not proof.is_same]
        console.print(f"{len(proofs) - len(broken):,} of {len(proofs):,} files rebuilt to the byte")
        for file_id in broken:
            console.print(f"  [red]differs[/]: {file_id}")
        _dbt(parameters, ["test", "--exclude-resource-type", "unit_test"], "testing")
    if broken:
        raise typer.Exit(1)


@app.command()
def docs(open_page: Annotated[bool, typer.Option("--open/--no-open", help="Open it in the browser.")] = True) -> None:
    """Make the documentation site of every table and column, one file, and open it."""
    with _readable_errors():
        _dbt(connection_parameters(_say), ["docs", "generate", "--static"], "documenting")
        page = project_directory() / "target" / "static_index.html"
    console.print(f"The documentation is in {page}")
    if open_page:
        webbrowser.open(page.as_uri())


@corners_app.command("list")
def corners_list() -> None:
    """List the layouts with laps, how many corners were found on each, and whether they are frozen."""
    with _readable_errors(), closing(connection_parameters(_say).connect()) as connection:
        table = Table("layout", "metres", "corners", "frozen")
        for layout in list_layouts(connection, project_directory()):
            table.add_row(
                escape(report.printable(layout.layout_id)),
                f"{layout.length_m:,.1f}",
                str(layout.corners),
                "yes" if layout.is_frozen else "",
            )
        console.print(table)


@corners_app.command("freeze")
def corners_freeze(
    layout: Annotated[str, typer.Argument(help="Layout as `simrace corners list` names it.")],
    reference_lap: Annotated[
        str, typer.Option(help="Lap to find them on, SESSION_ID:LAP_NUMBER; else the best of the earliest session.")
    ] = "",
    again: Annotated[bool, typer.Option(help="Replace corners that are frozen already.")] = False,
) -> None:
    """Write a layout's corners and length to seeds/, where you can name them; numbers then stay what they are."""
    with _readable_errors():
        parameters = connection_parameters(_say)
        if reference_lap:
            models = ["int_track_reference_laps", "int_track_corners_found"]
            variables = json.dumps({"corner_reference_lap": reference_lap})
            _dbt(parameters, ["run", "--select", *models, "--vars", variables], "finding corners")
        with closing(parameters.connect()) as connection:
            count = freeze(connection, project_directory(), layout, again)
    name = escape(report.printable(layout))
    console.print(f"{count} corners of {name} are in seeds/track_corners.csv; `simrace run` builds with them.")


@export_app.command("ml")
def export_training_data(
    directory: Annotated[Path, typer.Argument(help="Folder to write to; made when missing.")],
    file_format: Annotated[Format, typer.Option("--format", help="Kind of files.")] = Format.PARQUET,
) -> None:
    """Write the training data and the dictionary of their columns."""
    with _readable_errors(), closing(connection_parameters(_say).connect()) as connection:
        for exported in export_ml(connection, directory, file_format):
            console.print(f"{exported.rows:,} rows  sha256 {exported.sha256}  {exported.path}", highlight=False)


def _known_paths() -> list[str]:
    if known := warehouse.remembered_paths():
        return known
    usual = warehouse.usual_folders()
    if not usual:
        errors.print("Name the files or folders to land: simrace run PATH... (the next run remembers them)")
        raise typer.Exit(2)
    _say("\n  ".join(["Folders of sims on this machine:", *usual]))
    if not (sys.stdin.isatty() and typer.confirm("Land them, now and on every run?", err=True)):
        errors.print("Name the files or folders to land: simrace run PATH...")
        raise typer.Exit(2)
    return usual


def _land(parameters: ConnectionParameters, paths: list[str]) -> bool:
    """Land and report; True when files were found and none of them is in the warehouse."""
    from ingestion.landing import State, count_states, land_files, make_pipeline
    from ingestion.sources import expand

    files = expand(paths)
    if not files:
        _say("There are no files in: " + ", ".join(paths))
        raise typer.Exit(1)
    pipeline = make_pipeline(home_directory(), parameters.url, warehouse.pipeline_name(parameters))
    total = sum(map(_size, files))
    with closing(parameters.connect()) as connection, _byte_progress("landing", total) as on_bytes:
        outcomes = land_files(pipeline, connection, files, on_bytes=on_bytes)
    report.show_landing(console, outcomes)
    states = count_states(outcomes)
    return not states[State.LANDED] and not states[State.ALREADY_LANDED]


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:  # it will be refused with the reason
        return 0


def _build(parameters: ConnectionParameters, full_refresh: bool) -> None:
    # Unit tests are about our logic, not about these files: `make test` runs them.
    arguments = ["build", "--exclude-resource-type", "unit_test"]
    _dbt(parameters, [*arguments, "--full-refresh"] if full_refresh else arguments, "building")


def _dbt(parameters: ConnectionParameters, arguments: list[str], doing: str) -> None:
    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=errors, transient=True) as progress:
        task = progress.add_task(doing, total=None)
        result = run_dbt(
            arguments,
            parameters,
            lambda step: progress.update(
                task, completed=step.done, total=step.total, description=f"{doing}: {step.name}"
            ),
        )
    if result.counts:
        counts = ", ".join(f"{count:,} {name}" for name, count in sorted(result.counts.items()))
        console.print(f"dbt {arguments[0]}: {counts}")
    for problem in result.problems:
        console.print(f"  {report.printable(problem)}", highlight=False, markup=False)


@contextmanager
def _byte_progress(doing: str, total: int | None = None) -> Iterator[Callable[[int], object]]:
    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeElapsedColumn())
    with Progress(*columns, console=errors, transient=True) as progress:
        task = progress.add_task(doing, total=total)
        yield lambda count: progress.advance(task, count)
