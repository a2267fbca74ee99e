"""What the database enforces: keys, checks, and tables that equal their code."""

import re
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from typing import Any

import psycopg2
import pytest

from tests.conftest import ROOT, Warehouse, change_file, copy_project
from tests.parsed_project import give_parsed_project


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
            # for a partitioned table, those of the parent
            "where conparentid = 0 and contype = 'f' and convalidated and condeferrable and condeferred"
        )
    )


@pytest.mark.parametrize("arguments", [(), ("--full-refresh",)], ids=["incremental", "full"])
def test_every_foreign_key_is_there_and_valid_after_a_build(warehouse: Warehouse, arguments: tuple[str, ...]) -> None:
    other = "lap_minisectors__session_id__fk"  # of a table that is not built
    for change in (
        f"drop constraint {other}",
        f"add constraint {other} foreign key (session_id) references intermediate.int_telemetry_sessions "
        "deferrable initially deferred",
    ):
        warehouse.query(f"alter table marts.lap_minisectors {change}")
    # a row that was to go at the end of a run that failed, and is there again
    gone = "insert into ops.gone_rows select 'dim_cars', cast(row(car_id) as text) from marts.dim_cars limit 1"
    warehouse.query(gone)
    cars = warehouse.query("select car_id from marts.dim_cars order by 1")
    selection = ("dim_cars", "dim_drivers", "dim_track_layouts", "fct_race_results", "fct_lap_corners")
    warehouse.run("dbt", "run", *arguments, "--select", *selection)
    assert warehouse.query("select car_id from marts.dim_cars order by 1") == cars != []
    assert warehouse.query("select * from ops.gone_rows") == []
    assert _keys_in_the_database(warehouse) == _declared_keys(warehouse.manifest()) != set()


def test_a_table_that_is_made_anew_is_waited_for_by_no_fact(warehouse: Warehouse) -> None:
    """A fact that is written looks rows up in several tables, and who keeps one from it may not wait for another."""
    table = "marts.fct_race_telemetry"
    keys = f"from pg_constraint where conrelid = '{table}'::regclass and contype = 'f'"
    referred = [name for (name,) in warehouse.query(f"select distinct confrelid::regclass::text {keys}")]
    assert len(referred) > 1
    for first in referred:
        with closing(psycopg2.connect(warehouse.url)) as fact, fact.cursor() as cursor, ThreadPoolExecutor() as aside:
            cursor.execute(f"lock table {first} in row share mode")
            build = aside.submit(warehouse.run, "dbt", "run", "--select", table.removeprefix("marts."))
            end = time.monotonic() + 60
            waiting = f"select 1 from pg_locks where not granted and relation = '{first}'::regclass"
            while not warehouse.query(waiting) and not build.done() and time.monotonic() < end:
                time.sleep(0.1)
            cursor.execute("set local lock_timeout = '5 s'")
            for other in referred:
                cursor.execute(f"lock table {other} in row share mode")
            fact.rollback()
            build.result()


@pytest.mark.parametrize("arguments", [(), ("--full-refresh",)], ids=["in_place", "anew"])
def test_a_table_is_written_with_its_record_or_not_at_all(warehouse: Warehouse, arguments: tuple[str, ...]) -> None:
    """Keys are lifted from it before, in transactions of their own; what follows is one again."""
    read = "select count(*) from marts.dim_sessions where sim = 'nobody''s'"
    changes = (
        "update marts.dim_sessions set sim = 'nobody''s'",
        "delete from ops.code where model = 'dim_sessions'"
        if arguments
        else "update ops.code set description_hash = '' where model = 'dim_sessions'",
        "alter table ops.code add constraint stop check (model <> 'dim_sessions' or description_hash = '')",
    )
    for change in changes:
        warehouse.query(change)
    wrong = warehouse.query(read)
    done = warehouse.run("dbt", "run", *arguments, "--select", "dim_sessions", check=False)
    left = warehouse.query(read)
    warehouse.query("alter table ops.code drop constraint stop")
    warehouse.run("dbt", "run", "--select", "dim_sessions")
    assert "violates check constraint" in done.stdout
    assert left == wrong != [(0,)]
    assert warehouse.query(read) == [(0,)]


def test_what_was_built_before_its_file_was_parsed_is_built_again(warehouse: Warehouse) -> None:
    """A build of a part may come to results before their document; what it could not read is still due."""
    parsed, read = "stg_files__documents_parsed", ("int_event_sessions_read", "int_event_sessions_united")
    of_file = "select count(*) from intermediate.int_race_results_united where file_id = '{}'"
    ((file_id,),) = warehouse.query(
        "select file_id from intermediate.int_race_results_united inner join staging.stg_files__documents_parsed "
        "using (file_id) order by 1 limit 1"
    )
    before = warehouse.query(of_file.format(file_id))
    for table, column in ((f"staging.{parsed}", "file_id"), ("ops.built", f"model = '{parsed}' and key")):
        warehouse.query(f"delete from {table} where {column} = '{file_id}'")
    warehouse.run("dbt", "run", "--select", *read, "int_race_results_united")
    assert warehouse.query(of_file.format(file_id)) == [(0,)] != before
    warehouse.run("dbt", "run", "--select", parsed, *read, "int_race_results_united")
    assert warehouse.query(of_file.format(file_id)) == before


def test_what_was_built_without_a_table_that_it_is_made_from_is_built_again(warehouse: Warehouse) -> None:
    """A build of a part comes to the laps of a new session before anybody has read its samples."""
    samples, laps = "int_telemetry_samples", "int_telemetry_laps_segmented"
    between = ("session_files", "sessions", "lap_candidates", "lap_starts", "laps_measured")
    of_session = f"select count(*) from intermediate.{laps} where session_id = '{{}}'"
    ((session_id, before),) = warehouse.query(
        # the last one: what is recorded of the first another test looks at
        f"select session_id::text, count(*) from intermediate.{laps} group by 1 order by 1 desc limit 1"
    )
    recorded = f"select model from ops.built where key = '{session_id}' order by 1"
    models = warehouse.query(recorded)
    for table, column in ((f"intermediate.{samples}", "session_id"), ("ops.built", "key")):
        warehouse.query(f"delete from {table} where {column} = '{session_id}'")
    warehouse.run("dbt", "run", "--select", laps, *(f"int_telemetry_{name}" for name in between))
    assert warehouse.query(of_session.format(session_id)) == [(0,)] != [(before,)]
    warehouse.run("dbt", "run", "--select", f"+{laps}")
    assert warehouse.query(of_session.format(session_id)) == [(before,)]
    assert (laps,) in warehouse.query(recorded)
    assert set(warehouse.query(recorded)) < set(models)


def test_every_key_and_filled_column_of_a_table_is_one_in_the_database(warehouse: Warehouse) -> None:
    """PostgreSQL holds what the YAML says of them, so no data test asks it again."""
    held = warehouse.query(
        "select relnamespace::regnamespace::text || '.' || relname, attname, attnotnull, "
        "coalesce(attnum = any(conkey), false) from pg_class "
        "inner join pg_attribute on attrelid = pg_class.oid and attnum > 0 and not attisdropped "
        "left join pg_constraint on conrelid = pg_class.oid and contype = 'p' and convalidated "
        "where relkind in ('r', 'p')"
    )
    tables, declared = set(), {"not_null": set(), "primary_key": set()}
    for node in warehouse.manifest()["nodes"].values():
        if node["resource_type"] == "model" and node["config"]["materialized"] != "view":
            table = f"{node['schema']}.{node['alias']}"
            tables.add(table)
            constraints = [(constraint["type"], constraint["columns"]) for constraint in node["constraints"]]
            for column in node["columns"].values():
                constraints += [(constraint["type"], [column["name"]]) for constraint in column["constraints"]]
            for kind, columns in constraints:
                declared.setdefault(kind, set()).update((table, column) for column in columns)
    keys = {(table, column) for table, column, _, is_key in held if is_key and table in tables}
    assert keys == declared["primary_key"] != set()
    assert declared["not_null"] <= {(table, column) for table, column, is_filled, _ in held if is_filled}


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


@pytest.mark.parametrize(
    ("mart", "table"),
    [("fct_telemetry_samples", "int_telemetry_samples"), ("fct_lap_traces", "int_telemetry_lap_traces")],
)
def test_a_question_about_a_month_reads_that_month_alone(warehouse: Warehouse, mart: str, table: str) -> None:
    months = warehouse.query(
        f"select to_char(session_started_at at time zone 'UTC', 'YYYY_MM'), count(*) from marts.{mart} group by 1"
    )
    partitions = f"select inhrelid::regclass::text from pg_inherits where inhparent = 'intermediate.{table}'::regclass"
    assert {str(name).rpartition("_")[0] for (name,) in warehouse.query(partitions)} == {
        f"ops.{table}_{month}" for month, _ in months
    }
    assert len(months) > 1
    for month, rows in months:
        begin = f"timestamptz '{str(month).replace('_', '-')}-01 00:00+00'"
        asked = (
            f"select count(*) from marts.{mart} "
            f"where session_started_at >= {begin} and session_started_at < {begin} + interval '1 month'"
        )
        plan = "\n".join(str(line) for (line,) in warehouse.query("explain " + asked))
        assert set(re.findall(rf"{table}_(\d+_\d+)_\d+", plan)) == {month}, plan
        assert warehouse.query(asked) == [(rows,)]


def test_a_key_that_cannot_be_made_ends_the_run_and_is_named(warehouse: Warehouse) -> None:
    table = "intermediate.int_telemetry_lap_traces"
    stray = f"update {table} set session_id = '00000000-0000-0000-0000-00000000dead' where "
    one = f"(tableoid, ctid) = (select tableoid, ctid from {table} order by session_id, grid_point limit 1)"
    lift = f"alter table {table} drop constraint int_telemetry_lap_traces__session_id__fk"
    with closing(psycopg2.connect(warehouse.url)) as connection, connection:
        cursor = connection.cursor()
        cursor.execute(f"select session_id from {table} where {one}")
        (session_id,) = cursor.fetchone() or ("",)
        cursor.execute(f"{lift}; {stray}{one}")
    done = warehouse.run("dbt", "run", "--select", "unmapped_channels", check=False)
    mend = f"update {table} set session_id = '{session_id}' where session_id::text like '%dead'"
    warehouse.query(mend)
    warehouse.query("delete from ops.dbt_at_work")  # for ten seconds the next would wait for what has failed
    assert done.returncode == 1
    assert "int_telemetry_lap_traces__session_id__fk" in done.stdout
    warehouse.run("dbt", "run", "--select", "unmapped_channels")


def test_a_table_that_stood_elsewhere_moves_with_its_rows(warehouse: Warehouse) -> None:
    """As in a warehouse of commit 21ed15e; the view that is left is there before any model is made."""
    table, view = "intermediate.int_telemetry_lap_references", "marts.lap_references"
    rows, found = warehouse.checksums(), "select '{}'::regclass::oid"
    ((oid,),) = warehouse.query(found.format(table))
    for change in (
        f"drop view {view}",
        f"alter table {table} rename to lap_references",
        "alter table intermediate.lap_references set schema marts",
        f"alter table {view} rename constraint int_telemetry_lap_references__session_id__fk to "
        "lap_references__session_id__fk",
        "delete from ops.code where model = 'lap_references'",
        "update ops.code set model = 'lap_references' where model = 'int_telemetry_lap_references'",
    ):
        warehouse.query(change)
    warehouse.run("dbt", "run", "--select", "unmapped_channels")
    assert warehouse.query(found.format(table)) == [(oid,)]
    assert warehouse.query("select count(*) from ops.code where model = 'int_telemetry_lap_references'") == [(1,)]
    keys = f"select count(*) from pg_constraint where conrelid = '{table}'::regclass and contype = 'f'"
    assert warehouse.query(keys) == [(2,)]
    assert warehouse.checksums() == rows
    warehouse.run("dbt", "run", "--select", "lap_references")


def test_changed_code_rebuilds_what_it_made_and_nothing_else(warehouse: Warehouse) -> None:
    """Without --full-refresh; and the old code, come back, gives the old rows."""
    project = copy_project(warehouse.folder / "changed_project")
    macro = project / "macros" / "telemetry" / "share_of.sql"
    text = macro.read_text("utf-8")
    assert "coalesce(' ~ part ~ ', 0)" in text
    text = text.replace("coalesce(' ~ part ~ ', 0)", "0.5")
    # two that call each other
    text = text.replace("{%- endmacro %}", "{% if not part %}{{ share_of_nothing(whole) }}{% endif %}{% endmacro %}")
    text += "{% macro share_of_nothing(whole) %}{{ share_of('0', whole) }}{% endmacro %}"
    macro.write_text(text, "utf-8")
    # comments, which are no code, in what every table is made from
    (files,) = project.rglob("stg_files__files.sql")
    files.write_text("{# It's new. #}\n-- who said '?\n" + files.read_text("utf-8"), "utf-8")
    tables = ("fct_lap_corners", "lap_driving_metrics", "int_telemetry_lap_traces")

    def built(tables: tuple[str, ...]) -> dict[object, object]:
        return dict(warehouse.query(f"select relname, oid from pg_class where relname in {tables}"))

    before, rows = built(tables), warehouse.checksums()
    # with a folder for dbt's target, else the last run would parse all of the usual project again
    changed = replace(warehouse, environment={**warehouse.environment, "DBT_TARGET_PATH": str(project / "target")})
    give_parsed_project(changed.environment)
    there = ("--project-dir", project, "--profiles-dir", project)
    changed.run("dbt", "run", "--select", *tables, *there)
    after = built(tables)
    assert {table for table in tables if before[table] != after[table]} == {"lap_driving_metrics"}
    assert warehouse.checksum("lap_driving_metrics") != rows["lap_driving_metrics"]

    # a view that is left out of the build makes the old rows, and then the new ones, though the code stays
    metrics = warehouse.checksum("lap_driving_metrics")
    change_file(project, "int_telemetry_lap_samples", "cast(samples.brake_ratio as", "cast(samples.brake_ratio / 2 as")
    changed.run("dbt", "run", "--select", "lap_driving_metrics", *there)
    assert warehouse.checksum("lap_driving_metrics") == metrics
    changed.run("dbt", "run", "--select", "int_telemetry_lap_samples", "lap_driving_metrics", *there)
    assert warehouse.checksum("lap_driving_metrics") != metrics

    # a threshold of laps parses no line again, nor does what chooses among files and races
    vars_of_project = project / "dbt_project.yml"
    text = vars_of_project.read_text("utf-8").replace("caution_flags: 49416", "caution_flags: 16384")
    text = text.replace("results_cutoff: null", "results_cutoff: 2024-01-01 00:00+00")
    vars_of_project.write_text(text.replace("bad_line_share_limit: 0.1", "bad_line_share_limit: 0.2"), "utf-8")
    # nor does it find the laps again
    kept = ("int_race_laps_ranked", "int_telemetry_samples", "int_telemetry_lap_candidates", "int_telemetry_lap_starts")
    measured = ("int_telemetry_laps_measured", "int_telemetry_laps_segmented", "int_telemetry_laps_classified")
    laps = (*kept, *measured)
    parsed = "select max(built_at) from ops.built where model = 'int_telemetry_samples'"
    before, when = built(laps), warehouse.query(parsed)
    changed.run("dbt", "run", "--select", *laps, *there)
    after = built(laps)
    assert {table for table in laps if before[table] != after[table]} == set(measured)
    assert warehouse.query(parsed) == when
    warehouse.run("dbt", "run", "--select", "int_telemetry_lap_samples", *tables, *laps)
    assert warehouse.checksums() == rows


def test_beside_a_retired_session_results_are_made_anew(warehouse: Warehouse) -> None:
    """Its own rows cannot be, so tables by session are kept whole; no result goes with a session."""
    tables = ("int_event_sessions_read", "int_telemetry_lap_candidates")
    built = f"select relname, oid from pg_class where relname in {tables}"
    before, rows = dict(warehouse.query(built)), warehouse.checksums()
    retired = "insert into ops.retired (session_id, file_id) values ('00000000-0000-0000-0000-00000000dead', 'none')"
    warehouse.query(retired)
    try:
        warehouse.run("dbt", "run", "--full-refresh", "--select", *tables)
    finally:
        warehouse.query("delete from ops.retired where file_id = 'none'")
    after = dict(warehouse.query(built))
    assert {table for table in tables if after[table] != before[table]} == {"int_event_sessions_read"}
    assert warehouse.checksums() == rows


def test_every_var_is_named_where_it_is_read() -> None:
    """By its name in quotes the hash of a table's code finds it; `hash_of_code` itself reads what it found."""
    code = [file.read_text("utf-8") for folder in ("models", "macros") for file in (ROOT / folder).rglob("*.sql")]
    reads = [read for text in code for read in re.findall(r"\bvar\(\s*(.)", text)]
    assert len(reads) > 50
    assert [read for read in reads if read not in "'\""] == ["n"]


def test_a_build_looks_at_what_was_built_since_the_test_passed(warehouse: Warehouse) -> None:
    """Older rows are not read again, unless somebody asks for everything or their session is rebuilt."""
    lap = "select session_id, lap_number from marts.fct_laps where is_trace_eligible order by 1, 2 limit 1"
    row = f"grid_point = 1 and (session_id, lap_number) in ({lap})"
    ((session_id, was),) = warehouse.query(f"select session_id, lap_elapsed_s from marts.fct_lap_traces where {row}")
    write = f"update marts.fct_lap_traces set lap_elapsed_s = {{}} where {row} returning 1"
    written = "model = 'int_telemetry_lap_traces' and key = '{}'"
    built = f"update ops.built set built_at = now() where {written.format(session_id)} returning 1"
    only = ("--select", "int_telemetry_lap_traces,test_name:goes_forward", "--resource-type", "test")
    warehouse.query(write.format(86_400))
    try:
        assert "PASS goes_forward" in warehouse.run("dbt", "build", *only).stdout
        assert "FAIL 1 goes_forward" in warehouse.run("dbt", "test", *only, check=False).stdout
        warehouse.query(built)
        assert "FAIL 1 goes_forward" in warehouse.run("dbt", "build", *only, check=False).stdout
    finally:
        warehouse.query(write.format(was))
