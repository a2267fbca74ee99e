"""What the page Live shows: the standing of all cars about once a second, and the running laps as they grow.

One thread asks the database for all who watch, and only while somebody does. Each watcher is told what it lacks.
"""

import os
import threading
import time
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from psycopg2.extensions import connection as Connection  # noqa: N812 - psycopg2 writes its classes small
from psycopg2.extensions import cursor as Cursor  # noqa: N812

from simrace.database.connection import connection_parameters
from simrace.database.pseudonyms import session_options
from simrace.database.roles import become_reader
from simrace.logs import log_event
from simrace.operations.commands import say_in_log

EVERY_S = 1.0
POINTS_HZ = 6  # of a running lap
POINTS_AT_MOST = 4_000  # of a lap of ten minutes
LAPS_SHOWN = 5
WAREHOUSE = -1  # stands for the number of a lap that this process has not seen
SHORTEST_RATIO = 0.02  # of a lap, below which its length does not follow from a place
_STANDING = """
select to_jsonb(standing) - 'source_format' from marts.live_standing as standing
order by layout_id nulls last, place nulls last, stream
"""
_LAPS = """
select stream, jsonb_agg(jsonb_build_object(
    'lap', lap_number, 'class', lap_class, 'time_s', lap_time_s, 'fuel_l', fuel_used_l
) order by piece_number desc)
from (
    select *, row_number() over (partition by stream order by piece_number desc) as newness from marts.live_laps
) as laps
where newness <= %s
group by stream
"""
_WHEELS = ("fl", "fr", "rl", "rr")
_TYRES = ", ".join(
    f"coalesce(tyre_temp_core_{wheel}_c, tyre_temp_surface_m_{wheel}_c), tyre_pressure_{wheel}_kpa" for wheel in _WHEELS
)
_SAMPLES = f"""
select
    stream, session_mark, received_at, elapsed_s, lap_number, lap_distance_ratio, lap_distance_m,
    coalesce(speed_kph, gps_speed_kph), coalesce(throttle_ratio, throttle_pedal_ratio), brake_ratio, lat_deg, lon_deg,
    {_TYRES}
from marts.live_samples
where received_at > %s
order by stream, batch_number, frame_number
"""

# Every third point of 5 m is enough to draw; a trace has no positions of the earth.
_BEST = """
select traces.distance_m / max(traces.distance_m) over (), traces.speed_kph, traces.throttle_ratio, traces.brake_ratio
from marts.personal_bests as bests
inner join marts.fct_lap_traces as traces
    on
        bests.best_session_id = traces.session_id
        and bests.best_driven_at = traces.session_started_at
        and bests.best_lap_number = traces.lap_number
where bests.driver_id = %s and bests.car_id = %s and bests.layout_id = %s and mod(traces.grid_point, 3) = 0
order by traces.grid_point
"""

# Of a car: session, running lap, how many of its points, best lap.
Known = tuple[str, int, int, int]
Point = list[float | None]  # place (share of the lap), km/h, throttle, brake, latitude, longitude


@dataclass
class Lap:
    """A lap as it is drawn.

    Attributes:
        number: Counted from 1 in what this process saw of the car.
        points: In their order.
        is_whole: Whether it was seen from its first metres.
    """

    number: int
    points: list[Point] = field(default_factory=list)
    is_whole: bool = False


@dataclass
class Car:
    """What is known of a car's running session.

    Attributes:
        session_mark: The session.
        elapsed_s: Clock of its newest point.
        lap: The running lap.
        best: The best lap that was seen whole, and before that of the warehouse; None where neither is.
        is_best_asked: Whether the warehouse was asked for it.
        before: The lap before the running one, until its time is known.
        longest_m: Length of a lap, and where nobody tells it the largest place; for drives that tell no share.
        tyres: Temperature in degrees C and pressure in kPa of each wheel.
    """

    session_mark: str
    elapsed_s: float = -1e9
    lap: Lap = field(default_factory=lambda: Lap(1))
    best: Lap | None = None
    is_best_asked: bool = False
    before: Lap | None = None
    best_time_s: float | None = None
    longest_m: float = 1.0
    tyres: list[float | None] = field(default_factory=list)


class Watch:
    """The newest picture, for all who watch."""

    def __init__(self) -> None:
        self._cars: dict[str, Car] = {}
        self._standing: list[dict[str, Any]] = []
        self._laps: dict[str, list[dict[str, Any]]] = {}
        self._last_at: datetime | None = None
        self._problem = ""
        self._version = 0
        self._watchers = 0
        self._changed = threading.Lock()
        self.is_ending = False

    def end(self) -> None:
        """Tell all who watch that the server ends."""
        self.is_ending = True

    def watcher(self) -> "Watcher":
        """Somebody who watches, until `close`."""
        with self._changed:
            self._watchers += 1
            if self._watchers == 1:
                threading.Thread(target=self._ask, name="live watch", daemon=True).start()
        return Watcher(self)

    def leave(self) -> None:
        """A watcher goes."""
        with self._changed:
            self._watchers -= 1

    def news(self, version: int, known: dict[str, Known]) -> tuple[int, dict[str, Any]] | None:
        """What is new since a version for who knows some of it; None where nothing is.

        Args:
            version: Of the last news.
            known: What was told of each car; it is brought up to date.
        """
        with self._changed:
            if self._version <= version:
                return None
            return self._version, {
                "cars": [self._told(row, known) for row in self._standing],
                "problem": self._problem,
            }

    def _told(self, standing: Mapping[str, Any], known: dict[str, Known]) -> dict[str, Any]:
        """A car for one watcher, who has some of it."""
        stream = str(standing["stream"])
        told = {**standing, "laps": self._laps.get(stream, []), "tyres": [], "is_new": False, "points": []}
        if (car := self._cars.get(stream)) is None:
            return told
        best = car.best.number if car.best else 0
        mark, lap, count, known_best = known.get(stream, ("", 0, 0, 0))
        is_new = (mark, lap) != (car.session_mark, car.lap.number)
        told["tyres"] = car.tyres
        told["is_new"] = is_new
        told["points"] = car.lap.points[0 if is_new else count :]
        if mark != car.session_mark:  # a map needs a whole lap
            told["before"] = car.before.points if car.before else []
        if mark != car.session_mark or best != known_best:
            told["best"] = car.best.points if car.best else []
        known[stream] = (car.session_mark, car.lap.number, len(car.lap.points), best)
        return told

    def _ask(self) -> None:
        """Ask the database as long as somebody watches; after a fault it is asked again."""
        while True:
            try:
                options = session_options(os.environ).get("PGOPTIONS")
                parameters = connection_parameters(say_in_log)
                with closing(parameters.connect(**({"options": options} if options else {}))) as connection:
                    become_reader(connection)
                    while self._is_watched():
                        began = time.monotonic()
                        self._look(connection)
                        time.sleep(max(0.0, EVERY_S - (time.monotonic() - began)))
                    return
            except Exception as error:
                log_event("live_watch_failed", error=type(error).__name__)
                with self._changed:
                    self._problem = "The warehouse does not answer; it is asked again."
                    self._version += 1
                if not self._is_watched():
                    return
                time.sleep(5 * EVERY_S)

    def _is_watched(self) -> bool:
        with self._changed:
            return self._watchers > 0

    def _look(self, connection: Connection) -> None:
        with connection, connection.cursor() as cursor:
            cursor.execute(_STANDING)
            standing = [row[0] for row in cursor]
            cursor.execute(_LAPS, (LAPS_SHOWN,))
            laps = dict(cursor.fetchall())
            cursor.execute(_SAMPLES, (self._last_at or datetime.min,))
            rows = cursor.fetchall()
            bests = {row["stream"]: self._best_of(cursor, row) for row in standing if self._wants_best(row["stream"])}
        lengths = {row["stream"]: _length(row) for row in standing}
        with self._changed:
            for stream, *row in rows:
                self._add(stream, lengths.get(stream), *row)
            streams = {row["stream"] for row in standing}
            self._cars = {stream: car for stream, car in self._cars.items() if stream in streams}
            for row in standing:
                self._judge(row)
            for stream, best in bests.items():
                if (car := self._cars.get(stream)) and car.best is None:
                    car.best = best
            self._standing, self._laps, self._problem = standing, laps, ""
            self._version += 1

    def _wants_best(self, stream: str) -> bool:
        """Whether to ask the warehouse for the best lap of a car: once a session."""
        car = self._cars.get(stream)
        if car is None or car.is_best_asked:
            return False
        car.is_best_asked = True
        return car.best is None

    @staticmethod
    def _best_of(cursor: Cursor, standing: Mapping[str, Any]) -> Lap | None:
        """The personal best of the warehouse; one of the session takes its place when it was seen whole."""
        cursor.execute(_BEST, [standing[name] for name in ("driver_id", "car_id", "layout_id")])
        points: list[Point] = [[*(_short(value, 5) for value in row), None, None] for row in cursor]
        return Lap(WAREHOUSE, points, is_whole=True) if points else None

    def _add(
        self,
        stream: str | None,
        length_m: float | None,
        session_mark: str | None,
        received_at: datetime,
        elapsed_s: float,
        _lap_number: int | None,
        ratio: float | None,
        metres: float | None,
        *values: float | None,
    ) -> None:
        """Take a sample."""
        if self._last_at is None or received_at > self._last_at:
            self._last_at = received_at
        if stream is None:  # a reader without the key of the pseudonyms
            return
        car = self._cars.get(stream)
        if car is None or car.session_mark != session_mark:
            car = self._cars[stream] = Car(session_mark or "")
        if elapsed_s < car.elapsed_s + 1 / POINTS_HZ - 0.001:
            return
        car.elapsed_s = elapsed_s
        car.tyres = list(values[5:])
        if metres is not None:
            car.longest_m = length_m or max(car.longest_m, metres)
        place = ratio if ratio is not None else None if metres is None else min(metres / car.longest_m, 1.0)
        if place is None:
            return
        points = car.lap.points
        if points and place < (points[-1][0] or 0) - 0.5:
            car.before = car.lap
            car.lap = Lap(car.lap.number + 1, is_whole=True)
        if len(car.lap.points) < POINTS_AT_MOST:
            car.lap.points.append([_short(place, 5), *(_short(value, 6) for value in values[:5])])

    def _judge(self, standing: Mapping[str, Any]) -> None:
        """Keep the lap before as the best, where the standing says that it was."""
        car = self._cars.get(str(standing["stream"]))
        best_s = standing["session_best_lap_time_s"]
        if car is None or best_s is None or best_s == car.best_time_s:
            return
        if car.best and best_s > standing["personal_best_lap_time_s"]:  # that of the warehouse was faster
            return
        if car.before is not None and car.before.is_whole and standing["last_lap_time_s"] == best_s:
            car.best, car.best_time_s = car.before, best_s


class Watcher:
    """Somebody who watches."""

    def __init__(self, watch: Watch) -> None:
        self._watch, self._version = watch, -1
        self._known: dict[str, Known] = {}

    def news(self) -> dict[str, Any] | None:
        """What to tell; None while there is nothing.

        `cars` has the standing of each with tyres, last laps and what is new of its running lap; `problem` says in
        a sentence why nothing is new, and is empty when all is well.
        """
        if (found := self._watch.news(self._version, self._known)) is None:
            return None
        self._version = found[0]
        return found[1]

    def close(self) -> None:
        """Go."""
        self._watch.leave()


def _short(value: float | None, places: int) -> float | None:
    return None if value is None else round(float(value), places)


def _length(standing: Mapping[str, Any]) -> float | None:
    """Length of a lap in metres, as a standing has it: place in metres by the share of the lap."""
    metres, ratio = standing["lap_distance_m"], standing["lap_distance_ratio"]
    return None if metres is None or not ratio or ratio < SHORTEST_RATIO else float(metres) / float(ratio)
