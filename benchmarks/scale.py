"""The same sessions on PostgreSQL and on another engine: seconds to tested marts, again with new ones, and memory.

    python benchmarks/scale.py --engine sail --sessions 10 --new 2
    python benchmarks/scale.py --engine spark --sessions 100 --sessions 500 --sessions 1000 --new 20

Each size has a warehouse of its own for each engine; with --grow one warehouse grows from size to size, and what is
landed and built at a size is what came since the one before. Every figure is a line of JSON in the file of results as
soon as it is known, and the table beside it is written anew, so a run can be cut; one that follows measures the sizes
that are not whole.
Ratios count where a machine has other work.
"""

import argparse
import json
import os
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bench import Bench, bench

from simrace.generator import write_sample_files

KEPT = ("SIMRACE_SPARK_ENVIRONMENT", "SIMRACE_SPARK_CONF", "SIMRACE_SPARK_JDBC_JAR")
POSTGRES = "postgres"
LAST = "samples"  # what is measured last of a warehouse: with it, all is
OLDEST = "select session_id from marts.fct_laps where is_trace_eligible order by session_id limit 1"


def measure(folder: Path, engine: str, sizes: list[int], new: int) -> Iterator[tuple[int, str, float]]:
    """Land and build on an empty warehouse, then so many new sessions on it; the same again for each next size.

    Args:
        folder: For files and warehouse.
        engine: Which builds.
        sizes: Sessions of the warehouse, growing.
        new: Sessions that come by themselves at each size.

    Yields:
        The size, what was measured, and how much it is. What is landed and built at a size is what came since the one
        before.
    """
    most = sizes[-1] + new
    files = folder / f"files-{most}"
    if not files.exists():
        write_sample_files(files, most)
    telemetry = sorted((files / "telemetry").iterdir())
    few = max(1, len(telemetry) * new // most)
    with bench(folder, f"{engine}-{sizes[-1]}") as here:
        here.environment.update({name: os.environ[name] for name in KEPT if name in os.environ})
        if engine == "spark":
            yield sizes[0], "cluster up, s", here.timed("simrace", "spark", "up")
        try:
            begins = 0
            for size in sizes:
                end = len(telemetry) * size // most
                for what, value in _of_size(here, engine, telemetry[begins:end], telemetry[end : end + few], new):
                    yield size, what, value
                begins = end + few
        finally:
            if engine == "spark":
                here.run("simrace", "spark", "down")


def _of_size(here: Bench, engine: str, many: list[Path], few: list[Path], new: int) -> Iterator[tuple[str, float]]:
    yield from _with_peak(here, "landed", "land", *many)
    yield from _with_peak(here, "built", "build", "--engine", engine)
    yield from _with_peak(here, f"{new} new sessions", "run", *few)
    yield "nothing new, s", here.timed("simrace", "build")
    if engine != POSTGRES:
        [(session,)] = here.query(OLDEST)
        yield "a session fetched, s", here.timed("simrace", "fetch-session", str(session))
    if engine == "spark":
        yield from ((f"{name}, peak MB", peak) for name, peak in _of_spark(here).items())
    counted = "select coalesce(sum(lines_loaded), 0) from marts.file_quality where format_family = 'telemetry'"
    yield LAST, float(here.query(counted)[0][0])


def _with_peak(here: Bench, what: str, *command: str | Path) -> Iterator[tuple[str, float]]:
    """Seconds of a command of simrace, and the peak of its largest process; servers are none of them."""
    began = time.perf_counter()
    peak = here.peak_mb("simrace", *command)
    yield f"{what}, s", time.perf_counter() - began
    yield f"{what}, peak MB", peak


def _of_spark(here: Bench) -> dict[str, float]:
    """Peak of each process of the cluster in MB, executors too (Linux)."""
    place = Path(here.environment["SIMRACE_HOME"]) / "spark" / "cluster"
    names = {pid: name for name, pid in json.loads((place / "cluster.json").read_text("utf-8"))["processes"].items()}
    peaks: dict[str, float] = {}
    for process in Path("/proc").glob("[0-9]*"):
        try:
            said = (process / "cmdline").read_bytes().decode("utf-8", "replace")
            lines = (process / "status").read_text("utf-8").splitlines()
        except OSError:  # it ended meanwhile
            continue
        is_executor = "CoarseGrainedExecutorBackend" in said and str(place) in said
        if name := names.get(int(process.name)) or ("executor" if is_executor else None):
            peak = next(int(line.split()[1]) / 1_000 for line in lines if line.startswith("VmHWM"))
            peaks[name] = max(peak, peaks.get(name, 0))
    return peaks


def table(results: list[dict[str, Any]]) -> list[str]:
    """Lines of Markdown: what was measured by size and engine, and the ratio where PostgreSQL has it too."""
    values = {(each["sessions"], each["what"], each["engine"]): float(each["value"]) for each in results}
    engines = sorted({engine for _, _, engine in values}, key=lambda engine: (engine != POSTGRES, engine))
    lines = [f"| sessions | what | {' | '.join(engines)} | ratio |", f"|---:|---|{'---:|' * (len(engines) + 1)}"]
    for sessions, what in dict.fromkeys((sessions, what) for sessions, what, _ in values):
        of = [values.get((sessions, what, engine)) for engine in engines]
        ratios = [f"{other / of[0]:.2f}" for other in of[1:] if other is not None and of[0]]
        cells = ["" if value is None else f"{value:,.1f}" for value in of]
        lines.append(f"| {sessions:,} | {what} | {' | '.join(cells)} | {', '.join(ratios)} |")
    return lines


def main() -> None:
    """Measure what is not in the file of results yet, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--engine", default="sail", choices=("sail", "spark"))
    parser.add_argument("--sessions", type=int, action="append")
    parser.add_argument("--new", type=int, default=2)
    parser.add_argument("--grow", action="store_true")
    parser.add_argument("--results", type=Path, default=Path(__file__).parent / "results" / "scale.jsonl")
    arguments = parser.parse_args()
    file: Path = arguments.results
    file.parent.mkdir(parents=True, exist_ok=True)
    results = [json.loads(line) for line in file.read_text("utf-8").splitlines()] if file.exists() else []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        sizes = sorted(arguments.sessions or [10])
        for warehouse in [sizes] if arguments.grow else [[size] for size in sizes]:
            for engine in (POSTGRES, arguments.engine):
                wanted = [{"engine": engine, "sessions": size} for size in warehouse]
                if all(any({**size, "what": LAST}.items() <= each.items() for each in results) for size in wanted):
                    continue
                results = [each for each in results if not any(size.items() <= each.items() for size in wanted)]
                for size, what, value in measure(folder, engine, warehouse, arguments.new):
                    results.append({"engine": engine, "sessions": size, "what": what, "value": round(value, 2)})
                    file.write_text("".join(f"{json.dumps(each)}\n" for each in results), "utf-8")
                    file.with_suffix(".md").write_text("\n".join([*table(results), ""]), "utf-8")
    print("\n".join(table(results)))
    counts = {(each["sessions"], each["value"]) for each in results if each["what"] == LAST}
    if len(counts) != len({sessions for sessions, _ in counts}):
        raise SystemExit("Not the same samples.")


if __name__ == "__main__":
    main()
