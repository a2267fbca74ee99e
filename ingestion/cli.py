"""The command line: `simrace --help`."""

import json
import os
import sys
import webbrowser
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated

import psycopg2
import typer
from psycopg2.extensions import connection as Connection  # noqa: N812 - psycopg2 writes its classes small
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from ingestion import last_build, report, warehouse
from ingestion.build import BuildError, project_directory, run_dbt
from ingestion.corners import CornersError, freeze, list_layouts
from ingestion.database import ConnectionParameters, DatabaseError, connection_parameters
from ingestion.db_commands import app as db_app
from ingestion.dbt_environment import home_directory
from ingestion.disk import tell_broken_off, tell_full_disk
from ingestion.export import ExportError, Format, export_ml
from ingestion.forget import Content, ForgetError, drop_work_files, find_driver, find_named
from ingestion.forget import forget as forget_contents
from ingestion.landed import Outcome, State, count_states
from ingestion.landing import land_files, land_sources
from ingestion.loading import Loader
from ingestion.reading import LandingError
from ingestion.replay import is_within_reach, open_again, open_refusals, refused_lines
from ingestion.retention import Expired, Limits, RetentionError, Tier, find_expired, read_limits, retire
from ingestion.retention import pin as pin_session
from ingestion.runs import Run, log_landing, recorded
from ingestion.settings import SettingError
from ingestion.status import Status, read_status
from ingestion.webhook import URL_VARIABLE, notify, notify_of_run

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
FullRefresh = Annotated[bool, typer.Option(help="Build every table anew from raw.")]
Pseudonymise = Annotated[
    bool | None,
    typer.Option(
        help="Publish drivers under keyed hashes (SIMRACE_PSEUDONYM_KEY); left out, as before.", show_default=False
    ),
]

IncludeForgotten = Annotated[bool, typer.Option(help="Land also what `simrace forget` forgot.")]


@contextmanager
def _readable_errors() -> Iterator[None]:
    try:
        yield
    except (
        DatabaseError,
        BuildError,
        CornersError,
        ExportError,
        ForgetError,
        LandingError,
        RetentionError,
        SettingError,
    ) as error:
        errors.print(f"[red]Error:[/] {report.shown(str(error))}", highlight=False)
        raise typer.Exit(1) from error
    except psycopg2.Error as error:
        said = str(error).strip()
        told = tell_full_disk(said, home_directory()) or tell_broken_off(said) or "Run the same again."
        errors.print(f"[red]Error:[/] the database broke off: {report.shown(said)}\n{told}", highlight=False)
        raise typer.Exit(1) from error


@contextmanager
def _recorded(command: str) -> Iterator[Run]:
    """A command that is written down and, when there are problems at its end, told to the webhook."""
    with _readable_errors():
        run = None
        try:
            with recorded(command) as run:
                yield run
        except Exception:
            if run:
                _tell(notify_of_run(run))
            raise
        _tell(notify_of_run(run))


@dataclass(frozen=True)
class Held:
    """A command at work: its record, the database, and the hold on it."""

    run: Run
    parameters: ConnectionParameters
    hold: warehouse.Hold


@contextmanager
def _held(command: str) -> Iterator[Held]:
    with _recorded(command) as run:
        run.parameters = parameters = connection_parameters(_say)
        with warehouse.exclusive(parameters, lambda: _say(warehouse.WAITING)) as hold:
            yield Held(run, parameters, hold)


def _tell(answer: str) -> None:
    if answer:
        _say(answer)


def _say(message: str) -> None:
    errors.print(report.printable(message), highlight=False, markup=False)


@app.command()
def run(
    paths: Paths = None,
    full_refresh: FullRefresh = False,
    include_forgotten: IncludeForgotten = False,
    pseudonymise: Pseudonymise = None,
) -> None:
    """Land what is new, build and test the marts, say what arrived. Without a path: the folders given before."""
    with _readable_errors():
        named = paths or _known_paths()
        project_directory()
    with _held("run") as held:
        nothing_landed = _land(held, named, include_forgotten)
        warehouse.remember_paths([str(Path(path).expanduser().absolute()) for path in named])
        limits = read_limits(project_directory())
        if limits.is_enabled and (expired := _expired(held, limits)):
            console.print("What is older than the var retention says is let go:")
            report.show_expired(console, expired)
            _retire(held, expired)
        if not full_refresh and pseudonymise is None and _is_built(held):
            console.print("Nothing is new since the last build: the marts stay as they are. `simrace build` builds.")
        else:
            _build(held, full_refresh, pseudonymise)
            with closing(held.parameters.connect()) as connection:
                report.show_holdings(console, connection)
            report.show_next_steps(console)
        if nothing_landed:
            raise typer.Exit(1)


@app.command()
def build(full_refresh: FullRefresh = False, pseudonymise: Pseudonymise = None) -> None:
    """Build and test the marts from what is landed."""
    with _held("build") as held:
        _build(held, full_refresh, pseudonymise)
        with closing(held.parameters.connect()) as connection:
            report.show_holdings(console, connection)


@app.command()
def land(paths: Paths, include_forgotten: IncludeForgotten = False) -> None:
    """Land files without building: identify, hash, keep the text as it is."""
    with _held("land") as held:
        if _land(held, paths or [], include_forgotten):
            raise typer.Exit(1)


@app.command()
def replay() -> None:
    """Try refused files and lines again after a fix, from the copies kept or from where they were, and build."""
    with _held("replay") as held:
        with closing(held.parameters.connect()) as connection:
            before, lines_before = open_refusals(connection), refused_lines(connection)
        loader, outcomes = _loader(held.parameters), list[Outcome]()
        with held.run.landing(), _byte_progress("landing") as on_bytes:

            def attempt() -> None:
                with closing(held.parameters.connect()) as connection:
                    land_sources(loader, connection, lambda _recall: open_again(before), on_bytes, outcomes)

            held.hold.patiently(attempt)
        _note_landing(held, outcomes)
        _build(held)
        with closing(held.parameters.connect()) as connection:
            after, lines_after = open_refusals(connection), refused_lines(connection)
        out_of_reach = {(each.file_id, each.file_path) for each in after if not is_within_reach(each)}
        report.show_replay(console, before, after, out_of_reach, lines_before, lines_after)


@app.command()
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
    with _readable_errors():
        project_directory()
    with _held("forget") as held:
        with closing(held.parameters.connect()) as connection:
            _loader(held.parameters).finish_pending(connection)  # or it would bring back what is forgotten now
            contents = find_named(connection, files or [])
            others: list[Content] = []
            if driver:
                of_driver, others = find_driver(connection, driver)
                contents += [content for content in of_driver if content not in contents]
        console.print(f"[bold]{len(contents):,} to forget[/], with everything made from them:")
        report.show_contents(console, contents)
        if others:
            console.print("The driver's name stands in these too. They stay, unless you name them:")
            report.show_contents(console, others)
        _ask("Forget them?", yes)
        _forget(held, contents)
        _build(held)


@app.command()
def retain(
    apply: Annotated[bool, typer.Option("--apply", help="Let it go; else it is only shown.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Show what of old telemetry is kept no longer (var `retention`); with --apply, let it go."""
    with _held("retain") as held:
        expired = _expired(held, read_limits(project_directory()))
        report.show_expired(console, expired)
        if expired and apply:
            _ask("Let it go?", yes)
            _retire(held, expired)
            _build(held)


@app.command()
def pin(
    session: Annotated[str, typer.Argument(help="session_id of marts.dim_sessions.")],
    remove: Annotated[bool, typer.Option("--remove", help="Keep it no longer than others.")] = False,
) -> None:
    """Keep all of a session, whatever its age."""
    with _readable_errors(), closing(connection_parameters(_say).connect()) as connection:
        pin_session(connection, session, not remove)
    console.print(f"{session} is {'kept no longer than others' if remove else 'kept'}.")


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
def status(
    as_json: Annotated[bool, typer.Option("--json", help="Print all of it as one JSON object.")] = False,
    check: Annotated[bool, typer.Option(help="Exit with 1 when there is a problem; for cron.")] = False,
    tell: Annotated[bool, typer.Option("--notify", help=f"Tell {URL_VARIABLE} of problems.")] = False,
) -> None:
    """Say what is landed, refused and held, how fresh and how good it is, how the last run went, and what is wrong."""
    with _readable_errors():
        parameters = connection_parameters(_say)
        if tell and not os.environ.get(URL_VARIABLE):
            raise DatabaseError(f"There is nobody to tell: set {URL_VARIABLE} to a URL.")
        with closing(parameters.connect()) as connection:
            found = _read_status(connection)
            if as_json:
                print(json.dumps({**asdict(found), "problems": [*map(asdict, found.problems)]}, default=str, indent=2))
            else:
                report.show_status(console, connection, found)
    if tell:
        _tell(notify(str(parameters), found.problems))
    if check and found.problems:
        raise typer.Exit(1)


@app.command()
def metrics(
    file: Annotated[
        Path | None,
        typer.Option("-o", "--output", help="File to replace, such as simrace.prom; else print."),
    ] = None,
) -> None:
    """Write the state of the warehouse as Prometheus metrics."""
    from ingestion.metrics import metrics_text, write_metrics

    with _readable_errors(), closing(connection_parameters(_say).connect()) as connection:
        found = _read_status(connection)
    if file is None:
        print(metrics_text(found), end="")
        return
    try:
        write_metrics(found, file)
    except OSError as error:
        errors.print(f"[red]Error:[/] {report.shown(f'{file} cannot be written: {error.strerror}')}", highlight=False)
        raise typer.Exit(1) from error


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
                report.shown(layout.layout_id),
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
            with warehouse.exclusive(parameters, lambda: _say(warehouse.WAITING)):
                _dbt(parameters, ["run", "--select", *models, "--vars", variables], "finding corners")
        with closing(parameters.connect()) as connection:
            count = freeze(connection, project_directory(), layout, again)
    console.print(
        f"{count} corners of {report.shown(layout)} are in seeds/track_corners.csv; `simrace run` builds with them."
    )


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


def _read_status(connection: Connection) -> Status:
    return read_status(connection, home_directory(), project_directory())


def _loader(parameters: ConnectionParameters) -> Loader:
    return Loader(home_directory(), parameters.url, warehouse.pipeline_name(parameters))


def _land(held: Held, paths: list[str], include_forgotten: bool) -> bool:
    """Land and report; True when files were found and none of them is in the warehouse."""
    from ingestion.sources import expand

    files = expand(paths)
    if not files:
        _say("There are no files in: " + ", ".join(paths))
        raise typer.Exit(1)
    loader, outcomes = _loader(held.parameters), list[Outcome]()
    with held.run.landing(), _byte_progress("landing", sum(map(_size, files))) as on_bytes:

        def attempt() -> None:
            with closing(held.parameters.connect()) as connection:
                land_files(loader, connection, files, on_bytes, outcomes, include_forgotten)

        held.hold.patiently(attempt)
    _note_landing(held, outcomes)
    report.show_landing(console, outcomes, files)
    states = count_states(outcomes)
    return not states[State.LANDED] and not states[State.ALREADY_LANDED]


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:  # it will be refused with the reason
        return 0


def _note_landing(held: Held, outcomes: list[Outcome]) -> None:
    held.run.count(outcomes)
    with closing(held.parameters.connect()) as connection:
        log_landing(connection, outcomes)


def _ask(question: str, is_answered: bool) -> None:
    if not (is_answered or (sys.stdin.isatty() and typer.confirm(question, err=True))):
        errors.print("Nothing was done. With --yes it is done without asking.")
        raise typer.Exit(1)


def _forget(held: Held, contents: list[Content]) -> None:
    def attempt() -> dict[str, int]:
        with closing(held.parameters.connect()) as connection:
            return forget_contents(connection, contents)

    deleted = held.hold.patiently(attempt)
    drop_work_files(_loader(held.parameters))
    rows = ", ".join(f"{count:,} of {table}" for table, count in deleted.items())
    console.print(f"Rows deleted: {rows or 'none'}")


def _expired(held: Held, limits: Limits) -> list[Expired]:
    with closing(held.parameters.connect()) as connection:
        return find_expired(connection, limits)


def _retire(held: Held, expired: list[Expired]) -> None:
    whole = [each for each in expired if each.tier is Tier.SESSION]
    with closing(held.parameters.connect()) as connection:
        retire(connection, (each for each in expired if each.tier is not Tier.SESSION))
        contents = find_named(connection, [file_id for each in whole for file_id in each.file_ids])
    if contents:
        _forget(held, contents)


def _is_built(held: Held) -> bool:
    with closing(held.parameters.connect()) as connection:
        return last_build.is_current(connection, project_directory())


def _build(held: Held, full_refresh: bool = False, pseudonymise: bool | None = None) -> None:
    with closing(held.parameters.connect()) as connection:
        inputs = last_build.made_from(connection, project_directory())
    # Unit tests are about our logic, not about these files: `make test` runs them.
    arguments = ["build", "--exclude-resource-type", "unit_test"]
    if full_refresh:
        arguments.append("--full-refresh")
    if pseudonymise is not None:
        arguments += ["--vars", json.dumps({"pseudonymise": pseudonymise})]
    try:
        with held.run.building():
            held.run.invocation_id = held.hold.patiently(lambda: _dbt(held.parameters, arguments, "building"))
    except BuildError as error:
        held.run.invocation_id = error.invocation_id
        raise
    if pseudonymise is None:  # else the next run without it may want something else
        with closing(held.parameters.connect()) as connection:
            last_build.record(connection, inputs)


def _dbt(parameters: ConnectionParameters, arguments: list[str], doing: str) -> str | None:
    """Run dbt and say how it went; its invocation_id."""
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
    return result.invocation_id


@contextmanager
def _byte_progress(doing: str, total: int | None = None) -> Iterator[Callable[[int], object]]:
    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeElapsedColumn())
    with Progress(*columns, console=errors, transient=True) as progress:
        task = progress.add_task(doing, total=total)
        yield lambda count: progress.advance(task, count)
