"""Statistics of a dedicated server of Automobilista 2 that runs the addon `ams2_stats`, with the usual traps."""

import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np

from simrace.generator.drivers import Racer
from simrace.generator.sms_stats import MEAN_MPS, SECTOR_SHARES, Seat, track_number
from simrace.generator.track import Layout
from simrace.generator.writing import set_modified

RACE_LAPS = 6
HEAD = (
    "// Persistent data for addon 'ams2_stats', addon version 1.1\n"
    "// Automatically maintained by the addon, do not edit!\n\n"
)


def write_ams2_stats(
    directory: Path, rng: np.random.Generator, racers: list[Racer], layout: Layout, opened_at: datetime
) -> list[Path]:
    """Write the server's file after an evening: a session that the addon did not see begin, qualifying, and a race.

    In qualifying nobody has a Steam id, and every driver has a lap that did not count, whose number the next one has
    too. In the race the second is disqualified, the last but two retires, the last but one leaves and the last never
    drives. A practice in which nobody was stands last, with empty lists.

    Args:
        directory: Folder to write to.
        rng: Source of luck.
        racers: Who drives, seven at least.
        layout: Where; the file has a number for it.
        opened_at: Start of the first session, by the server's clock.

    Returns:
        Paths written.
    """
    directory.mkdir(parents=True, exist_ok=True)
    mean_ms = layout.length_m / MEAN_MPS * 1000 * (1 + np.sort(rng.normal(0, 0.01, len(racers))))
    seats = [Seat(racer, 61_000 + 13 * at, at) for at, racer in enumerate(racers)]
    starts = [opened_at + timedelta(minutes=minutes) for minutes in (0, 30, 46, 70, 75)]
    first, out = seats[:1], {1: "Disqualified", len(seats) - 3: "Retired", len(seats) - 2: "DNF", len(seats) - 1: ""}
    sessions = [
        _session(layout, "Allocating", starts[:2], _drivers(rng, first, mean_ms, 2, {}, is_race=False)),
        _session(
            layout,
            "Qualifying1",
            starts[1:3],
            _drivers(rng, seats, mean_ms, 3, {}, is_race=False, cut=1, has_ids=False),
        ),
        _session(layout, "Race1", starts[2:4], _drivers(rng, seats, mean_ms, RACE_LAPS, out, is_race=True)),
        _session(layout, "Practice1", starts[3:], []),
    ]
    document = {"meta": {"last_updated": _clock(starts[-1]), "plugin_version": "1.1"}, "sessions": sessions}
    path = directory / "ams2_stats_data.json"
    path.write_bytes(f"{HEAD}{json.dumps(document, ensure_ascii=False, indent=2)}\n\n// EOF //\n".encode())
    set_modified(path, starts[-1])
    return [path]


def _session(layout: Layout, stage: str, times: list[datetime], drivers: list[dict[str, Any]]) -> dict[str, Any]:
    started_at, finished_at = times
    results = [_result(driver) for driver in drivers if driver["started"]]
    for driver in drivers:
        driver.pop("total_time", None)
    return {
        "attrs": {"DamageType": 2, "GridSize": 20, "TrackId": track_number(layout)},
        "drivers": drivers or {},
        "finished_at": _clock(finished_at),
        "results": results or {},
        "stage": stage,
        "started_at": _clock(started_at),
        "uid": f"{started_at:%Y%m%d_%H%M%S}",
    }


def _drivers(
    rng: np.random.Generator,
    seats: list[Seat],
    mean_ms: np.ndarray[Any, Any],
    laps: int,
    out: dict[int, str],
    is_race: bool,
    cut: int | None = None,
    has_ids: bool = True,
) -> list[dict[str, Any]]:
    """Everybody who was there, in the order of the places; `out` is how it ended for those who did not finish."""
    drivers: list[dict[str, Any]] = []
    for at, seat in enumerate(seats):
        driven = {"": 0, "Retired": 2, "DNF": 3}.get(out.get(at, "Finished"), laps)
        times = [int(time) for time in mean_ms[at] * (1 + np.abs(rng.normal(0, 0.004, driven)))]
        listed = [_lap(seat, number - (cut is not None and number > cut), time, number != cut)
                  for number, time in enumerate(times)]  # fmt: skip
        valid = [lap for lap in listed if lap["valid"]]
        best = min(valid, key=lambda lap: int(lap["time"]), default=None)
        driver: dict[str, Any] = {
            "best_lap": {key: best[key] for key in ("lap", "s1", "s2", "s3", "time")} if best else {"time": 0},
            "laps": listed or {},
            "name": seat.racer.name,
            "refid": seat.connection,
            "started": bool(listed),
            "state": out.get(at, "Finished") or "InGarage",
            "total_time": sum(times) if is_race else 900_000 + at,
        }
        drivers.append(driver | ({"steamid": seat.steam_id} if has_ids else {}))
    told = [driver for driver in drivers if driver["state"] in ("Finished", "Disqualified")]
    told.sort(key=lambda driver: int(driver["total_time"] if is_race else driver["best_lap"]["time"]))
    for place, driver in enumerate(told, 1):
        driver["final_position"] = place
    rest = [driver for driver in drivers if "final_position" not in driver]
    return told + sorted(rest, key=lambda driver: -len(driver["laps"]))


def _lap(seat: Seat, number: int, time: int, counts: bool) -> dict[str, Any]:
    first, second = (int(time * share) for share in SECTOR_SHARES)
    sectors = {"s1": first, "s2": second, "s3": time - first - second}
    return {"lap": number, "position": seat.participant + 1, **sectors, "time": time, "valid": counts}


def _result(driver: dict[str, Any]) -> dict[str, Any]:
    """The line of a driver: without a place and a time if he is out."""
    line = {
        "best_lap_time": driver["best_lap"]["time"],
        "laps_complete": sum(lap["valid"] for lap in driver["laps"]),
        **{key: driver[key] for key in ("name", "refid", "state")},
    }
    if "final_position" in driver:
        line |= {"position": driver["final_position"], "total_time": driver["total_time"]}
    return line | ({"steamid": driver["steamid"]} if "steamid" in driver else {})


def _clock(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%S}"
