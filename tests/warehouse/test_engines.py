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
import pytest

from simrace.build.dbt import BuildError
from simrace.build.environment import make_environment
from simrace.lake.choices import set_engine
from simrace.lake.engine import run_on_engine
from simrace.lake.inputs import copy_inputs
from simrace.lake.plan import grows, phases
from simrace.lake.publish import publish
from simrace.lake.settings import PINS, SAIL, Lake, LakeError
from tests.conftest import ROOT, SHARED, Warehouse

pytestmark = pytest.mark.slow  # the engine's packages are 700 MB, and it takes more memory than all other tests
CACHE_VARIABLE = "SIMRACE_TEST_CACHE"


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

    def build(self, *options: str) -> None:
        """All at once: what PostgreSQL builds in between is there."""
        with closing(psycopg2.connect(self.warehouse.url)) as connection:
            copy_inputs(connection, self.lake.exchange / "inputs", self.inputs)
            run_on_engine(self.lake, ROOT, self.names, options)
            publish(connection, self.lake.exchange / "published", self.keys)

    def differences(self) -> dict[str, tuple[int, int]]:
        """Rows of each table that PostgreSQL alone has, and those that the lake alone has."""
        return {name: self.difference(name) for name in self.models}

    def difference(self, name: str) -> tuple[int, int]:
        table = f"{self.models[name]}.{name}"
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
def engine(warehouse: Warehouse) -> Iterator[Engine]:
    folder = SHARED / "lake"
    cache = Path(os.environ.get(CACHE_VARIABLE) or SHARED)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SIMRACE_SPARK_ENVIRONMENT", str(cache / "sail"))
        patch.setenv("SIMRACE_SPARK_PUBLISHES", "all")
        try:
            make_environment(cache / "sail", PINS / "sail.lock")
        except LakeError as error:
            pytest.skip(f"Sail cannot be installed here: {error}")
        lake = Lake(SAIL, folder, folder / "exchange", str(folder / "tables"))
        made = engine_of(warehouse, warehouse.other("lake", is_copy=True), lake)
        made.build()
        yield made


def test_every_table_that_grows_is_the_same(engine: Engine) -> None:
    assert {"int_telemetry_samples", "stg_telemetry__timed_values"} <= engine.models.keys()
    counts = {
        name: engine.warehouse.query(f"select count(*) from {schema}.{name}")[0][0]
        for name, schema in engine.models.items()
    }
    assert [name for name, rows in counts.items() if not rows] == [], "a table without rows compares nothing"
    assert engine.differences() == dict.fromkeys(engine.models, (0, 0))


def test_keys_that_changed_are_built_again_and_those_that_went_go(engine: Engine) -> None:
    """The rows are not those of the keys' fingerprints, so that it shows which are built again."""
    query = engine.warehouse.query
    before = {name: dict(key_counts(engine, name)) for name in engine.models}
    [(gone,), (changed,)] = query("select session_id from intermediate.int_telemetry_sessions order by 1 limit 2")
    query(f"delete from intermediate.int_telemetry_sessions where session_id = '{gone}'")
    query(f"update intermediate.int_telemetry_sessions set input_hash = 'other' where session_id = '{changed}'")
    engine.build()
    of_sessions = [name for name in engine.models if "int_telemetry_sessions" in follows(engine, name)]
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


def test_a_run_by_turns_gives_the_marts_of_postgresql(engine: Engine, warehouse: Warehouse) -> None:
    """From files, where nothing is built yet; then a run in which nothing is new, and PostgreSQL alone again."""
    turns = warehouse.other("turns")
    turns.environment["SIMRACE_SPARK_EXCHANGE"] = str(turns.folder / "exchange")
    turns.environment["SIMRACE_SPARK_WAREHOUSE"] = str(turns.folder / "tables")
    turns.environment["SIMRACE_SPARK_ENVIRONMENT"] = os.environ["SIMRACE_SPARK_ENVIRONMENT"]
    expected = warehouse.checksums()
    turns.run("simrace", "run", "--engine", SAIL, warehouse.folder / "files")
    assert turns.checksums() == expected
    turns.run("simrace", "build")
    assert turns.checksums() == expected
    turns.run("simrace", "build", "--engine", "postgres")
    assert turns.checksums() == expected


def test_a_model_that_fails_is_told_in_a_sentence(engine: Engine) -> None:
    broken = replace(engine.lake, exchange=engine.lake.folder / "nowhere")
    with pytest.raises(BuildError, match="dbt on sail failed"):
        run_on_engine(broken, ROOT, ("stg_telemetry__timed_values",), ("--full-refresh",))
