"""The file formats simrace knows: one entry each. A new format is one more entry here, and rows in the seeds.

A format says how a file is recognised and where its parts are (header, units, first data line), never what the
data means: that is read in SQL. Recognition looks at the content alone, since names and extensions are not reliable.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, NamedTuple

Rows = Sequence[Sequence[str]]
"""The first lines of a text file, each split into cells with surrounding spaces removed."""


class Family(StrEnum):
    """What a file tells about."""

    TELEMETRY = "telemetry"
    RESULTS = "results"


class Layout(NamedTuple):
    """Lines of a table's parts, counted from 1; None where the file has no such part."""

    header_line: int
    units_line: int | None
    first_data_line: int | None


@dataclass(frozen=True)
class TableFormat:
    """A format of delimited lines.

    Attributes:
        name: Value of `source_format`.
        family: Telemetry or results.
        recognise: True when the first rows of a file are of this format.
        locate: Where header, units and data begin.
    """

    name: str
    family: Family
    recognise: Callable[[Rows], bool]
    locate: Callable[[Rows], Layout | None]


@dataclass(frozen=True)
class DocumentFormat:
    """A format of one JSON document, landed as a single block.

    Attributes:
        name: Value of `source_format`.
        family: Telemetry or results.
        unwrap: The object that holds the results, whatever envelope it came in; None when it is not of this format.
        has_data: True when that object holds at least one result.
    """

    name: str
    family: Family
    unwrap: Callable[[dict[str, Any]], dict[str, Any] | None]
    has_data: Callable[[dict[str, Any]], bool]


@dataclass(frozen=True)
class UnsupportedFormat:
    """A format that is recognised in order to say so, and not landed.

    Attributes:
        title: What people call it.
        signature: True when the first bytes of a file are of this format.
    """

    title: str
    signature: Callable[[bytes], bool]


def is_blank(row: Sequence[str]) -> bool:
    """True for a row without content: Excel writes the blank lines of a preamble as `,,,,`."""
    return not any(row)


def _starts_with(*cells: str) -> Callable[[Rows], bool]:
    return lambda rows: (
        bool(rows)
        and tuple(cell.casefold() for cell in rows[0][: len(cells)]) == tuple(cell.casefold() for cell in cells)
    )


def _keys_down(*keys: str) -> Callable[[Rows], bool]:
    """The first filled cell of each of the first rows, a hand-edited file may have an empty first column."""
    return lambda rows: tuple(next(filter(None, row), "") for row in rows[: len(keys)]) == keys


def _header_has(*names: str) -> Callable[[Rows], bool]:
    return lambda rows: bool(rows) and set(names) <= set(rows[0])


def _first_filled(rows: Rows, start: int) -> int | None:
    return next((index for index in range(start, len(rows)) if not is_blank(rows[index])), None)


def _after_preamble(rows: Rows) -> Layout | None:
    """Preamble, blank row, names, units, blank rows, data."""
    blank = next((index for index, row in enumerate(rows) if is_blank(row)), None)
    header = None if blank is None else _first_filled(rows, blank)
    if header is None:
        return None
    data = _first_filled(rows, header + 2)
    return Layout(header + 1, header + 2, None if data is None else data + 1)


def _first_row(rows: Rows) -> Layout | None:
    data = _first_filled(rows, 1)
    return Layout(1, None, None if data is None else data + 1)


def _row_starting(cell: str) -> Callable[[Rows], Layout | None]:
    def locate(rows: Rows) -> Layout | None:
        header = next((index for index, row in enumerate(rows[:12]) if row and row[0] == cell), None)
        if header is None:
            return None
        data = _first_filled(rows, header + 1)
        return Layout(header + 1, None, None if data is None else data + 1)

    return locate


def _iracing_results(document: dict[str, Any]) -> dict[str, Any] | None:
    inner = next((document[key] for key in ("data", "content") if isinstance(document.get(key), dict)), document)
    return inner if {"subsession_id", "session_results"} <= inner.keys() else None


def _acc_results(document: dict[str, Any]) -> dict[str, Any] | None:
    if "laps" not in document and "trackName" not in document:
        return None
    return next((document[key] for key in ("sessionResult", "snapShot") if isinstance(document.get(key), dict)), None)


def _lists(key: str) -> Callable[[dict[str, Any]], bool]:
    return lambda results: isinstance(results.get(key), list) and bool(results[key])


TABLE_FORMATS: tuple[TableFormat, ...] = (
    TableFormat("motec_i2_csv", Family.TELEMETRY, _starts_with("Format", "MoTeC CSV File"), _after_preamble),
    TableFormat("iracing_mu_csv", Family.TELEMETRY, _keys_down("Driver", "Vehicle", "Venue"), _after_preamble),
    TableFormat(
        "garage61_csv",
        Family.TELEMETRY,
        _header_has("Speed", "LapDistPct", "Lat", "Lon", "SteeringWheelAngle", "PositionType"),
        _first_row,
    ),
    TableFormat(
        "acc_motec_csv",
        Family.TELEMETRY,
        _header_has("THROTTLE", "BRAKE", "STEERANGLE", "TYRE_PRESS_LF"),
        _first_row,
    ),
    TableFormat(
        "iracing_results_csv",
        Family.RESULTS,
        lambda rows: _row_starting("Fin Pos")(rows) is not None,
        _row_starting("Fin Pos"),
    ),
)

DOCUMENT_FORMATS: tuple[DocumentFormat, ...] = (
    DocumentFormat("iracing_results_json", Family.RESULTS, _iracing_results, _lists("session_results")),
    DocumentFormat("acc_results_json", Family.RESULTS, _acc_results, _lists("leaderBoardLines")),
)


def _begins(*starts: bytes) -> Callable[[bytes], bool]:
    return lambda head: head.lstrip(b"\xef\xbb\xbf \r\n\t").lower().startswith(tuple(s.lower() for s in starts))


def _contains(*parts: bytes) -> Callable[[bytes], bool]:
    return lambda head: all(part in head for part in parts)


UNSUPPORTED_FORMATS: tuple[UnsupportedFormat, ...] = (
    UnsupportedFormat(
        "iRacing .ibt telemetry",
        lambda head: head[:4] in (b"\1\0\0\0", b"\2\0\0\0") and head[8:12] == (60).to_bytes(4, "little"),
    ),
    UnsupportedFormat("DuckDB database (Le Mans Ultimate)", lambda head: head[8:12] == b"DUCK"),
    UnsupportedFormat("AiM Race Studio CSV", lambda head: b"aim csv file" in head[:200].lower()),
    UnsupportedFormat("RaceChrono CSV", _begins(b"This file is created using RaceChrono")),
    UnsupportedFormat("TrackAddict / RaceRender CSV", _begins(b"# RaceRender Data")),
    UnsupportedFormat("RaceCapture log", _contains(b'"Interval"|"ms"')),
    UnsupportedFormat("VBOX .vbo", _contains(b"[header]", b"[column names]")),
    UnsupportedFormat("iRacing season standings CSV", _begins(b'"position","name","points","dropped"')),
    UnsupportedFormat("rFactor results XML", _contains(b"<rFactorXML")),
    UnsupportedFormat("CrewChief InfluxDB dump", _contains(b"result,table,_start,_stop,_time")),
    UnsupportedFormat("Forza telemetry CSV", _begins(b"IsRaceOn,TimestampMS")),
    UnsupportedFormat("ACC channel report (one row per lap, no samples)", _contains(b"_Min,", b"_Max,", b"_Std Dev")),
    UnsupportedFormat("Assetto Corsa results JSON", _contains(b'"TrackName"', b'"Cars"')),
    UnsupportedFormat("generic logger CSV with units in its names", _contains(b"Time (sec)", b"(RPM)")),
    UnsupportedFormat("nested archive", _begins(b"PK\3\4", b"\x1f\x8b")),
)
