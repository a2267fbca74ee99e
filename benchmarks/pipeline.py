"""How long files take to reach the marts, how much memory and disk, how that grows; beside the alternatives.

    .venv/bin/python benchmarks/pipeline.py            # make bench: minutes
    .venv/bin/python benchmarks/pipeline.py --full     # make bench-full: two hours

Every job has a server of its own in a folder that goes afterwards. Alternatives run in the same rounds, one after the
other, on the same files and the same server; medians are compared. The tables are printed and written to
benchmarks/results/pipeline.md, everything measured to pipeline.json beside it; a job run alone replaces its own part
there. Git ignores both: what they taught is in docs/performance.md.
"""

import argparse
import json
import os
import platform
import shutil
import sys
import tempfile
from pathlib import Path
from types import ModuleType
from typing import Any

import binary_log
import growth
import large_log
import native_logs
import new_race
import season
import tiny_files
from bench import Size

JOBS: dict[str, ModuleType] = {
    "large_log": large_log,
    "binary_log": binary_log,
    "season": season,
    "native_logs": native_logs,
    "tiny_files": tiny_files,
    "growth": growth,
    "new_race": new_race,
}
SMALL = Size(rounds=3, log_rows=200_000, sessions=24, tiny_files=500, batches=5, batch_sessions=8, single_runs=5)
FULL = Size(rounds=3, log_rows=1_000_000, sessions=500, tiny_files=5_000, batches=50, batch_sessions=20, single_runs=12)
RESULTS = Path(__file__).parent / "results" / "pipeline.json"


def markdown(results: dict[str, Any]) -> str:
    """The tables of what was measured, ratios first."""
    parts = []
    for size, by in (("full", "benchmarks/pipeline.py --full"), ("small", "benchmarks/pipeline.py")):
        measured = results.get(size, {})
        if measured:
            parts += [f"# Measured by `{by}`", ""]
        for name, job in JOBS.items():
            if name in measured:
                parts += [f"## {name}, on {measured[name]['machine']}", "", *job.lines(measured[name])]
    return "\n".join(parts)


def main() -> None:
    """Run the jobs and write what was measured."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--full", action="store_true", help="sizes of a league instead of a minute's")
    parser.add_argument("--job", action="append", choices=JOBS, help="this one; may be given again")
    arguments = parser.parse_args()
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    machine = (
        f"{os.cpu_count()} cores, {memory:.0f} GiB, {platform.system()} {platform.machine()}, "
        f"Python {platform.python_version()}, the embedded PostgreSQL"
    )
    results = json.loads(RESULTS.read_text(encoding="utf-8")) if RESULTS.exists() else {}
    for name in arguments.job or JOBS:
        print(f"{name} ...", file=sys.stderr, flush=True)
        folder = Path(tempfile.mkdtemp(prefix="simrace-bench-"))
        folder.chmod(0o755)
        try:
            told = {"machine": machine, **JOBS[name].run(folder, FULL if arguments.full else SMALL)}
        finally:
            shutil.rmtree(folder, ignore_errors=True)
        results.setdefault("full" if arguments.full else "small", {})[name] = told
        if name == "growth" and arguments.full:
            growth.draw(told)
        RESULTS.parent.mkdir(exist_ok=True)
        RESULTS.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
        RESULTS.with_suffix(".md").write_text(markdown(results), encoding="utf-8")
    print(markdown(results))


if __name__ == "__main__":
    main()
