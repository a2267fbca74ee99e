"""dbt without data, as a CI runs it: `--empty` in a database in which nothing was ever landed."""

import pytest

from tests.conftest import Warehouse


def raw_tables(warehouse: Warehouse) -> list[str]:
    """The statements that make the raw tables, without those of dlt's own state and the key of the dump."""
    dump = warehouse.run(
        "simrace", "db", "pg_dump", "--schema-only", "--schema", "raw", "--no-owner", "--no-acl"
    ).stdout
    statements = [" ".join(part.split()) for part in dump.split(";\n")]
    return sorted(part for part in statements if "restrict " not in part and "_dlt_pipeline_state" not in part)


def test_an_empty_run_comes_before_any_landing(warehouse: Warehouse) -> None:
    """It needs no seeds made beforehand, and what is landed then finds the raw tables that it would have made."""
    other = warehouse.other("nothing_landed")
    other.run("simrace", "dbt", "run", "--empty", "--select", "staging.files", "staging.acc")
    assert other.query("select count(*) from staging.stg_files__files") == [(0,)]
    result = next((warehouse.folder / "files" / "results").glob("*.json"))
    other.run("simrace", "land", result, warehouse.folder / "files" / "refused")
    assert other.query("select count(*) from raw.files") == [(1,)]
    assert raw_tables(other) == raw_tables(warehouse)


@pytest.mark.slow
def test_everything_is_built_and_tested_empty(warehouse: Warehouse) -> None:
    other = warehouse.other("empty")
    other.run("dbt", "build", "--empty")
    assert other.query("select count(*) from marts.fct_laps") == [(0,)]


def test_an_empty_run_does_not_empty_a_warehouse(warehouse: Warehouse) -> None:
    before = warehouse.query("select count(*) from marts.dim_cars")
    done = warehouse.run("dbt", "run", "--empty", "--select", "dim_cars", check=False)
    assert done.returncode != 0
    assert "--target ci --empty" in done.stdout
    assert warehouse.query("select count(*) from marts.dim_cars") == before != [(0,)]
