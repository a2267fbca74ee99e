"""Lines of JSON: what a stream sent, one object a line.

Recognised by the names in the first line, which the declaration lists (`header_names`); or by the line that simrace
writes before the frames of a live session: `{"source_format": "live_json", "told": {"driver": "Ada Vale"}}`, which has
the name of the format, and what was told of the session beside the frames.

Parts: a line holds what was true at one moment. A value inside of another object or of a list has the names from the
outermost on, with a point between them; of a list, places from 0: `tyres.0.temperature`.

Traps:
    * A line need not have all names; what it lacks stands for no value.
    * The text of a number is kept as it stands there, so that no digit is lost.
    * Units stand nowhere: the declaration's names imply them.
"""

import json
import re
from collections.abc import Collection, Iterator, Mapping
from functools import partial
from typing import Any

from ingestion.formats.text_log.sheet import NumberedRow, RowDocument, Sheet, sheet_of
from ingestion.reading import Reason, RefusedError

MAX_BYTES = 256 << 20  # two hours at 60 frames a second
MAX_NAMES = 1_000
MAX_DEPTH = 8
_CUT = "\0"  # in no text that is landed
_FORMAT, _TOLD = "source_format", "told"
_FIRST_LINE = re.compile(r"\s*(\{[^\n]*\})[ \r]*(?:\n|$)")
_parse = partial(json.loads, parse_float=str, parse_int=str, parse_constant=lambda _: "nan")


def document(name: str, header_names: Collection[str]) -> RowDocument:
    """Such a text of one format.

    Args:
        name: Of the format.
        header_names: Names that its first frame has.
    """
    return RowDocument(partial(_recognise, name, frozenset(header_names)), _read, MAX_BYTES)


def first_line(name: str, told: Mapping[str, Any]) -> str:
    """The line that stands before the frames of a session.

    Args:
        name: Of the format.
        told: What is known of the session: driver, car, track, session, sim.
    """
    return json.dumps({_FORMAT: name, _TOLD: told}, separators=(",", ":"))


def values_of(frame: Any) -> dict[str, Any]:
    """The single values of a frame by their names; nothing of what is nested deeper than any sender does.

    Args:
        frame: As JSON has it.
    """
    found: dict[str, Any] = {}
    _collect(frame, "", found, MAX_DEPTH)
    return found


def _collect(value: Any, name: str, found: dict[str, Any], depth: int) -> None:
    if isinstance(value, dict | list):
        if depth:
            for key, inner in value.items() if isinstance(value, dict) else enumerate(value):
                _collect(inner, f"{name}.{key}" if name else str(key), found, depth - 1)
    elif name:
        found[name] = value


def _recognise(name: str, header_names: frozenset[str], head: str) -> bool:
    first = _FIRST_LINE.match(head)
    if first is None:
        return False
    values = _parsed(first[1])
    return values[_FORMAT] == name if _FORMAT in values else header_names <= values.keys()


def _parsed(line: str) -> dict[str, Any]:
    """The values of a line; none where it holds something else than an object."""
    try:
        frame = _parse(line)
    except (ValueError, RecursionError):
        return {}
    if not isinstance(frame, dict):
        return {}
    return values_of(frame) if any(isinstance(value, dict | list) for value in frame.values()) else frame


def _read(text: str) -> Sheet:
    names: dict[str, None] = {}
    _, first = next(_lines(text), (0, {}))
    told = [[key.removeprefix(f"{_TOLD}."), _cell(value)] for key, value in first.items()] if _FORMAT in first else []
    begin = text.index("\n") + 1 if told and "\n" in text else len(text) if told else 0
    first_number = 2 if told else 1

    def frames() -> Iterator[tuple[int, dict[str, Any]]]:
        return _lines(text, begin, first_number)

    # the cells of a row as one text take a tenth of their memory, and a second parse would take the time of the first
    kept: list[tuple[int, str | None]] = []
    for number, values in frames():
        if values.keys() - names.keys():
            names |= dict.fromkeys(values)
            if len(names) > MAX_NAMES:
                raise RefusedError(Reason.TOO_LARGE, f"over {MAX_NAMES:,} names")
        kept.append((number, _CUT.join(_cell(values.get(name)) for name in names) if values else None))
    if not names:
        raise RefusedError(Reason.NO_DATA, "no line that holds a value")

    def rows() -> Iterator[NumberedRow]:
        for number, joined in kept:
            cells = None if joined is None else joined.split(_CUT)
            if cells is not None and len(cells) < len(names):  # names that came later
                cells += [""] * (len(names) - len(cells))
            yield number, cells

    return sheet_of(list(map(_clean, names)), {}, told, rows)


def _lines(text: str, begin: int = 0, number: int = 1) -> Iterator[tuple[int, dict[str, Any]]]:
    """Numbers of lines, and their values; a blank line is none."""
    while begin < len(text):
        end = text.find("\n", begin)
        end = len(text) if end < 0 else end
        if line := text[begin:end].strip():
            yield number, _parsed(line)
        begin, number = end + 1, number + 1


def _cell(value: Any) -> str:
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else _clean(str(value)).strip()


def _clean(text: str) -> str:
    """A text without what JSON can escape and no database takes: NUL, and halves of pairs."""
    if text.isascii() and "\0" not in text:
        return text
    return text.replace("\0", "").encode("utf-8", "replace").decode()
