"""How long files take to the marts, how much memory and disk, how that grows; beside what else one would do.

    .venv/bin/python benchmarks/pipeline.py            # make bench: minutes
    .venv/bin/python benchmarks/pipeline.py --full     # make bench-full: an hour

Every job has a server of its own in a folder that goes afterwards. Alternatives run in the same rounds, one after the
other, on the same files and the same server; medians are compared. The tables are printed and written to
benchmarks/pipeline.md, everything measured to benchmarks/pipeline.json.

Alternatives to landing and typing one large log:

* COPY of the same rows into a table of text columns, and one hand-written CREATE TABLE AS that casts the channels that
  simrace maps: the limit in PostgreSQL. Nothing is checked, kept as it was, or undone when a cell is no number.
* pandas with INSERTs of 500 rows, one process and four at once, on a part of the rows.
* DuckDB reading the file into a typed table of its own.
"""

import argparse
import csv
import json
import multiprocessing
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import psycopg2
from psycopg2.extras import execute_values

from ingestion.sample import write_sample_files, write_wide_log

ROOT = Path(__file__).parents[1]
BIN = Path(sys.executable).parent
NO_TESTS = ("--exclude", "resource_type:test", "resource_type:unit_test")
EMPTY_RAW = "truncate raw.files, raw.file_blocks, raw.file_sightings, raw.rejected_files"
INSERTED_ROWS = 10_000  # of the large log, by pandas: the rest would take as long a row

LOG_FIGURES = (
    "landing_to_copy",
    "inserts_to_landing",
    "inserts_by_four_to_landing",
    "typing_to_create",
    "landing_peak_mb",
    "raw_to_file_bytes",
    "sample_bytes",
)

# What a dashboard asks; each as simrace_reader would.
QUESTIONS = {
    "trace of one lap, with its reference": """
        select * from marts.lap_deltas where session_id = %(session)s and lap_number = %(lap)s
        order by reference_kind, grid_point
    """,
    "laps of a session": "select * from marts.fct_laps where session_id = %(session)s order by lap_number",
    "corners of a lap": "select * from marts.fct_lap_corners where session_id = %(session)s and lap_number = %(lap)s",
    "personal bests": "select * from marts.personal_bests order by driver_id limit 100",
    "form of a driver": """
        select * from marts.driver_race_form where driver_id = %(driver)s order by driver_race_number desc limit 50
    """,
    "a race": "select * from marts.fct_race_results where race_id = %(race)s order by finish_position",
    "standings": "select * from marts.championship_standings order by championship_id, position limit 200",
    "quality": "select * from marts.data_quality_kpis_latest",
}


@dataclass(frozen=True)
class Size:
    """How much of each job."""

    rounds: int
    log_rows: int
    sessions: int
    tiny_files: int
    histories: tuple[int, ...]
    new_sessions: int
    single_runs: int


SMALL = Size(rounds=3, log_rows=200_000, sessions=24, tiny_files=500, histories=(8, 40), new_sessions=8, single_runs=5)
FULL = Size(rounds=3, log_rows=1_000_000, sessions=500, tiny_files=5_000, histories=(10, 100, 1_000), new_sessions=20,
            single_runs=20)  # fmt: skip


@dataclass
class Bench:
    """A folder, a server in it, and what was measured."""

    folder: Path
    environment: dict[str, str]
    results: dict[str, Any] = field(default_factory=dict)

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
        """Most memory that a command held, without the server's."""
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
        """What each model of the last dbt run took."""
        told = json.loads((Path(self.environment["DBT_TARGET_PATH"]) / "run_results.json").read_text())
        return {result["unique_id"].split(".")[-1]: result["execution_time"] for result in told["results"]}


@contextmanager
def bench(folder: Path, name: str) -> Iterator[Bench]:
    """A server of its own, stopped and removed at the end."""
    here = folder / f"{name}_server"
    here.mkdir()
    here.chmod(0o755)
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("SIMRACE_", "PG", "DBT_"))}
    made = Bench(here, kept | {
        "SIMRACE_HOME": str(here / "home"),
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


def read_header(log: Path) -> tuple[list[str], int]:
    """Names of the columns made unique, and the line of the first data row, of a log in MoTeC's format."""
    with log.open(encoding="ascii", newline="") as file:
        for number, cells in enumerate(csv.reader(file), 1):
            if cells and cells[0] == "Time":
                return [f"c{place}" for place in range(1, len(cells) + 1)], number + 4
    raise SystemExit(f"{log} has no header")


def insert_rows(url: str, table: str, rows: list[tuple[Any, ...]]) -> None:
    """Insert rows as such pipelines usually do, 500 in a statement."""
    with closing(psycopg2.connect(url)) as connection, connection, connection.cursor() as cursor:
        execute_values(cursor, f"insert into {table} values %s", rows, page_size=500)


def large_log(folder: Path, size: Size) -> dict[str, Any]:
    """One log of 60 channels: landed and typed."""
    log = write_wide_log(folder / "log.csv", size.log_rows, 60)
    columns, first_line = read_header(log)
    with bench(folder, "large") as here:
        here.run("simrace", "land", log)  # the first ever makes the tables
        here.run("dbt", "build", *NO_TESTS)
        positions = mapped_positions(here)
        with closing(here.connect()) as connection, connection.cursor() as cursor:
            cursor.execute("create database other")
        url = here.run("simrace", "db", "url").rpartition("/")[0] + "/other"
        other = psycopg2.connect(url)
        other.autocommit = True
        cursor = other.cursor()

        def clear(statement: str) -> None:
            cursor.execute(statement)
            cursor.execute("checkpoint")

        def copy() -> float:
            clear(f"drop table if exists columns; create table columns ({', '.join(f'{c} text' for c in columns)})")
            with log.open(encoding="ascii") as file:
                for _ in range(first_line - 1):
                    file.readline()
                began = time.perf_counter()
                cursor.copy_expert("copy columns from stdin with (format csv)", file)
                return time.perf_counter() - began

        def create() -> float:
            clear("drop table if exists typed")
            began = time.perf_counter()
            typed = ", ".join(f"cast(nullif(c{place}, '') as real) as c{place}" for place in positions)
            cursor.execute(f"create table typed as select {typed} from columns")
            return time.perf_counter() - began

        frame_rows = min(INSERTED_ROWS, size.log_rows)

        def frame() -> list[tuple[Any, ...]]:
            read = pd.read_csv(log, skiprows=first_line - 1, header=None, nrows=frame_rows)
            return list(read.itertuples(index=False, name=None))

        def insert() -> float:
            clear(f"drop table if exists inserted; create table inserted ({', '.join(f'{c} float8' for c in columns)})")
            began = time.perf_counter()
            insert_rows(url, "inserted", frame())
            return (time.perf_counter() - began) * size.log_rows / frame_rows

        def insert_by_four() -> float:
            clear(f"drop table if exists inserted; create table inserted ({', '.join(f'{c} float8' for c in columns)})")
            began = time.perf_counter()
            rows = frame()
            workers = [
                multiprocessing.Process(target=insert_rows, args=(url, "inserted", rows[at::4])) for at in range(4)
            ]
            for worker in workers:
                worker.start()
            for worker in workers:
                worker.join()
            return (time.perf_counter() - began) * size.log_rows / frame_rows

        def duck() -> float:
            (here.folder / "duck.db").unlink(missing_ok=True)
            began = time.perf_counter()
            with duckdb.connect(str(here.folder / "duck.db")) as connection:
                typed = ", ".join(f"cast(column{place - 1:02d} as float) as c{place}" for place in positions)
                connection.execute(
                    f"create table typed as select {typed} from read_csv('{log}', skip={first_line - 1}, header=false, "
                    "all_varchar=true)"
                )
            return time.perf_counter() - began

        def land() -> float:
            with closing(here.connect()) as connection, connection.cursor() as raw:
                raw.execute(EMPTY_RAW + "; checkpoint")
            return here.timed("simrace", "land", log)

        models: dict[str, list[float]] = {}

        def type_samples() -> float:
            here.run("dbt", "build", "--full-refresh", "--select", "+fct_telemetry_samples", *NO_TESTS)
            models.setdefault("int_telemetry_files_checked", []).append(
                here.model_seconds()["int_telemetry_files_checked"]
            )
            return here.model_seconds()["fct_telemetry_samples"]

        seconds = interleaved(size.rounds, {
            "COPY into text columns": copy,
            "CREATE TABLE AS, typed": create,
            "pandas, INSERTs of 500 rows": insert,
            "pandas, four at once": insert_by_four,
            "DuckDB, file to typed table": duck,
            "simrace land": land,
            "simrace, fct_telemetry_samples": type_samples,
        })  # fmt: skip
        seconds["simrace, int_telemetry_files_checked"] = statistics.median(models["int_telemetry_files_checked"])
        other.close()
        with closing(here.connect()) as connection, connection.cursor() as raw:
            raw.execute(EMPTY_RAW)
        peak = here.peak_mb("simrace", "land", log)
        sizes = here.query(
            "select pg_total_relation_size('raw.file_blocks'), "
            "(select sum(pg_total_relation_size(relid)) from pg_partition_tree('marts.fct_telemetry_samples')), "
            "(select count(*) from marts.fct_telemetry_samples)"
        )[0]
    return {
        "rows": size.log_rows,
        "file_mb": log.stat().st_size / 1e6,
        "mapped_channels": len(positions),
        "seconds": seconds,
        "landing_to_copy": seconds["simrace land"] / seconds["COPY into text columns"],
        "inserts_to_landing": seconds["pandas, INSERTs of 500 rows"] / seconds["simrace land"],
        "inserts_by_four_to_landing": seconds["pandas, four at once"] / seconds["simrace land"],
        "typing_to_create": seconds["simrace, fct_telemetry_samples"] / seconds["CREATE TABLE AS, typed"],
        "landing_peak_mb": peak,
        "raw_to_file_bytes": sizes[0] / log.stat().st_size,
        "sample_bytes": sizes[1] / sizes[2],
    }


def mapped_positions(here: Bench) -> list[int]:
    """Columns of the log that simrace maps to a channel."""
    return sorted(
        {row[0] for row in here.query("select column_position from staging.stg_telemetry__channels where is_used")}
    )


def season(folder: Path, size: Size) -> dict[str, Any]:
    """Sessions in all formats with as many races: from files to all marts."""
    files = folder / "season"
    write_sample_files(files, size.sessions)
    csv_bytes = sum(path.stat().st_size for path in files.rglob("*") if path.is_file())
    with bench(folder, "season") as here:
        landing_s = here.timed("simrace", "land", files)
        build_s = here.timed("simrace", "build")
        seconds = here.model_seconds()
        again_s = here.timed("simrace", "run", files)
        rows, races = here.query(
            "select (select count(*) from marts.fct_telemetry_samples), (select count(*) from marts.fct_race_fields)"
        )[0]
        sizes = dict(here.query(
            "select schemaname || '.' || relname, pg_total_relation_size(relid) from pg_stat_user_tables "
            "order by 2 desc limit 8"
        ))  # fmt: skip
        questions = ask(here)
    dearest = dict(sorted(seconds.items(), key=lambda item: -item[1])[:12])
    return {
        "sessions": size.sessions, "files_mb": csv_bytes / 1e6, "samples": rows, "races": races,
        "landing_s": landing_s, "build_s": build_s, "seconds_a_session": (landing_s + build_s) / size.sessions,
        "nothing_new_s": again_s, "dearest_nodes_s": dearest, "largest_tables_bytes": sizes,
        "questions_ms": questions,
    }  # fmt: skip


def ask(here: Bench, times: int = 20) -> dict[str, float]:
    """95th percentile of each question in ms, over laps, drivers and races drawn in order."""
    laps = here.query("select distinct session_id, lap_number from marts.fct_lap_traces order by 1, 2 limit 500")
    drivers = here.query("select distinct driver_id from marts.driver_race_form order by 1 limit 500")
    races = here.query("select distinct race_id from marts.fct_race_results order by 1 limit 500")
    told = {}
    with closing(here.connect()) as connection, connection.cursor() as cursor:
        for question, statement in QUESTIONS.items():
            taken = []
            for at in range(times):
                lap = laps[at * 37 % len(laps)]
                values = {"session": lap[0], "lap": lap[1], "driver": drivers[at * 37 % len(drivers)][0],
                          "race": races[at * 37 % len(races)][0]}  # fmt: skip
                began = time.perf_counter()
                cursor.execute(statement, values)
                cursor.fetchall()
                taken.append((time.perf_counter() - began) * 1_000)
            told[question] = sorted(taken)[int(times * 0.95) - 1]
    return told


def tiny_files(folder: Path, size: Size) -> dict[str, Any]:
    """Many files of 20 lines."""
    model = min((folder / "season").rglob("Garage 61*.csv"), key=lambda path: path.stat().st_size)
    lines = model.read_text(encoding="utf-8-sig").splitlines(keepends=True)
    files = folder / "tiny"
    files.mkdir()
    for number in range(size.tiny_files):
        changed = lines[-1].rstrip("\r\n").rpartition(",")[0] + f",{number}\n"
        (files / f"lap {number}.csv").write_text("".join([*lines[:-1], changed]), encoding="utf-8")
    with bench(folder, "tiny") as here:
        here.run("simrace", "land", next(files.iterdir()))
        landing_s = here.timed("simrace", "land", files)
        again_s = here.timed("simrace", "land", files)
        landed = here.query("select count(*) from raw.files")[0][0]
    return {
        "files": size.tiny_files, "landed": landed, "landing_s": landing_s,
        "ms_a_file_beyond_the_first_second": (landing_s - 1) / size.tiny_files * 1_000, "nothing_new_s": again_s,
    }  # fmt: skip


def growth(folder: Path, size: Size) -> dict[str, Any]:
    """The same number of new sessions onto ever more; and one small file alone."""
    every = folder / "history"
    write_sample_files(every, max(size.histories) + size.new_sessions * len(size.histories) + size.single_runs)
    telemetry = sorted((every / "telemetry").iterdir(), key=lambda path: (path.stat().st_mtime, path.name))
    races = sorted((every / "results").iterdir(), key=lambda path: (path.stat().st_mtime, path.name))
    told: dict[str, Any] = {"new_sessions": size.new_sessions, "runs": {}}
    with bench(folder, "growth") as here:
        single = [file for file in telemetry if file.stat().st_size < 10_000_000][-size.single_runs :]
        telemetry = [file for file in telemetry if file not in single]
        per_session = len(telemetry) / (max(size.histories) + size.new_sessions * len(size.histories))
        per_race = len(races) / (max(size.histories) + size.new_sessions * len(size.histories))

        def take(sessions: int) -> list[Path]:
            taken = telemetry[: round(sessions * per_session)] + races[: round(sessions * per_race)]
            del telemetry[: round(sessions * per_session)], races[: round(sessions * per_race)]
            return taken

        for history in size.histories:
            there = here.query("select to_regclass('marts.dim_sessions')")[0][0]
            count = here.query("select count(*) from marts.dim_sessions")[0][0] if there else 0
            here.run("simrace", "run", *take(max(history - count, 1)))
            new = take(size.new_sessions)
            seconds = here.timed("simrace", "run", *new)
            told["runs"][history] = {"seconds": seconds, "dearest_nodes_s": dict(
                sorted(here.model_seconds().items(), key=lambda item: -item[1])[:10]
            )}  # fmt: skip
        told["growth"] = told["runs"][size.histories[-1]]["seconds"] / told["runs"][size.histories[0]]["seconds"]
        taken = sorted(here.timed("simrace", "run", file) for file in single)
        nodes = here.model_seconds()
        told["single_file_s"] = {"median": statistics.median(taken), "p95": taken[int(len(taken) * 0.95) - 1]}
        told["single_file_sql_s"] = sum(nodes.values())
        told["single_file_nodes"] = len(nodes)
    return told


def table(head: tuple[str, str], rows: Iterable[tuple[object, object]]) -> list[str]:
    """Lines of a Markdown table of two columns."""
    return [f"| {head[0]} | {head[1]} |", "|---|---:|", *(f"| {one} | {other} |" for one, other in rows), ""]


def markdown(results: dict[str, Any]) -> str:
    """The tables, ratios first."""
    by = "benchmarks/pipeline.py --full" if results["full"] else "benchmarks/pipeline.py"
    lines = [f"Measured by `{by}` on {results['machine']}.", ""]
    if log := results.get("large_log"):
        lines += [
            f"One MoTeC log of {log['rows']:,} rows and 60 channels ({log['file_mb']:,.0f} MB), of which simrace maps "
            f"{log['mapped_channels']}; medians of interleaved rounds.",
            "",
            *table(("figure", "value"), ((name.replace("_", " "), f"{log[name]:,.2f}") for name in LOG_FIGURES)),
            *table(("work", "seconds"), ((work, f"{taken:.2f}") for work, taken in log["seconds"].items())),
        ]
    if told := results.get("season"):
        lines += [
            f"{told['sessions']:,} sessions in all formats ({told['files_mb']:,.0f} MB, {told['samples']:,} samples) "
            f"and {told['races']:,} races: landed in {told['landing_s']:,.1f} s, built and tested in "
            f"{told['build_s']:,.1f} s, {told['seconds_a_session']:.2f} s a session; run again with nothing new "
            f"{told['nothing_new_s']:.1f} s.",
            "",
            *table(("dearest nodes", "seconds"), ((n, f"{s:.1f}") for n, s in told["dearest_nodes_s"].items())),
            *table(("largest tables", "MB"), ((n, f"{b / 1e6:.1f}") for n, b in told["largest_tables_bytes"].items())),
            *table(("question", "P95, ms"), ((n, f"{ms:.0f}") for n, ms in told["questions_ms"].items())),
        ]
    if told := results.get("tiny_files"):
        lines += [
            f"{told['files']:,} files of 20 lines: landed in {told['landing_s']:.1f} s, "
            f"{told['ms_a_file_beyond_the_first_second']:.1f} ms a file beyond the first second; again with nothing "
            f"new {told['nothing_new_s']:.1f} s.",
            "",
        ]
    if told := results.get("growth"):
        single = told["single_file_s"]
        lines += [
            f"{told['new_sessions']} new sessions with their races onto a warehouse that holds some; from the first to "
            f"the last {told['growth']:.2f} times.",
            "",
            *table(("sessions there", "seconds"), ((n, f"{run['seconds']:.1f}") for n, run in told["runs"].items())),
            f"One small new file by `simrace run`: median {single['median']:.1f} s, P95 {single['p95']:.1f} s; the "
            f"{told['single_file_nodes']} nodes of dbt took {told['single_file_sql_s']:.1f} s, on two threads.",
            "",
        ]
    return "\n".join(lines)


def main() -> None:
    """Run the jobs and write what was measured."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--full", action="store_true", help="sizes of a league instead of a minute's")
    parser.add_argument("--job", action="append", choices=("large_log", "season", "tiny_files", "growth"))
    arguments = parser.parse_args()
    size = FULL if arguments.full else SMALL
    jobs = arguments.job or ["large_log", "season", "tiny_files", "growth"]
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    results: dict[str, Any] = {
        "full": arguments.full,
        "machine": f"{os.cpu_count()} cores, {memory:.0f} GiB, {platform.system()} {platform.machine()}, "
        f"Python {platform.python_version()}, the embedded PostgreSQL",
    }
    folder = Path(tempfile.mkdtemp(prefix="simrace-bench-"))
    folder.chmod(0o755)
    try:
        for job in jobs:
            print(f"{job} ...", file=sys.stderr, flush=True)
            if job == "tiny_files" and not (folder / "season").exists():
                write_sample_files(folder / "season", 4)
            results[job] = globals()[job](folder, size)
            print(json.dumps(results[job], indent=1), file=sys.stderr, flush=True)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    here = Path(__file__).with_suffix("")
    here.with_suffix(".json").write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    here.with_suffix(".md").write_text(markdown(results), encoding="utf-8")
    print(markdown(results))


if __name__ == "__main__":
    main()
