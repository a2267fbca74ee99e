"""Result files of an Assetto Corsa server, one a session, and a manager's copy of the race, with the usual traps."""

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np

from simrace.generator.drivers import Racer
from simrace.generator.evening import DISQUALIFIED, WRONG_TOTAL, Drive, Evening, Lap
from simrace.generator.race import FALCON, Entry
from simrace.generator.track import Layout
from simrace.generator.writing import set_modified

RACE_LAPS = 6
QUALIFYING_LAPS = 3
KINDS = {"practice": "PRACTICE", "qualifying": "QUALIFY", "race": "RACE"}
MEAN_MPS = 38.0
NO_LAP = 999_999_999
SECTOR_SHARES = (0.31, 0.36)
CARS = ("jv_falcon_gt", "jv_kestrel_gt")
FIRST_GUID = 76_561_199_900_000_000
SERVER_CLOCK_MS = 2_750_000
PENALTY_NS = 5_000_000_000


def write_assetto_corsa_evening(
    directory: Path, rng: np.random.Generator, racers: list[Racer], layout: Layout, ended_at: datetime, guest: Racer
) -> list[Path]:
    """Write the files of one evening.

    In the race the last driver but one leaves, comes back in another car and drives no lap in it; the last one took the
    place of a driver who had left, and never drives. The manager's copy has a time penalty, which changes no place.

    Args:
        directory: Folder to write to.
        rng: Source of luck.
        racers: Who drives, five at least.
        layout: Where.
        ended_at: End of the race. Only the names of the server's files say it.
        guest: Who drove a lap of the race, touched another, and left.

    Returns:
        Paths written: qualifying, race, and the manager's copy of the race.
    """
    directory.mkdir(parents=True, exist_ok=True)
    mean_ms = layout.length_m / MEAN_MPS * 1000 * (1 + np.sort(rng.normal(0, 0.01, len(racers))))
    qualifying = _drives(rng, racers, mean_ms, [QUALIFYING_LAPS] * len(racers), is_race=False)
    driven = [RACE_LAPS - at // 3 for at in range(len(racers) - 2)] + [RACE_LAPS - 2, 0]
    race = _drives(rng, racers, mean_ms, driven, is_race=True)
    race[-2] = replace(race[-2], comes_back=True)
    left = _laps_of_one_who_left(race[0], guest, race[-1].seat)
    told = _document("RACE", layout, race, left, _events(racers[0], guest, race[-1].seat))
    last = [line for line in told["Result"] if line["TotalTime"]][-1]
    penalties = {last["CarId"]: {"HasPenalty": True, "PenaltyTime": PENALTY_NS}}
    return [
        _write(directory, ended_at - timedelta(minutes=25), _document("QUALIFY", layout, qualifying), ended_at),
        _write(directory, ended_at, told, ended_at),
        _write_managed(directory, ended_at, told, penalties),
    ]


def write_assetto_corsa_season(directory: Path, evening: Evening) -> list[Path]:
    """Write the files of an evening of a season.

    The server's own file of the race has the order on the road, and the manager's copy the one after penalties.

    Args:
        directory: Folder to write to.
        evening: What happened.

    Returns:
        Paths written: one a session, and the manager's copy of the race.
    """
    directory.mkdir(parents=True, exist_ok=True)
    told = {
        session.kind: _document(KINDS[session.kind], evening.layout, session.drives) for session in evening.sessions
    }
    places = {drive.seat: place for place, drive in enumerate(evening.race.drives)}
    managed = sorted(told["race"]["Result"], key=lambda line: places.get(line["CarId"], len(places)))
    penalties = {
        drive.seat: {
            "HasPenalty": drive.penalty_s > 0,
            "PenaltyTime": drive.penalty_s * 1_000_000_000,
            "Disqualified": drive.end == DISQUALIFIED,
        }
        for drive in evening.race.drives
    }
    ended_at = evening.race.ended_at
    return [
        *(_write(directory, session.ended_at, told[session.kind], session.ended_at) for session in evening.sessions),
        _write_managed(directory, ended_at, told["race"] | {"Result": managed}, penalties),
    ]


def guid(racer: Racer) -> str:
    """Number of a driver."""
    return str(FIRST_GUID + racer.cust_id)


def _write(directory: Path, ended_at: datetime, document: dict[str, Any], saved_at: datetime, suffix: str = "") -> Path:
    path = directory / f"{_name(ended_at, document['Type'])}{suffix}.json"
    path.write_bytes(json.dumps(document, ensure_ascii=False, indent="\t").encode())
    set_modified(path, saved_at)
    return path


def _name(ended_at: datetime, kind: str) -> str:
    return f"{ended_at.year}_{ended_at.month}_{ended_at.day}_{ended_at.hour}_{ended_at.minute}_{kind}"


def _drives(
    rng: np.random.Generator,
    racers: list[Racer],
    mean_ms: np.ndarray[Any, Any],
    lap_counts: list[int],
    is_race: bool,
) -> list[Drive]:
    """Outside of a race each has one lap with a cut."""
    drives = []
    for at, (racer, lap_count) in enumerate(zip(racers, lap_counts, strict=True)):
        times = (mean_ms[at] * (1 + np.abs(rng.normal(0, 0.004, lap_count)))).astype(int).tolist()
        laps = tuple(Lap(time, is_race or number != at % QUALIFYING_LAPS) for number, time in enumerate(times))
        drives.append(Drive(Entry(racer.cust_id, racer.name, racer.number, FALCON, (racer,)), at, laps))
    return drives


def _document(
    kind: str,
    layout: Layout,
    drives: Sequence[Drive],
    laps_of_others: Sequence[dict[str, Any]] = (),
    events: list[dict[str, Any]] | None = None,
) -> dict[str, Any]:
    """A session as the server tells it: a race in the order on the road, any other by best laps."""
    is_race = kind == "RACE"
    ordered = sorted(
        drives,
        key=lambda drive: (
            (not drive.laps, -len(drive.laps), drive.driven_ms) if is_race else (drive.best_ms or NO_LAP,)
        ),
    )
    result = [_line(drive) for drive in ordered]
    if is_race:
        result += _lines_without_laps(drives)
    laps = [line for drive in drives for line in _laps(drive, is_race)] + [*laps_of_others]
    return {
        "TrackName": layout.track,
        "TrackConfig": layout.config or "",
        "Type": kind,
        "DurationSecs": 0,
        "RaceLaps": RACE_LAPS if is_race else 0,
        "Cars": [_car(line) for line in sorted(result, key=lambda line: line["CarId"])],
        "Result": result,
        "Laps": sorted(laps, key=lambda lap: lap["Timestamp"]),
        "Events": events,
    }


def _driver(drive: Drive) -> dict[str, Any]:
    car = {"CarId": drive.seat, "CarModel": CARS[drive.seat % len(CARS)]}
    return {"DriverName": drive.racer.name, "DriverGuid": guid(drive.racer)} | car


def _line(drive: Drive) -> dict[str, Any]:
    """What a manager adds to a total is not in it."""
    total_ms = drive.driven_ms * (WRONG_TOTAL if drive.has_wrong_total else 1)
    best_ms = drive.best_ms or NO_LAP
    return _driver(drive) | {"BestLap": best_ms, "TotalTime": total_ms if best_ms != NO_LAP else 0, "BallastKG": 0}


def _laps(drive: Drive, is_race: bool) -> list[dict[str, Any]]:
    """All that the driver drove, by the server's clock."""
    clock = SERVER_CLOCK_MS + (1_800_000 if is_race else 0)
    told = []
    for lap in drive.laps:
        clock += lap.time_ms
        splits = [int(lap.time_ms * share) for share in SECTOR_SHARES]
        line = {"Timestamp": clock, "LapTime": lap.time_ms, "Sectors": [*splits, lap.time_ms - sum(splits)]}
        told.append(_driver(drive) | line | {"Cuts": int(not lap.counts), "BallastKG": 0, "Tyre": "M"})
    return told


def _lines_without_laps(drives: Sequence[Drive]) -> list[dict[str, Any]]:
    """The second cars of drivers who came back, and a place that nobody took."""
    back = [drive for drive in drives if drive.comes_back]
    people = [(drive.racer.name, guid(drive.racer), CARS[0]) for drive in back] + [("", "", CARS[1])]
    nothing = {"BestLap": NO_LAP, "TotalTime": 0, "BallastKG": 0}
    return [
        {"DriverName": name, "DriverGuid": driver, "CarId": car_id, "CarModel": model} | nothing
        for car_id, (name, driver, model) in enumerate(people, len(drives))
    ]


def _laps_of_one_who_left(first: Drive, guest: Racer, car: int) -> list[dict[str, Any]]:
    """A lap of a driver whose place the last of the list took: he has no line."""
    lap = _laps(first, is_race=True)[0]
    driver = {"DriverName": guest.name, "DriverGuid": guid(guest), "CarId": car, "CarModel": CARS[car % len(CARS)]}
    return [lap | driver | {"Timestamp": lap["Timestamp"] + 1_250, "Tyre": "S"}]


def _events(racer: Racer, guest: Racer, car: int) -> list[dict[str, Any]]:
    """A contact of the first with one who leaves."""
    first, second = (
        {"Name": driver.name, "Team": "", "Nation": "", "Guid": guid(driver), "GuidsList": [guid(driver)]}
        for driver in (racer, guest)
    )
    place = {"WorldPosition": {"X": 12.5, "Y": 1.25, "Z": -40.0}, "RelPosition": {"X": 0.5, "Y": 0.25, "Z": 1.5}}
    contact = {"Type": "COLLISION_WITH_CAR", "CarId": 0, "Driver": first, "OtherCarId": car, "OtherDriver": second}
    return [contact | {"ImpactSpeed": 21.5} | place]


def _car(line: dict[str, Any]) -> dict[str, Any]:
    driver = {"Name": line["DriverName"], "Team": "", "Guid": line["DriverGuid"]}
    return {"CarId": line["CarId"], "Driver": driver, "Model": line["CarModel"], "Skin": "default", "BallastKG": 0}


def _write_managed(
    directory: Path, ended_at: datetime, race: dict[str, Any], penalties: dict[int, dict[str, Any]]
) -> Path:
    """Write the race as a server manager saves it again: dated, with penalties by car that are in no total."""
    none = {"HasPenalty": False, "PenaltyTime": 0, "LapPenalty": 0, "Disqualified": False}
    result = [line | none | penalties.get(line["CarId"], {}) for line in race["Result"]]
    told = {"Date": f"{ended_at:%Y-%m-%dT%H:%M:%SZ}", "SessionFile": _name(ended_at, "RACE"), "ChampionshipID": ""}
    return _write(directory, ended_at, race | {"Result": result} | told, ended_at + timedelta(days=1), "_manager")
