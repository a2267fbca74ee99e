"""Building a part of the warehouse loses no relation of the rest."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Warehouse, change_file, copy_project

SCHEMAS = ("staging", "intermediate", "marts", "public")
RELATIONS = (
    "select relnamespace::regnamespace::text, relname, case when relkind = 'v' then pg_get_viewdef(oid) end "
    "from pg_class "
    f"where relkind in ('r', 'p', 'v', 'm') and relnamespace::regnamespace::text in {SCHEMAS}"
)


@pytest.fixture(scope="module")
def nodes(warehouse: Warehouse) -> dict[str, dict[str, Any]]:
    """Models and seeds of the manifest."""
    every: dict[str, dict[str, Any]] = warehouse.manifest()["nodes"]
    return {key: node for key, node in every.items() if node["resource_type"] in ("model", "seed")}


@pytest.fixture
def view_of_a_reader(warehouse: Warehouse) -> Iterator[None]:
    """What somebody made for himself on a mart that is made anew each time."""
    mine = "create view public.mine as select race_id from marts.fct_race_results"
    warehouse.run("simrace", "db", "psql", "-qc", mine)
    yield
    warehouse.run("simrace", "db", "psql", "-qc", "drop view public.mine")


def _relations(warehouse: Warehouse) -> dict[tuple[object, object], object]:
    return {(schema, name): reads for schema, name, reads in warehouse.query(RELATIONS)}


def _tables_under_views(nodes: dict[str, dict[str, Any]]) -> set[str]:
    views = [node for node in nodes.values() if node["config"]["materialized"] == "view"]
    return {parent for view in views for parent in view["depends_on"]["nodes"] if parent in nodes} - {
        view["unique_id"] for view in views
    }


def test_a_build_of_the_same_code_swaps_no_table(warehouse: Warehouse) -> None:
    """Readers, views and keys stay with the table that they know."""
    tables = (
        "select oid::regclass::text, relfilenode from pg_class where relkind = 'r' "
        "and relnamespace::regnamespace::text in ('staging', 'intermediate', 'marts') order by 1"
    )
    before = warehouse.query(tables)
    warehouse.run("dbt", "run", "--select", "marts.results", "marts.core", "int_races_deduplicated")
    assert warehouse.query(tables) == before != []


def test_views_of_the_transformer_read_what_somebody_else_has_just_built(built: Warehouse) -> None:
    other = built.other("just_built", is_copy=True)
    other.run("simrace", "db", "roles")
    other.run("dbt", "run", "--select", "dim_license_categories")
    other.query("create table intermediate.just_built as select 1 as number")
    assert other.query("set role simrace_transformer; select number from intermediate.just_built") == [(1,)]


@pytest.mark.usefixtures("view_of_a_reader")
@pytest.mark.parametrize("arguments", [("run",), ("run", "--full-refresh"), ("seed", "--full-refresh")])
def test_tables_built_without_their_views_lose_none(
    warehouse: Warehouse, nodes: dict[str, dict[str, Any]], arguments: tuple[str, ...]
) -> None:
    """All in one build, because no view is in it that could put back what another lost."""
    before = _relations(warehouse)
    tables = {nodes[key]["name"] for key in _tables_under_views(nodes)} | {"fct_race_results"}
    selection = () if arguments[0] == "seed" else ("--select", *sorted(tables))
    warehouse.run("dbt", *arguments, *selection)
    assert _relations(warehouse) == before


def test_what_would_lose_a_view_fails_and_names_it(warehouse: Warehouse, tmp_path: Path) -> None:
    """A table and a view lose a column that views of no part of the build read; a seed gains one, which loses none."""
    before = _relations(warehouse)
    project = copy_project(tmp_path / "project")
    there = ("--project-dir", project, "--profiles-dir", project)
    change_file(project, "int_event_session_files", "end as state,", "end as condition,")
    change_file(project, "_int_racing__models", "\"state in ('winner'", "\"condition in ('winner'")
    change_file(project, "stg_files__documents", "documents.document", "documents.document as text_of_it")
    for model, lost in (
        ("int_event_session_files", "int_result_file_lines"),
        ("stg_files__documents", r"stg_\w+sessions"),
    ):
        done = warehouse.run("dbt", "run", "--select", model, *there, check=False)
        assert re.search(rf"\b{lost}\b.* would be lost: {model} no longer has", done.stdout), done.stdout
        assert f"dbt build --select {model}+" in done.stdout
        assert _relations(warehouse) == before

    seed = project / "seeds" / "track_layouts.csv"
    header = seed.read_text("utf-8").splitlines()[0]
    seed.write_text(f"{header},note\n", "utf-8")
    columns = "select string_agg(attname, ' ' order by attnum) from pg_attribute "
    columns += "where attnum > 0 and attrelid = 'staging.track_layouts'::regclass"
    shape_now = header.replace(",", " ")
    for others, shape in ((there, f"{shape_now} note"), ((), shape_now)):
        warehouse.run("dbt", "seed", "--select", "track_layouts", *others)
        assert warehouse.query(columns) == [(shape,)]
        assert _relations(warehouse) == before


def test_a_table_takes_the_place_of_a_view_and_a_view_that_of_a_table(warehouse: Warehouse) -> None:
    """As where an update makes one of the other; what others made on them reads what is there now."""
    view, table = "marts.unmapped_codes", "marts.activity_daily"
    before, rows = _relations(warehouse), {name: warehouse.query(f"select * from {name}") for name in (view, table)}
    statements = ["set client_min_messages = warning", "create schema before"]
    for name, was, kind in ((view, "view", "table"), (table, "table", "view")):
        relation = name.removeprefix("marts.")
        statements += [
            f"alter {was} {name} set schema before",
            f"create {kind} {name} as select * from before.{relation}",
            f"create view public.of_{relation} as select * from {name}",
        ]
    warehouse.run("simrace", "db", "psql", "-qc", "; ".join(statements))
    try:
        warehouse.run("dbt", "run", "--select", "unmapped_codes", "activity_daily")
        for name in (view, table):
            mine = name.replace("marts.", "public.of_")
            assert f"FROM {name}" in str(warehouse.query(f"select pg_get_viewdef('{mine}'::regclass)"))
            assert sorted(map(str, warehouse.query(f"select * from {mine}"))) == sorted(map(str, rows[name]))
    finally:
        mine = "drop view public.of_unmapped_codes, public.of_activity_daily"
        warehouse.run("simrace", "db", "psql", "-qc", f"{mine}; drop schema before cascade")
    assert _relations(warehouse) == before


@pytest.mark.slow
def test_every_model_built_alone_loses_no_relation(warehouse: Warehouse, nodes: dict[str, dict[str, Any]]) -> None:
    before = _relations(warehouse)
    for node in nodes.values():
        warehouse.run("dbt", "run" if node["resource_type"] == "model" else "seed", "--select", node["name"])
        assert _relations(warehouse) == before, node["name"]
