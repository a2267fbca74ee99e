"""Garage 61 lap exports: one lap a file, no clock, everything else in the file name."""

from datetime import datetime
from pathlib import Path

import numpy as np

from simrace.generator.session import Session
from simrace.generator.track import Floats
from simrace.generator.writing import Column, set_modified, write_rows

RATE_HZ = 60
BASE_32 = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
EXCERPT_ROWS = 20


def write_garage61(directory: Path, session: Session, started_at: datetime, *, old: bool) -> list[Path]:
    """Write flying laps: the first whole, the second as an excerpt of 20 rows.

    Args:
        directory: Folder to write to.
        session: What was driven, two flying laps or more.
        started_at: Start of the session.
        old: Whether the export predates the YawRate column; then there is no excerpt.
    """
    rng = np.random.default_rng([*session.seed, 61])
    laps: list[tuple[int, int | None]] = [(1, None)] if old else [(1, None), (2, EXCERPT_ROWS)]
    return [_write_lap(directory, session, started_at, lap, rows, rng, old=old) for lap, rows in laps]


def _write_lap(
    directory: Path,
    session: Session,
    started_at: datetime,
    lap: int,
    rows: int | None,
    rng: np.random.Generator,
    *,
    old: bool,
) -> Path:
    start, end = (float(at) for at in session.lap_bounds_s[lap : lap + 2])
    ticks = np.arange(np.ceil(start * RATE_HZ), np.ceil(end * RATE_HZ))[:rows] / RATE_HZ
    columns = [column for column in _columns(session, ticks) if not (old and column.name == "YawRate")]
    minutes, milliseconds = divmod(round((end - start) * 1000), 60_000)
    clock = f"{minutes:02d}.{milliseconds // 1000:02d}.{milliseconds % 1000:03d}"
    parts = ["Garage 61", session.driver.name, session.car.name, session.layout.name, clock, ulid(started_at, rng)]
    path = directory / (" - ".join(parts) + ".csv")
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as file:
        file.write(",".join(column.name for column in columns) + "\n")
        write_rows(file, columns, "\n")
    set_modified(path, started_at)
    return path


def _columns(session: Session, ticks: Floats) -> list[Column]:
    """The 18 columns in m/s, m/s2, radians and ratios; released pedals read a hair below zero now and then."""
    channels = session.at_times(ticks)
    flags = {True: "true", False: "false"}
    locked = np.array([flags[bool(hard)] for hard in channels["brake"] > 0.9])
    pedals = {
        name: np.where((channels[name] == 0) & (np.arange(len(ticks)) % 97 == 5), -1e-9, channels[name])
        for name in ("brake", "throttle")
    }
    return [
        Column("Speed", "", channels["speed_mps"], "%.8g"),
        Column("LapDistPct", "", channels["lap_distance_m"] / session.layout.length_m, "%.8g"),
        Column("Lat", "", channels["lat_deg"], "%r"),
        Column("Lon", "", channels["lon_deg"], "%r"),
        Column("Brake", "", pedals["brake"], "%.8g"),
        Column("Throttle", "", pedals["throttle"], "%.8g"),
        Column("RPM", "", channels["rpm"], "%.8g"),
        Column("SteeringWheelAngle", "", channels["steering_rad"], "%.8g"),
        Column("Gear", "", channels["gear_or_neutral"], "%d"),
        Column("Clutch", "", 1 - channels["clutch_pedal"], "%.8g"),
        Column("ABSActive", "", locked, "%s"),
        Column("DRSActive", "", np.full(len(ticks), "false"), "%s"),
        Column("LatAccel", "", channels["lat_mps2"], "%.8g"),
        Column("LongAccel", "", channels["long_mps2"], "%.8g"),
        Column("VertAccel", "", channels["vert_mps2"], "%.8g"),
        Column("Yaw", "", channels["heading_rad"], "%.8g"),
        Column("YawRate", "", channels["yaw_rate_radps"], "%.8g"),
        Column("PositionType", "", np.full(len(ticks), 3), "%d"),
    ]


def ulid(at: datetime, rng: np.random.Generator) -> str:
    """A sortable id: 48 bits of time and 80 of chance in base 32."""
    milliseconds = int(at.timestamp() * 1000)
    clock = "".join(BASE_32[milliseconds >> shift & 31] for shift in range(45, -1, -5))
    return clock + "".join(BASE_32[digit] for digit in rng.integers(0, 32, 16))
