"""A report as Markdown for a chat or forum, and its tables as CSV for a spreadsheet."""

import csv
import io
import re
from collections.abc import Iterable, Iterator

from psycopg2 import sql
from psycopg2.extensions import cursor as Cursor  # noqa: N812 - psycopg2 writes its classes small

from simrace.export.tables import csv_text
from simrace.report.document import Bullets, Cell, Document, Heading, Picture, Sheet, Text, text

# What begins markup in Markdown as forums and chats read it; www. and :// would become links.
_MARKUP = re.compile(r"([\\`*_{}\[\]<>#|~^$&!])|(?<=www)(\.)|(:)(?=//)")
# What begins a list or heading at the beginning of a line: `-5 points`, `1. place`.
_BEGINS_LIST = re.compile(r"^([-+])(?=\s)|^(\d+)([.)])(?=\s)")


def make_markdown(document: Document) -> str:
    """The report as Markdown; pictures are left out, as their numbers are in the tables."""
    lines = [f"# {_cell(document.title)}", "", _cell(document.subtitle), ""]
    for block in _without_pictures(document):
        match block:
            case Heading(heading):
                lines += [f"## {_cell(heading)}", ""]
            case Text(paragraph):
                lines += [_line(paragraph), ""]
            case Bullets(sentences):
                lines += [*(f"* {_line(sentence)}" for sentence in sentences), ""]
            case Sheet() as sheet:
                lines += [*_table(sheet), ""]
    return "\n".join(lines)


def _without_pictures(document: Document) -> Iterator[Heading | Text | Bullets | Sheet]:
    """What has words; a heading that had pictures alone goes with them."""
    heading = None
    for part in document.parts:
        if isinstance(part.block, Heading):
            heading = part.block
        elif not isinstance(part.block, Picture):
            if heading:
                yield heading
            heading = None
            yield part.block


def _table(sheet: Sheet) -> Iterator[str]:
    if sheet.title:
        yield f"### {_cell(sheet.title)}"
        yield ""
    yield "| " + " | ".join(sheet.columns) + " |"
    yield "|" + "|".join("--:" if sheet.is_right(n) else "---" for n in range(len(sheet.columns))) + "|"
    for row in sheet.rows:
        yield "| " + " | ".join(_cell(value) for value in row) + " |"


def _cell(value: Cell) -> str:
    # nobody is called by a name that a chat takes for a mention
    return _MARKUP.sub(r"\\\g<0>", text(value)).replace("@", "@\u200b")


def _line(sentence: str) -> str:
    return _BEGINS_LIST.sub(r"\2\\\1\3", _cell(sentence))


def make_csv(cursor: Cursor, document: Document) -> str:
    """One table after the other, each with its title in every row, so that they can be parted again.

    Args:
        cursor: To the warehouse, whose rule makes text harmless for a spreadsheet.
        document: The report.
    """
    written = io.StringIO()
    writer = csv.writer(written, lineterminator="\n")
    for number, (title, sheet) in enumerate(_titled(document)):
        if number:
            writer.writerow(())
        writer.writerow(("Table", *sheet.columns))
        shown = _harmless(cursor, [text(title)])
        for row in sheet.rows:
            texts = iter(_harmless(cursor, [text(cell) for cell in row if isinstance(cell, str)]))
            writer.writerow((*shown, *(next(texts) if isinstance(cell, str) else text(cell) for cell in row)))
    return written.getvalue()


def _titled(document: Document) -> Iterator[tuple[str, Sheet]]:
    heading = document.title
    for part in document.parts:
        if isinstance(part.block, Heading):
            heading = part.block.text
        if isinstance(part.block, Sheet):
            yield part.block.title or heading, part.block


def _harmless(cursor: Cursor, texts: Iterable[str]) -> list[str]:
    """Texts that no spreadsheet runs, by the rule of the export."""
    query = sql.SQL("select {} from unnest(%s) with ordinality as cells (cell, place) order by place")
    cursor.execute(query.format(csv_text(sql.SQL("cell"))), (list(texts),))
    return [shown for (shown,) in cursor.fetchall()]
