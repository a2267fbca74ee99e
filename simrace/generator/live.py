"""The lap simulator as a stream: cars that send while they drive, with the faults of a network on request."""

import heapq
import itertools
import json
import struct
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np

from ingestion.errors import ReadableError
from simrace.generator.car import GRAVITY, WHEELS
from simrace.generator.catalogue import CARS, LAYOUTS
from simrace.generator.drivers import FIRST_NAMES, LAST_NAMES
from simrace.generator.session import Driver, Session
from simrace.generator.track import Floats
from simrace.live.formats import packet_formats

CHUNK_S = 10.0  # driven at once
LAPS = 12
FAULTS = {
    "drop": "share of frames that are never sent",
    "repeat": "share of frames that are sent twice",
    "late": "share of frames that are sent up to a second late",
    "leave": "seconds after which the last car falls silent",
}
DEGREES = 180 / np.pi
# Canonical channel by that of the simulator, and its factor.
CHANNELS = {
    "speed_kph": ("speed_mps", 3.6), "lap_number": ("lap", 1), "lap_elapsed_s": ("lap_elapsed_s", 1),
    "lap_distance_m": ("lap_distance_m", 1), "distance_m": ("distance_m", 1), "throttle_ratio": ("throttle", 1),
    "brake_ratio": ("brake", 1), "clutch_pedal_ratio": ("clutch_pedal", 1), "gear": ("gear", 1), "rpm": ("rpm", 1),
    "steering_deg": ("steering_rad", DEGREES), "lat_g": ("lat_mps2", 1 / GRAVITY), "long_g": ("long_mps2", 1 / GRAVITY),
    "vert_g": ("vert_mps2", 1 / GRAVITY), "yaw_rate_dps": ("yaw_rate_radps", DEGREES), "altitude_m": ("altitude_m", 1),
    "lat_deg": ("lat_deg", 1), "lon_deg": ("lon_deg", 1), "fuel_l": ("fuel_l", 1), "coolant_temp_c": ("engine_c", 1),
    **{f"tyre_pressure_{wheel}_kpa": (f"tyre_kpa_{wheel}", 1) for wheel in WHEELS},
    **{f"tyre_temp_core_{wheel}_c": (f"tyre_core_c_{wheel}", 1) for wheel in WHEELS},
    **{f"tyre_temp_surface_m_{wheel}_c": (f"tyre_surface_c_{wheel}", 1) for wheel in WHEELS},
    **{f"brake_temp_{wheel}_c": (f"brake_c_{wheel}", 1) for wheel in WHEELS},
    **{f"wheel_speed_{wheel}_kph": (f"wheel_mps_{wheel}", 3.6) for wheel in WHEELS},
    "on_pit_road": ("on_pit_road", 1),
}  # fmt: skip
WHOLE = ("lap_number", "gear")
DIGITS = {"lat_deg": 7, "lon_deg": 7}
# Field of a packet of Forza by the simulator's channel, and its factor.
FORZA = {
    "Speed": ("speed_mps", 1.0), "CurrentEngineRpm": ("rpm", 1.0), "Accel": ("throttle", 255), "Brake": ("brake", 255),
    "Clutch": ("clutch_pedal", 255), "Gear": ("gear", 1), "LapNumber": ("lap", 1), "CurrentLap": ("lap_elapsed_s", 1.0),
    "DistanceTraveled": ("distance_m", 1.0), "AccelerationX": ("lat_mps2", -1.0), "AccelerationZ": ("long_mps2", 1.0),
    "AngularVelocityY": ("yaw_rate_radps", -1.0),
}  # fmt: skip
FORZA_SIZE = 324


class FaultError(ReadableError):
    """A fault that cannot be understood."""


class Sender(Protocol):
    """Sends what the cars say to one place."""

    is_forza: bool  # whether it wants packets of a game in place of JSON

    def send(self, car: int, payload: bytes) -> None:
        """Send a frame of a car; it may wait until `flush`."""

    def flush(self) -> None:
        """Send what waits."""

    def close(self) -> None:
        """Wait until all of it has come, and end."""


@dataclass
class Sent:
    """What was sent.

    Attributes:
        frames: Frames that were made; those dropped are among them.
        dropped, repeated, late: How many of these.
        numbers: For each car the numbers that were sent, if they are to be kept.
    """

    frames: int = 0
    dropped: int = 0
    repeated: int = 0
    late: int = 0
    numbers: list[list[int]] | None = None


@dataclass
class Racer:
    """A car on its stint; when it is over another begins, with another `session_id`."""

    number: int
    seed: int
    stint: int = 0
    session_id: str = field(default_factory=lambda: uuid.uuid4().hex)

    @property
    def driver(self) -> str:
        """Name of the driver."""
        first, last = FIRST_NAMES[self.number % len(FIRST_NAMES)], LAST_NAMES[self.number % len(LAST_NAMES)]
        return f"{first} {last}"

    def session(self) -> Session:
        """The drive of this stint."""
        layout = LAYOUTS[self.seed % len(LAYOUTS)]
        skill = 0.93 + 0.03 * ((self.number * 7) % 10) / 10
        driver = Driver(self.driver, skill)
        return Session(layout, CARS[self.number % len(CARS)], driver, LAPS, (self.seed, 900 + self.number, self.stint))

    def told(self) -> dict[str, Any]:
        """What each of its frames tells of the session."""
        session = self.session()
        return {
            "session_id": self.session_id, "driver": self.driver, "car": session.car.name, "track": session.layout.name,
            "session": "practice", "sim": "iracing", "lap_length_m": session.layout.length_m,
        }  # fmt: skip


def read_faults(words: list[str]) -> dict[str, float]:
    """Faults as people ask for them: `drop=0.01`.

    Raises:
        FaultError: one is none that there is.
    """
    faults = {}
    for word in words:
        name, _, value = word.partition("=")
        try:
            faults[name] = float(value)
        except ValueError:
            faults = {"": 0}
        if name not in FAULTS or faults.get(name, -1) < 0:
            known = "; ".join(f"{each}=: {text}" for each, text in FAULTS.items())
            raise FaultError(f"{word} is no fault. There are: {known}")
    return faults


def frames_of(racer: Racer, rate: float, is_forza: bool) -> Iterator[tuple[int, bytes]]:
    """The frames of a car, stint after stint: number of the frame in its session, and its bytes.

    JSON frames lack their last character, so that the time of sending can be added.
    """
    number = 0
    while True:
        session, told = racer.session(), json.dumps(racer.told())[:-1]
        step = 0
        while step / rate < session.duration_s:
            times = np.arange(step, min(step + round(CHUNK_S * rate), session.duration_s * rate)) / rate
            values = session.at_times(times)
            rows = _packets(values, times) if is_forza else _texts(values, times, told, number)
            for row in rows:
                yield number, row
                number += 1
            step += len(times)
        racer.stint, racer.session_id, number = racer.stint + 1, uuid.uuid4().hex, 0


def _texts(values: Mapping[str, Floats], times: Floats, told: str, first: int) -> Iterator[bytes]:
    columns = {"elapsed_s": np.round(times, 4).tolist()}
    for channel, (name, factor) in CHANNELS.items():
        column = values[name] * factor
        rounded = column.astype(int) if channel in WHOLE else np.round(column, DIGITS.get(channel, 3))
        columns[channel] = (column > 0.5).tolist() if channel == "on_pit_road" else rounded.tolist()
    for number, row in enumerate(zip(*columns.values(), strict=True), start=first):
        body = json.dumps(dict(zip(columns, row, strict=True)))[1:-1]
        yield f'{told}, "sequence": {number}, {body}'.encode()


def _packets(values: Mapping[str, Floats], times: Floats) -> Iterator[bytes]:
    known = next(each for each in packet_formats() if each.name == "forza_udp")
    kind = next(each for each in known.packets if each.size == FORZA_SIZE)
    layout = struct.Struct(known.endian + "".join(each.code for each in kind.fields))
    columns: dict[str, list[Any]] = {"TimestampMS": np.round(times * 1_000).astype(int).tolist()}
    for name, (channel, factor) in FORZA.items():
        column = values[channel] * factor
        code = next(each.code for each in kind.fields if each.name == name)
        columns[name] = (column if code == "f" else np.clip(column, 0, 65_535).astype(int)).tolist()
    for at in range(len(times)):
        yield layout.pack(
            *(
                1 if each.name == "IsRaceOn" else columns[each.name][at] if each.name in columns else 0
                for each in kind.fields
            )
        )


def stream(
    sender: Sender,
    cars: int,
    rate: float,
    seconds: float | None = None,
    faults: Mapping[str, float] | None = None,
    seed: int = 1,
    keep_numbers: bool = False,
    is_over: Callable[[], bool] = lambda: False,
) -> Sent:
    """Drive and send at the pace of a clock, so that each car sends `rate` frames a second.

    Args:
        sender: Where to.
        cars: How many.
        rate: Frames a second of each.
        seconds: How long; None without end.
        faults: By the names of FAULTS.
        seed: The same seed drives the same laps; ids of sessions are always new.
        keep_numbers: Whether to tell which were sent.
        is_over: Asked before each round of frames.
    """
    faults = faults or {}
    rng = np.random.default_rng([seed, 77])
    racers = [Racer(number, seed) for number in range(cars)]
    drives: list[Iterator[tuple[int, bytes]]] = [frames_of(racer, rate, sender.is_forza) for racer in racers]
    sent = Sent(numbers=[[] for _ in racers] if keep_numbers else None)
    firsts = [next(drive) for drive in drives]  # driving takes a moment, before the clock starts
    drives = [itertools.chain([first], drive) for first, drive in zip(firsts, drives, strict=True)]
    waiting: list[tuple[float, int, int, int, bytes]] = []
    began, step = time.time(), 0
    while not is_over() and (seconds is None or step / rate < seconds):
        due = began + step / rate
        if (wait_s := due - time.time()) > 0:
            sender.flush()
            time.sleep(wait_s)
        for car, drive in enumerate(drives):
            if car == cars - 1 and step / rate >= faults.get("leave", float("inf")):
                continue
            number, row = next(drive)
            sent.frames += 1
            payload = row if sender.is_forza else row + f', "sent_at": {time.time():.4f}}}'.encode()
            chance = rng.random()
            if chance < faults.get("drop", 0):
                sent.dropped += 1
                continue
            if sent.numbers is not None:
                sent.numbers[car].append(number)
            if rng.random() < faults.get("late", 0):
                sent.late += 1
                heapq.heappush(waiting, (due + float(rng.random()), sent.frames, car, number, payload))
                continue
            sender.send(car, payload)
            if rng.random() < faults.get("repeat", 0):
                sent.repeated += 1
                sender.send(car, payload)
        while waiting and waiting[0][0] <= due:
            *_, car, _, payload = heapq.heappop(waiting)
            sender.send(car, payload)
        step += 1
    for *_, car, _, payload in sorted(waiting):
        sender.send(car, payload)
    sender.flush()
    sender.close()
    return sent
