"""A result file of RaceRoom: all sessions of an evening, with the usual traps."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

from simrace.generator.drivers import Racer
from simrace.generator.evening import ABSENT, DISQUALIFIED, FINISHED, RETIRED, Drive, Evening, Lap, SessionOfEvening
from simrace.generator.writing import set_modified

NO_TIME = -1000
SECTOR_SHARES = (0.29, 0.66)
FIRST_USER_ID = 5_000_000
FIRST_CAR_ID = 8_300
KINDS = {"practice": "Practice", "qualifying": "Qualify", "race": "Race"}
STATUSES = {FINISHED: "Finished", RETIRED: "DidNotFinish", ABSENT: "DidNotStart", DISQUALIFIED: "Disqualified"}


def write_raceroom_evening(directory: Path, evening: Evening) -> Path:
    """Write the file of an evening, which says in milliseconds when it ended.

    Args:
        directory: Folder to write to.
        evening: What happened.

    Returns:
        Path written.
    """
    directory.mkdir(parents=True, exist_ok=True)
    ended_at = evening.race.ended_at
    document = {
        "Server": evening.name,
        "StartTime": int((ended_at - timedelta(hours=1)).timestamp()),
        "Time": f"/Date({int(ended_at.timestamp() * 1000)})/",
        "Experience": "RaceRoom Experience",
        "Difficulty": "GetReal",
        "Track": evening.layout.track,
        "TrackLayout": evening.layout.config,
        "Sessions": [_session(session) for session in evening.sessions],
    }
    path = directory / f"{ended_at:%Y_%m_%d_%H_%M_%S}_raceroom.json"
    path.write_bytes(json.dumps(document, ensure_ascii=False, indent=2).encode())
    set_modified(path, ended_at)
    return path


def user_id(racer: Racer) -> int:
    """Number of a driver."""
    return FIRST_USER_ID + racer.cust_id


def _session(session: SessionOfEvening) -> dict[str, Any]:
    """Drivers in the order of their places; who came back has a second line, the last."""
    players = [_player(session, drive, drive.laps) for drive in session.drives]
    players += [_player(session, drive, ()) for drive in session.drives if drive.comes_back]
    return {"Type": KINDS[session.kind], "Players": [player | {"Position": at} for at, player in enumerate(players, 1)]}


def _player(session: SessionOfEvening, drive: Drive, laps: tuple[Lap, ...]) -> dict[str, Any]:
    told = [_lap(lap, place) for lap, place in zip(laps, session.places_after(drive), strict=False)]
    if drive.end == RETIRED:  # the lap on which he stopped stands there without a time, the last of those who began it
        ended = sum(len(other.laps) > len(laps) for other in session.drives)
        told.append(_lap(Lap(NO_TIME, counts=False), ended + 1))
    has_total = session.is_race and laps and drive.end != RETIRED
    return {
        "UserId": user_id(drive.racer),
        "FullName": drive.racer.name,
        "Username": drive.racer.name.replace(" ", ""),
        "CarId": FIRST_CAR_ID + drive.entry.car.car_id,
        "Car": drive.entry.car.name,
        "BestLapTime": drive.best_ms if laps else -1,
        "TotalTime": drive.told_total_ms if has_total else -1,
        "FinishStatus": STATUSES[drive.end if laps else ABSENT],
        "RaceSessionLaps": told,
    }


def _lap(lap: Lap, place: int) -> dict[str, Any]:
    """Sector times add up along the lap; the place is that at its end."""
    splits = [int(lap.time_ms * share) for share in SECTOR_SHARES] + [lap.time_ms]
    return {
        "Time": lap.time_ms,
        "SectorTimes": splits if lap.time_ms > 0 else [NO_TIME] * 3,
        "Valid": lap.counts,
        "PitStopOccured": lap.ends_in_pits,
        "Position": place,
    }
