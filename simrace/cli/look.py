"""To look at: `simrace docs`, `report`, `dashboard`; and files to try it with: `simrace sample`."""

import signal
import threading
import webbrowser
from contextlib import closing
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from simrace.build.dbt import target_directory
from simrace.build.project import project_directory
from simrace.cli import summaries
from simrace.cli.terminal import console, dbt, errors, readable_errors, say, say_error, spinner
from simrace.dashboard.command import HOST, PORT, REFRESH_S, run_dashboard
from simrace.database.connection import connection_parameters
from simrace.report.answers import ReportError
from simrace.report.command import LAST_RACE, names_a_race, write_race, write_report


def docs(open_page: Annotated[bool, typer.Option("--open/--no-open", help="Open it in the browser.")] = True) -> None:
    """Make the documentation site, every table and column and where each comes from, and open it."""
    from simrace.build.docs_site import WAY_OUT, make_site

    with readable_errors():
        dbt(connection_parameters(say), ["docs", "generate", "--static", "--write-json"], "documenting")
        with spinner("tracing columns"):
            site = make_site(target_directory(project_directory()))
    console.print(f"The documentation is in {summaries.shown(str(site.page))}", highlight=False)
    if not site.has_lineage:
        console.print(WAY_OUT, markup=False, highlight=False)
    if open_page:
        webbrowser.open(site.page.absolute().as_uri())


def report(
    what: Annotated[
        str,
        typer.Argument(
            metavar="SESSION|RACE",
            help="session_id or its beginning, `last` (driven last), race_id, or `last-race` (held last).",
        ),
    ],
    file: Annotated[
        Path,
        typer.Option("-o", "--output", help="File to write, or to replace: .html, of a race .md, .png or .csv too."),
    ],
    lap: Annotated[
        int | None, typer.Option(help="Lap of a session to compare; left out, the best.", show_default=False)
    ] = None,
    font: Annotated[
        Path | None, typer.Option(help="Font of a PNG; left out, one of the system.", show_default=False)
    ] = None,
    pseudonymise: Annotated[
        bool, typer.Option("--pseudonymise", help="Pseudonyms for drivers and teams of a race.")
    ] = False,
) -> None:
    """Write a session or a whole race as a page to read or print, a race for a chat or forum too.

    Of a session its laps, and where one lost time against a faster one; of a race how it came to its result.

    A whole round of a championship: `simrace championship publish`.
    """
    missing = None
    with readable_errors():
        if names_a_race(what) and lap is not None:
            raise ReportError(f"--lap is of a session, and {what} is a race.")
        if pseudonymise and not names_a_race(what):
            raise ReportError(f"--pseudonymise is of a race, and {what} is a session: name a race_id or `{LAST_RACE}`.")
        with closing(connection_parameters(say).connect()) as connection:
            if names_a_race(what):
                write_race(connection, what, file, font, pseudonymise)
            else:
                missing = write_report(connection, what, lap, file)
    console.print(f"The report is in {summaries.shown(str(file))}", highlight=False)
    if missing:
        console.print(missing, markup=False, highlight=False)


def dashboard(
    port: Annotated[int, typer.Option(min=1, max=65_535, help="Port to listen on.")] = PORT,
    host: Annotated[
        str, typer.Option(help="Address to listen on. Whoever reaches another than 127.0.0.1 sees all pages.")
    ] = HOST,
    browser: Annotated[bool, typer.Option(help="Open it in the browser.")] = True,
    refresh: Annotated[
        float, typer.Option(min=0, metavar="SECONDS", help="How often open pages look for new data; 0 for never.")
    ] = REFRESH_S,
) -> None:
    """Show laps, sessions, drivers, races and the quality of the data as pages in the browser; Ctrl-C ends it."""
    with readable_errors():
        raise typer.Exit(run_dashboard(connection_parameters(say), port, refresh, browser, host))


def sample(
    directory: Annotated[Path | None, typer.Argument(help="Folder to write to; made when missing.")] = None,
    sessions: Annotated[int, typer.Option(min=1, help="Telemetry sessions; races come with them.")] = 12,
    seed: Annotated[int, typer.Option(help="The same seed gives the same bytes.")] = 1,
    live: Annotated[
        str, typer.Option(metavar="SOURCE", help="Send frames there in place of files, as `simrace live` reads them.")
    ] = "",
    cars: Annotated[int, typer.Option(min=1, max=1_000, help="Cars that send.")] = 4,
    rate: Annotated[float, typer.Option(min=0.1, max=1_000, help="Frames a second of each car.")] = 60,
    seconds: Annotated[float | None, typer.Option(help="How long; else until Ctrl-C.", show_default=False)] = None,
    fault: Annotated[
        list[str] | None, typer.Option(help="drop=0.01, repeat=0.01, late=0.01 (shares), leave=30 (seconds).")
    ] = None,
) -> None:
    """Write sample files in the sims' own formats, or send live frames: a small lap simulator, invented drivers."""
    if live:
        _send(live, cars, rate, seconds, fault or [], seed)
        return
    if directory is None:
        say_error("Say where: simrace sample DIRECTORY, or simrace sample --live SOURCE")
        raise typer.Exit(2)
    from simrace.generator import write_sample_files

    with Progress(SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn(), console=errors) as progress:
        task = progress.add_task("writing")
        files = write_sample_files(
            directory,
            sessions,
            seed,
            on_progress=lambda path: progress.update(task, description=f"writing {path.name}"),
        )
    console.print(f"{len(files):,} files in {directory}; land them: simrace run {directory}")
    if not any(path.suffix == ".duckdb" for path in files):
        say('Without a log of Le Mans Ultimate, because DuckDB is not installed: pip install "simrace[lmu]"')


def _send(url: str, cars: int, rate: float, seconds: float | None, faults: list[str], seed: int) -> None:
    from simrace.generator.live import read_faults, stream
    from simrace.generator.live_senders import open_sender, shown

    is_over = threading.Event()
    with readable_errors():
        asked = read_faults(faults)
        try:
            sender = open_sender(url, cars)
        except ImportError as error:
            say_error(f"The extra `live` is not installed: pip install 'simrace[live]' ({error.name} is missing)")
            raise typer.Exit(1) from error
        except OSError as error:
            say_error(f"{shown(url)} does not answer: {error}")
            raise typer.Exit(1) from error
        for each in (signal.SIGINT, signal.SIGTERM):
            signal.signal(each, lambda *_: is_over.set())
        say(f"{cars:,} cars send {rate:g} frames a second each to {shown(url)}; Ctrl-C ends it.")
        sent = stream(sender, cars, rate, seconds, asked, seed, is_over=is_over.is_set)
    console.print(
        f"{sent.frames:,} frames: {sent.dropped:,} dropped, {sent.repeated:,} sent twice, {sent.late:,} sent late",
        highlight=False,
    )
