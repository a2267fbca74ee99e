"""A generated .ibt, read by a reader of its own, holds the drive bit for bit, with the habits of the sim's own logs."""

import json
import struct
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from simrace.generator.catalogue import ALDERBROOK, CARS, MERLIN
from simrace.generator.drivers import REGULARS
from simrace.generator.iracing_ibt import Recording, write_ibt
from simrace.generator.mu import write_mu
from simrace.generator.season import write_season
from simrace.generator.session import Driver, Session

AT = datetime(2025, 3, 18, 20, 48, 31, tzinfo=UTC)
SESSION = Session(ALDERBROOK, MERLIN, Driver("Dagny Morrowby", 0.965, 0.008), 4, (1, 7))
NUMPY = {1: "?", 2: "<i4", 3: "<u4", 4: "<f4", 5: "<f8"}


@dataclass(frozen=True)
class Log:
    header: tuple[int, ...]
    dates: tuple[float, ...]
    records: np.ndarray
    units: dict[str, str]
    fast: list[str]
    text: str


def read(path: Path) -> Log:
    content = path.read_bytes()
    header = struct.unpack_from("<10i", content)
    _, data = struct.unpack_from("<2i", content, 48)
    fields: dict[str, list[Any]] = {"names": [], "formats": [], "offsets": []}
    units, fast = {}, []
    for at in range(header[6]):
        start = header[7] + 144 * at
        kind, offset, count, in_time = struct.unpack_from("<3iB", content, start)
        name, _, unit = (
            content[start + first : start + last].rstrip(b"\0").decode()
            for first, last in ((16, 48), (48, 112), (112, 144))
        )
        fields["names"].append(name)
        fields["formats"].append(NUMPY[kind] if count == 1 else (NUMPY[kind], count))
        fields["offsets"].append(offset)
        units[name] = unit
        fast += [name] * in_time
    dtype = np.dtype(fields | {"itemsize": header[9]})
    assert dtype.fields is not None
    assert max(field[1] + field[0].itemsize for field in dtype.fields.values()) == header[9]
    text = content[header[5] : header[5] + header[4]].decode("cp1252")
    assert data == header[5] + header[4]
    assert (len(content) - data) % header[9] == 0
    records = np.frombuffer(content, dtype, offset=data)
    return Log(header, struct.unpack_from("<q2d2i", content, 112), records, units, fast, text)


def write(tmp_path: Path, **recording: Any) -> Log:
    (path,) = write_ibt(tmp_path, SESSION, AT, recording=Recording(**recording))
    return read(path)


def test_header_and_values_are_the_drive(tmp_path: Path) -> None:
    log = write(tmp_path)
    assert (log.header[0], log.header[2], log.header[7], log.header[8]) == (2, 60, 144, 1)
    assert 60 <= log.header[6] <= 100
    records = log.records
    assert log.dates == (AT.timestamp(), records["SessionTime"][0], records["SessionTime"][-1], 6, len(records))
    ticks = np.round((records["SessionTime"] - 412.35) * 60)
    steps = np.diff(ticks)
    assert set(steps) == {1, 2}
    assert (steps == 2).sum() == 2  # lost ticks
    whole = SESSION.at_times(np.arange(ticks[-1] + 1) / 60)
    drive = {name: values[ticks.astype(int)] for name, values in whole.items()}
    rows = np.arange(len(records)) > 0
    for name, channel in {
        "Speed": "speed_mps", "Brake": "brake", "RPM": "rpm", "SteeringWheelAngle": "steering_rad", "Lat": "lat_deg",
        "Lon": "lon_deg", "LatAccel": "lat_mps2", "FuelLevel": "fuel_l", "RRtempCM": "tyre_core_c_rr",
    }.items():  # fmt: skip
        wanted = drive[channel].astype(records.dtype[name])
        assert records[name][rows].tobytes() == wanted[rows].tobytes()
    assert records["Gear"][rows].tolist() == drive["gear_or_neutral"][rows].astype(int).tolist()
    assert records["OnPitRoad"][rows].tolist() == (drive["on_pit_road"][rows] > 0.5).tolist()
    assert (log.units["Throttle"], log.units["LatAccel"], log.units["AirPressure"]) == ("%", "m/s^2", "Pa")
    assert records["Throttle"].max() == 1
    assert {records.dtype[name].base for name in records.dtype.names or ()} == {
        np.dtype(kind) for kind in NUMPY.values()
    }


def test_fast_array_ends_with_the_tick(tmp_path: Path) -> None:
    log = write(tmp_path)
    assert log.fast == ["SteeringWheelTorque_ST"]
    fast = log.records["SteeringWheelTorque_ST"]
    assert fast.shape[1] == 6
    assert fast[:, -1].tolist() == log.records["SteeringWheelTorque"].tolist()


def test_laps_from_the_share_of_the_lap(tmp_path: Path) -> None:
    records = write(tmp_path, first_lap=186).records[1:]
    line = np.flatnonzero(np.diff(records["Lap"])) + 1
    assert records["Lap"][line].tolist() == [187, 188, 189, 190, 191]
    crossed = np.interp(range(187, 192), records["Lap"] + records["LapDistPct"].astype(float), records["SessionTime"])
    assert np.diff(crossed) == pytest.approx(np.diff(SESSION.crossings_s), abs=0.0011)
    assert -1e-3 < records["LapDistPct"].min() < 0
    assert np.abs(records["LapDist"] - records["LapDistPct"] * ALDERBROOK.length_m).max() < 1e-3
    # The time of a flying lap comes late; until then there is none.
    for at, lap_time in zip(line[1:], np.diff(SESSION.crossings_s), strict=True):
        wait = int(np.argmax(records["LapLastLapTime"][at:] > 0))
        assert 31 <= wait <= 112
        assert set(records["LapLastLapTime"][at : at + wait]) == {-1}
        assert records["LapLastLapTime"][at + wait] == pytest.approx(lap_time, abs=1e-4)


def test_rows_without_a_car(tmp_path: Path) -> None:
    records = write(tmp_path, reset_lap=2).records
    (nowhere,) = np.nonzero(records["PlayerTrackSurface"] == -1)
    assert len(nowhere) == 2
    assert nowhere[0] == 0
    for name in ("Lap", "LapDistPct", "Lat", "Lon", "Speed", "Gear"):
        assert not records[name][nowhere].any()
    assert records["SessionTime"][nowhere].all()
    assert records["AirTemp"][nowhere].all()
    assert (np.diff(records["SessionTime"]) > 0).all()
    reset = nowhere[1]
    assert records["Lap"][[reset - 1, reset, reset + 1]].tolist() == [3, 0, 3]
    assert records["LapDistPct"][reset - 1] > 0.3
    assert records["LapDistPct"][reset + 1] < 0.02
    assert records["Lap"].max() == 3 + SESSION.lap_count - 1


def test_width_of_a_real_log(tmp_path: Path) -> None:
    log = write(tmp_path, variables=280)
    assert log.header[6] == 280
    assert log.header[9] > 1_000


def test_same_session_as_its_mu_export(tmp_path: Path) -> None:
    log = write(tmp_path)
    (export,) = write_mu(tmp_path, SESSION, AT, hand_edited=False)
    said = dict(line.split(",")[:2] for line in export.read_text("utf-8").splitlines()[:8])
    text = yaml.safe_load(log.text)
    weekend, info = text["WeekendInfo"], text["DriverInfo"]
    own = info["Drivers"][info["DriverCarIdx"]]
    assert (own["UserName"], own["CarPath"]) == (said["Driver"], said["Vehicle"])
    assert REGULARS[info["DriverUserID"]] == said["Driver"]
    assert (weekend["TrackName"], weekend["EventType"]) == (said["Venue"], said["Session"])
    started = datetime.fromtimestamp(int(log.dates[0]), UTC)
    assert (f"{started:%d/%m/%Y}", f"{started:%H:%M:%S}") == (said["Session Date"], said["Session Time"])
    assert weekend["SubSessionID"] == 0
    assert [sector["SectorStartPct"] for sector in text["SplitTimeInfo"]["Sectors"]] == [0, 0.331, 0.668]


def test_text_that_is_no_yaml(tmp_path: Path) -> None:
    log = write(tmp_path, team='Blåfjord "B": Reserve')
    assert '   TeamName: Blåfjord "B": Reserve\n' in log.text
    with pytest.raises(yaml.YAMLError):
        yaml.safe_load(log.text)


def test_log_of_a_race_names_it_and_everybody_in_it(tmp_path: Path) -> None:
    *_, races = write_season(tmp_path, 8, seed=1)
    race = next(race for race in races if race.variant == "raw")
    entry = next(result.entry for result in race.results if result.entry.name == SESSION.driver.name)
    car = next(car for car in CARS if car.car_id == entry.car.car_id)
    session = Session(race.layout, car, SESSION.driver, 2, (1, 8))
    (path,) = write_ibt(tmp_path, session, race.started_at, race=race)
    log = read(path)
    text = yaml.safe_load(log.text)
    document = json.loads((tmp_path / f"{race.subsession_id}.json").read_text("utf-8"))
    weekend, info = text["WeekendInfo"], text["DriverInfo"]
    assert weekend["SubSessionID"] == document["subsession_id"]
    assert weekend["SeasonID"] == document["season_id"]
    assert weekend["TrackID"] == document["track"]["track_id"]
    rows = {row["cust_id"]: row for row in document["session_results"][-1]["results"]}
    drivers = {driver["UserID"]: driver for driver in info["Drivers"] if not driver["CarIsPaceCar"]}
    assert drivers.keys() == rows.keys()
    assert all(driver["UserName"] == rows[user]["display_name"] for user, driver in drivers.items())
    assert all(driver["IRating"] == rows[user]["oldi_rating"] for user, driver in drivers.items())
    own = info["Drivers"][info["DriverCarIdx"]]
    assert own["UserID"] == info["DriverUserID"] == entry.entry_id
    assert (own["CarPath"], own["CarID"]) == (car.slug, car.car_id)
    assert set(log.records["PlayerCarIdx"]) == {info["DriverCarIdx"]}
    said = text["SessionInfo"]["Sessions"][log.records["SessionNum"][5]]
    assert said["SessionType"] == "Race"
    by_index = {driver["CarIdx"]: driver["UserID"] for driver in info["Drivers"]}
    assert [by_index[row["CarIdx"]] for row in said["ResultsPositions"]] == list(rows)


def test_same_seed_same_bytes(tmp_path: Path) -> None:
    (first,) = write_ibt(tmp_path / "one", SESSION, AT)
    (second,) = write_ibt(tmp_path / "two", SESSION, AT)
    assert first.read_bytes() == second.read_bytes()
    assert first.stat().st_mtime == second.stat().st_mtime
