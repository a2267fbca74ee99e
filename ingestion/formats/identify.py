"""Say what a file is: its format, and where its header, units and first data line are."""

import json
import math
import re
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache, partial
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ingestion.formats import motec_ldx
from ingestion.formats.declared import (
    DeclaredFormat,
    check_names,
    declaration_files,
    declared_folder,
    read_declared,
)
from ingestion.formats.json_text import with_escapes, without_comment_lines
from ingestion.formats.kinds import Family, JsonFormat, Layout, TableFormat, XmlFormat
from ingestion.formats.lines import Rows, cells, is_blank
from ingestion.formats.logs import log_formats
from ingestion.formats.logs.log import Document
from ingestion.formats.not_read_yet import NotReadYet, not_read_yet
from ingestion.formats.results import RESULTS
from ingestion.formats.text_log.reading import Reading
from ingestion.formats.text_log.sheet import RowDocument, Sheet, find_sheet, read_rows
from ingestion.formats.text_loggers import text_loggers
from ingestion.reading import Content, Reason, RefusedError, is_json, read_text

if TYPE_CHECKING:
    from ingestion.formats.text_log.log import TextLog

HEAD_LINES = 256
# Memory holds a whole document about five times. The longest race known is a third of this size.
MAX_DOCUMENT_BYTES = 32 << 20
MAX_TEXT_BYTES = 32 << 20
MAX_DOCUMENT_DEPTH = 500
MAX_DOCUMENT_VALUES = 1_000_000
_DECLARED_ENCODING = re.compile(r"""\s*<\?xml[^>]{1,99}\bencoding=["']([\w-]+)""")
_ESCAPED_NUL = re.compile(r"(?<!\\)(?:\\\\)*\\u0000")


@dataclass(frozen=True)
class Identity:
    """What a file is.

    Attributes:
        source_format: Name of the format, see `ingestion.formats`.
        family: What it is about.
        delimiter: Character between cells; None for a document.
        layout: Lines of the table's parts; None for a document.
        is_quoted: Whether cells can stand in quotation marks.
        log: The rows, where they are read as a log is.
        reading_hash: Of the declaration by which they are (`TableFormat.reading_hash`).
        entry_count: Result lines of a document, and the drivers inside them; None for a table, whose lines are counted
            while it is read.
        documents: An XML document as its tree, and a JSON document that had to be put right.
        repairs: How often something had to be put right in a document before it could be read, by what it was; what did
            not occur is left out. The text that is landed stays as it is. None for a table and a log.
    """

    source_format: str
    family: Family
    delimiter: str | None = None
    layout: Layout | None = None
    is_quoted: bool = True
    log: "TextLog | None" = None
    reading_hash: str | None = None
    entry_count: int | None = None
    documents: Sequence[Document] = ()
    repairs: dict[str, int] | None = None


def formats() -> tuple[TableFormat | JsonFormat | XmlFormat, ...]:
    """All formats of text that are read, in the order in which they are tried.

    Raises:
        DeclarationError: a declaration cannot be understood.
    """
    return (*text_loggers(), *RESULTS, motec_ldx.FORMAT, *(declared.known for declared in declared_formats()))


def declared_formats() -> tuple[DeclaredFormat, ...]:
    """The formats that users declare, as they were when they were last checked.

    Raises:
        DeclarationError: a declaration cannot be understood.
    """
    return _declared_in(declared_folder())


@cache
def _declared_in(_folder: Path) -> tuple[DeclaredFormat, ...]:
    declared = tuple(chain.from_iterable(map(read_declared, declaration_files())))
    if declared:
        check_names(declared, {known.name for known in (*text_loggers(), *RESULTS, motec_ldx.FORMAT, *log_formats())})
    return declared


def check_declarations() -> None:
    """Read what is declared, so that a mistake is told before any file is read.

    Raises:
        DeclarationError: a declaration cannot be understood.
    """
    _declared_in.cache_clear()  # in a process that waits for files, users change theirs
    formats()
    not_read_yet()


def refuse_binary(head: bytes) -> None:
    """Raise for a binary file of a format that is known and not read.

    Raises:
        RefusedError: known_not_supported, with the format's name.
    """
    _refuse_known(known for known in not_read_yet() if known.is_of_bytes(head))


def _refuse_known(found: Iterable[NotReadYet]) -> None:
    if known := next(iter(found), None):
        raise RefusedError(Reason.KNOWN_NOT_SUPPORTED, known.told)


def identify(content: Content) -> Identity:
    """Recognise a text by its content, never by its name.

    Raises:
        RefusedError: unknown_format, known_not_supported, no_data, malformed, nul_characters or too_large.
    """
    for known in formats():
        if isinstance(known, TableFormat) and known.document and known.document.recognise(content.head):
            return _identify_rows(content, known, known.document)
    if is_json(content.head):
        return _identify_document(content)
    for known in formats():
        if isinstance(known, XmlFormat) and known.recognise(content.head):
            return _identify_xml(content, known)
    if (found := _recognise(content.head, formats())) is None:
        _refuse_known(known for known in not_read_yet() if known.is_of_text(content.head))
        first_line = content.head.lstrip("\r\n").split("\n", 1)[0].strip()
        raise RefusedError(Reason.UNKNOWN_FORMAT, "no format begins with", first_line)
    table_format, delimiter, rows = found
    if table_format.reading:
        return _identify_text_log(content, table_format, table_format.reading, delimiter, rows)
    layout = table_format.locate(rows)
    if layout is None or layout.first_data_line is None:
        raise RefusedError(Reason.NO_DATA, f"{table_format.name} that ends after line {content.line_count}")
    return Identity(table_format.name, table_format.family, delimiter, layout, table_format.is_quoted)


def read_as(content: Content, known: TableFormat) -> Identity:
    """Read a text as a log of this format and of no other.

    Raises:
        RefusedError: unknown_format, where its declaration does not fit the text; no_data, malformed or too_large.
    """
    if known.document:
        return _identify_rows(content, known, known.document)
    if known.reading is None or (found := _recognise(content.head, [known])) is None:
        raise RefusedError(Reason.UNKNOWN_FORMAT, f"it does not begin as {known.name} does")
    return _identify_text_log(content, known, known.reading, *found[1:])


def _identify_rows(content: Content, known: TableFormat, document: RowDocument) -> Identity:
    if content.file_bytes > document.max_bytes:
        raise RefusedError(Reason.TOO_LARGE, f"a document of {content.file_bytes:,} bytes")
    sheet = document.read(_bounded_text(content, document.max_bytes))
    reading = known.reading or Reading()
    if known.kept_as and sheet.rows:
        places = [column.place for column in sheet.columns if column.name in reading.clock.columns]
        rows = [any(row[place] for place in places) for _, row in sheet.rows() if row]
        if not any(rows):
            return Identity(known.kept_as, Family.LAYOUTS, entry_count=len(rows))
    return _identity_of_log(content, known, sheet, reading)


def _identify_text_log(
    content: Content, table_format: TableFormat, reading: Reading, delimiter: str, rows: Rows
) -> Identity:
    sheet = find_sheet(rows, reading, delimiter, table_format.is_quoted)
    if sheet is None:
        raise RefusedError(Reason.NO_DATA, f"{table_format.name} without its header or a row under it")
    return _identity_of_log(content, table_format, sheet, reading)


def _identity_of_log(content: Content, table_format: TableFormat, sheet: Sheet, reading: Reading) -> Identity:
    from ingestion.formats.text_log.log import TextLog  # numpy, which no other text needs

    log = TextLog(sheet.rows or partial(read_rows, content, sheet, reading), sheet, reading)
    return Identity(
        table_format.name,
        table_format.family,
        sheet.delimiter or None,
        log=log,
        reading_hash=table_format.reading_hash,
        entry_count=log.row_count,
    )


def _recognise(
    head: str, tried: Iterable[TableFormat | JsonFormat | XmlFormat]
) -> tuple[TableFormat, str, Rows] | None:
    lines = head.split("\n", HEAD_LINES)[:HEAD_LINES]

    @cache
    def cut(delimiter: str, is_quoted: bool) -> Rows:
        rows = [cells(line, delimiter, is_quoted) for line in lines]
        while rows and is_blank(rows[-1]):
            rows.pop()
        return rows

    for table_format in tried:
        if isinstance(table_format, TableFormat) and table_format.document is None:
            found = [
                (table_format, delimiter, rows)
                for delimiter in table_format.delimiters
                if table_format.recognise(rows := cut(delimiter, table_format.is_quoted))
            ]
            if found:
                return max(found, key=_columns) if table_format.reading else found[0]
    return None


def _columns(found: tuple[TableFormat, str, Rows]) -> int:
    """How many columns there are with that delimiter. A format can be known by a text that no delimiter cuts."""
    table_format, delimiter, rows = found
    if table_format.reading is None:
        return 0
    sheet = find_sheet(rows, table_format.reading, delimiter, table_format.is_quoted)
    return len(sheet.columns) if sheet else 0


def _identify_document(content: Content) -> Identity:
    if content.file_bytes > MAX_DOCUMENT_BYTES:
        raise RefusedError(Reason.TOO_LARGE, f"a document of {content.file_bytes:,} bytes")
    text, comment_lines = without_comment_lines(_bounded_text(content))
    # A parsed value takes many times the memory of its text. Counting commas counts values before they are parsed.
    if (values := text.count(",") + text.count("[") + text.count("{")) > MAX_DOCUMENT_VALUES:
        raise RefusedError(Reason.TOO_LARGE, f"a document of {values:,} values")
    control_characters = 0
    try:
        try:
            document = _parsed(text)
        except json.JSONDecodeError:
            text, control_characters = with_escapes(text)
            if not control_characters:
                raise
            document = _parsed(text)
        text_is_storable = not _has_lone_surrogate(document)
        is_too_deep = _is_deeper(document, MAX_DOCUMENT_DEPTH)
    except RecursionError:
        is_too_deep = True
    except ValueError as error:
        raise RefusedError(Reason.MALFORMED, f"not valid JSON: {error}") from None
    if is_too_deep:  # Python and PostgreSQL have limits that differ by version
        raise RefusedError(Reason.MALFORMED, f"JSON nested over {MAX_DOCUMENT_DEPTH} levels deep")
    if _ESCAPED_NUL.search(text):
        raise RefusedError(Reason.NUL_CHARACTERS, r"an escaped NUL character (\u0000) in the JSON")
    if not text_is_storable:
        raise RefusedError(Reason.MALFORMED, "half of a surrogate pair in the JSON")
    for json_format in formats():
        if not (isinstance(json_format, JsonFormat) and isinstance(document, json_format.outermost)):
            continue
        if (results := json_format.unwrap(document)) is not None:
            if not json_format.has_data(results):
                raise RefusedError(Reason.NO_DATA, f"{json_format.name} without a single result")
            repairs = {"comment_lines": comment_lines, "control_characters": control_characters}
            return Identity(
                json_format.name,
                json_format.family,
                entry_count=json_format.count_entries(results),
                documents=[Document("tree", document, None, None, 0)] if any(repairs.values()) else (),
                repairs=_counted(repairs, content, text),
            )
    _refuse_known(known for known in not_read_yet() if known.is_of_json(document))
    if not isinstance(document, dict):
        raise RefusedError(Reason.UNKNOWN_FORMAT, f"no format is such a list (JSON, {len(document):,} in it)")
    raise RefusedError(Reason.UNKNOWN_FORMAT, "no format is a JSON document with", ", ".join(document))


def _bounded_text(content: Content, max_bytes: int | None = None) -> str:
    text = read_text(content)
    # One character beyond the first 65,536 makes all the others four bytes wide.
    if (size := sys.getsizeof(text)) > max(MAX_TEXT_BYTES, max_bytes or 0):
        raise RefusedError(Reason.TOO_LARGE, f"a document of {size:,} bytes in memory")
    return text


def _identify_xml(content: Content, xml_format: XmlFormat) -> Identity:
    if content.file_bytes > xml_format.max_bytes:
        raise RefusedError(Reason.TOO_LARGE, f"an XML document of {content.file_bytes:,} bytes")
    text = _bounded_text(content)
    documents, repairs = xml_format.read(text)
    return Identity(
        xml_format.name,
        xml_format.family,
        entry_count=xml_format.count_entries(documents),
        documents=documents,
        repairs=_counted(repairs, content, text),
    )


def _counted(repairs: dict[str, int], content: Content, text: str) -> dict[str, int]:
    """What occurred, and the characters that are not the UTF-8 which the document says or has to be."""
    foreign = 0
    declared = _DECLARED_ENCODING.match(text)
    if content.encoding == "cp1252" and (declared is None or declared[1].lower() == "utf-8"):
        foreign = len(text) - len(text.encode("ascii", "ignore"))
    return {name: count for name, count in (repairs | {"latin_1_characters": foreign}).items() if count}


def _parsed(text: str) -> Any:
    return json.loads(text, parse_constant=_not_json, parse_float=_stored_number)


def _not_json(constant: str) -> Any:
    raise ValueError(f"{constant} is no JSON number")


def _stored_number(text: str) -> float:
    """A number that a double can hold; jsonb does not always take larger, smaller or infinite ones."""
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
