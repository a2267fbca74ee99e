"""Where the parts of a text logger's file are: what stands before the data, the columns, and the rows."""

import io
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from ingestion.formats.lines import Rows, cells, first_filled, is_blank, is_blank_line
from ingestion.formats.text_log.reading import Reading
from ingestion.reading import CHUNK_BYTES, Content

MAX_COLUMNS = 10_000
NO_LINE = 1 << 30
# The number of a line from 1, and its cells; None where it has not as many as there are columns.
NumberedRow = tuple[int, list[str] | None]
_SECTION = re.compile(r"\[([^\[\]]+)\]")
_UNITS = {
    "()": re.compile(r"(?P<name>.*?)\s*\((?P<unit>[^()]*)\)"),
    "[]": re.compile(r"(?P<name>.*?)\s*\[(?P<unit>[^\[\]]*)\]"),
    "|": re.compile(r"(?P<name>[^|]*)\|(?P<unit>[^|]*)(?:\|.*)?"),
}


@dataclass(frozen=True)
class Column:
    """One column that has a name.

    Attributes:
        place: Of its cell in a row, from 0.
        name: As in the file, without its unit; with the source in brackets behind it where the file has one, because
            several sources of one file give a channel the same name.
        unit: As in the file; empty where it has none.
    """

    place: int
    name: str
    unit: str


@dataclass(frozen=True)
class Sheet:
    """The parts of a file.

    Attributes:
        columns: In the order of the file; one without a name is none. Behind them those of the notes.
        header: The row of the names, as it stands there.
        most_cells: Cells that a row can have, where columns behind the last name have none.
        first_data_line: Line at which the data begin, from 1.
        preamble: Rows before the header, each as its cells; of a comment its text.
        sections: Rows of the sections that are landed, each as its cells, by the name of the section.
        delimiter: Character between cells; a space stands for any number of them. Empty for a document.
        is_quoted: Whether cells can stand in quotation marks.
        rows: Gives the rows of a document, from the first each time; None where lines are the rows.
    """

    columns: tuple[Column, ...]
    header: tuple[str, ...]
    most_cells: int
    first_data_line: int
    preamble: tuple[tuple[str, ...], ...]
    delimiter: str
    is_quoted: bool
    sections: Mapping[str, Sequence[Sequence[str]]] = field(default_factory=dict)
    rows: Callable[[], Iterator[NumberedRow]] | None = None


@dataclass(frozen=True)
class RowDocument:
    """A document, JSON or XML, that holds rows of a drive where others have lines.

    Attributes:
        recognise: True when a text that begins like this is such a document.
        read: Its parts. It raises RefusedError for a text that is not what it seems.
        max_bytes: A larger one is refused.
    """

    recognise: Callable[[str], bool]
    read: Callable[[str], Sheet]
    max_bytes: int


def sheet_of(
    names: Sequence[str], units: Mapping[str, str], told: Rows, rows: Callable[[], Iterator[NumberedRow]]
) -> Sheet:
    """The parts of a document.

    Args:
        names: Of the columns, in the order of the cells.
        units: Of columns, by name; where the format says them.
        told: What it says of its session: rows of a name and a value.
        rows: See `Sheet`.
    """
    columns = tuple(Column(place, name, units.get(name, "")) for place, name in enumerate(names))
    preamble = tuple(tuple(row) for row in told)
    lines = [line for line, _ in rows()]

    def numbered() -> Iterator[NumberedRow]:
        # a row that is refused is known by its line; where lines hold several, rows have numbers that no line has
        return ((NO_LINE + place, cells) for place, (_, cells) in enumerate(rows()))

    is_line_each = len(set(lines)) == len(lines)
    return Sheet(
        columns, tuple(names), len(names), 1, preamble, "", is_quoted=False, rows=rows if is_line_each else numbered
    )


def find_sheet(rows: Rows, reading: Reading, delimiter: str, is_quoted: bool) -> Sheet | None:
    """Find the parts in the first rows of a file.

    Args:
        rows: The first rows; a blank one has no filled cell.
        reading: What the declaration says.
        delimiter: Character between cells.
        is_quoted: Whether cells can stand in quotation marks.

    Returns:
        None when the file ends before its data, or its header is not there.
    """
    sections = _sections(rows) if reading.data else {}
    names_row: int | None
    if reading.data:
        data = sections.get(reading.data)
        header = sections.get(reading.header)
        if data is None or header is None:
            return None
        names = [_whole(row) for row in _rows_of(rows, sections, reading.header)]
        names_row, first = header, first_filled(rows, data + 1)
        # names in one line are cut where they have a space, so they count only where those in lines do not fit
        short = [name for row in _rows_of(rows, sections, reading.names_in_line) for name in row]
        if first is not None and len(rows[first]) != len(names) and len(rows[first]) == len(short):
            names = short
    else:
        names_row = _header(rows, reading)
        if names_row is None:
            return None
        names = list(rows[names_row])
        first = None
    below: dict[str, Sequence[str]] = {}
    if not reading.data:
        row = names_row + 1
        for kind in ("", *reading.below):
            if row < len(rows) and list(rows[row]) == names:  # a header that stands there twice
                row += 1
            if kind and row < len(rows) and not is_blank(rows[row]) and (kind != "numbers" or _are_numbers(rows[row])):
                below[kind] = rows[row]
                row += 1
        first = next(
            (
                place
                for place in range(row, len(rows))
                if not is_blank(rows[place]) and not _is_note(rows[place], reading)
            ),
            None,
        )
    most_cells = len(names)
    while names and not names[-1]:
        names.pop()
    if first is None or not names or len(names) > MAX_COLUMNS:
        return None
    columns = [
        _column(place, name, reading, below.get("units", ()), below.get("sources", ()))
        for place, name in enumerate(names)
        if name
    ]
    columns += [Column(len(names) + place, f"{reading.comment} {note}", "") for place, note in enumerate(reading.notes)]
    preamble = tuple(
        (_whole(row)[len(reading.comment) :].strip(),) if _is_note(row, reading) else tuple(row)
        for row in (rows[: sections.get(reading.data, names_row)])
        if not is_blank(row)
    )
    landed = {name: found for name in reading.sections if (found := _rows_of(rows, sections, name))}
    return Sheet(tuple(columns), tuple(names), most_cells, first + 1, preamble, delimiter, is_quoted, landed)


def _header(rows: Rows, reading: Reading) -> int | None:
    start = 0
    if reading.header == "after_preamble":
        blank = next((place for place, row in enumerate(rows) if is_blank(row)), None)
        if blank is None:
            return None
        start = blank
    first = first_filled(rows, start)
    while first is not None and _is_note(rows[first], reading):
        first = first_filled(rows, first + 1)
    if reading.header in ("first_row", "after_preamble") or first is None:
        return first
    # the row that begins with this name, wherever it stands
    return next((place for place in range(first, len(rows)) if rows[place][:1] == [reading.header]), None)


def _sections(rows: Rows) -> dict[str, int]:
    """Row of each line such as `[data]`, by its name; the first of a name counts."""
    found: dict[str, int] = {}
    for place, row in enumerate(rows):
        if (section := _SECTION.fullmatch(_whole(row))) is not None:
            found.setdefault(section[1].lower(), place)
    return found


def _rows_of(rows: Rows, sections: Mapping[str, int], name: str) -> Rows:
    """Rows with content of a section; none when the file does not have it."""
    begins = sections.get(name)
    if begins is None:
        return []
    ends = min(place for place in (*sections.values(), len(rows)) if place > begins)
    return [list(row) for row in rows[begins + 1 : ends] if not is_blank(row)]


def _whole(row: Sequence[str]) -> str:
    return " ".join(cell for cell in row if cell)


def _is_note(row: Sequence[str], reading: Reading) -> bool:
    return bool(reading.comment) and bool(row) and row[0].startswith(reading.comment)


def _are_numbers(row: Sequence[str]) -> bool:
    """Whether the filled cells count the columns."""
    filled = [cell for cell in row if cell]
    return filled in ([str(number + first) for number in range(len(filled))] for first in (0, 1))


def _column(place: int, name: str, reading: Reading, units: Sequence[str], sources: Sequence[str]) -> Column:
    unit = units[place] if place < len(units) else ""
    pattern = _UNITS.get(reading.unit_in_name)
    if pattern and (found := pattern.fullmatch(name)):
        name, unit = found["name"].strip(' "'), found["unit"].strip(' "')
    # `200: canbus` names a device by its number in this file
    source = sources[place].rpartition(":")[2].strip() if place < len(sources) else ""
    return Column(place, f"{name} [{source}]" if source else name, unit)


def read_rows(content: Content, sheet: Sheet, reading: Reading) -> Iterator[NumberedRow]:
    """The data lines of a file: number of the line, from 1, and its cells.

    Blank lines, comments, and the header where it stands there again are left out. Of a line that has not as many cells
    as there are columns, cells are None. So they are where a header has other names, and below it.
    """
    cell_count = len(sheet.header)
    notes = [""] * len(reading.notes)
    is_other = False
    with io.TextIOWrapper(
        io.BufferedReader(io.FileIO(content.path), CHUNK_BYTES), encoding=content.encoding, newline="\n"
    ) as text:
        if content.has_bom:
            text.read(1)
        for number, line in enumerate(text, 1):
            line = line.rstrip("\r\n")
            if number < sheet.first_data_line or is_blank_line(line):
                continue
            if reading.comment and line.lstrip().startswith(reading.comment):
                _note(line.lstrip()[len(reading.comment) :].strip(), reading.notes, notes)
                continue
            row = cells(line, sheet.delimiter, sheet.is_quoted)
            while len(row) > cell_count and not row[-1]:
                row.pop()
            if row[:2] == list(sheet.header[:2]):
                is_other = row != list(sheet.header)
                if not is_other:
                    continue
            if is_other or not cell_count <= len(row) <= sheet.most_cells:
                yield number, None
            else:
                yield number, row[:cell_count] + notes
                notes = [""] * len(notes)


def _note(told: str, names: Sequence[str], notes: list[str]) -> None:
    """Keep the value of a comment such as `Lap 1: 00:01:24.553`, whose number is none of its name."""
    key, _, value = told.partition(":")
    if (name := key.rstrip("0123456789 ")) in names:
        notes[names.index(name)] = value.strip()
