"""A drive that is known, as text loggers write it: a small file of each format, with what is odd about it.

The car goes round an oval counter-clockwise, so that it turns left throughout. It begins a little before the line and
ends a little behind it.
"""

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache

import numpy as np
import numpy.typing as npt

Values = npt.NDArray[np.float64]

LAP_TIMES_S = (24.0, 22.75, 23.5)
LAT_DEG, LON_DEG = 47.25, -8.5  # west, where a sign matters
STARTED_AT_S = 1_772_611_200  # 2026-03-04 08:00:00 UTC
LENGTH_M, WIDTH_M = 420.0, 180.0
BEFORE_S, BEHIND_S = 2.5, 2.0
_EARTH_M = 111_320.0


@dataclass(frozen=True)
class Drive:
    """Samples of the drive, each of shape (samples,).

    Attributes:
        time_s: Seconds since the log began.
        lap: Number of the lap; 0 before the line.
        lap_time_s: Seconds since the lap began.
        distance_m: Metres driven since the log began.
        lap_share: Share of the lap, 0 to 1.
        speed_mps: Speed in m/s.
        throttle, brake: Pedals, 0 to 1.
        gear: Gear, 1 to 6.
        rpm: Revolutions a minute.
        lat_g, long_g: Accelerations in g, + to the left and + forward.
        yaw_rate_dps: Degrees a second, + to the left.
        heading_deg: Course over ground, 0 to 360, clockwise from north.
        lat_deg, lon_deg, altitude_m: Place.
        crossings_s: When the line was crossed, shape (laps + 1,).
    """

    time_s: Values
    lap: Values
    lap_time_s: Values
    distance_m: Values
    lap_share: Values
    speed_mps: Values
    throttle: Values
    brake: Values
    gear: Values
    rpm: Values
    lat_g: Values
    long_g: Values
    yaw_rate_dps: Values
    heading_deg: Values
    lat_deg: Values
    lon_deg: Values
    altitude_m: Values
    crossings_s: Values


@cache
def drive(rate_hz: float = 20) -> Drive:
    """The drive at so many samples a second."""
    laps = len(LAP_TIMES_S)
    crossings = BEFORE_S + np.concatenate(([0.0], np.cumsum(LAP_TIMES_S)))
    time = np.round(np.arange(0, crossings[-1] + BEHIND_S, 1 / rate_hz), 6)
    # before the first line and behind the last one the car goes as in the laps beside them
    edges = np.concatenate(([crossings[0] - LAP_TIMES_S[0]], crossings, [crossings[-1] + LAP_TIMES_S[-1]]))
    rates = 1 / np.diff(edges)
    slopes = np.concatenate((rates[:1], (rates[1:] + rates[:-1]) / 2, rates[-1:]))

    def laps_at(seconds: Values) -> Values:
        """Laps done, smooth from one to the next, and whole at the line."""
        piece = np.clip(np.searchsorted(edges, seconds, side="right") - 1, 0, laps + 1)
        length = edges[piece + 1] - edges[piece]
        share = (seconds - edges[piece]) / length
        bend = share * (1 - share) * length
        return np.asarray(
            piece - 1 + share**2 * (3 - 2 * share) + bend * ((1 - share) * slopes[piece] - share * slopes[piece + 1])
        )

    def place(done: Values) -> tuple[Values, Values]:
        angle = 2 * np.pi * (done + 0.05 * np.sin(4 * np.pi * done) / np.pi)
        return LENGTH_M / 2 * np.cos(angle), WIDTH_M / 2 * np.sin(angle)

    fine = np.arange(-0.5, time[-1] + 0.5, 0.001)
    east, north = place(laps_at(fine))
    steps = np.hypot(np.diff(east), np.diff(north))
    driven = np.interp(time, fine, np.concatenate(([0.0], np.cumsum(steps))))
    driven -= driven[0]
    speed = np.interp(time, fine[:-1] + 0.0005, steps / 0.001)
    accelerations = np.gradient(steps / 0.001, 0.001)
    laps_done = laps_at(time)
    course = np.unwrap(np.arctan2(np.diff(north), np.diff(east)))
    yaw_rate = np.interp(time, fine[:-2] + 0.001, np.diff(course) / 0.001)
    long_g = np.interp(time, fine[:-1] + 0.0005, accelerations) / 9.80665
    lap = np.floor(laps_done + 1e-9)
    east, north = place(laps_done)
    begun = crossings[np.clip(lap.astype(int), 0, laps)]
    return Drive(
        time_s=time,
        lap=lap + 1,
        lap_time_s=np.where(lap < 0, time, time - begun),
        distance_m=driven,
        lap_share=laps_done - lap,
        speed_mps=speed,
        throttle=np.clip(0.5 + 2 * long_g, 0, 1),
        brake=np.clip(-0.2 - 2 * long_g, 0, 1),
        gear=np.clip(np.floor(speed / 12), 1, 6),
        rpm=np.round(3_000 + 60 * speed),
        lat_g=yaw_rate * speed / 9.80665,
        long_g=long_g,
        yaw_rate_dps=np.degrees(yaw_rate),
        heading_deg=np.mod(90 - np.degrees(np.interp(time, fine[:-1], course)), 360),
        lat_deg=LAT_DEG + north / _EARTH_M,
        lon_deg=LON_DEG + east / (_EARTH_M * np.cos(np.radians(LAT_DEG))),
        altitude_m=300 + north / 50,
        crossings_s=crossings,
    )


@dataclass(frozen=True)
class Sample:
    """A file of one format.

    Attributes:
        source_format: Name of the format.
        file_name: Name of the file.
        text: What stands in it.
        lap_time_off_s: How far a lap time may be off, for what the format cannot know better; None where it tells no
            laps.
        channels: Canonical channels that it tells.
        rows_refused: Rows that are refused.
        begins_s: Where in the drive the file begins, in seconds.
    """

    source_format: str
    file_name: str
    text: str
    lap_time_off_s: float | None
    channels: tuple[str, ...]
    rows_refused: int = 0
    begins_s: float = 0.0


_SAMPLES: list[Callable[[], Sample]] = []


def _sample(make: Callable[[], Sample]) -> Callable[[], Sample]:
    _SAMPLES.append(make)
    return make


def text_samples() -> list[Sample]:
    """One file or more of each text logger that is read as a log is."""
    return [make() for make in _SAMPLES]


def lines(rows: Iterable[Sequence[object]], delimiter: str = ",", newline: str = "\n") -> str:
    """Rows as delimited lines."""
    return "".join(delimiter.join(map(str, row)) + newline for row in rows)


def columns(*values: tuple[Values, int]) -> list[list[str]]:
    """Rows of columns, each with so many decimals."""
    return [
        list(row) for row in zip(*([f"{number:.{digits}f}" for number in each] for each, digits in values), strict=True)
    ]


@_sample
def _accessport() -> Sample:
    """The tune stands in the last header cell; there is no lap. A row is cut off, and one has no time."""
    driven = drive()
    head = "Time (sec),RPM (RPM),Throttle Pos (%),Vehicle Speed (kph),AP Info:[AP3-X v1.0][2026 Finch][Stage1.ptm]\n"
    rows = columns(
        (driven.time_s, 3),
        (driven.rpm, 0),
        (driven.throttle * 100, 1),
        (driven.speed_mps * 3.6, 2),
        (driven.rpm * 0, 0),
    )
    rows = [*rows[:100], rows[100][:2], ["", *rows[101][1:]], *rows[102:]]
    channels = ("rpm", "throttle_ratio", "speed_kph")
    return Sample("accessport_csv", "datalog1.csv", head + lines(rows), None, channels, rows_refused=2)


@_sample
def _aim() -> Sample:
    """Markers are spread over cells, and the last is where the log ends. The header twice, mph, and no time at all."""
    driven = drive()
    names = [
        "Time",
        "GPS_Speed",
        "GPS LatAcc",
        "GPS LonAcc",
        "GPS Gyro",
        "GPS Latitude",
        "GPS Longitude",
        "Calculated_Gea",
    ]
    markers = [*driven.crossings_s, driven.time_s[-1]]
    preamble = [
        ["Format", "AIM CSV File"],
        ["Session", "Alder Park"],
        ["Vehicle", "Finch"],
        ["Racer", "Ada Vale"],
        ["Date", '"Wednesday, March 4, 2026"'],
        ["Time", "8:02 AM"],
        ["Sample Rate", "20"],
        ["Duration", str(int(np.ceil(driven.time_s[-1])))],
        ["Beacon Markers", *(f"{marker:.3f}" for marker in markers)],
        [],
        names,
        names,
        ["sec", "mph", "g", "g", "deg/s", "deg", "deg", "#"],
        ["", *map(str, range(1, len(names)))],
        [],
    ]
    rows = columns(
        (driven.speed_mps / 0.44704, 4),
        (-driven.lat_g, 4),
        (driven.long_g, 4),
        (-driven.yaw_rate_dps, 3),
        (driven.lat_deg, 8),
        (driven.lon_deg, 8),
        (driven.gear, 0),
    )
    text = lines([row + [""] * (len(names) - len(row)) for row in preamble] + [["", *row] for row in rows])
    channels = ("gps_speed_kph", "lat_g", "long_g", "yaw_rate_dps", "lat_deg", "lon_deg", "gear")
    return Sample("aim_csv", "Session 1.csv", text, 0.001, channels)


@_sample
def _vbo() -> Sample:
    """Minutes, west positive; midnight passes; a name twice, one with a space, as one line counts one too many."""
    driven = drive()
    header = ["satellites", "time", "latitude", "longitude", "velocity knots", "heading", "height", "Lat accel g"]
    header += ["Long accel g", "Oil Temp", "Oil Temp"]
    short = "sats time lat long velocity heading height latacc longacc Oil Temp Oil Temp"
    clock = np.round(86_400 - 30 + driven.time_s, 2) % 86_400
    times = [f"{int(at // 3600):02d}{int(at // 60) % 60:02d}{at % 60:05.2f}" for at in clock]
    rows = columns(
        (driven.lat_deg * 60, 8),
        (-driven.lon_deg * 60, 8),
        (driven.speed_mps * 3.6 / 1.852, 3),
        (driven.heading_deg, 2),
        (driven.altitude_m, 2),
        (driven.lat_g, 3),
        (driven.long_g, 3),
        (driven.rpm, 0),
        (driven.rpm, 0),
    )
    signed = [
        ["012", time, *(f"{'' if cell[0] == '-' else '+'}{cell}" for cell in row)]
        for time, row in zip(times, rows, strict=True)
    ]
    start = [f"{-60 * (driven.lon_deg.max() + place):+.6f} {60 * LAT_DEG:+.6f}" for place in (-0.0002, 0.0002)]
    text = "\r\n".join(
        [
            "File created on 03/03/2026 @ 23:59",
            "",
            "[header]",
            *header,
            "",
            "[comments]",
            "Log Rate (Hz) : 20.00",
            "",
            "[module Information]",
            "025 - IMU01 - 1 26 0",
            "",
            "[laptiming]",
            f"Start {' '.join(start)} \u00ac Start",
            "",
            "[column names]",
            short,
            "",
            "[data]",
            *map(" ".join, signed),
            "",
        ]
    )
    channels = ("gps_speed_kph", "lat_g", "long_g", "lat_deg", "lon_deg", "altitude_m")
    return Sample("vbo", "VBOX0001.VBO", text, 0.01, channels)


@_sample
def _ecumaster() -> Sample:
    """Points between semicolons; a cell is blank until its value changes."""
    driven = drive()
    gears = [f"{gear:.0f}" for gear in driven.gear]
    told = [gear if place == 0 or gear != gears[place - 1] else "" for place, gear in enumerate(gears)]
    rows = [
        [f"{time:.3f}", f"{rpm:.0f}", gear, f"{tps:.1f}" if place % 2 == 0 else ""]
        for place, (time, rpm, gear, tps) in enumerate(
            zip(driven.time_s, driven.rpm, told, driven.throttle * 100, strict=True)
        )
    ]
    head = "TIME;engine/rpm;sensors/gear;sensors/tps1\n"
    return Sample("ecumaster_csv", "drive_0001.csv", head + lines(rows, ";", "\r\n"), None, ("rpm", "gear"))


def _blank_but_every(cells: list[str], step: int) -> list[str]:
    return [cell if place % step == 0 else "" for place, cell in enumerate(cells)]


@_sample
def _racechrono() -> Sample:
    """Names, units and sources; speeds of two devices; a receiver slower than the rows; a stamp that repeats."""
    driven = drive()
    names = "timestamp,lap_number,elapsed_time,speed,latitude,longitude,altitude,speed,lateral_acc,rpm"
    units = "unix time,,s,m/s,deg,deg,m,m/s,G,rpm"
    sources = ",,,100: gps,100: gps,100: gps,100: gps,200: canbus,calc,200: canbus"
    told = [
        *columns((STARTED_AT_S + driven.time_s, 3), (driven.lap, 0), (driven.time_s, 3)),
    ]
    fixes = columns((driven.speed_mps, 4), (driven.lat_deg, 8), (driven.lon_deg, 8), (driven.altitude_m, 2))
    others = columns((driven.speed_mps, 3), (driven.lat_g, 4), (driven.rpm, 0))
    rows = [
        [*clock, *(fix if place % 2 == 0 else [""] * 4), *other]
        for place, (clock, fix, other) in enumerate(zip(told, fixes, others, strict=True))
    ]
    rows.insert(200, rows[199])
    text = (
        "This file is created using RaceChrono Pro v9.1.3 ( http://racechrono.com/ ).\nFormat,3\n"
        'Session title,"Evening, second run"\nSession type,Lap timing\n\nDriver name,\nCreated,04/03/2026,08:00\n'
        f'Note,"wind, and rain"\n\n{names}\n{units}\n{sources}\n'
    )
    channels = ("speed_kph", "gps_speed_kph", "lat_deg", "lon_deg", "altitude_m", "lat_g", "rpm", "lap_number")
    return Sample("racechrono_csv", "session_lap2_v3.csv", text + lines(rows), 0.06, channels, rows_refused=1)


@_sample
def _trackaddict() -> Sample:
    """Four fixes a second in twenty rows, which repeat the last one; the end of a lap is a comment among the data."""
    driven = drive()
    head = (
        "# RaceRender Data: TrackAddict 4.3.5 on Android 9 [x] (Mode: 0)\n# GPS: Android; Mode: Android\n"
        '"Time","UTC Time","Lap","GPS_Update","Latitude","Longitude","Altitude (m)","Speed (Km/h)","Speed (MPH)"\n'
    )
    fixes = columns(
        (driven.lat_deg, 7),
        (driven.lon_deg, 7),
        (driven.altitude_m, 1),
        (driven.speed_mps * 3.6, 1),
        (driven.speed_mps * 3.6 / 1.609344, 1),
    )
    text, ended = head, 0
    for place, (time, lap) in enumerate(zip(driven.time_s, driven.lap, strict=True)):
        while ended < lap:
            lasted = driven.crossings_s[ended] if ended == 0 else LAP_TIMES_S[ended - 1]
            text += f"# Lap {ended}: 00:00:{lasted:06.3f}\n"
            ended += 1
        is_fix = int(place % 5 == 0)
        row = [f"{time:.3f}", f"{STARTED_AT_S + time:.3f}", f"{lap:.0f}", is_fix, *fixes[place // 5 * 5]]
        text += ",".join(map(str, row)) + "\n"
    channels = ("lap_number", "lat_deg", "lon_deg", "altitude_m", "gps_speed_kph")
    return Sample("trackaddict_csv", "Log-20260304.csv", text, 0.003, channels)


@_sample
def _racecapture() -> Sample:
    """Names with unit, bounds and rate; a receiver in every fourth row; the device ran before; MPH."""
    driven = drive()
    head = ",".join(
        f'"{name}"|"{unit}"|0|0|{rate}'
        for name, unit, rate in (
            ("Interval", "ms", 1),
            ("Utc", "ms", 1),
            ("RPM", "rpm", 20),
            ("TPS", "%", 20),
            ("Latitude", "Degrees", 5),
            ("Longitude", "Degrees", 5),
            ("Speed", "MPH", 5),
            ("CurrentLap", "", 20),
        )
    )
    each = columns((737_000 + 1_000 * driven.time_s, 0), (1_000 * (STARTED_AT_S + driven.time_s), 0), (driven.rpm, 0))
    tps = [row[0] for row in columns((driven.throttle * 100, 1))]
    fixes = columns((driven.lat_deg, 7), (driven.lon_deg, 7), (driven.speed_mps * 3.6 / 1.609344, 3))
    slow = list(zip(*(_blank_but_every([row[place] for row in fixes], 4) for place in range(3)), strict=True))
    rows = [
        [*whole, pedal, *fix, f"{lap:.0f}"] for whole, pedal, fix, lap in zip(each, tps, slow, driven.lap, strict=True)
    ]
    channels = ("rpm", "throttle_ratio", "lat_deg", "lon_deg", "gps_speed_kph", "lap_number")
    return Sample("racecapture_log", "rc_3.log", head + "\n" + lines(rows), 0.06, channels)


@_sample
def _torque() -> Sample:
    """Dates as words, spaces before names, minus signs for what is missing, the header again in the middle."""
    driven = drive()
    head = "GPS Time, Device Time, Longitude, Latitude,Speed (OBD)(mph),Engine RPM(rpm),Ambient air temp(\u00b0F)\n"
    rows = [
        [
            f"Wed Mar 04 09:{int(time) // 60:02d}:{int(time) % 60:02d} MEZ 2026",
            f"04-Mar-2026 10:{int(time) // 60:02d}:{time % 60:06.3f}",
            "-",
            "-",
            *told,
            "190.4",
        ]
        for time, told in zip(
            driven.time_s, columns((driven.speed_mps * 3.6 / 1.609344, 4), (driven.rpm, 0)), strict=True
        )
    ]
    text = head + lines(rows[:700]) + head + lines(rows[700:])
    return Sample("torque_csv", "trackLog-2026-Mar-04.csv", text, None, ("speed_kph", "rpm"))


@_sample
def _romraider() -> Sample:
    """Decimal commas between semicolons; other channels are chosen before the end, with names of their own."""
    driven = drive()
    told = columns(
        (1_000 * driven.time_s, 0), (driven.rpm, 0), (driven.speed_mps * 3.6 / 1.609344, 3), (driven.throttle * 100, 2)
    )
    head = "Time (msec);Engine Speed (rpm);Vehicle Speed (mph);Throttle Opening Angle (%)\r\n"
    other = "Time (msec);Engine Speed (rpm);Throttle Opening Angle (%);Vehicle Speed (mph)\r\n"
    rows = [[cell.replace(".", ",") for cell in row] for row in told]
    text = head + lines(rows[:-3], ";", "\r\n") + other + lines(rows[-3:], ";", "\r\n")
    channels = ("rpm", "speed_kph", "throttle_ratio")
    return Sample("romraider_csv", "romraiderlog_20260304.csv", text, None, channels, rows_refused=4)


@_sample
def _gauge_s() -> Sample:
    """The last cell of each row is empty; the clock ran before; two speeds in two units."""
    driven = drive()
    head = "Timestamp (ms),Speed (mph),GPS Speed (km/h),Engine Speed (RPM),TPS (%),Brake Pressure (%),Accel X (g),\n"
    rows = columns(
        (41_250 + 1_000 * driven.time_s, 0),
        (driven.speed_mps * 3.6 / 1.609344, 3),
        (driven.speed_mps * 3.6, 3),
        (driven.rpm, 0),
        (driven.throttle * 100, 2),
        (driven.brake * 100, 2),
        (driven.long_g, 3),
    )
    channels = ("speed_kph", "gps_speed_kph", "rpm", "throttle_ratio", "brake_ratio")
    return Sample("gauge_s_csv", "250304.csv", head + lines([[*row, ""] for row in rows]), None, channels)


@_sample
def _forza() -> Sample:
    """The clock of the console is full in the middle; bytes for pedals; + is right; laps from 0; a pause."""
    driven = drive()
    head = (
        "IsRaceOn,TimestampMS,CurrentEngineRpm,AccelerationX,AccelerationZ,AngularVelocityY,Speed,DistanceTraveled,"
        "LastLap,LapNumber,Accel,Brake,Gear,Steer\n"
    )
    last = np.concatenate(([0.0, 0.0], LAP_TIMES_S))[driven.lap.astype(int)]
    changes = np.concatenate(([False], np.diff(driven.gear) != 0))
    rows = [
        ["True", *row]
        for row in columns(
            ((2**32 - 30_000 + 1_000 * driven.time_s) % 2**32, 0),
            (driven.rpm, 0),
            (-driven.lat_g * 9.80665, 5),
            (driven.long_g * 9.80665, 5),
            (-np.radians(driven.yaw_rate_dps), 6),
            (driven.speed_mps, 5),
            (driven.distance_m, 3),
            (last, 3),
            (driven.lap - 1, 0),
            (driven.throttle * 255, 0),
            (driven.brake * 255, 0),
            (np.where(changes, 11, driven.gear), 0),
            (driven.lap * 0 - 60, 0),
        )
    ]
    rows[300:300] = [["False", rows[299][1], *["0"] * 12]] * 5
    channels = (
        "rpm",
        "lat_g",
        "long_g",
        "yaw_rate_dps",
        "speed_kph",
        "distance_m",
        "lap_number",
        "throttle_ratio",
        "gear",
    )
    return Sample("forza_csv", "race1.csv", "\ufeff" + head + lines(rows, newline="\r\n"), 0.003, channels)


def _lap_clock(seconds: float) -> str:
    """Minutes, seconds and thousandths, as Assetto Corsa writes them; dashes for none."""
    thousandths = round(seconds * 1_000)
    if thousandths < 0:
        return "-:--:---"
    return f"{thousandths // 60_000}:{thousandths // 1_000 % 60:02d}:{thousandths % 1_000:03d}"


def _stamp(seconds: float) -> str:
    return f"{np.datetime64(STARTED_AT_S * 1_000_000 + round(seconds * 1e6), 'us')}"


@_sample
def _assetto_corsa_shared_memory() -> Sample:
    """Comments before the names; colons in times; a vector in quotes; gears from 1 for none; stamps of the computer."""
    driven = drive()
    head = "# Name: Ada Vale\n# Car: finch_gt\n# Track: oval\n# Length: 970.0\n# Timestamp: 2026-03-04_090000\n"
    head += "timestamp,currentTime,completedLaps,lastTime,normalizedCarPosition,carCoordinates,gas,brake,gear,rpms,"
    head += "speedKmh,steerAngle\n"
    last = np.concatenate(([-1.0, -1.0], LAP_TIMES_S))[driven.lap.astype(int)]
    cars = columns(
        (driven.throttle, 4), (driven.brake, 4), (driven.gear + 1, 0), (driven.rpm, 0), (driven.speed_mps * 3.6, 4)
    )
    rows = [
        [
            _stamp(time).replace("T", " "),
            _lap_clock(lap_time),
            f"{lap - 1:.0f}",
            _lap_clock(last_time),
            f"{share:.7f}",
            '"[1.5, -7.25, 3.0]"',
            *car,
            "0.25",
        ]
        for time, lap_time, lap, last_time, share, car in zip(
            driven.time_s, driven.lap_time_s, driven.lap, last, driven.lap_share, cars, strict=True
        )
    ]
    channels = ("lap_number", "throttle_ratio", "brake_ratio", "gear", "rpm", "speed_kph")
    return Sample("assetto_corsa_shared_memory_csv", "oval_1.csv", head + lines(rows), 0.003, channels)


@_sample
def _assetto_corsa_lap_clock() -> Sample:
    """The clock of the lap is the only one, and begins anew; air and road are 0, which nobody measured."""
    driven = drive()
    head = "gas,brake,rpm,steer,speed,g_force_x,g_force_y,wheel_slip_front_left,air_temp,yaw_rate,current_time_str,"
    head += "normalized_car_position\n"
    rows = [
        [*row[:10], _lap_clock(time), row[10]]
        for row, time in zip(
            columns(
                (driven.throttle, 5),
                (driven.brake, 5),
                (driven.rpm, 0),
                (-driven.yaw_rate_dps / 90, 5),
                (driven.speed_mps * 3.6, 5),
                (driven.long_g, 5),
                (driven.lat_g, 5),
                (driven.lap * 0, 1),
                (driven.lap * 0, 1),
                (np.radians(driven.yaw_rate_dps), 6),
                (driven.lap_share, 8),
            ),
            driven.lap_time_s,
            strict=True,
        )
    ]
    channels = ("throttle_ratio", "brake_ratio", "rpm", "speed_kph", "long_g", "lat_g", "yaw_rate_dps")
    return Sample("assetto_corsa_lap_clock_csv", "oval_S.csv", head + lines(rows), 0.06, channels)


@_sample
def _assetto_corsa_epoch() -> Sample:
    """Milliseconds since 1970; a steering without a unit, which stays unmapped."""
    driven = drive()
    head = "timestamp_ms,lap_time_ms,completed_laps,norm_pos,speed_kmh,gas,brake,steer_angle,g_lon\n"
    rows = columns(
        (1_000 * (STARTED_AT_S + driven.time_s), 0),
        (1_000 * driven.lap_time_s, 0),
        (driven.lap - 1, 0),
        (driven.lap_share, 7),
        (driven.speed_mps * 3.6, 4),
        (driven.throttle, 4),
        (driven.brake, 4),
        (driven.yaw_rate_dps / 90, 5),
        (driven.long_g, 4),
    )
    channels = ("lap_number", "speed_kph", "throttle_ratio", "brake_ratio", "long_g")
    return Sample("assetto_corsa_epoch_csv", "telemetry.csv", head + lines(rows), 0.06, channels)


@_sample
def _crewchief() -> Sample:
    """A table a lap, the last first; names that are the same in each row; numbers below 0 for none; no rpm."""
    driven = drive()
    head = "result,table,_start,_stop,_time,CarModel,CurrentLap,GameName,SessionId,SessionTypeName,TrackCode,user,"
    head += "Brake,CurrentLapTime,Gear,LapTimePrevious,Rpms,SpeedMs,SteeringAngle,Throttle\n"
    last = np.concatenate(([-1.0, -1.0], LAP_TIMES_S))[driven.lap.astype(int)]
    cars = columns(
        (driven.brake, 5),
        (np.where(driven.lap > 0, driven.lap_time_s, -3), 4),
        (driven.gear, 1),
        (last, 4),
        (driven.lap * 0, 1),
        (driven.speed_mps, 6),
        (np.radians(driven.yaw_rate_dps), 6),
        (driven.throttle, 5),
    )
    rows = [
        [
            *("_result", f"{lap:.0f}", "x", "y", f"{_stamp(time).replace('T', ' ')}+00:00", "Finch", f"{lap:.0f}"),
            *("iRacing", "1772611200", "Race", "oval", "Ada Vale", *car),
        ]
        for time, lap, car in zip(driven.time_s, driven.lap, cars, strict=True)
    ]
    rows.sort(key=lambda row: -int(row[1]))
    channels = ("lap_number", "brake_ratio", "gear", "speed_kph", "steering_deg", "throttle_ratio")
    return Sample("crewchief_influx_csv", "session_df.csv", head + lines(rows), 0.003, channels)


@_sample
def _crewchief_lap() -> Sample:
    """A cell is empty until its value changes; percents; thousandths of a lap's time; N for no gear."""
    driven = drive()
    head = "_time,Brake,CurrentLapTime,Gear,Rpms,SpeedKmh,SteeringAngle,Throttle,TrackPositionPercent,lap\n"
    cars = columns(
        (driven.brake * 100, 3),
        (driven.lap_time_s * 1_000, 0),
        (driven.gear, 0),
        (driven.rpm, 0),
        (driven.speed_mps * 3.6, 2),
        (driven.yaw_rate_dps, 4),
        (driven.throttle * 100, 3),
        (driven.lap_share, 8),
    )
    rows = [
        [
            f"{_stamp(time)}Z",
            *(cell if place == 0 or cell != cars[place - 1][at] else "" for at, cell in enumerate(car)),
            f"{lap:.0f}",
        ]
        for place, (time, car, lap) in enumerate(zip(driven.time_s, cars, driven.lap, strict=True))
    ]
    channels = ("brake_ratio", "gear", "rpm", "speed_kph", "throttle_ratio", "lap_number")
    return Sample("crewchief_lap_csv", "lap0.csv", head + lines(rows), 0.06, channels)


def _points(driven: Drive, stamps: Values, speed: str, prefix: str = "") -> list[str]:
    """Points of a track; `speed` has a place for the number in m/s."""
    return [
        f'<{prefix}trkpt lat="{lat}" lon="{lon}"><{prefix}ele>{ele}</{prefix}ele>'
        f"<{prefix}time>{_stamp(stamp)}Z</{prefix}time>{speed.format(mps)}</{prefix}trkpt>\n"
        for stamp, (lat, lon, ele, mps) in zip(
            stamps,
            columns((driven.lat_deg, 8), (driven.lon_deg, 8), (driven.altitude_m, 2), (driven.speed_mps, 3)),
            strict=True,
        )
    ]


@_sample
def _gpx() -> Sample:
    """Five points a stamp; the later track first; one without a time, one that goes back; a speed of no known unit."""
    points = _points(drive(5), np.floor(drive(5).time_s), "<speed>{}</speed>")
    half = 200
    late = f'<trkpt lat="{LAT_DEG}" lon="{LON_DEG}"><time>{_stamp(2)}Z</time></trkpt>\n'
    first = [*points[:half], f'<trkpt lat="{LAT_DEG}" lon="{LON_DEG}"><ele>300</ele></trkpt>\n', late]
    text = (
        '<?xml version="1.0" encoding="UTF-8"?>\n<gpx version="1.1" creator="Box &amp; Co"\n'
        'xmlns="http://www.topografix.com/GPX/1/1">\n<metadata><time>2026-01-01T00:00:00Z</time></metadata>\n'
        f'<wpt lat="1" lon="2"><name>Pits</name></wpt>\n<trk><name>Second</name><trkseg>\n{"".join(points[half:])}'
        f"</trkseg></trk>\n<trk><name>First</name><trkseg>\n{''.join(first)}</trkseg></trk>\n</gpx>\n"
    )
    channels = ("gps_speed_kph", "lat_deg", "lon_deg", "altitude_m")
    return Sample("gpx", "Evening.gpx", text, 0.15, channels, rows_refused=2)


@_sample
def _gpx_1_0() -> Sample:
    """Ten points a second, their names with a prefix; its speed has a unit."""
    points = _points(drive(10), drive(10).time_s, "<g:speed>{}</g:speed>", "g:")
    text = (
        '<g:gpx version="1.0" creator="Box" xmlns:g="http://www.topografix.com/GPX/1/0">\r\n<g:trk><g:trkseg>\r\n'
        + "".join(points).replace("\n", "\r\n")
        + "</g:trkseg></g:trk></g:gpx>"
    )
    return Sample("gpx", "old.gpx", text, 0.1, ("gps_speed_kph", "lat_deg", "lon_deg", "altitude_m"))


@_sample
def _gt7_dashboard() -> Sample:
    """The newest lap first; counts that are one too many, and times that do not begin with the lap."""
    driven = drive(60)
    laps: list[dict[str, object]] = []
    for number, lasted in enumerate(LAP_TIMES_S, 1):
        here = driven.lap == number
        started = driven.crossings_s[number - 1]
        values = {
            "throttle": driven.throttle * 100,
            "braking": driven.brake * 100,
            "speed": driven.speed_mps * 3.6,
            "time": driven.time_s - started + 0.11,
            "rpm": driven.rpm,
            "position_x": driven.distance_m,
        }
        stamp = datetime(2026, 3, 4, 9) + timedelta(seconds=started * 1.001)
        laps.insert(
            0,
            {
                "title": "x",
                "lap_ticks": int(here.sum()) + 1,
                "lap_finish_time": round(1_000 * lasted),
                "number": number + 1,
                **{f"data_{name}": [round(float(value), 4) for value in each[here]] for name, each in values.items()},
                "data_gear": [int(gear) for gear in driven.gear[here]],
                "car_id": 8,
                "is_manual": False,
                "lap_start_timestamp": f"{stamp:%Y-%m-%d %H:%M:%S.%f}",
            },
        )
    channels = ("speed_kph", "throttle_ratio", "brake_ratio", "gear", "rpm")
    return Sample("gt7_dashboard_json", "laps.json", json.dumps(laps), 0.001, channels, begins_s=BEFORE_S)


@_sample
def _live_json() -> Sample:
    """Frames of a stream: one came late, one twice and one is cut off; values stand in words, and some are missing."""
    driven = drive(20)
    frames: list[str] = []
    for place, time_s in enumerate(driven.time_s):
        gear = int(driven.gear[place])
        frame = {
            "elapsed_s": float(time_s),
            "speed_kph": round(float(driven.speed_mps[place]) * 3.6, 3),
            "car": "Finch",
            "track": "Alder Park",
            "session": "evening",
            "sent_at": STARTED_AT_S + float(time_s),
            "lap_number": int(driven.lap[place]),
            "lap_distance_ratio": round(float(driven.lap_share[place]), 6),
            "throttle_ratio": round(float(driven.throttle[place]), 4),
            "brake_ratio": None if place == 7 else round(float(driven.brake[place]), 4),
            "gear": gear,
            "rpm": float(driven.rpm[place]),
            "on_pit_road": False,
        }
        frames.append(json.dumps(frame))
    told = {"source_format": "live_json", "told": {"driver": "Ada Vale", "sim": "raceroom", "mark": "evening"}}
    late = [
        json.dumps(told),
        *frames[:300],
        frames[301],
        frames[300],
        frames[301],
        *frames[302:500],
        frames[500][:40],
        *frames[501:],
    ]
    channels = ("speed_kph", "throttle_ratio", "brake_ratio", "gear", "rpm", "lap_number")
    return Sample("live_json", "stream.jsonl", lines([[frame] for frame in late]), 0.01, channels, rows_refused=2)
