"""Landing into a real database: nothing lost, nothing twice, the bad beside the good."""

import subprocess
import sys
from contextlib import closing
from pathlib import Path

import dlt
import pytest
from typer.testing import CliRunner

from ingestion import landing, warehouse
from ingestion.cli import app
from ingestion.database import ConnectionParameters
from ingestion.landing import Outcome, State, land_files, make_pipeline
from ingestion.reading import LandingError
from ingestion.sources import expand

GARAGE61 = (
    "Speed,LapDistPct,Lat,Lon,Brake,Throttle,RPM,SteeringWheelAngle,Gear,Clutch,ABSActive,DRSActive,LatAccel,LongAccel,"
    "VertAccel,Yaw,YawRate,PositionType\n"
)
ROW = "63.1,0.0001,34.1,-83.8,0,1,6989.3,-0.1,5,1,false,false,-8.3,2.8,11.3,-1.5,-0.1,3\n"
DESIGN = {
    "files": "file_id file_bytes encoding has_bom newline source_format format_family delimiter quoting header_line "
    "units_line first_data_line line_count landed_at",
    "file_sightings": "file_id file_path file_name modified_at seen_at",
    "file_blocks": "file_id block_number first_line line_count lines",
    "rejected_files": "file_id file_name file_path file_bytes reason detail head rejected_at",
}


def pipeline_to(database: ConnectionParameters, home: Path) -> dlt.Pipeline:
    return make_pipeline(home, database.url, "test")


def land(database: ConnectionParameters, home: Path, *paths: Path) -> list[Outcome]:
    with closing(database.connect()) as connection:
        return land_files(pipeline_to(database, home), connection, expand([str(path) for path in paths]))


def query(database: ConnectionParameters, statement: str) -> list[tuple[object, ...]]:
    with closing(database.connect()) as connection, connection, connection.cursor() as cursor:
        cursor.execute(statement)
        return cursor.fetchall() if cursor.description else []


def counts(database: ConnectionParameters) -> dict[str, object]:
    return {table: query(database, f"select count(*) from raw.{table}")[0][0] for table in DESIGN}


@pytest.fixture
def lap(tmp_path: Path) -> Path:
    file = tmp_path / "files" / "lap.csv"
    file.parent.mkdir()
    file.write_text(GARAGE61 + ROW * 2_500, encoding="utf-8")
    return file


def test_a_file_lands_in_blocks_that_are_the_file(database: ConnectionParameters, tmp_path: Path, lap: Path) -> None:
    [outcome] = land(database, tmp_path, lap)
    assert (outcome.state, outcome.source_format) == (State.LANDED, "garage61_csv")
    blocks = query(database, "select first_line, line_count, lines from raw.file_blocks order by block_number")
    assert [block[:2] for block in blocks] == [(1, 1_000), (1_001, 1_000), (2_001, 501)]
    assert "".join(str(block[2]) for block in blocks).encode() == lap.read_bytes()
    assert query(
        database, "select file_id, header_line, units_line, first_data_line, quoting, line_count from raw.files"
    ) == [(outcome.file_id, 1, None, 2, "none", 2_501)]


def test_raw_tables_have_the_columns_of_the_design(database: ConnectionParameters, tmp_path: Path, lap: Path) -> None:
    (tmp_path / "files" / "bad.csv").write_text("no,format\n")
    land(database, tmp_path, tmp_path / "files")
    for table in DESIGN:
        columns = query(
            database,
            "select column_name from information_schema.columns where table_schema = 'raw' "
            f"and table_name = '{table}' and column_name not like '\\_dlt%' order by ordinal_position",
        )
        assert [column for (column,) in columns] == list(DESIGN[table].split())


def test_a_second_landing_adds_nothing(database: ConnectionParameters, tmp_path: Path, lap: Path) -> None:
    (lap.parent / "bad.csv").write_text("no,format\n")
    land(database, tmp_path, lap.parent)
    before = counts(database)
    outcomes = land(database, tmp_path, lap.parent)
    assert sorted(outcome.state for outcome in outcomes) == [State.ALREADY_LANDED, State.REFUSED]
    assert counts(database) == before


def test_the_same_bytes_under_another_name_are_a_sighting(
    database: ConnectionParameters, tmp_path: Path, lap: Path
) -> None:
    land(database, tmp_path, lap)
    copy = lap.with_name("copy of lap.txt")
    copy.write_bytes(lap.read_bytes())
    assert [outcome.state for outcome in land(database, tmp_path, lap.parent)] == [State.ALREADY_LANDED] * 2
    assert counts(database) == {"files": 1, "file_sightings": 2, "file_blocks": 3, "rejected_files": 0}


def test_the_same_name_with_new_bytes_keeps_both(database: ConnectionParameters, tmp_path: Path, lap: Path) -> None:
    land(database, tmp_path, lap)
    lap.write_text(GARAGE61 + ROW * 3, encoding="utf-8")
    assert [outcome.state for outcome in land(database, tmp_path, lap)] == [State.LANDED]
    assert counts(database)["files"] == 2


def test_the_bad_stays_out_beside_the_good(database: ConnectionParameters, tmp_path: Path, lap: Path) -> None:
    (lap.parent / "a nul.csv").write_bytes(b"Speed\x00\n")
    (lap.parent / "Robert'); drop table raw.files;--.csv").write_text("x,{{ 1 + 1 }},'); drop table raw.files;--\n")
    (lap.parent / "z cut.json").write_text('{"subsession_id": 1, "session')
    outcomes = land(database, tmp_path, lap.parent)
    assert len(outcomes) == 4
    refused = sorted(query(database, "select file_name, reason from raw.rejected_files"))
    assert refused == [
        ("Robert'); drop table raw.files;--.csv", "unknown_format"),
        ("a nul.csv", "nul_characters"),
        ("z cut.json", "malformed"),
    ]
    assert query(database, "select head from raw.rejected_files where reason = 'unknown_format'") == [
        ("x,{{ 1 + 1 }},'); drop table raw.files;--\n",)
    ]
    assert counts(database)["files"] == 1


def test_a_first_landing_of_nothing_but_bad_files_works(
    database: ConnectionParameters, tmp_path: Path, lap: Path
) -> None:
    bad = tmp_path / "bad.csv"
    bad.write_text("no,format\n")
    assert [outcome.state for outcome in land(database, tmp_path, bad)] == [State.REFUSED]
    assert [outcome.state for outcome in land(database, tmp_path, lap)] == [State.LANDED]


def test_what_an_interrupted_run_left_is_finished_before_the_new(
    database: ConnectionParameters, tmp_path: Path, lap: Path
) -> None:
    pipeline = pipeline_to(database, tmp_path)
    outcomes: list[Outcome] = []
    pipeline.extract(landing.landing([lap], landing.Landed(), outcomes))
    pipeline.normalize()
    other = lap.with_name("other.csv")
    other.write_text(GARAGE61 + ROW, encoding="utf-8")
    assert [outcome.state for outcome in land(database, tmp_path, lap.parent)] == [State.ALREADY_LANDED, State.LANDED]
    assert counts(database) == {"files": 2, "file_sightings": 2, "file_blocks": 4, "rejected_files": 0}


def test_a_load_without_its_record_does_not_count(database: ConnectionParameters, tmp_path: Path, lap: Path) -> None:
    land(database, tmp_path, lap)
    query(database, "delete from raw._dlt_loads")
    assert [outcome.state for outcome in land(database, tmp_path, lap)] == [State.LANDED]


def test_a_forgotten_file_can_come_back(database: ConnectionParameters, tmp_path: Path, lap: Path) -> None:
    land(database, tmp_path, lap)
    query(database, "delete from raw.files")
    assert [outcome.state for outcome in land(database, tmp_path, lap)] == [State.LANDED]


def test_a_file_that_changes_while_it_is_read_lands_nothing(
    database: ConnectionParameters, tmp_path: Path, lap: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(landing, "file_digest", lambda _: "another hash")
    with pytest.raises(LandingError, match="written to while it was read"):
        land(database, tmp_path, lap)
    monkeypatch.undo()
    assert not pipeline_to(database, tmp_path).has_pending_data


def test_blocks_are_read_in_parallel_and_found_by_file(
    database: ConnectionParameters, tmp_path: Path, lap: Path
) -> None:
    land(database, tmp_path, lap)
    [(options, has_lz4, compression)] = query(
        database,
        """
        select
            reloptions,
            (select 'lz4' = any(enumvals) from pg_settings where name = 'default_toast_compression'),
            (select attcompression from pg_attribute where attrelid = 'raw.file_blocks'::regclass and attname = 'lines')
        from pg_class where oid = 'raw.file_blocks'::regclass
        """,
    )
    assert options == ["parallel_workers=2"]
    assert compression == ("l" if has_lz4 else "")
    assert query(database, "select 1 from pg_indexes where schemaname = 'raw' and indexname = 'file_blocks_file_id'")


def test_two_runs_do_not_hold_the_warehouse_at_once(database: ConnectionParameters) -> None:
    waiting = "from ingestion.warehouse import *; from ingestion.database import *\n"
    waiting += (
        "with exclusive(connection_parameters(), lambda: print('waiting', flush=True)): print('mine', flush=True)"
    )
    with warehouse.exclusive(database):
        other = subprocess.Popen([sys.executable, "-c", waiting], stdout=subprocess.PIPE, text=True)
        assert other.stdout
        assert other.stdout.readline() == "waiting\n"
        assert other.poll() is None
    assert other.stdout.read() == "mine\n"
    assert other.wait(20) == 0


def test_the_command_says_what_became_of_every_file(database: ConnectionParameters, lap: Path) -> None:
    (lap.parent / "empty.csv").touch()
    done = CliRunner().invoke(app, ["land", str(lap.parent)])
    assert done.exit_code == 0, done.output
    assert "2 files: 1 landed, 0 already landed, 1 refused" in done.output
    assert "empty.csv: empty" in done.output
    assert "The file has no bytes; export it again." in done.output
    again = CliRunner().invoke(app, ["land", str(lap)])
    assert again.exit_code == 0
    assert "0 landed, 1 already landed" in again.output


def test_the_command_fails_when_nothing_could_be_landed(database: ConnectionParameters, tmp_path: Path) -> None:
    (tmp_path / "empty.csv").touch()
    assert CliRunner().invoke(app, ["land", str(tmp_path / "empty.csv")]).exit_code == 1
    assert CliRunner().invoke(app, ["land", str(tmp_path / "missing.csv")]).exit_code == 1


def test_status_of_an_empty_warehouse_says_what_to_do(database: ConnectionParameters) -> None:
    done = CliRunner().invoke(app, ["status"])
    assert done.exit_code == 0, done.output
    assert "simrace run PATH" in done.output


def test_a_run_without_a_path_and_without_memory_asks_for_one(
    database: ConnectionParameters, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    done = CliRunner().invoke(app, ["run"])
    assert done.exit_code == 2


@pytest.mark.slow
def test_memory_is_bounded_whatever_the_size_of_the_file(database: ConnectionParameters, tmp_path: Path) -> None:
    resource = pytest.importorskip("resource")
    big = tmp_path / "big.csv"
    with big.open("w", encoding="utf-8") as file:
        file.write(GARAGE61)
        for _ in range(500):
            file.write(ROW * 5_000)
    script = f"from ingestion.cli import app; app(['land', {str(big)!r}], standalone_mode=False)"
    subprocess.run([sys.executable, "-c", script], check=True, capture_output=True)
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / (1 << 20 if sys.platform == "darwin" else 1 << 10)
    assert big.stat().st_size > 200_000_000
    assert peak < 300, f"{peak:.0f} MB"
