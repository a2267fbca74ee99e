"""Assetto Corsa Competizione channels as data frames write them: one header row, no units, one row a metre."""

from datetime import datetime
from pathlib import Path

import numpy as np

from simrace.generator.car import GRAVITY
from simrace.generator.motec_ld import ACC_WHEELS
from simrace.generator.sampled import PSI_PER_KPA
from simrace.generator.session import Channels, Session
from simrace.generator.track import Floats
from simrace.generator.writing import Column, set_modified, write_rows

JUMP_S = 19.1  # the recorder's clock falls back and comes forward again
JUMP_ROWS = 7


def write_acc(directory: Path, session: Session, started_at: datetime, *, clock_jump: bool) -> list[Path]:
    """Write the flying laps of a session, `Lap 1` and on; the out lap and the in lap are not in such files.

    Args:
        directory: Folder to write to.
        session: What was driven.
        started_at: Only dates the file: the format has no date.
        clock_jump: Whether a few rows carry a clock that jumped.
    """
    length = session.layout.length_m
    laps = [
        session.at_distances(lap * length + np.arange(1.0, np.floor(length) + 1))
        for lap in range(1, session.flying_laps + 1)
    ]
    channels = {name: np.concatenate([lap[name] for lap in laps]) for name in laps[0]}
    path = directory / f"{session.layout.track.split()[0].lower()}_{session.car.slug}_{started_at:%y%m%d}.csv"
    path.parent.mkdir(parents=True, exist_ok=True)
    columns = acc_columns(channels, session, clock_jump=clock_jump)
    with path.open("w", encoding="ascii", newline="") as file:
        file.write(",".join(column.name for column in columns) + "\r\n")
        write_rows(file, columns, "\r\n")
    set_modified(path, started_at)
    return [path]


def acc_columns(channels: Channels, session: Session, *, clock_jump: bool) -> list[Column]:
    """Columns without units; numbers keep the digits that floating point leaves behind."""
    start = float(session.crossings_s[0])
    # A sum of rounded parts, as a merged recording has it: 23.02 + 0.07 is 23.09 and a little.
    time = round(start, 2) + np.round(channels["time_s"] - start, 3)
    if clock_jump:
        at = len(time) // 3
        time[at : at + JUMP_ROWS] -= JUMP_S
    degrees = np.degrees(channels["steering_rad"])
    kph = np.round(channels["speed_mps"] * 3.6, 1)
    lat, lon = (np.round(channels[name] / GRAVITY, 4) for name in ("lat_mps2", "long_mps2"))
    rotation = np.round(np.degrees(channels["yaw_rate_radps"]), 3)
    neutral_steer = np.degrees(channels["yaw_rate_radps"] / np.maximum(channels["speed_mps"], 5)) * 36
    lap_m = np.round(channels["lap_distance_m"], 0)
    driven = np.round(channels["distance_m"], 1)
    wide_open = (channels["throttle"] > 0.98).astype(float)
    numbers = {
        "angular velosity": np.abs(rotation) / 3,
        "Distance": driven,
        "Corr Dist": driven,
        "Corr Lap Dist": lap_m,
        "Corr Speed": kph,
        "Calc Outing Time": time,
        "Calc Lap Time": np.round(channels["lap_elapsed_s"], 3) + 0.0,
        "glat": lat,
        "glong": lon,
        "Oversteer": np.round((neutral_steer - degrees) / 12, 2),
        "steered angle": np.round(degrees / 13.5, 3),
        "isWOT": wide_open,
        "abs glong": np.abs(lon),
        "abs glat": np.abs(lat),
        "abs Steerangle": np.abs(np.round(degrees, 2)),
        "abs ROTY ": np.abs(rotation),
        "oversteer": (neutral_steer - degrees > 40).astype(float),
        "LAP_BEACON": np.zeros_like(time),
        "G_LAT": lat,
        "ROTY": rotation,
        "STEERANGLE": np.round(degrees, 2),
        "SPEED": kph,
        "THROTTLE": np.round(channels["throttle"] * 100, 1),
        "BRAKE": np.round(channels["brake"] * 100, 1),
        "GEAR": _resampled_gear(channels["gear"]),
        "G_LON": lon,
        "CLUTCH": np.round(channels["clutch_pedal"] * 100, 1),
        "RPMS": np.round(channels["rpm"], 0),
        "TC": np.zeros_like(time),
        "ABS": (channels["brake"] > 0.9).astype(float),
    }
    per_wheel = {
        "SUS_TRAVEL": ("suspension_m", 1000.0, 1),
        "BRAKE_TEMP": ("brake_c", 1.0, 1),
        "TYRE_PRESS": ("tyre_kpa", PSI_PER_KPA, 2),
        "TYRE_TAIR": ("tyre_core_c", 1.0, 1),
        "WHEEL_SPEED": ("wheel_mps", 1.0, 2),
    }
    for name, (source, factor, digits) in per_wheel.items():
        for place, wheel in ACC_WHEELS.items():
            numbers[f"{name}_{place}"] = np.round(channels[f"{source}_{wheel}"] * factor, digits)
    numbers |= {name: np.full_like(time, value) for name, value in (("EN_ET", 2), ("EN_TL", 0), ("EN_TD", 0))}
    labels = np.char.add("Lap ", channels["lap"].astype(int).astype(str))
    sectors = np.where(lap_m < session.layout.length_m / 2, "Sector 1", "Sector 2")
    return [
        Column("Time", "", time, "%r"),
        Column("Lap", "", labels, "%s"),
        Column("SectorName", "", sectors, "%s"),
        *(Column(name, "", values, "%r") for name, values in numbers.items()),
    ]


def _resampled_gear(gear: Floats) -> Floats:
    """Gear with the first change of each kind caught halfway by the resampling."""
    changes = np.flatnonzero(np.diff(gear))[:2]
    halfway = gear.copy()
    halfway[changes] = (gear[changes] + gear[changes + 1]) / 2
    return halfway
