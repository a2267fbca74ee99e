"""Laps of GT7 Dashboard (JSON): a list of laps, each with arrays of what the game sent.

Recognised by a list of objects with `lap_ticks`, `lap_finish_time` and arrays `data_...`.

Parts: a lap has single values, and arrays that all have one value for each packet of the game, 60 in a second of its
clock. `lap_finish_time` is what the game says of the lap, in milliseconds.

Traps:
    * The newest lap stands first.
    * `data_time` is counted packets less what the laps before were off, and does not begin with 0. `lap_ticks` is one
      more than there are packets. Neither is a clock: the packets of a whole lap are spread evenly over its time.
    * A lap whose packets do not fill its time was recorded in part, or lost some; nobody knows where. One that was
      ended by hand does not end at the line. Neither is a lap here, and no marker stands at its ends.
    * Laps that do not follow each other (one was deleted, or loaded from another file) have a pause between them.
    * Gear 0 is reverse.
    * A file is large: a megabyte holds less than two minutes. It is read a lap at a time.
"""

import json
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from ingestion.formats.text_log.cells import moment
from ingestion.formats.text_log.sheet import NumberedRow, RowDocument, Sheet, sheet_of
from ingestion.reading import Reason, RefusedError

MAX_BYTES = 128 << 20
MAX_LAP_VALUES = 1_000_000  # an hour in one lap has three times as many
MAX_LAPS = 10_000
MAX_NAMES = 200
RATE_HZ = 60
OFF_S = 0.1  # how far the packets of a whole lap may be from its time
PAUSE_S, LONGEST_PAUSE_S = 60.0, 3_600.0
_HEAD = re.compile(r'\s*\[\s*\{\s*"')
# also a text without an end, which would be tried again at each quote
_BRACKETS = re.compile(r'"(?:[^"\\]++|\\.)*+"?|[{}]', re.DOTALL)
_BETWEEN = re.compile(r"\s*(,\s*)?")


@dataclass(frozen=True)
class _Lap:
    """What a lap says of itself.

    Attributes:
        place: Of its text in the file, begin and end.
        line: On which it begins, from 1.
        count: Packets.
        time_s: What the game says; NaN where that is not the time of these packets from line to line.
        number: As the dashboard counts.
        started: Its stamp; empty where there is none.
    """

    place: tuple[int, int]
    line: int
    count: int
    time_s: float
    number: int
    started: str

    @property
    def lasts_s(self) -> float:
        """Seconds that its packets take."""
        return self.count / RATE_HZ if math.isnan(self.time_s) else self.time_s


def _recognise(head: str) -> bool:
    return _HEAD.match(head) is not None and all(
        f'"{key}' in head for key in ('lap_ticks"', 'lap_finish_time"', "data_")
    )


def _read(text: str) -> Sheet:
    names: dict[str, None] = {}
    laps: list[_Lap] = []
    cars: set[str] = set()
    line, counted = 1, 0
    for place in _places(text):
        line += text.count("\n", counted, place[0])
        counted = place[0]
        found = _parsed(text, place)
        arrays = _arrays(found)
        names |= dict.fromkeys(arrays)
        if len(names) > MAX_NAMES or len(laps) == MAX_LAPS:
            raise RefusedError(Reason.TOO_LARGE, f"over {MAX_LAPS:,} laps, or over {MAX_NAMES} arrays")
        if arrays:
            cars.add(str(found.get("car_id", "")))
            laps.append(_lap(found, arrays, place, line))
    if not laps:
        raise RefusedError(Reason.NO_DATA, "laps without a packet")
    begun = _begins(_in_order(laps))

    def rows() -> Iterator[NumberedRow]:
        for begin_s, lap in begun:
            arrays = _arrays(_parsed(text, lap.place))
            columns = [map(_cell, arrays[name]) if name in arrays else [""] * lap.count for name in names]
            step_s = lap.lasts_s / lap.count
            for packet, cells in enumerate(zip(*columns, strict=True)):
                yield lap.line, [f"{begin_s + (packet + 0.5) * step_s:.6f}", *cells]

    told = [["beacons", *_markers(begun)], ["date", begun[0][1].started]]
    if len(cars) == 1:
        told.append(["car", *cars])
    return sheet_of(["time", *names], {"time": "s"}, told, rows)


def _places(text: str) -> Iterator[tuple[int, int]]:
    """Begin and end of each object of the list; nothing is parsed yet.

    Raises:
        RefusedError: malformed, when something else stands there.
    """
    place = text.index("[") + 1
    while True:
        between = _BETWEEN.match(text, place)
        begin = between.end() if between else place
        if text[begin : begin + 1] != "{":
            break
        depth, end = 0, None
        for found in _BRACKETS.finditer(text, begin):
            depth += {"{": 1, "}": -1}.get(found[0], 0)
            if not depth:
                end = found.end()
                break
        if end is None:
            raise RefusedError(Reason.MALFORMED, "not valid JSON: a lap without an end")
        yield begin, end
        place = end
    if text[begin:].strip() != "]":
        raise RefusedError(Reason.MALFORMED, "not valid JSON: something else than laps in their list")


def _parsed(text: str, place: tuple[int, int]) -> dict[str, Any]:
    part = text[slice(*place)]
    if (values := part.count(",") + part.count("[") + part.count("{")) > MAX_LAP_VALUES:
        raise RefusedError(Reason.TOO_LARGE, f"a lap of {values:,} values")
    try:
        found: dict[str, Any] = json.loads(part)
    except (ValueError, RecursionError) as error:
        raise RefusedError(Reason.MALFORMED, f"not valid JSON: {error}") from None
    return found


def _arrays(found: dict[str, Any]) -> dict[str, list[Any]]:
    """The arrays of a lap; none where they are empty.

    Raises:
        RefusedError: malformed, when they are not of one length, or hold more than single values.
    """
    arrays = {name: values for name, values in found.items() if name.startswith("data_") and isinstance(values, list)}
    lengths = set(map(len, arrays.values()))
    if len(lengths) > 1:
        raise RefusedError(Reason.MALFORMED, f"a lap with arrays of {min(lengths):,} to {max(lengths):,} values")
    if any(isinstance(value, list | dict) for values in arrays.values() for value in values):
        raise RefusedError(Reason.MALFORMED, "a lap with arrays in arrays")
    return arrays if lengths != {0} else {}


def _cell(value: Any) -> str:
    return "" if value is None else str(value)


def _lap(found: dict[str, Any], arrays: dict[str, list[Any]], place: tuple[int, int], line: int) -> _Lap:
    count = len(next(iter(arrays.values())))
    time_ms, number, started = (found.get(key) for key in ("lap_finish_time", "number", "lap_start_timestamp"))
    time_s = float(time_ms) / 1_000 if isinstance(time_ms, int | float) and 0 < time_ms < 1e8 else math.nan
    is_whole = abs(count / RATE_HZ - time_s) <= OFF_S and not found.get("is_manual")
    return _Lap(
        place,
        line,
        count,
        time_s if is_whole else math.nan,
        number if isinstance(number, int) else 0,
        started if isinstance(started, str) and not math.isnan(moment(started)) else "",
    )


def _in_order(laps: list[_Lap]) -> list[_Lap]:
    """The laps as they were driven: by their stamps, else the newest last."""
    if all(lap.started for lap in laps):
        return sorted(laps, key=lambda lap: moment(lap.started))
    numbers = [lap.number for lap in laps]
    return laps if numbers == sorted(set(numbers)) else laps[::-1]


def _begins(laps: list[_Lap]) -> list[tuple[float, _Lap]]:
    """When each lap begins, in seconds since the first."""
    begun = [(0.0, laps[0])]
    for lap in laps[1:]:
        begin_s, before = begun[-1]
        since_s = moment(lap.started) - moment(before.started)  # NaN without stamps
        follows = (
            lap.number == before.number + 1
            and not math.isnan(lap.time_s + before.time_s)
            # the console's clock and that of the computer do not run alike
            and (math.isnan(since_s) or abs(since_s - before.time_s) < 1 + 0.005 * before.time_s)
        )
        if follows:
            begin_s += before.time_s
        elif since_s == 0:  # a lap that stands there twice: its rows do not go forward, and are refused
            pass
        else:
            pause_s = 0.0 if math.isnan(since_s) else since_s - before.lasts_s
            begin_s += before.lasts_s + min(max(pause_s, PAUSE_S), LONGEST_PAUSE_S)
        begun.append((begin_s, lap))
    return begun


def _markers(begun: list[tuple[float, _Lap]]) -> list[str]:
    """When the line was crossed, in seconds since the first lap."""
    ends = (end for begin_s, lap in begun if not math.isnan(lap.time_s) for end in (begin_s, begin_s + lap.time_s))
    return [f"{end:.3f}" for end in sorted({round(end, 3) for end in ends})]


DOCUMENT = RowDocument(_recognise, _read, MAX_BYTES)
