"""PostgreSQL goes through the dearest models as it was measured to be best, also on a small warehouse."""

import re
from pathlib import Path

import pytest

from tests.conftest import ROOT, Warehouse


@pytest.fixture(scope="module")
def compiled(warehouse: Warehouse) -> dict[str, str]:
    """SQL of models that are made from nothing."""
    names = ("int_telemetry_samples", "int_race_results_deduplicated", "int_iracing_laps_matched")
    warehouse.run("dbt", "compile", "--full-refresh", "--select", *names)
    # by its whole path: what a unit test makes of a model may lie there under the same name
    models = {name: next(ROOT.glob(f"models/**/{name}.sql")).relative_to(ROOT) for name in names}
    target = Path(warehouse.environment["DBT_TARGET_PATH"], "compiled", "simrace")
    return {name: (target / model).read_text("utf-8") for name, model in models.items()}


def test_samples_are_read_by_several_processes(warehouse: Warehouse, compiled: dict[str, str]) -> None:
    """Of both kinds of files: the planner sees few blocks, and does not know how much there is to do for each."""
    hook = warehouse.run("dbt", "--quiet", "compile", "--inline", "{{ read_in_parallel() }}").stdout
    made = f"explain create temporary table samples as {compiled['int_telemetry_samples']}"
    plan = "\n".join(str(line) for (line,) in warehouse.query(f"{hook}; {made}"))
    assert plan.count("Workers Planned") == 2, plan


def test_as_many_winning_results_are_expected_as_there_are(warehouse: Warehouse, compiled: dict[str, str]) -> None:
    """Who expects a few compares each with each."""
    plan = "\n".join(str(line) for (line,) in warehouse.query(f"explain {compiled['int_race_results_deduplicated']}"))
    ((results,),) = warehouse.query("select count(*)::int from intermediate.int_race_results_deduplicated")
    assert int(re.findall(r"rows=(\d+)", plan)[0]) > int(str(results)) / 5, plan


def test_the_race_of_laps_is_not_looked_for_at_each_lap(warehouse: Warehouse, compiled: dict[str, str]) -> None:
    """The planner does not know how many laps a document holds."""
    plan = "\n".join(
        str(line)
        for (line,) in warehouse.query(f"explain (analyze, timing off) {compiled['int_iracing_laps_matched']}")
    )
    steps = re.findall(r"(?:GroupAggregate|HashAggregate|WindowAgg) .* loops=(\d+)", plan)
    assert len(steps) > 4
    assert max(map(int, steps)) <= 6, plan  # no more than there are files of laps


def test_repeats_of_a_channel_are_looked_for_in_its_file(warehouse: Warehouse) -> None:
    asked = "explain select * from staging.stg_files__channels where details ->> 'role' = 'line'"
    assert "file_channels_file_id" in str(warehouse.query(asked))
