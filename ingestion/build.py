"""Run dbt on the warehouse, in this process."""

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ingestion.database import ConnectionParameters
from ingestion.disk import tell_broken_off, tell_full_disk

PROJECT_VARIABLE = "SIMRACE_PROJECT"


class BuildError(RuntimeError):
    """dbt did not do all that it was asked; the text says what failed and where to look."""


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
    """

    counts: dict[str, int] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)


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
        BuildError: a step failed, or dbt itself; the details are in logs/dbt.log of the project.
    """
    from dbt.cli.main import dbtRunner  # here, because it takes a second that `simrace --help` should not

    project = project_directory()

    def on_event(event: Any) -> None:
        if event.info.name == "LogStartLine":
            on_progress(Progress(event.data.index - 1, event.data.total, event.data.description))

    os.environ.update(parameters.environment())
    runner = dbtRunner(callbacks=[on_event])
    folders = ["--project-dir", str(project), "--profiles-dir", str(project)]
    outcome = runner.invoke([*arguments, *folders, "--log-level", "none", "--log-path", str(project / "logs")])
    result = BuildResult()
    for step in getattr(outcome.result, "results", None) or []:
        status = str(step.status)
        result.counts[status] = result.counts.get(status, 0) + 1
        if status in ("error", "fail", "warn"):
            message = " ".join((step.message or "").split())
            result.problems.append(f"{status}: {step.node.name}: {message}")
    if not outcome.success:
        problems = "\n".join(result.problems) or str(outcome.exception or "dbt stopped without saying why")
        if way_out := tell_full_disk(problems, project) or tell_broken_off(problems):
            problems += f"\n{way_out}"
        raise BuildError(f"dbt {arguments[0]} failed:\n{problems}\nThe details are in {project / 'logs' / 'dbt.log'}.")
    return result
