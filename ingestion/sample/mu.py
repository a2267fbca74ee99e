"""Mu exports of iRacing telemetry, as the tool writes them and after a hand has been at them in a spreadsheet."""

from datetime import datetime
from pathlib import Path

import numpy as np

from ingestion.sample.car import GRAVITY
from ingestion.sample.session import Channels, Session
from ingestion.sample.track import Floats
from ingestion.sample.writing import Column, set_modified, write_rows

RATE_HZ = 60
WRAP_SAMPLES = 3  # samples after the line that still carry the old lap's clock
SESSION_OFFSET_S = 412.35  # the recording starts when the session is already running
ON_TRACK, ON_PIT_ROAD = 3, 2  # irsdk_TrkLoc
GREEN_FLAG = 268_697_600  # irsdk_Flags, a bit field
WHEEL_NAMES = {"LF": "fl", "RF": "fr", "LR": "rl", "RR": "rr"}
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
    columns = mu_columns(session.at_times(ticks / RATE_HZ), ticks, session)
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


def mu_columns(channels: Channels, ticks: Floats, session: Session) -> list[Column]:
    """Columns in the tool's units: `%` is 0..100, accelerations are G, `mmHg` is inches of mercury."""
    throttle, brake = channels["throttle"] * 100, channels["brake"] * 100
    clutch = (1 - channels["clutch_pedal"]) * 100  # 100 is a released pedal
    lap = channels["lap"] + 1
    pit = channels["on_pit_road"] > 0.5
    distance, clock, last, best = _lap_clock(channels, session)
    engine = 70 + 30 * (1 - np.exp(-channels["distance_m"] / 4_000))
    burn = 8 + channels["throttle"] * 60
    table: list[tuple[str, str, Floats | int | float, str]] = [
        ("AirTemp", "C", 26.3766, "%.6g"),
        ("AirDensity", "kg/m^3", 1.17844, "%.6g"),
        ("Alt", "m", channels["altitude_m"], "%.6g"),
        ("AirPressure", "mmHg", 29.3164, "%.6g"),
        ("Clutch", "%", clutch, "%.6g"),
        ("Brake", "%", brake, "%.6g"),
        ("IsOnTrack", "", 1, "%d"),
        ("Lap", "", lap, "%d"),
        ("LapCompleted", "", lap - 1, "%d"),
        ("SessionFlags", "irsdk_Flags", GREEN_FLAG, "%d"),
        ("Gear", "", channels["gear_or_neutral"], "%d"),
        ("FuelLevel", "l", channels["fuel_l"], "%.6g"),
        ("FuelLevelPct", "%", channels["fuel_l"] / 0.6, "%.6g"),
        ("FuelUsePerHour", "kg/h", burn, "%.6g"),
        ("LapBestLapTime", "s", best, "%.6g"),
        ("LapCurrentLapTime", "s", clock, "%.6g"),
        ("LapLastLapTime", "s", last, "%.6g"),
        ("LapDist", "m", distance, "%.6g"),
        ("LapDistPct", "%", np.maximum(distance, 0) / session.layout.length_m * 100, "%.6g"),
        ("Lat", "deg", channels["lat_deg"], "%.15g"),
        ("Lon", "deg", channels["lon_deg"], "%.15g"),
        ("LatAccel", "G", channels["lat_mps2"] / GRAVITY, "%.6g"),
        ("LongAccel", "G", channels["long_mps2"] / GRAVITY, "%.6g"),
        ("VertAccel", "G", channels["vert_mps2"] / GRAVITY, "%.6g"),
        ("SessionTime", "s", SESSION_OFFSET_S + ticks / RATE_HZ, "%.15g"),
        ("SessionTick", "", ticks + round(SESSION_OFFSET_S * RATE_HZ), "%d"),
        ("SessionNum", "", 0, "%d"),
        ("SessionState", "irsdk_SessionState", 4, "%d"),
        ("SessionTimeRemain", "s", 604_800, "%d"),
        ("PlayerCarMyIncidentCount", "", 0, "%d"),
        ("PlayerTrackSurface", "irsdk_TrkLoc", np.where(pit, ON_PIT_ROAD, ON_TRACK), "%d"),
        ("OnPitRoad", "", pit.astype(float), "%d"),
        ("OilPress", "bar", 1.5 + channels["rpm"] / 2_000, "%.6g"),
        ("OilTemp", "C", engine + 5, "%.6g"),
        ("WaterTemp", "C", engine, "%.6g"),
        ("RPM", "rpm", channels["rpm"], "%.6g"),
        ("RelativeHumidity", "%", 41.7779, "%.6g"),
        ("Speed", "m/s", channels["speed_mps"], "%.6g"),
        ("SteeringWheelAngle", "rad", channels["steering_rad"], "%.6g"),
        ("Throttle", "%", throttle, "%.6g"),
        ("TrackTemp", "C", 37.5, "%.6g"),
        ("TrackTempCrew", "C", 37.5, "%.6g"),
        ("WindDir", "rad", 2.05876, "%.6g"),
        ("WindVel", "m/s", 1.92767, "%.6g"),
        ("Yaw", "rad", channels["heading_rad"], "%.6g"),
        ("YawRate", "rad/s", channels["yaw_rate_radps"], "%.6g"),
        ("dcBrakeBias", "", 54.5, "%.6g"),
    ]
    for place, wheel in WHEEL_NAMES.items():
        core, surface = channels[f"tyre_core_c_{wheel}"], channels[f"tyre_surface_c_{wheel}"]
        # L and R are the tyre's sides seen from the seat: R is the inner side on the left of the car.
        inner = 2.0 if wheel[1] == "l" else -2.0
        table += [
            (f"{place}tempL", "C", surface - inner, "%.6g"),
            (f"{place}tempM", "C", surface, "%.6g"),
            (f"{place}tempR", "C", surface + inner, "%.6g"),
            (f"{place}tempCM", "C", core, "%.6g"),
            (f"{place}pressure", "kPa", channels[f"tyre_kpa_{wheel}"], "%.6g"),
            (f"{place}coldPressure", "kPa", 150.0, "%.6g"),
            (f"{place}speed", "m/s", channels[f"wheel_mps_{wheel}"], "%.6g"),
            (f"{place}shockDefl", "m", channels[f"suspension_m_{wheel}"], "%.6g"),
        ]
    return [Column(name, unit, np.broadcast_to(values, ticks.shape), form) for name, unit, values, form in table]


def _lap_clock(channels: Channels, session: Session) -> tuple[Floats, Floats, Floats, Floats]:
    """Lap distance, running lap time, last and best lap time, as the sim updates them.

    The first samples of a lap still show the old lap's clock, and its first distance can be a hair below zero. An
    out lap has no time: -1 until the first flying lap is done.
    """
    lap = channels["lap"].astype(int)
    first = np.flatnonzero(np.diff(lap)) + 1
    distance = channels["lap_distance_m"].copy()
    distance[first[distance[first] < 0.6]] = -1e-7
    shown = lap.copy()  # the lap whose clock is shown
    for at in first:
        shown[at : at + WRAP_SAMPLES] = lap[at] - 1
    clock = channels["time_s"] - session.lap_bounds_s[shown]
    times = np.diff(session.lap_bounds_s)
    finished = np.concatenate([[-1.0, -1.0], times[1:-1]])  # last lap time shown during each lap
    bests = np.concatenate([[0.0, 0.0], np.minimum.accumulate(times[1:-1])])
    return distance, clock, finished[shown], bests[shown]
