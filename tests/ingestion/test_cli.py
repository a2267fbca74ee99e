"""What the commands say, and their exit status for scripts."""

import os
import signal
import subprocess
import sys
import time
from contextlib import closing, suppress
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import pytest
from typer.testing import CliRunner, Result

from ingestion.formats import identify
from ingestion.formats.text_loggers import text_loggers
from simrace.build.dbt import BuildResult
from simrace.cli import run, watch
from simrace.cli.app import app
from simrace.cli.paths import remember_paths, remembered_paths
from simrace.database.connection import ConnectionParameters
from simrace.operations import commands
from simrace.operations.retention import Expired, Tier
from tests.ingestion.test_landing import GARAGE61, ROW, query, stage


def simrace(*arguments: str | Path) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


@pytest.fixture
def lap(tmp_path: Path) -> Path:
    file = tmp_path / "files" / "lap.csv"
    file.parent.mkdir()
    file.write_text(GARAGE61 + ROW * 20, encoding="utf-8")
    return file


def test_it_says_what_became_of_every_file(database: ConnectionParameters, lap: Path) -> None:
    (lap.parent / "empty.csv").touch()
    (lap.parent / "[red]note[bold].csv").write_text("bread [/]\n")
    done = simrace("land", lap.parent)
    assert done.exit_code == 0, done.output
    assert "3 files: 1 landed, 0 already landed, 2 refused" in done.output
    assert "3 given, all accounted for" in done.output
    assert "garage61_csv" in done.output
    assert "empty.csv: empty, 0 bytes" in done.output
    assert "[red]note[bold].csv: unknown_format, no format begins with: 'bread [/]'" in done.output
    assert "The file has no bytes; export it again." in done.output
    again = simrace("land", lap)
    assert again.exit_code == 0
    assert "1 files: 0 landed, 1 already landed, 0 refused" in again.output
    assert "Refused" not in again.output


def test_a_mistake_in_a_declaration_is_told_by_the_commands_that_need_it(
    database: ConnectionParameters, lap: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "loggers.toml").write_text("[new_log]\nfirst_row = Log\n")
    monkeypatch.setattr(identify, "text_loggers", lambda: text_loggers(tmp_path / "loggers.toml"))
    (lap.parent / "a.csv").touch()  # refused before any format is needed
    done = simrace("land", lap.parent)
    assert done.exit_code == 1
    assert f"Error: {tmp_path / 'loggers.toml'} is not TOML" in done.output
    assert "line 2" in done.output
    assert "Run it again" not in done.output
    assert simrace("db", "url").exit_code == 0


def test_old_sessions_go_after_the_build(
    database: ConnectionParameters, lap: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The build puts in force what the var retention says. Before it, the limits of the last build would hold."""
    steps: list[str] = []
    old = Expired(Tier.RAW, uuid4(), datetime.now(UTC), (), 0, is_let_go_by_run=True)

    def expired(_: commands.Work) -> list[Expired]:
        steps.append("asked")
        return [old]

    monkeypatch.setattr(run, "build_marts", lambda *_, **__: steps.append("built"))
    monkeypatch.setattr(run.summaries, "show_holdings", lambda *_: None)
    monkeypatch.setattr(run.commands, "expired", expired)
    monkeypatch.setattr(run, "let_go", lambda _, sessions, archive: steps.append(f"{len(sessions)} gone to {archive}"))
    done = simrace("run", lap)
    assert done.exit_code == 0, done.output
    assert steps == ["built", "asked", "1 gone to None", "built"]


def test_a_long_list_of_refused_files_is_cut(database: ConnectionParameters, tmp_path: Path) -> None:
    for number in range(45):
        (tmp_path / f"{number}.csv").touch()
    done = simrace("land", f"{tmp_path}/*.csv")
    assert done.output.count(".csv: empty") == 40
    assert "and 5 more" in done.output


@pytest.mark.parametrize("path", ["empty.csv", "missing.csv", "*.ibt", "no files", "[red]"])
def test_it_fails_when_nothing_could_be_landed(database: ConnectionParameters, tmp_path: Path, path: str) -> None:
    (tmp_path / "empty.csv").touch()
    (tmp_path / "no files").mkdir()
    (tmp_path / "[red]").mkdir()
    done = simrace("land", tmp_path / path)
    assert done.exit_code == 1
    assert isinstance(done.exception, SystemExit)
    assert (f"There are no files in: {tmp_path / path}" in done.output) == (path in ("no files", "[red]"))


def test_a_database_that_is_not_there_is_told_without_a_traceback(lap: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIMRACE_DATABASE_URL", "postgresql://nobody:secret@127.0.0.1:1/none")
    monkeypatch.setenv("SIMRACE_RETRIES", "0")
    for command in (["land", lap], ["status"]):
        done = simrace(*command)
        assert done.exit_code == 1
        assert isinstance(done.exception, SystemExit)
        assert "Error: No connection" in done.output
        assert "secret" not in done.output


def test_a_path_below_a_user_that_there_is_not_is_refused(database: ConnectionParameters) -> None:
    done = simrace("land", "~nobody-of-this-name/lap.csv")
    assert isinstance(done.exception, SystemExit)
    assert "lap.csv: unreadable, No such file" in done.output


def test_a_home_that_cannot_be_written_to_is_named(
    database: ConnectionParameters, lap: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SIMRACE_HOME", str(lap / "home"))
    done = simrace("land", lap)
    assert isinstance(done.exception, SystemExit)
    assert f"Error: {lap / 'home' / 'dlt'} cannot be written to: Not a directory. Set SIMRACE_HOME" in done.output


def test_paths_that_cannot_be_kept_stop_nothing(
    database: ConnectionParameters, lap: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "home" / "paths.txt").mkdir(parents=True)
    monkeypatch.setattr(run, "build_marts", lambda *_, **__: None)
    monkeypatch.setattr(run.summaries, "show_holdings", lambda *_: None)
    monkeypatch.setattr(commands, "expired", lambda _: [])
    done = simrace("run", lap)
    assert done.exit_code == 0, done.output
    assert "cannot be kept: Is a directory" in done.output


def test_it_asks_for_a_path(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("SIMRACE_HOME", str(tmp_path / "home"))
    assert simrace("land").exit_code == 2
    done = simrace("run")
    assert done.exit_code == 2
    assert "simrace run PATH..." in done.output
    assert not (tmp_path / "home").exists()


def test_it_explains_itself() -> None:
    done = simrace("--help")
    assert done.exit_code == 0
    for command in ("run", "land", "replay", "forget", "sample", "status", "verify", "docs", "db"):
        assert f" {command} " in done.output
    assert "globs" in simrace("land", "--help").output
    assert simrace("fly").exit_code == 2


def test_status_of_an_empty_warehouse_says_what_to_do(database: ConnectionParameters) -> None:
    done = simrace("status")
    assert done.exit_code == 0, done.output
    assert "Nothing is landed yet: `simrace run PATH`" in done.output


def test_status_counts_what_is_landed_and_refused_and_dates_it_in_utc(
    database: ConnectionParameters, lap: Path
) -> None:
    (lap.parent / "empty.csv").touch()
    query(database, f"alter database {database.settings['dbname']} set timezone = 'Pacific/Kiritimati'")
    began = time.gmtime()
    simrace("land", lap.parent)
    assert "`simrace build` builds them" in simrace("status").output
    stage(database)
    done = simrace("status")
    assert done.exit_code == 0, done.output
    assert "1 files landed (0.0 MB), 1 refused" in done.output
    times = {time.strftime("%Y-%m-%d %H:%M UTC", moment) for moment in (began, time.gmtime())}
    assert any(f"last landing {moment}" in done.output for moment in times)
    assert "`simrace run` builds them" in done.output


def test_two_landings_at_once_land_a_file_once(database: ConnectionParameters, lap: Path) -> None:
    with closing(database.connect()) as connection, connection.cursor() as cursor:
        cursor.execute("select pg_advisory_lock(7467263)")
        script = f"from simrace.cli.app import app; app(['land', {str(lap)!r}])"
        runs = [
            subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
            for _ in range(2)
        ]
        for run in runs:
            assert run.stderr
            assert "Another simrace run is at work" in run.stderr.readline()
        assert [run.poll() for run in runs] == [None, None]
        assert query(database, "select to_regclass('raw.files')") == [(None,)]
    said = sorted(run.communicate(timeout=60)[0] for run in runs)
    assert [run.returncode for run in runs] == [0, 0]
    assert "0 landed, 1 already landed" in said[0]
    assert "1 landed, 0 already landed" in said[1]
    assert query(database, "select count(*) from raw.files") == [(1,)]


@pytest.mark.skipif("SIMRACE_REAL_FILES" not in os.environ, reason="SIMRACE_REAL_FILES names no folder of real files")
def test_real_files_land_or_are_refused_with_a_reason(database: ConnectionParameters) -> None:
    folder = os.environ["SIMRACE_REAL_FILES"]
    done = simrace("land", folder)
    assert done.exit_code == 0, done.output
    assert query(database, "select count(*) from raw.files where source_format is null") == [(0,)]
    before = query(database, "select count(*) from raw.files")
    again = simrace("land", folder)
    assert again.exit_code == 0, again.output
    assert " 0 landed" in again.output
    assert query(database, "select count(*) from raw.files") == before


def test_folders_of_any_name_are_remembered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Names are bytes, and may hold what Python takes for the end of a line."""
    monkeypatch.setenv("SIMRACE_HOME", str(tmp_path))
    paths = [os.fsdecode(b"/laps/\xff"), "/laps/\u2028", "/laps/\x85", "/laps/\U0001f3c1 {{ 1 }}"]
    remember_paths(paths[:2])
    remember_paths(paths)
    assert remembered_paths() == paths


def test_a_watch_ends_also_where_what_is_freed_swallows_the_signal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def free(*_: object) -> None:
        with suppress(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr(commands, "prepare", free)
    monkeypatch.setattr(watch.time, "sleep", lambda _: pytest.fail("it goes on"))
    # a shell lets what it starts in the background ignore Ctrl-C, and `watch` keeps to that
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        done = simrace("watch", tmp_path)
    finally:
        signal.signal(signal.SIGINT, before)
    assert done.exit_code == 0
    assert done.output.endswith("Stopped.\n")


def test_a_watch_takes_files_that_rest_and_tells_of_failures(
    database: ConnectionParameters, lap: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    builds = []
    monkeypatch.setattr(commands, "run_dbt", lambda *_: builds.append(1) or BuildResult())
    monkeypatch.setattr(commands, "prepare", lambda *_: None)
    watched, looks = lap.parent, []

    def look_again(seconds: float) -> None:
        looks.append(seconds)
        if acts:
            acts.pop(0)()
        else:
            raise KeyboardInterrupt

    acts = [
        lambda: lap.write_text(GARAGE61 + ROW * 21, encoding="utf-8"),  # still written to
        lambda: None,
        lambda: monkeypatch.setenv("SIMRACE_DATABASE_URL", "postgresql://nobody:secret@127.0.0.1:1/none"),
        lambda: (watched / "late.csv").write_text(GARAGE61 + ROW * 5, encoding="utf-8"),
        lambda: (watched / "note.txt").write_text("bread"),
        lambda: None,
        lambda: monkeypatch.setenv("SIMRACE_DATABASE_URL", database.url),
        lambda: None,
    ]
    monkeypatch.setenv("SIMRACE_RETRIES", "0")
    monkeypatch.setattr(watch.time, "sleep", look_again)
    done = simrace("watch", watched, "--interval", "0.5")
    assert done.exit_code == 0, done.output
    lines = [line.partition("  ")[2] for line in done.output.splitlines() if line[2:3] == ":"]
    assert [line.partition(";")[0] for line in lines] == [
        "1 files: 1 landed, 0 already landed, 0 refused",
        'failed: No connection to none at 127.0.0.1:1 as nobody: connection to server at "127.0.0.1", port 1 failed: '
        "Connection refused",
        'failed: No connection to none at 127.0.0.1:1 as nobody: connection to server at "127.0.0.1", port 1 failed: '
        "Connection refused",
        "2 files: 1 landed, 0 already landed, 1 refused (note.txt: unknown_format)",
    ]
    assert looks[-4:] == [1.0, 2.0, 0.5, 0.5]
    assert len(builds) == 2
    assert query(database, "select count(*) from raw.files") == [(2,)]
