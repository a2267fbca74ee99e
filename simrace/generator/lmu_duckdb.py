"""Telemetry of Le Mans Ultimate (.duckdb): a table a channel and a table an event, as DuckDB stores them."""

from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from simrace.generator.car import GRAVITY, WHEELS
from simrace.generator.sampled import DEGREES, Read, Sampled, above, of
from simrace.generator.session import Channels, Session
from simrace.generator.track import Floats
from simrace.generator.writing import set_modified

CLOCK_START_S = 51.18  # what the clock of the session shows when the recording starts
EVENT_HZ = 100
# name, samples a second, unit, values; four where each wheel has its own
CHANNELS: tuple[tuple[str, int, str, tuple[Read, ...]], ...] = (
    ("GPS Time", 100, "s", (lambda channels: channels["time_s"] + CLOCK_START_S,)),
    ("GPS Latitude", 10, "deg", (of("lat_deg"),)),
    ("GPS Longitude", 10, "deg", (of("lon_deg"),)),
    ("GPS Speed", 10, "m/s", (of("speed_mps"),)),
    ("Ground Speed", 100, "km/h", (of("speed_mps", 3.6),)),
    ("Lap Dist", 10, "m", (of("lap_distance_m"),)),
    ("Total Dist", 10, "m", (of("distance_m"),)),
    ("Throttle Pos", 50, "%", (of("throttle", 100),)),
    ("Brake Pos", 50, "%", (of("brake", 100),)),
    ("Clutch Pos", 50, "%", (of("clutch_pedal", 100),)),
    ("Steering Pos", 100, "", (of("steering_rad", -DEGREES / 450),)),
    ("Engine RPM", 100, "RPM", (of("rpm"),)),
    ("Engine Water Temp", 7, "C", (of("engine_c"),)),
    ("G Force Lat", 10, "G", (of("long_mps2", -1 / GRAVITY),)),  # the names are the wrong way round
    ("G Force Long", 10, "G", (of("lat_mps2", 1 / GRAVITY),)),
    ("Fuel Level", 20, "L", (of("fuel_l"),)),
    ("Brakes Temp", 50, "C", tuple(of(f"brake_c_{wheel}") for wheel in WHEELS)),
    ("Susp Pos", 100, "m", tuple(of(f"suspension_m_{wheel}") for wheel in WHEELS)),
    ("TyresPressure", 10, "kPa", tuple(of(f"tyre_kpa_{wheel}") for wheel in WHEELS)),
    ("TyresCarcassTemp", 5, "C", tuple(of(f"tyre_core_c_{wheel}") for wheel in WHEELS)),
    ("Wheel Speed", 100, "m/s", tuple(of(f"wheel_mps_{wheel}") for wheel in WHEELS)),
)
EVENTS: tuple[tuple[str, str, Read], ...] = (  # name, type, values
    ("ABS", "bool", above("brake", 0.9)),
    ("Gear", "int8", of("gear_or_neutral")),
    ("In Pits", "uint8", above("on_pit_road", 0.5)),
)


def write_lmu(directory: Path, session: Session, started_at: datetime) -> list[Path]:
    """Write a session as a practice.

    The same session gives the same tables, but DuckDB leaves a few bytes to chance. A file that holds these tables
    stays as it is, so that nobody lands the same session again.

    Args:
        directory: Folder to write to.
        session: What was driven.
        started_at: Start of the recording.

    Raises:
        ModuleNotFoundError: the extra `simrace[lmu]` is not installed.
    """
    from duckdb import connect

    recorded_at = f"{started_at:%Y-%m-%dT%H_%M_%SZ}"
    path = directory / f"{session.layout.track}_P_{recorded_at}.duckdb"
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_suffix(".new")
    new.unlink(missing_ok=True)
    with connect(str(new)) as database:
        for name, table in _tables(session, recorded_at).items():
            database.register("written", table)
            database.execute(f'create table "{name}" as select * from written')
    if path.exists() and _read(path) == _read(new):
        new.unlink()
    else:
        new.replace(path)
    set_modified(path, started_at)
    return [path]


def _read(path: Path) -> dict[str, str]:
    """Each table with the text of all its rows."""
    from duckdb import connect

    with connect(str(path), read_only=True) as database:
        names = [name for (name,) in database.execute("select table_name from duckdb_tables()").fetchall()]
        return {name: database.table(f'"{name}"').df().to_csv() for name in sorted(names)}


def _tables(session: Session, recorded_at: str) -> dict[str, pd.DataFrame]:
    sampled = Sampled(session)
    tables = {name: _channel(name, sampled.at(rate_hz), reads) for name, rate_hz, _, reads in CHANNELS}
    at_events = sampled.at(EVENT_HZ)
    tables |= {name: _changes(at_events["time_s"], read(at_events), kind) for name, kind, read in EVENTS}
    lap_times = np.concatenate([[0.0, 0.0], np.diff(session.lap_bounds_s)[1:-1]])  # an out lap has none
    passed = np.concatenate([[0.0], session.crossings_s]) + CLOCK_START_S
    tables["Lap"] = pd.DataFrame({"ts": passed, "value": np.arange(len(passed), dtype="u2")})
    tables["Lap Time"] = pd.DataFrame({"ts": passed, "value": lap_times.astype("f4")})
    channels = [(name, rate_hz, unit) for name, rate_hz, unit, _ in CHANNELS]
    events = [*((name, "") for name, *_ in EVENTS), ("Lap", ""), ("Lap Time", "s")]
    tables["channelsList"] = pd.DataFrame(channels, columns=["channelName", "frequency", "unit"])
    tables["eventsList"] = pd.DataFrame(events, columns=["eventName", "unit"])
    tables["metadata"] = pd.DataFrame(list(_metadata(session, recorded_at).items()), columns=["key", "value"])
    return tables


def _channel(name: str, channels: Channels, reads: tuple[Read, ...]) -> pd.DataFrame:
    kind = "f8" if name == "GPS Time" else "f4"
    columns = ["value"] if len(reads) == 1 else [f"value{wheel}" for wheel in range(1, len(reads) + 1)]
    return pd.DataFrame({column: read(channels).astype(kind) for column, read in zip(columns, reads, strict=True)})


def _changes(time_s: Floats, values: Floats, kind: str) -> pd.DataFrame:
    """The state at the start, and each new one with the time at which it came."""
    at = np.concatenate([[0], np.flatnonzero(np.diff(values)) + 1])
    return pd.DataFrame({"ts": time_s[at] + CLOCK_START_S, "value": values[at].astype(kind)})


def _metadata(session: Session, recorded_at: str) -> dict[str, Any]:
    return {
        "Version": "1",
        "DriverName": session.driver.name,
        "SteamID": "0",
        "RecordingTime": recorded_at,
        "SessionTime": "14:00:51",
        "SessionType": "Practice",
        "TrackName": session.layout.track,
        "TrackLayout": session.layout.config,
        "WeatherConditions": "Clear",
        "CarName": session.car.name,
        "CarClass": session.car.class_name,
        "CarSetup": "{}",
    }
