"""How commands speak to a terminal: results on stdout; messages, errors and progress on stderr."""

import io
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import typer
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as ProgressBar

from simrace.build.dbt import BuildResult, Progress, run_dbt
from simrace.cli import summaries
from simrace.database.connection import ConnectionParameters
from simrace.export.channels import Step
from simrace.operations import commands

# A console, or a pipe of Windows, may lack a letter of somebody's name: it is written as an escape and ends nothing.
for _stream in (sys.stdout, sys.stderr):
    if isinstance(_stream, io.TextIOWrapper):
        _stream.reconfigure(errors="backslashreplace")

console = Console(soft_wrap=True)
errors = Console(stderr=True, soft_wrap=True)


def say(message: str) -> None:
    """Tell people something that is not a result."""
    errors.print(summaries.printable(message), highlight=False, markup=False)


def say_error(message: str) -> None:
    """Tell people what is wrong."""
    errors.print(f"[red]Error:[/] {summaries.shown(message)}", highlight=False)


@contextmanager
def readable_errors() -> Iterator[None]:
    """End with 1 and a sentence in place of a traceback."""
    try:
        yield
    except commands.KNOWN_ERRORS as error:
        say_error(commands.tell(error))
        raise typer.Exit(1) from error


@contextmanager
def begin(command: str) -> Iterator[commands.Work]:
    """Begin a command of the terminal; see `commands.begin`."""
    with readable_errors(), commands.begin(command, say) as work:
        yield work


@contextmanager
def byte_progress(doing: str, total: int | None = None) -> Iterator[Callable[[int], object]]:
    """A bar that is moved by a number of bytes."""
    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeElapsedColumn())
    with ProgressBar(*columns, console=errors, transient=True) as progress:
        task = progress.add_task(doing, total=total)
        yield lambda count: progress.advance(task, count)


@contextmanager
def step_progress(doing: str) -> Iterator[Callable[[Progress], object]]:
    """A bar that is moved by the steps of dbt."""
    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with ProgressBar(*columns, console=errors, transient=True) as progress:
        task = progress.add_task(doing, total=None)
        yield lambda step: progress.update(
            task, completed=step.done, total=step.total, description=f"{doing}: {step.name}"
        )


@contextmanager
def channel_progress(doing: str) -> Iterator[Callable[[Step], object]]:
    """A bar that is moved by the channels of an export."""
    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with ProgressBar(*columns, console=errors, transient=True) as progress:
        task = progress.add_task(doing, total=None)
        yield lambda step: progress.update(
            task, completed=step.done, total=step.total, description=f"{doing} {summaries.shown(step.channel)}"
        )


@contextmanager
def spinner(doing: str) -> Iterator[None]:
    """A spinner, to show that work goes on."""
    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with ProgressBar(*columns, console=errors, transient=True) as progress:
        progress.add_task(doing)
        yield


def dbt(parameters: ConnectionParameters, arguments: list[str], doing: str) -> None:
    """Run dbt and say how it went."""
    with step_progress(doing) as on_step:
        result = run_dbt(arguments, parameters, on_step)
    show_dbt(arguments[0], result)


def build_marts(
    work: commands.Work,
    full_refresh: bool = False,
    pseudonymise: bool | None = None,
    selector: str | None = None,
    engine: str | None = None,
) -> None:
    """Build the marts and say how it went; see `commands.build_marts`."""
    with step_progress("building") as on_step:
        result = commands.build_marts(work, on_step, full_refresh, pseudonymise, selector, engine=engine)
    show_dbt("build", result)


def show_dbt(command: str, result: BuildResult) -> None:
    """Print how many steps ended how, and one line for each that warned."""
    if result.counts:
        counts = ", ".join(f"{count:,} {name}" for name, count in sorted(result.counts.items()))
        console.print(f"dbt {command}: {counts}")
    for problem in result.problems:
        console.print(f"  {summaries.printable(problem)}", highlight=False, markup=False)
