"""While one writes to the warehouse, the others wait and say so, and plain dbt is refused."""

import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import psycopg2
import pytest

from simrace.database.lock import WAITING
from tests.conftest import NO_TESTS, ROOT, Warehouse
from tests.reliability.conftest import assert_whole, begin

HOLD = """
import time
from simrace.database import lock
from simrace.database.connection import connection_parameters
with lock.exclusive(connection_parameters()):
    print("held", flush=True)
    time.sleep(600)
"""
LAND = ("simrace", "land")
DBT = ("dbt", "seed", "--select", "points_tables")
REFUSED = "Another simrace run is at work. Call dbt again when it has ended"


def said(run: subprocess.Popen[str]) -> str:
    assert run.stdout
    return run.stdout.readline().strip()


def wait_for(run: subprocess.Popen[str], words: str) -> None:
    """Dbt says other things before."""
    assert run.stdout
    told = []
    for line in run.stdout:
        told.append(line)
        if words in line:
            return
    pytest.fail(f"it never said {words!r} but: {''.join(told)}")


@pytest.fixture
def holder(server: Warehouse) -> Callable[[Warehouse], subprocess.Popen[str]]:
    def hold(warehouse: Warehouse) -> subprocess.Popen[str]:
        run = subprocess.Popen(
            [sys.executable, "-c", HOLD], cwd=ROOT, env=warehouse.environment, stdout=subprocess.PIPE, text=True
        )
        assert said(run) == "held"
        return run

    return hold


def test_who_writes_waits_plain_dbt_is_refused_and_a_killed_holder_frees_them(
    server: Warehouse, files: Path, holder: Callable[[Warehouse], subprocess.Popen[str]]
) -> None:
    other = server.other("waiting")
    holding = holder(other)
    commands = [(*LAND, files / "first"), ("simrace", *DBT)]
    waiting = [begin(other, *command) for command in commands]
    stopped = [begin(other, *command) for command in commands]
    assert [said(run) for run in (*waiting, *stopped)] == [WAITING] * 4
    for run in stopped:
        run.send_signal(signal.SIGINT)
    told = [run.communicate(timeout=60)[0].strip() for run in stopped]
    assert ([run.returncode for run in stopped], told) == ([130, 130], ["", ""])
    refused = other.run(*DBT, check=False)
    assert refused.returncode != 0 and REFUSED in refused.stdout
    assert other.query("select to_regclass('raw.files'), to_regclass('staging.points_tables')") == [(None, None)]
    assert [run.poll() for run in waiting] == [None, None]
    holding.kill()
    holding.communicate()
    told = [run.communicate(timeout=300)[0] for run in waiting]
    assert [run.returncode for run in waiting] == [0, 0], told
    assert other.query("select count(*) > 0 from raw.files") == [(True,)]
    other.run(*DBT)
    assert other.query("select * from ops.dbt_at_work") == []


def test_a_run_waits_for_plain_dbt_until_it_ends_or_is_dead(server: Warehouse, files: Path) -> None:
    """Between two nodes dbt has no session, so a dbt that stands still is like one that was killed."""
    other = server.other("beside_dbt")
    at_work = begin(other, "dbt", "seed")
    wait_for(at_work, "START seed file")
    at_work.send_signal(signal.SIGSTOP)
    with closing(psycopg2.connect(other.url, application_name="simrace dbt")):
        landing = begin(other, *LAND, files / "first")
        assert said(landing) == WAITING
        refused = other.run(*DBT, check=False)
        assert refused.returncode != 0 and REFUSED in refused.stdout
        assert landing.poll() is None
    told = landing.communicate(timeout=120)[0]
    assert landing.returncode == 0, told
    at_work.send_signal(signal.SIGCONT)
    told = at_work.communicate(timeout=120)[0]
    assert at_work.returncode != 0
    assert "Another simrace run took over, because this dbt stood still" in told
    other.run(*DBT)


@pytest.mark.slow
def test_two_runs_a_landing_and_simrace_dbt_at_once(server: Warehouse, unharmed: Warehouse, files: Path) -> None:
    other = server.other("at_once")
    other.run(*LAND, files / "first")
    runs = [
        begin(other, "simrace", "run", files / "first"),
        begin(other, "simrace", "run", files / "then"),
        begin(other, *LAND, files / "then"),
        begin(other, "simrace", "dbt", "build", *NO_TESTS),
    ]
    told = [run.communicate(timeout=1_200)[0] for run in runs]
    assert [run.returncode for run in runs] == [0] * 4, told
    assert sum(WAITING in output for output in told) >= 2
    other.run("dbt", "build", *NO_TESTS)
    assert_whole(other, unharmed.checksums())
