"""Mu exports of iRacing telemetry, as the tool writes them and after a hand has been at them in a spreadsheet."""

from datetime import datetime
from pathlib import Path

import numpy as np

from simrace.generator.car import GRAVITY
from simrace.generator.iracing_variables import RATE_HZ, WHEEL_NAMES, Variable, iracing_variables
from simrace.generator.session import Session
from simrace.generator.writing import Column, set_modified, write_rows

COLUMNS = (
    "AirTemp", "AirDensity", "Alt", "AirPressure", "Clutch", "Brake", "IsOnTrack", "Lap", "LapCompleted",
    "SessionFlags", "Gear", "FuelLevel", "FuelLevelPct", "FuelUsePerHour", "LapBestLapTime", "LapCurrentLapTime",
    "LapLastLapTime", "LapDist", "LapDistPct", "Lat", "Lon", "LatAccel", "LongAccel", "VertAccel", "SessionTime",
    "SessionTick", "SessionNum", "SessionState", "SessionTimeRemain", "PlayerCarMyIncidentCount",
    "PlayerTrackSurface", "OnPitRoad", "OilPress", "OilTemp", "WaterTemp", "RPM", "RelativeHumidity", "Speed",
    "SteeringWheelAngle", "Throttle", "TrackTemp", "TrackTempCrew", "WindDir", "WindVel", "Yaw", "YawRate",
    "dcBrakeBias",
    *(f"{place}{what}" for place in WHEEL_NAMES for what in (
        "tempL", "tempM", "tempR", "tempCM", "pressure", "coldPressure", "speed", "shockDefl")),
)  # fmt: skip
UNITS = {"%": ("%", 100), "m/s^2": ("G", 1 / GRAVITY), "Pa": ("mmHg", 1 / 3_386.389), "revs/min": ("rpm", 1)}
FORMATS = {"bool": "%d", "int": "%d", "bits": "%d", "float": "%.6g", "double": "%.15g"}
MARKED_WORDS = ("SPEED", "THROTTLE", "BRAKE", "GEAR", "LAP")  # what somebody noted beside the preamble
RENAMED = {"Lap": "Lap No."}


def write_mu(directory: Path, session: Session, started_at: datetime, *, hand_edited: bool) -> list[Path]:
    """Write a session at 60 Hz.

    Args:
        directory: Folder to write to.
        session: What was driven.
        started_at: Session date and time of the preamble, written d/m/y.
        hand_edited: Byte order mark, empty first column, notes beside the preamble, `Lap No.` for `Lap`, and neither
            Session Duration nor SessionTime.
    """
    ticks = np.arange(float(int(session.duration_s * RATE_HZ)))
    columns = mu_columns(iracing_variables(session, ticks / RATE_HZ, ticks))
    preamble = [
        ["Driver", session.driver.name],
        ["Vehicle", session.car.slug],
        ["Venue", session.layout.slug],
        ["Session", "Test"],
        ["Session Date", f"{started_at:%d/%m/%Y}"],
        ["Session Time", f"{started_at:%H:%M:%S}"],
        ["Sample Rate", str(RATE_HZ), "Hz"],
        ["Session Duration", f"{len(ticks) / RATE_HZ:.6g}", "s"],
    ]
    rows = [*preamble, []]
    newline, encoding = "\n", "utf-8"
    if hand_edited:
        newline, encoding = "\r\n", "utf-8-sig"
        columns = [
            Column("", "", np.full(len(ticks), ""), "%s"),
            *(
                Column(RENAMED.get(column.name, column.name), column.unit, column.values, column.format)
                for column in columns
                if column.name != "SessionTime"
            ),
        ]
        rows = [_noted(row, at) for at, row in enumerate(preamble[:-1])] + [[]]
    names, units = [column.name for column in columns], [column.unit for column in columns]
    rows += [names, units, []]
    if hand_edited:  # a spreadsheet pads every row to the width of the table
        rows = [row + [""] * (len(columns) - len(row)) for row in rows]

    stem = f"{session.car.slug}_{session.layout.slug} {started_at:%Y-%m-%d %H-%M-%S}"
    path = directory / f"{stem}{' edited' if hand_edited else ''}.csv"
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding=encoding, newline="") as file:
        file.writelines(",".join(row) + newline for row in rows)
        write_rows(file, columns, newline)
    set_modified(path, started_at)
    return [path]


def _noted(row: list[str], at: int) -> list[str]:
    """A preamble row moved one column to the right, with a word in column H of the first rows."""
    moved = ["", *row]
    if at < len(MARKED_WORDS):
        moved += [""] * (7 - len(moved)) + [MARKED_WORDS[at]]
    return moved


def mu_columns(variables: list[Variable]) -> list[Column]:
    """Columns in the tool's units: `%` is 0..100, accelerations are G, `mmHg` is inches of mercury."""
    values = {variable.name: variable.values.copy() for variable in variables}
    first = np.flatnonzero(np.diff(values["Lap"])) + 1
    near = first[values["LapDist"][first] < 0.6]
    values["LapDist"][near], values["LapDistPct"][near] = -1e-7, 0  # the first distance can be a hair below zero
    columns = {}
    for variable in variables:
        unit, factor = UNITS.get(variable.unit, (variable.unit, 1))
        columns[variable.name] = Column(variable.name, unit, values[variable.name] * factor, FORMATS[variable.kind])
    return [columns[name] for name in COLUMNS]
