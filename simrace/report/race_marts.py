"""What the report of a race reads: marts alone, by the queries of the page Race."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from psycopg2.extensions import connection as Connection  # noqa: N812 - psycopg2 writes its classes small

from simrace.report.answers import ReportError, objects
from simrace.report.words import joined, listed, moment

LAST = "last"
SHOWN = 5  # races that an error names


@dataclass(frozen=True)
class Race:
    """A race, as dim_races and dim_event_sessions have it."""

    race_id: str
    sim: str
    entries: int
    track_name: str | None
    config_name: str | None
    event_name: str | None
    simsession_number: int | None
    held_at: datetime | None

    def track(self) -> str:
        """Track and layout."""
        return joined(self.track_name, self.config_name) or "track not named"


@dataclass(frozen=True)
class Field:
    """A class of a race, as fct_race_fields has it."""

    car_class_id: str
    car_class_name: str | None
    entries: int
    strength_of_field: float | None
    is_official: bool | None
    is_team_race: bool | None


@dataclass(frozen=True)
class Result:
    """A driver or team in the race, as fct_race_results or fct_race_team_results has it; None: the files do not say."""

    entrant_id: str
    car_class_id: str
    finish_position: int | None = None
    finish_position_in_class: int | None = None
    driver_name: str | None = None
    team_name: str | None = None
    car_number: str | None = None
    car_name: str | None = None
    entry_id: str | None = None
    start_position_in_class: int | None = None
    places_gained_in_class: int | None = None
    laps: int | None = None
    laps_down: int | None = None
    gap_to_class_winner_s: float | None = None
    interval_s: float | None = None
    best_lap_s: float | None = None
    best_lap_number: int | None = None
    incidents: int | None = None
    irating_before: int | None = None
    irating_after: int | None = None
    irating_change: int | None = None
    out_reason: str | None = None
    is_starter: bool | None = None
    did_not_finish: bool | None = None

    @property
    def name(self) -> str:
        """Who it is."""
        return self.driver_name or self.team_name or "unknown driver"


@dataclass(frozen=True)
class Car:
    """A car that has laps; its name is the team's where several drive it."""

    entry_id: str
    car_class_id: str
    car_number: str | None
    driver_name: str | None
    start_position: int | None
    finish_position: int | None
    laps_led: int | None


@dataclass(frozen=True)
class RaceLap:
    """A lap of a car, as fct_race_laps has it."""

    entry_id: str
    lap_number: int
    position_after_lap: int | None
    gap_to_leader_s: float | None
    session_time_s: float | None
    lap_time_s: float | None
    sector_1_s: float | None
    sector_2_s: float | None
    sector_3_s: float | None
    lap_events: str | None
    is_valid: bool | None
    is_pit_lap: bool


@dataclass(frozen=True)
class Stint:
    """A stint of a car with the stop at its end, as race_stints and fct_pit_stops have them."""

    entry_id: str
    first_lap_number: int
    last_lap_number: int
    driver_name: str | None
    tyre_compound_front: str | None
    tyre_compound_rear: str | None
    median_lap_s: float | None
    stop_number: int | None
    lost_s: float | None
    is_driver_change: bool | None


@dataclass(frozen=True)
class Penalty:
    """A penalty, as fct_penalties has it."""

    entry_id: str | None
    lap_number: int | None
    driver_name: str | None
    kind: str | None
    reason: str | None
    penalty_s: float | None
    penalty_laps: int | None
    penalty_places: float | None
    served_lap_number: int | None


@dataclass(frozen=True)
class Audit:
    """What the field's formula makes of a result, as rating_audit has it."""

    entrant_id: str
    car_class_id: str
    expected_finish_in_class: float | None
    estimated_irating_change: float | None


@dataclass(frozen=True)
class Before:
    """A driver in a session before the race, as fct_qualifying_results or fct_practice_results has it."""

    event_session_id: str
    session_type: str
    car_class_id: str
    position_in_class: int | None
    driver_name: str | None
    car_name: str | None
    laps: int | None
    best_lap_s: float | None
    gap_s: float | None


@dataclass(frozen=True)
class WholeRace:
    """A race and all that its report tells."""

    race: Race
    fields: list[Field]
    results: list[Result]
    teams: list[Result]
    cars: list[Car]
    laps: list[RaceLap]
    stints: list[Stint]
    penalties: list[Penalty]
    audit: list[Audit]
    before: list[Before]

    @property
    def is_of_classes(self) -> bool:
        """Whether several classes drive."""
        return len(self.fields) > 1


@dataclass(frozen=True)
class _OtherSession:
    session_type: str
    race_id: str | None


def find_race(connection: Connection, named: str) -> Race:
    """The race that somebody means.

    Args:
        connection: To a warehouse that has been built.
        named: race_id, or `last`: the one that was held last.

    Raises:
        ReportError: there is none of that id, or the session is a practice or qualifying.
    """
    races = objects(connection, "race/races", Race, {})
    if not races:
        raise ReportError("The warehouse holds no race yet: `simrace run PATH` lands files of results.")
    if named == LAST:
        return next((race for race in races if race.held_at), races[0])
    for race in races:
        if race.race_id == named:
            return race
    if others := objects(connection, "race/other_session", _OtherSession, {"race_id": named}):
        of_event = [other.race_id for other in others if other.race_id]
        way_out = f"the race of its event is {listed(of_event)}" if of_event else "no race of its event was landed"
        raise ReportError(f"{named} is no race but {others[0].session_type}; {way_out}.")
    newest = "\n".join(f"  {race.race_id}  {joined(moment(race.held_at), race.track())}" for race in races[:SHOWN])
    raise ReportError(
        f"There is no race {named!r}. Write a race_id of marts.dim_races, or `{LAST}`. The newest:\n{newest}"
    )


def read_race(connection: Connection, race: Race) -> WholeRace:
    """All that the marts tell of a race."""
    names: Mapping[str, object] = {"race_id": race.race_id}
    return WholeRace(
        race,
        fields=objects(connection, "race/fields", Field, names),
        results=objects(connection, "race/results", Result, names),
        teams=objects(connection, "race/team_results", Result, names),
        cars=objects(connection, "race/cars", Car, names),
        laps=objects(connection, "race/laps", RaceLap, names),
        stints=objects(connection, "race/stints", Stint, names),
        penalties=objects(connection, "race/penalties", Penalty, names),
        audit=objects(connection, "race/audit", Audit, names),
        before=objects(connection, "race/sessions_before", Before, names),
    )
