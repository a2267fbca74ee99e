"""`simrace format`: what simrace sees in a file, and declarations of formats of one's own."""

from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from ingestion.formats.declared import declared_folder
from ingestion.formats.identify import declared_formats
from ingestion.settings import make_home
from simrace.cli import summaries
from simrace.cli.terminal import console, readable_errors, say
from simrace.operations.format_check import Seen, check_file
from simrace.operations.formats import canonical_channels, check_declared

app = typer.Typer(help="Formats: what a file is, and how to declare one of your own.", no_args_is_help=True)


@app.command("check")
def check(
    files: Annotated[list[Path], typer.Argument(help="Files to look at; nothing is landed.")],
    write: Annotated[bool, typer.Option("--write", help="Write drafts into SIMRACE_HOME/formats.")] = False,
) -> None:
    """Say what a file is, what its channels mean, and draft the declaration of a text that nobody knows."""
    with readable_errors():
        check_declared()
        for file in files:
            seen = check_file(file)
            _show(file, seen)
            if seen.draft and write:
                _write(seen)
            elif seen.draft:
                print(seen.draft)


@app.command("list")
def list_declared() -> None:
    """List the formats of your own, and where each is declared."""
    with readable_errors():
        check_declared()
        for each in declared_formats():
            told = f"{each.known.name}: {each.title}, {len(each.channels)} channels, {each.entry.file}"
            console.print(summaries.printable(told), markup=False, highlight=False)


@app.command("channels")
def channels() -> None:
    """List the channels that samples can have."""
    with readable_errors():
        console.print("\n".join(canonical_channels()), markup=False, highlight=False)


def _show(file: Path, seen: Seen) -> None:
    if not seen.source_format:  # what is drafted alone goes to a file
        say(f"{file}: refused, {seen.refusal}")
        return
    console.print(summaries.printable(f"{file}: {seen.source_format}"), markup=False, highlight=False)
    for what, fact in seen.facts.items():
        console.print(summaries.printable(f"  {what}: {fact}"), markup=False, highlight=False)
    if seen.channels:
        table = Table("channel", "unit", "samples", "values", "means")
        for each in seen.channels:
            table.add_row(
                *map(summaries.shown, (each.name, each.unit, f"{each.samples:,}", each.examples)),
                summaries.shown(each.meaning) or "not mapped",
            )
        console.print(table)


def _write(seen: Seen) -> None:
    make_home()
    declared_folder().mkdir(exist_ok=True)
    file = declared_folder() / f"{seen.draft[1:].partition(']')[0]}.toml"
    if file.exists():
        say(f"{file} is there already and stays as it is.")
        return
    file.write_text(seen.draft, encoding="utf-8")
    say(f"The draft is in {file}. Confirm its clock, and take the marks from the channels that are right.")
