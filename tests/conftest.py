"""A whole warehouse, made as a user makes one: sample files, `simrace run`, plain dbt."""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import psycopg2
import pytest

ROOT = Path(__file__).parents[1]
BIN = Path(sys.executable).parent

# Marts that say what was run, and so differ from run to run though the files are the same.
HISTORY = ("data_quality_kpis", "data_quality_kpis_latest", "dbt_run_results", "warehouse_runs", "quarantine_history")


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
        program = BIN / str(command[0])
        done = subprocess.run(
            [program, *map(str, command[1:])],
            cwd=ROOT,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=1_200,
        )
        if check:
            assert done.returncode == 0, f"{command} ended with {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done

    @cached_property
    def url(self) -> str:
        return self.run("simrace", "db", "url").stdout.strip()

    def query(self, statement: str) -> list[tuple[object, ...]]:
        with closing(psycopg2.connect(self.url)) as connection, connection, connection.cursor() as cursor:
            cursor.execute(statement)
            return cursor.fetchall()

    def other(self, name: str, is_copy: bool = False) -> "Warehouse":
        """Another database on the same server: empty, or as this one is now."""
        with closing(psycopg2.connect(self.url)) as connection:
            connection.autocommit = True
            with connection.cursor() as cursor:
                cursor.execute("select current_database()")
                template = (cursor.fetchone() or ("",))[0] if is_copy else "template1"
                cursor.execute(f"create database {name} template {template}")
        folder = self.folder / name
        folder.mkdir()
        here = {
            "SIMRACE_DATABASE_URL": self.url.rpartition("/")[0] + f"/{name}",
            "DBT_TARGET_PATH": str(folder / "target"),
            "DBT_LOG_PATH": str(folder / "logs"),
        }
        return Warehouse(folder, {**self.environment, **here})

    def checksums(self, left_out: str = "column_name = 'landed_at'") -> dict[str, object]:
        """Of every mart but the history: rows and a sum over its columns, but for those left out in SQL."""
        marts = self.query(
            "select table_name, string_agg(quote_ident(column_name), ', ' order by column_name) "
            f"from information_schema.columns where table_schema = 'marts' and not ({left_out}) group by 1"
        )
        sums: dict[str, object] = {}
        for mart, columns in marts:
            if mart in HISTORY:
                continue
            row_hash = f"cast(('x' || substr(md5(row({columns})::text), 1, 15)) as bit(60))::bigint"
            sums[str(mart)] = self.query(f"select count(*), sum({row_hash}) from marts.{mart}")[0]
        return sums


@pytest.fixture(scope="session")
def warehouse() -> Iterator[Warehouse]:
    # A folder of our own, because an ordinary user (as whom the server runs) cannot enter what pytest makes for root.
    folder = Path(tempfile.mkdtemp(prefix="simrace-test-"))
    folder.chmod(0o755)
    hidden = ("SIMRACE_", "PG", "DBT_")
    environment = {key: value for key, value in os.environ.items() if not key.startswith(hidden)}
    environment |= {
        "SIMRACE_HOME": str(folder / "home"),
        "DBT_TARGET_PATH": str(folder / "target"),
        "DBT_LOG_PATH": str(folder / "logs"),
        "COLUMNS": "160",
    }
    made = Warehouse(folder, environment)
    try:
        made.run("simrace", "sample", "--sessions", "8", folder / "files")
        made.run("simrace", "run", folder / "files")
        yield made
    finally:
        made.run("simrace", "db", "stop", check=False)
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def real_files() -> Path:
    named = os.environ.get("SIMRACE_REAL_FILES")
    if not named:
        pytest.skip("SIMRACE_REAL_FILES is not set: no real files to try")
    return Path(named)
