"""A generated .duckdb holds the drive in tables as the sim writes them."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from simrace.generator.catalogue import ALDERBROOK, MERLIN
from simrace.generator.lmu_duckdb import write_lmu
from simrace.generator.session import Driver, Session

duckdb = pytest.importorskip("duckdb")

AT = datetime(2025, 3, 22, 20, 5, 7, tzinfo=UTC)
SESSION = Session(ALDERBROOK, MERLIN, Driver("Kester Jelvik"), 3, (1, 9))
Tables = dict[str, dict[str, np.ndarray]]


def read(path: Path) -> Tables:
    with duckdb.connect(str(path), read_only=True) as database:
        names = [name for (name,) in database.execute("select table_name from duckdb_tables()").fetchall()]
        return {name: database.execute(f'select * from "{name}"').fetchnumpy() for name in names}


@pytest.fixture(scope="module")
def tables(tmp_path_factory: pytest.TempPathFactory) -> Tables:
    (path,) = write_lmu(tmp_path_factory.mktemp("lmu"), SESSION, AT)
    return read(path)


def test_every_table_is_listed(tables: Tables) -> None:
    listed = [*tables["channelsList"]["channelName"], *tables["eventsList"]["eventName"]]
    assert tables.keys() == {*listed, "channelsList", "eventsList", "metadata"}
    said = dict(zip(*tables["metadata"].values(), strict=True))
    assert (said["DriverName"], said["TrackName"]) == ("Kester Jelvik", "Alderbrook Park")
    assert said["RecordingTime"] == "2025-03-22T20_05_07Z"


def test_values_are_the_drive_at_each_rate(tables: Tables) -> None:
    rates = dict(zip(tables["channelsList"]["channelName"], tables["channelsList"]["frequency"], strict=True))
    assert set(rates.values()) == {5, 7, 10, 20, 50, 100}
    wanted: dict[str, tuple[str, str, float]] = {
        "Ground Speed": ("value", "speed_mps", 3.6), "Throttle Pos": ("value", "throttle", 100),
        "GPS Latitude": ("value", "lat_deg", 1), "TyresPressure": ("value4", "tyre_kpa_rr", 1),
    }  # fmt: skip
    for name, (column, source, factor) in wanted.items():
        times = np.arange(int(SESSION.duration_s * rates[name])) / rates[name]
        drive: Any = SESSION.at_times(times)[source] * factor
        assert tables[name][column].tobytes() == drive.astype("f4").tobytes()


def test_events_tell_the_laps(tables: Tables) -> None:
    start = tables["GPS Time"]["value"][0]
    lap, lap_time = tables["Lap"], tables["Lap Time"]
    assert lap["value"].tolist() == [0, 1, 2, 3, 4]
    assert lap["ts"][0] == start
    assert lap["ts"][1:] - start == pytest.approx(SESSION.crossings_s, abs=1e-9)
    assert lap_time["value"][2:] == pytest.approx(np.diff(SESSION.crossings_s), abs=1e-4)
    gear = tables["Gear"]
    assert (np.diff(gear["ts"]) > 0).all()
    assert (np.diff(gear["value"].astype(int)) != 0).all()


def test_a_file_with_the_same_tables_stays_as_it_is(tmp_path: Path) -> None:
    """Its bytes would be others, and a landing would take it for another file."""
    (path,) = write_lmu(tmp_path, SESSION, AT)
    before = path.read_bytes()
    assert write_lmu(tmp_path, SESSION, AT) == [path]
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]
    write_lmu(tmp_path, replace(SESSION, flying_laps=SESSION.flying_laps - 1), AT)
    assert path.read_bytes() != before


def test_same_seed_same_tables(tables: Tables, tmp_path: Path) -> None:
    (path,) = write_lmu(tmp_path, SESSION, AT)
    again = read(path)
    assert again.keys() == tables.keys()
    for name, columns in tables.items():
        for column, values in columns.items():
            assert values.tolist() == again[name][column].tolist()
