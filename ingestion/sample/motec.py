"""MoTeC i2 CSV exports: a GT7-like log, an M1 log, the latter saved again by a spreadsheet, and one lap alone."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from ingestion.sample.car import GRAVITY, WHEELS
from ingestion.sample.catalogue import FALCON, TORREVENTO
from ingestion.sample.session import PIT_BOX_M, Channels, Driver, Session
from ingestion.sample.track import Floats
from ingestion.sample.writing import Column, clock_12h, empty_column, quoted_line, set_modified, write_rows

MPH_PER_MPS = 3600 / 1609.344
PSI_PER_KPA = 1 / 6.894757
ADL_HZ = 60
M1_HZ = 50
CHUNK_ROWS = 20_000
SPIKE_ROWS = 13  # 0.2 s of nonsense from the accelerometers of a log that starts mid-race
M1_WHEELS = {"fl": "Front Left", "fr": "Front Right", "rl": "Rear Left", "rr": "Rear Right"}


@dataclass(frozen=True)
class Export:
    """What the preamble says about an exported range.

    Attributes:
        session: The log.
        started_at: Date and time of the log, the same in every export of it.
        device: Logger.
        log_date, log_time: Texts; the locale of the exporting machine decides their form.
        rate_hz: Samples a second.
        start_s, end_s: Range in seconds of the log.
        range_name: As i2 calls it.
    """

    session: Session
    started_at: datetime
    device: str
    log_date: str
    log_time: str
    rate_hz: int
    start_s: float
    end_s: float
    range_name: str = "entire outing"

    def preamble(self) -> list[list[str]]:
        """The twelve rows above the data; rows repeat key and value in a second block of columns."""
        session, length = self.session, self.end_s - self.start_s
        start_m, end_m = np.interp([self.start_s, self.end_s], session.time_s, session.distance_m)
        first_m = session.distance_m[0]
        whole = self.range_name == "entire outing"
        beacons = "".join(f"{at:.3f} " for at in session.crossings_s if at < self.end_s) if whole else " "
        return [
            ["Format", "MoTeC CSV File", "", "", "Workbook", ""],
            ["Venue", session.layout.name, "", "", "Worksheet", ""],
            ["Vehicle", session.car.name, "", "", "Vehicle Desc", ""],
            ["Driver", session.driver.name, "", "", "Engine ID", ""],
            ["Device", self.device],
            ["Comment", "", "", "", "Session", ""],
            ["Log Date", self.log_date, "", "", "Origin Time", "0.000", "s"],
            ["Log Time", self.log_time, "", "", "Start Time", f"{self.start_s:.3f}", "s"],
            ["Sample Rate", f"{self.rate_hz:.3f}", "Hz", "", "End Time", f"{self.end_s:.3f}", "s"],
            ["Duration", f"{length:.3f}", "s", "", "Start Distance", f"{start_m - first_m:.0f}", "m"],
            ["Range", self.range_name, "", "", "End Distance", f"{end_m - first_m:.0f}", "m"],
            ["Beacon Markers", beacons],
        ]


def write_adl(directory: Path, session: Session, started_at: datetime) -> list[Path]:
    """Write a GT7-like log twice: the entire outing, and its third flying lap (or last) as a range of its own."""
    date = f"{started_at:%Y-%m-%d}"
    export = Export(session, started_at, "ADL", date, clock_12h(started_at), ADL_HZ, 0.0, session.duration_s)
    lap = min(3, session.flying_laps)
    start, end = (round(float(at), 3) for at in session.lap_bounds_s[lap : lap + 2])
    alone = replace(export, start_s=start, end_s=end, range_name=f"Lap {lap}")
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
    export = Export(session, started_at, "M1", date, clock_12h(started_at), M1_HZ, 0.0, session.duration_s + 0.14)
    channels = session.at_times(np.arange(int(session.duration_s * M1_HZ)) / M1_HZ)
    columns = m1_columns(channels, started_at)
    stem = f"{session.layout.slug.replace(' ', '_')}_{session.car.slug}"
    original = _write(directory / f"{stem}.csv", export, columns, "\n", "utf-8", quoted=True)
    saved = replace(export, log_time=f"{started_at:%H:%M:%S}")
    return [original, _write(directory / f"{stem}_edited.csv", saved, columns, "\r\n", "cp1252", quoted=False)]


def _write(path: Path, export: Export, columns: list[Column], newline: str, encoding: str, *, quoted: bool) -> Path:
    """Write one export. Unquoted means saved by a spreadsheet: every row padded to the width of the table."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding=encoding, newline="") as file:
        file.write(_head(export, columns, newline, quoted=quoted))
        write_rows(file, columns, newline, quoted)
    set_modified(path, export.started_at)
    return path


def _head(export: Export, columns: list[Column], newline: str, *, quoted: bool) -> str:
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


def write_wide_log(path: Path, rows: int, channels: int, seed: int = 1) -> Path:
    """Write one large MoTeC CSV for benchmarks, holding one piece of the table in memory at a time.

    Args:
        path: File to write.
        rows: Exact number of data rows, at 60 Hz.
        channels: Exact number of columns: known channels first, then `Aux 1`, `Aux 2` and so on.
        seed: Seeds the driver and the fillers.
    """
    started_at = datetime(2025, 5, 4, 9, 30, tzinfo=UTC)
    fastest_lap_s = TORREVENTO.length_m / 45
    laps = int(rows / ADL_HZ / fastest_lap_s) + 1
    session = Session(TORREVENTO, FALCON, Driver("N. OSTLUND"), laps, (seed, 99))
    export = Export(
        session, started_at, "ADL", f"{started_at:%Y-%m-%d}", clock_12h(started_at), ADL_HZ, 0.0, rows / ADL_HZ
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="ascii", newline="") as file:
        for first in range(0, max(rows, 1), CHUNK_ROWS):
            times = np.arange(first, min(first + CHUNK_ROWS, rows)) / ADL_HZ
            columns = _wide_columns(session.at_times(times), channels, np.random.default_rng([seed, first]), started_at)
            if first == 0:
                file.write(_head(export, columns, "\r\n", quoted=True))
            write_rows(file, columns, "\r\n", quoted=True)
    set_modified(path, started_at)
    return path


def _wide_columns(sample: Channels, width: int, rng: np.random.Generator, started_at: datetime) -> list[Column]:
    known = {column.name: column for column in adl_columns(sample, 0.0, PIT_BOX_M)}
    known |= {c.name: c for c in m1_columns(sample, started_at) if c.name not in known and c.values.dtype.kind == "f"}
    columns = list(known.values())[:width]
    for number in range(1, width - len(columns) + 1):
        wave = np.sin(sample["time_s"] / (0.7 + number)) * 20 * number + rng.normal(0, 0.3, len(sample["time_s"]))
        columns.append(Column(f"Aux {number}", "V", wave, f"%.{1 + number % 3}f"))
    return columns
