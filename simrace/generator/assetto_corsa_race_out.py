"""Assetto Corsa's race_out.json of a player's own evening, and Content Manager's copy of it, with the usual traps."""

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np

from simrace.generator.assetto_corsa_results import CARS, MEAN_MPS
from simrace.generator.drivers import Racer
from simrace.generator.track import Layout
from simrace.generator.writing import set_modified

SESSIONS = ((1, "Practice", 2), (2, "Qualify", 3), (3, "Race", 5))
SECTOR_SHARES = (0.31, 0.36)


def write_race_out(
    directory: Path, rng: np.random.Generator, racers: list[Racer], layout: Layout, ended_at: datetime
) -> list[Path]:
    """Write an evening against the game's own drivers; the last of them never drives, and a place is empty.

    Args:
        directory: Folder to write to.
        rng: Source of luck.
        racers: Who drives; the first sits at the computer.
        layout: Where.
        ended_at: End of the race. Only the name of Content Manager's copy says it.

    Returns:
        Paths written: the game's file and the copy.
    """
    directory.mkdir(parents=True, exist_ok=True)
    mean_ms = layout.length_m / MEAN_MPS * 1000 * (1 + np.sort(rng.normal(0, 0.01, len(racers) - 1)))
    players = [{"name": racer.name, "car": CARS[0], "skin": "default"} for racer in racers]
    players.append({"name": "", "car": CARS[1], "skin": ""})
    document = {
        "track": layout.track + (f"-{layout.config}" if layout.config else ""),
        "number_of_sessions": len(SESSIONS),
        "players": players,
        "sessions": [_session(kind, name, laps, rng, mean_ms, len(players)) for kind, name, laps in SESSIONS],
        "extras": [{"name": "bestlap", "time": 0}],
    }
    race = f"[RACE]\nCONFIG_TRACK={layout.config or ''}\nTRACK={layout.track}\n\n"
    settings = f"[HEADER]\nVERSION=2\n\n{race}[REMOTE]\nACTIVE=0\nGUID=\n"
    copy = {"__raceIni": settings} | document
    written = []
    for name, content in ((f"{layout.slug}_race_out", document), (f"{ended_at:%y%m%d-%H%M%S}", copy)):
        path = directory / f"{name}.json"
        path.write_bytes(json.dumps(content, ensure_ascii=False, indent=2).encode())
        set_modified(path, ended_at)
        written.append(path)
    return written


def _session(
    kind: int, name: str, lap_count: int, rng: np.random.Generator, mean_ms: np.ndarray[Any, Any], places: int
) -> dict[str, Any]:
    is_race = name == "Race"
    laps, times = [], {}
    for car, mean in enumerate(mean_ms):
        driven = (mean * (1 + np.abs(rng.normal(0, 0.004, lap_count)))).astype(int).tolist()
        times[car] = sum(driven)
        for number, time in enumerate(driven):
            cuts = int(not is_race and number == car % lap_count)
            laps.append(_lap(car, number, time, cuts))
    totals = [sum(lap["car"] == car for lap in laps) for car in range(places)]
    best = [
        {"car": car, "time": min(clean), "lap": 0}
        for car in times
        if (clean := [lap["time"] for lap in laps if lap["car"] == car and lap["time"] > 0])
    ]
    session = {"event": 0, "name": name, "type": kind, "lapsCount": 0, "duration": 5, "laps": laps}
    session |= {"lapstotal": totals, "bestLaps": best}
    if is_race:
        absent = [car for car in range(places) if car not in times]
        session["raceResult"] = [*sorted(times, key=lambda car: times[car]), *absent]
    return session


def _lap(car: int, number: int, time: int, cuts: int) -> dict[str, Any]:
    splits = [int(time * share) for share in SECTOR_SHARES]
    sectors = [*splits, time - sum(splits)]
    return {"lap": number, "car": car, "sectors": sectors, "time": -1 if cuts else time, "cuts": cuts, "tyre": "M"}
