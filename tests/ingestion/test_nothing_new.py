"""A run that finds nothing new reads no file and builds nothing; new files are read and built."""

import os
import shutil
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from unittest.mock import Mock

import pytest

from ingestion import landing, raw_tables, unchanged
from ingestion.loading import Loader
from ingestion.outcomes import Outcome, State
from ingestion.reading import LandingError, read_content
from ingestion.sources import UNSETTLED_S
from simrace.build import last_build
from simrace.build.dbt import BuildError, BuildResult
from simrace.build.last_build import Due
from simrace.database.connection import ConnectionParameters
from simrace.operations import commands
from tests.ingestion.test_cli import simrace
from tests.ingestion.test_landing import GARAGE61, ROW, counts, extract, land, loader_to, of, query, stage

MACROS = Path(__file__).parents[2] / "macros"
YESTERDAY_S = time.time() - 86_400


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A lap, a note and an archive with two laps, dated so that they were not written just now."""
    monkeypatch.setattr("ingestion.sources.UNSETTLED_S", -1)
    made = tmp_path / "files"
    made.mkdir()
    (made / "lap.csv").write_text(GARAGE61 + ROW * 20)
    (made / "note.txt").write_text("bread\n")
    with zipfile.ZipFile(made / "laps.zip", "w") as archive:
        archive.writestr("one.csv", GARAGE61 + ROW * 2)
        archive.writestr("two.csv", GARAGE61 + ROW * 3)
    return made


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names of the files that were read from their first byte to the last, or told that they were not."""
    names: list[str] = []

    def read_and_tell(path: Path, *rest: object) -> object:
        names.append(path.name)
        return read_content(path, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(landing, "read_content", read_and_tell)
    return names


def told(outcomes: list[Outcome]) -> list[tuple[object, ...]]:
    return [
        (each.file_path, each.file_id, each.file_bytes, each.given, each.refusal and str(each.refusal))
        for each in outcomes
    ]


def test_what_did_not_change_is_not_read_again(
    database: ConnectionParameters, tmp_path: Path, folder: Path, read: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    first = land(database, tmp_path, folder)
    before = counts(database)
    assert sorted(read) == ["lap.csv", "member", "member", "note.txt"]
    read.clear()
    monkeypatch.setattr(Loader, "pipeline", property(lambda _: pytest.fail("dlt is not needed")))
    again = land(database, tmp_path, folder)
    assert read == []
    assert told(again) == told(first)
    assert [each.state for each in again] == [State.ALREADY_LANDED] * 3 + [State.REFUSED]
    assert counts(database) == before


def test_another_byte_is_seen_though_size_and_time_are_the_same(
    database: ConnectionParameters, tmp_path: Path, folder: Path, read: list[str]
) -> None:
    lap = folder / "lap.csv"
    os.utime(lap, (YESTERDAY_S, YESTERDAY_S))
    land(database, tmp_path, folder)
    read.clear()
    status = lap.stat()
    time.sleep(0.02)  # a tick of the file system's clock
    lap.write_text(GARAGE61 + ROW * 19 + ROW.replace("55.5", "55.6"))
    os.utime(lap, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert (lap.stat().st_size, lap.stat().st_mtime_ns) == (status.st_size, status.st_mtime_ns)
    outcomes = land(database, tmp_path, folder)
    assert read == ["lap.csv"]
    assert [each.state for each in outcomes].count(State.LANDED) == 1


def test_what_was_changed_a_moment_ago_is_read_again(
    database: ConnectionParameters, tmp_path: Path, folder: Path, read: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ingestion.sources.UNSETTLED_S", UNSETTLED_S)
    land(database, tmp_path, folder)
    read.clear()
    land(database, tmp_path, folder)
    assert len(read) == 4


def test_a_time_ahead_of_the_clock_is_no_change_of_this_moment(
    database: ConnectionParameters, tmp_path: Path, folder: Path, read: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Copies from a machine with a wrong clock have such times."""
    for path in folder.iterdir():
        os.utime(path, (time.time() + 86_400, time.time() + 86_400))
    time.sleep(1.1)
    monkeypatch.setattr("ingestion.sources.UNSETTLED_S", 1)
    land(database, tmp_path, folder)
    read.clear()
    land(database, tmp_path, folder)
    assert read == []


@pytest.mark.parametrize("change", ["forgotten by hand", "lost", "damaged", "another simrace"])
def test_what_the_warehouse_or_the_memory_does_not_know_is_read_again(
    database: ConnectionParameters,
    tmp_path: Path,
    folder: Path,
    read: list[str],
    change: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    land(database, tmp_path, folder)
    read.clear()
    memory = tmp_path / "home" / "known_files.json"
    assert memory.stat().st_mode & 0o077 == 0
    if change == "forgotten by hand":
        query(database, "truncate raw.files, raw.file_sightings, raw.rejected_files")
    elif change == "lost":
        memory.unlink()
    elif change == "damaged":
        memory.write_text("[1, 2")
    else:
        monkeypatch.setattr(unchanged, "_version", lambda: "another")
    outcomes = land(database, tmp_path, folder)
    assert len(read) == 4
    assert [each.state for each in outcomes].count(State.LANDED) == (3 if change == "forgotten by hand" else 0)


def test_a_package_that_waits_is_loaded_though_nothing_is_new(
    database: ConnectionParameters, tmp_path: Path, folder: Path
) -> None:
    land(database, tmp_path, folder / "note.txt")
    extract(database, loader_to(database, tmp_path), folder / "lap.csv")
    assert counts(database)["files"] == 0
    assert [each.state for each in land(database, tmp_path, folder / "note.txt")] == [State.REFUSED]
    assert counts(database)["files"] == 1


def test_tables_of_an_older_version_get_what_they_lack_though_nothing_is_new(
    database: ConnectionParameters, tmp_path: Path, folder: Path
) -> None:
    land(database, tmp_path, folder)
    query(database, "alter table raw.rejected_files drop column modified_at; truncate raw._dlt_version")
    query(database, "alter table raw.files drop column entry_count, drop column text_id, drop column repairs")
    land(database, tmp_path, folder)
    assert query(database, "select count(modified_at) from raw.rejected_files") == [(0,)]
    # without that dlt was made to forget what it knows of the tables
    query(database, "alter table raw.files drop column entry_count, drop column text_id, drop column repairs")
    land(database, tmp_path, folder)
    assert query(database, "select count(entry_count), count(text_id), count(repairs) from raw.files") == [(0, 0, 0)]


@pytest.fixture
def broken_off(database: ConnectionParameters, tmp_path: Path) -> Callable[[Path], None]:
    """Land a folder with two tries, because the first load does not begin."""

    def land_in_two_tries(folder: Path) -> None:
        loader = Loader(tmp_path, database.url, "test")
        batch = landing.Landing(loader, of(folder))
        with closing(database.connect()) as connection:
            with pytest.MonkeyPatch.context() as patch, pytest.raises(LandingError):
                patch.setattr(loader, "load", Mock(side_effect=LandingError("broken off")))
                batch.land(connection)
            batch.land(connection)

    return land_in_two_tries


def test_what_was_loaded_by_a_second_try_is_not_read_again(
    database: ConnectionParameters,
    tmp_path: Path,
    folder: Path,
    read: list[str],
    broken_off: Callable[[Path], None],
) -> None:
    broken_off(folder)
    assert len(read) == 4
    assert counts(database)["files"] == 3
    assert query(database, "select count(*) > 0 from pg_stats where schemaname = 'raw'") == [(True,)], "analyzed"
    land(database, tmp_path, folder)
    assert len(read) == 4


def test_a_second_try_makes_the_tables_that_are_missing_though_nothing_is_new(
    database: ConnectionParameters,
    tmp_path: Path,
    folder: Path,
    broken_off: Callable[[Path], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    land(database, tmp_path, folder)
    monkeypatch.setitem(raw_tables._COLUMNS, "file_notes", {"file_id": "text"})
    broken_off(folder)
    assert query(database, "select count(*) from raw.file_notes") == [(0,)]


def test_help_and_a_run_of_nothing_new_import_neither_dlt_nor_dbt() -> None:
    code = "import sys, simrace.cli.app; print({'dlt', 'dbt', 'pandas', 'numpy'} & {*sys.modules})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"


# The build


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    made = tmp_path / "project"
    (made / "models").mkdir(parents=True)
    (made / "macros").mkdir()
    (made / "seeds").mkdir()
    (made / "models" / "lap.sql").write_text("select 1")
    (made / "seeds" / "tracks.csv").write_text("track\n")
    shutil.copy(Path(__file__).parents[2] / "dbt_project.yml", made)
    (made / "profiles.yml").write_text("simrace: {}\n")
    monkeypatch.setenv("SIMRACE_PROJECT", str(made))
    return made


def empty_last_build(database: ConnectionParameters) -> None:
    """Do what every dbt command does first."""
    text = (MACROS / "hooks" / "ops_tables.sql").read_text(encoding="utf-8").replace("{{ ops_schema() }}", "ops")
    start = text.index("create table if not exists ops.last_build")
    query(database, "create schema if not exists ops; " + text[start : text.index(";", start)])
    start = text.index("delete from ops.last_build")
    query(database, text[start : text.index("\n", start)])


EVERYTHING = Due()
CHANGES: dict[str, tuple[Callable[[Path], object] | str, Due]] = {
    "a model": (lambda project: (project / "models" / "lap.sql").write_text("select 2"), EVERYTHING),
    "a new macro": (lambda project: (project / "macros" / "new.sql").write_text("{# new #}"), EVERYTHING),
    "a model that is gone": (lambda project: (project / "models" / "lap.sql").unlink(), EVERYTHING),
    "a seed": (lambda project: (project / "seeds" / "tracks.csv").write_text("track\nspa\n"), EVERYTHING),
    "a row of people's own": (
        "insert into raw.own_seed_rows values ('tracks', 2, '{\"track\": \"spa\"}', '{track}')",
        EVERYTHING,
    ),
    "a var": (lambda project: (project / "dbt_project.yml").open("a").write("  me: N. OSTERMANE\n"), EVERYTHING),
    "the profile": (lambda project: (project / "profiles.yml").write_text("simrace: {target: dev}\n"), EVERYTHING),
    "a telemetry file": (
        "update raw.files set landed_at = landed_at where file_id = (select min(file_id) from raw.files)",
        Due(selector="after_telemetry"),
    ),
    "a name of a telemetry file": ("update raw.file_sightings set seen_at = seen_at", Due(selector="after_telemetry")),
    "a telemetry file that is one of results": (
        "update raw.files set format_family = 'results' where file_id = (select min(file_id) from raw.files)",
        Due(selector="after_files"),
    ),
    "results": (
        "update raw.files set landed_at = landed_at where format_family = 'results'", Due(selector="after_results")
    ),
    "a log that tells the results of its race": (
        "update raw.files set source_format = 'iracing_ibt' where file_id = (select min(file_id) from raw.files)",
        Due(selector="after_files"),
    ),
    "a driver struck from the logs of others": ("insert into raw.struck_drivers values ('iracing:1')", EVERYTHING),
    "results deleted": ("delete from raw.files where format_family = 'results'", EVERYTHING),  # their names are left
    "another family": ("update raw.files set format_family = 'weather'", EVERYTHING),
    "a load that was not completed": ("update raw._dlt_loads set status = 1", EVERYTHING),
    "a refused file": ("delete from raw.rejected_files", Due(selector="after_telemetry")),
    "a file deleted and another put there": (
        "with gone as (delete from raw.files returning *) insert into raw.files select * from gone", EVERYTHING
    ),
    "a retired session": ("insert into ops.retired values (gen_random_uuid(), 'x')", EVERYTHING),
    "a mart dropped": ("drop table marts.laps", EVERYTHING),
    "a mart made anew": ("create table marts.laps as select 1 as lap", EVERYTHING),
    "a mart emptied": ("truncate marts.laps", EVERYTHING),
    "another owner": (
        "create role simrace_transformer; alter table marts.laps owner to simrace_transformer", EVERYTHING
    ),
    "another reader": ("grant select on marts.laps to public", EVERYTHING),
    "a schema's rights": ("grant usage on schema marts to public", EVERYTHING),
    "a role": ("create role simrace_reader", EVERYTHING),
    "a dbt command": ("delete from ops.last_build", EVERYTHING),
    "no table": ("drop table ops.last_build", EVERYTHING),
}  # fmt: skip


def test_whatever_changed_is_due(
    database: ConnectionParameters, tmp_path: Path, folder: Path, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    land(database, tmp_path, folder)
    query(
        database, "create schema marts; create table marts.laps (lap int); create schema ops; "
        "create table ops.retired (session_id uuid, file_id text)"
    )  # fmt: skip
    current, wrong = Due(is_current=True), {}
    with closing(database.connect()) as connection:
        assert last_build.due(connection, project) == EVERYTHING
        for name, (change, expected) in CHANGES.items():
            empty_last_build(database)
            last_build.record(connection, last_build.made_from(connection, project))
            assert last_build.due(connection, project) == current, name
            query(database, change) if isinstance(change, str) else change(project)
            if (due := last_build.due(connection, project)) != expected:
                wrong[name] = due
        empty_last_build(database)
        last_build.record(connection, last_build.made_from(connection, project))
        for name, value in (("DBT_TARGET", "ci"), ("SIMRACE_PSEUDONYM_KEY", "k" * 32)):
            with monkeypatch.context() as patch:
                patch.setenv(name, value)
                if (due := last_build.due(connection, project)) != EVERYTHING:
                    wrong[name] = due
        with monkeypatch.context() as patch:
            patch.setattr(last_build, "datetime", Tomorrow)
            assert last_build.due(connection, project) == EVERYTHING
        assert last_build.due(connection, project) == current
        query(database, "delete from ops.retired")
        last_build.record(connection, last_build.made_from(connection, project))
        query(database, "drop table ops.retired")
        assert last_build.due(connection, project) == current, "the first build makes it, and it is as empty after it"
    query(database, "drop owned by simrace_transformer cascade; drop role simrace_transformer, simrace_reader")
    assert not wrong


class Tomorrow(datetime):
    @classmethod
    def now(cls, _: object = None) -> datetime:  # type: ignore[override]
        return datetime(2100, 1, 1, tzinfo=UTC)


@pytest.fixture
def builds(database: ConnectionParameters, project: Path, monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """Arguments of every call of dbt, which is replaced by its first step."""
    calls: list[list[str]] = []

    def run_nothing(arguments: list[str], *_: object) -> BuildResult:
        calls.append(arguments)
        empty_last_build(database)
        if os.environ.get("FAIL"):
            raise BuildError("a test failed")
        return BuildResult()

    monkeypatch.setattr(commands, "run_dbt", run_nothing)
    return calls


def test_a_run_builds_what_is_new_or_was_not_built(
    builds: list[list[str]], database: ConnectionParameters, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def is_built(*arguments: str | Path, exit_code: int = 0) -> bool:
        builds.clear()
        done = simrace(*arguments)
        assert done.exit_code == exit_code, done.output
        assert ("Nothing is new since the last build" in done.output) == (arguments[0] == "run" and not builds)
        return bool(builds)

    assert is_built("run", folder)
    assert not is_built("run", folder)
    assert not is_built("run")
    (folder / "new.csv").write_text(GARAGE61 + ROW * 7)
    assert is_built("run")
    assert builds[0][-3:-1] == ["--selector", "after_telemetry"]
    (folder / "copy.csv").write_text(GARAGE61 + ROW * 7)
    assert is_built("run"), "a sighting"
    assert not is_built("run")
    assert is_built("run", "--full-refresh")
    assert is_built("run", "--no-pseudonymise")
    assert is_built("run"), "the last build was told what to publish"
    assert is_built("build")
    assert "--selector" not in builds[0]
    assert not is_built("run")
    simrace("land", folder / "note.txt")
    assert not is_built("run")
    (folder / "newer.csv").write_text(GARAGE61 + ROW * 8)
    simrace("land", folder / "newer.csv")
    assert is_built("run"), "landed, not built"
    assert is_built("forget", "--yes", str(folder / "newer.csv"))
    assert not is_built("run"), "forgotten, and built without it"
    monkeypatch.setenv("FAIL", "1")
    assert is_built("build", exit_code=1)
    monkeypatch.delenv("FAIL")
    assert is_built("run"), "the last build failed"
    stage(database)
    assert is_built("replay")
    assert not is_built("run")


def test_forgotten_paths_are_not_remembered(builds: list[list[str]], tmp_path: Path, folder: Path) -> None:
    memory = tmp_path / "home" / "known_files.json"
    simrace("run", folder)
    assert "lap.csv" in memory.read_text()
    simrace("forget", "--yes", folder / "lap.csv", folder / "note.txt", folder / "laps.zip")
    assert not [name for name in ("lap.csv", "note.txt", "laps.zip", "one.csv") if name in memory.read_text()]
    simrace("run", folder)
    assert "lap.csv" not in memory.read_text()
