"""Evenings of practice, qualifying and a race, lap by lap, which formats of other sims write; and seasons of them."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import numpy as np

from simrace.generator.catalogue import LAYOUTS
from simrace.generator.drivers import SPORTS_CAR, Racer
from simrace.generator.race import FALCON, MERLIN, Entry, Result, run_race
from simrace.generator.track import Layout

FINISHED, RETIRED, ABSENT, DISQUALIFIED = ENDS = ("finished", "retired", "absent", "disqualified")
MINUTES = 14
ROUNDS = 3
FIELD = 11
LONGEST_LAP = 1.3  # of another's time, on the lap out of the pits
WRONG_TOTAL = 3  # times the right one


@dataclass(frozen=True)
class Lap:
    """A lap that was driven to its end.

    Attributes:
        time_ms: Its time.
        counts: Whether it counts for the best lap.
        ends_in_pits: Whether the car came in at its end.
    """

    time_ms: int
    counts: bool = True
    ends_in_pits: bool = False


@dataclass(frozen=True)
class Drive:
    """A driver's part in a session.

    Attributes:
        entry: Driver and car.
        seat: Place in the entry list, from 0.
        laps: What was driven.
        end: One of ENDS.
        grid: Starting place in a race, from 1.
        penalty_s: Seconds that the sim or its manager added to the total.
        is_served: Whether there was a drive-through, which was served.
        has_wrong_total: Whether the file tells a total that nobody can have driven.
        comes_back: Whether the driver has a second line, without a lap.
    """

    entry: Entry
    seat: int
    laps: tuple[Lap, ...] = ()
    end: str = FINISHED
    grid: int | None = None
    penalty_s: int = 0
    is_served: bool = False
    has_wrong_total: bool = False
    comes_back: bool = False

    @property
    def racer(self) -> Racer:
        """Who drives."""
        return self.entry.drivers[0]

    @property
    def driven_ms(self) -> int:
        """Time of all laps."""
        return sum(lap.time_ms for lap in self.laps)

    def clock_at(self, lap_number: int) -> float:
        """Milliseconds from the start to the end of a lap; infinite if it was not driven."""
        driven = self.laps[:lap_number]
        return sum(lap.time_ms for lap in driven) if len(driven) == lap_number else float("inf")

    @property
    def total_ms(self) -> int:
        """Time of all laps, and what was added to it."""
        return self.driven_ms + 1000 * self.penalty_s

    @property
    def told_total_ms(self) -> int:
        """The total as a file says it."""
        return WRONG_TOTAL * self.total_ms if self.has_wrong_total else self.total_ms

    @property
    def best_ms(self) -> int | None:
        """The best lap that counts."""
        return min((lap.time_ms for lap in self.laps if lap.counts), default=None)


@dataclass(frozen=True)
class SessionOfEvening:
    """Practice, qualifying or a race.

    Attributes:
        kind: practice, qualifying or race.
        started_at, ended_at: When.
        drives: In the order of their places.
    """

    kind: str
    started_at: datetime
    ended_at: datetime
    drives: tuple[Drive, ...]

    @property
    def is_race(self) -> bool:
        """Whether it is a race."""
        return self.kind == "race"

    def places_after(self, drive: Drive) -> list[int]:
        """Place at the end of each lap of a driver, among those who drove as many."""
        return [
            1 + sum(other.clock_at(number) < drive.clock_at(number) for other in self.drives if other is not drive)
            for number in range(1, len(drive.laps) + 1)
        ]


@dataclass(frozen=True)
class Evening:
    """An event of three sessions.

    Attributes:
        name: Of the server.
        layout: Where.
        sessions: Practice, qualifying and the race.
    """

    name: str
    layout: Layout
    sessions: tuple[SessionOfEvening, ...]

    @property
    def race(self) -> SessionOfEvening:
        """The last session."""
        return self.sessions[-1]


def run_season(seed: int, pool: list[Racer], name: str, first_race: datetime, has_penalties: bool) -> list[Evening]:
    """Run rounds a week apart, each on another layout, with some of the pool.

    In each round one driver does not start, one retires, one is a lap down and one is there twice. In the second the
    car that was second on the road is disqualified, and two are level in practice; in the last two finish the race at
    the same time, and one has a total that cannot be.

    Args:
        seed: Seeds who drives and all luck.
        pool: Drivers; the first are in every round.
        name: Of the server.
        first_race: End of the first race.
        has_penalties: Whether times are added in races.
    """
    evenings = []
    for number in range(ROUNDS):
        rng = np.random.default_rng([seed, number])
        guests = rng.permutation(np.arange(FIELD - 3, len(pool)))[:3]
        field = pool[: FIELD - 3] + [pool[at] for at in guests]
        ended_at = first_race + number * timedelta(days=7)
        evenings.append(run_evening(rng, field, name, LAYOUTS[number % len(LAYOUTS)], ended_at, number, has_penalties))
    return evenings


def run_evening(
    rng: np.random.Generator,
    field: list[Racer],
    name: str,
    layout: Layout,
    ended_at: datetime,
    number: int,
    has_penalties: bool,
) -> Evening:
    """Run one evening.

    Args:
        rng: Source of luck.
        field: Who drives; the last is not there for qualifying and race.
        name: Of the server.
        layout: Where.
        ended_at: End of the race, in whole minutes.
        number: Round from 0, which says what happens.
        has_penalties: Whether a time is added in the race.
    """
    cars = (FALCON, MERLIN)
    entries = [
        Entry(racer.cust_id, racer.name, racer.number, cars[at % len(cars)], (racer,)) for at, racer in enumerate(field)
    ]
    results = run_race(
        rng, entries, layout, SPORTS_CAR, minutes=MINUTES, official=False, absentees=1, resolution=10, accidents=False
    )
    seats = {entry.entry_id: at for at, entry in enumerate(entries)}
    race = _race(rng, results, seats, number, has_penalties)
    qualifying = [
        Drive(result.entry, seats[result.entry.entry_id], _hot_laps(rng, result.qualifying_lap // 10))
        for result in results
        if result.qualifying_lap
    ]
    practice = [
        Drive(result.entry, seats[result.entry.entry_id], _hot_laps(rng, _practice_lap(rng, result)))
        for result in results
    ]
    if number == 1:  # two are level; who was first to drive it stands before the other
        practice.sort(key=_by_best)
        practice[2] = replace(practice[2], laps=practice[1].laps)
    lengths = {"practice": 15, "qualifying": 12, "race": MINUTES + 2}
    ends = {"race": ended_at, "qualifying": ended_at - timedelta(minutes=25), "practice": ended_at - timedelta(hours=1)}
    ordered = {
        "practice": sorted(practice, key=_by_best),
        "qualifying": sorted(qualifying, key=_by_best),
        "race": race,
    }
    return Evening(
        name,
        layout,
        tuple(
            SessionOfEvening(kind, ends[kind] - timedelta(minutes=lengths[kind]), ends[kind], tuple(drives))
            for kind, drives in ordered.items()
        ),
    )


def _by_best(drive: Drive) -> tuple[int, int]:
    return drive.best_ms or 0, drive.seat


def _practice_lap(rng: np.random.Generator, result: Result) -> int:
    """The absent one of the race has no lap of qualifying to compare with."""
    lap = result.qualifying_lap or round(10 * 1000 * FALCON.mean_mps)
    return int(lap / 10 * rng.uniform(1.004, 1.02))


def _hot_laps(rng: np.random.Generator, best_ms: int) -> tuple[Lap, ...]:
    """A lap to warm up, the best, one that would be better and does not count, and one back to the pits."""
    slow = int(best_ms * rng.uniform(1.03, 1.06))
    return (Lap(slow), Lap(best_ms), Lap(best_ms - int(rng.integers(5, 90)), False), Lap(slow + 40, True, True))


def _race(
    rng: np.random.Generator, results: list[Result], seats: dict[int, int], number: int, has_penalties: bool
) -> list[Drive]:
    """What the results say, lap by lap, and what happens in each round."""
    drives = [
        Drive(
            result.entry,
            seats[result.entry.entry_id],
            _race_laps(rng, result),
            FINISHED if result.laps else ABSENT,
            result.grid,
        )
        for result in results
    ]
    drives[6] = replace(drives[6], laps=drives[6].laps[: len(drives[6].laps) // 2], end=RETIRED)
    drives[8] = replace(drives[8], laps=drives[8].laps[:-1])
    drives[4] = replace(drives[4], comes_back=True)
    if has_penalties:
        drives[0] = replace(drives[0], is_served=True)
        drives[3] = replace(drives[3], penalty_s=5)
    if number == 1:
        drives[1] = replace(drives[1], end=DISQUALIFIED)
    if number == 2:
        last = drives[5].laps[-1]
        late = drives[4].total_ms - drives[5].total_ms
        drives[5] = replace(drives[5], laps=(*drives[5].laps[:-1], replace(last, time_ms=last.time_ms + late)))
        drives[2] = replace(drives[2], has_wrong_total=True)
    return sorted(drives, key=lambda drive: (ENDS.index(drive.end), -len(drive.laps), drive.total_ms, drive.grid or 0))


def _race_laps(rng: np.random.Generator, result: Result) -> tuple[Lap, ...]:
    """Laps of which the best is that of the result, and which add up to its time."""
    count, best, average = result.laps, result.best_lap or 0, result.average_lap or 0
    if count == 0:
        return ()
    fastest, stop = (result.best_lap_number or 1) - 1, count // 2
    total_ms, best_ms = average * count // 10, best // 10
    shares = 1 + rng.uniform(0, 0.004, count)
    shares[stop] *= 1 if stop == fastest else LONGEST_LAP
    shares[fastest] = 0
    times = (shares / shares.sum() * (total_ms - best_ms)).astype(int)
    times[fastest] = best_ms
    times[-2 if fastest == count - 1 else -1] += total_ms - int(times.sum())
    return tuple(Lap(time, True, at == stop - 1) for at, time in enumerate(times.tolist()))
