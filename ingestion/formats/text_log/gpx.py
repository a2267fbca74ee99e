"""GPX (.gpx), versions 1.0 and 1.1: XML of the points of tracks.

Recognised by its root, `gpx`.

Parts: `trk` is a track, `trkseg` a stretch of it without a break, `trkpt` a point. A point has `lat` and `lon` as
attributes, and elements: `ele`, `time`, what else the version knows, and below `extensions` those of others. An element
that stands alone in another is a column: by its name, with that of its vocabulary before it where it is not of GPX.
Waypoints and routes were not driven and are no rows.

Traps:
    * A point without a time is none of a drive; a file without any time is the line of a layout.
    * Stamps of whole seconds stand on several points.
    * Tracks come in any order, so stretches are put in that of their first times. Two of the same time are two drives,
      whose points nobody could tell apart afterwards.
    * Units stand nowhere in a file: those here are what the schemas of GPX and of Garmin's TrackPointExtension say.
      Version 1.0 knows `speed` in m/s and 1.1 knows none, but many write it, in m/s or km/h: such a speed has the unit
      in which it is the way between the points, and no unit where it is that in neither.
    * A `trkpt` may stand in no segment.
"""

import math
import re
from collections.abc import Iterator
from itertools import pairwise

from ingestion.formats.text_log.cells import moment, number
from ingestion.formats.text_log.sheet import NumberedRow, RowDocument, Sheet, sheet_of
from ingestion.formats.xml_tree import MAX_DEPTH, Target, read_parts
from ingestion.reading import Reason, RefusedError

MAX_BYTES = 32 << 20  # a day at one point a second takes half of it
MAX_NAMES = 200
MAX_CELLS = 10_000_000
_ROOT = re.compile(
    r"\s*(?:(?:<\?[^>]*>|<!--(?:[^-]|-(?!->))*+-->|<!DOCTYPE[^>\[]*(?:\[[^\]]*\]\s*)?>)\s*)*+<(?:[\w.-]+:)?gpx[\s/>]"
)
_VERSION = re.compile(r"v?[\d.]*")
_OF_GPX = re.compile(r"(?:https?://(?:www[.])?topografix[.]com/GPX/.*)?", re.IGNORECASE)
_UNITS = {
    "lat": "deg",
    "lon": "deg",
    "ele": "m",
    "TrackPointExtension:speed": "m/s",
    "TrackPointExtension:course": "deg",
    "TrackPointExtension:atemp": "C",
}
_UNITS_OF_1_0 = {"speed": "m/s", "course": "deg"}
_SPEEDS = ("speed", "extensions:speed")
_MPS_BY_UNIT = {"m/s": 1.0, "km/h": 1 / 3.6}
_EARTH_M = 111_320.0  # of a degree
_SHORTEST_M, _LONGEST_STEP_S, _OFF_RATIO = 100.0, 10.0, 0.1

Row = tuple[int, list[str]]  # line of the point, from 1, and its cells


class _Points(Target):
    """Takes the points of tracks.

    Attributes:
        root: Name of the outermost element.
        version: What it says of its version.
        places: Place of a cell by the name of its column.
        stretches: Rows between two breaks; each as far as it has cells.
    """

    def __init__(self) -> None:
        self.root, self.version = "", ""
        self.places = {"time": 0, "lat": 1, "lon": 2}
        self.stretches: list[list[Row]] = [[]]
        self._depth = 0
        self._point: Row | None = None
        self._point_depth = 0
        self._text: list[str] | None = None  # of an element that has had none inside

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        name = tag.rpartition("}")[2]
        if self._depth == MAX_DEPTH:
            raise RefusedError(Reason.MALFORMED, f"XML nested over {MAX_DEPTH} levels deep")
        if not self._depth:
            self.root, self.version = tag, attributes.get("version", "")
        self._depth += 1
        self._text = []
        if self._point is not None:
            return
        if name == "trkpt":
            self._point = (self.line(), ["", attributes.get("lat", "").strip(), attributes.get("lon", "").strip()])
            self._point_depth = self._depth
        elif name in ("trk", "trkseg") and self.stretches[-1]:
            self.stretches.append([])

    def data(self, text: str) -> None:
        if self._text is not None:
            self._text.append(text)

    def end(self, tag: str) -> None:
        if self._point and self._depth == self._point_depth:
            self.stretches[-1].append(self._point)
            self._point = None
        elif self._point and self._text is not None:
            self._put(self._point[1], tag, "".join(self._text).strip())
        self._depth -= 1
        self._text = None

    def _put(self, cells: list[str], tag: str, text: str) -> None:
        namespace, _, name = tag.removeprefix("{").rpartition("}")
        if not _OF_GPX.fullmatch(namespace):
            words = [word for word in namespace.split("/") if word and not _VERSION.fullmatch(word)]
            name = f"{words[-1] if words else namespace}:{name}"
        elif self._depth > self._point_depth + 1:
            name = f"extensions:{name}"
        place = self.places.setdefault(name, len(self.places))
        if place == MAX_NAMES:
            raise RefusedError(Reason.MALFORMED, f"points with more than {MAX_NAMES} kinds of elements")
        cells += [""] * (place + 1 - len(cells))
        cells[place] = cells[place] or text


def _read(text: str) -> Sheet:
    points = _Points()
    read_parts(text, points)
    if points.root.rpartition("}")[2] != "gpx":
        raise RefusedError(Reason.MALFORMED, "points that stand in no gpx")
    stretches = [stretch for stretch in points.stretches if stretch]
    count = sum(map(len, stretches))
    if not count:
        raise RefusedError(Reason.NO_DATA, "GPX without a point of a track")
    names = list(points.places)
    if count * len(names) > MAX_CELLS:
        raise RefusedError(Reason.TOO_LARGE, f"{count:,} points of {len(names)} kinds of elements")
    ordered = _in_order(stretches)

    def rows() -> Iterator[NumberedRow]:
        for stretch in ordered:
            for line, cells in stretch:
                yield line, cells + [""] * (len(names) - len(cells))

    units = dict(_UNITS)
    if points.version == "1.0" or "/GPX/1/0" in points.root:
        units |= _UNITS_OF_1_0
    for name in set(_SPEEDS) & set(names) - units.keys():
        units[name] = _unit_of_speed(ordered, points.places[name])
    return sheet_of(names, units, [], rows)


def _unit_of_speed(stretches: list[list[Row]], place: int) -> str:
    """The unit in which a speed is the way between the points; empty where it is that in none, or the way is short."""
    way_m = sum_of_speeds = 0.0
    for stretch in stretches:
        told = [
            (moment(cells[0]), number(cells[1]), number(cells[2]), number(cells[place]))
            for _, cells in stretch
            if place < len(cells)
        ]
        begin, speeds, since_m = 0, 0.0, 0.0
        for at in range(1, len(told)):
            time_s, lat_deg, lon_deg, _ = told[at]
            _, before_lat_deg, before_lon_deg, speed = told[at - 1]
            speeds += speed
            since_m += _EARTH_M * math.hypot(
                lat_deg - before_lat_deg, (lon_deg - before_lon_deg) * math.cos(math.radians(lat_deg))
            )
            step_s = time_s - told[begin][0]
            if step_s == 0:  # one stamp stands on several points
                continue
            if 0 < step_s <= _LONGEST_STEP_S and not math.isnan(speeds + since_m):
                way_m += since_m
                sum_of_speeds += speeds / (at - begin) * step_s
            begin, speeds, since_m = at, 0.0, 0.0
    return next(
        (
            unit
            for unit, mps in _MPS_BY_UNIT.items()
            if way_m >= _SHORTEST_M and abs(sum_of_speeds * mps / way_m - 1) <= _OFF_RATIO
        ),
        "",
    )


def _in_order(stretches: list[list[Row]]) -> list[list[Row]]:
    """Stretches by their first times; one without any stays behind."""
    timed = sorted(((times, stretch) for stretch in stretches if (times := _times(stretch))), key=lambda each: each[0])
    for (before, _), (after, _) in pairwise(timed):
        if after[0] < before[1]:
            raise RefusedError(Reason.MALFORMED, "tracks of the same time: save each as a file of its own")
    return [stretch for _, stretch in timed] + [stretch for stretch in stretches if not _times(stretch)]


def _times(stretch: list[Row]) -> tuple[float, float] | None:
    """The first and the last time, in seconds since 1970."""
    first, last = next(_moments(stretch), None), next(_moments(stretch[::-1]), None)
    return None if first is None or last is None else (first, last)


def _moments(stretch: list[Row]) -> Iterator[float]:
    return (time for _, cells in stretch if not math.isnan(time := moment(cells[0])))


DOCUMENT = RowDocument(lambda head: _ROOT.match(head) is not None, _read, MAX_BYTES)
