"""One race: who drove how fast, in which order they finished, and what that did to their ratings."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from simrace.generator.catalogue import CARS
from simrace.generator.drivers import Racer
from simrace.generator.ratings import Licence, rating_changes, strength_of_field
from simrace.generator.track import Floats, Layout

TICKS_PER_S = 10_000  # result files count time in 1/10000 s
RETIRE_CHANCE = 0.06
INCIDENT_LIMIT = 17
RUNNING, DISQUALIFIED, DISCONNECTED = (0, "Running"), (29, "Disqualified"), (32, "Disconnected")


@dataclass(frozen=True)
class RaceCar:
    """A car as results know it; `mean_mps` is its average speed over a lap in the hands of a 3000-rated driver."""

    car_id: int
    name: str
    class_id: int
    class_name: str
    mean_mps: float


FALCON, MERLIN, KESTREL = (
    RaceCar(car.car_id, car.name, car.class_id, car.class_name, mps)
    for car, mps in zip(CARS, (39.6, 39.7, 43.4), strict=True)
)
LYNX = RaceCar(831, "Formula Lynx", 73, "Formula Lynx Class", 42.1)


@dataclass(frozen=True)
class Entry:
    """A car on the entry list: one driver, or a team of several with a negative id."""

    entry_id: int
    name: str
    number: str
    car: RaceCar
    drivers: tuple[Racer, ...]

    @property
    def is_team(self) -> bool:
        """Whether several people share the car."""
        return self.entry_id < 0

    def rating(self, category: int) -> float:
        """Rating of the driver, or the strength of the team."""
        return strength_of_field(np.array([float(driver.licences[category].rating) for driver in self.drivers]))


@dataclass(frozen=True)
class Result:
    """An entry's race. Places count from 1, times are in 1/10000 s, None means there is none.

    Attributes:
        entry: The car.
        position, class_position: Finishing places.
        grid, class_grid: Starting places; None did not start.
        laps: Laps completed.
        laps_led: Laps led.
        incidents: Incident points.
        average_lap, best_lap, qualifying_lap: Times.
        best_lap_number: Lap of the best time.
        gap, class_gap: Behind the winner on the same lap.
        laps_down: Laps behind the winner.
        reason_out: Number and text of how the race ended.
        before, after: Standing of a single driver around the race.
        standings: Standings of all the entry's drivers before the race.
    """

    entry: Entry
    position: int
    class_position: int
    grid: int | None
    class_grid: int | None
    laps: int
    laps_led: int
    incidents: int
    average_lap: int | None
    best_lap: int | None
    qualifying_lap: int | None
    best_lap_number: int | None
    gap: int | None
    class_gap: int | None
    laps_down: int
    reason_out: tuple[int, str]
    before: Licence
    after: Licence
    standings: tuple[Licence, ...]

    def stints(self) -> list["Result"]:
        """A team's result as one a driver: laps and incidents add up to the team's."""
        count = len(self.entry.drivers)
        shares = []
        for at, driver in enumerate(self.entry.drivers):
            laps, led, incidents = (
                total // count + (at < total % count) for total in (self.laps, self.laps_led, self.incidents)
            )
            shares.append(
                replace(
                    self,
                    entry=replace(self.entry, name=driver.name, drivers=(driver,)),
                    laps=laps,
                    laps_led=led,
                    incidents=incidents,
                    before=self.standings[at],
                    after=self.standings[at],
                )
            )
        return shares

    @property
    def rating(self) -> float:
        """Rating before the race of the driver, or the strength of the team."""
        return strength_of_field(np.array([float(standing.rating) for standing in self.standings]))


def run_race(
    rng: np.random.Generator,
    entries: list[Entry],
    layout: Layout,
    category: int,
    *,
    minutes: float,
    official: bool,
    absentees: int = 0,
    resolution: int = 1,
    accidents: bool = True,
) -> list[Result]:
    """Let the entries race and return results in finishing order. Ratings of an official race are applied.

    Args:
        rng: Source of luck.
        entries: Entry list.
        layout: Where.
        category: Licence category.
        minutes: Length of the race.
        official: Whether ratings move.
        absentees: Entries, from the last of the list, that do not start.
        resolution: Times are multiples of this many 1/10000 s.
        accidents: Whether some retire by bad luck.
    """
    count = len(entries)
    ratings = np.array([entry.rating(category) for entry in entries])
    form = ratings + rng.normal(0, 550, count)
    pace_s = np.array([layout.length_m / entry.car.mean_mps for entry in entries]) * (1 + (3_000 - form) / 120_000)
    qualifying_s = pace_s * (0.984 + rng.normal(0, 0.004, count))
    started = np.arange(count) < count - absentees
    grid = np.argsort(np.argsort(np.where(started, qualifying_s, np.inf), kind="stable"), kind="stable") + 1

    average = (np.round(pace_s * TICKS_PER_S / resolution) * resolution).astype(int)
    race_laps = max(round(minutes * 60 / float(pace_s[started].min())), 3)
    winner_time = int(average[started].min()) * race_laps
    incidents = rng.poisson(4.0, count)
    retired = rng.random(count) < (RETIRE_CHANCE if accidents else 0)
    laps = np.minimum(race_laps, -(-winner_time // average))
    laps = np.where(retired, (laps * rng.uniform(0.05, 0.95, count)).astype(int), laps)
    laps, incidents = np.where(started, laps, 0), np.where(started, incidents, 0)
    order = sorted(range(count), key=lambda at: (not started[at], -laps[at], laps[at] * average[at], grid[at]))

    places = places_in_class([entries[at].car.class_id for at in order])
    grid_places = places_in_class([entries[at].car.class_id for at in np.argsort(grid)])
    changes = _changes(entries, order, ratings, started) if official else np.zeros(count)
    leader = order[0]
    leaders: dict[int, int] = {}
    for at in order:
        leaders.setdefault(entries[at].car.class_id, at)
    lost_lead = int(rng.integers(0, max(int(laps[leader]) // 3, 1)))

    results = []
    for rank, at in enumerate(order):
        entry, done = entries[at], int(laps[at])
        best = int(average[at] * rng.uniform(0.976, 0.992)) // resolution * resolution
        standings = tuple(driver.licences[category] for driver in entry.drivers)
        before = after = standings[0]
        if official:
            corners = len(layout.turns) * done
            after = before.after(int(changes[at]), int(incidents[at]), corners, rng)
            entry.drivers[0].licences[category] = after
        ended = DISQUALIFIED if incidents[at] >= INCIDENT_LIMIT else DISCONNECTED
        results.append(
            Result(
                entry=entry,
                position=rank + 1,
                class_position=places[rank],
                grid=int(grid[at]) if started[at] else None,
                class_grid=grid_places[int(grid[at]) - 1] if started[at] else None,
                laps=done,
                laps_led={0: int(laps[leader]) - lost_lead, 1: lost_lead}.get(rank, 0),
                incidents=int(incidents[at]),
                average_lap=int(average[at]) if done else None,
                best_lap=best if done else None,
                qualifying_lap=int(qualifying_s[at] * TICKS_PER_S) // resolution * resolution if started[at] else None,
                best_lap_number=int(rng.integers(1, done + 1)) if done else None,
                gap=_gap(at, leader, laps, average),
                class_gap=_gap(at, leaders[entry.car.class_id], laps, average),
                laps_down=int(laps[leader]) - done,
                reason_out=ended if retired[at] or not started[at] else RUNNING,
                before=before,
                after=after,
                standings=standings,
            )
        )
    return results


def _gap(at: int, leader: int, laps: NDArray[np.int64], average: NDArray[np.int64]) -> int | None:
    if laps[at] != laps[leader] or not laps[at]:
        return None
    return int(average[at] * laps[at] - average[leader] * laps[leader])


def places_in_class(classes: list[int]) -> list[int]:
    """Place within its class of each, given the classes in overall order."""
    return [classes[: at + 1].count(car_class) for at, car_class in enumerate(classes)]


def _changes(entries: list[Entry], order: list[int], ratings: Floats, started: NDArray[np.bool_]) -> Floats:
    """Rating change of each entry, every class being a race of its own."""
    changes = np.zeros(len(entries))
    for car_class in {entry.car.class_id for entry in entries}:
        ranked = np.array([at for at in order if entries[at].car.class_id == car_class])
        changes[ranked] = rating_changes(ratings[ranked], np.arange(1.0, len(ranked) + 1), started[ranked])
    return changes


@dataclass(frozen=True)
class Race:
    """A race as a result file tells it.

    Attributes:
        variant: Which kind of file tells it.
        subsession_id, session_id: The sim's numbers.
        started_at: Green flag, UTC.
        layout: Where.
        category: Licence category.
        official: Whether it counts for ratings.
        series: Series name, also of a hosted event.
        league: League name, empty outside leagues.
        week: Race week from 0.
        results: Main race in finishing order.
        heat: Heat race before it, empty without one.
    """

    variant: str
    subsession_id: int
    session_id: int
    started_at: datetime
    layout: Layout
    category: int
    official: bool
    series: str
    league: str
    week: int
    results: list[Result]
    heat: list[Result]

    @property
    def series_id(self) -> int:
        """The sim's number of the series; 0 outside of official racing."""
        return 600 + self.category if self.official else 0

    @property
    def season_id(self) -> int:
        """The sim's number of the season; 0 outside of official racing."""
        return 5_300 + self.category if self.official else 0

    @property
    def league_id(self) -> int:
        """The sim's number of the league; 0 outside leagues."""
        return 7_700 if self.league else 0

    @property
    def ended_at(self) -> datetime:
        """Chequered flag and a little."""
        winner = self.results[0]
        return self.started_at + timedelta(seconds=(winner.average_lap or 0) * winner.laps // TICKS_PER_S + 840)

    def strength(self, class_id: int | None = None) -> int:
        """Strength of the field, or of one class of it; computer drivers do not count."""
        ratings = [
            result.rating
            for result in self.results
            if class_id in (None, result.entry.car.class_id) and not result.entry.drivers[0].is_ai
        ]
        return round(strength_of_field(np.array(ratings)))
