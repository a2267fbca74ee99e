"""An entry list as people write it: a CSV or JSON of who races where, read strictly."""

import csv
import io
import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from simrace.predictions.errors import EntryListError

MOST_ENTRIES = 500
MOST_BYTES = 1_000_000
LONGEST_TEXT = 200
# What is said of the race: columns of a CSV with the same value in each line, or the key `race` of a JSON.
OF_THE_RACE = ("layout", "license_category", "series_name", "starts_at", "is_official")
# What is said of an entry. All but the driver may be left out.
OF_AN_ENTRY = ("driver", "car", "car_class", "start_position", "qualifying_lap", "irating")
_LAP = re.compile(r"(?:(\d{1,2}):)?(\d{1,4}(?:\.\d{1,6})?)")
_HIGHEST = {"start_position": 1_000, "irating": 20_000}


@dataclass(frozen=True)
class Listed:
    """An entry as it was written.

    Attributes:
        driver: driver_id, iRacing's id of the customer, or the name.
        car: car_id or name; None where it is not told.
        car_class: car_class_id or its name; None where it is not told.
        start_position: Place on the grid; None before qualifying.
        qualifying_lap_ms: Fastest lap of qualifying.
        irating: Rating; None takes the latest that is known.
    """

    driver: str
    car: str | None = None
    car_class: str | None = None
    start_position: int | None = None
    qualifying_lap_ms: int | None = None
    irating: int | None = None


@dataclass(frozen=True)
class EntryList:
    """Who races where.

    Attributes:
        entries: In the order of the file.
        layout: layout_id, or track and configuration as the sim names them; None where it is not told.
        license_category: Its id or name; None where it is not told.
        series_name: Name of the series.
        starts_at: Green flag; None for now.
        is_official: Whether it moves ratings.
    """

    entries: tuple[Listed, ...]
    layout: str | None = None
    license_category: str | None = None
    series_name: str | None = None
    starts_at: datetime | None = None
    is_official: bool = True


def read_file(path: Path) -> EntryList:
    """Read a file of entries: JSON if it begins with a brace, else a CSV with a header.

    Raises:
        EntryListError: it cannot be read, or says something that is not understood.
    """
    try:
        if path.stat().st_size > MOST_BYTES:
            raise EntryListError(f"{path} is no entry list: it has more than {MOST_BYTES:,} bytes.")
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise EntryListError(f"{path} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise EntryListError(f"{path} is not in UTF-8: save it as UTF-8.") from error
    return read_document(_json(text) if text.lstrip().startswith(("{", "[")) else _csv(text))


def read_document(document: Any) -> EntryList:
    """An entry list out of a document.

    Args:
        document: `{"race": {...}, "entries": [{"driver": ...}, ...]}`; keys as OF_THE_RACE and OF_AN_ENTRY.

    Raises:
        EntryListError: it says something that is not understood, or a driver twice.
    """
    if not isinstance(document, dict) or not isinstance(document.get("entries"), list):
        raise EntryListError('An entry list is {"race": {...}, "entries": [{"driver": ...}, ...]}.')
    race = document.get("race") or {}
    if not isinstance(race, dict):
        raise EntryListError('`race` is an object, such as {"layout": "iracing:track - layout"}.')
    _refuse_unknown(document, ("race", "entries"), "The entry list")
    _refuse_unknown(race, OF_THE_RACE, "The race")
    lines = document["entries"]
    if not lines:
        raise EntryListError("The entry list names nobody.")
    if len(lines) > MOST_ENTRIES:
        raise EntryListError(f"The entry list names {len(lines):,}; at most {MOST_ENTRIES} race together.")
    entries = tuple(_entry(line, number) for number, line in enumerate(lines, 1))
    _refuse_twice("driver", [entry.driver.casefold() for entry in entries])
    _refuse_twice("place on the grid", [entry.start_position for entry in entries if entry.start_position is not None])
    return EntryList(
        entries,
        _text(race.get("layout"), "layout"),
        _text(race.get("license_category"), "license_category"),
        _text(race.get("series_name"), "series_name"),
        _moment(race.get("starts_at")),
        _boolean(race.get("is_official")),
    )


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise EntryListError(f"The entry list is no JSON: {error}.") from error


def _csv(text: str) -> Any:
    try:
        lines = list(csv.DictReader(io.StringIO(text), restkey="", strict=True))
    except csv.Error as error:
        raise EntryListError(f"The entry list is no CSV: {error}.") from error
    race: dict[str, str] = {}
    entries = []
    for number, line in enumerate(lines, 1):
        if "" in line:
            raise EntryListError(f"Entry {number} has more cells than there are columns.")
        filled = {name.strip(): value.strip() for name, value in line.items() if value and value.strip()}
        for name in OF_THE_RACE:
            value = filled.pop(name, None)
            if value is not None and race.setdefault(name, value) != value:
                raise EntryListError(f"Entry {number} says another {name} than those before it.")
        entries.append(filled)
    return {"race": race, "entries": [entry for entry in entries if entry]}


def _entry(line: Any, number: int) -> Listed:
    if not isinstance(line, dict):
        raise EntryListError(f"Entry {number} is no object.")
    _refuse_unknown(line, OF_AN_ENTRY, f"Entry {number}")
    driver = _text(line.get("driver"), f"driver of entry {number}")
    if driver is None:
        raise EntryListError(f"Entry {number} names no driver.")
    return Listed(
        driver,
        _text(line.get("car"), f"car of entry {number}"),
        _text(line.get("car_class"), f"car_class of entry {number}"),
        _whole(line.get("start_position"), "start_position", number),
        _lap_ms(line.get("qualifying_lap"), number),
        _whole(line.get("irating"), "irating", number),
    )


def _refuse_unknown(said: Mapping[str, Any], known: tuple[str, ...], who: str) -> None:
    if unknown := [str(name)[:40] for name in said if name not in known]:
        raise EntryListError(f"{who} has {', '.join(unknown)}, which is none of: {', '.join(known)}.")


def _refuse_twice(what: str, values: list[Any]) -> None:
    if twice := sorted({str(value) for value in values if values.count(value) > 1}):
        raise EntryListError(f"The entry list has a {what} twice: {', '.join(twice[:5])}.")


def _text(value: Any, name: str) -> str | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise EntryListError(f"The {name} is a text.")
    text = str(value).strip()
    if len(text) > LONGEST_TEXT or not text.isprintable():
        raise EntryListError(f"The {name} is no name: it is longer than {LONGEST_TEXT} or holds control characters.")
    return text or None


def _whole(value: Any, name: str, number: int) -> int | None:
    if value is None:
        return None
    text = str(value) if not isinstance(value, bool) else ""
    if not re.fullmatch(r"\d{1,6}", text, re.ASCII) or not 1 <= int(text) <= _HIGHEST[name]:
        raise EntryListError(f"The {name} of entry {number} is a whole number from 1 to {_HIGHEST[name]:,}.")
    return int(text)


def _lap_ms(value: Any, number: int) -> int | None:
    """A lap in ms: seconds, or minutes:seconds."""
    if value is None:
        return None
    found = _LAP.fullmatch(str(value)) if not isinstance(value, bool) else None
    seconds = 60 * int(found[1] or 0) + float(found[2]) if found else math.nan
    if not 1 <= seconds <= 3_600:
        raise EntryListError(f"The qualifying_lap of entry {number} is seconds or minutes:seconds, such as 1:43.210.")
    return round(1_000 * seconds)


def _moment(value: Any) -> datetime | None:
    if value is None:
        return None
    try:
        moment = datetime.fromisoformat(value)
    except (TypeError, ValueError) as error:
        raise EntryListError("The starts_at is a moment such as 2026-05-03T19:00:00+00:00.") from error
    moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment
    if not 2000 <= moment.year <= 2200:
        raise EntryListError("The starts_at is in no year of sim racing.")
    return moment


def _boolean(value: Any) -> bool:
    if value is None or isinstance(value, bool):
        return value is not False
    if str(value).lower() in ("true", "false"):
        return str(value).lower() == "true"
    raise EntryListError("The is_official is true or false.")
