"""A server to measure on, and helpers that sum up results."""

import os
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg2

ROOT = Path(__file__).parents[1]
BIN = Path(sys.executable).parent
NO_TESTS = ("--exclude", "resource_type:test", "resource_type:unit_test")


@dataclass(frozen=True)
class Size:
    """How much of each job."""

    rounds: int
    log_rows: int
    sessions: int
    tiny_files: int
    batches: int
    batch_sessions: int
    single_runs: int


@dataclass
class Bench:
    """A folder and a server in it."""

    folder: Path
    environment: dict[str, str]

    def run(self, *command: str | Path) -> str:
        """Run a command of simrace and return what it said."""
        done = subprocess.run(
            [BIN / str(command[0]), *map(str, command[1:])],
            cwd=ROOT,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise SystemExit(f"{command} failed:\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}")
        return done.stdout.strip()

    def timed(self, *command: str | Path) -> float:
        """Seconds that a command takes, start to end."""
        began = time.perf_counter()
        self.run(*command)
        return time.perf_counter() - began

    def peak_mb(self, *command: str | Path) -> float:
        """Peak memory of a command in MB, without the server."""
        measured = self.folder / "peak"
        code = "import os,resource,subprocess,sys; done=subprocess.run(sys.argv[2:], stdout=subprocess.DEVNULL); " \
               "open(sys.argv[1], 'w').write(str(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)); " \
               "sys.exit(done.returncode)"  # fmt: skip
        subprocess.run(
            [sys.executable, "-c", code, measured, BIN / str(command[0]), *map(str, command[1:])],
            cwd=ROOT, env=self.environment, check=True,
        )  # fmt: skip
        return int(measured.read_text()) / 1_000

    def connect(self, database: str | None = None) -> Any:
        """A connection that commits by itself, to the warehouse or to another database beside it."""
        url = self.run("simrace", "db", "url")
        connection = psycopg2.connect(url if database is None else url.rpartition("/")[0] + "/" + database)
        connection.autocommit = True
        return connection

    def query(self, statement: str, values: Any = None) -> list[tuple[Any, ...]]:
        """Rows of one statement."""
        with closing(self.connect()) as connection, connection.cursor() as cursor:
            cursor.execute(statement, values)
            return list(cursor.fetchall())

    def model_seconds(self) -> dict[str, float]:
        """Seconds that each node of the last run took, as dbt told the warehouse."""
        asked = """
            select split_part(unique_id, '.', -1), seconds from ops.dbt_results
            where invocation_id = (
                select invocation_id from ops.runs where invocation_id is not null order by ended_at desc limit 1
            )
        """
        return {str(node): float(seconds) for node, seconds in self.query(asked)}


@contextmanager
def bench(folder: Path, name: str) -> Iterator[Bench]:
    """A server of its own, stopped and removed at the end."""
    here = folder / f"{name}_server"
    here.mkdir()
    here.chmod(0o755)
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("SIMRACE_", "PG", "DBT_"))}
    made = Bench(here, kept | {
        "SIMRACE_HOME": str(here / "home"),
        "PGPASSFILE": str(here / "pgpass"),
        "DBT_TARGET_PATH": str(here / "target"),
        "DBT_LOG_PATH": str(here / "logs"),
    })  # fmt: skip
    try:
        made.run("simrace", "db", "start")
        yield made
    finally:
        subprocess.run(
            [BIN / "simrace", "db", "stop"], cwd=ROOT, env=made.environment, capture_output=True, check=False
        )
        shutil.rmtree(here, ignore_errors=True)


def interleaved(rounds: int, work: dict[str, Callable[[], float]]) -> dict[str, float]:
    """Median seconds of each work, all of them in every round."""
    seconds: dict[str, list[float]] = {name: [] for name in work}
    for _ in range(rounds):
        for name, do in work.items():
            seconds[name].append(do())
    return {name: statistics.median(taken) for name, taken in seconds.items()}


def table(head: tuple[str, str], rows: Iterable[tuple[object, object]]) -> list[str]:
    """Lines of a Markdown table of two columns."""
    return [f"| {head[0]} | {head[1]} |", "|---|---:|", *(f"| {one} | {other} |" for one, other in rows), ""]


def percentile_95(taken: Iterable[float]) -> float:
    """The 95th percentile of at least two measurements."""
    return statistics.quantiles(taken, n=20, method="inclusive")[-1]


def dearest(seconds: dict[str, float], number: int = 12) -> dict[str, float]:
    """The nodes that took longest."""
    return dict(sorted(seconds.items(), key=lambda item: -item[1])[:number])
