"""Delimited lines: their cells, which of them are blank, and whether cells are quoted."""

import csv
from collections.abc import Sequence

Rows = Sequence[Sequence[str]]
"""The first lines of a text file, each split into cells with surrounding spaces removed."""

DELIMITERS = (",", ";", "\t")
SPACES = " "  # in place of a delimiter: any number of them
_NOTHING = ' ,;"\t\r'
_AROUND = " \t\r"


def cells(line: str, delimiter: str, is_quoted: bool = True) -> list[str]:
    """Cells of one line, quotes and surrounding spaces taken off."""
    if delimiter == SPACES:
        return line.split()
    if not is_quoted:
        return [cell.strip(_AROUND) for cell in line.split(delimiter)]
    try:
        return [cell.strip(_AROUND) for cell in next(csv.reader([line], delimiter=delimiter), [])]
    except csv.Error:  # a cell of over 131,072 characters, which no format of ours has
        return [line.strip(_AROUND)]


def is_blank_line(line: str) -> bool:
    """True for a line that says nothing: programs pad and quote empty rows. A macro of this name has the same rule."""
    return not line.strip(_NOTHING)


def is_blank(row: Sequence[str]) -> bool:
    """True for the cells of such a line."""
    return is_blank_line("".join(row))


def first_filled(rows: Rows, start: int) -> int | None:
    """Index of the first row with content, from an index on."""
    return next((index for index in range(start, len(rows)) if not is_blank(rows[index])), None)


class QuotingObserver:
    """Find out how many data lines a file has, and whether all, none or some of their cells are quoted.

    Counting is enough: in a wholly quoted block every line begins and ends with a mark, the marks are two a cell, and
    the cells are the separators `","` plus one a line. So it costs a fraction of the reading, and a single odd line
    shows.
    """

    def __init__(self, delimiter: str, first_data_line: int) -> None:
        self._separator = f'"{delimiter}"'
        self._first_data_line = first_data_line
        self._seen: set[str] = set()
        self.entry_count = 0

    def observe(self, block: dict[str, object]) -> None:
        """Count the marks of one block of `read_blocks`."""
        first_line, text = int(str(block["first_line"])), str(block["lines"])
        if (skip := self._first_data_line - first_line) > 0:
            text = "".join(text.split("\n", skip)[skip:])
        # what is blank is no data line, also where it is quoted
        lines = [line.removesuffix("\r") for line in text.split("\n") if not is_blank_line(line)]
        self.entry_count += len(lines)
        text = "\n".join(lines)
        marks = text.count('"')
        if not marks:
            self._seen.add("none" if lines else "")
            return
        is_all = all(line[0] == line[-1] == '"' for line in lines)
        is_all = is_all and marks == 2 * (text.count(self._separator) + len(lines))
        self._seen.add("all" if is_all else "mixed")

    @property
    def quoting(self) -> str:
        """none, all or mixed."""
        seen = self._seen - {""}
        return seen.pop() if len(seen) == 1 else "mixed" if seen else "none"
