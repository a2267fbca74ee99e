"""How long laps, traces, driving metrics and corners take, and how that grows; beside numpy on the same samples.

    .venv/bin/python benchmarks/lap_traces.py --samples 10000000

Sample files are landed and built in a server of their own, then their sessions are copied inside the database until
there are enough samples. What is timed is dbt's models alone (dbt's own start is told apart), one after the other:

* everything new: all sessions at once;
* twenty more: copies of a few sessions beside all the others, which must cost what they are, not what is there;
* numpy: the samples of some sessions out by COPY, interpolated lap by lap with numpy.interp, and back in by COPY.

The table is printed and written to benchmarks/lap_traces.md.
"""

import argparse
import io
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import numpy as np
import pandas as pd
import psycopg2
from psycopg2.extensions import connection as Connection  # noqa: N812 - psycopg2 writes its classes small

ROOT = Path(__file__).parents[1]
BIN = Path(sys.executable).parent
MODELS = ("int_telemetry_laps_segmented", "fct_laps", "fct_lap_traces", "lap_minisectors", "lap_driving_metrics",
          "fct_lap_corners")  # fmt: skip
CHANNELS = (
    "speed_kph",
    "throttle_ratio",
    "brake_ratio",
    "steering_deg",
    "rpm",
    "lat_g",
    "long_g",
    "lat_deg",
    "lon_deg",
)
MORE_SESSIONS = 20
STEP_M = 5


def run(environment: dict[str, str], *command: str) -> str:
    """Run a program of the environment and return what it said."""
    done = subprocess.run(
        [BIN / command[0], *command[1:]], cwd=ROOT, env=environment, check=True, capture_output=True, text=True
    )
    return done.stdout.strip()


def copy_sessions(connection: Connection, first: int, last: int, sessions: int | None = None) -> None:
    """Copy the landed sessions with new ids, once for each number from first to last; `sessions` of them, or all."""
    with connection, connection.cursor() as cursor:
        columns = {}
        for table in ("marts.fct_telemetry_samples", "intermediate.int_telemetry_session_files",
                      "intermediate.int_telemetry_sessions"):  # fmt: skip
            cursor.execute(
                "select column_name from information_schema.columns "
                "where table_schema || '.' || table_name = %s order by ordinal_position",
                (table,),
            )
            columns[table] = [name for (name,) in cursor.fetchall()]
        changed = {
            "session_id": "cast(md5(cast(session_id as text) || copy) as uuid)",
            "session_started_at": "session_started_at + copy * interval '1 hour'",
            "input_hash": "md5(input_hash || copy)",
        }
        cursor.execute("create table if not exists public.landed as select session_id "
                       "from intermediate.int_telemetry_sessions order by session_id")  # fmt: skip
        chosen = f"(select session_id from public.landed order by session_id limit {sessions or 'all'})"
        for table, names in columns.items():
            cursor.execute(
                f"insert into {table} ({', '.join(names)}) "
                f"select {', '.join(changed.get(name, name) for name in names)} "
                f"from {table} cross join generate_series({first}, {last}) as copies (copy) "
                f"where session_id in {chosen}"
            )
    connection.autocommit = True
    with connection.cursor() as cursor:
        cursor.execute("analyze")
    connection.autocommit = False


class PeakMemory(threading.Thread):
    """Highest private memory of all the server's processes together, in MB (Linux)."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.peak_mb = 0.0
        self.stopped = threading.Event()

    def run(self) -> None:
        """Look ten times a second."""
        while not self.stopped.wait(0.1):
            total = 0
            for process in Path("/proc").glob("[0-9]*"):
                try:
                    if (process / "comm").read_text().startswith("postgres"):
                        status = (process / "status").read_text()
                        total += int(status.partition("RssAnon:")[2].split()[0])
                except (OSError, IndexError, ValueError):
                    continue
            self.peak_mb = max(self.peak_mb, total / 1024)


def time_models(environment: dict[str, str]) -> tuple[dict[str, float], float]:
    """Seconds of each model, and the peak memory of the server in MB."""
    memory = PeakMemory()
    memory.start()
    run(environment, "dbt", "run", "--threads", "1", "--select", "int_telemetry_laps_segmented+",
        "--exclude", "fct_telemetry_samples")  # fmt: skip
    memory.stopped.set()
    memory.join()
    results = json.loads((Path(environment["DBT_TARGET_PATH"]) / "run_results.json").read_text())["results"]
    seconds = {result["unique_id"].rpartition(".")[2]: result["execution_time"] for result in results}
    return {model: seconds[model] for model in MODELS}, memory.peak_mb


def numpy_traces(connection: Connection, samples: int) -> tuple[float, int]:
    """Seconds and samples of the same traces out of the database, in numpy and back: what a script would do."""
    with connection, connection.cursor() as cursor:
        cursor.execute(
            "select session_id from marts.fct_telemetry_samples inner join marts.fct_laps using (session_id) "
            "where is_trace_eligible group by session_id order by session_id"
        )
        sessions = [session for (session,) in cursor.fetchall()]
        channels = ", ".join(f"{name} real" for name in CHANNELS)
        cursor.execute(
            "create temporary table numpy_traces (session_id uuid, lap_number integer, grid_point integer, "
            f"lap_elapsed_s double precision, {channels})"
        )
        began, done = time.perf_counter(), 0
        for session in sessions:
            if done >= samples:
                break
            text = io.StringIO()
            cursor.copy_expert(
                f"copy (select elapsed_s, lap_distance_ratio, {', '.join(CHANNELS)} from marts.fct_telemetry_samples "
                f"where session_id = '{session}' order by elapsed_s) to stdout (format csv, header)", text)  # fmt: skip
            text.seek(0)
            frame = pd.read_csv(text)
            done += len(frame)
            cursor.execute(
                "select lap_number, started_elapsed_s, ended_elapsed_s, length_m from marts.fct_laps "
                "inner join intermediate.int_telemetry_session_layouts using (session_id) "
                "where is_trace_eligible and session_id = %s", (session,))  # fmt: skip
            elapsed = frame["elapsed_s"].to_numpy()
            speed = frame["speed_kph"].to_numpy() / 3.6
            driven = np.concatenate([[0], np.cumsum((speed[1:] + speed[:-1]) / 2 * np.diff(elapsed))])
            parts = []
            for number, start, end, length in cursor.fetchall():
                lap = (elapsed >= start) & (elapsed < end)
                ratio = frame["lap_distance_ratio"].to_numpy()[lap]
                if np.isnan(ratio).any():
                    ratio = (driven[lap] - driven[lap][0]) / (driven[lap][-1] - driven[lap][0])
                place = np.maximum.accumulate(ratio * float(length))
                grid = np.arange(0, float(length), STEP_M)
                part = {"session_id": session, "lap_number": number, "grid_point": np.arange(len(grid)),
                        "lap_elapsed_s": np.interp(grid, place, elapsed[lap] - start)}  # fmt: skip
                part |= {name: np.interp(grid, place, frame[name].to_numpy()[lap]) for name in CHANNELS}
                parts.append(pd.DataFrame(part))
            back = io.StringIO(pd.concat(parts).to_csv(index=False, header=False))
            cursor.copy_expert("copy numpy_traces from stdin (format csv)", back)
        return time.perf_counter() - began, done


def count(connection: Connection) -> int:
    """Samples in the warehouse."""
    with connection, connection.cursor() as cursor:
        cursor.execute("select count(*) from marts.fct_telemetry_samples")
        return int((cursor.fetchone() or (0,))[0])


def main() -> None:
    """Build, copy, time, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--samples", type=int, default=1_000_000, help="samples in all (1,000,000)")
    wanted = parser.parse_args().samples
    folder = Path(tempfile.mkdtemp(prefix="simrace-benchmark-"))
    folder.chmod(0o755)
    environment = {
        **os.environ,
        "SIMRACE_HOME": str(folder / "home"),
        "DBT_TARGET_PATH": str(folder / "target"),
        "DBT_LOG_PATH": str(folder / "logs"),
    }
    try:
        run(environment, "simrace", "sample", "--sessions", "8", str(folder / "files"))
        run(environment, "simrace", "run", str(folder / "files" / "telemetry"))
        connection = psycopg2.connect(run(environment, "simrace", "db", "url"))
        landed = count(connection)
        copies = max(1, round(wanted / landed) - 1)
        copy_sessions(connection, 1, copies)
        samples = count(connection) - landed  # the landed ones are built already
        seconds, memory_mb = time_models(environment)
        copy_sessions(connection, copies + 1, copies + MORE_SESSIONS, 1)
        more = count(connection) - landed - samples
        more_seconds, _ = time_models(environment)
        numpy_seconds, numpy_samples = numpy_traces(connection, 1_000_000)
        connection.close()
    finally:
        subprocess.run([BIN / "simrace", "db", "stop"], env=environment, check=False, capture_output=True)
        shutil.rmtree(folder, ignore_errors=True)

    per_million = seconds["fct_lap_traces"] / samples * 1e6
    lines = [
        "# Laps and traces: what they cost",
        "",
        f"`benchmarks/lap_traces.py --samples {wanted}` on {platform.machine()}, {os.cpu_count()} cores, "
        f"Python {platform.python_version()}, the server that comes with simrace; one model at a time.",
        "",
        f"| model | {samples / 1e6:.1f} M samples, all new: s | per million: s | {MORE_SESSIONS} more sessions, "
        f"{more / 1e6:.2f} M samples: s | per million: s |",
        "|---|---|---|---|---|",
        *(
            f"| {model} | {seconds[model]:.1f} | {seconds[model] / samples * 1e6:.2f} | {more_seconds[model]:.1f} | "
            f"{more_seconds[model] / more * 1e6:.2f} |"
            for model in MODELS
        ),
        "",
        f"Highest private memory of all the server's processes together: {memory_mb:,.0f} MB.",
        "",
        f"The same traces by COPY, pandas and numpy.interp and COPY back: "
        f"{numpy_seconds / numpy_samples * 1e6:.2f} s a million samples ({numpy_samples / 1e6:.1f} M), "
        f"{numpy_seconds / numpy_samples * 1e6 / per_million:.1f} times what the model takes.",
        "",
    ]
    (ROOT / "benchmarks" / "lap_traces.md").write_text("\n".join(lines), encoding="utf-8")
    print("\n".join(lines))


if __name__ == "__main__":
    main()
