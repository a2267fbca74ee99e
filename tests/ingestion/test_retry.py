"""A real server with passing faults, which are waited for, and lasting ones, which are reported at once."""

import gc
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import psycopg2
import pytest

from ingestion.landing import Landing
from ingestion.outcomes import Outcome, State
from ingestion.reading import LandingError
from ingestion.settings import SettingError
from simrace.build.dbt import BuildError, run_dbt
from simrace.database import lock, retry
from simrace.database.connection import ConnectionParameters, DatabaseError
from simrace.database.retry import is_passing, patiently
from simrace.database.server import Server
from tests.ingestion.test_cli import simrace
from tests.ingestion.test_landing import GARAGE61, NOTHING, ROW, counts, loader_to, of, query
from tests.parsed_project import give_parsed_project

AGAIN = "Trying again"


def told(state: str | None, words: str = "") -> psycopg2.Error:
    return type("Told", (psycopg2.OperationalError,), {"pgcode": state})(words)


@pytest.fixture
def without_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retry, "FIRST_WAIT_S", 0)


@pytest.mark.parametrize(
    ("error", "passes"),
    [
        (told("08006"), True),
        (told("40P01"), True),
        (told("40001"), True),
        (told("53300"), True),
        (told("55P03"), True),
        (told("57P01"), True),
        (told("57P03"), True),
        (told("53100", "No space left on device; the database system is full"), False),
        (told("57P04"), False),
        (told("42501"), False),
        (told("23505"), False),
        (told(None, "connection failed: FATAL:  the database system is starting up"), True),
        (told(None, "connection failed: Connection refused"), True),
        (told(None, "server closed the connection unexpectedly"), True),
        (told(None, 'FATAL:  password authentication failed for user "simrace"'), False),
        (told(None, 'FATAL:  database "x" does not exist'), False),
        (BuildError("dbt build failed: error: fct_laps: deadlock detected"), True),
        (BuildError("dbt build failed: fail: not_null_fct_laps: Got 3 results"), False),
        (ValueError("connection refused"), False),
    ],
)
def test_what_passes_and_what_does_not(error: Exception, passes: bool) -> None:
    assert is_passing(error) == passes
    wrapped = LandingError("not taken")
    wrapped.__cause__ = error
    assert is_passing(wrapped) == passes


def test_it_tries_three_times_more_and_then_says_why(
    without_waiting: None, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    tries: list[int] = []

    def fail() -> None:
        tries.append(1)
        raise told("57P01", "shut down")

    with pytest.raises(psycopg2.OperationalError, match="shut down"):
        patiently(fail)
    assert len(tries) == 4
    assert capsys.readouterr().err.count(AGAIN) == 3
    monkeypatch.setenv("SIMRACE_RETRIES", "1")
    with pytest.raises(psycopg2.OperationalError):
        patiently(fail)
    assert len(tries) == 6
    monkeypatch.setenv("SIMRACE_RETRIES", "often")
    with pytest.raises(SettingError, match="SIMRACE_RETRIES"):
        patiently(fail)
    assert len(tries) == 6


def test_the_waits_grow_and_differ(monkeypatch: pytest.MonkeyPatch) -> None:
    waits: list[list[float]] = []

    def fail() -> None:
        raise told("57P01")

    for _ in range(5):
        waits.append([])
        monkeypatch.setattr("tenacity.nap.time.sleep", waits[-1].append)
        with pytest.raises(psycopg2.OperationalError):
            patiently(fail)
    assert all(1 <= first <= 2 <= second <= 3 and 4 <= third <= 5 for first, second, third in waits)
    assert len({first for first, _, _ in waits}) > 1


@pytest.fixture
def lap(tmp_path: Path) -> Path:
    file = tmp_path / "files" / "lap.csv"
    file.parent.mkdir()
    file.write_text(GARAGE61 + ROW * 2_500, encoding="utf-8")
    return file


def land_patiently(
    database: ConnectionParameters, home: Path, lap: Path, fault: Callable[[], object] = lambda: None
) -> list[Outcome]:
    """Land one file under the lock, as the commands do; the fault strikes once, while the file is read."""
    faults = iter([fault])
    batch = Landing(loader_to(database, home), of(lap), lambda _: next(faults, lambda: None)())

    def attempt() -> list[Outcome]:
        with closing(database.connect()) as connection:
            return batch.land(connection)

    with lock.exclusive(database) as hold:
        outcomes = hold.patiently(attempt)
        locks = query(database, "select count(*) from pg_locks where locktype = 'advisory' and granted")
    assert locks == [(1,)], "the warehouse is held to the end"
    return outcomes


def assert_landed_once(database: ConnectionParameters, outcomes: list[Outcome]) -> None:
    assert [outcome.state for outcome in outcomes] == [State.LANDED]
    assert counts(database) == NOTHING | {"files": 1, "file_sightings": 1, "file_blocks": 3, "rejected_files": 0}
    assert query(database, "select count(*) from raw._dlt_loads where status = 0") == [(1,)]


def end_our_connections(database: ConnectionParameters) -> None:
    query(
        database,
        "select pg_terminate_backend(pid) from pg_stat_activity "
        "where datname = current_database() and pid <> pg_backend_pid()",
    )


def test_connections_that_are_lost_are_made_again(
    database: ConnectionParameters, tmp_path: Path, lap: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    outcomes = land_patiently(database, tmp_path, lap, lambda: end_our_connections(database))
    assert capsys.readouterr().err.count(AGAIN) >= 1
    assert_landed_once(database, outcomes)


def strike_once(database: ConnectionParameters) -> None:
    """A function that ends the connection of its first caller."""
    query(database, "create sequence public.strikes")
    query(
        database,
        """
        create function public.strike() returns boolean volatile language plpgsql as $$ begin
            if nextval('public.strikes') = 1 then perform pg_terminate_backend(pg_backend_pid()); end if;
            return true;
        end $$
        """,
    )


def test_a_connection_that_is_lost_in_the_middle_of_the_load(
    database: ConnectionParameters, tmp_path: Path, lap: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    empty = tmp_path / "empty.csv"
    empty.touch()
    land_patiently(database, tmp_path, empty)  # makes the tables
    query(database, "delete from raw.rejected_files; delete from raw._dlt_loads")
    strike_once(database)
    query(database, "alter table raw.file_blocks add constraint struck check (public.strike()) not valid")
    outcomes = land_patiently(database, tmp_path, lap)
    assert capsys.readouterr().err.count(AGAIN) == 1
    assert_landed_once(database, outcomes)


def test_a_lock_that_is_held_is_waited_for(
    database: ConnectionParameters, tmp_path: Path, lap: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    land_patiently(database, tmp_path, lap)
    lap.write_text(GARAGE61 + ROW, encoding="utf-8")
    query(database, f"alter database {database.settings['dbname']} set lock_timeout = '200ms'")
    with closing(database.connect()) as other:
        other.cursor().execute("lock table raw.files in access exclusive mode")
        threading.Timer(1.5, other.rollback).start()
        outcomes = land_patiently(database, tmp_path, lap)
    assert capsys.readouterr().err.count(AGAIN) >= 1
    assert [outcome.state for outcome in outcomes] == [State.LANDED]
    assert counts(database)["files"] == 2


def test_the_server_stops_and_comes_back_two_seconds_later(
    landing_server: Server,
    database: ConnectionParameters,
    tmp_path: Path,
    lap: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    home = landing_server.data_directory.parent
    environment = {**os.environ, "SIMRACE_HOME": str(home), "PGPASSFILE": str(home / "pgpass")}
    environment.pop("SIMRACE_DATABASE_URL")

    def serve(does: str) -> None:
        script = f"from simrace.database import server; server.{does}()"
        subprocess.run([sys.executable, "-c", script], env=environment, check=True, timeout=120)

    def restart() -> None:
        serve("stop")
        coming_back.start()

    coming_back = threading.Timer(2, serve, ["start"])
    try:
        outcomes = land_patiently(database, tmp_path, lap, restart)
    finally:
        coming_back.join()
    assert capsys.readouterr().err.count(AGAIN) >= 1
    assert_landed_once(database, outcomes)


@pytest.mark.parametrize("fault", ["lock", pytest.param("end", marks=pytest.mark.slow)])
def test_dbt_builds_again(
    database: ConnectionParameters,
    tmp_path: Path,
    lap: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    fault: str,
) -> None:
    monkeypatch.setenv("DBT_TARGET_PATH", str(tmp_path / "target"))
    give_parsed_project({**os.environ, **database.environment()})
    land_patiently(database, tmp_path, lap)
    with closing(database.connect()) as other, lock.exclusive(database) as hold:
        if fault == "lock":
            query(database, f"alter database {database.settings['dbname']} set lock_timeout = '200ms'")
            other.cursor().execute("lock table raw.files in access exclusive mode")
        else:
            strike_once(database)
            query(database, "alter table raw.files rename to files_landed")
            query(database, "create view raw.files as select * from raw.files_landed where public.strike()")

        def attempt() -> object:
            if capsys.readouterr().err.count(AGAIN):
                other.rollback()
                tries.append("again")
            return run_dbt(["run", "--select", "+stg_files__files"], database)

        tries: list[str] = []
        usual = gc.get_threshold()
        hold.patiently(attempt)
    assert tries == ["again"]
    assert gc.get_threshold() == usual, "the process may be a server's"
    assert query(database, "select count(*) from staging.stg_files__files") == [(1,)]


def test_what_will_not_pass_is_told_at_once(
    database: ConnectionParameters,
    tmp_path: Path,
    lap: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("DBT_TARGET_PATH", str(tmp_path / "target"))
    monkeypatch.setenv("DBT_LOG_PATH", str(tmp_path / "logs"))
    wrong = ConnectionParameters({**database.settings, "password": "wrong"})
    with pytest.raises(DatabaseError, match="password authentication failed"), lock.exclusive(wrong):
        pass
    land_patiently(database, tmp_path, lap)
    user = database.settings["dbname"] + "_poor"
    query(database, f"create role {user} login password 'poor' in role pg_read_all_data")
    lap.write_text(GARAGE61 + ROW, encoding="utf-8")
    poor = ConnectionParameters({**database.settings, "user": user, "password": "poor"})
    give_parsed_project({**os.environ, **poor.environment()})
    with pytest.raises((LandingError, psycopg2.Error), match="permission denied"):
        land_patiently(poor, tmp_path / "poor", lap)
    with pytest.raises(BuildError, match="permission denied") as told:
        patiently(lambda: run_dbt(["run", "--select", "stg_files__sightings"], poor))
    log = Path(str(told.value).rpartition("The details are in ")[2].removesuffix("."))
    assert "permission denied" in log.read_text(encoding="utf-8")
    assert AGAIN not in capsys.readouterr().err


def test_a_command_waits_for_a_database_that_is_not_there(
    lap: Path, monkeypatch: pytest.MonkeyPatch, without_waiting: None
) -> None:
    monkeypatch.setenv("SIMRACE_DATABASE_URL", "postgresql://nobody:secret@127.0.0.1:1/none")
    done = simrace("land", lap)
    assert done.exit_code == 1
    assert done.output.count(AGAIN) == 3
    assert "Error: No connection" in done.output
    assert "secret" not in done.output
