"""Text loggers as `text_loggers.toml` declares them."""

from functools import cache, partial
from pathlib import Path
from typing import Any

from ingestion.formats.declarations import Entry, read_entries
from ingestion.formats.kinds import Family, Layout, TableFormat
from ingestion.formats.lines import DELIMITERS, Rows, first_filled, is_blank

DECLARED = Path(__file__).with_suffix(".toml")

_RECOGNISED_BY = {"first_row", "first_column", "header_names"}
_HEADERS = ("first_row", "after_preamble")
_KEYS = {**dict.fromkeys(_RECOGNISED_BY, list), "header": str, "has_units": bool, "delimiters": list, "is_quoted": bool}


@cache
def text_loggers(declared: Path = DECLARED) -> tuple[TableFormat, ...]:
    """The formats that a file declares.

    Raises:
        DeclarationError: the declaration cannot be understood.
    """
    return tuple(map(_logger, read_entries(declared)))


def _logger(entry: Entry) -> TableFormat:
    entry.check(_KEYS)
    values = entry.values
    if not any(values.get(key) for key in _RECOGNISED_BY):
        raise entry.wrong(f"needs one of: {', '.join(sorted(_RECOGNISED_BY))}")
    if values.get("header") not in _HEADERS:
        raise entry.wrong(f"needs a header: {' or '.join(_HEADERS)}")
    delimiters = tuple(values.get("delimiters", DELIMITERS))
    if not delimiters or not set(delimiters) <= set(DELIMITERS):
        raise entry.wrong(f"has the delimiters {list(delimiters)}; there are comma, semicolon and tab")
    return TableFormat(
        name=entry.name,
        family=Family.TELEMETRY,
        recognise=partial(_is_of, values),
        locate=partial(_parts, values),
        delimiters=delimiters,
        is_quoted=values.get("is_quoted", True),
    )


def _is_of(entry: dict[str, Any], rows: Rows) -> bool:
    first_row, first_column = entry.get("first_row", []), entry.get("first_column", [])
    return (
        bool(rows)
        and [cell.casefold() for cell in rows[0][: len(first_row)]] == [cell.casefold() for cell in first_row]
        and [next(filter(None, row), "") for row in rows[: len(first_column)]] == first_column
        and set(entry.get("header_names", [])) <= set(rows[0])
    )


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
