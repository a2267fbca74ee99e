"""A format that a user declares beside the project lands files, and a changed declaration makes these anew."""

from pathlib import Path

import pytest

from tests.conftest import Warehouse
from tests.text_samples import LAP_TIMES_S, drive

FACTOR = 1.609344
DECLARED = """
[hill_log]
title = "Hill log"
sim = "hill"
first_row = ["Hill log"]
header = "after_preamble"
unit_in_name = "()"
clock = { columns = ["t"] }
told = { driver = ["Pilot"], track = ["Hill"], date = ["Day"] }
channels = [
    { name = "v", unit = "mph", channel = "speed_kph", factor = 1.609344 },
    { name = "lap", channel = "lap_number" },
]
"""


@pytest.fixture(scope="module")
def hill(warehouse: Warehouse, tmp_path_factory: pytest.TempPathFactory) -> Warehouse:
    other = warehouse.other("declared formats")
    home = tmp_path_factory.mktemp("hill")
    other.environment["SIMRACE_HOME"] = str(home)
    truth = drive()
    rows = [
        f"{time:.2f},{speed * 3.6 / FACTOR:.4f},{lap:.0f}"
        for time, speed, lap in zip(truth.time_s, truth.speed_mps, truth.lap, strict=True)
    ]
    lines = ["Hill log", "Pilot,Ada Vale", "Hill,Crest", "Day,2026-03-01 10:20", "", "t,v (mph),lap", *rows]
    (other.folder / "run.csv").write_text("\n".join(lines) + "\n")
    declare(other, DECLARED)
    other.run("simrace", "run", other.folder / "run.csv")
    return other


def declare(hill: Warehouse, text: str) -> Path:
    file = Path(hill.environment["SIMRACE_HOME"]) / "formats" / "hill.toml"
    file.parent.mkdir(exist_ok=True)
    file.write_text(text)
    return file


def speeds(hill: Warehouse) -> list[float]:
    rows = hill.query("select speed_kph from marts.fct_telemetry_samples order by elapsed_s")
    return [float(str(row[0])) for row in rows]


def test_laps_and_speeds_are_those_of_the_drive(hill: Warehouse) -> None:
    laps = hill.query("select lap_time_s from marts.fct_laps where lap_time_s is not null order by lap_number")
    assert [float(str(lap)) for (lap,) in laps if lap][-len(LAP_TIMES_S) :] == pytest.approx(LAP_TIMES_S, abs=0.051)
    assert speeds(hill) == pytest.approx([speed * 3.6 for speed in drive().speed_mps], abs=0.01)
    assert hill.query("select distinct sim from marts.dim_sessions") == [("hill",)]


def test_a_changed_declaration_makes_its_files_anew(hill: Warehouse) -> None:
    """A factor, then how cells are read, which the text in the warehouse is read again for."""
    before = speeds(hill)
    other_rows = "select count(*) from raw.file_channels"
    declare(hill, DECLARED.replace("1.609344", "1.852"))
    hill.run("simrace", "run", hill.folder / "run.csv")
    assert speeds(hill) == pytest.approx([speed / FACTOR * 1.852 for speed in before], rel=1e-5)

    channels = hill.query(other_rows)
    declare(hill, DECLARED.replace('clock = { columns = ["t"] }', 'clock = { columns = ["t"], form = "milliseconds" }'))
    (hill.folder / "run.csv").rename(hill.folder / "moved.csv")  # it is read from the warehouse
    hill.run("simrace", "run", hill.folder / "moved.csv")
    assert speeds(hill) == pytest.approx(before)
    longest = hill.query("select max(elapsed_s) from marts.fct_telemetry_samples")
    assert float(str(longest[0][0])) == pytest.approx(drive().time_s[-1] / 1_000, abs=1e-4)
    assert hill.query(other_rows) == channels


def test_what_the_new_declaration_cannot_read_stays_and_is_told(hill: Warehouse) -> None:
    before = speeds(hill)
    declare(hill, DECLARED.replace('clock = { columns = ["t"] }', 'clock = { columns = ["time"] }'))
    told = hill.run("simrace", "land", hill.folder / "moved.csv")
    assert "1 files of hill_log stay as an older declaration read them" in " ".join((told.stdout + told.stderr).split())
    assert speeds(hill) == before


def test_a_mistake_stops_the_landing_and_is_told_with_its_line(hill: Warehouse) -> None:
    file = declare(hill, DECLARED.replace("speed_kph", "speed_mph"))
    told = hill.run("simrace", "land", hill.folder / "moved.csv", check=False)
    assert told.returncode == 1
    assert f"{file}, line 11: [hill_log.channels] has for channel 'speed_mph'" in told.stderr
    assert "speed_kph" in told.stderr
