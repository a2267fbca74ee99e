"""A format that a user declares beside the project lands files, and a changed declaration makes these anew."""

import re
from pathlib import Path

import pytest

from tests.conftest import TESTED_AFTER_TELEMETRY, Warehouse
from tests.ingestion.test_format_check import UNKNOWN
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
# Of each text that nobody knows: the column of its speed, km/h in its unit, and the first speed. Each row adds one.
SPEEDS = {
    "semicolon": ("Tempo", 1.0, 80.5),
    "of_day": ("V", 3.6, 0.5),
    "sections": ("speed", 3.6, 0.25),
    "sparse": ("Speed", 1.0, 60.5),
    "epoch": ("speed", 1.0, 0.5),
}


@pytest.fixture(scope="module")
def hill(built: Warehouse, tmp_path_factory: pytest.TempPathFactory) -> Warehouse:
    other = built.other("declared formats", is_copy=True)
    home = tmp_path_factory.mktemp("hill")
    other.environment["SIMRACE_HOME"] = str(home)
    truth = drive()
    rows = [
        f"{time:.2f},{speed * 3.6 / FACTOR:.4f},{lap:.0f}"
        for time, speed, lap in zip(truth.time_s, truth.speed_mps, truth.lap, strict=True)
    ]
    lines = ["Hill log", "Pilot,Ada Vale", "Hill,Crest", "Day,2026-03-01 10:20", "", "t,v (mph),lap", *rows]
    (other.folder / "run.csv").write_text("\n".join(lines) + "\n")
    unknown = other.folder / "unknown"
    unknown.mkdir()
    for name, (text, *_) in UNKNOWN.items():
        (unknown / f"{name}.txt").write_text(text)
    other.run("simrace", "format", "check", "--write", *unknown.iterdir())
    declare(other, DECLARED)
    for name, (column, factor, _) in SPEEDS.items():  # what a person says
        draft = home / "formats" / f"{name}.toml"
        said = rf'\g<1>"speed_kph", factor = {factor}'
        text, found = re.subn(rf'# (\{{ name = "{column}".*channel = )"[a-z_]*"', said, draft.read_text())
        assert found == 1
        draft.write_text(text)
    other.run("simrace", "land", other.folder / "run.csv", unknown)
    other.run("dbt", "build", *TESTED_AFTER_TELEMETRY)
    return other


def declare(hill: Warehouse, text: str) -> Path:
    file = Path(hill.environment["SIMRACE_HOME"]) / "formats" / "hill.toml"
    file.parent.mkdir(exist_ok=True)
    file.write_text(text)
    return file


def samples(hill: Warehouse, channel: str, sim: str = "hill") -> list[float]:
    rows = hill.query(
        f"select samples.{channel} from marts.fct_telemetry_samples as samples "
        "inner join marts.dim_sessions as sessions using (session_id) "
        f"where sessions.sim = '{sim}' order by samples.elapsed_s"
    )
    return [float(str(row[0])) for row in rows]


def speeds(hill: Warehouse) -> list[float]:
    return samples(hill, "speed_kph")


def test_laps_and_speeds_are_those_of_the_drive(hill: Warehouse) -> None:
    laps = hill.query("select lap_time_s from marts.fct_laps where lap_time_s is not null order by lap_number")
    assert [float(str(lap)) for (lap,) in laps if lap][-len(LAP_TIMES_S) :] == pytest.approx(LAP_TIMES_S, abs=0.051)
    assert speeds(hill) == pytest.approx([speed * 3.6 for speed in drive().speed_mps], abs=0.01)
    sims = hill.query("select sim from marts.dim_sessions order by 1")
    assert sims == [(sim,) for sim in sorted(["hill", *UNKNOWN])]


@pytest.mark.parametrize("name", UNKNOWN)
def test_a_draft_that_a_person_completed_lands_its_file(hill: Warehouse, name: str) -> None:
    _, factor, first = SPEEDS[name]
    assert samples(hill, "speed_kph", name) == pytest.approx([(first + row) * factor for row in range(40)])
    elapsed = samples(hill, "elapsed_s", name)
    assert (len(elapsed), elapsed[-1]) == (40, pytest.approx(UNKNOWN[name][-1]))


def test_a_changed_declaration_makes_its_files_anew(hill: Warehouse) -> None:
    """A factor, then how cells are read, which the text in the warehouse is read again for.

    Where the same channels stand in the same places, other values are all that a reading changes.
    """
    before = speeds(hill)
    other_rows = "select count(*) from raw.file_channels"
    declare(hill, DECLARED.replace("1.609344", "1.852"))
    draft = Path(hill.environment["SIMRACE_HOME"], "formats", "semicolon.toml")
    draft.write_text(draft.read_text().replace("clock = ", 'forms = { "Tempo" = "milliseconds" }\nclock = '))
    hill.run("simrace", "run", hill.folder / "run.csv")
    assert speeds(hill) == pytest.approx([speed / FACTOR * 1.852 for speed in before], rel=1e-5)
    assert samples(hill, "speed_kph", "semicolon") == pytest.approx([(80.5 + row) / 1_000 for row in range(40)])

    channels = hill.query(other_rows)
    declare(hill, DECLARED.replace('clock = { columns = ["t"] }', 'clock = { columns = ["t"], form = "milliseconds" }'))
    (hill.folder / "run.csv").rename(hill.folder / "moved.csv")  # it is read from the warehouse
    hill.run("simrace", "run", hill.folder / "moved.csv")
    assert speeds(hill) == pytest.approx(before)
    assert samples(hill, "elapsed_s")[-1] == pytest.approx(drive().time_s[-1] / 1_000, abs=1e-4)
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
