"""`simrace watch`: land files as they come and build what they touch."""

import signal
import threading
import time
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from ingestion.outcomes import Outcome, State, count_states
from ingestion.paths import Given, expand
from ingestion.remote import is_remote, list_files, shown_address
from ingestion.sources import open_sources
from simrace.build.dbt import ParsedProject
from simrace.build.project import project_directory
from simrace.cli.summaries import printable, shown
from simrace.cli.terminal import console, readable_errors, say, say_error
from simrace.operations import commands

LONGEST_WAIT_S = 300.0
ELSEWHERE_S = 60.0  # between two listings of an address, each of which costs a request for a thousand objects
NAMES_SHOWN = 3

Signature = tuple[int | str, ...]  # size in bytes, time of change in nanoseconds; of an object what its store says


class Watch:
    """Knows which files of some folders have stopped changing, and which of those are still to be landed."""

    def __init__(self, folders: Iterable[str]) -> None:
        named = list(folders)
        self._folders = [name for name in named if not is_remote(name)]
        self._addresses = [name for name in named if is_remote(name)]
        self._listed_at_s = -ELSEWHERE_S
        self._seen: dict[str, Signature] = {}
        self._done: dict[str, Signature] = {}

    def look(self) -> dict[Given, Signature]:
        """The files that are new or changed and were the same at the last look, so that nobody is writing to them."""
        before, self._seen = self._seen, {}
        found: dict[Given, Signature] = {}
        for path in expand(self._folders):
            if not isinstance(path, Path):
                continue
            try:
                status = path.stat()
            except OSError:  # gone again
                continue
            if path.is_file():
                self._seen[str(path)] = found[path] = (status.st_size, status.st_mtime_ns)
        resting = {path: signature for path, signature in found.items() if before.get(str(path)) == signature}
        new = resting | self._look_elsewhere()
        return {path: signature for path, signature in new.items() if self._done.get(str(path)) != signature}

    def finish(self, files: dict[Given, Signature]) -> None:
        """Files that were landed or refused are not looked at again until they change."""
        self._done.update({str(path): signature for path, signature in files.items()})

    def _look_elsewhere(self) -> dict[Given, Signature]:
        """Objects of stores, now and then; they come whole, so that nobody has to wait until they rest."""
        if not self._addresses or time.monotonic() - self._listed_at_s < ELSEWHERE_S:
            return {}
        self._listed_at_s = time.monotonic()
        files = [file for address in self._addresses for file in list_files(address)]
        return {file: (str(file.problem),) if file.problem else file.stamp or (file.size or -1,) for file in files}


def watch(
    folders: Annotated[list[str], typer.Argument(help="Folders to watch, with all in them; s3:// and its kin too.")],
    interval: Annotated[
        float, typer.Option(min=0.1, help="Seconds between two looks; a file that rests so long is landed.")
    ] = 2.0,
) -> None:
    """Land files as they come and build what they touch, until Ctrl-C; one line a batch."""
    for folder in folders:
        if not (is_remote(folder) or Path(folder).is_dir()):
            say_error(f"{folder} is no folder.")
            raise typer.Exit(2)
    with readable_errors():
        project_directory()
    is_over = threading.Event()

    def end(_signal: int, _frame: object) -> None:
        is_over.set()  # what is freed at that moment may swallow the exception
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, end)  # systemd sends SIGTERM in place of Ctrl-C
    if signal.getsignal(signal.SIGINT) is not signal.SIG_IGN:
        signal.signal(signal.SIGINT, end)
    files = Watch(folders)
    parsed = ParsedProject()
    wait_s = interval
    try:
        say(f"Watching {', '.join(map(shown_address, folders))}; Ctrl-C ends it.")
        commands.prepare(parsed, say)
        while True:
            found = files.look()
            if found:
                wait_s = _take_in(files, found, parsed, interval, wait_s)
                commands.prepare(parsed, say)
            if is_over.is_set():
                break
            time.sleep(wait_s)
    except KeyboardInterrupt:
        pass
    say("Stopped.")


def _take_in(
    files: Watch, found: dict[Given, Signature], parsed: ParsedProject, interval: float, wait_s: float
) -> float:
    """Land one batch and build what is due. Return how long to wait after it."""
    outcomes: list[Outcome] = []
    try:
        with commands.begin("watch", say) as work:
            outcomes = commands.land(work, lambda recall: open_sources(list(found), recall))
            files.finish(found)
            due = commands.due(work)
            if not due.is_current:
                commands.build_marts(work, selector=due.selector, parsed=parsed)
        console.print(f"{_clock()}  {_summary(outcomes)}; built in {work.run.dbt_s:.1f} s", highlight=False)
    except commands.KNOWN_ERRORS as error:
        # landed files are built with the next batch; others are tried again, less and less often
        done = f"{_summary(outcomes)}; " if outcomes else ""
        console.print(f"{_clock()}  {done}[red]failed[/]: {shown(commands.tell(error))}", highlight=False)
        return interval if outcomes else min(2 * wait_s, LONGEST_WAIT_S)
    return interval


def _summary(outcomes: list[Outcome]) -> str:
    states = count_states(outcomes)
    refused = [
        f"{printable(Path(outcome.file_path).name)}: {outcome.refusal.reason}"
        for outcome in outcomes
        if outcome.refusal
    ]
    more = f", and {len(refused) - NAMES_SHOWN:,} more" if len(refused) > NAMES_SHOWN else ""
    names = f" ({', '.join(refused[:NAMES_SHOWN])}{more})" if refused else ""
    return (
        f"{len(outcomes):,} files: {states[State.LANDED]:,} landed, {states[State.ALREADY_LANDED]:,} already landed, "
        f"{states[State.REFUSED]:,} refused{shown(names)}"
    )


def _clock() -> str:
    return f"{datetime.now():%H:%M:%S}"
