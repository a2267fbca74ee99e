"""Whoever writes to the warehouse, the others wait and say so."""

import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from ingestion.warehouse import WAITING
from tests.conftest import ROOT, Warehouse
from tests.reliability.conftest import NO_TESTS, assert_whole, begin

HOLD = """
import time
from ingestion import warehouse
from ingestion.database import connection_parameters
with warehouse.exclusive(connection_parameters()):
    print("held", flush=True)
    time.sleep(600)
"""
LAND = ("simrace", "land")
DBT = ("dbt", "seed", "--select", "points_tables")


def said(run: subprocess.Popen[str]) -> str:
    assert run.stdout
    return run.stdout.readline().strip()


@pytest.fixture
def holder(server: Warehouse) -> Callable[[Warehouse], subprocess.Popen[str]]:
    def hold(warehouse: Warehouse) -> subprocess.Popen[str]:
        run = subprocess.Popen(
            [sys.executable, "-c", HOLD], cwd=ROOT, env=warehouse.environment, stdout=subprocess.PIPE, text=True
        )
        assert said(run) == "held"
        return run

    return hold


def test_land_and_plain_dbt_wait_and_a_killed_holder_frees_them(
    server: Warehouse, files: Path, holder: Callable[[Warehouse], subprocess.Popen[str]]
) -> None:
    other = server.other("waiting")
    holding = holder(other)
    waiting = [begin(other, *LAND, files / "first"), begin(other, *DBT)]
    stopped = [begin(other, *LAND, files / "first"), begin(other, *DBT)]
    assert [said(run) for run in (*waiting, *stopped)] == [WAITING] * 4
    for run in stopped:
        run.send_signal(signal.SIGINT)
    told = [run.communicate(timeout=60)[0].strip() for run in stopped]
    assert ([run.returncode for run in stopped], told) == ([130, 130], ["", ""])
    assert other.query("select to_regclass('raw.files')") == [(None,)]
    assert [run.poll() for run in waiting] == [None, None]
    holding.kill()
    holding.communicate()
    told = [run.communicate(timeout=300)[0] for run in waiting]
    assert [run.returncode for run in waiting] == [0, 0], told
    assert other.query("select count(*) > 0 from raw.files") == [(True,)]


@pytest.mark.slow
def test_two_runs_a_landing_and_plain_dbt_at_once(server: Warehouse, unharmed: Warehouse, files: Path) -> None:
    other = server.other("at_once")
    other.run(*LAND, files / "first")
    runs = [
        begin(other, "simrace", "run", files / "first"),
        begin(other, "simrace", "run", files / "then"),
        begin(other, *LAND, files / "then"),
        begin(other, "dbt", "build", *NO_TESTS),
    ]
    told = [run.communicate(timeout=1_200)[0] for run in runs]
    assert [run.returncode for run in runs] == [0] * 4, told
    assert sum(WAITING in output for output in told) >= 2
    other.run("dbt", "build", *NO_TESTS)
    assert_whole(other, unharmed.checksums())
