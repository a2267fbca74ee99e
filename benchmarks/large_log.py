"""One large log, landed and typed, beside what else one would do with it.

* COPY of the same rows into a table of text columns, and one hand-written CREATE TABLE AS that casts the channels that
  simrace maps: the limit in PostgreSQL. They check nothing, keep no text, and stop at a cell that is not a number.
* pandas with INSERTs of 500 rows, one process and four at once, on a part of the rows.
* DuckDB reading the file into a typed table of its own.
"""

import csv
import multiprocessing
import statistics
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import psycopg2
from bench import NO_TESTS, Bench, Size, bench, interleaved, table
from psycopg2.extras import execute_values

from simrace.generator import write_wide_log

EMPTY_RAW = "truncate raw.files, raw.file_blocks, raw.file_sightings, raw.rejected_files"
INSERTED_ROWS = 10_000  # rows of the log that pandas inserts; each further row would take as long

FIGURES = (
    "landing_to_copy",
    "inserts_to_landing",
    "inserts_by_four_to_landing",
    "typing_to_create",
    "landing_peak_mb",
    "raw_to_file_bytes",
    "sample_bytes",
)


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


def run(folder: Path, size: Size) -> dict[str, Any]:
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
            here.run("dbt", "build", "--full-refresh", "--select", "+int_telemetry_samples", *NO_TESTS)
            models.setdefault("int_telemetry_files_checked", []).append(
                here.model_seconds()["int_telemetry_files_checked"]
            )
            return here.model_seconds()["int_telemetry_samples"]

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
            "(select sum(pg_total_relation_size(relid))::bigint "
            "from pg_partition_tree('intermediate.int_telemetry_samples')), "
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


def lines(told: dict[str, Any]) -> list[str]:
    """Of the Markdown."""
    return [
        f"One MoTeC log of {told['rows']:,} rows and 60 channels ({told['file_mb']:,.0f} MB), of which simrace maps "
        f"{told['mapped_channels']}; medians of interleaved rounds.",
        "",
        *table(("figure", "value"), ((name.replace("_", " "), f"{told[name]:,.2f}") for name in FIGURES)),
        *table(("work", "seconds"), ((work, f"{taken:.2f}") for work, taken in told["seconds"].items())),
    ]
