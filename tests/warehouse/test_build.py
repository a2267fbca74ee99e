"""The marts equal the files' contents, in whatever way and order the files came."""

import csv
import re
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.conftest import NO_TESTS, Warehouse


def assert_every_file_is_proven(said: str, landed: object) -> None:
    """Rebuilt to the byte or, where a library wrote the file, read again."""
    proven = re.findall(rf"(\d+) of {landed} files? (?:rebuilt to the byte|read again)", said)
    assert sum(map(int, proven)) == landed, said


def test_plain_dbt_builds_without_a_warning(warehouse: Warehouse) -> None:
    """A second build, incremental, in a shell where nothing is set but the home."""
    done = warehouse.run("dbt", "--warn-error", "build")
    assert re.search(r"PASS=\d+ WARN=0 ERROR=0 SKIP=0", done.stdout), done.stdout[-2_000:]


def test_a_second_run_lands_nothing_and_changes_nothing(warehouse: Warehouse) -> None:
    before = warehouse.checksums()
    raw = warehouse.query("select count(*) from raw.file_sightings") + warehouse.query(
        "select count(*) from raw._dlt_loads"
    )
    done = warehouse.run("simrace", "run", warehouse.folder / "files")
    assert " 0 landed" in done.stdout
    after = warehouse.query("select count(*) from raw.file_sightings") + warehouse.query(
        "select count(*) from raw._dlt_loads"
    )
    assert raw == after
    assert before == warehouse.checksums()
    steps = warehouse.query("select count(*) from ops.dbt_results")
    assert "Nothing is new since the last build" in warehouse.run("simrace", "run").stdout
    assert steps == warehouse.query("select count(*) from ops.dbt_results")
    assert before == warehouse.checksums()


def test_every_kind_of_mart_is_filled(warehouse: Warehouse) -> None:
    empty = [mart for mart, (rows, _) in warehouse.checksums().items() if not rows]
    assert not empty


def test_incremental_equals_full_refresh(warehouse: Warehouse) -> None:
    before = warehouse.checksums()
    warehouse.run("dbt", "build", "--full-refresh", *NO_TESTS)
    assert before == warehouse.checksums()


def test_every_landed_file_rebuilds_to_the_byte(warehouse: Warehouse) -> None:
    done = warehouse.run("simrace", "verify")
    [(landed,)] = warehouse.query("select count(*) from staging.stg_files__files")
    assert_every_file_is_proven(done.stdout, landed)


def test_a_view_is_made_anew_in_place(warehouse: Warehouse) -> None:
    """Views on it stay, except when a column that they read is gone."""
    above = "select to_regclass('staging.stg_telemetry__samples')::oid"
    before = warehouse.query(above)
    warehouse.run("dbt", "run", "--select", "stg_files__blocks")
    assert not warehouse.query("select made from ops.last_build"), "part of a build is none"
    assert before == warehouse.query(above) != [(None,)]
    lost = "drop view staging.stg_files__documents cascade; create view staging.stg_files__documents as select 1 as x"
    warehouse.run("simrace", "db", "psql", "-qc", lost)
    warehouse.run("dbt", "build", "--select", "stg_files__documents+", *NO_TESTS)
    assert warehouse.query("select count(*) > 0 from staging.stg_files__documents where document is not null") == [
        (True,)
    ]


def test_readers_read_marts_and_nothing_else(warehouse: Warehouse) -> None:
    other = warehouse.other("read")
    other.run("simrace", "db", "roles")
    other.run("simrace", "land", warehouse.folder / "files" / "archive")
    other.run("dbt", "build", "--select", "+file_quality", *NO_TESTS)
    reads = "set role simrace_reader; select count(*) from "
    assert other.run("simrace", "db", "psql", "-c", reads + "marts.file_quality").returncode == 0
    assert "permission denied" in other.run("simrace", "db", "psql", "-c", reads + "raw.files", check=False).stderr
    owners = (
        "select distinct relnamespace::regnamespace::text, relowner::regrole::text from pg_class "
        "where relkind in ('r', 'p', 'v') "
        "and relnamespace::regnamespace::text in ('raw', 'staging', 'intermediate', 'marts', 'ops') order by 1"
    )
    assert other.query(owners) == [
        *((schema, "simrace_transformer") for schema in ("intermediate", "marts", "ops")),
        ("raw", "simrace_loader"),
        ("staging", "simrace_transformer"),
    ], "whoever built it"


@pytest.mark.slow
def test_files_landed_one_at_a_time_in_another_order(warehouse: Warehouse) -> None:
    other = warehouse.other("one_by_one")
    files = sorted((warehouse.folder / "files").rglob("*"), key=lambda file: file.name[::-1])
    for file in files:
        if file.is_file() and not file.name.startswith("."):
            other.run("simrace", "land", file, check=False)
            other.run("dbt", "build", *NO_TESTS)
    assert warehouse.checksums() == other.checksums()


def test_real_files_land_and_reach_the_marts(warehouse: Warehouse, real_files: Path) -> None:
    other = warehouse.other("real")
    done = other.run("simrace", "run", real_files)
    assert "Traceback" not in done.stderr
    lost = other.query(
        "select file_name from marts.file_quality where state <> 'refused' and lines_read <> "
        "lines_loaded + lines_superseded + lines_refused + lines_set_aside"
    )
    assert not lost
    counted = other.query("select state, count(*)::text from marts.file_quality where state <> 'refused' group by 1")
    states = {str(state): int(str(files)) for state, files in counted}
    landed = sum(states.values())
    elsewhere = sum(states.get(state, 0) for state in ("superseded", "kept", "waiting"))
    assert states["used"] + states.get("no_results", 0) >= 0.95 * (landed - elsewhere), states
    laps = "select count(*) from marts.fct_laps join marts.dim_sessions using (session_id) where source_format = '{}'"
    assert not other.query(laps.format("garage61_csv") + " group by session_id having count(*) > 1")
    of_one_lap = re.compile(r'"Duration","(\d+[.,]\d+)"[^\n]*\s+"Range","Lap \d+"')
    stated = {
        found[1].replace(",", ".")
        for path in (real_files / "motec-i2-csv").glob("*.csv")
        if (found := of_one_lap.search(path.read_text(encoding="utf-8", errors="replace")[:5_000]))
    }
    reported = other.query("select reported_lap_time_s::text from marts.fct_laps where lap_time_reported_by = 'file'")
    assert stated and stated <= {time for (time,) in reported}
    proofs = other.run("simrace", "verify")
    assert_every_file_is_proven(proofs.stdout, landed)


def test_real_logs_give_the_lap_times_that_are_expected_of_them(warehouse: Warehouse, real_files: Path) -> None:
    """SOURCES.csv says them: as `lap 2 = 23.979`, or as `EXPECT laps 181.293 and 161.967 s`."""
    with (real_files / "SOURCES.csv").open(encoding="utf-8", newline="") as sources:
        notes = {Path(row["file"]): row["note"] for row in csv.DictReader(sources)}
    expected = {
        (path.name, round(float(time), 3))
        for path, note in notes.items()
        if (path.suffix == ".ibt" or "ACTI" in note) and path.parent.name in ("iracing-ibt", "motec-ld")
        for time in re.findall(r"lap \d+ = (\d+\.\d+)|EXPECT laps (\d+\.\d+)|and (\d+\.\d+) s", note)
        for time in filter(None, time)
    }
    other = warehouse.other("real_logs")
    other.run("simrace", "run", real_files / "iracing-ibt", real_files / "motec-ld")
    found = other.query(
        "select file_name, lap_time_s::float from marts.fct_laps "
        "inner join intermediate.int_telemetry_session_files using (session_id) "
        "inner join staging.stg_files__files using (file_id)"
    )
    assert len(expected) > 4
    assert expected <= set(found)


def test_real_logs_of_containers_give_the_samples_that_are_expected_of_them(
    warehouse: Warehouse, real_files: Path
) -> None:
    """SOURCES.csv says of a log of Le Mans Ultimate: clock, samples and speeds; of one of AiM: its length."""
    with (real_files / "SOURCES.csv").open(encoding="utf-8", newline="") as sources:
        notes = {Path(row["file"]): row["note"] for row in csv.DictReader(sources)}
    (lmu,) = (note for path, note in notes.items() if path.suffix == ".duckdb")
    clock = re.search(r"GPS Time ([\d.]+)\.\.([\d.]+) s at 100 Hz \((\d+)\), Ground Speed ([\d.]+)\.\.([\d.]+)", lmu)
    assert clock
    begin, end, samples, slowest, fastest = map(float, clock.groups())
    other = warehouse.other("real_containers")
    other.run("simrace", "land", real_files / "lmu-duckdb", real_files / "aim-xrk", check=False)
    other.run("dbt", "build", *NO_TESTS, "--select", "+fct_laps")
    told = other.query(
        "select sessions.source_format, count(*)::float, max(elapsed_s) - min(elapsed_s), min(speed_kph)::float, "
        "max(speed_kph)::float, count(distinct lap_number)::float from intermediate.int_telemetry_samples "
        "inner join intermediate.int_telemetry_sessions as sessions using (session_id) group by 1"
    )
    found = {source_format: numbers for source_format, *numbers in told}
    assert found["lmu_duckdb"] == pytest.approx([samples, end - begin, slowest, fastest, 1], abs=0.005)
    if find_spec("libxrk"):
        length = re.search(r"1 segment of ([\d.]+) s", next(n for path, n in notes.items() if path.suffix == ".xrk"))
        assert length
        assert found["aim_xrk"][1] == pytest.approx(float(length[1]), abs=0.2)
    laps = other.query("select source_format, lap_class from marts.fct_laps inner join intermediate."
                       "int_telemetry_sessions using (session_id)")  # fmt: skip
    assert {(source_format, "incomplete") for source_format in found} == set(laps)
