"""What a cell says, as a number.

A blank cell is None and says nothing. What is no number in its form is NaN, so that SQL sees that
something stood there.
"""

import math
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta, timezone

Number = float | None
NAN = math.nan

WORDS: dict[str, float] = {"true": 1, "false": 0}
_CLOCK = re.compile(r"([-+]?)(?:(\d{1,3}):)?(\d{1,4}):(\d{1,2})(?:[.:,](\d{1,9}))?")
_DIGITS = re.compile(r"(\d{2})(\d{2})(\d{2})(?:[.](\d{1,9}))?")
_WITH_UNIT = re.compile(r"([-+]?[\d.,]+(?:[eE][-+]?\d+)?)\s*([^\d\s].*)")
_DATE = re.compile(
    r"(?:[^\W\d_]{2,10}[.,]*\s+)?"  # the day of the week
    r"(?:(?P<year>\d{4})[-/.](?P<month>\d{1,2})[-/.](?P<day>\d{1,2})"
    r"|(?P<day2>\d{1,2})[.]?[-\s](?P<name2>[^\W\d_]{3,10})[.]?[-\s](?P<year2>\d{4})"
    r"|(?P<name3>[^\W\d_]{3,10})[.]?\s+(?P<day3>\d{1,2}))"
    r"[t,\s_]+(?P<hour>\d{1,2})[:.]?(?P<minute>\d{2})(?:[:.]?(?P<second>\d{2}(?:[.,]\d{1,9})?))?"
    r"\s*(?P<zone>z|[-+]\d{2}:?\d{2}|[a-z]{2,5}(?:[-+]\d{2}:?\d{2})?)?"
    r"(?:\s+(?P<year3>\d{4}))?",
    re.IGNORECASE,
)
# How months begin in English, German, French, Italian and Spanish.
_MONTHS = (
    ("jan", "jän", "gen", "ene"),
    ("feb", "fév", "fev"),
    ("mar", "mär", "mrz"),
    ("apr", "avr", "abr"),
    ("may", "mai", "mag"),
    ("jun", "juin", "giu"),
    ("jul", "juil", "lug"),
    ("aug", "aoû", "aou", "ago"),
    ("sep", "set"),
    ("oct", "okt", "ott"),
    ("nov",),
    ("dec", "dez", "déc", "dic"),
)
# Words of time zones, in hours. One that stands for several zones is none of them.
ZONES = {
    "z": 0.0,
    "utc": 0.0,
    "gmt": 0.0,
    "mez": 1.0,
    "cet": 1.0,
    "mesz": 2.0,
    "cest": 2.0,
    "wet": 0.0,
    "west": 1.0,
    "eet": 2.0,
    "eest": 3.0,
    "edt": -4.0,
    "cdt": -5.0,
    "mdt": -6.0,
    "pst": -8.0,
    "pdt": -7.0,
    "jst": 9.0,
    "aest": 10.0,
    "aedt": 11.0,
    "nzst": 12.0,
    "nzdt": 13.0,
}
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DAY_S = 86_400


def number(cell: str) -> float:
    """A number as programs write it, with a point or, where none of its kind has a point, with a comma."""
    try:
        found = float(cell)
    except ValueError:
        return NAN
    return found if math.isfinite(found) and "_" not in cell else NAN


def clock(cell: str) -> float:
    """Seconds of `h:mm:ss.fff`, `m:ss.fff` or `m:ss:fff`: what has three digits behind a colon is a fraction."""
    if not (found := _CLOCK.fullmatch(cell)):
        return number(cell)
    sign, hours, minutes, seconds, fraction = found.groups()
    if int(seconds) > 59 or (hours and int(minutes) > 59):
        return NAN
    whole = int(hours or 0) * 3_600 + int(minutes) * 60 + int(seconds)
    return (-1 if sign == "-" else 1) * (whole + float(f"0.{fraction or 0}"))


def clock_digits(cell: str) -> float:
    """Seconds of the day of `hhmmss.ff`."""
    if not (found := _DIGITS.fullmatch(cell.lstrip("+"))):
        return NAN
    hours, minutes, seconds, fraction = found.groups()
    if int(hours) > 23 or int(minutes) > 59 or int(seconds) > 60:
        return NAN
    return int(hours) * 3_600 + int(minutes) * 60 + int(seconds) + float(f"0.{fraction or 0}")


def moment(cell: str) -> float:
    """Seconds since 1970 of a date and a time, in UTC; without a zone (`has_zone`) by the clock where it was written.

    Dates of numbers alone are read where the year comes first, and no others: 3/4 is a different day elsewhere.
    """
    if not (found := _DATE.fullmatch(cell.strip())):
        return NAN
    part = found.groupdict()
    name = (part["name2"] or part["name3"] or "").lower()
    of_name = next((number for number, begins in enumerate(_MONTHS, 1) if name.startswith(begins)), 0)
    month = int(part["month"] or of_name)
    year, day = part["year"] or part["year2"] or part["year3"], part["day"] or part["day2"] or part["day3"]
    hours = _zone_hours(part["zone"] or "")
    if hours is None or year is None:
        return NAN
    seconds = float((part["second"] or "0").replace(",", "."))
    try:
        zone = timezone(timedelta(hours=hours))
        minute = datetime(int(year), month, int(day), int(part["hour"]), int(part["minute"]), tzinfo=zone)
    except ValueError:
        return NAN
    return (minute - _EPOCH).total_seconds() + seconds if seconds < 61 else NAN


def has_zone(cell: str) -> bool:
    """Whether a moment says in which zone it is; a count of seconds since 1970 always does."""
    found = _DATE.fullmatch(cell.strip())
    return found is None or found["zone"] is not None


def _zone_hours(zone: str) -> float | None:
    word = re.match(r"[a-z]*", zone.lower())[0]  # type: ignore[index]
    hours = ZONES.get(word) if word else 0.0
    if offset := re.search(r"([-+])(\d{2}):?(\d{2})$", zone):
        hours = (hours or 0) + (int(offset[2]) + int(offset[3]) / 60) * (-1 if offset[1] == "-" else 1)
    return hours if hours is None or abs(hours) < 24 else None


def with_unit(cell: str) -> float:
    """The number before a unit: `10.120 km/h`."""
    return number(found[1]) if (found := _WITH_UNIT.fullmatch(cell)) else number(cell)


def unit_of(cell: str) -> str:
    """The unit behind a number; empty where there is none."""
    return found[2] if (found := _WITH_UNIT.fullmatch(cell)) else ""


def hemisphere(cell: str) -> float:
    """The sign that a letter gives to a coordinate: north and east are 1, south and west -1."""
    return {"N": 1.0, "E": 1.0, "S": -1.0, "W": -1.0}.get(cell.upper(), NAN)


def gear_from_reverse(cell: str) -> float:
    """A gear where 0 is reverse; reverse is -1."""
    return -1.0 if number(cell) == 0 else number(cell)


FORMS: Mapping[str, Callable[[str], float]] = {
    "number": number,
    "number_with_unit": with_unit,
    "seconds": number,
    "milliseconds": lambda cell: number(cell) / 1_000,
    "microseconds": lambda cell: number(cell) / 1_000_000,
    "clock": clock,
    "clock_digits": clock_digits,
    "clock_of_day": clock,
    "moment": moment,
    "unix_seconds": number,
    "unix_milliseconds": lambda cell: number(cell) / 1_000,
    "hemisphere": hemisphere,
    "gear_from_reverse": gear_from_reverse,
}
# Forms of clocks that tell the day as well, and those that begin anew at midnight.
OF_A_DATE = frozenset({"moment", "unix_seconds", "unix_milliseconds"})
OF_THE_DAY = frozenset({"clock_digits", "clock_of_day"})


def numbers(
    cells: Sequence[str], form: str, words: Mapping[str, float], nothing: frozenset[str], decimal_comma: bool
) -> list[Number]:
    """What the cells of one column say.

    Args:
        cells: Without quotes and surrounding spaces.
        form: Of FORMS.
        words: Numbers that words stand for, in lower case.
        nothing: Cells that stand for no value, beside the blank one.
        decimal_comma: Whether the numbers of the file have a comma for a point.
    """
    read = FORMS[form]
    if read is number and not decimal_comma and not nothing:
        try:  # most columns are numbers throughout
            found = list(map(float, cells))
        except ValueError:
            pass
        else:
            if all(map(math.isfinite, found)) and not any("_" in cell for cell in cells):
                return list[Number](found)

    def told(cell: str) -> Number:
        if not cell or cell in nothing:
            return None
        found = read(cell.replace(",", ".") if decimal_comma else cell)
        return words.get(cell.lower(), NAN) if math.isnan(found) else found

    return [told(cell) for cell in cells]
