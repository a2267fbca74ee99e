"""What the database itself holds to: keys, checks, and tables that are as their code says."""

import json
import re
import shutil
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg2
import pytest

from tests.conftest import ROOT, Warehouse


def _declared_keys(manifest: dict[str, Any]) -> set[tuple[str, str, str]]:
    """Table, columns and dimension of every foreign key in the models' YAML."""
    keys = set()
    for node in manifest["nodes"].values():
        if node["resource_type"] == "model":
            constraints = [(constraint["columns"], constraint) for constraint in node["constraints"]]
            for column in node["columns"].values():
                constraints += [([column["name"]], constraint) for constraint in column["constraints"]]
            for columns, constraint in constraints:
                if constraint["type"] == "foreign_key":
                    dimension = re.findall(r"dim_\w+", constraint["to"] or constraint["expression"])[0]
                    keys.add((node["name"], ", ".join(columns), dimension))
    return keys


def _keys_in_the_database(warehouse: Warehouse) -> set[tuple[object, ...]]:
    return set(
        warehouse.query(
            "select facts.relname, (select string_agg(attname, ', ' order by place) from unnest(conkey) with "
            "ordinality as key (number, place) inner join pg_attribute on attrelid = conrelid and attnum = number), "
            "dimensions.relname "
            "from pg_constraint inner join pg_class as facts on conrelid = facts.oid "
            "inner join pg_class as dimensions on confrelid = dimensions.oid "
            # of a table that is cut into months, the whole's
            "where conparentid = 0 and contype = 'f' and convalidated and condeferrable and condeferred"
        )
    )


@pytest.mark.parametrize("arguments", [(), ("--full-refresh",)], ids=["incremental", "full"])
def test_every_foreign_key_is_there_and_valid_after_a_build(warehouse: Warehouse, arguments: tuple[str, ...]) -> None:
    selection = ("dim_cars", "dim_drivers", "dim_track_layouts", "fct_race_results", "fct_lap_corners")
    warehouse.run("dbt", "run", *arguments, "--select", *selection)
    if arguments:  # the tables that stand on them again
        warehouse.run("dbt", "run")
    manifest = json.loads((Path(warehouse.environment["DBT_TARGET_PATH"]) / "manifest.json").read_text("utf-8"))
    assert _keys_in_the_database(warehouse) == _declared_keys(manifest) != set()


def test_every_mart_has_its_key_in_the_database(warehouse: Warehouse) -> None:
    keyless = warehouse.query(
        "select relname from pg_class where relnamespace = 'marts'::regnamespace and relkind in ('r', 'p') "
        "and not exists (select from pg_constraint where conrelid = pg_class.oid and contype = 'p')"
    )
    assert not keyless


@pytest.mark.parametrize(
    ("change", "broken"),
    [
        ("update marts.fct_race_results set driver_id = 'nobody'", psycopg2.errors.ForeignKeyViolation),
        ("delete from marts.dim_sessions", psycopg2.errors.ForeignKeyViolation),
        ("update marts.fct_telemetry_samples set speed_kph = 701", psycopg2.errors.CheckViolation),
        ("update marts.fct_laps set lap_time_s = 0", psycopg2.errors.CheckViolation),
        ("insert into marts.dim_cars select * from marts.dim_cars", psycopg2.errors.UniqueViolation),
    ],
)
def test_what_cannot_be_is_refused(warehouse: Warehouse, change: str, broken: type[Exception]) -> None:
    with closing(psycopg2.connect(warehouse.url)) as connection, pytest.raises(broken), connection:
        connection.cursor().execute(change)


@pytest.mark.parametrize("table", ["fct_telemetry_samples", "fct_lap_traces"])
def test_a_question_about_a_month_reads_that_month_alone(warehouse: Warehouse, table: str) -> None:
    months = warehouse.query(
        f"select to_char(session_started_at at time zone 'UTC', 'YYYY_MM'), count(*) from marts.{table} group by 1"
    )
    partitions = f"select inhrelid::regclass::text from pg_inherits where inhparent = 'marts.{table}'::regclass"
    assert {str(name).rpartition("_")[0] for (name,) in warehouse.query(partitions)} == {
        f"ops.{table}_{month}" for month, _ in months
    }
    assert len(months) > 1
    for month, rows in months:
        begin = f"timestamptz '{str(month).replace('_', '-')}-01 00:00+00'"
        asked = (
            f"select count(*) from marts.{table} "
            f"where session_started_at >= {begin} and session_started_at < {begin} + interval '1 month'"
        )
        plan = "\n".join(str(line) for (line,) in warehouse.query("explain " + asked))
        assert set(re.findall(rf"{table}_(\d+_\d+)_\d+", plan)) == {month}, plan
        assert warehouse.query(asked) == [(rows,)]


def test_a_key_that_cannot_be_made_ends_the_run_and_is_named(warehouse: Warehouse) -> None:
    stray = "update marts.fct_lap_traces set session_id = '00000000-0000-0000-0000-00000000dead' where "
    one = "(tableoid, ctid) = (select tableoid, ctid from marts.fct_lap_traces order by session_id, grid_point limit 1)"
    lift = "alter table marts.fct_lap_traces drop constraint fct_lap_traces__session_id__fk"
    with closing(psycopg2.connect(warehouse.url)) as connection, connection:
        cursor = connection.cursor()
        cursor.execute(f"select session_id from marts.fct_lap_traces where {one}")
        (session_id,) = cursor.fetchone() or ("",)
        cursor.execute(f"{lift}; {stray}{one}")
    done = warehouse.run("dbt", "run", "--select", "unmapped_channels", check=False)
    mend = f"update marts.fct_lap_traces set session_id = '{session_id}' where session_id::text like '%dead'"
    warehouse.run("simrace", "db", "psql", "-qc", mend)
    assert done.returncode == 1
    assert "fct_lap_traces__session_id__fk" in done.stdout
    warehouse.run("dbt", "run", "--select", "unmapped_channels")


def test_changed_code_rebuilds_what_it_made_and_nothing_else(warehouse: Warehouse) -> None:
    """Without --full-refresh; and the old code, come back, gives the old rows."""
    project = warehouse.folder / "changed_project"
    for part in ("models", "macros", "seeds", "tests/generic", "dbt_project.yml", "profiles.yml"):
        copy = shutil.copytree if (ROOT / part).is_dir() else shutil.copy
        (project / part).parent.mkdir(parents=True, exist_ok=True)
        copy(ROOT / part, project / part)
    macro = project / "macros" / "telemetry" / "share_of.sql"
    macro.write_text(macro.read_text("utf-8").replace("coalesce({{ part }}, 0)", "0.5"), "utf-8")
    tables = ("fct_lap_corners", "lap_driving_metrics", "fct_lap_traces")

    def built() -> dict[object, object]:
        return dict(warehouse.query(f"select relname, oid from pg_class where relname in {tables}"))

    before, rows = built(), warehouse.checksums()
    there = ("--project-dir", project, "--profiles-dir", project)
    warehouse.run("dbt", "run", "--select", *tables, *there)
    after = built()
    assert {table for table in tables if before[table] != after[table]} == {"lap_driving_metrics"}
    assert warehouse.checksums()["lap_driving_metrics"] != rows["lap_driving_metrics"]
    warehouse.run("dbt", "run", "--select", *tables)
    assert warehouse.checksums() == rows


def test_a_build_looks_at_what_was_built_since_the_test_passed(warehouse: Warehouse) -> None:
    """Rows from before are not read again, until somebody asks for everything or their session is built anew."""
    lap = "select session_id, lap_number from marts.fct_laps where is_trace_eligible order by 1, 2 limit 1"
    row = f"grid_point = 1 and (session_id, lap_number) in ({lap})"
    ((session_id, was),) = warehouse.query(f"select session_id, lap_elapsed_s from marts.fct_lap_traces where {row}")
    write = f"update marts.fct_lap_traces set lap_elapsed_s = {{}} where {row} returning 1"
    built = f"update ops.built set built_at = now() where model = 'fct_lap_traces' and key = '{session_id}' returning 1"
    only = ("--select", "fct_lap_traces,test_name:goes_forward", "--resource-type", "test")
    warehouse.query(write.format(86_400))
    try:
        assert "PASS goes_forward" in warehouse.run("dbt", "build", *only).stdout
        assert "FAIL 1 goes_forward" in warehouse.run("dbt", "test", *only, check=False).stdout
        warehouse.query(built)
        assert "FAIL 1 goes_forward" in warehouse.run("dbt", "build", *only, check=False).stdout
    finally:
        warehouse.query(write.format(was))
