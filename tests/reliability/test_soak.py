"""Two hundred logs in batches: laps as they were driven, memory bounded, and the last batches not much dearer."""

import os
import statistics
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from simrace.generator.catalogue import ALDERBROOK, MERLIN
from simrace.generator.iracing_ibt import write_ibt
from simrace.generator.session import Driver, Session
from tests.conftest import NO_TESTS, Warehouse
from tests.reliability.conftest import assert_bytes, begin

LOGS = int(os.environ.get("SIMRACE_HARM_LOGS", "200"))
BATCHES = 8
FIRST = datetime(2025, 1, 3, 18, 0, tzinfo=UTC)
MOST_MB = 300
TICK_S = 1 / 60


def write_batch(folder: Path, numbers: range) -> dict[str, float]:
    """Logs of three laps; the time of the flying one by the name of the file."""
    driven = {}
    for number in numbers:
        session = Session(ALDERBROOK, MERLIN, Driver("Dagny Morrowby", 0.965, 0.008), 1, (9, number))
        (path,) = write_ibt(folder, session, FIRST + timedelta(hours=number))
        driven[path.name] = float(np.diff(session.crossings_s)[0])
    return driven


def land(warehouse: Warehouse, folder: Path) -> float:
    """Peak memory of the command and the processes that it starts, in MB."""
    process = begin(warehouse, "simrace", "land", folder)
    assert process.stdout is not None
    said = process.stdout.read()
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = status
    assert status == 0, said
    return used.ru_maxrss / 1_000


@pytest.mark.slow
def test_two_hundred_logs(server: Warehouse) -> None:
    warehouse = server.other("soak")
    driven: dict[str, float] = {}
    seconds, peaks = [], []
    for batch in range(BATCHES):
        folder = warehouse.folder / "logs" / str(batch)
        driven |= write_batch(folder, range(batch * LOGS // BATCHES, (batch + 1) * LOGS // BATCHES))
        began = time.perf_counter()
        peaks.append(land(warehouse, folder))
        warehouse.run("dbt", "build", *NO_TESTS)
        seconds.append(time.perf_counter() - began)
    print(f"seconds a batch {[round(each) for each in seconds]}, peak {max(peaks):.0f} MB")
    assert max(peaks) < MOST_MB
    assert statistics.median(seconds[-2:]) < 2 * statistics.median(seconds[1:3])
    laps = warehouse.query(
        "select distinct sightings.file_name, laps.lap_number, laps.lap_class, laps.measured_lap_time_s "
        "from marts.fct_laps as laps inner join intermediate.int_telemetry_session_files using (session_id) "
        "inner join raw.file_sightings as sightings using (file_id)"
    )
    assert len(laps) == 3 * LOGS
    measured = {name: float(str(time_s)) for name, number, kind, time_s in laps if number == 2 and kind == "pace"}
    assert measured == pytest.approx(driven, abs=TICK_S)
    assert f"{LOGS} already landed" in warehouse.run("simrace", "land", warehouse.folder / "logs").stdout
    assert_bytes(warehouse)
