"""A plan for a race: fuel, stops, stints, pit windows and time, from the driver's own laps on the layout in the car.

It knows numbers alone: the command and the page Strategy read them, each from where it may.
"""

from dataclasses import dataclass
from math import ceil, floor, sqrt
from typing import Protocol

from ingestion.errors import ReadableError
from simrace.coverage import COVERAGE, NORMAL

FEWEST_LAPS = 3  # at pace and with fuel, for a plan
MOST_LAPS, LONGEST_MIN = 5_000, 25 * 60


class PlanError(ReadableError):
    """There is no plan; the text says why, and the way out."""


class Pace(Protocol):
    """What is expected of a stint."""

    @property
    def told_by(self) -> str:
        """Where lap times are from."""
        ...

    def stint_s(self, laps: int, fuel_l: float, fuel_per_lap_l: float) -> float:
        """Seconds of a stint.

        Args:
            laps: Its length.
            fuel_l: What is in the tank when it begins.
            fuel_per_lap_l: What a lap uses.
        """
        ...


class MeanPace:
    """Every lap as the mean of the driver's."""

    def __init__(self, mean_lap_time_s: float) -> None:
        """The mean of the driver's laps at pace."""
        self._mean_s = mean_lap_time_s
        self.told_by = "Lap times are the mean of the driver's laps at pace."

    def stint_s(self, laps: int, fuel_l: float, fuel_per_lap_l: float) -> float:
        """So many times the mean; fuel tells nothing."""
        return laps * self._mean_s


@dataclass(frozen=True)
class Basis:
    """What a driver did on a layout in a car: a row of marts.race_plan_basis; times in s, fuel in l.

    Means and deviations are None where there are no laps, or too few, to tell them.
    """

    driver_id: str
    layout_id: str
    car_id: str
    pace_laps: int
    mean_lap_time_s: float | None
    lap_time_deviation_s: float | None
    fuel_laps: int
    fuel_per_lap_l: float | None
    fuel_deviation_l: float | None
    fuel_capacity_l: float | None
    pit_stops: int
    pit_loss_s: float | None


@dataclass(frozen=True)
class Range:
    """What is expected, and between what ends four times in five."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Stop:
    """A stop to refuel.

    Attributes:
        earliest_lap: After fewer laps, what is left would need more stops than planned.
        planned_lap: After this lap.
        latest_lap: After more laps, the tank may be empty.
    """

    earliest_lap: int
    planned_lap: int
    latest_lap: int


@dataclass(frozen=True)
class Plan:
    """A plan.

    Attributes:
        laps: Of the race.
        fuel_l: For all of it; the higher end is what to have.
        stint_laps: Laps of each stint.
        stint_fuel_l: What to begin each stint with, four times in five on the safe side.
        most_stint_laps: Longest stint that the tank holds, on the safe side too.
        stops: One fewer than stints.
        time_s: Of the race, with the stops.
        fuel_per_lap_l: What was taken for it.
        notes: What was not known.
        pace_told_by: Where lap times are from: a model, or the mean of the driver's laps.
    """

    laps: Range
    fuel_l: Range
    stint_laps: list[int]
    stint_fuel_l: list[float]
    most_stint_laps: int
    stops: list[Stop]
    time_s: Range
    fuel_per_lap_l: float
    notes: list[str]
    pace_told_by: str


@dataclass(frozen=True)
class _Known:
    """What laps said, as a plan needs it."""

    pace_laps: int
    lap_time_deviation_s: float
    fuel_laps: int
    fuel_per_lap_l: float
    fuel_deviation_l: float

    def fuel(self, laps: int, side: int) -> float:
        """Fuel of so many laps: laps differ by themselves, and their mean is known by a few only."""
        spread = self.fuel_deviation_l * sqrt(laps + laps**2 / self.fuel_laps)
        return max(0.0, laps * self.fuel_per_lap_l + side * NORMAL * spread)

    def time(self, lengths: list[int], loss: float, side: int, pace: Pace) -> float:
        """Seconds of stints and the stops between."""
        laps = sum(lengths)
        spread = self.lap_time_deviation_s * sqrt(laps + laps**2 / self.pace_laps)
        driven = sum(pace.stint_s(length, self.fuel(length, 1), self.fuel_per_lap_l) for length in lengths)
        return driven + (len(lengths) - 1) * loss + side * NORMAL * spread

    def most_laps(self, tank: float) -> int:
        """Of a stint."""
        laps = floor(tank / self.fuel_per_lap_l) if self.fuel_per_lap_l > 0 else MOST_LAPS
        laps = min(laps, MOST_LAPS)
        while laps > 0 and self.fuel(laps, 1) > tank:
            laps -= 1
        return laps


def plan(
    basis: Basis,
    laps: int | None = None,
    minutes: float | None = None,
    tank_l: float | None = None,
    pit_loss_s: float | None = None,
    pace: Pace | None = None,
    fuel_per_lap_l: float | None = None,
) -> Plan:
    """A plan for a race of so many laps or minutes.

    Laps are taken for independent of each other, which they are not quite: long races spread more than this says.

    Args:
        basis: What the driver did.
        laps: Length in laps.
        minutes: Length in minutes; the lap that is under way is finished.
        tank_l: What the tank holds; None takes that of the logs.
        pit_loss_s: What a stop costs; None takes that of the logs.
        pace: What a model of lap times expects; None takes the mean of the driver's laps.
        fuel_per_lap_l: What a lap uses, without a spread; None takes that of the logs.

    Raises:
        PlanError: the length is none, there are too few laps, or the tank holds no lap or is not known.
    """
    if (laps is None) == (minutes is None):
        raise PlanError("Say how long the race is: laps or minutes, one of the two.")
    if laps is not None and not 1 <= laps <= MOST_LAPS:
        raise PlanError(f"A race has 1 to {MOST_LAPS:,} laps.")
    if minutes is not None and not 0 < minutes <= LONGEST_MIN:
        raise PlanError(f"A race has up to {LONGEST_MIN:,} minutes.")
    known, notes = _known(basis, fuel_per_lap_l)
    pace = pace or MeanPace(basis.mean_lap_time_s or 0.0)
    tank = tank_l if tank_l is not None else basis.fuel_capacity_l
    if tank is None:
        raise PlanError("No log tells what the tank holds: name the tank (--tank of `simrace plan`).")
    longest = known.most_laps(tank)
    if longest < 1:
        raise PlanError(f"The tank of {tank:g} l holds no lap, which takes {known.fuel_per_lap_l:.2f} l.")
    loss = pit_loss_s if pit_loss_s is not None else basis.pit_loss_s
    if loss is None:
        notes.append(
            "No log tells what a stop costs: it is taken for nothing; name the pit loss (--pit-loss of `simrace plan`)."
        )
        loss = 0.0
    if laps is None:
        counts = [_laps_in(60 * (minutes or 0), known, longest, loss, side, pace) for side in (0, 1, -1)]
        count = Range(counts[0], min(counts), max(counts))
    else:
        count = Range(laps, laps, laps)
    number = int(count.value)
    stints = ceil(number / longest)
    lengths = _lengths(number, longest)
    stops = [
        Stop(max(1, number - (stints - at) * longest), sum(lengths[:at]), min(at * longest, number - 1))
        for at in range(1, stints)
    ]
    fuel = Range(number * known.fuel_per_lap_l, known.fuel(int(count.low), -1), known.fuel(int(count.high), 1))
    time = Range(*(known.time(lengths, loss, side, pace) for side in (0, -1, 1)))
    notes.append(f"Each range is meant to hold {COVERAGE:.0%} of the time, by {basis.pace_laps} laps at pace.")
    return Plan(
        count, fuel, lengths, [known.fuel(length, 1) for length in lengths], longest, stops, time,
        known.fuel_per_lap_l, notes, pace.told_by,
    )  # fmt: skip


def _known(basis: Basis, fuel_per_lap_l: float | None) -> tuple[_Known, list[str]]:
    """What a plan needs, and what is to be said of it."""
    if basis.pace_laps < FEWEST_LAPS or (fuel_per_lap_l is None and basis.fuel_laps < FEWEST_LAPS):
        raise PlanError(
            f"A plan needs {FEWEST_LAPS} laps at pace and {FEWEST_LAPS} that tell of fuel; there are "
            f"{basis.pace_laps} and {basis.fuel_laps} of {basis.driver_id} on {basis.layout_id} in {basis.car_id}. "
            "Where no log tells of fuel, name what a lap uses (--fuel-per-lap of `simrace plan`)."
        )
    deviation = basis.lap_time_deviation_s or 0.0
    if fuel_per_lap_l is None:
        known = _Known(
            basis.pace_laps, deviation, basis.fuel_laps, basis.fuel_per_lap_l or 0.0, basis.fuel_deviation_l or 0.0
        )
        return known, []
    if not fuel_per_lap_l > 0:
        raise PlanError("A lap uses more than 0 l.")
    return _Known(basis.pace_laps, deviation, 1, fuel_per_lap_l, 0.0), [
        "What a lap uses was named, so fuel and stints have no margin: add your own."
    ]


def _lengths(laps: int, longest: int) -> list[int]:
    """Stints of equal length, or a lap more, the longer ones first."""
    stints = ceil(laps / longest)
    return [laps // stints + (at < laps % stints) for at in range(stints)]


def _laps_in(seconds: float, known: _Known, longest: int, loss: float, side: int, pace: Pace) -> int:
    """Laps until the flag, which falls at the end of the lap under way when the time is over."""
    laps = 1
    while laps < MOST_LAPS and known.time(_lengths(laps, longest), loss, side, pace) < seconds:
        laps += 1
    return laps
