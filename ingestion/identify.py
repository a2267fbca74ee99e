"""Say what a file is: its format, and where its header, units and first data line are."""

import csv
import json
import math
import re
import sys
from dataclasses import dataclass
from typing import Any

from ingestion.formats import (
    DOCUMENT_FORMATS,
    TABLE_FORMATS,
    UNSUPPORTED_FORMATS,
    Family,
    Layout,
    Rows,
    TableFormat,
    is_blank,
)
from ingestion.reading import Content, Reason, RefusedError, read_text

DELIMITERS = (",", ";", "\t")
HEAD_LINES = 64
# A document is held in memory whole, some five times over; the longest race known takes a third of this.
MAX_DOCUMENT_BYTES = 32 << 20
MAX_TEXT_BYTES = 32 << 20
MAX_DOCUMENT_DEPTH = 500
MAX_DOCUMENT_VALUES = 1_000_000
_ESCAPED_NUL = re.compile(r"(?<!\\)(?:\\\\)*\\u0000")


@dataclass(frozen=True)
class Identity:
    """What a file is.

    Attributes:
        source_format: Name of the format, see `ingestion.formats`.
        family: Telemetry or results.
        delimiter: Character between cells; None for a document.
        layout: Lines of the table's parts; None for a document.
    """

    source_format: str
    family: Family
    delimiter: str | None = None
    layout: Layout | None = None


def refuse_unsupported(head: bytes) -> None:
    """Raise for a format that is known and not read, which may well be binary.

    Raises:
        RefusedError: known_not_supported, with the format's name.
    """
    for unsupported in UNSUPPORTED_FORMATS:
        if unsupported.signature(head):
            raise RefusedError(Reason.KNOWN_NOT_SUPPORTED, f"this is {unsupported.title}")


def identify(content: Content) -> Identity:
    """Recognise a text by its content, never by its name.

    Raises:
        RefusedError: unknown_format, no_data, malformed, nul_characters or too_large.
    """
    if content.head.lstrip()[:1] in ("{", "["):
        return _identify_document(content)
    if (found := _recognise(content.head)) is None:
        first_line = content.head.lstrip("\r\n").split("\n", 1)[0].strip()
        raise RefusedError(Reason.UNKNOWN_FORMAT, f"no format begins with: {first_line[:120]!r}")
    table_format, delimiter, rows = found
    layout = table_format.locate(rows)
    if layout is None or layout.first_data_line is None:
        raise RefusedError(Reason.NO_DATA, f"a {table_format.name} file that ends after line {content.line_count}")
    return Identity(table_format.name, table_format.family, delimiter, layout)


def _recognise(head: str) -> tuple[TableFormat, str, Rows] | None:
    lines = head.split("\n", HEAD_LINES)[:HEAD_LINES]
    for delimiter in DELIMITERS:
        rows = [_cells(line, delimiter) for line in lines]
        while rows and is_blank(rows[-1]):
            rows.pop()
        for table_format in TABLE_FORMATS:
            if table_format.recognise(rows):
                return table_format, delimiter, rows
    return None


def _cells(line: str, delimiter: str) -> list[str]:
    try:
        return [cell.strip() for cell in next(csv.reader([line], delimiter=delimiter), [])]
    except csv.Error:  # a cell of over 131,072 characters is no cell of ours
        return [line.strip()]


def _identify_document(content: Content) -> Identity:
    if content.file_bytes > MAX_DOCUMENT_BYTES:
        raise RefusedError(Reason.TOO_LARGE, f"a document of {content.file_bytes:,} bytes")
    text = read_text(content)
    # One character beyond the first 65,536 makes all the others four bytes wide.
    if (size := sys.getsizeof(text)) > MAX_TEXT_BYTES:
        raise RefusedError(Reason.TOO_LARGE, f"a document of {size:,} bytes in memory")
    # Each value takes many times its text in memory; commas stand between them.
    if (values := text.count(",") + text.count("[") + text.count("{")) > MAX_DOCUMENT_VALUES:
        raise RefusedError(Reason.TOO_LARGE, f"a document of {values:,} values")
    try:
        document = json.loads(text, parse_constant=_not_json, parse_float=_stored_number)
        text_is_storable = not _has_lone_surrogate(document)
        is_too_deep = _is_deeper(document, MAX_DOCUMENT_DEPTH)
    except RecursionError:
        is_too_deep = True
    except ValueError as error:
        raise RefusedError(Reason.MALFORMED, f"not valid JSON: {error}") from None
    if is_too_deep:  # Python and PostgreSQL both stop somewhere, each version elsewhere
        raise RefusedError(Reason.MALFORMED, f"JSON nested over {MAX_DOCUMENT_DEPTH} levels deep")
    if _ESCAPED_NUL.search(text):
        raise RefusedError(Reason.NUL_CHARACTERS, r"an escaped NUL character (\u0000) in the JSON")
    if not text_is_storable:
        raise RefusedError(Reason.MALFORMED, "half of a surrogate pair in the JSON")
    if isinstance(document, dict):
        for document_format in DOCUMENT_FORMATS:
            if (results := document_format.unwrap(document)) is not None:
                if not document_format.has_data(results):
                    raise RefusedError(Reason.NO_DATA, f"a {document_format.name} file without a single result")
                return Identity(document_format.name, document_format.family)
    keys = repr(", ".join(list(document)[:8])[:120]) if isinstance(document, dict) else f"a list of {len(document)}"
    raise RefusedError(Reason.UNKNOWN_FORMAT, f"no format is a JSON document with: {keys}")


def _not_json(constant: str) -> Any:
    raise ValueError(f"{constant} is no JSON number")


def _stored_number(text: str) -> float:
    """A number that a double holds; what is larger, nearer to zero or endless jsonb would not always take."""
    number = float(text)
    if math.isinf(number) or (number == 0 and text.lower().partition("e")[0].strip("-0.")) or len(text) > 1_000:
        raise ValueError(f"{text[:40]} is more than a number holds")
    return number


def _is_deeper(document: Any, levels: int) -> bool:
    level = [document]
    for _ in range(levels + 1):
        level = [
            child
            for node in level
            if isinstance(node, dict | list)
            for child in (node.values() if isinstance(node, dict) else node)
        ]
    return bool(level)


def _has_lone_surrogate(document: Any) -> bool:
    try:
        json.dumps(document, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return True
    return False


class QuotingObserver:
    """Find out from the data lines of a file whether all, none or some cells are quoted.

    Counting is enough: in a wholly quoted block every line begins and ends with a mark, the marks are two a cell, and
    the cells are the separators `","` plus one a line. So it costs a fraction of the reading, and a single odd line
    shows.
    """

    def __init__(self, delimiter: str, first_data_line: int) -> None:
        self._separator = f'"{delimiter}"'
        self._first_data_line = first_data_line
        self._seen: set[str] = set()

    def observe(self, block: dict[str, object]) -> None:
        """Take account of one block of `read_blocks`."""
        first_line, text = int(str(block["first_line"])), str(block["lines"])
        if (skip := self._first_data_line - first_line) > 0:
            text = "".join(text.split("\n", skip)[skip:])
        marks = text.count('"')
        if not marks:
            self._seen.add("none" if text.strip() else "")
            return
        lines = [line.removesuffix("\r") for line in text.split("\n") if line.strip(" ,;\t\r")]
        is_all = all(line[0] == line[-1] == '"' for line in lines)
        is_all = is_all and marks == 2 * (text.count(self._separator) + len(lines))
        self._seen.add("all" if is_all else "mixed")

    @property
    def quoting(self) -> str:
        """none, all or mixed."""
        seen = self._seen - {""}
        return seen.pop() if len(seen) == 1 else "mixed" if seen else "none"
