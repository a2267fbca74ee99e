"""Kill -9 of a run, the server or a backend, in a chosen phase or at a random moment."""

import os
import random
import signal
import subprocess
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psycopg2

from tests.conftest import Warehouse
from tests.reliability.conftest import administer, begin, home_of

VICTIMS = ("process", "postmaster", "backend")
# The phase of a run, seen from outside: by dlt's working folder, or by the comment in dbt's newest statement.
FOLDERS = {"load": "load/normalized/*", "normalise": "load/new/*", "extract": "normalize/*/*/new_jobs"}
STATEMENTS = {"seed.": "seeds", "model.": "models", "test.": "tests", "operation.": "hooks"}
PHASES = ("extract", "normalise", "load", "record", "seeds", "hooks", "models")
ANY = "any moment"


@dataclass(frozen=True)
class Strike:
    """One kill.

    Attributes:
        victim: Who was killed: process, postmaster or backend.
        phase: What the run was doing.
        after_s: Seconds since the run began.
        output: What the run said, when it was left to say something.
        ended: How the run ended; negative for a signal.
    """

    victim: str
    phase: str
    after_s: float
    output: str
    ended: int


class Watcher:
    """Looks at a run from outside."""

    def __init__(self, warehouse: Warehouse) -> None:
        self.work = home_of(warehouse) / "dlt" / "simrace_embedded"
        self.data = home_of(warehouse) / "postgres"
        self.database = warehouse.url.rpartition("/")[2].partition("?")[0]
        self.connection = administer(warehouse)

    def phase(self) -> str:
        """One of PHASES, tests, or `between`."""
        for name, folder in FOLDERS.items():
            with suppress(OSError):  # removed in the meantime
                if any(self.work.glob(folder)):
                    return "record" if name == "load" and self._is_recording() else name
        for _, statement in self._statements():
            if statement.startswith(("analyze", "/*")) and '"node_id"' in statement:
                if "analyze " in statement or ("ops.built" in statement and "delete" in statement):
                    return "hooks"
                for kind, name in STATEMENTS.items():
                    if f'"node_id": "{kind}' in statement:
                        return name
        return "between"

    def _is_recording(self) -> bool:
        return any("_dlt_loads" in statement and "INSERT" in statement for _, statement in self._statements())

    def _statements(self) -> list[tuple[int, str]]:
        with self.connection.cursor() as cursor:
            cursor.execute(
                "select pid, left(query, 2000) from pg_stat_activity where datname = %s and pid <> pg_backend_pid() "
                "and state <> 'idle' order by query_start desc",
                (self.database,),
            )
            return cursor.fetchall()

    def kill(self, victim: str, run: subprocess.Popen[str]) -> None:
        if victim == "process":
            os.killpg(run.pid, signal.SIGKILL)
        elif victim == "postmaster":
            os.kill(int((self.data / "postmaster.pid").read_text().splitlines()[0]), signal.SIGKILL)
        else:
            busy = self._statements()
            with self.connection.cursor() as cursor:
                cursor.execute("select pid from pg_stat_activity where datname = %s", (self.database,))
                at_hand = [pid for pid, _ in busy] or [row[0] for row in cursor]
            os.kill(at_hand[0], signal.SIGKILL)


def strike(
    warehouse: Warehouse, victim: str, aim: str, chance: random.Random, length_s: float, *command: str | Path
) -> Strike | None:
    """Run a command and kill; None when it ended before its moment came.

    Args:
        warehouse: Of an embedded server that runs.
        victim: One of VICTIMS.
        aim: One of PHASES, or ANY.
        chance: For the moment.
        length_s: About how long the command takes.
        command: The run.
    """
    watcher = Watcher(warehouse)
    wait_s = chance.uniform(0.3, length_s) if aim == ANY else chance.expovariate(1 / 0.03)
    began = time.monotonic()
    run = begin(warehouse, *command)
    try:
        while run.poll() is None:
            time.sleep(0.002)
            if (aim == ANY and time.monotonic() - began > wait_s) or (aim != ANY and watcher.phase() == aim):
                if aim != ANY and wait_s > 0.03:  # half of them at once, the others a little later
                    time.sleep(wait_s)
                phase = watcher.phase()
                after_s = time.monotonic() - began
                if run.poll() is None:
                    watcher.kill(victim, run)
                    output, _ = run.communicate(timeout=300)
                    return Strike(victim, phase, after_s, output, run.returncode)
        run.communicate()
        return None
    finally:
        with suppress(psycopg2.Error):
            watcher.connection.close()
