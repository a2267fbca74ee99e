"""A result file of RaceRoom: qualifying and race, with the usual traps."""

import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np

from simrace.generator.drivers import Racer
from simrace.generator.track import Layout
from simrace.generator.writing import set_modified

RACE_LAPS = 9
QUALIFYING_LAPS = 4
MEAN_MPS = 41.0
NO_TIME = -1000
OUT_LAP = 1.3  # of another lap's time
SECTOR_SHARES = (0.29, 0.66)
CARS = ((9_101, "GTR3 Falcon"), (9_102, "GTR3 Kestrel"))
FIRST_USER_ID = 5_000_000


def write_raceroom_event(
    directory: Path, rng: np.random.Generator, racers: list[Racer], layout: Layout, ended_at: datetime
) -> Path:
    """Write the file of one evening; the last driver retires.

    Args:
        directory: Folder to write to.
        rng: Source of luck.
        racers: Who drives.
        layout: Where.
        ended_at: End of the event, which the file says in milliseconds.

    Returns:
        Path written.
    """
    directory.mkdir(parents=True, exist_ok=True)
    mean_ms = layout.length_m / MEAN_MPS * 1000 * (1 + np.sort(rng.normal(0, 0.01, len(racers))))
    document = {
        "Server": "Sunday Sprint",
        "StartTime": int((ended_at - timedelta(hours=1)).timestamp()),
        "Time": f"/Date({int(ended_at.timestamp() * 1000)})/",
        "Experience": "RaceRoom Experience",
        "Difficulty": "GetReal",
        "Track": layout.track,
        "TrackLayout": layout.config,
        "Sessions": [
            _session("Qualify", rng, racers, mean_ms, QUALIFYING_LAPS),
            _session("Race", rng, racers, mean_ms, RACE_LAPS),
        ],
    }
    path = directory / f"{ended_at:%Y_%m_%d_%H_%M_%S}_raceroom.json"
    path.write_bytes(json.dumps(document, ensure_ascii=False, indent=2).encode())
    set_modified(path, ended_at)
    return path


def _session(
    kind: str, rng: np.random.Generator, racers: list[Racer], mean_ms: np.ndarray[Any, Any], laps: int
) -> dict[str, Any]:
    players = []
    for at, racer in enumerate(racers):
        stops = np.where(np.arange(laps) == laps // 3, OUT_LAP, 1)  # behind the lap that ended in the pits
        times = (mean_ms[at] * stops * (1 + np.abs(rng.normal(0, 0.004, laps)))).astype(int).tolist()
        is_out = kind == "Race" and at == len(racers) - 1
        if is_out:  # the lap on which he stopped stands there without a time
            times = [*times[: laps // 2], NO_TIME]
        driven = [time for time in times if time > 0]
        car_id, car = CARS[at % len(CARS)]
        players.append(
            {
                "UserId": FIRST_USER_ID + racer.cust_id,
                "FullName": racer.name,
                "Username": racer.name.replace(" ", ""),
                "CarId": car_id,
                "Car": car,
                "BestLapTime": min(driven),
                "TotalTime": sum(driven) if kind == "Race" and not is_out else -1,
                "FinishStatus": "DidNotFinish" if is_out else "Finished",
                "RaceSessionLaps": [_lap(time, number == laps // 3) for number, time in enumerate(times, 1)],
            }
        )
    _place_laps(players)
    if kind == "Race":
        order = sorted(players, key=lambda player: (player["TotalTime"] < 0, player["TotalTime"]))
    else:
        order = sorted(players, key=lambda player: player["BestLapTime"])
    return {"Type": kind, "Players": [player | {"Position": at + 1} for at, player in enumerate(order)]}


def _place_laps(players: list[dict[str, Any]]) -> None:
    """Write the place of each car at the end of each lap; last is who did not end it."""
    laps = [player["RaceSessionLaps"] for player in players]
    for at in range(max(map(len, laps))):
        there = [one for one in laps if len(one) > at]
        there.sort(key=lambda one: (one[at]["Time"] < 0, sum(lap["Time"] for lap in one[: at + 1])))
        for place, one in enumerate(there, start=1):
            one[at]["Position"] = place


def _lap(time_ms: int, is_pit_lap: bool) -> dict[str, Any]:
    splits = [int(time_ms * share) for share in SECTOR_SHARES] + [time_ms]
    return {
        "Time": time_ms,
        "SectorTimes": splits if time_ms > 0 else [NO_TIME] * 3,
        "Valid": time_ms > 0,
        "PitStopOccured": is_pit_lap,
    }
