"""Runs and their results can be seen: figures with their history, dbt's results, runs, freshness."""

import json
import re
from contextlib import closing
from io import StringIO

import psycopg2
import pytest
import yaml
from rich.console import Console

from simrace.cli.summaries import show_next_steps
from simrace.operations.freshness import read_freshness
from tests.conftest import HISTORY, ROOT, Warehouse

MEASURE = ("build", "--select", "data_quality_kpis", "data_quality_kpis_latest")
PAST = "select count(*), count(distinct invocation_id), min(measured_at) from marts.data_quality_kpis"


def test_every_figure_is_measured_and_has_its_limit(warehouse: Warehouse) -> None:
    project = yaml.safe_load((ROOT / "dbt_project.yml").read_text(encoding="utf-8"))
    limits = {name: bound["limit"] for name, bound in project["vars"]["kpi_limits"].items()}
    shown = warehouse.query("select kpi, cast(limit_value as double precision) from marts.data_quality_kpis_latest")
    assert dict(shown) == limits
    measured = {kpi for (kpi,) in warehouse.query("select kpi from marts.data_quality_kpis where value is not null")}
    # Nobody has landed one small file alone.
    assert set(limits) - measured <= {"landing_to_mart_p95_s"}
    assert warehouse.query("select distinct value from marts.data_quality_kpis where kpi = 'rows_duplicated'") == [(0,)]
    rows = dict(warehouse.query("select mart, rows_held from marts.mart_keys_counted"))
    assert rows["fct_telemetry_samples"] == warehouse.query("select count(*) from marts.fct_telemetry_samples")[0][0]
    [(late,)] = warehouse.query("select value from marts.data_quality_kpis_latest where kpi = 'lateness_p95_s'")
    assert 0 < float(str(late)) < 3_600


def test_what_to_look_at_next_can_be_asked_and_holds_something(warehouse: Warehouse) -> None:
    steps = shown_next(warehouse)
    asked = re.findall(r'db psql -c "(.*)"', steps)
    assert {"fct_laps", "fct_race_results"} <= {query.partition("marts.")[2].split()[0] for query in asked}
    for query in asked:
        assert warehouse.query(query), query


def test_where_nothing_is_built_there_is_nothing_to_look_at(warehouse: Warehouse) -> None:
    assert "psql" not in shown_next(warehouse.other("unseen"))


def shown_next(warehouse: Warehouse) -> str:
    with closing(psycopg2.connect(warehouse.url)) as connection:
        console = Console(file=StringIO(), width=200)
        show_next_steps(console, connection)
    assert isinstance(console.file, StringIO)
    return console.file.getvalue()


@pytest.fixture(scope="module")
def measured_again(warehouse: Warehouse) -> tuple[object, ...]:
    """The history before plain dbt measured once more, with a full refresh, which history survives."""
    [before] = warehouse.query(PAST)
    warehouse.run("dbt", *MEASURE, "--full-refresh")
    return before


def test_figures_keep_their_history(warehouse: Warehouse, measured_again: tuple[object, ...]) -> None:
    rows, invocations, first = measured_again
    figures = warehouse.query("select count(*) from marts.data_quality_kpis_latest")[0][0]
    assert isinstance(rows, int) and isinstance(figures, int) and isinstance(invocations, int)
    assert warehouse.query(PAST) == [(rows + figures, invocations + 1, first)]
    latest = warehouse.query(
        "select count(*), count(distinct kpi), min(measured_at) = (select max(measured_at) from "
        "marts.data_quality_kpis) from marts.data_quality_kpis_latest"
    )
    assert latest == [(figures, figures, True)]


def test_results_of_plain_dbt_are_kept(warehouse: Warehouse, measured_again: tuple[object, ...]) -> None:
    [(invocation, figures)] = warehouse.query(
        "select invocation_id, count(*) from marts.data_quality_kpis where measured_at = "
        "(select max(measured_at) from marts.data_quality_kpis) group by 1"
    )
    rows = warehouse.query(
        "select command, resource_type, status, rows_affected, message, is_latest from marts.dbt_run_results "
        f"where invocation_id = '{invocation}' and node = 'data_quality_kpis'"
    )
    assert rows == [("build", "model", "success", figures, None, True)]
    tests = warehouse.query(
        "select count(*), max(failures) from marts.dbt_run_results "
        f"where invocation_id = '{invocation}' and resource_type = 'test' and status = 'pass'"
    )
    assert tests[0][0] and tests[0][1] == 0
    assert warehouse.query("select count(*) from marts.dbt_run_results where not is_latest") != [(0,)]


def test_readers_see_the_history(warehouse: Warehouse, measured_again: tuple[object, ...]) -> None:
    reads = "; ".join(f"select count(*) from marts.{mart}" for mart in HISTORY)
    warehouse.run("simrace", "db", "psql", "-v", "ON_ERROR_STOP=1", "-qc", f"set role simrace_reader; {reads}")


def test_a_run_is_shown_with_its_dbt(warehouse: Warehouse) -> None:
    [row] = warehouse.query(
        "select command, outcome, files_found = files_landed + files_already_landed + files_refused, "
        "files_landed > 20, bytes_landed > 1000000, dbt_nodes > 300, dbt_nodes_failed, landing_s > 0, dbt_s > 1, "
        "run_s > landing_s + dbt_s from marts.warehouse_runs order by started_at limit 1"
    )
    assert row == ("run", "succeeded", True, True, True, True, 0, True, True, True)


def test_a_failed_node_is_a_problem_and_then_no_more(warehouse: Warehouse) -> None:
    """Its message is kept as it is, though it looks like SQL and Jinja, but not the row that follows in it."""
    name = "it's {{ 1 + 1 }}"
    add = f'alter table marts.data_quality_kpis add constraint "{name}" check (unit is null) not valid'
    warehouse.run("simrace", "db", "psql", "-qc", add)
    past = warehouse.query(PAST)
    failed = warehouse.run("dbt", *MEASURE, check=False)
    assert failed.returncode == 1
    assert warehouse.query(PAST) == past
    [(message, failures)] = warehouse.query(
        "select message, failures from ops.dbt_results where status = 'error' and node = 'data_quality_kpis'"
    )
    assert f'violates check constraint "{name}"' in str(message)
    assert "Failing row" not in str(message) and len(str(message)) <= 300 and failures is None
    check = warehouse.run("simrace", "status", "--check", check=False)
    assert check.returncode == 1
    assert "dbt_failed: data_quality_kpis: error: Database Error in model data_quality_kpis" in check.stdout
    assert 'simrace_dbt_nodes{status="error"} 1.0' in warehouse.run("simrace", "metrics").stdout
    warehouse.run("simrace", "db", "psql", "-qc", f'alter table marts.data_quality_kpis drop constraint "{name}"')
    warehouse.run("dbt", *MEASURE)
    problems = json.loads(warehouse.run("simrace", "status", "--json").stdout)["problems"]
    assert not [problem for problem in problems if problem["kind"] == "dbt_failed"]


def test_a_failed_run_is_recorded_and_freshness_is_agreed_on(warehouse: Warehouse) -> None:
    """By simrace and dbt, each of which may have made the table of runs."""
    other = warehouse.other("failing")
    # In the place of a model that nearly everything stands on, so that nearly everything is skipped.
    other.run("simrace", "db", "psql", "-qc", "create schema staging; create type staging.stg_files__files as (a int)")
    lap = next((warehouse.folder / "files" / "telemetry").glob("Garage*"))
    assert other.run("simrace", "run", lap, check=False).returncode == 1
    [(outcome, error, invocation, landed)] = other.query(
        "select outcome, error, invocation_id, files_landed from ops.runs"
    )
    assert (outcome, landed) == ("failed", 1)
    assert str(error).startswith("dbt build failed: error: stg_files__files")
    failed = f"select node from ops.dbt_results where invocation_id = '{invocation}' and status = 'error'"
    assert other.query(failed) == [("stg_files__files",)]

    for change, verdict in (
        ("update raw.files set landed_at = now() - interval '31 days'", "warn"),
        ("delete from raw.files", "error"),
    ):
        other.run("simrace", "db", "psql", "-qc", change)
        done = other.run("dbt", "source", "freshness", check=False)
        assert (done.returncode != 0) == (verdict == "error"), done.stdout
        by_dbt = other.query(
            "select status from ops.dbt_results where command = 'freshness' order by started_at desc limit 1"
        )
        with closing(psycopg2.connect(other.url)) as connection:
            assert (found := read_freshness(connection)) and found.status == by_dbt[0][0] == verdict


def test_simrace_and_dbt_make_the_same_table_of_runs(warehouse: Warehouse) -> None:
    """The first build of the shared warehouse followed a landing of its own run; an empty one lands first."""
    other = warehouse.other("landed")
    other.run("simrace", "land", warehouse.folder / "files" / "refused", check=False)
    columns = (
        "select column_name, data_type, is_nullable, ordinal_position from information_schema.columns where "
        "table_schema = 'ops' and table_name = 'runs' order by 4"
    )
    assert other.query(columns) == warehouse.query(columns) != []


def test_the_oldest_results_go(warehouse: Warehouse) -> None:
    old = (
        "insert into ops.dbt_results "
        "(invocation_id, unique_id, command, node, resource_type, status, seconds, started_at) "
        "select 'old' || i, 'n', 'build', 'n', 'model', 'success', 0, "
        "timestamptz '2020-01-01 00:00+00' + i * interval '1 day' from generate_series(1, 150) as i"
    )
    warehouse.run("simrace", "db", "psql", "-qc", old)
    warehouse.run("dbt", *MEASURE)
    assert warehouse.query("select count(distinct invocation_id) from ops.dbt_results") == [(100,)]
    assert warehouse.query("select count(*) from ops.dbt_results where invocation_id = 'old50'") == [(0,)]
