"""Start Dagster with a home of its own, and end all of it."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import yaml
from filelock import FileLock, Timeout

from ingestion.settings import make_home
from simrace.build.dbt import run_dbt
from simrace.build.environment import make_environment
from simrace.database.connection import ConnectionParameters
from simrace.orchestration.settings import PLAN_VARIABLE, Plan, ScheduleError, schedule_folder

PINS = Path(__file__).parent / "pins" / "dagster.lock"  # `make lock` makes it
HOST = "127.0.0.1"
PORT = 3000
ENVIRONMENT_VARIABLE = "SIMRACE_SCHEDULE_ENVIRONMENT"
ENDING_S = 30.0
LONGEST_RUN_S = 6 * 3600
_INSTANCE = {
    "telemetry": {"enabled": False},
    "nux": {"enabled": False},
    # the warehouse's lock makes the second wait anyway: here it waits without a process
    "concurrency": {"runs": {"max_concurrent_runs": 1}},
    "run_monitoring": {"enabled": True, "max_runtime_seconds": LONGEST_RUN_S, "poll_interval_seconds": 30},
    # of runs whose process died; a step that fails is tried again within its run
    "run_retries": {"enabled": True, "max_retries": 1, "retry_on_asset_or_op_failure": False},
    "code_servers": {"local_startup_timeout": 300},
    "freshness": {"enabled": True},
}


def prepare(parameters: ConnectionParameters) -> Path:
    """Make what is needed: the environment, Dagster's settings, the parse of the project.

    Args:
        parameters: The warehouse.

    Returns:
        The Python to start it with.

    Raises:
        PackagesError: the environment cannot be made.
        BuildError: the project cannot be parsed.
    """
    folder = schedule_folder()
    python = _environment(folder)
    (folder / "dagster.yaml").write_text(yaml.safe_dump(_INSTANCE), encoding="utf-8")
    run_dbt(["parse", "--write-json", "--target-path", str(folder / "target")], parameters)
    return python


@contextmanager
def alone() -> Iterator[None]:
    """Be the only scheduler of this home.

    Raises:
        ScheduleError: another one is.
    """
    make_home()
    schedule_folder().mkdir(mode=0o700, exist_ok=True)  # messages in it may name people
    try:
        with FileLock(schedule_folder() / "running.lock", timeout=0):
            yield
    except Timeout as error:
        raise ScheduleError(
            f"A scheduler runs already for {schedule_folder()}. End it, or set SIMRACE_HOME."
        ) from error


def run(python: Path, plan: Plan, host: str, port: int, on_start: Callable[[], object]) -> int:
    """Serve the pages and do what falls due, until Ctrl-C or SIGTERM.

    Args:
        python: From `prepare`.
        plan: What to do.
        host: Address of the pages.
        port: Their port.
        on_start: Called when it is started.

    Returns:
        Exit code; 0 where it was ended.

    Raises:
        ScheduleError: Dagster cannot be used.
    """
    folder = schedule_folder()
    environment = {
        **{name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "PYTHONHOME")},
        "DAGSTER_HOME": str(folder),
        "DAGSTER_DISABLE_TELEMETRY": "1",
        "DO_NOT_TRACK": "1",
        PLAN_VARIABLE: plan.to_text(),
    }
    left = subprocess.run(
        [python, "-m", "simrace.orchestration.leftovers"], cwd=folder, env=environment, capture_output=True, check=False
    )
    if left.returncode:
        raise ScheduleError(f"Dagster does not start in {folder}: {left.stderr.decode(errors='replace')[-500:]}")
    words = ["-m", "dagster", "dev", "-m", "simrace.orchestration.definitions", "--host", host, "--port", str(port)]
    is_over = False

    def end(_signal: int, _frame: object) -> None:
        nonlocal is_over
        is_over = True

    signal.signal(signal.SIGTERM, end)
    signal.signal(signal.SIGINT, end)
    with log_file().open("ab") as log:
        # a group of its own, so that all of it can be told to end, and is told once
        group: dict[str, Any] = {"start_new_session": True}
        if sys.platform == "win32":
            group = {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP}
        process = subprocess.Popen(
            [python, *words, "--log-level", "warning"],
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            **group,
        )
    on_start()
    try:
        while process.poll() is None and not is_over:
            time.sleep(0.2)
    finally:
        code = process.poll()
        _end(process)
    return 0 if is_over else (code or 1)


def log_file() -> Path:
    """Where Dagster says what goes wrong with itself."""
    return schedule_folder() / "dagster.log"


def _end(process: "subprocess.Popen[bytes]") -> None:
    """Ask all of it to end as Ctrl-C does, and kill what has not ended in time."""
    if sys.platform == "win32":
        process.send_signal(signal.CTRL_BREAK_EVENT)
        with suppress(subprocess.TimeoutExpired):
            process.wait(ENDING_S)
        subprocess.run(["taskkill", "/f", "/t", "/pid", str(process.pid)], capture_output=True, check=False)  # noqa: S607
        return
    for each in (signal.SIGINT, signal.SIGKILL):
        until = time.monotonic() + ENDING_S
        with suppress(ProcessLookupError):
            os.killpg(process.pid, each)
            while time.monotonic() < until:
                process.poll()  # or it would stay in the group
                os.killpg(process.pid, 0)
                time.sleep(0.1)


def _environment(folder: Path) -> Path:
    """The Python that has Dagster: this one, one that is named, or one made of the pins."""
    if all(find_spec(name) for name in ("dagster", "dagster_dbt", "dagster_webserver")):
        return Path(sys.executable)
    place = Path(os.environ.get(ENVIRONMENT_VARIABLE) or folder / "environment")
    python = make_environment(place, PINS)
    (packages,) = [*place.glob("lib/python*/site-packages"), *place.glob("Lib/site-packages")]
    # simrace itself, and what else is installed beside it, such as the extras; what the pins name goes first
    ours = [Path(each) for each in sys.path if each.endswith(("site-packages", "dist-packages"))]
    checkout = Path(__file__).parents[2]
    lines = [str(checkout), *(f"import site; site.addsitedir({str(each)!r})" for each in ours)]
    (packages / "simrace_of_starter.pth").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return python
