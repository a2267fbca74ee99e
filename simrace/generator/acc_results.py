"""Files of an Assetto Corsa Competizione server: practice, qualifying, race and entry list, with the usual traps."""

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np

from simrace.generator.drivers import Racer
from simrace.generator.track import Layout
from simrace.generator.writing import set_modified

NO_LAP = 2_147_483_647
FORMATION_MS = 420_000
FIRST_CAR_ID = 1_001
UNKNOWN_CAR_ID = 1_900  # a car that left before the board was written
POST_RACE_S = 80  # instead of a drive-through that came too late to be served; in the car's total
SPLIT_SHARES = (0.31, 0.33)
MEAN_MPS = 39.0


@dataclass(frozen=True)
class AccSession:
    """One session of an evening, and what is odd about its file.

    Attributes:
        kind: FP, Q or R.
        index: Place among the evening's sessions.
        lap_limit: Laps of the fastest.
        minutes_before_end: End of the session before the end of the evening.
        blank_player_ids: Whether the file hides who is who.
        without_lap: Whether the last car set no lap.
    """

    kind: str
    index: int
    lap_limit: int
    minutes_before_end: int
    blank_player_ids: bool = False
    without_lap: bool = False


EVENING = (
    AccSession("FP", 0, 8, 70),
    AccSession("Q", 1, 5, 45, blank_player_ids=True, without_lap=True),
    AccSession("R", 2, 18, 0),
)


def write_acc_evening(
    directory: Path, rng: np.random.Generator, racers: list[Racer], layout: Layout, ended_at: datetime, reserve: Racer
) -> tuple[list[Path], dict[str, Any]]:
    """Write an evening's three files, a server manager's copy of the race, and the entry list.

    Args:
        directory: Folder to write to.
        rng: Source of luck.
        racers: Who drives.
        layout: Where.
        ended_at: End of the race by the server's clock, the only date there is: it names the files.
        reserve: Who stands in the entry list and does not come.

    Returns:
        Paths written, and the race's name, layout, end and finishing order.
    """
    directory.mkdir(parents=True, exist_ok=True)
    paths, document, stamp = [], {}, ""
    for session in EVENING:
        at = ended_at - timedelta(minutes=session.minutes_before_end)
        stamp = f"{at:%y%m%d_%H%M%S}_{session.kind}"
        document = _document(session, rng, racers, layout)
        path = directory / f"{stamp}.json"
        # The server writes UTF-16 without a byte order mark.
        path.write_bytes(json.dumps(document, ensure_ascii=False, indent=4).encode("utf-16-le"))
        set_modified(path, at)
        paths.append(path)
    managed = document | {
        "Date": f"{ended_at:%Y-%m-%dT%H:%M:%SZ}",
        "SessionFile": stamp,
        "metaData": "",
        "raceWeekendIndex": 0,
    }
    copy = directory / f"{stamp}_manager.json"
    copy.write_bytes(json.dumps(managed, ensure_ascii=False, indent=2, sort_keys=True).encode())
    set_modified(copy, ended_at)
    entry_list = directory / f"{ended_at:%y%m%d_%H%M%S}_entrylist.json"
    entry_list.write_bytes(
        json.dumps(_entry_list([*racers, reserve]), ensure_ascii=False, indent=4).encode("utf-16-le")
    )
    set_modified(entry_list, ended_at)
    order = [line["car"]["drivers"][0]["playerId"] for line in document["sessionResult"]["leaderBoardLines"]]
    return [*paths, copy, entry_list], {
        "race_id": f"acc:{stamp}:{layout.slug.replace(' ', '_')}",
        "layout": layout.name,
        "ended_at": ended_at.isoformat(),
        "finishing_order": order,
    }


def _entry_list(racers: list[Racer]) -> dict[str, Any]:
    """Who may take part. The server writes it beside the results; -1 is none."""
    entries = [
        {
            "drivers": [
                {
                    "firstName": racer.first_name,
                    "lastName": racer.last_name,
                    "shortName": racer.last_name[:3].upper(),
                    "driverCategory": 2,
                    "playerID": racer.player_id,
                }
            ],
            "raceNumber": int(racer.number),
            "forcedCarModel": -1,
            "overrideDriverInfo": 1,
            "defaultGridPosition": -1,
            "ballastKg": 0,
            "restrictor": 0,
            "isServerAdmin": 0,
        }
        for racer in racers
    ]
    return {"entries": entries, "forceEntryList": 1}


def _document(session: AccSession, rng: np.random.Generator, racers: list[Racer], layout: Layout) -> dict[str, Any]:
    race = session.kind == "R"
    mean_ms = layout.length_m / MEAN_MPS * 1000 * (1 + rng.normal(0, 0.008, len(racers)))
    times: list[list[int]] = []
    for at in range(len(racers)):
        driven = (mean_ms[at] * (1 + np.abs(rng.normal(0, 0.006, session.lap_limit)))).astype(int)
        if race:
            driven[0] += FORMATION_MS  # the clock of the first lap runs through the formation lap
            if at == len(racers) - 1:
                driven = driven[:-2]
        times.append(driven.tolist())
    if session.without_lap:
        times[-1] = []
    totals = [sum(laps) for laps in times]
    if race:
        totals[-2] += POST_RACE_S * 1000
        order = sorted(range(len(racers)), key=lambda at: (-len(times[at]), totals[at]))
    else:
        order = sorted(range(len(racers)), key=lambda at: min(times[at], default=NO_LAP))
    lines = [
        _line(FIRST_CAR_ID + at, racers[at], times[at], totals[at], session, rank) for rank, at in enumerate(order)
    ]

    crossings = [
        (sum(laps[: lap + 1]), FIRST_CAR_ID + at, time)
        for at, laps in enumerate(times)
        for lap, time in enumerate(laps)
    ]
    if race:
        crossings += [(int(mean_ms[0]) + FORMATION_MS + 900, UNKNOWN_CAR_ID, int(mean_ms[0]) + FORMATION_MS + 900)]
    laps_done = [
        {
            "carId": car_id,
            "driverIndex": 0,
            "laptime": time,
            "isValidForBest": bool(rng.random() > 0.08),
            "splits": _splits(time),
        }
        for _, car_id, time in sorted(crossings)
    ]
    best = min(time for _, _, time in crossings)
    known: dict[str, Any] = {"sessionType": session.kind, "trackName": layout.slug.replace(" ", "_")}
    if race:
        known["serverName"] = "Saltwind Racing Evenings 3 of 6"
    return known | {
        "sessionIndex": session.index,
        "sessionResult": {
            "bestlap": best,
            "bestSplits": _splits(best),
            "isWetSession": int(race),  # it was dry until then
            "type": int(race),
            "leaderBoardLines": lines,
        },
        "laps": laps_done,
        "penalties": _penalties(session, FIRST_CAR_ID + len(racers) - 1, lines[-1]["car"]["carId"]),
        "post_race_penalties": None if race else [],
    }


def _penalties(session: AccSession, last_car_id: int, slowest_car_id: int) -> list[dict[str, Any]]:
    """Laps count from 0, and 0 is none too. What the race turned into a time is cleared as if it had been served."""
    last_lap = session.lap_limit - 1
    listed = (
        [
            (last_car_id, "PitSpeeding", "StopAndGo_30", 3, 3, 5),
            (UNKNOWN_CAR_ID, "Cutting", "DriveThrough", 3, 0, 0),
            (last_car_id - 1, "Cutting", "DriveThrough", 3, last_lap, last_lap),
            (last_car_id - 1, "Cutting", "PostRaceTime", POST_RACE_S, last_lap, 0),
        ]
        if session.kind == "R"
        else [
            (slowest_car_id, "Cutting", "RemoveBestLaptime", 3, 2, 2),
            (last_car_id, "Cutting", "None", 0, 0, 3),
        ]
    )
    keys = ("carId", "reason", "penalty", "penaltyValue", "violationInLap", "clearedInLap")
    return [{"driverIndex": 0} | dict(zip(keys, penalty, strict=True)) for penalty in listed]


def _line(car_id: int, racer: Racer, laps: list[int], total_ms: int, session: AccSession, rank: int) -> dict[str, Any]:
    """A line of the board; its place in the list is the only position there is."""
    driver = {
        "firstName": racer.first_name,
        # One driver put the team's name on a second line.
        "lastName": f"{racer.last_name}\nSALTWIND" if rank == 2 else racer.last_name,
        "shortName": racer.last_name[:3].upper(),
        "playerId": "" if session.blank_player_ids else racer.player_id,
    }
    best, last = min(laps, default=NO_LAP), laps[-1] if laps else NO_LAP
    return {
        "car": {
            "carId": car_id,
            "raceNumber": int(racer.number),
            "carModel": car_id % 4,
            "cupCategory": 0,
            "teamName": "",
            "nationality": 0,
            "drivers": [driver],
        },
        "currentDriver": driver,
        "currentDriverIndex": 0,
        "timing": {
            "lastLap": last,
            "lastSplits": _splits(last),
            "bestLap": best,
            "bestSplits": _splits(best),
            "totalTime": total_ms,
            "lapCount": len(laps),
            "lastSplitId": 0,
        },
        "missingMandatoryPitstop": 0 if session.kind == "R" else -1,
        "driverTotalTimes": [0.0],
    }


def _splits(time_ms: int) -> list[int]:
    """Three sectors that add up to the lap; a formation lap hides in the first."""
    if time_ms == NO_LAP:
        return [NO_LAP] * 3
    racing = time_ms - FORMATION_MS if time_ms > FORMATION_MS else time_ms
    second, third = (int(racing * share) for share in SPLIT_SHARES)
    return [time_ms - second - third, second, third]
