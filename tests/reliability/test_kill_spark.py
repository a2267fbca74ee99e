"""A cluster of Spark gives the rows of PostgreSQL, and does so whatever of it is killed at whatever time."""

import json
import os
import random
import shutil
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import psutil
import psycopg2
import pyarrow.parquet as pq
import pytest

from simrace.build.dbt import BuildError
from simrace.build.environment import PackagesError, make_environment
from simrace.database.connection import ConnectionParameters
from simrace.database.settings import configured_settings
from simrace.lake import cluster
from simrace.lake.engine import run_macro
from simrace.lake.settings import PINS, SPARK, Lake, LakeError
from tests.conftest import ROOT, SHARED, Warehouse
from tests.warehouse.test_dialect import wrong_on
from tests.warehouse.test_engines import CACHE_VARIABLE, Engine, engine_of, run_unit_tests

pytestmark = pytest.mark.slow

ROUNDS = int(os.environ.get("SIMRACE_HARM_SPARK_ROUNDS", "7"))  # of each kill
CHANCE = random.Random(int(os.environ.get("SIMRACE_HARM_SEED", "1")))  # noqa: S311
JDBC = "/usr/share/java/postgresql.jar"


@pytest.fixture(scope="module")
def engine(warehouse: Warehouse) -> Iterator[Engine]:
    if not (shutil.which("java") and Path(os.environ.get("SIMRACE_SPARK_JDBC_JAR") or JDBC).exists()):
        pytest.skip("Spark needs Java 17 and PostgreSQL's driver for it (docs/scale.md)")
    folder = SHARED / "spark"
    cache = Path(os.environ.get(CACHE_VARIABLE) or SHARED)
    lake = Lake(SPARK, folder, folder / "exchange", str(folder / "tables"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SIMRACE_SPARK_ENVIRONMENT", str(cache / "spark"))
        patch.setenv("SIMRACE_SPARK_PUBLISHES", "all")
        try:
            make_environment(cache / "spark", PINS / "spark.lock")
        except PackagesError as error:
            pytest.skip(f"Spark cannot be installed here: {error}")
        made = engine_of(warehouse, warehouse.other("spark", is_copy=True), lake)
        start(made)
        try:
            yield made
        finally:
            cluster.down(lake)


def start(engine: Engine) -> None:
    """Start what does not run: PostgreSQL, and all of Spark."""
    engine.warehouse.run("simrace", "db", "start")
    parameters = ConnectionParameters(configured_settings({"SIMRACE_DATABASE_URL": engine.warehouse.url}) or {})
    with closing(parameters.connect()) as connection:
        cluster.up(engine.lake, parameters, connection)


def test_every_table_that_grows_is_the_same_on_spark(engine: Engine) -> None:
    engine.build()
    assert engine.differences() == dict.fromkeys(engine.models, (0, 0))


def test_parts_of_a_table_are_written_one_after_another(engine: Engine) -> None:
    """Else a file of each part is open at once, with its rows in memory, and 500 sessions are more than there is."""
    metadata = {name: metadata_of(engine, name) for name in engine.models}
    parted = {
        name: of["properties"] for name, of in metadata.items() if any(s["fields"] for s in of["partition-specs"])
    }
    assert "int_telemetry_samples" in parted
    assert {properties.get("write.spark.fanout.enabled") for properties in parted.values()} == {"false"}


def test_macros_mean_the_same_on_spark(engine: Engine) -> None:
    assert wrong_on(engine.lake) == []


def test_unit_tests_pass_on_spark(engine: Engine, warehouse: Warehouse) -> None:
    run_unit_tests(engine, warehouse)


def test_a_cluster_that_is_ended_is_gone_and_comes_back_at_its_port(engine: Engine) -> None:
    """Who is not found is not ended: executors end with their workers, a while later."""
    before = cluster.known(engine.lake)
    assert before and set(before.processes.values()) <= set(processes(engine))
    assert sorted(cluster.down(engine.lake)) == sorted(before.processes)
    end = time.monotonic() + 30
    while processes(engine) and time.monotonic() < end:
        time.sleep(0.5)
    assert not processes(engine)
    start(engine)
    after = cluster.known(engine.lake)
    assert after and after.port == before.port


def processes(engine: Engine) -> dict[int, str]:
    """Process ids and arguments of the cluster."""
    place = str(engine.lake.folder / "cluster")
    asked = ((each.pid, " ".join(each.info["cmdline"] or ())) for each in psutil.process_iter(["cmdline"]))
    return {pid: said for pid, said in asked if place in said}


def kill_executor(engine: Engine) -> None:
    """One of two; a busy cluster starts another."""
    found = [pid for pid, said in processes(engine).items() if "CoarseGrainedExecutorBackend" in said]
    if found:
        os.kill(CHANCE.choice(found), signal.SIGKILL)


def kill_driver(engine: Engine) -> None:
    known = cluster.known(engine.lake)
    if known:
        os.kill(known.processes["thrift server"], signal.SIGKILL)


def kill_postgresql(engine: Engine) -> None:
    """With the catalog of the lake in it."""
    engine.warehouse.end()


def kill_postgresql_while_it_publishes(engine: Engine) -> None:
    """When the engine has written what is to be published, or a moment later."""
    written = engine.lake.exchange / "published"
    end = time.monotonic() + 300
    while not list(written.glob("*/keys")) and time.monotonic() < end:
        time.sleep(0.05)
    time.sleep(CHANCE.uniform(0, 4))
    engine.warehouse.end()


@pytest.mark.parametrize(
    "kill",
    [kill_executor, kill_driver, kill_postgresql, kill_postgresql_while_it_publishes],
    ids=lambda kill: kill.__name__,
)
def test_the_next_build_is_as_if_nothing_had_been_killed(engine: Engine, kill: Callable[[Engine], None]) -> None:
    for number in range(ROUNDS):
        one_round(engine, kill, f"{kill.__name__} {number}", CHANCE.uniform(1, 40))


def test_what_is_forgotten_is_in_no_file_of_the_lake(engine: Engine) -> None:
    """Iceberg keeps the files of earlier snapshots until they expire."""
    name = "int_telemetry_samples"
    query = engine.warehouse.query
    [(session,)] = query("select session_id from intermediate.int_telemetry_session_files order by 1 limit 1")
    assert str(session) in sessions_in_files(engine, name)
    query(f"delete from intermediate.int_telemetry_sessions where session_id = '{session}'")
    engine.build()
    assert str(session) in sessions_in_files(engine, name), "an earlier snapshot has them"
    run_macro(engine.lake, ROOT, "tidy_lake")
    assert str(session) not in sessions_in_files(engine, name)
    assert len(metadata_of(engine, name)["snapshots"]) == 1
    left = query(f"select count(distinct session_id) from lake.{name}")[0][0]
    assert len(sessions_in_files(engine, name)) == left, "and nothing else went"


def table_of(engine: Engine, name: str) -> Path:
    return Path(engine.lake.warehouse) / engine.models[name] / name


def metadata_of(engine: Engine, name: str) -> dict[str, Any]:
    newest = max(table_of(engine, name).glob("metadata/*.metadata.json"), key=os.path.getmtime)
    return dict(json.loads(newest.read_text("utf-8")))


def sessions_in_files(engine: Engine, name: str) -> set[str]:
    files = table_of(engine, name).glob("data/**/*.parquet")
    return {session for file in files for session in pq.read_table(file, columns=["session_id"])[0].to_pylist()}


def one_round(engine: Engine, kill: Callable[[Engine], None], told: str, after_s: float) -> None:
    """Make a session due, kill something while it is built, and build again."""
    query = engine.warehouse.query
    [(session,)] = query("select session_id from intermediate.int_telemetry_sessions order by random() limit 1")
    query(f"update intermediate.int_telemetry_sessions set input_hash = '{told}' where session_id = '{session}'")
    failed: list[Exception] = []
    builder = threading.Thread(target=attempt, args=(engine.build, failed))
    builder.start()
    time.sleep(after_s)
    kill(engine)
    builder.join()
    start(engine)
    engine.build()
    shown = f"{told}, killed after {after_s:.1f} s, {'which failed' if failed else 'which went on'}"
    assert engine.differences() == dict.fromkeys(engine.models, (0, 0)), shown
    built = query(f"select model from lake.built where key = '{session}' and starts_with(input_hash, '{told} ')")
    assert ("int_telemetry_samples",) in built, shown


def attempt(build: Callable[[], Any], failed: list[Exception]) -> None:
    try:
        build()
    except (BuildError, LakeError, psycopg2.Error) as error:
        failed.append(error)
