"""A drive as the sim logs it and as others export it is one session: same laps, same corners, in either order."""

import gzip
import os
import re
from collections import defaultdict
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from simrace.generator.catalogue import ALDERBROOK, FALCON, MERLIN, SALTMARSH
from simrace.generator.iracing_ibt import write_ibt
from simrace.generator.lmu_duckdb import write_lmu
from simrace.generator.motec import write_acc_export, write_adl
from simrace.generator.motec_ld import write_acc_ld, write_logger_ld
from simrace.generator.mu import write_mu
from simrace.generator.session import Driver, Session
from tests.conftest import AGAIN, Warehouse

AT = datetime(2025, 7, 12, 18, 30, 5, tzinfo=UTC)
TICK_S = 1 / 60
# What `told` reads, and the dimensions that have to be there for it.
TOLD = ("+fct_laps", "+dim_track_corners", "+dim_sessions", "+dim_drivers", "+dim_cars", "+dim_track_layouts")
Write = Callable[..., list[Path]]
DRIVE = Session(ALDERBROOK, MERLIN, Driver("Dagny Morrowby", 0.965, 0.008), 3, (3, 1))
# number of the out lap, what was driven, the sim's own log, the export of it
DRIVES: dict[str, tuple[int, Session, Write, Write]] = {
    "iracing": (1, DRIVE, write_ibt, lambda folder, session, at: write_mu(folder, session, at, hand_edited=False)),
    "acc": (0, Session(ALDERBROOK, MERLIN, Driver("Kester Jelvik", 0.95), 2, (3, 3)), write_acc_ld, write_acc_export),
    "logger": (0, Session(ALDERBROOK, FALCON, Driver("N. OSTERMANE", 0.955), 3, (3, 4)), write_logger_ld, write_adl),
    # nothing exports these, but DuckDB makes other bytes of the same log
    "lmu": (0, DRIVE, write_lmu, write_lmu),
}
# somebody took the log without the beacons beside it, so its export alone knows the laps
WITHOUT_BEACONS = "acc_without_beacons"
# somebody moved a beacon in i2; the file as it was before comes with the exports
MOVED = "acc"
BARE = Session(SALTMARSH, MERLIN, Driver("Dagny Morrowby", 0.965, 0.008), 2, (3, 2))


def write_drives(folder: Path) -> None:
    for name, (_, session, log, export) in DRIVES.items():
        log(folder / "logs" / name, session, AT)
        for path in export(folder / "exports" / name, session, AT):
            assert path.exists()
    _, beacons = write_acc_ld(folder / "logs" / WITHOUT_BEACONS, BARE, AT)
    beacons.unlink()
    write_acc_export(folder / "exports" / WITHOUT_BEACONS, BARE, AT)


def write_first_beacons(folder: Path) -> Path:
    """The beacons of a log as they were before somebody moved them, as a packed copy beside the log."""
    [beacons] = folder.glob("*.ldx")
    before, moved = re.subn(r'Time="[^"]+"', 'Time="7.0e6"', beacons.read_text("utf-8"), count=1)
    assert moved
    copy = beacons.with_name(beacons.name + ".gz")
    copy.write_bytes(gzip.compress(before.encode(), mtime=0))
    os.utime(copy, (beacons.stat().st_mtime - 60,) * 2)
    return copy


def told(warehouse: Warehouse) -> dict[str, Any]:
    """Sessions of each drive, how many of its files give samples, and what the marts say of its laps and corners."""
    found: dict[str, Any] = {"sessions": defaultdict(set), "used": {}, "laps": {}, "corners": {}}
    found["beacons"] = warehouse.query(
        "select is_newest from staging.stg_motec__beacon_files as files "
        "inner join raw.file_sightings as sightings on files.beacons_file_id = sightings.file_id order by modified_at"
    )
    rows = warehouse.query(
        "select split_part(sightings.file_path, '/', -2), cast(files.session_id as text), "
        "count(*) filter (where is_used) from intermediate.int_telemetry_session_files as files "
        "inner join raw.file_sightings as sightings on files.file_id = sightings.file_id group by 1, 2"
    )
    for drive, session, used in rows:
        found["sessions"][drive].add(session)
        found["used"][drive] = used
        for lap, kind, time in warehouse.query(
            f"select lap_number, lap_class, measured_lap_time_s from marts.fct_laps where session_id = '{session}'"
        ):
            found["laps"][drive, lap] = (kind, None if time is None else float(str(time)))
        for corner, apex in warehouse.query(
            "select corner_number, apex_m from marts.dim_track_corners "
            f"inner join marts.dim_sessions as sessions using (layout_key) where sessions.session_id = '{session}'"
        ):
            found["corners"][drive, corner] = float(str(apex))
    return found


@pytest.fixture(scope="module")
def orders(built: Warehouse) -> dict[str, list[dict[str, Any]]]:
    """By what came first, what is told after the first and after both."""
    found: dict[str, list[dict[str, Any]]] = {}
    folder = built.folder / "drives"
    write_drives(folder)
    for first, then in (("logs", "exports"), ("exports", "logs")):
        other = built.other(f"{first}_first", is_copy=True)
        found[first] = []
        for part in (first, then):
            files = [folder / part]
            if part == "exports":
                files.append(write_first_beacons(folder / "logs" / MOVED))
            other.run("simrace", "land", *files)
            other.run("dbt", "build", *AGAIN, "--select", *TOLD)
            found[first].append(told(other))
    return found


def test_one_session_a_drive(orders: dict[str, list[dict[str, Any]]]) -> None:
    sessions = [told["sessions"] for each in orders.values() for told in each]
    assert sessions[0].keys() == {*DRIVES, WITHOUT_BEACONS}
    assert all(len(found) == 1 for found in sessions[0].values())
    assert all(found == sessions[0] for found in sessions)


def test_the_order_of_landing_does_not_matter(orders: dict[str, list[dict[str, Any]]]) -> None:
    assert orders["logs"][1] == orders["exports"][1]


def test_beacons_that_were_moved_are_taken_whichever_file_of_them_is_landed_first(
    orders: dict[str, list[dict[str, Any]]],
) -> None:
    assert [order[1]["beacons"] for order in orders.values()] == [[(False,), (True,)]] * 2


@pytest.mark.parametrize("drive", DRIVES)
def test_logs_and_exports_have_the_laps_that_were_driven(orders: dict[str, list[dict[str, Any]]], drive: str) -> None:
    first, session, *_ = DRIVES[drive]
    times = np.diff(session.lap_bounds_s)
    for told in (each for order in orders.values() for each in order):
        laps = {lap: rest for (name, lap), rest in told["laps"].items() if name == drive}
        assert sorted(laps) == list(range(first, first + session.lap_count))
        for lap in range(1, session.flying_laps + 1):
            kind, time = laps[first + lap]
            assert kind == "pace"
            assert time == pytest.approx(times[lap], abs=TICK_S)


def test_laps_that_an_export_alone_tells_of_outlast_its_log(orders: dict[str, list[dict[str, Any]]]) -> None:
    laps = {
        (first, count): {lap: rest for (name, lap), rest in told["laps"].items() if name == WITHOUT_BEACONS}
        for first, order in orders.items()
        for count, told in enumerate(order, 1)
    }
    assert {order[1]["used"][WITHOUT_BEACONS] for order in orders.values()} == {1}
    assert [kind for kind, _ in laps.pop(("logs", 1)).values()] == ["incomplete"]
    times = np.diff(BARE.lap_bounds_s)
    for found in laps.values():
        assert sorted(found) == list(range(BARE.lap_count))
        for lap in range(1, BARE.flying_laps + 1):
            assert found[lap] == ("pace", pytest.approx(times[lap], abs=TICK_S))


@pytest.mark.parametrize("drive", DRIVES)
def test_logs_and_exports_have_the_same_corners(orders: dict[str, list[dict[str, Any]]], drive: str) -> None:
    of_log, of_export = (
        {corner: apex for (name, corner), apex in orders[first][0]["corners"].items() if name == drive}
        for first in ("logs", "exports")
    )
    assert len(of_log) == len(DRIVES[drive][1].layout.corners)
    assert of_log == pytest.approx(of_export, abs=1)


def test_two_sims_log_the_same_corners_of_a_drive(orders: dict[str, list[dict[str, Any]]]) -> None:
    of_sims = [
        {corner: apex for (name, corner), apex in orders["logs"][1]["corners"].items() if name == sim}
        for sim in ("iracing", "lmu")
    ]
    assert len(of_sims[0]) == len(DRIVE.layout.corners)
    assert of_sims[1] == pytest.approx(of_sims[0], abs=1)
