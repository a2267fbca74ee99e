"""The command line: `simrace --help`."""

import json
import os
import sys
import webbrowser
from contextlib import closing
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from psycopg2.extensions import connection as Connection  # noqa: N812 - psycopg2 writes its classes small
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from ingestion import commands, report, warehouse
from ingestion.api.serve import serve
from ingestion.build import project_directory
from ingestion.commands import Held
from ingestion.corners_commands import app as corners_app
from ingestion.dashboard_command import PORT, run_dashboard
from ingestion.database import DatabaseError, connection_parameters
from ingestion.db_commands import app as db_app
from ingestion.dbt_environment import home_directory
from ingestion.export_commands import app as export_app
from ingestion.forget import Content, find_driver, find_named
from ingestion.landed import State, count_states
from ingestion.last_build import Due
from ingestion.replay import is_within_reach, open_again, open_refusals, refused_lines
from ingestion.retention import Expired, read_limits
from ingestion.retention import pin as pin_session
from ingestion.session_report.command import write_report
from ingestion.sources import expand, open_sources
from ingestion.status import Status, read_status
from ingestion.terminal import build as build_marts
from ingestion.terminal import byte_progress, console, dbt, errors, held, readable_errors, say, say_error, spinner
from ingestion.watch import watch
from ingestion.webhook import URL_VARIABLE, notify

app = typer.Typer(
    help="Land the files that the sims write, build tested tables of races, laps and samples.",
    no_args_is_help=True,
    pretty_exceptions_show_locals=False,
)
app.add_typer(db_app, name="db")
app.add_typer(corners_app, name="corners")
app.add_typer(export_app, name="export")

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


@app.command()
def run(
    paths: Paths = None,
    full_refresh: FullRefresh = False,
    include_forgotten: IncludeForgotten = False,
    pseudonymise: Pseudonymise = None,
) -> None:
    """Land what is new, build and test the marts, say what arrived. Without a path: the folders given before."""
    with readable_errors():
        named = paths or _known_paths()
        project_directory()
    with held("run") as work:
        nothing_landed = _land(work, named, include_forgotten)
        warehouse.remember_paths([str(Path(path).expanduser().absolute()) for path in named])
        limits = read_limits(project_directory())
        if limits.is_enabled and (old := commands.expired(work, limits)):
            console.print("What is older than the var retention says is let go:")
            report.show_expired(console, old)
            _retire(work, old)
        due = commands.due(work) if not full_refresh and pseudonymise is None else Due()
        if due.is_current:
            console.print("Nothing is new since the last build: the marts stay as they are. `simrace build` builds.")
        else:
            build_marts(work, full_refresh, pseudonymise, due.selector)
            with closing(work.parameters.connect()) as connection:
                report.show_holdings(console, connection)
            report.show_next_steps(console)
        if nothing_landed:
            raise typer.Exit(1)


@app.command()
def build(full_refresh: FullRefresh = False, pseudonymise: Pseudonymise = None) -> None:
    """Build and test the marts from what is landed."""
    with held("build") as work:
        build_marts(work, full_refresh, pseudonymise)
        with closing(work.parameters.connect()) as connection:
            report.show_holdings(console, connection)


@app.command()
def land(paths: Paths, include_forgotten: IncludeForgotten = False) -> None:
    """Land files without building: identify, hash, keep the text as it is."""
    with held("land") as work:
        if _land(work, paths or [], include_forgotten):
            raise typer.Exit(1)


app.command()(watch)
app.command()(serve)


@app.command()
def replay() -> None:
    """Try refused files and lines again after a fix, from the copies kept or from where they were, and build."""
    with held("replay") as work:
        with closing(work.parameters.connect()) as connection:
            before, lines_before = open_refusals(connection), refused_lines(connection)
        with byte_progress("landing") as on_bytes:
            commands.land(work, lambda _recall: open_again(before), on_bytes)
        build_marts(work)
        with closing(work.parameters.connect()) as connection:
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
    with readable_errors():
        project_directory()
    with held("forget") as work:
        with closing(work.parameters.connect()) as connection:
            commands.loader(work.parameters).finish_pending(connection)  # or it would bring back what is forgotten now
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
        _show_deleted(commands.forget(work, contents))
        build_marts(work)


@app.command()
def retain(
    apply: Annotated[bool, typer.Option("--apply", help="Let it go; else it is only shown.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Show what of old telemetry is kept no longer (var `retention`); with --apply, let it go."""
    with held("retain") as work:
        old = commands.expired(work, read_limits(project_directory()))
        report.show_expired(console, old)
        if old and apply:
            _ask("Let it go?", yes)
            _retire(work, old)
            build_marts(work)


@app.command()
def pin(
    session: Annotated[str, typer.Argument(help="session_id of marts.dim_sessions.")],
    remove: Annotated[bool, typer.Option("--remove", help="Keep it no longer than others.")] = False,
) -> None:
    """Keep all of a session, whatever its age."""
    with readable_errors(), closing(connection_parameters(say).connect()) as connection:
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
    with readable_errors():
        parameters = connection_parameters(say)
        if tell and not os.environ.get(URL_VARIABLE):
            raise DatabaseError(f"There is nobody to tell: set {URL_VARIABLE} to a URL.")
        with closing(parameters.connect()) as connection:
            found = _read_status(connection)
            if as_json:
                print(json.dumps({**asdict(found), "problems": [*map(asdict, found.problems)]}, default=str, indent=2))
            else:
                report.show_status(console, connection, found)
    if tell and (answer := notify(str(parameters), found.problems)):
        say(answer)
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


@app.command()
def verify() -> None:
    """Prove the landed bytes and run every data test on everything."""
    from ingestion.verify import prove_bytes

    with readable_errors():
        parameters = connection_parameters(say)
        with closing(parameters.connect()) as connection, byte_progress("proving bytes") as on_bytes:
            proofs = list(prove_bytes(connection, on_bytes))
        broken = [proof.file_id for proof in proofs if not proof.is_same]
        console.print(f"{len(proofs) - len(broken):,} of {len(proofs):,} files rebuilt to the byte")
        for file_id in broken:
            console.print(f"  [red]differs[/]: {file_id}")
        dbt(parameters, ["test", "--exclude-resource-type", "unit_test"], "testing")
    if broken:
        raise typer.Exit(1)


@app.command()
def docs(open_page: Annotated[bool, typer.Option("--open/--no-open", help="Open it in the browser.")] = True) -> None:
    """Make the documentation site, every table and column and where each comes from, and open it."""
    from ingestion.docs_site import WAY_OUT, make_site, target_directory

    with readable_errors():
        dbt(connection_parameters(say), ["docs", "generate", "--static"], "documenting")
        with spinner("tracing columns"):
            site = make_site(target_directory(project_directory()))
    console.print(f"The documentation is in {report.shown(str(site.page))}", highlight=False)
    if not site.has_lineage:
        console.print(WAY_OUT, markup=False, highlight=False)
    if open_page:
        webbrowser.open(site.page.absolute().as_uri())


@app.command("report")
def report_session(
    session: Annotated[str, typer.Argument(help="session_id, the beginning of one, or `last`: the one driven last.")],
    file: Annotated[Path, typer.Option("-o", "--output", help="HTML file to write, or to replace.")],
    lap: Annotated[int | None, typer.Option(help="Lap to compare; left out, the best.", show_default=False)] = None,
) -> None:
    """Write a session as one page to read or print: its laps, and where one lost time against a faster one."""
    with readable_errors(), closing(connection_parameters(say).connect()) as connection:
        missing = write_report(connection, session, lap, file)
    console.print(f"The report is in {report.shown(str(file))}", highlight=False)
    if missing:
        console.print(missing, markup=False, highlight=False)


@app.command()
def dashboard(
    port: Annotated[int, typer.Option(min=1, max=65_535, help="Port on 127.0.0.1.")] = PORT,
    browser: Annotated[bool, typer.Option(help="Open it in the browser.")] = True,
    refresh: Annotated[
        float, typer.Option(min=0, metavar="SECONDS", help="How often open pages look for new data; 0 for never.")
    ] = 10,
) -> None:
    """Show laps, sessions, drivers, races and the quality of the data as pages in the browser; Ctrl-C ends it."""
    with readable_errors():
        raise typer.Exit(run_dashboard(connection_parameters(say), port, refresh, browser))


def _known_paths() -> list[str]:
    if known := warehouse.remembered_paths():
        return known
    usual = warehouse.usual_folders()
    if not usual:
        errors.print("Name the files or folders to land: simrace run PATH... (the next run remembers them)")
        raise typer.Exit(2)
    say("\n  ".join(["Folders of sims on this machine:", *usual]))
    if not (sys.stdin.isatty() and typer.confirm("Land them, now and on every run?", err=True)):
        errors.print("Name the files or folders to land: simrace run PATH...")
        raise typer.Exit(2)
    return usual


def _read_status(connection: Connection) -> Status:
    return read_status(connection, home_directory(), project_directory())


def _land(work: Held, paths: list[str], include_forgotten: bool) -> bool:
    """Land and report; True when files were found and none of them is in the warehouse."""
    files = expand(paths)
    if not files:
        say("There are no files in: " + ", ".join(paths))
        raise typer.Exit(1)
    with byte_progress("landing", sum(map(_size, files))) as on_bytes:
        outcomes = commands.land(work, lambda recall: open_sources(files, recall), on_bytes, include_forgotten)
    report.show_landing(console, outcomes, files)
    states = count_states(outcomes)
    return not states[State.LANDED] and not states[State.ALREADY_LANDED]


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:  # it will be refused with the reason
        return 0


def _ask(question: str, is_answered: bool) -> None:
    if not (is_answered or (sys.stdin.isatty() and typer.confirm(question, err=True))):
        errors.print("Nothing was done. With --yes it is done without asking.")
        raise typer.Exit(1)


def _show_deleted(deleted: dict[str, int]) -> None:
    rows = ", ".join(f"{count:,} of {table}" for table, count in deleted.items())
    console.print(f"Rows deleted: {rows or 'none'}")


def _retire(work: Held, old: list[Expired]) -> None:
    if deleted := commands.retire(work, old):
        _show_deleted(deleted)
