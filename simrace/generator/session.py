"""A driven session: an out lap, flying laps and an in lap, readable at any instant.

The car is simulated over distance, metre by metre. Time follows from speed, so a lap ends between two samples, as it
does on a track. Signs: steering, lateral g and yaw rate are positive to the left, longitudinal g under power.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from simrace.generator.car import GRAVITY, WHEELS, Car, speed_profile
from simrace.generator.track import Floats, Layout

PIT_BOX_M = 20.0  # the car starts this far after the line and stops this far before it
PIT_ROAD_M = 220.0  # the pit road reaches this far to both sides of the line
PIT_SPEED_MPS = 60 / 3.6
CREEP_MPS = 2.0  # lowest speed of the simulation
OUT_LAP_PACE = 0.86
WHEELBASE_M = 2.65
STEERING_RATIO = 13.5
MISTAKE_CHANCE = 0.02  # per corner
SMOOTHING_M = 11  # nobody moves a pedal in no time

Channels = dict[str, Floats]


@dataclass(frozen=True)
class Driver:
    """A driver at the wheel.

    Attributes:
        name: As telemetry files write it.
        skill: Share of the car's grip used on average, below 1.
        spread: Standard deviation of that share, per lap and corner.
    """

    name: str
    skill: float = 0.95
    spread: float = 0.012


@dataclass(frozen=True)
class Session:
    """One outing. Arrays run over the metres driven, (metres,), unless said otherwise.

    Attributes:
        layout: Where.
        car: What.
        driver: Who.
        flying_laps: Complete laps between the out lap and the in lap.
        seed: Seeds the driver's variance.
    """

    layout: Layout
    car: Car
    driver: Driver
    flying_laps: int
    seed: tuple[int, ...]

    @property
    def lap_count(self) -> int:
        """Laps with the out lap and the in lap."""
        return self.flying_laps + 2

    @cached_property
    def distance_m(self) -> Floats:
        """Distance from the start line before the out lap, 1 m apart."""
        return np.arange(PIT_BOX_M, self.lap_count * self.layout.length_m - PIT_BOX_M)

    @cached_property
    def on_pit_road(self) -> Floats:
        """1 on the pit road, else 0."""
        last = self.lap_count * self.layout.length_m - PIT_ROAD_M
        return ((self.distance_m < PIT_ROAD_M) | (self.distance_m > last)).astype(float)

    @cached_property
    def curvature(self) -> Floats:
        """Signed curvature driven, 1/m."""
        return self.layout.curvature(self.distance_m)

    @cached_property
    def speed_mps(self) -> Floats:
        """Speed driven."""
        rng = np.random.default_rng([*self.seed, 1])
        shape = (self.lap_count, len(self.layout.corners))
        lap_form = rng.normal(0, self.driver.spread / 2, (self.lap_count, 1))
        grip = self.driver.skill + lap_form + rng.normal(0, self.driver.spread, shape)
        grip -= np.where(rng.random(shape) < MISTAKE_CHANCE, rng.uniform(0.05, 0.15, shape), 0)
        brake = self.driver.skill + lap_form + rng.normal(0, 2 * self.driver.spread, shape)
        grip, brake = np.minimum(grip, 1.0), np.minimum(brake, 1.0)

        lap = np.minimum(self.distance_m // self.layout.length_m, self.lap_count - 1).astype(int)
        apexes = np.array([corner.apex_m for corner in self.layout.corners])
        corner = np.searchsorted((apexes[1:] + apexes[:-1]) / 2, self.distance_m % self.layout.length_m)
        slow = (lap == 0) | (lap == self.lap_count - 1)
        pace = np.where(slow, OUT_LAP_PACE, 1.0)
        limit = np.where(self.on_pit_road > 0, PIT_SPEED_MPS, np.where(slow, 62.0, 120.0))
        speed = speed_profile(
            self.car, self.curvature, grip[lap, corner] * pace, brake[lap, corner] * pace, limit, CREEP_MPS
        )
        return _smoothed(speed, SMOOTHING_M)

    @cached_property
    def time_s(self) -> Floats:
        """Time since the start of the session."""
        return np.concatenate([[0.0], np.cumsum(2 / (self.speed_mps[1:] + self.speed_mps[:-1]))])

    @property
    def duration_s(self) -> float:
        """Length of the session."""
        return float(self.time_s[-1])

    @cached_property
    def crossings_s(self) -> Floats:
        """Times at which the line is crossed, (flying laps + 1,): ends of the out lap and of each flying lap."""
        lines = self.layout.length_m * np.arange(1, self.lap_count)
        return np.asarray(np.interp(lines, self.distance_m, self.time_s))

    @cached_property
    def lap_bounds_s(self) -> Floats:
        """Start of each lap and the end of the last, (laps + 1,)."""
        return np.concatenate([[0.0], self.crossings_s, [self.duration_s]])

    @cached_property
    def _long_mps2(self) -> Floats:
        return np.asarray(np.gradient(self.speed_mps**2, self.distance_m) / 2)

    @cached_property
    def _per_metre(self) -> Channels:
        """Everything that is a state of the car at a place, on the metres driven."""
        rng = np.random.default_rng([*self.seed, 2])
        speed, car = self.speed_mps, self.car
        lateral = speed**2 * self.curvature
        wheels_push = self._long_mps2 + car.drag * speed**2
        drive = car.drive_mps2(speed)
        brake_full = car.grip_mps2(speed) * car.braking / car.grip
        hands = _smoothed(rng.normal(0, 1.0, len(speed)), 15) * 4
        slip_lock = np.radians(STEERING_RATIO) * 0.04 * lateral  # more lock as the front tyres slip
        channels = {
            "speed_mps": speed,
            "on_pit_road": self.on_pit_road,
            "long_mps2": self._long_mps2,
            "lat_mps2": lateral,
            "vert_mps2": GRAVITY + _smoothed(rng.normal(0, 3.0, len(speed)), 5),
            "yaw_rate_radps": speed * self.curvature,
            "throttle": np.clip(wheels_push / drive * 1.03, 0, 1),
            "brake": np.clip(-wheels_push / brake_full - 0.01, 0, 1),
            "steering_rad": STEERING_RATIO * WHEELBASE_M * self.curvature + slip_lock + np.radians(hands),
            "line_offset_m": 1.5 * np.sin(self.distance_m / 170) + _smoothed(rng.normal(0, 3, len(speed)), 121),
            "fuel_l": 60 - car.fuel_l_per_km / 1000 * np.cumsum(0.35 + 0.65 * np.clip(wheels_push / drive, 0, 1) * 1.9),
            "engine_c": 70 + 30 * (1 - np.exp(-self.distance_m / 4_000)),
            "altitude_m": self.layout.altitude_m + 6 * np.sin(2 * np.pi * self.distance_m / self.layout.length_m),
        }
        return channels | self._wheels(lateral, -wheels_push, channels["brake"])

    def _wheels(self, lateral: Floats, slowing: Floats, brake: Floats) -> Channels:
        """Temperatures and pressures of the wheels: outer tyres run hotter, all warm up over the first laps."""
        warm = 1 - np.exp(-self.distance_m / 3_500)
        channels: Channels = {}
        for wheel in WHEELS:
            left, front = wheel[1] == "l", wheel[0] == "f"
            load = np.clip(-lateral if left else lateral, 0, None)  # a left turn loads the right
            core = 30 + 52 * warm + _moving_mean(load, 400) * 1.1 + (2.5 if front else 0)
            channels |= {
                f"tyre_core_c_{wheel}": core,
                f"tyre_surface_c_{wheel}": core + _moving_mean(load, 60) * 0.9 + 3 * warm,
                f"tyre_kpa_{wheel}": 150 + (core - 30) * 0.48 + (0 if front else -1.5),
                f"brake_c_{wheel}": 90 + 260 * warm + _moving_mean(brake, 250) * (620 if front else 420),
                f"suspension_m_{wheel}": 0.034 + load * 0.0009 + (slowing if front else -slowing) * 0.0006,
            }
        return channels

    def at_distances(self, distance_m: Floats) -> Channels:
        """Channels at distances from the start line before the out lap; see `at_times`."""
        return self._read(distance_m, np.interp(distance_m, self.distance_m, self.time_s))

    def at_times(self, time_s: Floats) -> Channels:
        """Channels at instants of the session, each of the shape of `time_s`.

        Returns:
            By name; units in the suffix. `lap` counts from 0, the out lap.
        """
        return self._read(np.interp(time_s, self.time_s, self.distance_m), time_s)

    def _read(self, distance_m: Floats, time_s: Floats) -> Channels:
        sample = {name: np.interp(distance_m, self.distance_m, values) for name, values in self._per_metre.items()}
        lap = np.searchsorted(self.crossings_s, time_s, side="right")
        speed = sample["speed_mps"]
        sample |= {
            "time_s": time_s,
            "distance_m": distance_m,
            "lap": lap.astype(float),
            "lap_elapsed_s": time_s - self.lap_bounds_s[lap],
            "lap_distance_m": distance_m - lap * self.layout.length_m,
            "heading_rad": self.layout.heading(distance_m),
        }
        sample["lat_deg"], sample["lon_deg"] = self.layout.lat_lon(distance_m, sample["line_offset_m"])
        sample |= self._gearbox(speed)
        slip = 1 + 0.004 * sample["throttle"] - 0.012 * sample["brake"]
        track_width = sample["yaw_rate_radps"] * 0.8
        for wheel in WHEELS:
            side = -track_width if wheel[1] == "l" else track_width
            sample[f"wheel_mps_{wheel}"] = np.maximum(speed * slip + side, 0)
        return sample

    def _gearbox(self, speed_mps: Floats) -> Channels:
        """Gear, engine speed and clutch; the gear is neutral in the sample before a new one is in."""
        tops = np.array(self.car.top_speeds_kph) / 3.6
        gear = np.minimum(np.searchsorted(tops, speed_mps), len(tops) - 1)
        rpm = np.maximum(self.car.redline_rpm * speed_mps / tops[gear], 1_250)
        changing = np.concatenate([np.diff(gear) != 0, [False]])
        changing[1:] |= changing[:-1].copy()
        return {
            "gear": (gear + 1).astype(float),
            "gear_or_neutral": np.where(changing, 0, gear + 1).astype(float),
            "rpm": rpm,
            "clutch_pedal": np.clip(1 - (speed_mps - CREEP_MPS) / 4, 0, 1),
        }

    def corner_speeds_kph(self, lap: int) -> list[float | None]:
        """Lowest speed in each corner of a lap (0 is the out lap); None where the lap does not reach."""
        return [round(float(window.min()) * 3.6, 3) if len(window) else None for window in self._corner_windows(lap)]

    def slowest_inside(self, lap: int) -> list[bool]:
        """Whether each corner is slowest inside it, not at an end that the car speeds or slows right through."""
        return [len(window) > 2 and 0 < int(window.argmin()) < len(window) - 1 for window in self._corner_windows(lap)]

    def _corner_windows(self, lap: int) -> list[Floats]:
        firsts = [lap * self.layout.length_m + corner.start_m - PIT_BOX_M for corner in self.layout.corners]
        lengths = [corner.end_m - corner.start_m for corner in self.layout.corners]
        return [
            self.speed_mps[max(0, round(first)) : round(first + length) + 1]
            for first, length in zip(firsts, lengths, strict=True)
        ]


def _smoothed(values: Floats, width: int) -> Floats:
    """Moving mean over an odd number of points that keeps the ends."""
    padded = np.pad(values, width // 2, mode="edge")
    return np.convolve(padded, np.full(width, 1 / width), mode="valid")


def _moving_mean(values: Floats, width: int) -> Floats:
    """Mean of the last `width` points: what heats a tyre or a disc."""
    total = np.concatenate([np.zeros(width), np.cumsum(values)])
    return np.asarray((total[width:] - total[:-width]) / width)
