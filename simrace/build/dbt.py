"""Run dbt on the warehouse, in this process, which holds the warehouse where dbt writes."""

import gc
import logging
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ingestion.disk import tell_broken_off, tell_full_disk
from simrace.database.connection import ConnectionParameters
from simrace.database.pseudonyms import session_options
from simrace.database.retry import SecondHandError
from simrace.logs import log_event

PROJECT_VARIABLE = "SIMRACE_PROJECT"
HOLD_VARIABLE = "SIMRACE_HOLDS_WAREHOUSE"  # read by macros/hooks/hold.sql


class BuildError(SecondHandError):
    """dbt did not do all that it was asked; the text says what failed and where to look.

    Attributes:
        invocation_id: The id of dbt's invocation, if dbt got as far as that.
    """

    def __init__(self, message: str, invocation_id: str | None = None) -> None:
        super().__init__(message)
        self.invocation_id = invocation_id


@dataclass(frozen=True)
class Progress:
    """One step of a build.

    Attributes:
        done: Steps done so far.
        total: Steps in all.
        name: What is being done.
    """

    done: int
    total: int
    name: str


@dataclass
class BuildResult:
    """What dbt did.

    Attributes:
        counts: Number of steps by how they ended, such as success, pass, warn, error, fail, skipped.
        problems: One line for each step that failed or warned.
        invocation_id: Its id in dbt's log, its artifacts and ops.dbt_results.
    """

    counts: dict[str, int] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)
    invocation_id: str | None = None


def project_directory() -> Path:
    """The folder with dbt_project.yml: SIMRACE_PROJECT, else this folder or one above it, else the checkout.

    Raises:
        BuildError: there is none.
    """
    named = os.environ.get(PROJECT_VARIABLE)
    candidates = [Path(named)] if named else [Path.cwd(), *Path.cwd().parents, Path(__file__).parents[2]]
    for candidate in candidates:
        if (candidate / "dbt_project.yml").is_file():
            return candidate.absolute()
    raise BuildError(
        f"There is no dbt_project.yml in {named or Path.cwd()}. Run simrace in its checkout, or name that in "
        f"{PROJECT_VARIABLE}."
    )


@contextmanager
def set_for_dbt(parameters: ConnectionParameters, project: Path) -> Iterator[None]:
    """What dbt needs to know for a while: the project, the database, the pseudonyms' key, and that we hold the lock.

    Python looks for garbage less often meanwhile: that takes a sixth of dbt's time, and costs 140 MB whatever the data.
    What dbt leaves is not searched either, which would take a second at the end: `collect_garbage` is for who goes on.

    Args:
        parameters: The database.
        project: The folder with dbt_project.yml.
    """
    ours = {
        "DBT_PROJECT_DIR": str(project),
        "DBT_PROFILES_DIR": str(project),
        HOLD_VARIABLE: "1",
        **parameters.environment(),
        **session_options(os.environ),
    }
    usual = {name: os.environ.get(name) for name in ours}, gc.get_threshold()
    os.environ.update(ours)
    gc.set_threshold(1_000_000)
    try:
        yield
    finally:
        gc.freeze()
        gc.set_threshold(*usual[1])
        for name, value in usual[0].items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def collect_garbage() -> None:
    """Give back the memory that dbt has left, which takes a second; for a process that stays."""
    gc.unfreeze()
    gc.collect()


def run_dbt(
    arguments: list[str],
    parameters: ConnectionParameters,
    on_progress: Callable[[Progress], object] = lambda _: None,
) -> BuildResult:
    """Run one dbt command in the project, without its own output.

    Args:
        arguments: As on dbt's command line, such as ["build"].
        parameters: The database.
        on_progress: Called at the start of each step.

    Raises:
        BuildError: a step failed, or dbt itself; the text names the log with the details.
        KeyboardInterrupt: Ctrl-C.
    """
    from dbt.cli.main import dbtRunner  # imported here, because it takes a second that `simrace --help` need not wait

    project = project_directory()
    result = BuildResult()

    def on_event(event: Any) -> None:
        result.invocation_id = event.info.invocation_id
        if event.info.name == "LogStartLine":
            on_progress(Progress(event.data.index - 1, event.data.total, event.data.description))

    log_event("dbt_started", command=arguments[0])
    began = time.monotonic()
    runner = dbtRunner(callbacks=[on_event])
    log = Path(os.environ.get("DBT_LOG_PATH", project / "logs")).absolute() / "dbt.log"
    # Statements would fill many megabytes; those that failed are in target/ too.
    severity = os.environ.get("DBT_LOG_LEVEL_FILE", "info")
    logging_options = ["--log-level", "none", "--log-level-file", severity, "--log-path", str(log.parent)]
    with set_for_dbt(parameters, project):
        outcome = runner.invoke([*arguments, *logging_options])
    for step in getattr(outcome.result, "results", None) or []:
        status = str(step.status)
        result.counts[status] = result.counts.get(status, 0) + 1
        if status in ("error", "fail", "warn"):
            message = " ".join((step.message or "").split())
            result.problems.append(f"{status}: {step.node.name}: {message}")
            # The log gets no message, because a message may show rows.
            level = logging.WARNING if status == "warn" else logging.ERROR
            log_event("dbt_node_ended", level, node=step.node.name, status=status, failures=step.failures)
    log_event(
        "dbt_ended",
        level=logging.INFO if outcome.success else logging.ERROR,
        command=arguments[0],
        outcome="succeeded" if outcome.success else "failed",
        invocation_id=result.invocation_id,
        seconds=round(time.monotonic() - began, 3),
        nodes=sum(result.counts.values()),
        problems=len(result.problems),
    )
    if isinstance(outcome.exception, KeyboardInterrupt):  # Ctrl-C is not a failure of dbt
        raise outcome.exception
    if not outcome.success:
        problems = "\n".join(result.problems) or str(outcome.exception or "dbt stopped without saying why")
        if way_out := tell_full_disk(problems, project) or tell_broken_off(problems):
            problems += f"\n{way_out}"
        raise BuildError(
            f"dbt {arguments[0]} failed:\n{problems}\nThe details are in {log}.",
            result.invocation_id,
        )
    return result
