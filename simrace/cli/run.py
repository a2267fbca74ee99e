"""Land files and build the marts: `simrace run`, `build`, `land`, `replay`."""

import sys
from contextlib import closing
from typing import Annotated

import typer

from ingestion.outcomes import State, count_states
from ingestion.paths import Given, absolute, expand
from ingestion.remote import RemoteFile, is_remote, shown_address
from ingestion.sim_folders import find_sim_folders
from ingestion.sources import open_sources
from simrace.build.last_build import Due
from simrace.build.project import project_directory
from simrace.cli import summaries
from simrace.cli.keep import Archive, let_go
from simrace.cli.paths import remember_paths, remembered_paths
from simrace.cli.terminal import begin, build_marts, byte_progress, console, errors, readable_errors, say
from simrace.dashboard.command import REFRESH_S, free_port, run_dashboard
from simrace.operations import commands
from simrace.operations.commands import Work
from simrace.operations.replay import is_within_reach, open_again, open_refusals, refused_lines

Paths = Annotated[
    list[str] | None,
    typer.Argument(
        help="Files, folders, globs, s3:// and https://; .gz, and members of .zip and .tar.gz.",
        metavar="PATH...",
    ),
]
FullRefresh = Annotated[bool, typer.Option(help="Build every table anew from raw.")]
Pseudonymise = Annotated[
    bool | None,
    typer.Option(
        help="Publish drivers under keyed hashes (SIMRACE_PSEUDONYM_KEY); left out, as before.", show_default=False
    ),
]

Engine = Annotated[
    str | None,
    typer.Option(
        help="Who builds what grows with samples from now on: postgres, spark or sail; left out, as before.",
        show_default=False,
    ),
]

IncludeForgotten = Annotated[bool, typer.Option(help="Land also what `simrace forget` forgot.")]


def run(
    paths: Paths = None,
    full_refresh: FullRefresh = False,
    include_forgotten: IncludeForgotten = False,
    pseudonymise: Pseudonymise = None,
    engine: Engine = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Take the sims' folders that are found, unasked.")] = False,
    open_dashboard: Annotated[bool, typer.Option("--open", help="Open the dashboard when all is done.")] = False,
    archive: Archive = None,
) -> None:
    """Land what is new, build and test the marts, say what arrived.

    Without a path it looks into the folders that it was given before; the first time into the usual folders of the
    sims, if you agree.
    """
    with readable_errors():
        named = paths or remembered_paths() or _sim_folders(is_agreed=yes)
        project_directory()
    with begin("run") as work:
        nothing_landed = _land(work, named, include_forgotten)
        try:
            remember_paths(_rememberable(named))
        except OSError as error:
            say(f"The next run has to be told these paths again, because they cannot be kept: {error.strerror}")
        due = commands.due(work) if not full_refresh and pseudonymise is None and engine is None else Due()
        if due.is_current:
            console.print("Nothing is new since the last build: the marts stay as they are. `simrace build` builds.")
        else:
            build_marts(work, full_refresh, pseudonymise, due.selector, engine)
            with closing(work.parameters.connect()) as connection:
                summaries.show_holdings(console, connection)
                summaries.show_next_steps(console, connection)
        # after the build, which puts in force what the var retention says now
        if old := [each for each in commands.expired(work) if each.is_let_go_by_run]:
            console.print("What is older than the var retention says is let go:")
            summaries.show_expired(console, old)
            let_go(work, old, archive)
            build_marts(work, pseudonymise=pseudonymise)
            commands.tidy_lake(work)
        if nothing_landed:
            raise _nothing_landed(work)
    if open_dashboard:  # when others may use the warehouse again
        with readable_errors():
            raise typer.Exit(run_dashboard(work.parameters, free_port(), REFRESH_S, True))


def build(full_refresh: FullRefresh = False, pseudonymise: Pseudonymise = None, engine: Engine = None) -> None:
    """Build and test the marts from what is landed."""
    with begin("build") as work:
        build_marts(work, full_refresh, pseudonymise, engine=engine)
        with closing(work.parameters.connect()) as connection:
            summaries.show_holdings(console, connection)


def land(paths: Paths, include_forgotten: IncludeForgotten = False) -> None:
    """Land files without building: identify, hash, keep the text as it is."""
    with begin("land") as work:
        if _land(work, paths or [], include_forgotten):
            raise _nothing_landed(work)


def replay() -> None:
    """Try refused files and lines again after a fix, from the copies kept or from where they were, and build."""
    with begin("replay") as work:
        with closing(work.parameters.connect()) as connection:
            before, lines_before = open_refusals(connection), refused_lines(connection)
        with byte_progress("landing") as on_bytes:
            commands.land(work, lambda _recall: open_again(before), on_bytes)
        build_marts(work)
        with closing(work.parameters.connect()) as connection:
            after, lines_after = open_refusals(connection), refused_lines(connection)
        out_of_reach = {(each.file_id, each.file_path) for each in after if not is_within_reach(each)}
        summaries.show_replay(console, before, after, out_of_reach, lines_before, lines_after)


def _sim_folders(is_agreed: bool) -> list[str]:
    """The sims' folders, if they are to be landed; else it is said what to type."""
    found = find_sim_folders()
    if not found:
        errors.print(
            "The usual folders of the sims are empty or not on this machine. "
            "Name files or folders: simrace run PATH... (the next run remembers them)"
        )
        raise typer.Exit(2)
    summaries.show_sim_folders(errors, found)
    if not is_agreed and sys.stdin.isatty():
        is_agreed = typer.confirm("Land them, now and on every run?", err=True)
    if not is_agreed:
        errors.print("To land these folders: simrace run --yes. To land others: simrace run PATH...", highlight=False)
        raise typer.Exit(2)
    return [str(each.folder) for each in found]


def _rememberable(named: list[str]) -> list[str]:
    """Paths as the next run will need them; an address with a secret in it is not kept."""
    local = [str(absolute(path)) for path in named if not is_remote(path)]
    return local + [path for path in named if is_remote(path) and path == shown_address(path)]


def _land(work: Work, paths: list[str], include_forgotten: bool) -> bool:
    """Land and report; True when files were found and none of them is in the warehouse."""
    files = expand(paths)
    if not files:
        say(f"There are no files in: {', '.join(paths)}. Name hidden files, and links that lead out of a folder.")
        raise _nothing_landed(work)
    with byte_progress("landing", sum(map(_size, files))) as on_bytes:
        outcomes = commands.land(work, lambda recall: open_sources(files, recall), on_bytes, include_forgotten)
    summaries.show_landing(console, outcomes, files)
    for source_format, count in commands.read_by_older(work).items():
        say(
            f"{count} files of {source_format} stay as an older declaration read them, because that of now cannot: "
            "put it right, or `simrace forget` the files."
        )
    states = count_states(outcomes)
    return not states[State.LANDED] and not states[State.ALREADY_LANDED]


def _nothing_landed(work: Work) -> typer.Exit:
    work.run.error = "Nothing could be landed."
    return typer.Exit(1)


def _size(path: Given) -> int:
    try:
        return (path.size or 0) if isinstance(path, RemoteFile) else path.stat().st_size
    except OSError:  # it will be refused with the reason
        return 0
