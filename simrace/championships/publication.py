"""Standings and results of a round as text for a forum, a chat, a page or a spreadsheet; names are data, no markup."""

import csv
import html
import io
import os
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from pathlib import Path

from psycopg2 import sql
from psycopg2.extensions import connection as Connection  # noqa: N812 - psycopg2 writes its classes small
from psycopg2.extensions import cursor as Cursor  # noqa: N812

from simrace.championships.marts import (
    Championship,
    Race,
    Scored,
    Standing,
    find_championship,
    read_scored,
    read_standings,
    read_team_standings,
)
from simrace.championships.picture import Table, draw
from simrace.championships.steps import changes, plain
from simrace.database.pseudonyms import pseudonym
from simrace.export.tables import csv_text

Cell = str | int | Decimal | None
STYLE = """
body { font: 15px/1.4 system-ui, sans-serif; max-width: 60em; margin: 2em auto; padding: 0 1em; color: #1b1f23; }
table { border-collapse: collapse; width: 100%; margin-bottom: 2em; }
th, td { padding: .25em .6em; text-align: left; border-bottom: 1px solid #d8dde3; }
.number { text-align: right; font-variant-numeric: tabular-nums; }
@media (prefers-color-scheme: dark) { body { background: #14171a; color: #e6e8ea; } th, td { border-color: #353a40; } }
""".strip()
# What begins markup in Markdown as forums and chats read it; www. and :// would become links.
_MARKUP = re.compile(r"([\\`*_{}\[\]<>#|~^$&!])|(?<=www)(\.)|(:)(?=//)")


class Format(StrEnum):
    """Kinds of text."""

    MD = "md"
    CSV = "csv"
    HTML = "html"
    PNG = "png"


@dataclass(frozen=True)
class Sheet:
    """A table to publish.

    Attributes:
        title: What it shows.
        columns: Names of its columns.
        rows: Its cells; numbers stand on the right.
    """

    title: str
    columns: tuple[str, ...]
    rows: list[tuple[Cell, ...]]

    def is_number(self, column: int) -> bool:
        """Whether a column has numbers alone."""
        return any(row[column] is not None for row in self.rows) and not any(
            isinstance(row[column], str) for row in self.rows
        )


def publish(
    connection: Connection,
    championship_id: str,
    round_number: int | None,
    kind: Format,
    has_pseudonyms: bool = False,
    font: Path | None = None,
) -> bytes:
    """The standings of a championship and the results of a round.

    Args:
        connection: To a warehouse that has been built.
        championship_id: A championship that has been scored.
        round_number: Number of the round; None for the latest.
        kind: Kind of text.
        has_pseudonyms: Put a pseudonym in place of each name of a driver or team.
        font: File of a font for a picture; None for one of the system.

    Returns:
        A file; texts are UTF-8.

    Raises:
        ChampionshipError: there is no such championship or round.
        PseudonymError: pseudonyms are asked, and there is no key.
        PictureError: a picture is asked, and cannot be drawn.
    """
    championship = find_championship(connection, championship_id)
    sheets = _sheets(connection, championship, round_number, has_pseudonyms)
    if kind is Format.CSV:
        with connection, connection.cursor() as cursor:
            return _csv(cursor, sheets).encode()
    if kind is Format.PNG:
        return draw(_text(championship.name), [_drawn(sheet) for sheet in sheets], font)
    return (_markdown if kind is Format.MD else _html)(championship.name, sheets).encode()


def _drawn(sheet: Sheet) -> Table:
    rows = [tuple(_text(cell) for cell in row) for row in sheet.rows]
    return _text(sheet.title), sheet.columns, rows, [sheet.is_number(n) for n in range(len(sheet.columns))]


def _sheets(
    connection: Connection, championship: Championship, round_number: int | None, has_pseudonyms: bool
) -> list[Sheet]:
    its_round = championship.round(round_number)
    with connection, connection.cursor() as cursor:
        drivers = read_standings(cursor, championship.championship_id)
        teams = read_team_standings(cursor, championship.championship_id)
    team = _named("Team", has_pseudonyms)
    driver = _named("Driver", has_pseudonyms)

    def driver_name(driver_id: str) -> str:
        return driver(championship.drivers[driver_id])

    scored = read_scored(connection, championship.championship_id)
    last = f"after {len(championship.rounds)} rounds" if len(championship.rounds) > 1 else "after one round"
    sheets = [_standings(f"Drivers {last}", "Driver", drivers, driver_name, team)]
    if teams:
        sheets.append(_standings(f"Teams {last}", "Team", teams, team, team))
    for race in its_round.races:
        rows = [each for each in scored if each.race_id == race.race_id]
        title = its_round.told() if len(its_round.races) == 1 else f"{its_round.told()}: race {race.number}"
        sheets.append(_results(title, race, rows, driver_name, team))
    return sheets


def _named(kind: str, is_hidden: bool) -> Callable[[str], str]:
    def shown(name: str) -> str:
        is_pseudonym = re.fullmatch(rf"{kind} [0-9a-f]{{16}}", name)  # of a warehouse that publishes no names
        return name if is_pseudonym or not is_hidden else pseudonym(name, kind, os.environ)

    return shown


def _standings(
    title: str, who: str, lines: list[Standing], name: Callable[[str], str], team: Callable[[str], str]
) -> Sheet:
    has_teams = any(line.team_name for line in lines)
    columns = ("Place", who, *(("Team",) if has_teams else ()), "Points", "Behind", "Wins", "Podiums", "Races")
    rows: list[tuple[Cell, ...]] = []
    for line in lines:
        of_team = ((team(line.team_name) if line.team_name else None),) if has_teams else ()
        figures = (line.points, line.points_behind, line.wins, line.podiums, line.races)
        rows.append((line.position, name(line.key), *of_team, *figures))
    return Sheet(title, columns, rows)


def _results(
    title: str, race: Race, scored: list[Scored], name: Callable[[str], str], team: Callable[[str], str]
) -> Sheet:
    has_classes = any(each.class_name for each in scored)
    has_teams = any(each.team_name for each in scored)
    extra = (*(("Class",) if has_classes else ()), *(("Team",) if has_teams else ()))
    rows: list[tuple[Cell, ...]] = []
    for each in scored:
        cells: list[Cell] = [each.scored_position, name(each.driver_id)]
        if has_classes:
            cells.append(each.class_name)
        if has_teams:
            cells.append(team(each.team_name) if each.team_name else None)
        cells += [each.grid_position, each.race_points, each.bonus_points, changes(each), _note(each)]
        rows.append(tuple(cells))
    columns = ("Place", "Driver", *extra, "Grid", "Points", "Bonus", "Taken or given", "Note")
    return Sheet(title, columns, rows)


def _note(scored: Scored) -> str:
    notes = (
        (scored.is_disqualified, "disqualified"),
        (not scored.is_classified, "not classified"),
        (scored.role != "driver", scored.role),
        (not scored.is_counted and scored.role != "guest", "dropped"),
    )
    return ", ".join(word for is_so, word in notes if is_so)


def _text(cell: Cell) -> str:
    if cell is None:
        return ""
    if isinstance(cell, Decimal):
        return plain(cell)
    # what breaks a line or turns the writing round is no part of a name
    return "".join(letter if letter.isprintable() else " " for letter in str(cell)).strip()


def _markdown(name: str, sheets: Iterable[Sheet]) -> str:
    def cell(value: Cell) -> str:
        # nobody is called by a name that a chat takes for a mention
        return _MARKUP.sub(r"\\\g<0>", _text(value)).replace("@", "@\u200b")

    lines = [f"# {cell(name)}", ""]
    for sheet in sheets:
        lines += [f"## {cell(sheet.title)}", "", "| " + " | ".join(sheet.columns) + " |"]
        lines.append("|" + "|".join("--:" if sheet.is_number(n) else "---" for n in range(len(sheet.columns))) + "|")
        lines += ["| " + " | ".join(cell(value) for value in row) + " |" for row in sheet.rows]
        lines.append("")
    return "\n".join(lines)


def _html(name: str, sheets: Iterable[Sheet]) -> str:
    def cell(value: Cell) -> str:
        return html.escape(_text(value))

    parts = [
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">',
        f"<title>{cell(name)}</title>\n<style>\n{STYLE}\n</style>\n</head>\n<body>\n<h1>{cell(name)}</h1>",
    ]
    for sheet in sheets:
        kinds = [' class="number"' if sheet.is_number(n) else "" for n in range(len(sheet.columns))]
        heads = "".join(
            f'<th scope="col"{kind}>{column}</th>' for column, kind in zip(sheet.columns, kinds, strict=True)
        )
        parts.append(f"<h2>{cell(sheet.title)}</h2>\n<table>\n<tr>{heads}</tr>")
        for row in sheet.rows:
            cells = "".join(f"<td{kind}>{cell(value)}</td>" for value, kind in zip(row, kinds, strict=True))
            parts.append(f"<tr>{cells}</tr>")
        parts.append("</table>")
    return "\n".join([*parts, "</body>\n</html>\n"])


def _csv(cursor: Cursor, sheets: Iterable[Sheet]) -> str:
    """One table after the other, each with its title in every row, so that they can be parted again."""
    written = io.StringIO()
    writer = csv.writer(written, lineterminator="\n")
    for number, sheet in enumerate(sheets):
        if number:
            writer.writerow(())
        writer.writerow(("Table", *sheet.columns))
        title = _harmless(cursor, [_text(sheet.title)])
        for row in sheet.rows:
            texts = iter(_harmless(cursor, [_text(cell) for cell in row if isinstance(cell, str)]))
            writer.writerow((*title, *(next(texts) if isinstance(cell, str) else _text(cell) for cell in row)))
    return written.getvalue()


def _harmless(cursor: Cursor, texts: list[str]) -> list[str]:
    """Texts that no spreadsheet runs, by the rule of the export."""
    query = sql.SQL("select {} from unnest(%s) with ordinality as cells (cell, place) order by place")
    cursor.execute(query.format(csv_text(sql.SQL("cell"))), (texts,))
    return [text for (text,) in cursor.fetchall()]
