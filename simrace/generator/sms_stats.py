"""Statistics of a dedicated server of Automobilista 2: two copies of one file, and a season, with the usual traps."""

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np

from simrace.generator.catalogue import LAYOUTS
from simrace.generator.drivers import Racer
from simrace.generator.evening import ABSENT, DISQUALIFIED, FINISHED, RETIRED, Drive, Evening, Lap, SessionOfEvening
from simrace.generator.track import Layout
from simrace.generator.writing import set_modified

RACE_LAPS = 7
QUALIFYING_LAPS = 3
MEAN_MPS = 40.0
SECTOR_SHARES = (0.33, 0.35)
VEHICLES = (-1_700_000_401, 1_700_000_402)
TRACK_ID = 1_700_000_501 - LAYOUTS[0].track_id
STAGES = {"practice": "practice1", "qualifying": "qualifying1", "race": "race1"}
STATES = {FINISHED: "Finished", RETIRED: "Retired", ABSENT: "Finished", DISQUALIFIED: "Disqualified"}
FIRST_STEAM_ID = 76_561_199_800_000_000
HEAD = (
    "// Persistent data for addon 'sms_stats', addon version 2.0\n"
    "// Automatically maintained by the addon, do not edit!\n\n"
)


@dataclass(frozen=True)
class Seat:
    """A driver, for as long as he stays on the server.

    Attributes:
        racer: Who it is.
        connection: Number that stands for him meanwhile.
        participant: Number on the grid, which others get when he has left.
    """

    racer: Racer
    connection: int
    participant: int

    @property
    def steam_id(self) -> str:
        """As the server has it."""
        return steam_id(self.racer)


def steam_id(racer: Racer) -> str:
    """Number of a driver."""
    return str(FIRST_STEAM_ID + racer.cust_id)


def track_number(layout: Layout) -> int:
    """Number of a layout, which has no name in the files."""
    return TRACK_ID + layout.track_id


def write_sms_stats(
    directory: Path, rng: np.random.Generator, racers: list[Racer], layout: Layout, opened_at: datetime
) -> list[Path]:
    """Write the server's file as it was during the race, and as it was after a second race of the evening.

    In qualifying the third driver comes back with another number. In the race the first is disqualified, the last but
    one retires, the last never drives, the second has left when it ends, and the name of the third is empty. The second
    race has three drivers, and the server lists no laps of it.

    Args:
        directory: Folder to write to.
        rng: Source of luck.
        racers: Who drives, six at least.
        layout: Where; the file has a number for it.
        opened_at: When the server opened the event.

    Returns:
        Paths written.
    """
    directory.mkdir(parents=True, exist_ok=True)
    mean_ms = layout.length_m / MEAN_MPS * 1000 * (1 + np.sort(rng.normal(0, 0.01, len(racers))))
    seats = [Seat(racer, 41_000 + 17 * at, at) for at, racer in enumerate(racers)]
    qualifying_at, race_at = opened_at + timedelta(minutes=20), opened_at + timedelta(minutes=36)
    qualifying = _qualifying(rng, seats, mean_ms, qualifying_at)
    race = _race(rng, seats, mean_ms, race_at)
    practice = _stage(opened_at + timedelta(seconds=31), qualifying_at, {}, {})
    empty = _event(1, opened_at - timedelta(hours=2), {}, [], False)
    during = {
        "practice1": practice,
        "qualifying1": qualifying,
        "race1": race | {"end_time": 0, "results": {}, "events": race["events"][: len(racers)]},
    }
    over = {"practice1": practice, "qualifying1": qualifying, "race1": race}
    again_at = opened_at + timedelta(hours=2)
    lone = [Seat(seat.racer, 52_000 + at, at + 1) for at, seat in enumerate(seats[:3])]
    again = {"race1": _race(rng, lone, mean_ms[:3], again_at, is_eventful=False) | {"events": {}}}
    stayed = [seat for seat in seats if seat is not seats[1]]
    copies = (
        ("Saltwind Racing", [empty, _event(2, opened_at, during, seats, False)], opened_at + timedelta(minutes=40)),
        (
            "Saltwind Racing, round 2",
            [empty, _event(2, opened_at, over, stayed, True), _event(3, again_at, again, [], True, lone)],
            again_at + timedelta(hours=1),
        ),
    )
    return [
        _write(directory / f"sms_stats_data_{number}.json", server, history, seats, opened_at, saved_at)
        for number, (server, history, saved_at) in enumerate(copies, 1)
    ]


def write_sms_season(directory: Path, evenings: list[Evening]) -> list[Path]:
    """Write the file of a server on which a season was driven.

    Who is disqualified keeps the place on the road there, and a driver who came back has a second line.

    Args:
        directory: Folder to write to.
        evenings: What happened.

    Returns:
        Path written.
    """
    directory.mkdir(parents=True, exist_ok=True)
    history = []
    people: dict[str, Seat] = {}
    for number, evening in enumerate(evenings, 1):
        seats = {drive.seat: Seat(drive.racer, 70_000 + 1_000 * number + drive.seat, drive.seat + 1)
                 for drive in evening.sessions[0].drives}  # fmt: skip
        stages = {STAGES[session.kind]: _stage_of(session, seats) for session in evening.sessions}
        opened_at = evening.sessions[0].started_at - timedelta(minutes=2)
        history.append(_event(number, opened_at, stages, [*seats.values()], True, layout=evening.layout))
        people |= {seat.steam_id: seat for seat in seats.values()}
    last = evenings[-1]
    path = directory / "sms_stats_data_season.json"
    times = last.sessions[0].started_at, last.race.ended_at
    return [_write(path, last.name, history, [*people.values()], *times)]


def _write(
    path: Path, server: str, history: list[dict[str, Any]], seats: list[Seat], joined_at: datetime, saved_at: datetime
) -> Path:
    players = {seat.steam_id: {"last_joined": int(joined_at.timestamp()), "name": seat.racer.name} for seat in seats}
    stats = {"history": history, "players": players, "server": {"name": server}, "session": {"counts": {}}}
    document = {"next_history_index": len(history) + 1, "stats": stats}
    path.write_bytes(f"{HEAD}{json.dumps(document, ensure_ascii=False, indent=2)}\n\n// EOF //\n".encode())
    set_modified(path, saved_at)
    return path


def _stage_of(session: SessionOfEvening, seats: dict[int, Seat]) -> dict[str, Any]:
    """A session as the server tells it: laps as they ended, and results in the order on the road."""
    events: list[tuple[float, dict[str, Any]]] = []
    for drive in session.drives:
        for at, (lap, place) in enumerate(zip(drive.laps, session.places_after(drive), strict=True)):
            counted = sum(before.counts for before in drive.laps[:at])
            event = _lap(seats[drive.seat], counted, lap.time_ms, lap.counts, session.started_at)
            event["attributes"]["RacePosition"] = place
            event["time"] = int(session.started_at.timestamp() + drive.clock_at(at + 1) / 1000)
            events.append((drive.clock_at(at + 1), event))
    road = session.drives
    if session.is_race:
        road = tuple(sorted(road, key=lambda drive: (-len(drive.laps), drive.driven_ms)))
    lines = [(drive, drive.laps) for drive in road] + [(drive, ()) for drive in road if drive.comes_back]
    results = [_result_of(seats[drive.seat], drive, laps, session) for drive, laps in lines]
    for place, result in enumerate(results, 1):
        result["attributes"]["RacePosition"] = place
    ordered = [event for _, event in sorted(events, key=lambda timed: timed[0])]
    return _stage(session.started_at, session.ended_at, ordered, results)


def _result_of(seat: Seat, drive: Drive, laps: tuple[Lap, ...], session: SessionOfEvening) -> dict[str, Any]:
    counted = sum(lap.counts for lap in laps)
    total_ms = drive.told_total_ms if laps and drive.end != RETIRED else 0
    best_ms = (drive.best_ms if laps else None) or 0
    return _result(seat, counted, total_ms, best_ms, STATES[drive.end], session.started_at)


def _event(
    number: int,
    opened_at: datetime,
    stages: dict[str, Any],
    members: list[Seat],
    finished: bool,
    participants: list[Seat] | None = None,
    layout: Layout = LAYOUTS[0],
) -> dict[str, Any]:
    there = {seat.participant: _participant(seat) for seat in (members if participants is None else participants)}
    # the server's list is an array where its keys are 1, 2, 3
    is_array = list(there) == list(range(1, len(there) + 1))
    ends = [stage["end_time"] for stage in stages.values()]
    return {
        "end_time": max(ends) if finished else 0,
        "finished": finished,
        "index": number,
        "members": {str(seat.connection): _member(seat) for seat in members},
        "participants": list(there.values()) if is_array and there else {str(key): there[key] for key in there},
        "setup": {"GridSize": 24, "PracticeDateHour": 11, "RaceLength": RACE_LAPS, "TrackId": track_number(layout)},
        "stages": stages,
        "start_time": int(opened_at.timestamp()),
    }


def _member(seat: Seat) -> dict[str, Any]:
    return {
        "index": seat.participant,
        "leave_time": -1,
        "name": seat.racer.name,
        "participantid": seat.participant,
        "setup": {"VehicleId": _vehicle(seat)},
        "steamid": seat.steam_id,
    }


def _participant(seat: Seat) -> dict[str, Any]:
    return {"IsPlayer": 1, "Name": seat.racer.name, "RefId": seat.connection, "VehicleId": _vehicle(seat)}


def _vehicle(seat: Seat) -> int:
    return VEHICLES[seat.racer.cust_id % len(VEHICLES)]


def _stage(started_at: datetime, ended_at: datetime, events: Any, results: Any) -> dict[str, Any]:
    return {
        "end_time": int(ended_at.timestamp()),
        "events": events,
        "results": results,
        "start_time": int(started_at.timestamp()),
    }


def _qualifying(
    rng: np.random.Generator, seats: list[Seat], mean_ms: np.ndarray[Any, Any], started_at: datetime
) -> dict[str, Any]:
    events: list[dict[str, Any]] = []
    results: list[dict[str, Any]] = []
    for at, seat in enumerate(seats):
        times = _times(rng, mean_ms[at], QUALIFYING_LAPS)
        if at == 2:  # he was there before under the number of one who comes later
            before = Seat(seat.racer, seat.connection - 5, seats[-1].participant)
            events.append(_lap(before, 0, times[0] + 2_500, True, started_at))
        cut = at % QUALIFYING_LAPS
        # a lap that does not count has the number of the next one
        events += [_lap(seat, lap - (lap > cut), time, lap != cut, started_at) for lap, time in enumerate(times)]
        best = min(time for lap, time in enumerate(times) if lap != cut)
        results.append(_result(seat, QUALIFYING_LAPS - 1, 900_000 + at, best, "Finished", started_at))
    _place(results, "FastestLapTime")
    events.sort(key=lambda event: int(event["time"]))
    return _stage(started_at, started_at + timedelta(minutes=16), events, results)


def _race(
    rng: np.random.Generator,
    seats: list[Seat],
    mean_ms: np.ndarray[Any, Any],
    started_at: datetime,
    is_eventful: bool = True,
) -> dict[str, Any]:
    events: list[dict[str, Any]] = []
    results: list[dict[str, Any]] = []
    for at, seat in enumerate(seats):
        retires, waits = (is_eventful and at == len(seats) - left for left in (2, 1))
        laps = 0 if waits else 2 if retires else RACE_LAPS - (at > 3)
        times = _times(rng, mean_ms[at], laps)
        state = "Disqualified" if is_eventful and at == 0 else "Retired" if retires else "Finished"
        events += [_lap(seat, lap, time, at != 0 or lap > 0, started_at) for lap, time in enumerate(times)]
        total = 0 if retires else sum(times)
        results.append(_result(seat, laps, total, min(times, default=0), state, started_at))
    if is_eventful:
        results[2]["name"] = ""
    _place(results, "TotalTime")
    events.sort(key=lambda event: (int(event["attributes"]["Lap"]), int(event["time"])))
    return _stage(started_at, started_at + timedelta(minutes=20), events, results)


def _times(rng: np.random.Generator, mean_ms: float, laps: int) -> list[int]:
    return [int(time) for time in mean_ms * (1 + np.abs(rng.normal(0, 0.004, laps)))]


def _lap(seat: Seat, number: int, time: int, counts: bool, started_at: datetime) -> dict[str, Any]:
    sectors = [int(time * share) for share in SECTOR_SHARES]
    attributes = {
        "CountThisLapTimes": int(counts),
        "DistanceTravelled": 4_200,
        "Lap": number,
        "LapTime": time,
        "RacePosition": seat.participant + 1,
        "Sector1Time": sectors[0],
        "Sector2Time": sectors[1],
        "Sector3Time": time - sum(sectors),
    }
    ended_at = int(started_at.timestamp()) + (number + 1) * time // 1000
    return _of(seat, ended_at) | {"attributes": attributes, "event_name": "Lap"}


def _result(seat: Seat, laps: int, total: int, best: int, state: str, started_at: datetime) -> dict[str, Any]:
    attributes = {
        "FastestLapTime": best,
        "Lap": laps,
        "RacePosition": 0,  # until all are there
        "State": state,
        "TotalTime": total,
        "VehicleId": _vehicle(seat),
    }
    return _of(seat, int(started_at.timestamp()) + 1_200) | {"attributes": attributes}


def _place(results: list[dict[str, Any]], time: str) -> None:
    """Put results in order of laps and a time."""
    results.sort(key=lambda line: (-line["attributes"]["Lap"], line["attributes"][time]))
    for place, line in enumerate(results, 1):
        line["attributes"]["RacePosition"] = place


def _of(seat: Seat, time: int) -> dict[str, Any]:
    return {
        "is_player": True,
        "name": seat.racer.name,
        "participantid": seat.participant,
        "refid": seat.connection,
        "time": time,
    }
