"""MoTeC logs (.ld) and their beacons (.ldx): how ACC, ACTI for Assetto Corsa and MoTeC's loggers write one."""

import struct
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simrace.generator.car import GRAVITY, WHEELS
from simrace.generator.sampled import DEGREES, PSI_PER_KPA, Read, Sampled, above, always, of
from simrace.generator.session import Session
from simrace.generator.track import Floats
from simrace.generator.writing import set_modified, write_text
from simrace.lap_times import lap_time_text

START = 64
SIGNED, FLOAT, CODED = 3, 7, 0  # types of values
ACC_WHEELS = {"LF": "fl", "RF": "fr", "LR": "rl", "RR": "rr"}
FIRST_ACC_NUMBER, FIRST_ACTI_NUMBER = 12_001, 50_000
ACC_DRIVEN_HZ = 60  # of what is driven; wheels are faster, the rest is slower
ACTI_HZ = 20
INT16 = 32_767
BEACON_NUMBER = 110  # by which MoTeC knows the channel of coded beacons
LINE, SPLIT = 100, 56  # codes that close a beacon
MARKER_DIGITS = 6  # of the microseconds that ACC writes: from 1000 s on, steps of 10 ms


@dataclass(frozen=True)
class Writer:
    """What tells the writers of logs apart.

    Attributes:
        serial, marker: Numbers in the header.
        event_at, venue_at, vehicle_at: Places of the blocks; 0 where the writer has none.
        channels_at, stride: Place of the first channel header, and bytes from one to the next.
        clock: Form of the time of day.
        is_terse: Whether the header is without driver and car, and channels without short names; ACC's car stands in
            the vehicle block alone.
        chained_back: Whether a channel header knows the one before it.
    """

    serial: int
    marker: int
    event_at: int
    venue_at: int
    vehicle_at: int
    channels_at: int
    stride: int
    clock: str = "%H:%M:%S"
    is_terse: bool = False
    chained_back: bool = True


ACC = Writer(8_004, 44_464, 0x1FF4, 0x13D6, 0x6E2, 0x2C48, 124, is_terse=True)
ACTI = Writer(12_007, 128, 0x6E2, 0, 0, 0x3448, 116, clock="%H:%M", chained_back=False)
LOGGER = Writer(12_007, 128, 0x6E2, 0x1336, 0x1F54, 0x3448, 124)


@dataclass(frozen=True)
class LogChannel:
    """A channel as it stands in a log; a value is (stored / scale * 10^-decimals + shift) * multiplier.

    Attributes:
        number: MoTeC's number of the channel.
        name, unit: As the writer gives them.
        rate_hz: Samples a second.
        stored: Values as stored, (samples,), of 2 or 4 bytes.
        kind: SIGNED, FLOAT or CODED.
        shift, multiplier, scale, decimals: Integers.
    """

    number: int
    name: str
    unit: str
    rate_hz: int
    stored: NDArray[Any]
    kind: int = FLOAT
    shift: int = 0
    multiplier: int = 1
    scale: int = 1
    decimals: int = 0


def write_acc_ld(directory: Path, session: Session, started_at: datetime, *, beacons: bool = True) -> list[Path]:
    """Write a session as ACC logs it: numbers in SI units, g under the label m/s2, and laps in the .ldx alone.

    Args:
        directory: Folder to write to.
        session: What was driven.
        started_at: Start of the log.
        beacons: Whether the .ldx holds markers; without, nothing tells the laps.
    """
    sampled = Sampled(session)
    channels = [
        LogChannel(FIRST_ACC_NUMBER + at, name, unit, rate_hz, read(sampled.at(rate_hz)).astype("<f4"))
        for at, (name, unit, rate_hz, read) in enumerate(ACC_CHANNELS)
    ]
    venue = session.layout.name
    stem = f"{venue.split()[0]}-{session.car.slug}-{session.flying_laps}-{started_at:%Y.%m.%d-%H.%M.%S}"
    log = _write_ld(directory / f"{stem}.ld", ACC, session, started_at, channels, (venue, "", ""))
    return [log, _write_ldx(log.with_suffix(".ldx"), session, started_at, session.crossings_s if beacons else [])]


def write_acti_ld(directory: Path, session: Session, started_at: datetime) -> list[Path]:
    """Write a session as ACTI logs Assetto Corsa: packed at 20 Hz, with the laps in a counter and the last lap time."""
    channels = [
        _packed(FIRST_ACTI_NUMBER + at, name, unit, values)
        for at, (name, unit, values) in enumerate(_acti_channels(session))
    ]
    texts = ("AC_LIVE", "PRACTICE", "AC v1.16.3 data exported using ACTI v1.1.2")
    stem = f"{session.layout.slug.replace(' ', '_')}_&_{session.car.slug}_&_{session.driver.name}_&_stint_1"
    return [_write_ld(directory / f"{stem}.ld", ACTI, session, started_at, channels, texts)]


def write_logger_ld(directory: Path, session: Session, started_at: datetime) -> list[Path]:
    """Write a session as a MoTeC logger does: scaled integers at 1 to 200 Hz, and coded beacons."""
    sampled = Sampled(session)
    channels = [
        LogChannel(
            number,
            name,
            unit,
            rate_hz,
            np.round(read(sampled.at(rate_hz)) / multiplier * scale * 10.0**decimals).astype("<i2"),
            SIGNED,
            multiplier=multiplier,
            scale=scale,
            decimals=decimals,
        )
        for number, name, unit, rate_hz, multiplier, scale, decimals, read in LOGGER_CHANNELS
    ]
    channels.append(LogChannel(BEACON_NUMBER, "Beacon", "", 1, _coded_beacons(session), CODED))
    stem = f"{started_at:%Y%m%d}_{session.layout.slug.replace(' ', '_')}"
    return [_write_ld(directory / f"{stem}.ld", LOGGER, session, started_at, channels, ("Club Day", "1", ""))]


def _acc_wheels(
    name: str, unit: str, rate_hz: int, source: str, factor: float = 1.0
) -> list[tuple[str, str, int, Read]]:
    return [(f"{name}_{place}", unit, rate_hz, of(f"{source}_{wheel}", factor)) for place, wheel in ACC_WHEELS.items()]


ACC_CHANNELS: tuple[tuple[str, str, int, Read], ...] = (  # name, unit, rate, values
    ("LAP_BEACON", "..", 100, always(0)),
    ("G_LAT", "m/s2", 20, of("lat_mps2", 1 / GRAVITY)),
    ("ROTY", "rad/s", 20, of("yaw_rate_radps")),
    ("STEERANGLE", "deg", ACC_DRIVEN_HZ, of("steering_rad", DEGREES)),
    ("SPEED", "m/s", ACC_DRIVEN_HZ, of("speed_mps")),
    ("THROTTLE", "%", ACC_DRIVEN_HZ, of("throttle", 100)),
    ("BRAKE", "%", ACC_DRIVEN_HZ, of("brake", 100)),
    ("GEAR", "no", 20, of("gear")),
    ("G_LON", "m/s2", 20, of("long_mps2", 1 / GRAVITY)),
    ("CLUTCH", "%", ACC_DRIVEN_HZ, of("clutch_pedal", 100)),
    ("RPMS", "1/min", ACC_DRIVEN_HZ, of("rpm")),
    ("TC", "..", 20, always(0)),
    ("ABS", "..", 20, above("brake", 0.9)),
    *_acc_wheels("SUS_TRAVEL", "mm", 200, "suspension_m", 1_000),
    *_acc_wheels("BRAKE_TEMP", "C", 20, "brake_c"),
    *_acc_wheels("TYRE_PRESS", "..", 20, "tyre_kpa", PSI_PER_KPA),
    *_acc_wheels("TYRE_TAIR", "C", 20, "tyre_core_c"),
    *_acc_wheels("WHEEL_SPEED", "m/s", 200, "wheel_mps"),
    *((f"BUMPSTOPUP_RIDE_{place}", "..", 200, always(0)) for place in ACC_WHEELS),
)
# number, name, unit, rate, multiplier, scale, decimals, values
LOGGER_CHANNELS: tuple[tuple[int, str, str, int, int, int, int, Read], ...] = (
    (5, "Engine Temp", "C", 1, 1, 1, 1, of("engine_c")),
    (6063, "Fuel Level", "l", 2, 1, 1, 1, of("fuel_l")),
    (7012, "Bat Volts ADL", "V", 5, 1, 1, 2, always(13.7)),
    (124, "Gear", "", 10, 1, 1, 0, of("gear")),
    (1, "Engine RPM", "rpm", 10, 6, 10, -1, of("rpm")),
    (7413, "Gyro Yaw Velocity", "deg/s", 20, 36, 10, 1, of("yaw_rate_radps", DEGREES)),
    (3905, "Brake Pres Front", "kPa", 20, 1, 1, 0, of("brake", 9_500)),
    (20111, "Steered Angle", "deg", 20, 1, 1, 1, of("steering_rad", DEGREES)),
    (2, "Throttle Pos", "%", 50, 1, 1, 1, of("throttle", 100)),
    (121, "Ground Speed", "km/h", 50, 1, 1, 1, of("speed_mps", 3.6)),
    (7490, "G Force Lat", "G", 100, 1, 1, 2, of("lat_mps2", 1 / GRAVITY)),
    (16, "G Force Long", "G", 100, 1, 1, 2, of("long_mps2", 1 / GRAVITY)),
    *((170 + at, f"Wheel Speed {wheel.upper()}", "km/h", 20, 1, 1, 1, of(f"wheel_mps_{wheel}", 3.6))
      for at, wheel in enumerate(WHEELS)),
    *((3300 + at, f"Susp Pos {wheel.upper()}", "mm", 200, 1, 1, 1, of(f"suspension_m_{wheel}", 1_000))
      for at, wheel in enumerate(WHEELS)),
)  # fmt: skip


def _acti_channels(session: Session) -> list[tuple[str, str, Floats]]:
    channels = Sampled(session).at(ACTI_HZ)
    lap = channels["lap"].astype(int)
    last = np.concatenate([[0.0], np.diff(session.lap_bounds_s)])[lap]
    driven = (
        ("Ground Speed", "km/h", "speed_mps", 3.6),
        ("Throttle Pos", "%", "throttle", 100),
        ("Brake Pos", "%", "brake", 100),
        ("Gear", "", "gear", 1),
        ("Engine RPM", "rpm", "rpm", 1),
        # ACTI turns to the right
        ("Steering Angle", "deg", "steering_rad", -DEGREES),
        ("CG Accel Lateral", "G", "lat_mps2", 1 / GRAVITY),
        ("CG Accel Longitudinal", "G", "long_mps2", 1 / GRAVITY),
        ("Chassis Yaw Rate", "deg/s", "yaw_rate_radps", -DEGREES),
        ("Fuel Level", "l", "fuel_l", 1),
        ("In Pit", "", "on_pit_road", 1),
        ("Lap Time", "s", "lap_elapsed_s", 1),
        ("Car Pos Norm", "", "lap_distance_m", 1 / session.layout.length_m),
    )
    return [
        *((name, unit, channels[source] * factor) for name, unit, source, factor in driven),
        ("Clutch Pos", "%", 100 - 100 * channels["clutch_pedal"]),  # 100 is a released pedal
        ("Session Lap Count", "", channels["lap"]),
        ("Last Lap Time", "s", last),
        *(
            (f"{name} {wheel.upper()}", unit, channels[f"{source}_{wheel}"] * factor)
            for name, unit, source, factor in (
                ("Tire Pressure", "psi", "tyre_kpa", PSI_PER_KPA),
                ("Tire Temp Core", "C", "tyre_core_c", 1),
                ("Brake Temp", "C", "brake_c", 1),
                ("Suspension Travel", "mm", "suspension_m", 1_000),
            )
            for wheel in WHEELS
        ),
    ]


def _packed(number: int, name: str, unit: str, values: Floats) -> LogChannel:
    """Values over the whole range of 16 bits: moved to their middle, with as many decimals as fit."""
    shift = round(float(values.max() + values.min()) / 2)
    reach = max(float(np.abs(values - shift).max()), 1.0)
    decimals = int(np.floor(np.log10(INT16 / reach)))
    scale = int(INT16 / reach / 10**decimals)
    stored = np.round((values - shift) * scale * 10**decimals).astype("<i2")
    return LogChannel(number, name, unit, ACTI_HZ, stored, SIGNED, shift=shift, scale=scale, decimals=decimals)


def _coded_beacons(session: Session) -> NDArray[np.int16]:
    """One number a second: where a beacon is passed two with bit 15, its milliseconds with bit 14, then its code.

    The channel is of signed numbers, so bit 15 makes them negative.
    """
    coded = np.zeros(int(session.duration_s), "<u2")
    halves = (session.crossings_s[:-1] + session.crossings_s[1:]) / 2
    passed = sorted([(float(at), LINE) for at in session.crossings_s] + [(float(at), SPLIT) for at in halves])
    for count, (at, code) in enumerate(passed):
        second, millisecond = divmod(round(at * 1_000), 1_000)
        first = second + 1
        coded[first : first + 3] = 0xC000 | count, 0x8000 | count, 0x4000 | millisecond
        coded[first + 3 :] = code
    return coded.view("<i2")


def _write_ld(
    path: Path,
    writer: Writer,
    session: Session,
    started_at: datetime,
    channels: list[LogChannel],
    event: tuple[str, str, str],
) -> Path:
    """Write a log; `event` is its name, session and comment."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        file.write(_head(writer, session, started_at, channels, event))
        for channel in channels:
            channel.stored.tofile(file)
    set_modified(path, started_at)
    return path


def _head(
    writer: Writer, session: Session, started_at: datetime, channels: list[LogChannel], event: tuple[str, str, str]
) -> bytes:
    """Everything above the values, which follow the channel headers in the same order."""
    values_at = writer.channels_at + writer.stride * len(channels)
    head = bytearray(values_at)

    def put(form: str, place: int, *values: Any) -> None:
        said = [value.encode("cp1252", "replace") if isinstance(value, str) else value for value in values]
        struct.pack_into(f"<{form}", head, place, *said)

    put("4I", 0, START, 0, writer.channels_at, values_at)
    put("I", 0x24, writer.event_at)
    put("3HI8s2HH", 0x40, int(writer.is_terse), 0x4240, 0xF, writer.serial, "ADL", 420, writer.marker, len(channels))
    put("16s", 0x5E, f"{started_at:%d/%m/%Y}")
    put("16s", 0x7E, f"{started_at:{writer.clock}}")
    if not writer.is_terse:
        put("64s", 0x9E, session.driver.name)
        put("64s", 0xDE, session.car.name)
    put("64s", 0x15E, session.layout.name)
    put("64s64s1024sH", writer.event_at, *event, writer.venue_at)
    if writer.venue_at:
        put("64s1034xH", writer.venue_at, session.layout.name, writer.vehicle_at)
        put(
            "64s128xI32s",
            writer.vehicle_at,
            session.car.name,
            round(session.car.mass_kg),
            "" if writer.is_terse else "Car",
        )
    at = values_at
    for index, channel in enumerate(channels):
        place = writer.channels_at + index * writer.stride
        following = place + writer.stride if index + 1 < len(channels) else 0
        before = place - writer.stride if index and writer.chained_back else 0
        places = (before, following, at, len(channel.stored))
        kind = (channel.number, channel.kind, channel.stored.itemsize, channel.rate_hz)
        factors = (channel.shift, channel.multiplier, channel.scale, channel.decimals)
        texts = (channel.name, "" if writer.is_terse else channel.name[:7], channel.unit)
        put("4I4H4h32s8s12s", place, *places, *kind, *factors, *texts)
        at += channel.stored.nbytes
    return bytes(head)


def _write_ldx(path: Path, session: Session, started_at: datetime, crossings_s: Floats | list[float]) -> Path:
    """Write the beacons of a log: microseconds since its start, rounded as ACC rounds them."""
    lap_times = np.diff(session.lap_bounds_s)[1:-1]
    markers = [
        f'     <Marker Version="100" ClassName="BCN" Name="{number}, id=99" Flags="13" Time="{microseconds:.17e}"/>'
        for number, at in enumerate(crossings_s)
        for microseconds in [float(f"{at * 1e6:.{MARKER_DIGITS - 1}e}")]
    ]
    lines = [
        '<?xml version="1.0"?>',
        '<LDXFile Locale="English_United Kingdom.1252" DefaultLocale="C" Version="1.6">',
        " <Layers>",
        "  <Layer>",
        "   <MarkerBlock>",
        '    <MarkerGroup Name="Beacons" Index="0">',
        *markers,
        "    </MarkerGroup>",
        "   </MarkerBlock>",
        "   <RangeBlock/>",
        "  </Layer>",
        "  <Details>",
        f'   <String Id="Total Laps" Value="{session.lap_count}"/>',
        f'   <String Id="Fastest Time" Value="{lap_time_text(float(lap_times.min()))}"/>',
        f'   <String Id="Fastest Lap" Value="{int(lap_times.argmin()) + 1}"/>',
        "  </Details>",
        " </Layers>",
        "</LDXFile>",
    ]
    write_text(path, "\n".join([*lines, ""]))
    set_modified(path, started_at)
    return path
