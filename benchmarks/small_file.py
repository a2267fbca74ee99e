"""How long one small new file takes on the warehouse at hand: by `simrace run`, and where `simrace watch` waits for it.

    .venv/bin/python benchmarks/small_file.py FILE...

The files should be new to the warehouse, which keeps them. They go in one by one, in turn by `run` and by `watch`, so
that whatever else the machine does falls on both. For `watch` the seconds begin when it takes the file in: before that,
the file has to rest for `--interval`.
"""

import argparse
import os
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from bench import BIN, ROOT, percentile_95

from simrace.database.connection import connection_parameters

INTERVAL_S = "0.5"
LAST_RUN = """
    select
        extract(epoch from ended_at - started_at)::float, landing_s, dbt_s,
        (select count(*) from ops.dbt_results where dbt_results.invocation_id = runs.invocation_id),
        outcome, files_landed
    from ops.runs order by started_at desc limit 1
"""


class Measured:
    """Seconds of several files that went the same way."""

    def __init__(self) -> None:
        self.wall: list[float] = []
        self.processor: list[float] = []
        self.landing: list[float] = []
        self.dbt: list[float] = []
        self.nodes: list[int] = []

    def add(self, wall: float | None, processor: float) -> None:
        """Note one file: seconds of the clock, where they are not those of ops.runs, and of Python on the processor."""
        with closing(connection_parameters().connect()) as connection, connection.cursor() as cursor:
            cursor.execute(LAST_RUN)
            *told, nodes, outcome, landed = cursor.fetchone() or ()
        if outcome != "succeeded" or landed != 1:
            sys.exit(f"The last run landed {landed} files and {outcome}: take files that are new to this warehouse.")
        self.wall.append(told[0] if wall is None else wall)
        self.processor.append(processor)
        self.landing.append(told[1])
        self.dbt.append(told[2])
        self.nodes.append(nodes)

    def row(self, name: str) -> str:
        """A line of the table."""
        medians = map(statistics.median, (self.processor, self.landing, self.dbt))
        seconds = " | ".join(
            f"{each:.1f}" for each in (statistics.median(self.wall), percentile_95(self.wall), *medians)
        )
        return f"| {name} | {len(self.wall)} | {seconds} | {max(self.nodes)} |"


class Watching:
    """A `simrace watch` of a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        command = [BIN / "simrace", "watch", folder, "--interval", INTERVAL_S]
        self._process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
        self.wait()

    def wait(self) -> None:
        """Wait until it has nothing to do."""
        before = -1.0
        while (now := self.processor_s()) - before > 0.02:
            before = now
            time.sleep(1.5)

    def take(self, file: Path) -> None:
        """Give it a file and wait until that is in the marts."""
        shutil.copy2(file, self._folder)
        line = self._process.stdout.readline() if self._process.stdout else ""
        if "built in" not in line:
            sys.exit(f"simrace watch said: {line}")

    def end(self) -> None:
        """End it as Ctrl-C does."""
        self._process.send_signal(signal.SIGINT)
        self._process.wait()

    def processor_s(self) -> float:
        """Seconds that it has spent in Python so far (Linux)."""
        told = Path(f"/proc/{self._process.pid}/stat").read_text().rpartition(")")[2].split()
        return int(told[11]) / os.sysconf("SC_CLK_TCK")

    def memory_mb(self) -> float:
        """What it has in memory (Linux)."""
        pages = int(Path(f"/proc/{self._process.pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


@contextmanager
def watching() -> Iterator[Watching]:
    """A `simrace watch`, ended afterwards."""
    with tempfile.TemporaryDirectory() as folder:
        made = Watching(Path(folder))
        try:
            yield made
        finally:
            made.end()


def run(file: Path) -> tuple[float, float]:
    """Seconds of the clock and of the processor that `simrace run` takes for a file."""
    began, before = time.perf_counter(), os.times().children_user
    done = subprocess.run([BIN / "simrace", "run", file], cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"simrace run failed:\n{done.stdout}\n{done.stderr}")
    return time.perf_counter() - began, os.times().children_user - before


def main() -> None:
    """Measure, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", type=Path, nargs="+", help="at least four")
    files: list[Path] = parser.parse_args().files
    by_run, by_watch, memory = Measured(), Measured(), list[float]()
    with watching() as watch:
        for one, other in zip(files[::2], files[1::2], strict=False):
            by_run.add(*run(one))
            before = watch.processor_s()
            watch.take(other)
            by_watch.add(None, watch.processor_s() - before)
            watch.wait()
            memory.append(watch.memory_mb())
    print("| one small new file | files | median s | P95 s | of it Python s | landing s | dbt s | nodes |")
    print("|---|---:|---:|---:|---:|---:|---:|---:|")
    print(by_run.row("`simrace run`"))
    print(by_watch.row("`simrace watch`"))
    print(f"\nMemory of `simrace watch`: {memory[0]:.0f} MB after the first file, {memory[-1]:.0f} MB after the last.")


if __name__ == "__main__":
    main()
