"""The same sessions on PostgreSQL and on another engine: seconds to tested marts, and again with a few new ones.

    python benchmarks/scale.py --engine sail --sessions 20 --new 2
    python benchmarks/scale.py --engine spark --sessions 100 --sessions 500 --new 20

Each size has a warehouse of its own for each engine. Says ratios, which count where a machine has other work; memory is
the peak of landing, and of each process of Spark at the end.
"""

import argparse
import json
import os
import tempfile
from pathlib import Path
from typing import Any

from bench import Bench, bench

from simrace.generator import write_sample_files

KEPT = ("SIMRACE_SPARK_ENVIRONMENT", "SIMRACE_SPARK_CONF", "SIMRACE_SPARK_JDBC_JAR")


def measure(folder: Path, engine: str, sessions: int, new: int) -> dict[str, Any]:
    """Land and build on an empty warehouse, then so many new sessions on it; and what came out."""
    files = folder / f"files-{sessions}"
    if not files.exists():
        write_sample_files(files, sessions + new)
    telemetry = sorted((files / "telemetry").iterdir())
    last = len(telemetry) - max(1, len(telemetry) * new // (sessions + new))
    with bench(folder, f"{engine}-{sessions}") as here:
        here.environment.update({name: os.environ[name] for name in KEPT if name in os.environ})
        if engine == "spark":
            here.run("simrace", "spark", "up")
        try:
            peak = here.peak_mb("simrace", "land", *telemetry[:last])
            built = here.timed("simrace", "build", "--engine", engine)
            again = here.timed("simrace", "run", *telemetry[last:])
            idle = here.timed("simrace", "build")
            return {
                "engine": engine,
                "sessions": sessions,
                "build_s": built,
                "new_s": again,
                "nothing_new_s": idle,
                "landing_peak_mb": peak,
                "samples": here.query("select count(*) from marts.fct_telemetry_samples")[0][0],
                "spark_mb": _resident(here) if engine == "spark" else {},
            }
        finally:
            if engine == "spark":
                here.run("simrace", "spark", "down")


def _resident(here: Bench) -> dict[str, float]:
    """Peak memory of each process that `simrace spark up` started, in MB (Linux)."""
    state = Path(here.environment["SIMRACE_HOME"]) / "spark" / "cluster" / "cluster.json"
    processes = json.loads(state.read_text("utf-8"))["processes"]
    peaks = {}
    for name, pid in processes.items():
        lines = Path(f"/proc/{pid}/status").read_text("utf-8").splitlines()
        peaks[name] = next(int(line.split()[1]) / 1_000 for line in lines if line.startswith("VmHWM"))
    return peaks


def main() -> None:
    """Measure, and print one line of JSON for each warehouse and the ratios."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--engine", default="sail", choices=("sail", "spark"))
    parser.add_argument("--sessions", type=int, action="append")
    parser.add_argument("--new", type=int, default=2)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        for sessions in arguments.sessions or [20]:
            home, other = (
                measure(folder, engine, sessions, arguments.new) for engine in ("postgres", arguments.engine)
            )
            print(json.dumps(home), json.dumps(other), sep="\n")
            for part in ("build_s", "new_s", "nothing_new_s"):
                print(f"{sessions} sessions, {part}: {other[part] / home[part]:.2f} times PostgreSQL's")
            if home["samples"] != other["samples"]:
                raise SystemExit("Not the same samples.")


if __name__ == "__main__":
    main()
