"""What grows is the same rows on every engine: Sail builds it of the raw of PostgreSQL, and each table is compared.

Sail speaks the dialect of Spark in one process. Its environment is made once, in SIMRACE_TEST_CACHE if that is set,
else for this run of the tests; without a package index the tests are skipped.
"""

import os
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import psycopg2
import pyarrow.parquet as pq
import pytest

from simrace.build.dbt import BuildError, BuildResult
from simrace.build.environment import PackagesError, make_environment
from simrace.lake.choices import set_engine
from simrace.lake.engine import run_on_engine
from simrace.lake.inputs import BLOCKS, BY_FILE, copy_inputs
from simrace.lake.plan import Phase, grows, phases
from simrace.lake.publish import publish
from simrace.lake.settings import PINS, SAIL, Lake
from tests.conftest import ROOT, SHARED, Warehouse, change_file
from tests.warehouse.test_bad_input import land_and_build
from tests.warehouse.test_forget_and_replay import LOST_CLOCK, take_files, with_project_of_its_own
from tests.warehouse.test_positions import Log, logs  # noqa: F401 - a fixture

pytestmark = pytest.mark.slow  # the engine's packages are 700 MB, and it takes more memory than all other tests
CACHE_VARIABLE = "SIMRACE_TEST_CACHE"
# What PostgreSQL has of sessions that were asked for alone, and the marts made of that.
SAMPLES = ("fct_telemetry_samples", "fct_lap_traces")
MAY_BE_EMPTY = {"int_telemetry_line_crossings"}  # of logs that positions alone place; another test has some
FETCHED = (*SAMPLES, "lap_deltas", "math_channel_values")


@dataclass(frozen=True)
class Engine:
    """A lake of a copy of the warehouse.

    Attributes:
        lake: The lake.
        warehouse: The copy.
        models: The tables that the lake builds: schema by name.
        keys: Their key columns.
        names: All that the lake builds, views too.
        inputs: Tables of PostgreSQL that it reads, by name.
    """

    lake: Lake
    warehouse: Warehouse
    models: dict[str, str]
    keys: dict[str, str]
    names: tuple[str, ...]
    inputs: dict[str, str]

    def build(self, unit_tests: tuple[str, ...] = ()) -> BuildResult:
        """All at once: what PostgreSQL builds in between is there."""
        with closing(psycopg2.connect(self.warehouse.url)) as connection:
            copy_inputs(connection, self.lake.exchange / "inputs", self.inputs)
            phase = Phase(True, (*self.names, *unit_tests), tuple(self.inputs))
            result = run_on_engine(self.lake, ROOT, phase, unit_tests=bool(unit_tests))
            publish(connection, self.lake.exchange / "published", self.keys)
        return result

    def differences(self) -> dict[str, tuple[int, int]]:
        """Rows of each table that PostgreSQL alone has, and those that the lake alone has."""
        return {name: self.difference(name) for name in self.models}

    def difference(self, name: str) -> tuple[int, int]:
        table = f"{self.models[name]}.{name}"
        if self.warehouse.query(f"select to_regclass('lake.{name}')") == [(None,)]:  # nothing was ever published
            return self.warehouse.query(f"select count(*) from {table}")[0][0], 0  # type: ignore[return-value]
        columns = self.warehouse.query(
            "select string_agg(format('cast(%1$I as %2$s) as %1$I', attname, format_type(atttypid, atttypmod)), ', ' "
            f"order by attnum) from pg_attribute where attrelid = cast('{table}' as regclass) and attnum > 0 "
            "and not attisdropped"
        )[0][0]
        ours, theirs = f"select {columns} from {table}", f"select {columns} from lake.{name}"
        return tuple(
            self.warehouse.query(f"select count(*) from ({one} except all {other}) as rows")[0][0]
            for one, other in ((ours, theirs), (theirs, ours))
        )  # type: ignore[return-value]


def as_nodes(manifest: dict[str, Any]) -> Any:
    """Dbt's manifest as its file has it, in the form that it has in memory."""

    def constraint(each: dict[str, Any]) -> Any:
        return SimpleNamespace(to=each.get("to"))

    nodes = {}
    for key, node in manifest["nodes"].items():
        columns = {
            name: SimpleNamespace(constraints=[constraint(each) for each in column.get("constraints", [])])
            for name, column in node["columns"].items()
        }
        nodes[key] = SimpleNamespace(
            name=node["name"],
            schema=node["schema"],
            alias=node["alias"],
            resource_type=node["resource_type"],
            raw_code=node["raw_code"],
            depends_on_nodes=node["depends_on"].get("nodes", []),
            columns=columns,
            constraints=[constraint(each) for each in node.get("constraints", [])],
            config=SimpleNamespace(
                meta=node["config"]["meta"],
                materialized=node["config"]["materialized"],
                key=node["config"].get("key"),
                get=node["config"].get,
            ),
        )
    return SimpleNamespace(nodes=nodes)


def engine_of(warehouse: Warehouse, copy: Warehouse, lake: Lake) -> Engine:
    """A lake of a copy of the warehouse, of which nothing is built."""
    manifest = as_nodes(warehouse.manifest())
    nodes = {node.name: node for node in manifest.nodes.values()}
    found = [phase for phase in phases(manifest) if phase.is_of_lake]
    # with a key, a view of PostgreSQL is a table of the lake
    tables = {name: node for name, node in nodes.items() if grows(node) and node.config.key}
    return Engine(
        lake,
        copy,
        {name: node.schema for name, node in tables.items()},
        {name: node.config.key for name, node in tables.items()},
        tuple(sorted({name for phase in found for name in phase.names})),
        {name: f"{nodes[name].schema}.{nodes[name].alias}" for phase in found for name in phase.inputs},
    )


@pytest.fixture(scope="module")
def lake() -> Iterator[Lake]:
    """Where Sail is installed, and nothing is built."""
    folder = SHARED / "lake"
    cache = Path(os.environ.get(CACHE_VARIABLE) or SHARED)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SIMRACE_SPARK_ENVIRONMENT", str(cache / "sail"))
        patch.setenv("SIMRACE_SPARK_PUBLISHES", "all")
        try:
            make_environment(cache / "sail", PINS / "sail.lock")
        except PackagesError as error:
            pytest.skip(f"Sail cannot be installed here: {error}")
        yield Lake(SAIL, folder, folder / "exchange", str(folder / "tables"))


@pytest.fixture(scope="module")
def engine(lake: Lake, warehouse: Warehouse) -> Engine:
    made = engine_of(warehouse, warehouse.other("lake", is_copy=True), lake)
    made.build()
    return made


def test_every_table_that_grows_is_the_same(engine: Engine) -> None:
    assert {"int_telemetry_samples", "stg_telemetry__timed_values"} <= engine.models.keys()
    counts = {
        name: engine.warehouse.query(f"select count(*) from {schema}.{name}")[0][0]
        for name, schema in engine.models.items()
    }
    empty = {name for name, rows in counts.items() if not rows}
    assert empty <= MAY_BE_EMPTY, "a table without rows compares nothing"
    assert engine.differences() == dict.fromkeys(engine.models, (0, 0))


def test_unit_tests_pass_on_the_engine(engine: Engine, warehouse: Warehouse) -> None:
    run_unit_tests(engine, warehouse)


def run_unit_tests(engine: Engine, warehouse: Warehouse) -> None:
    """Those of all that grows, beside the models, so that views are there whose columns they ask for."""
    units = {
        key: unit["name"]
        for key, unit in warehouse.manifest()["unit_tests"].items()
        if unit["model"] in engine.names and unit["config"]["enabled"]
    }
    assert len(units) > 50
    result = engine.build(tuple(units.values()))
    assert {step.node: step.status for step in result.steps if step.node in units} == dict.fromkeys(units, "pass")


def test_blocks_of_raw_are_read_a_few_at_once(engine: Engine) -> None:
    """Spark has a whole group of rows in memory, and two thousand blocks are half a gigabyte."""
    for name in BY_FILE:
        (copy,) = (engine.lake.exchange / "inputs" / name).glob("*.parquet")
        described = pq.read_metadata(copy)
        groups = [described.row_group(number).num_rows for number in range(described.num_row_groups)]
        assert len(groups) > 1 and max(groups) <= BLOCKS, name


def test_keys_that_changed_are_built_again_and_those_that_went_go(engine: Engine) -> None:
    """The rows are not those of the keys' fingerprints, so that it shows which are built again."""
    query = engine.warehouse.query
    before = {name: dict(key_counts(engine, name)) for name in engine.models if name not in MAY_BE_EMPTY}
    [(gone,), (changed,)] = query("select session_id from intermediate.int_telemetry_sessions order by 1 limit 2")
    query(f"delete from intermediate.int_telemetry_sessions where session_id = '{gone}'")
    query(f"update intermediate.int_telemetry_sessions set input_hash = 'other' where session_id = '{changed}'")
    engine.build()
    of_sessions = [name for name in before if "int_telemetry_sessions" in follows(engine, name)]
    assert "int_telemetry_samples" in of_sessions
    for name in of_sessions:
        after = dict(key_counts(engine, name))
        assert after == {key: rows for key, rows in before[name].items() if key != str(gone)}, name
        built = dict(query(f"select key, input_hash from lake.built where model = '{name}'"))
        assert str(gone) not in built
        assert built[str(changed)].startswith("other "), name
        assert not [key for key, made in built.items() if key != str(changed) and made.startswith("other")]


def key_counts(engine: Engine, name: str) -> list[tuple[Any, ...]]:
    return engine.warehouse.query(f"select {engine.keys[name]}, count(*) from lake.{name} group by 1")


def follows(engine: Engine, name: str) -> str:
    (file,) = (ROOT / "models").rglob(f"{name}.sql")
    return file.read_text("utf-8").partition(") }}")[0]


def test_postgresql_takes_what_the_lake_made(engine: Engine) -> None:
    """Instead of computing it: what is altered in between is in the table."""
    query = engine.warehouse.query
    name = "int_telemetry_samples"
    with closing(psycopg2.connect(engine.warehouse.url)) as connection:
        set_engine(connection, SAIL)
    query(f"update lake.{name} set gear = '-3'")
    engine.warehouse.run("dbt", "run", "--select", name)
    assert query(f"select distinct gear from {engine.models[name]}.{name}") == [(-3,)]
    assert engine.difference(name) == (0, 0)
    with closing(psycopg2.connect(engine.warehouse.url)) as connection:
        set_engine(connection, None)
    engine.warehouse.run("dbt", "run", "--select", name)
    assert (-3,) not in query(f"select distinct gear from {engine.models[name]}.{name}")


def test_what_the_lake_alone_has_is_tested_there(engine: Engine) -> None:
    """A session without lines has no samples, and PostgreSQL, which has not all of them, could not tell."""
    query = engine.warehouse.query
    nobody = "00000000-0000-0000-0000-000000000000"
    query(
        "insert into intermediate.int_telemetry_sessions select made.* from intermediate.int_telemetry_sessions as one "
        f'cross join lateral jsonb_populate_record(one, \'{{"session_id": "{nobody}"}}\') as made limit 1'
    )
    with pytest.raises(BuildError, match="has_rows_for_int_telemetry_samples"):
        engine.build()
    query(f"delete from intermediate.int_telemetry_sessions where session_id = '{nobody}'")
    engine.build()


def with_lake(made: Warehouse) -> Warehouse:
    made.environment["SIMRACE_SPARK_EXCHANGE"] = str(made.folder / "exchange")
    made.environment["SIMRACE_SPARK_WAREHOUSE"] = str(made.folder / "tables")
    made.environment["SIMRACE_SPARK_ENVIRONMENT"] = os.environ["SIMRACE_SPARK_ENVIRONMENT"]
    return made


@pytest.fixture(scope="module")
def turns(lake: Lake, warehouse: Warehouse) -> Warehouse:
    """A warehouse of the same files, whose first build is by turns."""
    made = with_lake(warehouse.other("turns"))
    made.run("simrace", "run", "--engine", lake.engine, warehouse.folder / "files")
    return made


def published(made: Warehouse) -> dict[str, object]:
    """What PostgreSQL has whole, whoever built it."""
    return {mart: sums for mart, sums in made.checksums().items() if mart not in FETCHED}


def of_session(made: Warehouse, mart: str, session: object) -> list[tuple[object, ...]]:
    return made.query(
        f"select count(*), sum(hash_record_extended(m, 0)) from marts.{mart} as m where session_id = '{session}'"
    )


def test_a_run_by_turns_gives_the_marts_of_postgresql(turns: Warehouse, warehouse: Warehouse) -> None:
    """From files, where nothing is built yet; then a build in which nothing is new, and a session that is asked for."""
    expected = published(warehouse)
    assert published(turns) == expected
    turns.run("simrace", "build")
    assert published(turns) == expected
    growing = {node.name for node in as_nodes(warehouse.manifest()).nodes.values() if grows(node)}
    noted = [set(made.query("select model, key from ops.built")) for made in (turns, warehouse)]
    of_postgres, expected_of_postgres = ({each for each in keys if each[0] not in growing} for keys in noted)
    assert of_postgres == expected_of_postgres, "what is not noted is built each time"
    assert {turns.query(f"select count(*) from marts.{mart}")[0] for mart in SAMPLES} == {(0,)}
    [(session,)] = warehouse.query("select session_id from marts.fct_laps where is_trace_eligible order by 1 limit 1")
    turns.run("simrace", "fetch-session", str(session))
    for mart in SAMPLES:
        assert of_session(turns, mart, session) == of_session(warehouse, mart, session) != [(0, None)]
        assert turns.query(f"select distinct session_id from marts.{mart}") == [(session,)], mart
    turns.run("dbt", "test", "--select", "test_name:has_rows_for", "test_name:goes_forward")
    turns.run("simrace", "fetch-session", "--remove", str(session))
    for table in ("marts.fct_lap_traces", "lake.int_telemetry_lap_traces", "lake.int_telemetry_samples"):
        assert not turns.query(f"select 1 from {table} limit 1"), table


def test_what_is_forgotten_or_let_go_is_in_the_lake_no_more(turns: Warehouse, warehouse: Warehouse) -> None:
    plain = warehouse.other("plain", is_copy=True)
    [(file_id, forgotten)] = plain.query(
        "select file_id, session_id from intermediate.int_telemetry_session_files "
        "inner join marts.fct_laps using (session_id) where is_trace_eligible order by session_id, file_id limit 1"
    )
    turns.query(f"insert into lake.fetched (session_id) values ('{forgotten}') returning session_id")
    for each in (plain, turns):
        each.run("simrace", "forget", str(file_id)[:16], "--yes")
        each.run("simrace", "retain", "--apply", "--yes")
    assert published(turns) == published(plain)
    assert turns.query("select session_id from lake.fetched") == []
    retired = plain.query(
        "select distinct session_id from marts.dim_sessions inner join marts.fct_lap_traces using (session_id) "
        "where is_retired order by 1"
    )
    assert retired
    copies = (turns.folder / "exchange" / "inputs").glob("stg_files__*blocks/*.parquet")
    gone = {row[0] for row in plain.query("select file_id from ops.retired")} | {file_id}
    assert not gone & {each for copy in copies for each in pq.read_table(copy, columns=["file_id"])[0].to_pylist()}
    turns.run("simrace", "fetch-session", str(retired[0][0]))
    assert not turns.query("select 1 from marts.fct_telemetry_samples limit 1"), "they went with the lines"
    assert of_session(turns, "fct_lap_traces", retired[0][0]) == of_session(plain, "fct_lap_traces", retired[0][0])
    with pytest.raises(AssertionError, match="0 sessions have an id that begins"):
        turns.run("simrace", "fetch-session", str(forgotten))


def test_postgresql_takes_all_of_it_back(turns: Warehouse) -> None:
    """But for what is made of lines that are gone, unless it was fetched before."""
    turns.run("simrace", "build", "--engine", "postgres")
    for mart in SAMPLES:
        assert not turns.query(
            "select session_id from marts.dim_sessions inner join marts.fct_laps using (session_id) "
            f"where not is_retired and is_trace_eligible except select session_id from marts.{mart}"
        ), mart


@pytest.fixture(scope="module")
def pair(lake: Lake, warehouse: Warehouse) -> tuple[Warehouse, Warehouse]:
    """A warehouse by turns and one of PostgreSQL alone, of some of the files, each with a project of its own."""
    files = warehouse.folder / "some"
    take_files(warehouse.folder / "files", files)
    here, plain = (with_project_of_its_own(warehouse.other(name)) for name in ("some_turns", "some_plain"))
    for each in (here, plain):
        each.environment["SIMRACE_PSEUDONYM_KEY"] = "k" * 32
    with_lake(here).run("simrace", "run", "--engine", lake.engine, files)
    plain.run("simrace", "run", files)
    assert published(here) == published(plain)
    return here, plain


def test_lines_that_a_seed_lets_in_are_in_the_lake(pair: tuple[Warehouse, Warehouse]) -> None:
    loaded = f"select lines_loaded from marts.file_quality where file_name = '{LOST_CLOCK}'"
    for each in pair:
        assert each.query(loaded) == [(0,)]
        with (Path(each.environment["SIMRACE_PROJECT"]) / "seeds/telemetry_channels.csv").open("a") as rows:
            rows.write("acc_motec_csv,Uhr,,elapsed_s,1,0,1,,\n")
        each.run("simrace", "replay")
        assert each.query(loaded) > [(0,)]
    assert published(pair[0]) == published(pair[1])


def test_what_a_var_or_code_changes_is_built_anew_in_the_lake(pair: tuple[Warehouse, Warehouse]) -> None:
    """A model that neither mentions stays as it is."""
    here, plain = pair
    before, known = published(plain), built_by(here)
    for each in pair:
        project = Path(each.environment["SIMRACE_PROJECT"])
        change_file(project, "dbt_project", "brake_built_up_ratio: 0.9", "brake_built_up_ratio: 0.5")
        change_file(project, "lap_minisectors", "laps.is_trace_eligible", "laps.is_trace_eligible and true")
        each.run("simrace", "build")
    after = published(here)
    assert after == published(plain)
    assert after["lap_driving_metrics"] != before["lap_driving_metrics"]
    changed = {model for model, made in built_by(here).items() if made != known[model]}
    assert changed == {"lap_driving_metrics", "lap_minisectors"}


def built_by(made: Warehouse) -> dict[str, object]:
    """Keys of each model of the lake, with their fingerprints and the code that made their rows."""
    listed = "select model, array_agg(key || ' ' || input_hash order by key) from lake.built group by model"
    return {str(model): keys for model, keys in made.query(listed)}


def test_names_are_no_more_where_pseudonyms_are(pair: tuple[Warehouse, Warehouse]) -> None:
    """But in raw and the copies of it, which hold what the files say."""
    here, plain = pair
    named = "select count(*) from intermediate.int_telemetry_sessions where driver_name !~ '^Driver [0-9a-f]{16}$'"
    assert here.query(named) > [(0,)]
    for each in pair:
        each.run("simrace", "build", "--full-refresh", "--pseudonymise")
        assert each.query(named) == [(0,)]
        assert each.query("select is_complete from ops.pseudonyms") == [(True,)]
    assert published(here) == published(plain)
    [copy] = (here.folder / "exchange" / "inputs" / "int_telemetry_sessions").glob("*.parquet")
    names = {name for name in pq.read_table(copy)["driver_name"].to_pylist() if name}
    assert names and all(name.startswith("Driver ") for name in names)
    here.run("simrace", "build")
    assert published(here) == published(plain)


def beside(lake: Lake, warehouse: Warehouse, built: Warehouse) -> Engine:
    """A lake of another warehouse, of what is built there."""
    folder = lake.folder / built.folder.name
    made = engine_of(warehouse, built, Lake(lake.engine, folder, folder / "exchange", str(folder / "tables")))
    there = {name for (name,) in built.query("select relname from pg_class where relkind in ('r', 'p', 'v')")}
    made = replace(
        made,
        models={name: schema for name, schema in made.models.items() if name in there},
        names=tuple(name for name in made.names if name in there),
        inputs={name: relation for name, relation in made.inputs.items() if name in there},
    )
    made.build()
    return made


def test_laps_that_positions_alone_tell_are_the_same(
    lake: Lake,
    warehouse: Warehouse,
    logs: tuple[Warehouse, list[Log]],  # noqa: F811
) -> None:
    made = beside(lake, warehouse, logs[0])
    assert {"int_telemetry_line_crossings", "int_telemetry_places"} <= made.models.keys()
    counts = {
        name: logs[0].query(f"select count(*) from {schema}.{name}")[0][0] for name, schema in made.models.items()
    }
    assert counts["int_telemetry_line_crossings"] and counts["int_telemetry_places"]
    assert made.differences() == dict.fromkeys(made.models, (0, 0))


def test_bad_input_gives_the_same_rows(lake: Lake, warehouse: Warehouse) -> None:
    """What is quarantined is found by PostgreSQL in any case, and what counts the lines that are not is compared."""
    bad, _ = land_and_build(warehouse, "bad_lake", step=5_000, every=40, beside=True)
    made = beside(lake, warehouse, bad)
    assert made.differences() == dict.fromkeys(made.models, (0, 0))


def test_real_files_give_the_same_rows(lake: Lake, warehouse: Warehouse, real_files: Path) -> None:
    real = warehouse.other("real_lake")
    real.run("simrace", "run", real_files)
    made = beside(lake, warehouse, real)
    assert made.differences() == dict.fromkeys(made.models, (0, 0))


def test_a_model_that_fails_is_told_in_a_sentence(engine: Engine) -> None:
    broken = replace(engine.lake, exchange=engine.lake.folder / "nowhere")
    with pytest.raises(BuildError, match="dbt on sail failed"):
        run_on_engine(broken, ROOT, Phase(True, ("stg_telemetry__timed_values",)), ("--full-refresh",))
