"""How a text format is described: as a table of delimited lines, as a JSON document, or as one of XML."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, NamedTuple

from ingestion.formats.lines import DELIMITERS, Rows
from ingestion.formats.logs.log import Document
from ingestion.formats.text_log.reading import Reading
from ingestion.formats.text_log.sheet import RowDocument


class Family(StrEnum):
    """What a file is about."""

    TELEMETRY = "telemetry"
    RESULTS = "results"
    MARKERS = "markers"
    LAYOUTS = "layouts"


class Layout(NamedTuple):
    """Lines of a table's parts, counted from 1; None where the file has no such part."""

    header_line: int
    units_line: int | None
    first_data_line: int | None


@dataclass(frozen=True)
class TableFormat:
    """A format of delimited lines, or of a document that has rows as well.

    Attributes:
        name: Value of `source_format`.
        family: Telemetry or results.
        recognise: True when the first rows of a file are of this format.
        locate: Where header, units and data begin; None when the file ends before its header.
        delimiters: Characters that can stand between cells, the likeliest first.
        is_quoted: Whether cells can be quoted; if not, a quotation mark is an ordinary character.
        reading: How its rows are read as a log is; None where SQL reads the lines themselves.
        reading_hash: SHA-256 of what is declared of that, in hexadecimal; what another one read is read again.
        document: Where the rows of a document are; None for lines.
        kept_as: Name of the format that a document without a single time has: it is kept and not read.
    """

    name: str
    family: Family
    recognise: Callable[[Rows], bool]
    locate: Callable[[Rows], Layout | None]
    delimiters: tuple[str, ...] = DELIMITERS
    is_quoted: bool = True
    reading: Reading | None = None
    reading_hash: str | None = None
    document: RowDocument | None = None
    kept_as: str = ""


@dataclass(frozen=True)
class JsonFormat:
    """A format of one JSON document, landed as a single block.

    Attributes:
        name: Value of `source_format`.
        family: Telemetry or results.
        unwrap: The object that holds the results, whatever envelope it came in; None when it is not of this format.
        has_data: True when that object holds at least one result.
        count_entries: Result lines in that object, and drivers inside them; a test compares it with what SQL reads.
        outermost: What the document is, an object or a list; `unwrap` gets no other.
    """

    name: str
    family: Family
    unwrap: Callable[[Any], Any]
    has_data: Callable[[Any], bool]
    count_entries: Callable[[Any], int]
    outermost: type[dict[str, Any]] | type[list[Any]] = dict


@dataclass(frozen=True)
class XmlFormat:
    """A format of one XML document, landed as a single block and as JSON of its parts: not every database reads XML.

    Attributes:
        name: Value of `source_format`.
        family: Results or markers.
        recognise: True when a text that begins like this is of this format.
        read: The parts, and what had to be put right to read them. It raises RefusedError for a text that is not what
            it seems.
        count_entries: What the parts hold.
        max_bytes: A larger document is refused.
    """

    name: str
    family: Family
    recognise: Callable[[str], bool]
    read: Callable[[str], tuple[Sequence[Document], dict[str, int]]]
    count_entries: Callable[[Sequence[Document]], int]
    max_bytes: int
