"""Seasons of Le Mans Ultimate, RaceRoom, Assetto Corsa and Automobilista 2: the marts say what was driven in them.

The generator is asked for the truth once more, and nothing of the files is read here.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from simrace.generator.assetto_corsa_results import guid
from simrace.generator.drivers import Racer
from simrace.generator.evening import ABSENT, DISQUALIFIED, FINISHED, RETIRED, ROUNDS, Drive, Evening, SessionOfEvening
from simrace.generator.raceroom_results import user_id
from simrace.generator.season import run_other_seasons
from simrace.generator.sms_stats import steam_id, track_number
from tests.conftest import Warehouse

SIMS = ("lmu", "raceroom", "assetto_corsa", "ams2")
SEED = 1
# What the files of a sim say of the end of a race.
REASONS = {
    "lmu": {FINISHED: "running", RETIRED: "suspension", ABSENT: "did not start", DISQUALIFIED: "disqualified"},
    "raceroom": {
        FINISHED: "running",
        RETIRED: "did not finish",
        ABSENT: "did not start",
        DISQUALIFIED: "disqualified",
    },
    "ams2": {FINISHED: "running", RETIRED: "retired", ABSENT: "did not start", DISQUALIFIED: "disqualified"},
    "assetto_corsa": {FINISHED: None, RETIRED: None, ABSENT: "did not start", DISQUALIFIED: "disqualified"},
}
TOP_10 = (25, 18, 15, 12, 10, 8, 6, 4, 2, 1)
WITH_TOTAL = {
    "lmu": (FINISHED,),
    "raceroom": (FINISHED, DISQUALIFIED),
    "ams2": (FINISHED, DISQUALIFIED),
    "assetto_corsa": (FINISHED, RETIRED, DISQUALIFIED),
}


@dataclass(frozen=True)
class Season:
    """A sim's season, and the ids that its sessions have in the warehouse."""

    sim: str
    evenings: list[Evening]
    ids: dict[tuple[int, str], str]

    def sessions(self, *kinds: str) -> Iterator[tuple[str, SessionOfEvening]]:
        for number, evening in enumerate(self.evenings):
            for session in evening.sessions:
                if session.kind in kinds:
                    yield self.ids[number, session.kind], session

    def driver(self, racer: Racer) -> str:
        keys = {
            "lmu": f"name:{racer.name}",
            "raceroom": str(user_id(racer)),
            "assetto_corsa": guid(racer),
            "ams2": steam_id(racer),
        }
        return f"{self.sim}:{keys[self.sim]}"

    def track(self, evening: Evening) -> tuple[str, str | None]:
        """Name and configuration; Automobilista has a number for both."""
        if self.sim == "ams2":
            return str(track_number(evening.layout)), None
        return evening.layout.track, evening.layout.config

    def races(self) -> str:
        """The ids of the races, as a list in SQL."""
        return ", ".join(f"'{race}'" for race, _ in self.sessions("race"))


@pytest.fixture(scope="module", params=SIMS)
def season(request: pytest.FixtureRequest, warehouse: Warehouse) -> Season:
    sim = str(request.param)
    found = warehouse.query(
        "select event_session_id, session_type, track_name, coalesce(ended_at, started_at) from "
        f"marts.dim_event_sessions where sim = '{sim}' and coalesce(started_at, ended_at) >= '2026-03-01' order by 4"
    )
    made = Season(sim, run_other_seasons(SEED)[sim], {})
    assert len(found) == len(made.evenings) * 3
    for number, evening in enumerate(made.evenings):
        for session in evening.sessions:
            at = {"lmu": session.started_at, "raceroom": evening.race.ended_at}.get(sim, session.ended_at)
            [made.ids[number, session.kind]] = [
                str(name)
                for name, kind, track, known_at in found
                if (kind, track, known_at) == (session.kind, made.track(evening)[0], at)
            ]
    return made


def test_sessions_of_an_evening_are_told_apart(warehouse: Warehouse, season: Season) -> None:
    rows = warehouse.query(
        "select event_session_id, is_race, config_name, event_name from marts.dim_event_sessions "
        f"where sim = '{season.sim}'"
    )
    known = {row[0]: row[1:] for row in rows}
    for number, evening in enumerate(season.evenings):
        name = None if season.sim == "assetto_corsa" else evening.name
        for session in evening.sessions:
            wanted = (session.kind == "race", season.track(evening)[1], name)
            assert known[season.ids[number, session.kind]] == wanted
    races = warehouse.query(
        f"select race_id, entries, drivers, car_classes from marts.dim_races where race_id in ({season.races()})"
    )
    assert sorted(races) == sorted((race, *[len(session.drives)] * 2, 1) for race, session in season.sessions("race"))


def test_races_end_as_they_were_driven(warehouse: Warehouse, season: Season) -> None:
    """Places, laps, times, gaps, grid and ends; a wrong total costs the time and the gap, and no place."""
    wanted = []
    for race, session in season.sessions("race"):
        winner = session.drives[0]
        for place, drive in enumerate(session.drives, 1):
            has_time = drive.end in WITH_TOTAL[season.sim] and not drive.has_wrong_total
            reason = REASONS[season.sim][drive.end]
            is_level = len(drive.laps) == len(winner.laps) and drive.end == FINISHED
            wanted.append(
                (
                    race,
                    season.driver(drive.racer),
                    drive.racer.name,
                    place,
                    len(drive.laps),
                    len(winner.laps) - len(drive.laps),
                    drive.total_ms if has_time else None,
                    drive.total_ms - winner.total_ms if has_time and is_level else None,
                    drive.best_ms,
                    drive.grid,
                    reason,
                    drive.end != ABSENT,
                    None if reason is None else reason != "running",
                    drive.has_wrong_total,
                )
            )
    found = warehouse.query(
        "select race_id, driver_id, driver_name, finish_position, laps, laps_down, race_time_ms, gap_to_winner_ms, "
        "best_lap_ms, start_position, out_reason, is_starter, did_not_finish, is_race_time_implausible "
        f"from marts.fct_race_results where race_id in ({season.races()})"
    )
    assert sorted(found, key=str) == sorted(wanted, key=str)
    ends = {drive.end for _, session in season.sessions("race") for drive in session.drives}
    assert ends == {FINISHED, RETIRED, ABSENT, DISQUALIFIED}


@pytest.mark.parametrize("kind", ["practice", "qualifying"])
def test_best_laps_make_the_order_before_a_race(warehouse: Warehouse, season: Season, kind: str) -> None:
    """A lap that does not count makes no place, however quick it was."""
    wanted = []
    for event_session, session in season.sessions(kind):
        best = session.drives[0].best_ms or 0
        for place, drive in enumerate(session.drives, 1):
            gap = (drive.best_ms or 0) - best
            # Automobilista counts those alone that count for the order
            laps = sum(lap.counts for lap in drive.laps) if season.sim == "ams2" else len(drive.laps)
            wanted.append((event_session, season.driver(drive.racer), place, laps, drive.best_ms, gap))
    ids = ", ".join(f"'{event_session}'" for event_session, _ in season.sessions(kind))
    found = warehouse.query(
        "select event_session_id, driver_id, position, laps, best_lap_ms, gap_to_best_ms "
        f"from marts.fct_{kind}_results where event_session_id in ({ids})"
    )
    assert sorted(found) == sorted(wanted)


def test_the_grid_is_that_of_qualifying(season: Season) -> None:
    """The generator's own facts agree, so that the grid of a file without one can be proven above."""
    races, qualifying = (dict(season.sessions(kind)) for kind in ("race", "qualifying"))
    for race, session in zip(races.values(), qualifying.values(), strict=True):
        grid = {drive.racer.name: drive.grid for drive in race.drives if drive.grid}
        assert grid == {drive.racer.name: place for place, drive in enumerate(session.drives, 1)}


def test_laps_are_those_that_were_driven(warehouse: Warehouse, season: Season) -> None:
    """In a list of RaceRoom the lap on which a car stopped is there too, without a time."""
    wanted = [
        (race, season.driver(drive.racer), number, lap.time_ms, lap.counts)
        for race, session in season.sessions("race")
        for drive in session.drives
        for number, lap in enumerate(drive.laps, 1)
    ]
    found = warehouse.query(
        "select race_id, driver_id, lap_number, lap_time_ms, coalesce(is_valid, true) from marts.fct_race_laps "
        f"where race_id in ({season.races()}) and lap_time_ms is not null"
    )
    assert sorted(found) == sorted(wanted)
    behind = {}
    for race, session in season.sessions("race"):
        for drive in session.drives:
            for number, place in enumerate(session.places_after(drive), 1):
                first = min(other.clock_at(number) for other in session.drives)
                behind[race, season.driver(drive.racer), number] = place, drive.clock_at(number) - first
    rows = warehouse.query(
        "select race_id, driver_id, lap_number, position_after_lap, gap_to_leader_ms from marts.fct_race_laps "
        f"where race_id in ({season.races()}) and lap_time_ms is not null"
    )
    places = [(tuple(lap), place, behind[lap[0], lap[1], lap[2]][0]) for *lap, place, _ in rows]
    assert [lap for lap in places if lap[1] != lap[2]] == []
    gaps = [(tuple(lap), gap, behind[lap[0], lap[1], lap[2]][1]) for *lap, _, gap in rows if gap is not None]
    assert [lap for lap in gaps if abs(lap[1] - lap[2]) > 1] == [], "to the millisecond to which clocks are rounded"
    assert len(gaps) > len(rows) / 2


def test_penalties_are_those_that_were_given(warehouse: Warehouse, season: Season) -> None:
    wanted: list[tuple[Any, ...]] = []
    for race, session in season.sessions("race"):
        for drive in session.drives:
            wanted += [(race, season.driver(drive.racer), *penalty) for penalty in _penalties(season.sim, drive)]
    found = warehouse.query(
        "select event_session_id, driver_id, kind, lap_number, served_lap_number, cast(penalty_s as integer), "
        f"is_served, is_in_race_time from marts.fct_penalties where event_session_id in ({season.races()})"
    )
    assert sorted(found, key=str) == sorted(wanted, key=str)
    assert bool(wanted) == (season.sim in ("lmu", "assetto_corsa"))


def _penalties(sim: str, drive: Drive) -> Iterator[tuple[Any, ...]]:
    """Kind, lap, lap served, seconds, served, in the race time."""
    last = len(drive.laps)
    if sim == "lmu":
        if drive.is_served:
            yield "drive_through", 2, 4, None, True, None
        if drive.penalty_s:
            yield "drive_through", last, None, None, False, None
            yield "time", last, None, drive.penalty_s, None, True
    if sim == "assetto_corsa":
        if drive.penalty_s:
            yield "time", None, None, drive.penalty_s, None, True
        if drive.end == DISQUALIFIED:
            yield "disqualified", None, None, None, None, None


def test_form_counts_the_rounds_before(warehouse: Warehouse, season: Season) -> None:
    wanted = []
    past: dict[str, list[int]] = {}
    for race, session in season.sessions("race"):
        places = {season.driver(drive.racer): place for place, drive in enumerate(session.drives, 1)}
        for driver in places:
            before = past.get(driver, [])
            mean = round(sum(before) / len(before), 6) if before else None
            wanted.append((race, driver, len(before) + 1, len(before), 0, mean))
        for driver, place in places.items():
            past.setdefault(driver, []).append(place)
    found = warehouse.query(
        "select race_id, driver_id, driver_race_number, races_recent, races_on_layout, avg_finish_recent::float8 "
        f"from marts.driver_race_form where race_id in ({season.races()})"
    )
    assert sorted(found, key=str) == sorted(wanted, key=str)


def test_who_beat_whom(warehouse: Warehouse, season: Season) -> None:
    meetings: dict[tuple[str, str], list[int]] = {}
    for _, session in season.sessions("race"):
        places = {
            season.driver(drive.racer): place for place, drive in enumerate(session.drives, 1) if drive.end != ABSENT
        }
        for driver, place in places.items():
            for opponent, other in places.items():
                if driver != opponent:
                    meetings.setdefault((driver, opponent), []).append(other - place)
    wanted = [
        (*pair, len(gaps), sum(gap > 0 for gap in gaps), sum(gap < 0 for gap in gaps))
        for pair, gaps in meetings.items()
    ]
    drivers = ", ".join(sorted({"'" + driver.replace("'", "''") + "'" for driver, _ in meetings}))
    found = warehouse.query(
        "select driver_id, opponent_id, races, races_ahead, races_behind from marts.head_to_head "
        f"where driver_id in ({drivers})"
    )
    assert sorted(found) == sorted(wanted)


@pytest.mark.parametrize("season", ["lmu", "raceroom"], indirect=True)
def test_standings_are_the_points_of_the_rounds(warehouse: Warehouse, season: Season) -> None:
    """By the rows of the seed: with pole, or with the fastest lap and the best two."""
    counted, pole, fastest = {"lmu": (ROUNDS, 1, 0), "raceroom": (2, 0, 1)}[season.sim]
    rounds: dict[str, list[float]] = {}
    for _, session in season.sessions("race"):
        scoring = [drive for drive in session.drives if drive.end not in (ABSENT, DISQUALIFIED)]
        quickest = min(drive.best_ms for drive in scoring if drive.best_ms and drive.laps)
        for place, drive in enumerate(session.drives, 1):
            points = TOP_10[place - 1] if place <= len(TOP_10) and drive in scoring else 0
            bonus = pole * (drive.grid == 1) + fastest * (drive.best_ms == quickest) if drive in scoring else 0
            rounds.setdefault(season.driver(drive.racer), []).append(points + bonus)
    wanted = {driver: sum(sorted(points)[-counted:]) for driver, points in rounds.items()}
    found = warehouse.query(
        "select driver_id, points::float8, position from marts.championship_standings "
        f"where championship_id = 'example_saltwind_{season.sim}' order by position"
    )
    assert {driver: points for driver, points, _ in found} == wanted
    assert [points for _, points, _ in found] == sorted(wanted.values(), reverse=True)
