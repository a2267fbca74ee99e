"""What of a race is told, by fixed rules: the page Race and the report of a race tell the same."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Protocol

from simrace.lap_times import lap_time_text
from simrace.report.race_marts import RaceLap, Result, Stint
from simrace.report.words import counted, joined, listed, ordinal, times

# Thresholds: what is below is no story.
GAINED = 3  # places
CARS = 3  # to which something happened on one lap
MOST_NAMED = 5  # names in a sentence
SECTORS = ("sector_1_s", "sector_2_s", "sector_3_s")
# Of what iRacing writes beside a lap, what is no incident.
NO_INCIDENTS = {"pitted", "invalid", "interpolated crossing", "clock smash", "discontinuity"}


class LedCar(Protocol):
    """A car and how many laps it led."""

    @property
    def entry_id(self) -> str: ...  # noqa: D102
    @property
    def laps_led(self) -> int | None: ...  # noqa: D102


class DrivenLap(Protocol):
    """A lap of a car."""

    @property
    def entry_id(self) -> str: ...  # noqa: D102
    @property
    def lap_number(self) -> int: ...  # noqa: D102
    @property
    def position_after_lap(self) -> int | None: ...  # noqa: D102
    @property
    def lap_time_s(self) -> float | None: ...  # noqa: D102
    @property
    def lap_events(self) -> str | None: ...  # noqa: D102
    @property
    def is_valid(self) -> bool | None: ...  # noqa: D102


@dataclass(frozen=True)
class Best:
    """Who was best in something.

    Attributes:
        what: In what.
        driver_name: Who.
        value: By how much, as it is written.
        lap_number: On which lap; None for all of them.
    """

    what: str
    driver_name: str
    value: str
    lap_number: int | None


@dataclass(frozen=True)
class Stretch:
    """Laps in a row that one car led."""

    first_lap: int
    last_lap: int
    entry_id: str

    @property
    def laps(self) -> int:
        """How many."""
        return self.last_lap - self.first_lap + 1


def car_name(driver_name: str | None, car_number: str | None) -> str:
    """What a car is called."""
    return joined(driver_name, f"#{car_number}" if car_number else None) or "unknown driver"


def bests(cars: Iterable[LedCar], laps: Sequence[DrivenLap], names: Mapping[str, str]) -> list[Best]:
    """Who led most, and who had the fastest lap and sectors.

    Args:
        cars: The cars, in the order of finish.
        laps: Their laps.
        names: What they are called, by their entry.
    """
    found = []
    led = max((car for car in cars if car.laps_led), key=lambda car: car.laps_led or 0, default=None)
    if led and led.laps_led:
        found.append(Best("Most laps led", names[led.entry_id], counted(int(led.laps_led), "lap"), None))
    # a lap that does not count is not the fastest; a sector of 0 is none
    valid = [lap for lap in laps if lap.is_valid is not False]
    for column, what in zip(("lap_time_s", *SECTORS), ("Fastest lap", "Sector 1", "Sector 2", "Sector 3"), strict=True):
        timed = [
            (value, lap.lap_number, lap.entry_id) for lap in valid if (value := getattr(lap, column)) and value > 0
        ]
        if timed:
            value, number, entry_id = min(timed)
            shown = lap_time_text(value) if column == "lap_time_s" else f"{value:.3f} s"
            found.append(Best(what, names.get(entry_id, "unknown driver"), shown, int(number)))
    return found


def happened(laps: Iterable[DrivenLap]) -> Counter[tuple[str, int]]:
    """To how many cars something happened, by what it was and the lap."""
    return Counter(
        (event.strip(), int(lap.lap_number))
        for lap in laps
        if lap.lap_events
        for event in lap.lap_events.split(",")
        if event.strip()
    )


def incidents_by_lap(laps: Iterable[DrivenLap]) -> list[tuple[int, int, str]]:
    """Laps on which something went wrong: number, cars, and what happened to how many of them."""
    told = [lap for lap in laps if _incidents(lap)]
    found = []
    for number in sorted({lap.lap_number for lap in told}):
        own = [lap for lap in told if lap.lap_number == number]
        kinds = Counter(event for lap in own for event in _incidents(lap))
        words = ", ".join(
            f"{kind} ({n})" if n > 1 else kind for kind, n in sorted(kinds.items(), key=lambda one: (-one[1], one[0]))
        )
        found.append((int(number), len({lap.entry_id for lap in own}), words))
    return found


def _incidents(lap: DrivenLap) -> list[str]:
    events = [event.strip() for event in (lap.lap_events or "").split(",")]
    return [event for event in events if event and event not in NO_INCIDENTS]


def places(laps: Iterable[DrivenLap], is_part: bool) -> dict[str, dict[int, int | None]]:
    """Place of each car after each lap, by its entry; of a part of the field among the cars of that part.

    Args:
        laps: Of the cars.
        is_part: Whether other cars drive too. A lap is then told only where the place of each car is known.
    """
    known: dict[str, dict[int, int | None]] = {}
    for lap in laps:
        known.setdefault(lap.entry_id, {})[int(lap.lap_number)] = lap.position_after_lap
    if not is_part:
        return known
    among: dict[str, dict[int, int | None]] = {entry_id: dict.fromkeys(own) for entry_id, own in known.items()}
    for number in sorted({number for own in known.values() for number in own}):
        there = {entry_id: own[number] for entry_id, own in known.items() if number in own}
        if None not in there.values():
            for place, entry_id in enumerate(sorted(there, key=lambda entry: there[entry] or 0), 1):
                among[entry_id][number] = place
    return among


def led(by_car: Mapping[str, Mapping[int, int | None]]) -> list[Stretch]:
    """Who led, in the order of laps; laps whose leader is unknown are left out.

    Args:
        by_car: Place of each car after each lap.
    """
    first = sorted((lap, entry_id) for entry_id, own in by_car.items() for lap, place in own.items() if place == 1)
    found: list[Stretch] = []
    for lap, entry_id in first:
        if found and found[-1].entry_id == entry_id and found[-1].last_lap == lap - 1:
            found[-1] = Stretch(found[-1].first_lap, lap, entry_id)
        else:
            found.append(Stretch(lap, lap, entry_id))
    return found


def gaps(laps: Sequence[RaceLap], is_part: bool) -> dict[str, dict[int, float | None]]:
    """Seconds of each car behind the first after each lap, by its entry; of a part of the field behind its own first.

    Args:
        laps: Of the cars.
        is_part: Whether other cars drive too; who is laps behind those has a gap to the first of his own by the clock.
    """
    has_clock = is_part and any(lap.session_time_s is not None for lap in laps)
    behind = {(lap.entry_id, lap.lap_number): lap.session_time_s if has_clock else lap.gap_to_leader_s for lap in laps}
    first: dict[int, float] = {}
    ahead: dict[int, RaceLap] = {}
    for (_, lap), seconds in behind.items():
        if seconds is not None:
            first[lap] = min(seconds, first.get(lap, seconds))
    placed = [lap for lap in laps if lap.position_after_lap is not None]
    for leader in sorted(placed, key=lambda lap: -(lap.position_after_lap or 0)):
        ahead[leader.lap_number] = leader  # the last that is written is ahead of the others
    for number, leader in ahead.items():
        if behind[leader.entry_id, number] is None:
            first.pop(number, None)  # no clock of the leader is told, and nobody else is the first
    found: dict[str, dict[int, float | None]] = {}
    for (entry_id, lap), seconds in behind.items():
        found.setdefault(entry_id, {})[lap] = None if seconds is None or lap not in first else seconds - first[lap]
    return found


def on_the_road(by_car: Mapping[str, Mapping[int, int | None]]) -> dict[str, int]:
    """Place of each car when it ended its last lap, those who went farther first: retired cars are the last ones.

    Args:
        by_car: Place of each car after each lap.
    """
    last = {entry_id: max(own) for entry_id, own in by_car.items()}
    ordered = sorted(by_car, key=lambda entry: (-last[entry], by_car[entry][last[entry]] or 10**6, entry))
    return {entry_id: place for place, entry_id in enumerate(ordered, 1)}


def gap(result: Result, winner: Result) -> float | None:
    """Seconds behind the winner of the class."""
    if result.gap_to_class_winner_s is not None:
        return result.gap_to_class_winner_s
    if result.interval_s is None or winner.interval_s is None:
        return None
    return result.interval_s - winner.interval_s


def winner(results: Sequence[Result]) -> Result | None:
    """Who won the class; None where nobody has the first place."""
    return next((result for result in results if result.finish_position_in_class == 1), None)


def who_won(results: Sequence[Result]) -> str | None:
    """Who won the class, from where and by how much."""
    if not (first := winner(results)):
        return None
    told = f"{first.name} won"
    if first.start_position_in_class is not None:
        grid = first.start_position_in_class
        told += " from pole" if grid == 1 else f" from {ordinal(grid)} on the grid"
    second = next((result for result in results if result.finish_position_in_class == 2), None)
    if second:
        behind = gap(second, first)
        laps = (second.laps_down or 0) - (first.laps_down or 0)
        if behind is not None:
            told += f", {behind:.3f} s ahead of {second.name}"
        else:
            told += f", {counted(laps, 'lap')} ahead of {second.name}" if laps > 0 else f", ahead of {second.name}"
    return f"{told}."


def who_led(stretches: Sequence[Stretch], laps: int, names: Mapping[str, str]) -> str | None:
    """How often the lead changed, and who led most; None where the leader of less than half of the laps is known.

    Args:
        stretches: Who led, in the order of laps.
        laps: Laps of the race.
        names: What cars are called, by their entry.
    """
    known = sum(stretch.laps for stretch in stretches)
    if not known or known * 2 < laps:
        return None
    of = f"of {laps} laps" if known == laps else f"of the {known} laps whose leader is known"
    by_car: Counter[str] = Counter()
    for stretch in stretches:
        by_car[stretch.entry_id] += stretch.laps
    most, count = max(by_car.items(), key=lambda one: one[1])
    if len(by_car) == 1:
        return f"{names[most]} led every lap." if known == laps else f"{names[most]} led all {of}."
    changes = sum(one.entry_id != other.entry_id for one, other in pairwise(stretches))
    return f"The lead changed {times(changes)} among {len(by_car)} cars; {names[most]} led most, {count} {of}."


def fastest(results: Sequence[Result]) -> str | None:
    """The fastest lap of the class."""
    timed = [result for result in results if result.best_lap_s]
    if not timed:
        return None
    best = min(timed, key=lambda one: (one.best_lap_s, one.entrant_id))
    lap = f" on lap {best.best_lap_number}" if best.best_lap_number else ""
    return f"Fastest lap: {best.name}, {lap_time_text(best.best_lap_s or 0)}{lap}."


def gained(results: Sequence[Result]) -> str | None:
    """Who gained most places from the grid."""
    most = max((result.places_gained_in_class or 0 for result in results), default=0)
    if most < GAINED:
        return None
    who = [
        f"{result.name} ({ordinal(result.start_position_in_class)} to {ordinal(result.finish_position_in_class)})"
        for result in results
        if result.places_gained_in_class == most and result.start_position_in_class and result.finish_position_in_class
    ]
    return f"Most places gained, {most}: {listed(who, MOST_NAMED)}." if who else None


def retired(results: Sequence[Result]) -> str | None:
    """Who started and did not finish, and why where the file says it; then who did not start."""
    absent = [result for result in results if result.is_starter is False]
    there = len(results) - len(absent)
    out = [result for result in results if result.did_not_finish and result.is_starter is not False]
    told = [_retired(out, there)] if out else []
    if absent:
        told.append(f"Did not start: {listed([result.name for result in absent], MOST_NAMED)}.")
    return " ".join(told) or None


def _retired(out: Sequence[Result], there: int) -> str:
    reasons = [result.out_reason if result.out_reason != "did not finish" else None for result in out]
    who = [result.name + (f" ({reason})" if reason else "") for result, reason in zip(out, reasons, strict=True)]
    return f"{len(out)} of {there} did not finish: {listed(who, MOST_NAMED)}."


def stops(stints: Sequence[Stint], first: Result | None) -> str | None:
    """How often the winner stopped, and on which laps."""
    own = [stint for stint in stints if first and stint.entry_id == first.entry_id]
    if not own or not first:
        return None
    laps = [stint.last_lap_number for stint in own if stint.stop_number is not None]
    if not laps:
        return f"{first.name} did not stop."
    on = f"on {'lap' if len(laps) == 1 else 'laps'} {listed([str(lap) for lap in laps])}"
    return f"{first.name} stopped {times(len(laps))}, {on}."


def worst_lap(laps: Iterable[DrivenLap]) -> str | None:
    """The lap on which something went wrong for most cars."""
    found = incidents_by_lap(laps)
    if not found:
        return None
    number, cars, words = max(found, key=lambda one: (one[1], -one[0]))
    return f"Most went wrong on lap {number}, for {cars} cars: {words}." if cars >= CARS else None


def ratings(results: Sequence[Result]) -> str | None:
    """Whose iRating gained and lost most."""
    changed = [result for result in results if result.irating_change]
    if not changed:
        return None
    best = max(changed, key=lambda one: (one.irating_change, one.entrant_id))
    worst = min(changed, key=lambda one: (one.irating_change, one.entrant_id))
    told = [f"{one.name} {one.irating_change:+d}" for one in dict.fromkeys((best, worst))]
    return f"iRating: {listed(told)}."
