"""A whole warehouse, made as a user makes one: sample files, `simrace run`, plain dbt."""

import hashlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import psycopg2
import pytest
from filelock import FileLock

from ingestion import settings
from simrace.database.connection import ConnectionParameters
from simrace.database.server_system import is_free
from simrace.database.settings import PORT_VARIABLE, PORTS, configured_settings
from tests.commands import KEEPS, run_command, start_forker
from tests.parsed_project import RUN, forget_parsed_project, give_parsed_project

ROOT = Path(__file__).parents[1]
WORKER = os.environ.get("PYTEST_XDIST_WORKER", "only")
# The files of the warehouse, the warehouse as it was made, and a folder for each worker.
# Not a folder of pytest, because the server runs as an ordinary user, who cannot enter what pytest makes for root.
SHARED = Path(tempfile.gettempdir()) / f"simrace-test-{RUN}"
# A folder that keeps the warehouse from one run of tests to the next: a run then builds what changed since, in half the
# time. For work on the project; `make test` begins with nothing, as a user does.
KEPT_WAREHOUSE = os.environ.get("SIMRACE_TESTS_WAREHOUSE")

BUILT = "built"
NO_TESTS = ("--exclude", "resource_type:test", "resource_type:unit_test")
# As `simrace run` builds after new files: what the first build made of code alone stays (selectors.yml).
AGAIN = (*NO_TESTS, "resource_type:seed", "config.materialized:view")
_AFTER = ("--exclude-resource-type", "test", "--exclude-resource-type", "unit_test", "--selector")
AFTER_FILES, AFTER_TELEMETRY, AFTER_RESULTS = ((*_AFTER, f"after_{kind}") for kind in ("files", "telemetry", "results"))
# The same, and the data tests.
TESTED_AFTER_TELEMETRY = ("--exclude-resource-type", "unit_test", "--selector", "after_telemetry")

# Marts about runs, which differ from run to run though the files are the same.
HISTORY = (
    "data_quality_kpis",
    "data_quality_kpis_latest",
    "dbt_run_results",
    "source_freshness",
    "warehouse_runs",
    "quarantine_history",
)
# Marts of what `simrace train` and `predict` wrote, of which a build makes nothing: test_predictions.py fills them.
PREDICTED = ("model_scores", "prediction_scores", "predictions", "rating_forecast")
# Of sessions that are driven now: empty where nobody streams, else another thing each second. test_live.py fills them.
LIVE = ("live_samples", "live_laps", "live_standing")
# What was landed, sample by sample: millions of rows, which other tests compare with the files.
SAMPLES_OF_LOGS = "channel_values"
# Types whose values are hashed as they are, in a fraction of the time. Of others the text is hashed:
# numbers with another scale are equal, and a mart that shows them otherwise is another.
PLAIN = ("bigint", "boolean", "date", "double precision", "integer", "real", "smallint", "text",
         "timestamp with time zone", "uuid")  # fmt: skip


def pytest_configure(config: pytest.Config) -> None:
    """Parse the project while the workers collect what they run."""
    if getattr(config.option, "numprocesses", None) and not hasattr(config, "workerinput") and sys.platform == "linux":
        start_forker()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put first what builds warehouses: a worker that began with one at the end would keep the others waiting.

    One worker makes the warehouse of all for the first file, and the others wait for none with those that follow.
    """
    first = ("test_integrity", "test_disk_full", "test_kill", "test_two_at_once")

    def place(item: pytest.Item) -> tuple[int, bool]:
        at = first.index(item.path.stem) if item.path.stem in first else len(first)
        return at, item.path.parent.name not in ("reliability", "warehouse")

    items.sort(key=place)


def pytest_sessionfinish(session: pytest.Session) -> None:
    if not hasattr(session.config, "workerinput"):  # the workers have ended by then
        forget_parsed_project()
        shutil.rmtree(SHARED, ignore_errors=True)


def own_server(folder: Path) -> dict[str, str]:
    """Variables for a server beside others: a free port, and a password file that is not the user's."""
    port = next(port for port in random.sample(PORTS, len(PORTS)) if is_free(port))
    return {PORT_VARIABLE: str(port), "PGPASSFILE": str(folder / "pgpass")}


def let_go_of_the_disk(url: str) -> None:
    """Let a server not wait until the disk has what it wrote: tests kill processes, and no power fails."""
    with closing(psycopg2.connect(url)) as connection:
        connection.autocommit = True
        cursor = connection.cursor()
        cursor.execute("alter system set fsync = off")
        cursor.execute("select pg_reload_conf()")


def copy_project(folder: Path) -> Path:
    """A project of its own for a test that changes some of it; `--project-dir` and `--profiles-dir` take the folder."""
    for part in ("models", "macros", "seeds", "tests/data", "dbt_project.yml", "profiles.yml"):
        copy = shutil.copytree if (ROOT / part).is_dir() else shutil.copy
        (folder / part).parent.mkdir(parents=True, exist_ok=True)
        copy(ROOT / part, folder / part)
    return folder


def change_file(project: Path, name: str, old: str, new: str) -> None:
    """Write something else in the one file of a project that has this name, whatever its extension."""
    (file,) = project.rglob(f"{name}.*")
    text = file.read_text("utf-8")
    assert old in text
    file.write_text(text.replace(old, new), "utf-8")


def database_of(name: str) -> str:
    """As long as the usual one, so that it can have the parsed project."""
    return "w" + hashlib.md5(name.encode(), usedforsecurity=False).hexdigest()[:6]


@dataclass(frozen=True)
class Warehouse:
    """A database of its own, on a server that the tests share.

    Attributes:
        folder: For sample files and everything that is written.
        environment: What the commands run in; it says which database.
    """

    folder: Path
    environment: dict[str, str]

    def run(self, *command: str | Path, check: bool = True) -> subprocess.CompletedProcess[str]:
        done = run_command(command, self.environment, ROOT, timeout_s=1_200)
        if check:
            assert done.returncode == 0, f"{command} ended with {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done

    def end(self) -> None:
        """End the server at once: `simrace db stop` would first write what is deleted then, up to a minute."""
        known = Path(self.environment["SIMRACE_HOME"]) / "postgres" / "postmaster.pid"
        if not known.exists():
            return
        with suppress(ProcessLookupError):  # a test killed it
            os.kill(int(known.read_text(encoding="utf-8").split()[0]), signal.SIGQUIT)
        end = time.monotonic() + 10
        while known.exists() and time.monotonic() < end:
            time.sleep(0.05)

    @cached_property
    def url(self) -> str:
        """As `simrace db url` has it, which is asked for the embedded server alone: it starts that."""
        given = configured_settings(self.environment)
        return ConnectionParameters(given).url if given else self.run("simrace", "db", "url").stdout.strip()

    def query(self, statement: str) -> list[tuple[object, ...]]:
        with closing(psycopg2.connect(self.url)) as connection, connection, connection.cursor() as cursor:
            cursor.execute(statement)
            return cursor.fetchall() if cursor.description else []

    def manifest(self) -> dict[str, Any]:
        """What dbt knows of the project."""
        self.run("dbt", "--write-json", "parse")
        path = Path(self.environment["DBT_TARGET_PATH"]) / "manifest.json"
        document: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        return document

    def other(self, name: str, is_copy: bool = False) -> "Warehouse":
        """Another database on the same server: empty, or as this one is now."""
        with closing(psycopg2.connect(self.url)) as connection:
            connection.autocommit = True
            with connection.cursor() as cursor:
                cursor.execute("select current_database()")
                template = (cursor.fetchone() or ("",))[0] if is_copy else "template1"
                cursor.execute(f"create database {database_of(name)} template {template}")
        (self.folder / name).mkdir()
        return self.known(name)

    def known(self, name: str) -> "Warehouse":
        """Another database on the same server, which is there."""
        database, folder = database_of(name), self.folder / name
        url = self.url.rpartition("/")[0] + f"/{database}"
        here = {
            "SIMRACE_DATABASE_URL": url,
            **ConnectionParameters(
                configured_settings({"SIMRACE_DATABASE_URL": url}) or {}
            ).environment(),  # for plain dbt, which cannot read the URL
            "DBT_TARGET_PATH": str(folder / "target"),
            "DBT_LOG_PATH": str(folder / "logs"),
        }
        made = Warehouse(folder, {**self.environment, **here})
        give_parsed_project(made.environment)
        return made

    def checksum(self, mart: str) -> object:
        """Row count and a sum over the columns of one mart."""
        return self.checksums(f"column_name = 'landed_at' or table_name <> '{mart}'")[mart]

    def checksums(self, left_out: str = "column_name = 'landed_at'") -> dict[str, object]:
        """Row count and a sum over the columns of every mart, without the columns left out by SQL.

        History, predictions and the samples of logs are not summed.
        """
        marts = self.query(
            f"select table_name, string_agg(quote_ident(column_name) || case when data_type in {PLAIN} then '' "
            "else '::text' end, ', ' order by column_name) "
            f"from information_schema.columns where table_schema = 'marts' and not ({left_out}) group by 1"
        )
        sums: dict[str, object] = {}
        for mart, columns in marts:
            if mart in (*HISTORY, *PREDICTED, *LIVE, SAMPLES_OF_LOGS):
                continue
            row_hash = f"hash_record_extended(row({columns}), 0)"
            sums[str(mart)] = self.query(f"select count(*), sum({row_hash}) from marts.{mart}")[0]
        return sums


@pytest.fixture(scope="session", autouse=True)
def _home_of_nobody(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """No test comes near the home of whoever runs it: one that sets no home has this one, without it the test fails."""

    def refuse() -> Path:
        raise AssertionError("a test uses the home of whoever runs it: set SIMRACE_HOME")

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SIMRACE_HOME", str(tmp_path_factory.mktemp("home")))
        patch.setattr(settings, "_default_home", refuse)
        yield


@pytest.fixture(scope="session")
def warehouse() -> Iterator[Warehouse]:
    """Made once: the workers that come later start a server of their own on a copy of the files of the first one's."""
    SHARED.mkdir(exist_ok=True)
    SHARED.chmod(0o755)
    folder = SHARED / WORKER
    folder.mkdir()
    folder.chmod(0o755)
    hidden = ("SIMRACE_", "PG", "DBT_")
    environment = {key: value for key, value in os.environ.items() if not key.startswith(hidden)}
    environment |= {
        "SIMRACE_HOME": str(folder / "home"),
        **own_server(folder),
        "DBT_TARGET_PATH": str(folder / "target"),
        "DBT_LOG_PATH": str(folder / "logs"),
        "DBT_LOG_LEVEL_FILE": "info",  # as `simrace` has it: to write down every statement takes a tenth of dbt's time
        "DBT_WRITE_JSON": "false",  # the manifest twice a command, which takes a second; who reads it asks for it
        KEEPS: "1",
        "COLUMNS": "160",
    }
    made = Warehouse(SHARED, environment)
    give_parsed_project(environment)
    try:
        with FileLock(SHARED / "lock"):
            if (SHARED / "made").exists():
                copy_home(SHARED / "made", folder / "home")
            else:
                make_and_keep(made)
        made.run("simrace", "db", "start")
        yield made
    finally:
        made.end()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def built(warehouse: Warehouse) -> Warehouse:
    """A database with everything that a build makes of code alone: seeds, views, tables without rows. It is copied."""
    return warehouse.known(BUILT)


def make_and_keep(made: Warehouse) -> None:
    kept, home = KEPT_WAREHOUSE and Path(KEPT_WAREHOUSE), Path(made.environment["SIMRACE_HOME"])
    if is_kept := bool(kept and (kept / "home").exists()):
        copy_home(kept / "home", home)
        shutil.copytree(kept / "files", made.folder / "files")
        made.query("delete from raw.rejected_files")  # some are known by their path, which is another now
    else:
        let_go_of_the_disk(made.url)
        made.run("simrace", "sample", "--sessions", "8", made.folder / "files")
    made.run("simrace", "run", made.folder / "files")
    made.run("simrace", "db", "roles")  # some test makes them on this server: the others do not depend on which
    built = made.known(BUILT) if is_kept else made.other(BUILT)
    if not is_kept:
        built.run("dbt", "run", "--empty", "--select", "stg_files__loads")  # makes the raw tables
    built.run("dbt", "build", *NO_TESTS)
    if kept and not is_kept:
        made.run("simrace", "db", "stop")
        shutil.copytree(made.folder / "files", kept / "files")
        copy_home(home, kept / "home.part")
        (kept / "home.part").rename(kept / "home")
    if WORKER != "only":
        made.run("simrace", "db", "stop")
        copy_home(home, made.folder / "made.part")
        (made.folder / "made.part").rename(made.folder / "made")


def copy_home(home: Path, copy: Path) -> None:
    """Copy a home whose server stands still; the files stay those of the server's user."""
    shutil.copytree(home, copy)
    for path in (home, *home.rglob("*")):
        owner = path.stat()
        if sys.platform != "win32" and owner.st_uid != os.getuid():
            os.chown(copy / path.relative_to(home), owner.st_uid, owner.st_gid)


@pytest.fixture(scope="session")
def real_files() -> Path:
    named = os.environ.get("SIMRACE_REAL_FILES")
    if not named:
        pytest.skip("SIMRACE_REAL_FILES is not set: no real files to try")
    return Path(named)
