"""A plan for a race: fuel, stops, stints, pit windows and time, from the driver's own laps on the layout in the car."""

from dataclasses import dataclass
from decimal import Decimal
from math import ceil, floor, sqrt
from typing import Any

from psycopg2.extensions import connection as Connection  # noqa: N812 - psycopg2 writes its classes small

from simrace.predictions.errors import PredictionError
from simrace.predictions.intervals import COVERAGE, NORMAL
from simrace.predictions.pace import MeanPace, Pace

FEWEST_LAPS = 3  # at pace and with fuel, for a plan
MOST_LAPS, LONGEST_MIN = 5_000, 25 * 60


@dataclass(frozen=True)
class Basis:
    """What a driver did on a layout in a car: a row of marts.race_plan_basis; times in s, fuel in l."""

    driver_id: str
    layout_id: str
    car_id: str
    pace_laps: int
    mean_lap_time_s: float
    lap_time_deviation_s: float
    fuel_laps: int
    fuel_per_lap_l: float
    fuel_deviation_l: float
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
        most_stint_laps: Longest stint that the tank holds, four times in five on the safe side.
        stops: One fewer than stints.
        time_s: Of the race, with the stops.
        notes: What was not known.
        pace_told_by: Where lap times are from: a model, or the mean of the driver's laps.
    """

    laps: Range
    fuel_l: Range
    stint_laps: list[int]
    most_stint_laps: int
    stops: list[Stop]
    time_s: Range
    notes: list[str]
    pace_told_by: str


def read_basis(connection: Connection, driver: str, layout: str, car: str) -> Basis:
    """What a driver did on a layout in a car.

    Args:
        connection: To a warehouse that has been built.
        driver: driver_id or name.
        layout: layout_id.
        car: car_id or name; blank for the one most driven there.

    Raises:
        PredictionError: there are too few laps.
    """
    names = ", ".join(f"basis.{name}" for name in Basis.__dataclass_fields__)
    with connection.cursor() as cursor:
        cursor.execute(
            f"select {names} from marts.race_plan_basis as basis "
            "left join marts.dim_drivers as drivers on basis.driver_id = drivers.driver_id "
            "left join marts.dim_cars as cars on basis.car_id = cars.car_id "
            "where (basis.driver_id = %(driver)s or lower(drivers.driver_name) = lower(%(driver)s)) "
            "and basis.layout_id = lower(%(layout)s) "
            "and (%(car)s in ('', basis.car_id) or lower(cars.car_name) = lower(%(car)s)) "
            "order by basis.pace_laps desc, basis.driver_id, basis.car_id limit 1",
            {"driver": driver, "layout": layout, "car": car},
        )
        row = cursor.fetchone()
    if row is None:
        raise PredictionError(
            f"There are no laps of {driver!r} on {layout!r}{f' in {car!r}' if car else ''}: marts.race_plan_basis says "
            "of whom there are, where and in what."
        )
    told: list[Any] = [float(value) if isinstance(value, Decimal) else value for value in row]
    basis = Basis(*told)
    if basis.pace_laps < FEWEST_LAPS or basis.fuel_laps < FEWEST_LAPS:
        raise PredictionError(
            f"A plan needs {FEWEST_LAPS} laps at pace and {FEWEST_LAPS} that tell of fuel; there are "
            f"{basis.pace_laps} and {basis.fuel_laps} of {basis.driver_id} on {basis.layout_id} in {basis.car_id}."
        )
    return basis


def plan(
    basis: Basis,
    laps: int | None = None,
    minutes: float | None = None,
    tank_l: float | None = None,
    pit_loss_s: float | None = None,
    pace: Pace | None = None,
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

    Raises:
        PredictionError: the length is none, or the tank holds no lap or is not known.
    """
    if (laps is None) == (minutes is None):
        raise PredictionError("Say how long the race is: laps or minutes, one of the two.")
    if laps is not None and not 1 <= laps <= MOST_LAPS:
        raise PredictionError(f"A race has 1 to {MOST_LAPS:,} laps.")
    if minutes is not None and not 0 < minutes <= LONGEST_MIN:
        raise PredictionError(f"A race has up to {LONGEST_MIN:,} minutes.")
    notes = []
    pace = pace or MeanPace(basis.mean_lap_time_s)
    tank = tank_l if tank_l is not None else basis.fuel_capacity_l
    if tank is None:
        raise PredictionError("No log tells what the tank holds: name it with --tank.")
    longest = _most_laps(basis, tank)
    if longest < 1:
        raise PredictionError(f"The tank of {tank:g} l holds no lap, which takes {basis.fuel_per_lap_l:.2f} l.")
    loss = pit_loss_s if pit_loss_s is not None else basis.pit_loss_s
    if loss is None:
        notes.append("No log tells what a stop costs: it is taken for nothing; name it with --pit-loss.")
        loss = 0.0
    if laps is None:
        counts = [_laps_in(60 * (minutes or 0), basis, longest, loss, side, pace) for side in (0, 1, -1)]
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
    fuel = Range(number * basis.fuel_per_lap_l, _fuel(basis, int(count.low), -1), _fuel(basis, int(count.high), 1))
    time = Range(*(_time(basis, lengths, loss, side, pace) for side in (0, -1, 1)))
    notes.append(f"Each range is meant to hold {COVERAGE:.0%} of the time, by {basis.pace_laps} laps at pace.")
    return Plan(count, fuel, lengths, longest, stops, time, notes, pace.told_by)


def _lengths(laps: int, longest: int) -> list[int]:
    """Stints of equal length, or a lap more, the longer ones first."""
    stints = ceil(laps / longest)
    return [laps // stints + (at < laps % stints) for at in range(stints)]


def _fuel(basis: Basis, laps: int, side: int) -> float:
    """Fuel of so many laps: laps differ by themselves, and their mean is known by a few only."""
    spread = basis.fuel_deviation_l * sqrt(laps + laps**2 / basis.fuel_laps)
    return max(0.0, laps * basis.fuel_per_lap_l + side * NORMAL * spread)


def _time(basis: Basis, lengths: list[int], loss: float, side: int, pace: Pace) -> float:
    laps = sum(lengths)
    spread = basis.lap_time_deviation_s * sqrt(laps + laps**2 / basis.pace_laps)
    driven = sum(pace.stint_s(length, _fuel(basis, length, 1), basis.fuel_per_lap_l) for length in lengths)
    return driven + (len(lengths) - 1) * loss + side * NORMAL * spread


def _most_laps(basis: Basis, tank: float) -> int:
    laps = floor(tank / basis.fuel_per_lap_l) if basis.fuel_per_lap_l > 0 else MOST_LAPS
    while laps > 0 and _fuel(basis, laps, 1) > tank:
        laps -= 1
    return min(laps, MOST_LAPS)


def _laps_in(seconds: float, basis: Basis, longest: int, loss: float, side: int, pace: Pace) -> int:
    """Laps until the flag, which falls at the end of the lap under way when the time is over."""
    laps = 1
    while laps < MOST_LAPS and _time(basis, _lengths(laps, longest), loss, side, pace) < seconds:
        laps += 1
    return laps
