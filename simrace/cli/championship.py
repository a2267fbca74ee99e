"""`simrace championship`: rules checked before the season, rounds step by step, what-if, publication."""

from contextlib import closing
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from simrace.build.project import project_directory
from simrace.build.seed_files import number
from simrace.championships import check as checking
from simrace.championships import steps
from simrace.championships.marts import Championship as Found
from simrace.championships.marts import ChampionshipError, Scored, Standing, find_championship, read_scored
from simrace.championships.seeds import count
from simrace.championships.what_if import Change, Decision, side_by_side
from simrace.championships.what_if import what_if as scoring_what_if
from simrace.cli import summaries
from simrace.cli.terminal import console, readable_errors, say, spinner
from simrace.database.connection import connection_parameters
from simrace.database.roles import become_reader
from simrace.export.tables import replacing
from simrace.report.league import make_round
from simrace.report.writing import Format, format_of, written

app = typer.Typer(help="Championships: check rules, show how a round scored, what-if, publish.", no_args_is_help=True)

Championship = Annotated[str, typer.Argument(metavar="ID", help="championship_id, as in seeds/championships.csv.")]
Round = Annotated[
    int | None, typer.Option("--round", help="Number of the round; left out, the latest.", show_default=False)
]


@app.command("check")
def check(
    championship: Annotated[
        str | None, typer.Argument(metavar="[ID]", help="championship_id; left out, all of them.", show_default=False)
    ] = None,
) -> None:
    """Read the seed files of championships, and say where something is missing or contradicts; nothing is built."""
    with readable_errors(), spinner("checking"):
        checked = checking.check(connection_parameters(say), project_directory(), championship)
    for finding in checked.findings:
        console.print(summaries.printable(str(finding)), markup=False, highlight=False)
    errors, warnings = count(checked.findings)
    counts = ((checked.championships, "championship"), (errors, "error"), (warnings, "warning"))
    console.print(", ".join(f"{n:,} {word}{'' if n == 1 else 's'}" for n, word in counts), highlight=False)
    if checked.not_looked_at:
        say(f"What was driven was not looked at: {checked.not_looked_at}.")
    if errors:
        raise typer.Exit(1)


@app.command("show")
def show(
    championship: Championship,
    round_number: Round = None,
    driver: Annotated[
        str, typer.Option(help="One driver alone, by driver_id or name; without --round every round.")
    ] = "",
) -> None:
    """Show how a round was scored: places, points, bonuses, what was taken, what counts, the total."""
    with readable_errors(), closing(connection_parameters(say).connect()) as connection:
        become_reader(connection)
        found = find_championship(connection, championship)
        driver_id = found.driver(driver) if driver else None
        rounds = found.rounds if driver_id and round_number is None else (found.round(round_number),)
        scored = read_scored(connection, championship)
    console.print(f"[bold]{summaries.shown(found.name)}[/]")
    for its_round in rounds:
        races = {race.race_id for race in its_round.races}
        lines = [each for each in scored if each.race_id in races and driver_id in (None, each.driver_id)]
        console.print(summaries.shown(its_round.told(of=len(found.rounds))), highlight=False)
        if not lines:
            console.print("  not driven")
        elif driver_id:
            for line in lines:
                _show_steps(line, scored)
        else:
            _show_round(found, lines, scored)


def _show_steps(line: Scored, scored: list[Scored]) -> None:
    total = steps.total_until(line, scored)
    told = (
        ("race", line.race_id),
        ("team", line.team_name),
        ("role", line.role),
        ("place", steps.place(line)),
        ("points", steps.race_points(line)),
        ("bonus", steps.bonuses(line)),
        ("taken or given", steps.changes(line)),
        ("counts", steps.counting(line, scored)),
        ("total so far", None if total is None else steps.plain(total)),
    )
    for what, value in told:
        if value:
            console.print(summaries.printable(f"  {what:<15} {value}"), markup=False, highlight=False)


def _show_round(found: Found, lines: list[Scored], scored: list[Scored]) -> None:
    table = Table("driver", "place", "points", "bonus", "taken or given", "counts", "total so far")
    race_id = lines[0].race_id
    for line in lines:
        if line.race_id != race_id:
            table.add_section()
            race_id = line.race_id
        total = steps.total_until(line, scored)
        cells = (
            found.drivers[line.driver_id],
            steps.place(line),
            steps.race_points(line),
            steps.bonuses(line),
            steps.changes(line),
            steps.counting(line, scored),
            "" if total is None else steps.plain(total),
        )
        table.add_row(*map(summaries.shown, cells))
    console.print(table)


@app.command("what-if")
def what_if(
    championship: Championship,
    round_number: Annotated[
        int | None,
        typer.Option("--round", help="Number of the round; left out, --without is of all.", show_default=False),
    ] = None,
    race: Annotated[str, typer.Option(help="race_id, where a driver has several races in the round.")] = "",
    without: Annotated[list[str] | None, typer.Option(metavar="DRIVER", help="Did not drive; places close up.")] = None,
    disqualify: Annotated[list[str] | None, typer.Option(metavar="DRIVER", help="Is disqualified.")] = None,
    time_penalty: Annotated[
        list[str] | None, typer.Option(metavar="DRIVER=SECONDS", help="Has a time penalty.")
    ] = None,
    places: Annotated[list[str] | None, typer.Option(metavar="DRIVER=N", help="Loses so many places.")] = None,
    points: Annotated[list[str] | None, typer.Option(metavar="DRIVER=+N|-N", help="Is given or loses points.")] = None,
) -> None:
    """Show the standings before and after something that did not happen; the warehouse stays as it is."""
    with readable_errors(), spinner("scoring"):
        decisions = [
            *(Decision(driver, "disqualified") for driver in disqualify or []),
            *(_decision("--time-penalty", text, "time_penalty") for text in time_penalty or []),
            *(_decision("--places", text, "places") for text in places or []),
            *(_decision("--points", text, "points_bonus", "points_deduction") for text in points or []),
        ]
        change = Change(without or [], decisions, round_number, race or None)
        outcome = scoring_what_if(connection_parameters(say), championship, change)
    console.print(f"[bold]{summaries.shown(outcome.championship.name)}[/]")
    _show_change("driver", outcome.drivers, outcome.drivers_after, outcome.championship.drivers)
    if outcome.teams or outcome.teams_after:
        _show_change("team", outcome.teams, outcome.teams_after, {})
    for note in outcome.notes:
        say(note)


def _decision(option: str, text: str, decision: str, if_negative: str | None = None) -> Decision:
    driver, _, amount = text.rpartition("=")
    value = number(amount)
    if not driver or not value or (value < 0 and not if_negative):
        what = "not 0" if if_negative else "above 0"
        raise ChampionshipError(f"{option} {text!r} is not understood: write DRIVER=NUMBER, a number {what}.")
    if decision == "places" and value != int(value):
        raise ChampionshipError(f"{option} {text!r} is not understood: places are a whole number.")
    return Decision(driver, if_negative if value < 0 and if_negative else decision, abs(value))


def _show_change(who: str, before: list[Standing], after: list[Standing], names: dict[str, str]) -> None:
    table = Table(who)
    for column in ("place", "points", "place then", "points then", "change"):
        table.add_column(column, justify="right")
    for old, new in side_by_side(before, after):
        line = new or old
        if line:
            points = steps.plain(new.points - old.points) if old and new else ""
            cells = [text for each in (old, new) for text in (_place(each), _points(each))]
            table.add_row(summaries.shown(names.get(line.key, line.key)), *cells, "" if points == "0" else points)
    console.print(table)


def _place(line: Standing | None) -> str:
    return str(line.position) if line else ""


def _points(line: Standing | None) -> str:
    return steps.plain(line.points) if line else ""


@app.command("publish")
def publish(
    championship: Championship,
    round_number: Round = None,
    file_format: Annotated[
        Format | None, typer.Option("--format", help="Kind of text; else as the file's name says, else md.")
    ] = None,
    file: Annotated[
        Path | None,
        typer.Option("-o", "--output", help="File to replace; left out, it is printed.", show_default=False),
    ] = None,
    font: Annotated[
        Path | None, typer.Option(help="Font of a PNG; left out, one of the system.", show_default=False)
    ] = None,
    pseudonymise: Annotated[bool, typer.Option("--pseudonymise", help="Pseudonyms for drivers and teams.")] = False,
) -> None:
    """Write a whole round to print, for a forum, chat or spreadsheet: standings before and after, points, movers."""
    kind = file_format or format_of(file) or Format.MD
    with readable_errors():
        if kind is Format.PNG and not file:
            raise ChampionshipError("A picture is not printed: name a file with -o.")
        with closing(connection_parameters(say).connect()) as connection:
            become_reader(connection)
            made = make_round(connection, championship, round_number, pseudonymise)
            text = written(connection, made, kind, font)
        if file:
            with replacing(file) as unfinished:
                unfinished.write_bytes(text)
    if file:
        console.print(f"The round is in {summaries.shown(str(file))}", highlight=False)
    else:
        typer.echo(text.decode(), nl=False)
