"""Result files of an Assetto Corsa server: qualifying, the race, and a manager's copy of it, with the usual traps."""

import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np

from simrace.generator.drivers import Racer
from simrace.generator.track import Layout
from simrace.generator.writing import set_modified

RACE_LAPS = 6
QUALIFYING_LAPS = 3
MEAN_MPS = 38.0
NO_LAP = 999_999_999
SECTOR_SHARES = (0.31, 0.36)
CARS = ("jv_falcon_gt", "jv_kestrel_gt")
FIRST_GUID = 76_561_199_900_000_000
SERVER_CLOCK_MS = 2_750_000
PENALTY_NS = 5_000_000_000


def write_assetto_corsa_evening(
    directory: Path, rng: np.random.Generator, racers: list[Racer], layout: Layout, ended_at: datetime
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

    Returns:
        Paths written: qualifying, race, and the manager's copy of the race.
    """
    directory.mkdir(parents=True, exist_ok=True)
    mean_ms = layout.length_m / MEAN_MPS * 1000 * (1 + np.sort(rng.normal(0, 0.01, len(racers))))
    qualifying = _session("QUALIFY", rng, racers, mean_ms, layout)
    race = _session("RACE", rng, racers, mean_ms, layout)
    managed = _managed(race, ended_at)
    race_name = _name(ended_at, "RACE")
    qualifying_name = _name(ended_at - timedelta(minutes=25), "QUALIFY")
    written = []
    for name, document in ((qualifying_name, qualifying), (race_name, race), (f"{race_name}_manager", managed)):
        path = directory / f"{name}.json"
        path.write_bytes(json.dumps(document, ensure_ascii=False, indent="\t").encode())
        set_modified(path, ended_at + timedelta(days=document is managed))
        written.append(path)
    return written


def _name(ended_at: datetime, kind: str) -> str:
    return f"{ended_at.year}_{ended_at.month}_{ended_at.day}_{ended_at.hour}_{ended_at.minute}_{kind}"


def _session(
    kind: str, rng: np.random.Generator, racers: list[Racer], mean_ms: np.ndarray[Any, Any], layout: Layout
) -> dict[str, Any]:
    is_race = kind == "RACE"
    laps: list[dict[str, Any]] = []
    result: list[dict[str, Any]] = []
    for at, racer in enumerate(racers):
        is_late, returns = at == len(racers) - 1, at == len(racers) - 2
        lap_count = QUALIFYING_LAPS if not is_race else 0 if is_late else RACE_LAPS - (2 if returns else at // 3)
        times = (mean_ms[at] * (1 + np.abs(rng.normal(0, 0.004, lap_count)))).astype(int).tolist()
        cuts = [int(not is_race and number == at % QUALIFYING_LAPS) for number in range(lap_count)]
        driver = {"DriverName": racer.name, "DriverGuid": str(FIRST_GUID + racer.cust_id)}
        car = {"CarId": at, "CarModel": CARS[at % len(CARS)]}
        clock = SERVER_CLOCK_MS + (1_800_000 if is_race else 0)
        for time, cut in zip(times, cuts, strict=True):
            clock += time
            splits = [int(time * share) for share in SECTOR_SHARES]
            sectors = [*splits, time - sum(splits)]
            lap = {"Timestamp": clock, "LapTime": time, "Sectors": sectors, "Cuts": cut, "BallastKG": 0, "Tyre": "M"}
            laps.append(driver | car | lap)
        clean = [time for time, cut in zip(times, cuts, strict=True) if not cut]
        line = {"BestLap": min(clean, default=NO_LAP), "TotalTime": sum(times) if clean else 0, "BallastKG": 0}
        result.append(driver | car | line)
    if is_race:
        result += _lines_without_laps(racers)
        laps += _laps_of_one_who_left(laps, len(racers) - 1)
        driven = {car: sum(lap["CarId"] == car for lap in laps) for car in range(len(racers) + 2)}
        result.sort(key=lambda line: (not line["TotalTime"], -driven[line["CarId"]], line["TotalTime"]))
    else:
        result.sort(key=lambda line: line["BestLap"])
    laps.sort(key=lambda lap: lap["Timestamp"])
    return {
        "TrackName": layout.track,
        "TrackConfig": layout.config or "",
        "Type": kind,
        "DurationSecs": 0,
        "RaceLaps": RACE_LAPS if is_race else 0,
        "Cars": [_car(line) for line in sorted(result, key=lambda line: line["CarId"])],
        "Result": result,
        "Laps": laps,
        "Events": None,
    }


def _lines_without_laps(racers: list[Racer]) -> list[dict[str, Any]]:
    """The second car of the driver who came back, and a place that nobody took."""
    back = racers[-2]
    nothing = {"BestLap": NO_LAP, "TotalTime": 0, "BallastKG": 0}
    return [
        {"DriverName": back.name, "DriverGuid": str(FIRST_GUID + back.cust_id), "CarId": len(racers)}
        | {"CarModel": CARS[0]}
        | nothing,
        {"DriverName": "", "DriverGuid": "", "CarId": len(racers) + 1, "CarModel": CARS[1]} | nothing,
    ]


def _laps_of_one_who_left(laps: list[dict[str, Any]], car: int) -> list[dict[str, Any]]:
    """A lap of a driver whose place the last of the list took: he has no line."""
    lap = {"DriverName": "Guest", "DriverGuid": str(FIRST_GUID - 1), "CarId": car, "CarModel": CARS[car % len(CARS)]}
    return [laps[0] | lap | {"Timestamp": laps[0]["Timestamp"] + 1_250, "Tyre": "S"}]


def _car(line: dict[str, Any]) -> dict[str, Any]:
    driver = {"Name": line["DriverName"], "Team": "", "Guid": line["DriverGuid"]}
    return {"CarId": line["CarId"], "Driver": driver, "Model": line["CarModel"], "Skin": "default", "BallastKG": 0}


def _managed(race: dict[str, Any], ended_at: datetime) -> dict[str, Any]:
    """The race as a server manager saves it again: dated, with penalties that are in no total."""
    none = {"HasPenalty": False, "PenaltyTime": 0, "LapPenalty": 0, "Disqualified": False}
    result = [line | none for line in race["Result"]]
    last = [line for line in result if line["TotalTime"]][-1]
    last |= {"HasPenalty": True, "PenaltyTime": PENALTY_NS}
    told = {"Date": f"{ended_at:%Y-%m-%dT%H:%M:%SZ}", "SessionFile": _name(ended_at, "RACE"), "ChampionshipID": ""}
    return race | {"Result": result} | told
