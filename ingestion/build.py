"""Run dbt on the warehouse, in this process."""

import gc
import logging
import os
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ingestion.database import ConnectionParameters
from ingestion.dbt_environment import collect_garbage_seldom
from ingestion.disk import tell_broken_off, tell_full_disk
from ingestion.logs import log_event
from ingestion.pseudonyms import session_options

PROJECT_VARIABLE = "SIMRACE_PROJECT"


class BuildError(RuntimeError):
    """dbt did not do all that it was asked; the text says what failed and where to look.

    Attributes:
        invocation_id: dbt's, when it got as far as that.
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
        invocation_id: By which dbt's log, its artifacts and ops.dbt_results name it.
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
    candidates = [Path(named)] if named else [Path.cwd(), *Path.cwd().parents, Path(__file__).parents[1]]
    for candidate in candidates:
        if (candidate / "dbt_project.yml").is_file():
            return candidate.absolute()
    raise BuildError(
        f"There is no dbt_project.yml in {named or Path.cwd()}. Run simrace in its checkout, or name that in "
        f"{PROJECT_VARIABLE}."
    )


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
        BuildError: a step failed, or dbt itself; the text says in which log the details are.
        KeyboardInterrupt: Ctrl-C.
    """
    from dbt.cli.main import dbtRunner  # here, because it takes a second that `simrace --help` should not

    project = project_directory()
    result = BuildResult()

    def on_event(event: Any) -> None:
        result.invocation_id = event.info.invocation_id
        if event.info.name == "LogStartLine":
            on_progress(Progress(event.data.index - 1, event.data.total, event.data.description))

    os.environ.update(parameters.environment() | session_options(os.environ))
    log_event("dbt_started", command=arguments[0])
    began = time.monotonic()
    runner = dbtRunner(callbacks=[on_event])
    folders = ["--project-dir", str(project), "--profiles-dir", str(project)]
    log = Path(os.environ.get("DBT_LOG_PATH", project / "logs")).absolute() / "dbt.log"
    # Of the statements there are many megabytes; those that failed stand in target/ too.
    severity = os.environ.get("DBT_LOG_LEVEL_FILE", "info")
    logging_options = ["--log-level", "none", "--log-level-file", severity, "--log-path", str(log.parent)]
    usual = gc.get_threshold()
    collect_garbage_seldom()
    try:
        outcome = runner.invoke([*arguments, *folders, *logging_options])
    finally:
        gc.set_threshold(*usual)
    for step in getattr(outcome.result, "results", None) or []:
        status = str(step.status)
        result.counts[status] = result.counts.get(status, 0) + 1
        if status in ("error", "fail", "warn"):
            message = " ".join((step.message or "").split())
            result.problems.append(f"{status}: {step.node.name}: {message}")
            # Without the message: it may show rows.
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
    if isinstance(outcome.exception, KeyboardInterrupt):  # Ctrl-C is no failure of dbt's
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
