"""Generated .ld and .ldx, read by a reader of their own, hold the drive as each writer would have stored it."""

import csv
import hashlib
import struct
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from simrace.generator.car import GRAVITY
from simrace.generator.catalogue import ALDERBROOK, MERLIN
from simrace.generator.motec import write_acc_export, write_adl
from simrace.generator.motec_ld import write_acc_ld, write_acti_ld, write_logger_ld
from simrace.generator.session import Driver, Session

AT = datetime(2025, 3, 22, 20, 5, 7, tzinfo=UTC)
SESSION = Session(ALDERBROOK, MERLIN, Driver("Kester Jelvik"), 3, (1, 9))
NUMPY = {(7, 4): "<f4", (3, 2): "<i2", (0, 2): "<i2"}


@dataclass(frozen=True)
class Channel:
    number: int
    unit: str
    rate_hz: int
    stored: np.ndarray
    values: np.ndarray


@dataclass(frozen=True)
class Log:
    head: dict[str, str]
    serial: int
    stride: int
    channels: dict[str, Channel]


def read(path: Path) -> Log:
    content = path.read_bytes()

    def text(at: int, size: int) -> str:
        return content[at : at + size].split(b"\0")[0].decode("cp1252")

    places = {"device": (0x4A, 8), "date": (0x5E, 16), "time": (0x7E, 16), "driver": (0x9E, 64), "vehicle": (0xDE, 64),
              "venue": (0x15E, 64)}  # fmt: skip
    head = {name: text(*place) for name, place in places.items()}
    assert struct.unpack_from("<2I", content) == (64, 0)
    (event,) = struct.unpack_from("<I", content, 0x24)
    (venue,) = struct.unpack_from("<H", content, event + 1152)
    head["event"] = text(event, 64)
    if venue:
        assert text(venue, 64) == head["venue"]
        (vehicle,) = struct.unpack_from("<H", content, venue + 1098)
        head["vehicle block"] = text(vehicle, 64)
    channels, strides = {}, set()
    first, end = struct.unpack_from("<2I", content, 8)
    at, before = first, 0
    while at:
        previous, following, data, count, number, kind, size, rate, *factors = struct.unpack_from(
            "<4I4H4h", content, at
        )
        assert data == end  # values follow each other without a gap
        assert previous in (0, before)
        end = data + count * size
        stored = np.frombuffer(content, NUMPY[kind, size], count, data)
        shift, multiplier, scale, decimals = factors
        values = (stored / scale * 10.0**-decimals + shift) * multiplier
        channels[text(at + 32, 32)] = Channel(number, text(at + 72, 12), rate, stored, values)
        strides.add(following - at if following else min(strides))
        at, before = following, at
    assert end == len(content)
    (told,) = struct.unpack_from("<H", content, 0x56)
    assert told == len(channels)
    (stride,) = strides
    return Log(head, *struct.unpack_from("<I", content, 0x46), stride, channels)


def beacons(path: Path) -> list[float]:
    tree = ElementTree.fromstring(path.read_text("utf-8"))  # noqa: S314
    return [float(marker.attrib["Time"]) for marker in tree.iterfind(".//MarkerGroup[@Name='Beacons']/Marker")]


def drive(rate_hz: int) -> dict[str, np.ndarray]:
    return SESSION.at_times(np.arange(int(SESSION.duration_s * rate_hz)) / rate_hz)


def preamble(path: Path) -> dict[str, str]:
    rows = csv.reader(path.read_text("ascii").splitlines()[:12])
    return {row[0]: row[1] for row in rows}


def test_acc_values_are_the_drive(tmp_path: Path) -> None:
    path, _ = write_acc_ld(tmp_path, SESSION, AT)
    log = read(path)
    wanted = {
        "SPEED": ("m/s", 60, "speed_mps", 1.0),
        "ROTY": ("rad/s", 20, "yaw_rate_radps", 1.0),
        "G_LAT": ("m/s2", 20, "lat_mps2", 1 / GRAVITY),  # sic: g under the label m/s2
        "THROTTLE": ("%", 60, "throttle", 100),
        "WHEEL_SPEED_RR": ("m/s", 200, "wheel_mps_rr", 1.0),
    }
    for name, (unit, rate_hz, source, factor) in wanted.items():
        channel = log.channels[name]
        assert (channel.unit, channel.rate_hz) == (unit, rate_hz)
        assert channel.stored.tobytes() == (drive(rate_hz)[source] * factor).astype("<f4").tobytes()
    assert log.channels["LAP_BEACON"].rate_hz == 100
    assert not log.channels["LAP_BEACON"].stored.any()
    assert (log.serial, log.stride) == (8_004, 124)
    assert (log.head["driver"], log.head["vehicle"]) == ("", "")


def test_acc_beacons_have_six_digits(tmp_path: Path) -> None:
    _, path = write_acc_ld(tmp_path, SESSION, AT)
    assert np.array(beacons(path)) / 1e6 == pytest.approx(SESSION.crossings_s, abs=0.0005)
    assert np.diff(beacons(path)) / 1e6 == pytest.approx(np.diff(SESSION.lap_bounds_s)[1:-1], abs=0.001)
    longer = Session(ALDERBROOK, MERLIN, SESSION.driver, 18, (1, 9))
    _, path = write_acc_ld(tmp_path / "longer", longer, AT)
    late = [at for at in beacons(path) if at > 1e9]
    assert late
    assert all(at % 10_000 == 0 for at in late)
    log, path = write_acc_ld(tmp_path / "none", SESSION, AT, beacons=False)
    assert beacons(path) == []
    assert path.stem == log.stem


def test_acc_log_and_its_i2_export_are_one_session(tmp_path: Path) -> None:
    log = read(write_acc_ld(tmp_path, SESSION, AT)[0])
    (path,) = write_acc_export(tmp_path, SESSION, AT)
    said = preamble(path)
    assert (said["Venue"], said["Vehicle"]) == (log.head["venue"], log.head["vehicle block"])
    assert (said["Driver"], said["Device"]) == (log.head["driver"], log.head["device"])
    assert datetime.strptime(said["Log Date"], "%Y-%m-%d").strftime("%d/%m/%Y") == log.head["date"]
    assert datetime.strptime(said["Log Time"], "%I:%M:%S %p").strftime("%H:%M:%S") == log.head["time"]
    rows = list(csv.reader(path.read_text("ascii").splitlines()))
    names, units, table = rows[14], rows[15], np.array(rows[18:], float)
    assert set(names) - {"Time"} == log.channels.keys()
    assert units[names.index("SPEED")] == "km/h"
    assert table[:, names.index("SPEED")] == pytest.approx(log.channels["SPEED"].values * 3.6, abs=0.006)


def test_acti_packs_values_and_counts_laps(tmp_path: Path) -> None:
    log = read(*write_acti_ld(tmp_path, SESSION, AT))
    assert (log.serial, log.stride) == (12_007, 116)
    assert (log.head["time"], log.head["driver"]) == ("20:05", "Kester Jelvik")
    assert "vehicle block" not in log.head
    assert {channel.rate_hz for channel in log.channels.values()} == {20}
    assert all(channel.stored.dtype == np.int16 for channel in log.channels.values())
    for name, source, factor in (("Ground Speed", "speed_mps", 3.6), ("Steering Angle", "steering_rad", -180 / np.pi)):
        reach = np.ptp(log.channels[name].values)
        assert log.channels[name].values == pytest.approx(drive(20)[source] * factor, abs=reach / 6_000)
    counter, last = log.channels["Session Lap Count"].values.round(), log.channels["Last Lap Time"].values
    line = np.flatnonzero(np.diff(counter)) + 1
    assert counter[line].tolist() == [1, 2, 3, 4]
    assert line / 20 == pytest.approx(SESSION.crossings_s, abs=0.05)
    assert (line / 20 >= SESSION.crossings_s).all()
    assert last[line] == pytest.approx(np.diff(SESSION.lap_bounds_s)[:-1], abs=0.01)


def test_logger_scales_values_and_codes_beacons(tmp_path: Path) -> None:
    log = read(*write_logger_ld(tmp_path, SESSION, AT))
    assert {channel.rate_hz for channel in log.channels.values()} == {1, 2, 5, 10, 20, 50, 100, 200}
    for name, source, factor, step in (
        ("Ground Speed", "speed_mps", 3.6, 0.1),
        ("Engine RPM", "rpm", 1, 6),
        ("Gyro Yaw Velocity", "yaw_rate_radps", 180 / np.pi, 0.36),
        ("Susp Pos FL", "suspension_m_fl", 1_000, 0.1),
        ("G Force Lat", "lat_mps2", 1 / GRAVITY, 0.01),
    ):
        channel = log.channels[name]
        assert channel.values == pytest.approx(drive(channel.rate_hz)[source] * factor, abs=step * 0.501)
    beacon = log.channels["Beacon"]
    assert (beacon.number, beacon.rate_hz) == (110, 1)
    lines, splits, first, milliseconds = [], [], None, 0
    for second, value in enumerate(beacon.stored.tolist()):
        if value & 0x8000:
            first = second if first is None else first
        elif value & 0x4000:
            milliseconds = value & 0x3FFF
        elif first is not None:
            (lines if value in (100, 2) else splits).append(first - 1 + milliseconds / 1_000)
            first = None
    assert lines == pytest.approx(SESSION.crossings_s, abs=0.00051)
    assert len(splits) == 3


def test_logger_log_and_its_i2_export_are_one_session(tmp_path: Path) -> None:
    log = read(*write_logger_ld(tmp_path, SESSION, AT))
    said = preamble(write_adl(tmp_path, SESSION, AT)[0])
    for name in ("venue", "vehicle", "driver", "device"):
        assert said[name.title()] == log.head[name]
    assert datetime.strptime(f"{said['Log Date']} {said['Log Time']}", "%Y-%m-%d %I:%M:%S %p") == AT.replace(
        tzinfo=None
    )
    assert (log.head["date"], log.head["time"]) == ("22/03/2025", "20:05:07")


@pytest.mark.parametrize("write", [write_acc_ld, write_acti_ld, write_logger_ld])
def test_same_seed_same_bytes(tmp_path: Path, write: Callable[..., list[Path]]) -> None:
    def hashes(session: Session, name: str) -> list[Any]:
        paths = write(tmp_path / name, session, AT)
        return [(path.name, path.stat().st_mtime, hashlib.sha256(path.read_bytes()).hexdigest()) for path in paths]

    assert hashes(SESSION, "one") == hashes(SESSION, "two")
    other = Session(ALDERBROOK, MERLIN, SESSION.driver, 3, (2, 9))
    assert all(a[2] != b[2] for a, b in zip(hashes(SESSION, "three"), hashes(other, "four"), strict=True))
