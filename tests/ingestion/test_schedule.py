"""What a scheduler is asked to do and what it sees, without Dagster; tests/reliability/test_schedule.py runs it."""

import os
import re
from pathlib import Path

import pytest

from simrace.orchestration import starting
from simrace.orchestration.looking import look, named
from simrace.orchestration.settings import PLAN_VARIABLE, Plan, ScheduleError, read_plan
from tests.conftest import ROOT

PLAN = Plan(("/srv/results",), ("/srv/archive/%Y-%m",), "2026-01", ("fct_laps",), "/srv/exports")


def test_a_file_is_new_when_it_was_the_same_at_two_looks_and_once(tmp_path: Path) -> None:
    folders = [str(tmp_path)]
    cursor, found = look(folders, None)
    assert found == ""
    file = tmp_path / "a lap.csv"
    file.write_text("a", "utf-8")
    cursor, found = look(folders, cursor)
    assert found == "", "it may still grow"
    file.write_text("ab", "utf-8")
    cursor, found = look(folders, cursor)
    assert found == "", "it has grown"
    cursor, first = look(folders, cursor)
    assert first
    assert "lap" not in cursor
    for _ in range(3):
        cursor, found = look(folders, cursor)
        assert found == "", "it was told"
    os.utime(file, (1, 1))
    cursor, found = look(folders, cursor)
    cursor, again = look(folders, cursor)
    assert (found, bool(again)) == ("", True), "it has changed"
    assert again != first


def test_what_came_between_two_starts_is_seen(tmp_path: Path) -> None:
    (tmp_path / "old.csv").write_text("a", "utf-8")
    cursor, _ = look([str(tmp_path)], None)
    cursor, _ = look([str(tmp_path)], cursor)
    (tmp_path / "new.csv").write_text("a", "utf-8")
    cursor, _ = look([str(tmp_path)], cursor)
    cursor, found = look([str(tmp_path)], cursor)
    assert found
    (tmp_path / "new.csv").unlink()
    cursor, found = look([str(tmp_path)], cursor)
    assert found == ""


def test_paths_have_names_that_dagster_takes() -> None:
    names = named(("/srv/results", "/srv-results", "C:\\Users\\Jörg\\iRacing", "s3://league/season-12", "/ö"))
    assert list(names) == ["srv_results", "srv_results__1", "c_users_j_rg_iracing", "s3_league_season_12", "files__0"]


def test_a_plan_reaches_the_processes_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(PLAN_VARIABLE, PLAN.to_text())
    assert read_plan() == PLAN
    monkeypatch.delenv(PLAN_VARIABLE)
    with pytest.raises(ScheduleError, match="simrace schedule"):
        read_plan()


@pytest.mark.parametrize(
    ("plan", "way_out"),
    [
        (Plan((), (), "2026-01", (), ""), "simrace schedule PATH"),
        (Plan((), ("/srv/archive",), "2026-01", (), ""), "%Y or %m"),
        (Plan(("/srv",), (), "2026-13", (), ""), "--since"),
    ],
)
def test_a_plan_that_cannot_be_is_refused(plan: Plan, way_out: str) -> None:
    PLAN.check()
    with pytest.raises(ScheduleError, match=re.escape(way_out)):
        plan.check()


def test_the_scheduler_has_the_dbt_of_everybody_and_names_no_host() -> None:
    text, ours = (file.read_text("utf-8") for file in (starting.PINS, ROOT / "requirements.lock"))
    assert text.count("--hash=sha256:") >= text.count("==") > 100
    assert "http://" not in text
    assert "https://" not in text
    for package in ("dbt-core", "dbt-adapters", "dbt-postgres", "dlt", "psycopg2-binary", "pandas", "pyarrow"):
        pins = [re.findall(rf"^{package}(?:\[.*\])?==(\S+)", lock, re.MULTILINE) for lock in (text, ours)]
        assert pins[0] == pins[1] != [], package
    assert float(re.findall(r"^dagster-dbt==(\d+\.\d+)", text, re.MULTILINE)[0]) >= 0.29
