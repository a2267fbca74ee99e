"""`simrace init`: the dbt project of the package, written out to be changed."""

from pathlib import Path
from typing import Annotated

import typer

from simrace.build import project
from simrace.cli.summaries import printable, shown
from simrace.cli.terminal import console, readable_errors, say


def init(
    folder: Annotated[
        Path | None, typer.Argument(metavar="[DIR]", help="New folder; with an option, the copy: left out, this one.")
    ] = None,
    diff: Annotated[bool, typer.Option("--diff", help="Show how the copy differs from the package.")] = False,
    update: Annotated[bool, typer.Option("--update", help="Take what is new, where you changed nothing.")] = False,
) -> None:
    """Write the dbt project (models, macros, seeds, tests) to a folder, to change it; commands run from there use it.

    Rows that you fill in need no copy: they are in the folder seeds of SIMRACE_HOME.
    """
    if folder is None and not (diff or update):
        raise typer.BadParameter("name a new folder: simrace init DIR")
    copy = folder or Path.cwd()
    with readable_errors():
        if update:
            left = project.update(copy)
            console.print(f"{shown(str(copy))} has what is new of this version.", highlight=False)
            if left:
                say(f"{len(left):,} files were changed on both sides and stay as they are: `simrace init --diff`")
            for each in left:
                say(f"  {each.name}")
        elif diff:
            _show(project.differences(copy))
        else:
            count = project.write_project(copy)
            console.print(
                f"{count:,} files are in {shown(str(copy))}; commands run from there use them.", highlight=False
            )


def _show(found: list[project.Difference]) -> None:
    for each in found:
        console.print(f"[bold]{shown(each.name)}[/]: {each.change}", highlight=False)
        for line in each.lines:
            console.print(printable(line), markup=False, highlight=False)
    if not found:
        console.print("The copy is as the package has it.")
