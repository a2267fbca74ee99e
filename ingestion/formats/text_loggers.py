"""Text loggers as `text_loggers.toml` declares them."""

import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cache, partial
from pathlib import Path
from typing import Any

from ingestion.formats.declarations import Entry, read_entries
from ingestion.formats.kinds import Family, Layout, TableFormat
from ingestion.formats.lines import DELIMITERS, SPACES, Rows, first_filled, is_blank
from ingestion.formats.text_log import gpx, gt7_dashboard, json_lines
from ingestion.formats.text_log.cells import FORMS, OF_A_DATE
from ingestion.formats.text_log.reading import BLANKS, READING_VERSION, ROWS_BELOW, TOLD, UNITS_IN_NAMES, Clock, Reading

DECLARED = Path(__file__).with_suffix(".toml")
DOCUMENTS = {
    "gpx": lambda _name, _header_names: gpx.DOCUMENT,
    "gt7_dashboard": lambda _name, _header_names: gt7_dashboard.DOCUMENT,
    "json_lines": json_lines.document,
}

_RECOGNISED_BY = {"first_row", "first_column", "header_names", "begins", "has_rows", "lacks_rows", "contains"}
_HEADERS = ("first_row", "after_preamble")
_KEYS = {
    **dict.fromkeys(_RECOGNISED_BY, list),
    "header": str,
    "has_units": bool,
    "delimiters": list,
    "is_quoted": bool,
}
# What is read as a log has these as well.
_LOG_KEYS = {
    "document": str,
    "kept_as": str,
    "clock": dict,
    "data": str,
    "names_in_line": str,
    "sections": list,
    "comment": str,
    "below": list,
    "unit_in_name": str,
    "nothing": list,
    "no_value": dict,
    "words": dict,
    "blank": str,
    "forms": dict,
    "only": dict,
    "one_of": list,
    "fresh": dict,
    "notes": dict,
    "told": dict,
}
_CLOCK_KEYS = {
    "columns": list,
    "form": str,
    "date_columns": list,
    "date_form": str,
    "begins_anew": bool,
    "from_first": bool,
    "repeats": bool,
    "bits": int,
    "is_unsorted": bool,
    "rate_hz": float,
}


@cache
def text_loggers(declared: Path = DECLARED) -> tuple[TableFormat, ...]:
    """The formats that a file declares.

    Raises:
        DeclarationError: the declaration cannot be understood.
    """
    found = []
    for entry in read_entries(declared):
        shape_of = entry.values.pop("shape_of", None)
        known = text_logger(entry)
        found.append(replace(known, name=shape_of) if shape_of else known)
    return tuple(found)


def text_logger(entry: Entry) -> TableFormat:
    """The format that one entry declares.

    Raises:
        DeclarationError: the declaration cannot be understood.
    """
    is_log = "clock" in entry.values
    entry.check(_KEYS | _LOG_KEYS if is_log else _KEYS)
    values = entry.values
    if is_log and "document" in values:
        _check_one_of(entry, values["document"], DOCUMENTS, "document")
        header_names = values.get("header_names", [])
        if values["document"] == "json_lines" and not header_names:
            raise entry.wrong("needs header_names: names that its first line has", "document")
        return TableFormat(
            name=entry.name,
            family=Family.TELEMETRY,
            recognise=lambda _: False,
            locate=lambda _: None,
            reading=_reading(entry),
            reading_hash=_reading_hash(values),
            document=DOCUMENTS[values["document"]](entry.name, header_names),
            kept_as=values.get("kept_as", ""),
        )
    if not any(values.get(key) for key in _RECOGNISED_BY):
        raise entry.wrong(f"needs one of: {', '.join(sorted(_RECOGNISED_BY))}")
    if not values.get("header") or (not is_log and values["header"] not in _HEADERS):
        raise entry.wrong(f"needs a header: {' or '.join(_HEADERS)}", "header")
    delimiters = tuple(values.get("delimiters", DELIMITERS))
    possible = (*DELIMITERS, SPACES) if is_log else DELIMITERS
    if not delimiters or not set(delimiters) <= set(possible):
        told = "comma, semicolon and tab" + (", and a space for any number of them" if is_log else "")
        raise entry.wrong(f"has the delimiters {list(delimiters)}; there are {told}", "delimiters")
    return TableFormat(
        name=entry.name,
        family=Family.TELEMETRY,
        recognise=partial(_is_of, values),
        locate=partial(_parts, values),
        delimiters=delimiters,
        is_quoted=values.get("is_quoted", True),
        reading=_reading(entry) if is_log else None,
        reading_hash=_reading_hash(values) if is_log else None,
    )


def _reading_hash(values: Mapping[str, Any]) -> str:
    """SHA-256 of all that says how rows are read, in hexadecimal; not of how a file is recognised."""
    read = {key: value for key, value in values.items() if key not in _RECOGNISED_BY}
    return hashlib.sha256(json.dumps([READING_VERSION, read], sort_keys=True).encode()).hexdigest()


def _reading(entry: Entry) -> Reading:
    values = entry.values
    clock = values["clock"]
    entry.check_part("clock", _CLOCK_KEYS)
    of_clock: dict[str, Any] = {key: tuple(value) if isinstance(value, list) else value for key, value in clock.items()}
    if not 0 <= clock.get("bits", 0) <= 64:
        raise entry.wrong("has for bits in clock a number that is not of 0 to 64", "clock", "bits")
    if not clock.get("columns") and not clock.get("rate_hz"):
        raise entry.wrong("needs in clock the columns that have the time, or a rate_hz", "clock")
    _check_one_of(entry, clock.get("form", "seconds"), FORMS, "clock", "form")
    _check_one_of(entry, clock.get("date_form", "unix_seconds"), OF_A_DATE, "clock", "date_form")
    _check_one_of(entry, values.get("blank", "missing"), BLANKS, "blank")
    _check_one_of(entry, values.get("unit_in_name", UNITS_IN_NAMES[0]), UNITS_IN_NAMES, "unit_in_name")
    for kind in values.get("below", []):
        _check_one_of(entry, kind, ROWS_BELOW, "below")
    for column, form in values.get("forms", {}).items():
        _check_one_of(entry, form, FORMS, "forms", column)
    for kind in values.get("told", {}):
        _check_one_of(entry, kind, TOLD, "told")
    entry.check_values("words", int | float)
    for note, form in values.get("notes", {}).items():
        _check_one_of(entry, form, FORMS, "notes", note)
    if values.get("notes") and not values.get("comment"):
        raise entry.wrong("has notes, which are comments, and no comment that says what they begin with", "notes")
    entry.check_values("fresh", list)
    entry.check_values("no_value", list)
    entry.check_values("only", list)
    for column, numbers in values.get("no_value", {}).items():
        if any(math.isnan(FORMS["number"](number)) for number in numbers):
            raise entry.wrong(
                f"has for no_value of {column!r} {numbers}; write numbers, each as a text", "no_value", column
            )
    entry.check_values("told", list)
    return Reading(
        header=values.get("header", "first_row"),
        data=values.get("data", ""),
        names_in_line=values.get("names_in_line", ""),
        sections=tuple(values.get("sections", [])),
        comment=values.get("comment", ""),
        below=tuple(values.get("below", [])),
        unit_in_name=values.get("unit_in_name", ""),
        nothing=frozenset(values.get("nothing", [])),
        no_value={column: frozenset(map(float, numbers)) for column, numbers in values.get("no_value", {}).items()},
        words={word.lower(): float(number) for word, number in values.get("words", {}).items()},
        blank=values.get("blank", "missing"),
        clock=Clock(**of_clock),
        forms=values.get("forms", {})
        | {f"{values['comment']} {note}": form for note, form in values.get("notes", {}).items()},
        only={column: frozenset(texts) for column, texts in values.get("only", {}).items()},
        one_of=tuple(values.get("one_of", [])),
        fresh={column: tuple(names) for column, names in values.get("fresh", {}).items()},
        notes=tuple(values.get("notes", {})),
        told={kind: tuple(keys) for kind, keys in values.get("told", {}).items()},
    )


def _check_one_of(
    entry: Entry, value: object, possible: Mapping[str, object] | frozenset[str] | tuple[str, ...], *keys: str
) -> None:
    if value not in possible:
        where = " in ".join(reversed(keys))
        raise entry.wrong(f"has for {where} {value!r}; there are: {', '.join(sorted(possible))}", *keys)


def _is_of(entry: dict[str, Any], rows: Rows) -> bool:
    first_row, first_column = entry.get("first_row", []), entry.get("first_column", [])
    return (
        bool(rows)
        and [cell.casefold() for cell in rows[0][: len(first_row)]] == [cell.casefold() for cell in first_row]
        and [next(filter(None, row), "") for row in rows[: len(first_column)]] == first_column
        and _begins(rows[0], entry.get("begins", []))
        and all(any(_begins(row, [begin]) for row in rows) for begin in entry.get("has_rows", []))
        and not any(_begins(row, [begin]) for begin in entry.get("lacks_rows", []) for row in rows)
        and set(entry.get("header_names", [])) <= set(header := _header_row(entry, rows))
        and all(any(text in cell for cell in header) for text in entry.get("contains", []))
    )


def _begins(row: Sequence[str], begins: Sequence[str]) -> bool:
    """Whether the first cell of a row begins with one of these texts, or none are asked for."""
    first = " ".join(row).casefold()
    return not begins or any(first.startswith(text.casefold()) for text in begins)


def _header_row(entry: dict[str, Any], rows: Rows) -> Sequence[str]:
    """The row that can hold the names: the first, unless comments stand before it."""
    comment = entry.get("comment")
    if not comment:
        return rows[0]
    return next((row for row in rows if not is_blank(row) and not row[0].startswith(comment)), ())


def _parts(entry: dict[str, Any], rows: Rows) -> Layout | None:
    header: int | None = 0
    if entry["header"] == "after_preamble":
        blank = next((index for index, row in enumerate(rows) if is_blank(row)), None)
        header = None if blank is None else first_filled(rows, blank)
    if header is None:
        return None
    units = header + 1 if entry.get("has_units") else None
    data = first_filled(rows, (header if units is None else units) + 1)
    return Layout(header + 1, None if units is None else units + 1, None if data is None else data + 1)
