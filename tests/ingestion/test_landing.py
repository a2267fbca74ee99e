"""Landing into a real database: nothing lost, nothing twice, the bad beside the good."""

import codecs
import gzip
import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from dlt.common.runtime import anon_tracker
from psycopg2.extensions import connection as Connection  # noqa: N812 - psycopg2 writes its classes small

from ingestion import landing
from ingestion.landing import Landing
from ingestion.loading import Loader
from ingestion.outcomes import Outcome, State
from ingestion.paths import expand
from ingestion.reading import Content, LandingError, read_blocks
from ingestion.sources import Recall, Source, open_sources
from simrace.database import lock
from simrace.database.connection import ConnectionParameters
from simrace.operations.log_proof import Proof
from simrace.operations.verify import prove_bytes

MODELS = Path(__file__).parents[2] / "models"
GARAGE61 = (
    "Speed,LapDistPct,Lat,Lon,Brake,Throttle,RPM,SteeringWheelAngle,Gear,Clutch,ABSActive,DRSActive,LatAccel,LongAccel,"
    "VertAccel,Yaw,YawRate,PositionType\n"
)
ROW = "55.5,0.01,48.1,11.5,0,1,7000,0.05,4,1,false,false,1.5,2.5,9.8,0.5,0.02,3\n"
DESIGN = {
    "files": "file_id file_bytes encoding has_bom newline source_format format_family delimiter quoting header_line "
    "units_line first_data_line line_count entry_count text_id repairs reading_hash landed_at",
    "file_sightings": "file_id file_path file_name modified_at seen_at",
    "file_blocks": "file_id block_number first_line line_count lines",
    "file_channels": "file_id channel_number channel_name unit description value_type sample_rate_hz sample_count "
    "times_channel samples_per_block details",
    "channel_blocks": "file_id block_number channel_number first_sample float_values double_values integer_values "
    "boolean_values",
    "file_documents": "file_id document_number document_name position content original data",
    "rejected_files": "file_id file_name file_path file_bytes reason detail head rejected_at modified_at",
}


NOTHING = dict.fromkeys(DESIGN, 0)


def loader_to(database: ConnectionParameters, home: Path) -> Loader:
    return Loader(home, database.url, "test")


def land(database: ConnectionParameters, home: Path, *paths: Path) -> list[Outcome]:
    with closing(database.connect()) as connection:
        return Landing(loader_to(database, home), of(*paths)).land(connection)


def extract(database: ConnectionParameters, loader: Loader, file: Path) -> list[Outcome]:
    """Read a file into a package, which then waits."""
    outcomes: list[Outcome] = []
    with closing(database.connect()) as connection:
        loader.extract(landing.rows_of(open_sources([file]), landing.Landed(), outcomes), connection)
    return outcomes


def of(*paths: Path) -> Callable[[Recall], Iterator[Source]]:
    """The files of paths, as a batch that is opened when it is read."""
    return lambda recall: open_sources(expand([str(path) for path in paths]), recall)


def query(database: ConnectionParameters, statement: str) -> list[tuple[object, ...]]:
    with closing(database.connect()) as connection, connection, connection.cursor() as cursor:
        cursor.execute(statement)
        return cursor.fetchall() if cursor.description else []


def counts(database: ConnectionParameters) -> dict[str, object]:
    return {table: query(database, f"select count(*) from raw.{table}")[0][0] for table in DESIGN}


def stage(database: ConnectionParameters) -> None:
    """The views that select complete rows of raw, made without dbt."""
    schemas = {
        "stg_files__loads": "staging",
        "stg_files__contents": "staging",
        "stg_files__sightings": "staging",
        "stg_files__files": "staging",
        "stg_files__blocks": "staging",
        "stg_files__channels": "staging",
        "stg_files__channel_blocks": "staging",
        "stg_files__file_documents": "staging",
        "stg_files__rejected_files": "staging",
        "int_files_refused_now": "intermediate",
        "landed_files": "ops",
        "landed_blocks": "ops",
        "files_refused_now": "ops",
        "source_freshness": "marts",
    }
    limits = {"freshness_warn_days": "30", "freshness_error_days": "365"}
    for model, schema in schemas.items():
        [file] = MODELS.rglob(f"{model}.sql")
        sql = re.sub(r"{{ config\(.*?\) }}", "", file.read_text(encoding="utf-8"), flags=re.DOTALL)
        sql = re.sub(r"{{ source\('raw', '(\w+)'\) }}", r"raw.\1", sql)
        sql = re.sub(r"{{ ref\('(\w+)'\) }}", lambda found: f"{schemas[found[1]]}.{found[1]}", sql)
        sql = re.sub(r"{{ var\('(\w+)'\) }}", lambda found: limits[found[1]], sql)
        sql = sql.replace("{{ dbt.type_string() }}", "text")
        query(database, f"create schema if not exists {schema}; create or replace view {schema}.{model} as {sql}")


def proofs(database: ConnectionParameters) -> list[bool]:
    """For each landed file, whether it is rebuilt to the byte."""
    stage(database)
    with closing(database.connect()) as connection:
        return [proof is Proof.REBUILT for _, proof in prove_bytes(connection)]


def counts_in_staging(database: ConnectionParameters) -> tuple[object, ...]:
    stage(database)
    tables = ("files", "sightings", "blocks")
    return tuple(query(database, f"select count(*) from staging.stg_files__{table}")[0][0] for table in tables)


@pytest.fixture
def lap(tmp_path: Path) -> Path:
    file = tmp_path / "files" / "lap.csv"
    file.parent.mkdir()
    file.write_text(GARAGE61 + ROW * 2_500, encoding="utf-8")
    return file


def test_repairs_are_counted_and_the_text_stays_as_it_is(database: ConnectionParameters, tmp_path: Path) -> None:
    text = '// a\n{"subsession_id": 1, "session_results": [{"name": "A\x01"}]}\n'
    (tmp_path / "race.json").write_text(text)
    (tmp_path / "lap.csv").write_text(GARAGE61 + ROW)
    (tmp_path / "whole.json").write_text('{"subsession_id": 2, "session_results": [{"name": "A"}]}')
    land(database, tmp_path / "home", *sorted(tmp_path.glob("*.*")))
    rows = query(
        database,
        "select files.repairs, blocks.lines, documents.content from raw.files "
        "inner join raw.file_blocks as blocks using (file_id) "
        "left join raw.file_documents as documents using (file_id) "
        "order by files.source_format, files.file_bytes",
    )
    assert rows == [
        (None, GARAGE61 + ROW, None),
        ("{}", '{"subsession_id": 2, "session_results": [{"name": "A"}]}', None),
        (
            '{"comment_lines": 1, "control_characters": 1}',
            text,
            '{"subsession_id": 1, "session_results": [{"name": "A\\u0001"}]}',
        ),
    ]


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
    assert counts(database) == NOTHING | {"files": 1, "file_sightings": 2, "file_blocks": 3, "rejected_files": 0}


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


def test_a_first_landing_of_nothing_makes_the_tables(database: ConnectionParameters, tmp_path: Path) -> None:
    assert land(database, tmp_path) == []
    assert counts(database) == dict.fromkeys(DESIGN, 0)


def test_what_an_interrupted_run_left_is_finished_before_the_new(
    database: ConnectionParameters, tmp_path: Path, lap: Path
) -> None:
    loader = loader_to(database, tmp_path)
    extract(database, loader, lap)
    loader.pipeline.normalize()
    other = lap.with_name("other.csv")
    other.write_text(GARAGE61 + ROW, encoding="utf-8")
    assert [outcome.state for outcome in land(database, tmp_path, lap.parent)] == [State.ALREADY_LANDED, State.LANDED]
    assert counts(database) == NOTHING | {"files": 2, "file_sightings": 2, "file_blocks": 4, "rejected_files": 0}


@pytest.mark.parametrize(("left", "is_normalized"), [("no jobs", True), ("one job", True), ("no jobs", False)])
def test_an_extract_whose_deletion_was_broken_off_is_not_used_again(
    database: ConnectionParameters, tmp_path: Path, lap: Path, left: str, is_normalized: bool
) -> None:
    loader = loader_to(database, tmp_path)
    extract(database, loader, lap)
    [extracted] = (loader.folder / "normalize" / "extracted").iterdir()
    shutil.copytree(extracted, tmp_path / "kept")
    loader.pipeline.normalize()
    shutil.copytree(tmp_path / "kept", extracted)
    jobs = sorted((extracted / "new_jobs").iterdir())
    assert len(jobs) > 1
    for job in jobs[1:]:
        job.unlink()
    if left == "no jobs":
        shutil.rmtree(extracted / "new_jobs")
    if not is_normalized:
        shutil.rmtree(loader.folder / "load" / "normalized")
        (loader.folder / "load" / "normalized").mkdir()
    [outcome] = land(database, tmp_path, lap)
    assert outcome.state is (State.ALREADY_LANDED if is_normalized else State.LANDED)
    assert counts(database) == NOTHING | {"files": 1, "file_sightings": 1, "file_blocks": 3, "rejected_files": 0}


@pytest.mark.parametrize("is_same_run", [False, True])
def test_a_job_that_was_committed_and_not_noted_is_landed_again(
    database: ConnectionParameters, tmp_path: Path, lap: Path, is_same_run: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    land(database, tmp_path, lap)
    lap.with_name("other.csv").write_text(GARAGE61 + ROW, encoding="utf-8")
    loader = loader_to(database, tmp_path)
    batch = Landing(loader, of(lap.parent))

    def load(connection: Connection) -> None:
        loader.pipeline.normalize()
        packages = loader.folder / "load"
        shutil.copytree(packages, tmp_path / "kept")
        Loader.load(loader, connection)
        query(database, "delete from raw._dlt_loads where load_id = (select max(load_id) from raw._dlt_loads)")
        shutil.rmtree(packages)
        shutil.copytree(tmp_path / "kept", packages)
        raise LandingError("broken off")

    with closing(database.connect()) as connection:
        with monkeypatch.context() as patch, pytest.raises(LandingError, match="broken off"):
            patch.setattr(loader, "load", load)
            batch.land(connection)
        told = (batch if is_same_run else Landing(loader, of(lap.parent))).land(connection)
    assert [outcome.state for outcome in told] == [State.ALREADY_LANDED, State.LANDED]
    assert counts(database) == NOTHING | {"files": 2, "file_sightings": 2, "file_blocks": 4, "rejected_files": 0}
    assert proofs(database) == [True, True]


def test_a_forgotten_file_can_come_back(database: ConnectionParameters, tmp_path: Path, lap: Path) -> None:
    land(database, tmp_path, lap)
    query(database, "delete from raw.files")
    assert [outcome.state for outcome in land(database, tmp_path, lap)] == [State.LANDED]


@pytest.fixture
def before_blocks(monkeypatch: pytest.MonkeyPatch) -> Callable[[Path, Callable[[], object]], None]:
    """Do something to a file after it was hashed and before its text is landed."""

    def arrange(file: Path, act: Callable[[], object]) -> None:
        def act_and_read(content: Content) -> Iterator[dict[str, object]]:
            if content.path == file:
                act()
            return read_blocks(content)

        monkeypatch.setattr(landing, "read_blocks", act_and_read)

    return arrange


def test_a_file_that_is_being_written_waits_for_the_next_landing(
    database: ConnectionParameters,
    tmp_path: Path,
    lap: Path,
    before_blocks: Callable[[Path, Callable[[], object]], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    growing = lap.with_name("growing.csv")
    growing.write_text(GARAGE61 + ROW * 3_000, encoding="utf-8")
    before_blocks(growing, lambda: growing.write_text(growing.read_text(encoding="utf-8") + ROW, encoding="utf-8"))
    outcomes = land(database, tmp_path, growing, lap)
    assert [outcome.state for outcome in outcomes] == [State.REFUSED, State.LANDED]
    assert query(database, "select reason, file_name, detail like '%written to%' from raw.rejected_files") == [
        ("unreadable", "growing.csv", True)
    ]
    assert counts(database) == NOTHING | {"files": 1, "file_sightings": 1, "file_blocks": 3, "rejected_files": 1}
    monkeypatch.undo()
    assert [outcome.state for outcome in land(database, tmp_path, growing)] == [State.LANDED]
    assert proofs(database) == [True, True]


def test_a_file_cut_inside_a_letter_meanwhile_waits_too(
    database: ConnectionParameters,
    tmp_path: Path,
    lap: Path,
    before_blocks: Callable[[Path, Callable[[], object]], None],
) -> None:
    shrinking = lap.with_name("shrinking.csv")
    shrinking.write_text(GARAGE61 + ROW + "1,ü", encoding="utf-8")
    before_blocks(shrinking, lambda: os.truncate(shrinking, len(GARAGE61 + ROW + "1,ü")))
    assert [outcome.state for outcome in land(database, tmp_path, shrinking, lap)] == [State.REFUSED, State.LANDED]
    assert counts(database)["file_blocks"] == 3


def test_a_file_that_vanishes_is_refused(
    database: ConnectionParameters,
    tmp_path: Path,
    lap: Path,
    before_blocks: Callable[[Path, Callable[[], object]], None],
) -> None:
    gone = lap.with_name("gone.csv")
    gone.write_text(GARAGE61 + ROW, encoding="utf-8")
    before_blocks(gone, gone.unlink)
    assert [outcome.state for outcome in land(database, tmp_path, gone, lap)] == [State.REFUSED, State.LANDED]
    assert query(database, "select reason, detail from raw.rejected_files") == [
        ("unreadable", "No such file or directory")
    ]


def test_a_load_that_the_database_does_not_take_is_said_and_blocks_nothing(
    database: ConnectionParameters, tmp_path: Path, lap: Path
) -> None:
    land(database, tmp_path, lap)
    query(database, "alter table raw.files add constraint full_disk check (file_bytes > 200000) not valid")
    for number in range(2):
        (lap.parent / f"{number}.csv").write_text(GARAGE61 + ROW * (number + 1), encoding="utf-8")
        with pytest.raises(LandingError, match="full_disk"):
            land(database, tmp_path, lap.parent)
    query(database, "alter table raw.files drop constraint full_disk")
    outcomes = land(database, tmp_path, lap.parent)
    assert State.REFUSED not in {outcome.state for outcome in outcomes}
    assert proofs(database) == [True] * 3
    assert counts_in_staging(database) == (3, 3, 5)


def test_dlt_tells_nobody(database: ConnectionParameters, tmp_path: Path, lap: Path) -> None:
    land(database, tmp_path, lap)
    assert anon_tracker._ANON_TRACKER_ENDPOINT is None


def test_no_text_of_a_landed_file_stays_in_the_working_folder(
    database: ConnectionParameters, tmp_path: Path, lap: Path
) -> None:
    home = tmp_path / "home"
    folder = loader_to(database, home).folder
    for unfinished in (folder / "normalize" / "0123456789abcdef" / "1.0" / "new_jobs", folder / "blocks"):
        unfinished.mkdir(parents=True)
        (unfinished / "file_blocks.csv").write_text(ROW)
    land(database, home, lap)
    holding = [path for path in home.rglob("*") if path.is_file() and ROW.encode().strip() in path.read_bytes()]
    assert holding == []


@pytest.mark.parametrize("table", ["files", "file_blocks", "file_sightings"])
def test_rows_that_a_crash_wrote_twice_are_read_once(
    database: ConnectionParameters, tmp_path: Path, lap: Path, table: str
) -> None:
    land(database, tmp_path, lap)
    columns = f"{', '.join(DESIGN[table].split())}, _dlt_load_id"
    query(
        database,
        f"insert into raw.{table} ({columns}, _dlt_id) select {columns}, 'again' || _dlt_id from raw.{table}",
    )
    assert proofs(database) == [True]
    assert counts_in_staging(database) == (1, 1, 3)


def test_rows_of_a_load_without_its_record_are_not_read(
    database: ConnectionParameters, tmp_path: Path, lap: Path
) -> None:
    land(database, tmp_path, lap)
    query(database, "delete from raw._dlt_loads")
    assert counts_in_staging(database) == (0, 0, 0)
    assert [outcome.state for outcome in land(database, tmp_path, lap)] == [State.LANDED]
    assert counts_in_staging(database) == (1, 1, 3)
    assert proofs(database) == [True]


def test_the_working_files_of_dlt_may_be_lost(database: ConnectionParameters, tmp_path: Path, lap: Path) -> None:
    land(database, tmp_path, lap)
    before = counts(database)
    shutil.rmtree(tmp_path / "dlt")
    assert [outcome.state for outcome in land(database, tmp_path, lap)] == [State.ALREADY_LANDED]
    assert counts(database) == before


def test_the_database_may_be_lost_and_made_anew(database: ConnectionParameters, tmp_path: Path, lap: Path) -> None:
    land(database, tmp_path, lap)
    query(database, "drop schema raw cascade")
    assert [outcome.state for outcome in land(database, tmp_path, lap)] == [State.LANDED]
    assert counts(database) == NOTHING | {"files": 1, "file_sightings": 1, "file_blocks": 3, "rejected_files": 0}


AWKWARD = "".join(map(chr, range(1, 0xD800))).replace("\n", "") + "\ufeff\ufffe\uffff🏎\U0010ffff"
ENCODINGS = ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252"]


def test_every_character_comes_out_as_it_went_in(database: ConnectionParameters, tmp_path: Path) -> None:
    folder = tmp_path / "files"
    folder.mkdir()
    lines = [
        "\\N",
        "\\.",
        "'); drop table raw.files;--",
        "%s %(x)s",
        "{{ 1 + 1 }}",
        "$$",
        "E'\\''",
        "a\rb\r\n\n",
        "null",
        ";",
    ]
    for number, encoding in enumerate(ENCODINGS):
        text = GARAGE61 + ROW + "\n".join([*lines, AWKWARD, f"{number}"])
        (folder / f"lap {number}.csv").write_bytes(text.encode(encoding, "ignore"))
        (folder / f"big endian {number}.csv").write_bytes(codecs.BOM_UTF16_BE + text.encode("utf-16-be"))
        document = {"subsession_id": number, "session_results": [{}], "text": AWKWARD, "lines": lines}
        data = json.dumps(document, ensure_ascii=encoding == "cp1252", indent=number).encode(encoding)
        (folder / f"race {number}.json").write_bytes(data)
    outcomes = land(database, tmp_path, folder)
    assert {outcome.state for outcome in outcomes} == {State.LANDED}
    assert {row[0] for row in query(database, "select encoding from raw.files where delimiter = ','")} == {
        "utf-8",
        "utf-16-le",
        "utf-16-be",
        "cp1252",
    }
    assert proofs(database) == [True] * 18


def test_a_changed_letter_in_the_database_shows(database: ConnectionParameters, tmp_path: Path, lap: Path) -> None:
    land(database, tmp_path, lap)
    assert proofs(database) == [True]
    query(database, "update raw.file_blocks set lines = overlay(lines placing 'x' from 50) where block_number = 2")
    assert proofs(database) == [False]


def test_members_of_archives_land_like_files(database: ConnectionParameters, tmp_path: Path, lap: Path) -> None:
    with zipfile.ZipFile(lap.parent / "laps.zip", "w") as archive:
        archive.write(lap, "../../the same.csv")
        archive.writestr("other.csv", GARAGE61 + ROW)
        archive.writestr("bad.csv", b"")
    (lap.parent / "other.csv.gz").write_bytes(gzip.compress((GARAGE61 + ROW).encode()))
    outcomes = land(database, tmp_path, lap.parent)
    assert [outcome.state for outcome in outcomes] == [
        State.LANDED,
        State.ALREADY_LANDED,
        State.LANDED,
        State.REFUSED,
        State.ALREADY_LANDED,
    ]
    assert query(database, "select file_name, file_path from raw.file_sightings order by file_name") == [
        ("lap.csv", f"{lap}"),
        ("other.csv", f"{lap.parent}/laps.zip/other.csv"),
        ("other.csv", f"{lap.parent}/other.csv.gz"),
        ("the same.csv", f"{lap.parent}/laps.zip/../../the same.csv"),
    ]
    assert query(database, "select file_path, file_bytes, head from raw.rejected_files") == [
        (f"{lap.parent}/laps.zip/bad.csv", 0, "")
    ]
    assert proofs(database) == [True, True]


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux takes any bytes for a name")
def test_a_name_that_is_no_text_does_not_stop_the_others(
    database: ConnectionParameters, tmp_path: Path, lap: Path
) -> None:
    for name in (b"r\xe9sultats.csv", b"line\nend.csv"):
        Path(os.fsdecode(os.fsencode(lap.parent) + b"/" + name)).write_text(GARAGE61 + ROW * len(name))
    Path(os.fsdecode(os.fsencode(lap.parent) + b"/bad \xff.csv")).touch()
    states = [outcome.state for outcome in land(database, tmp_path, lap.parent)]
    assert sorted(states) == [State.LANDED] * 3 + [State.REFUSED]
    assert query(database, "select file_name from raw.file_sightings order by 1") == [
        ("lap.csv",),
        ("line\nend.csv",),
        ("r\\udce9sultats.csv",),
    ]
    assert query(database, "select file_name from raw.rejected_files") == [("bad \\udcff.csv",)]
    assert land(database, tmp_path, lap.parent)
    assert counts(database)["file_sightings"] == 3


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
    waiting = "from simrace.database.lock import *; from simrace.database.connection import *\n"
    waiting += (
        "with exclusive(connection_parameters(), lambda: print('waiting', flush=True)): print('mine', flush=True)"
    )
    with lock.exclusive(database):
        other = subprocess.Popen([sys.executable, "-c", waiting], stdout=subprocess.PIPE, text=True)
        assert other.stdout
        assert other.stdout.readline() == "waiting\n"
        assert other.poll() is None
    assert other.stdout.read() == "mine\n"
    assert other.wait(20) == 0


def peak_of_landing(file: Path) -> float:
    """Peak memory of `simrace land` in MB."""
    script = f"from simrace.cli.app import app; app(['land', {str(file)!r}], standalone_mode=False)\n"
    # Not getrusage: there a child begins with the peak of its parent.
    script += "import re, pathlib; print('peak', pathlib.Path('/proc/self/status').read_text())"
    done = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True)
    [kilobytes] = re.findall(r"VmHWM:\s+(\d+) kB", done.stdout)
    return int(kilobytes) / 1_000


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells the peak of one process")
@pytest.mark.parametrize("cells", [0, 400, 8_000])
def test_memory_is_bounded_whatever_the_size_of_the_file(
    database: ConnectionParameters, tmp_path: Path, cells: int
) -> None:
    big = tmp_path / "big.csv"
    extra = ",1.2345678" * cells
    row = ROW.rstrip() + extra + "\n"
    with big.open("w", encoding="utf-8") as file:
        file.write(GARAGE61)
        for _ in range(200_000_000 // len(row)):
            file.write(row)
    assert peak_of_landing(big) < 300
    assert proofs(database) == [True]


RESULTS = '{"subsession_id": 1, "session_results": [{"simsession_type": 6, "results": []}], "more": '


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells the peak of one process")
@pytest.mark.parametrize(
    ("start", "piece", "count", "end", "state"),
    [
        ("", "1,", 500_000_000, "", State.REFUSED),
        (GARAGE61, "1,", 500_000_000, "", State.REFUSED),
        (RESULTS + '"', "x", 1_000_000_000, '"}', State.REFUSED),
        (RESULTS + '"', "x", 33_000_000, '"}', State.LANDED),
        (RESULTS + '"\U0001f3c1', "x", 8_000_000, '"}', State.LANDED),
        (RESULTS + "[", "[],", 330_000, "0]}", State.LANDED),
        (RESULTS + "[", '{"a":1},', 480_000, "0]}", State.LANDED),
        (RESULTS + "[", "[],", 10_000_000, "0]}", State.REFUSED),
    ],
    ids=[
        "line",
        "line of data",
        "document of 1 GB",
        "document",
        "wide document",
        "lists",
        "objects",
        "too many values",
    ],
)
def test_memory_is_bounded_whatever_a_line_or_a_document_holds(
    database: ConnectionParameters, tmp_path: Path, start: str, piece: str, count: int, end: str, state: State
) -> None:
    big = tmp_path / "big.csv"
    with big.open("w", encoding="utf-8") as file:
        file.write(start)
        for at in range(0, count, 1_000_000):
            file.write(piece * min(1_000_000, count - at))
        file.write(end)
    assert peak_of_landing(big) < 300
    landed = state is State.LANDED
    assert query(database, "select count(*) from raw.files") == [(int(landed),)]
    assert query(database, "select count(*) from raw.rejected_files") == [(int(not landed),)]
