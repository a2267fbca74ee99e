"""MoTeC i2 CSV exports: of a GT7-like log, one of its laps, an M1 log, its copy by a spreadsheet, and an ACC log."""

from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

import numpy as np

from simrace.generator.car import GRAVITY, WHEELS
from simrace.generator.motec_ld import ACC_CHANNELS
from simrace.generator.sampled import DEGREES, PSI_PER_KPA
from simrace.generator.session import PIT_BOX_M, Channels, Session
from simrace.generator.track import Floats
from simrace.generator.writing import Column, empty_column, set_modified, write_rows
from simrace.quoted_csv import clock_12h, quoted_line

MPH_PER_MPS = 3600 / 1609.344
ADL_HZ = 60
M1_HZ = 50
SPIKE_ROWS = 13  # 0.2 s of nonsense from the accelerometers of a log that starts mid-race
ACC_UNITS = {"SPEED": ("km/h", 3.6), "ROTY": ("deg/s", DEGREES)}  # what i2 shows otherwise than the log holds it
M1_WHEELS = {"fl": "Front Left", "fr": "Front Right", "rl": "Rear Left", "rr": "Rear Right"}


@dataclass(frozen=True)
class Export:
    """What the preamble says about an exported range.

    Attributes:
        session: The log.
        started_at: Date and time of the log, the same in every export of it.
        driver: Driver, empty where the log names none.
        device: Logger.
        log_date, log_time: Texts; the locale of the exporting machine decides their form.
        rate_hz: Samples a second.
        start_s, end_s: Range in seconds of the log.
        beacons_s: Times at which the line was crossed, none in the export of one lap.
        start_m, end_m: Range in metres of the log.
        range_name: As i2 calls it.
    """

    session: Session
    started_at: datetime
    driver: str
    device: str
    log_date: str
    log_time: str
    rate_hz: int
    start_s: float
    end_s: float
    beacons_s: Floats
    start_m: float
    end_m: float
    range_name: str = "entire outing"

    def preamble(self) -> list[list[str]]:
        """The twelve rows above the data; rows repeat key and value in a second block of columns."""
        session = self.session
        beacons = "".join(f"{at:.3f} " for at in self.beacons_s) or " "
        return [
            ["Format", "MoTeC CSV File", "", "", "Workbook", ""],
            ["Venue", session.layout.name, "", "", "Worksheet", ""],
            ["Vehicle", session.car.name, "", "", "Vehicle Desc", ""],
            ["Driver", self.driver, "", "", "Engine ID", ""],
            ["Device", self.device],
            ["Comment", "", "", "", "Session", ""],
            ["Log Date", self.log_date, "", "", "Origin Time", "0.000", "s"],
            ["Log Time", self.log_time, "", "", "Start Time", f"{self.start_s:.3f}", "s"],
            ["Sample Rate", f"{self.rate_hz:.3f}", "Hz", "", "End Time", f"{self.end_s:.3f}", "s"],
            ["Duration", f"{self.end_s - self.start_s:.3f}", "s", "", "Start Distance", f"{self.start_m:.0f}", "m"],
            ["Range", self.range_name, "", "", "End Distance", f"{self.end_m:.0f}", "m"],
            ["Beacon Markers", beacons],
        ]


def entire_outing(session: Session, started_at: datetime, device: str, log_date: str, rate_hz: int) -> Export:
    """The export of a whole log."""
    return Export(
        session=session,
        started_at=started_at,
        driver=session.driver.name,
        device=device,
        log_date=log_date,
        log_time=clock_12h(started_at),
        rate_hz=rate_hz,
        start_s=0.0,
        end_s=session.duration_s,
        beacons_s=session.crossings_s,
        start_m=0.0,
        end_m=float(session.distance_m[-1]) - PIT_BOX_M,
    )


def write_adl(directory: Path, session: Session, started_at: datetime) -> list[Path]:
    """Write a GT7-like log twice: the entire outing, and its third flying lap (or last) as a range of its own."""
    export = entire_outing(session, started_at, "ADL", f"{started_at:%Y-%m-%d}", ADL_HZ)
    lap = min(3, session.flying_laps)
    start, end = (round(float(at), 3) for at in session.lap_bounds_s[lap : lap + 2])
    start_m, end_m = (session.layout.length_m * line - PIT_BOX_M for line in (lap, lap + 1))
    alone = replace(
        export, start_s=start, end_s=end, beacons_s=np.array([]), start_m=start_m, end_m=end_m, range_name=f"Lap {lap}"
    )
    stem = f"{started_at:%Y%m%d}_{session.layout.slug.replace(' ', '_')}"
    written = []
    for name, part in ((f"{stem}.csv", export), (f"{stem}_lap{lap}.csv", alone)):
        times = np.arange(int((part.end_s - part.start_s) * ADL_HZ) + 1) / ADL_HZ
        channels = session.at_times(part.start_s + times)
        columns = adl_columns(channels, part.start_s, float(channels["distance_m"][0]))
        written.append(_write(directory / name, part, columns, "\r\n", "ascii", quoted=True))
    return written


def write_m1(directory: Path, session: Session, started_at: datetime) -> list[Path]:
    """Write an M1 log as i2 exports it and as a spreadsheet saves that file again."""
    date = f"{started_at.month}/{started_at.day}/{started_at.year}"
    # The header claims a fraction of a second more than there are rows.
    export = entire_outing(session, started_at, "M1", date, M1_HZ)
    export = replace(export, end_s=export.end_s + 0.14)
    channels = session.at_times(np.arange(int(session.duration_s * M1_HZ)) / M1_HZ)
    columns = m1_columns(channels, started_at)
    stem = f"{session.layout.slug.replace(' ', '_')}_{session.car.slug}_{started_at:%m%d}"
    original = _write(directory / f"{stem}.csv", export, columns, "\n", "utf-8", quoted=True)
    saved = replace(export, log_time=f"{started_at:%H:%M:%S}")
    return [original, _write(directory / f"{stem}_edited.csv", saved, columns, "\r\n", "cp1252", quoted=False)]


def write_acc_export(directory: Path, session: Session, started_at: datetime) -> list[Path]:
    """Write what i2 exports of an ACC log: its channels at one rate, speed in km/h, rotation in deg/s, no driver."""
    export = replace(entire_outing(session, started_at, "ADL", f"{started_at:%Y-%m-%d}", ADL_HZ), driver="")
    channels = session.at_times(np.arange(int(session.duration_s * ADL_HZ)) / ADL_HZ)
    columns = [Column("Time", "s", channels["time_s"], "%.3f")]
    for name, unit, _, read in ACC_CHANNELS:
        shown, factor = ACC_UNITS.get(name, (unit, 1.0))
        columns.append(Column(name, shown, read(channels) * factor, "%.2f"))
    stem = f"{session.layout.slug.split()[0]}_{session.car.slug}_{started_at:%Y%m%d_%H%M}"
    return [_write(directory / f"{stem}.csv", export, columns, "\r\n", "ascii", quoted=True)]


def _write(path: Path, export: Export, columns: list[Column], newline: str, encoding: str, *, quoted: bool) -> Path:
    """Write one export. Unquoted means saved by a spreadsheet: every row padded to the width of the table."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding=encoding, newline="") as file:
        file.write(head_text(export, columns, newline, quoted=quoted))
        write_rows(file, columns, newline, quoted)
    set_modified(path, export.started_at)
    return path


def head_text(export: Export, columns: list[Column], newline: str, *, quoted: bool) -> str:
    """Everything above the data."""
    names, units = [column.name for column in columns], [column.unit for column in columns]
    if quoted:
        # Cells that only keep the distance to the second block are bare; empty values are quoted.
        bare = [",".join("" if at in (2, 3) and not cell else f'"{cell}"' for at, cell in enumerate(row))
                for row in export.preamble()]  # fmt: skip
        lines = [*bare, "", "", quoted_line(names), quoted_line(units), "", ""]
    else:
        rows = [*export.preamble(), [], [], names, units, [], []]
        lines = [",".join(row + [""] * (len(columns) - len(row))) for row in rows]
    return newline.join(lines) + newline


def adl_columns(channels: Channels, start_s: float, start_m: float) -> list[Column]:
    """Channels of a GT7-like log; `Brake Press` says bar and holds the pedal in percent."""
    wheels = [
        Column(f"Wheel Speed {wheel.upper()}", "km/h", channels[f"wheel_mps_{wheel}"] * 3.6, "%.1f") for wheel in WHEELS
    ]
    return [
        Column("Time", "s", channels["time_s"] - start_s, "%.3f"),
        Column("Distance", "m", channels["distance_m"] - start_m, "%.0f"),
        Column("Vehicle Speed", "km/h", channels["speed_mps"] * 3.6, "%.1f"),
        Column("G Force Long", "G", _spiked(channels, "long_mps2", 1), "%.2f"),
        Column("G Force Lat", "G", _spiked(channels, "lat_mps2", -2), "%.2f"),
        Column("G Force Vert", "G", _spiked(channels, "vert_mps2", 3), "%.2f"),
        Column("Throttle Pos", "%", channels["throttle"] * 100, "%.1f"),
        Column("Brake Press", "bar", channels["brake"] * 100, "%.2f"),
        Column("Gear", "", channels["gear"], "%d"),
        Column("Engine RPM", "rpm", channels["rpm"], "%.0f"),
        *wheels,
        Column("Steered Angle", "deg", np.degrees(channels["steering_rad"]), "%.1f"),
    ]


def _spiked(channels: Channels, name: str, sign: int) -> Floats:
    """Acceleration in g; absurd while the log's first 0.2 s last."""
    values = channels[name] / GRAVITY
    early = channels["time_s"] < (SPIKE_ROWS - 0.5) / ADL_HZ
    return np.where(early, sign * 96 * np.cos(channels["time_s"] * 70) + sign * 15, values)


def m1_columns(channels: Channels, started_at: datetime) -> list[Column]:
    """Channels of an M1 log: no time, and units as mixed as people set them up."""
    rows = len(channels["time_s"])
    brake, speed = channels["brake"], channels["speed_mps"]
    oil_c = 70 + 32 * (1 - np.exp(-channels["distance_m"] / 4_000))
    boost = 100 + 85 * channels["throttle"]
    gear = np.where(speed < 4.6, -2, channels["gear"])  # the sensor's reading with the lever at rest
    axes = {"Lateral": "lat_mps2", "Longitudonal": "long_mps2", "Vertical": "vert_mps2"}  # sic
    return [
        Column("Distance", "m", channels["distance_m"] - PIT_BOX_M, "%.0f"),
        Column("Vehicle Speed", "mph", speed * MPH_PER_MPS, "%.1f"),
        Column("GPS_Speed", "km/h", speed * 3.6, "%.2f"),
        Column("Engine Speed", "rpm", channels["rpm"], "%.0f"),
        Column("Gear", "", gear, "%d"),
        Column("Throttle Position", "%", channels["throttle"] * 100, "%.1f"),
        Column("Throttle Pedal", "%", channels["throttle"] * 100, "%.1f"),
        empty_column("Throttle Limit", "%", rows),
        Column("Brake Pressure Front", "psi", brake * 95 * 100 * PSI_PER_KPA, "%.1f"),
        Column("Brake Pressure Rear", "psi", brake * 58 * 100 * PSI_PER_KPA, "%.1f"),
        Column("Steered Angle", "deg", np.degrees(channels["steering_rad"]), "%.1f"),
        *(
            Column(f"Vehicle Acceleration IMU {axis} Acceleration", "G", channels[source] / GRAVITY, "%.3f")
            for axis, source in axes.items()
        ),
        Column("Vehicle Acceleration IMU Yaw Rate", "deg/s", np.degrees(channels["yaw_rate_radps"]), "%.2f"),
        *(
            Column(f"Wheel Speed {place}", "km/h", channels[f"wheel_mps_{wheel}"] * 3.6, "%.1f")
            for wheel, place in M1_WHEELS.items()
        ),
        Column("Coolant Temperature", "F", (oil_c - 12) * 1.8 + 32, "%.1f"),
        Column("Engine Oil Temperature", "F", oil_c * 1.8 + 32, "%.1f"),
        Column("Engine Oil Pressure", "psi", 22 + channels["rpm"] / 140, "%.1f"),
        Column("Fuel Pressure", "psi", 43.5 + channels["throttle"] * 1.2, "%.1f"),
        Column("Inlet Manifold Pressure", "kPa", boost, "%.1f"),
        Column("Inlet Air Temperature", "C", 24 + channels["throttle"] * 3, "%.1f"),
        Column("Brake Temperature Front", "F", channels["brake_c_fl"] * 1.8 + 32, "%.0f"),
        empty_column("Exhaust Temperature Collector", "F", rows),
        Column("ECU Battery Voltage", "V", 13.6 + channels["throttle"] * 0.2, "%.2f"),
        Column("GPS_Latitude", "deg", channels["lat_deg"], "%.7f"),
        Column("GPS_Longitude", "deg", channels["lon_deg"], "%.7f"),
        Column("GPS Altitude", "m", channels["altitude_m"], "%.1f"),
        Column("GPS Date", "", np.full(rows, f"{started_at:%d%m%y}"), "%s"),
    ]
