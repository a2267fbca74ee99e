"""A whole warehouse, made as a user makes one: sample files, `simrace run`, plain dbt."""

import hashlib
import json
import os
import random
import shutil
import signal
import subprocess
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

from ingestion import settings
from simrace.database.connection import ConnectionParameters
from simrace.database.server_system import is_free
from simrace.database.settings import PORT_VARIABLE, PORTS, configured_settings
from tests.commands import run_command
from tests.parsed_project import forget_parsed_project, give_parsed_project

ROOT = Path(__file__).parents[1]

# Marts about runs, which differ from run to run though the files are the same.
HISTORY = (
    "data_quality_kpis",
    "data_quality_kpis_latest",
    "dbt_run_results",
    "source_freshness",
    "warehouse_runs",
    "quarantine_history",
)
# What was landed, sample by sample: millions of rows, which other tests compare with the files.
SAMPLES_OF_LOGS = "channel_values"
# Types whose values are hashed as they are, in a fraction of the time. Of others the text is hashed:
# numbers with another scale are equal, and a mart that shows them otherwise is another.
PLAIN = ("bigint", "boolean", "date", "double precision", "integer", "real", "smallint", "text",
         "timestamp with time zone", "uuid")  # fmt: skip


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put first what builds warehouses: a worker that began with one at the end would keep the others waiting."""
    items.sort(key=lambda item: item.path.parent.name not in ("reliability", "warehouse"))


def pytest_sessionfinish(session: pytest.Session) -> None:
    if not hasattr(session.config, "workerinput"):  # the workers have ended by then
        forget_parsed_project()


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
        return self.run("simrace", "db", "url").stdout.strip()

    def query(self, statement: str) -> list[tuple[object, ...]]:
        with closing(psycopg2.connect(self.url)) as connection, connection, connection.cursor() as cursor:
            cursor.execute(statement)
            return cursor.fetchall()

    def manifest(self) -> dict[str, Any]:
        """What dbt knows of the project."""
        self.run("dbt", "--write-json", "parse")
        path = Path(self.environment["DBT_TARGET_PATH"]) / "manifest.json"
        document: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        return document

    def other(self, name: str, is_copy: bool = False) -> "Warehouse":
        """Another database on the same server: empty, or as this one is now."""
        database = "w" + hashlib.md5(name.encode(), usedforsecurity=False).hexdigest()[:6]
        with closing(psycopg2.connect(self.url)) as connection:
            connection.autocommit = True
            with connection.cursor() as cursor:
                cursor.execute("select current_database()")
                template = (cursor.fetchone() or ("",))[0] if is_copy else "template1"
                cursor.execute(f"create database {database} template {template}")
        folder = self.folder / name
        folder.mkdir()
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

    def checksums(self, left_out: str = "column_name = 'landed_at'") -> dict[str, object]:
        """Row count and a sum over the columns of every mart, without the columns left out by SQL.

        History and the samples of logs are not summed.
        """
        marts = self.query(
            f"select table_name, string_agg(quote_ident(column_name) || case when data_type in {PLAIN} then '' "
            "else '::text' end, ', ' order by column_name) "
            f"from information_schema.columns where table_schema = 'marts' and not ({left_out}) group by 1"
        )
        sums: dict[str, object] = {}
        for mart, columns in marts:
            if mart in (*HISTORY, SAMPLES_OF_LOGS):
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
    # Not a folder of pytest, because the server runs as an ordinary user, who cannot enter what pytest makes for root.
    folder = Path(tempfile.mkdtemp(prefix="simrace-test-"))
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
        "COLUMNS": "160",
    }
    made = Warehouse(folder, environment)
    give_parsed_project(environment)
    try:
        let_go_of_the_disk(made.url)
        made.run("simrace", "sample", "--sessions", "8", folder / "files")
        made.run("simrace", "run", folder / "files")
        made.run("simrace", "db", "roles")  # some test makes them on this server: the others do not depend on which
        yield made
    finally:
        made.end()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def real_files() -> Path:
    named = os.environ.get("SIMRACE_REAL_FILES")
    if not named:
        pytest.skip("SIMRACE_REAL_FILES is not set: no real files to try")
    return Path(named)
