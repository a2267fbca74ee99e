"""Run dbt on the warehouse, in this process, which holds the warehouse where dbt writes."""

import gc
import hashlib
import logging
import os
import pickle
import re
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, fields
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any

from ingestion.disk import tell_broken_off, tell_full_disk
from simrace.build.last_build import hash_of_project
from simrace.build.project import project_directory, working_directory
from simrace.database.connection import ConnectionParameters
from simrace.database.pseudonyms import session_options
from simrace.database.retry import SecondHandError
from simrace.logs import log_event

HOLD_VARIABLE = "SIMRACE_HOLDS_WAREHOUSE"  # read by macros/hooks/hold.sql


class BuildError(SecondHandError):
    """dbt did not do all that it was asked; the text says what failed and where to look.

    Attributes:
        invocation_id: The id of dbt's invocation, if dbt got as far as that.
        steps: What was done, with what failed.
    """

    def __init__(self, message: str, invocation_id: str | None = None, steps: Sequence["Step"] = ()) -> None:
        super().__init__(message)
        self.invocation_id = invocation_id
        self.steps = steps


@dataclass(frozen=True)
class Step:
    """A model, seed or test, and how it ended.

    Attributes:
        node: Its unique id.
        status: success, pass, warn, error, fail, skipped or no-op.
        seconds: How long it took.
        message: What dbt says of it, without rows.
        failures: How many rows a test found.
    """

    node: str
    status: str
    seconds: float
    message: str
    failures: int | None = None


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
        steps: Each of the steps, in the order they ended.
    """

    counts: dict[str, int] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)
    invocation_id: str | None = None
    steps: list[Step] = field(default_factory=list)


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
        "DBT_TARGET_PATH": str(target_directory(project)),
        "DBT_LOG_PATH": str(_log_file(project).parent),
        HOLD_VARIABLE: "1",
        **parameters.environment(),
        **session_options(os.environ),
    }
    target_directory(project).mkdir(mode=0o700, parents=True, exist_ok=True)  # SQL in it may name people
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
    """Give back the memory that dbt has left, which takes a second; for a process that stays.

    What lives on is not searched again until the next time, nor when the process ends.
    """
    gc.unfreeze()
    gc.collect()
    gc.freeze()


@dataclass(frozen=True)
class Compiled:
    """A model or seed as dbt would build it.

    Attributes:
        name: Its name.
        relation: Its table in the database, as SQL names it.
        columns: Type of each column, of a seed that declares them; else empty.
        code: The SQL that makes its rows; empty for a seed.
        parents: Names of the models and seeds that it reads.
    """

    name: str
    relation: str
    columns: dict[str, str]
    code: str
    parents: frozenset[str]


class ParsedProject:
    """dbt loaded and the project parsed, for a process that builds more than once.

    Each invocation gets a copy of the parse. dbt and our macros change the one that they work on: what a hook has read
    from the warehouse stays in its `graph`, and a node that has been compiled cannot be compiled again.
    """

    def __init__(self) -> None:
        """Nothing is loaded yet."""
        self._made_from = b""
        self._pickled = b""

    def prepare(self, parameters: ConnectionParameters) -> None:
        """Load dbt, parse the project and compile its macros, unless that is done; then give back memory.

        Args:
            parameters: The database.

        Raises:
            BuildError: the project cannot be parsed.
        """
        project = project_directory()
        try:
            with set_for_dbt(parameters, project):
                _compile_macros(self.manifest(project))
        finally:
            collect_garbage()

    def manifest(self, project: Path) -> Any:
        """A manifest that nobody has used yet. It is parsed anew when a file or the environment has changed.

        Args:
            project: The folder with dbt_project.yml; call this within `set_for_dbt`.

        Raises:
            BuildError: the project cannot be parsed; KeyboardInterrupt: Ctrl-C.
        """
        # Any variable may be read by a macro or by profiles.yml. A hash, because passwords are among them.
        parts = (hash_of_project(project), str(project), sorted(os.environ.items()))
        made_from = hashlib.sha256(repr(parts).encode()).digest()
        if made_from != self._made_from:
            self._made_from = b""
            outcome = _invoke(["parse", "--no-write-json"], project)
            if not outcome.success:
                raise _failed("parse", BuildResult(), outcome.exception, project)
            # A manifest's own way to be pickled mixes up its parts. What begins with `_` dbt makes again when it asks.
            names = (part.name for part in fields(outcome.result) if not part.name.startswith("_"))
            self._pickled = pickle.dumps({name: getattr(outcome.result, name) for name in names})
            self._made_from = made_from
        from dbt.contracts.graph.manifest import Manifest

        return Manifest(**pickle.loads(self._pickled))  # noqa: S301 - made above


def run_dbt(
    arguments: list[str],
    parameters: ConnectionParameters,
    on_progress: Callable[[Progress], object] = lambda _: None,
    parsed: ParsedProject | None = None,
) -> BuildResult:
    """Run one dbt command in the project, without its own output.

    Args:
        arguments: As on dbt's command line, such as ["build"].
        parameters: The database.
        on_progress: Called at the start of each step.
        parsed: The project; None where dbt is to parse it, which it must to write its manifest or to use `--vars`.

    Raises:
        BuildError: a step failed, or dbt itself; the text names the log with the details.
        KeyboardInterrupt: Ctrl-C.
    """
    project = project_directory()
    result = BuildResult()

    def on_event(event: Any) -> None:
        result.invocation_id = event.info.invocation_id
        if event.info.name == "LogStartLine":
            on_progress(Progress(event.data.index - 1, event.data.total, event.data.description))

    log_event("dbt_started", command=arguments[0])
    began = time.monotonic()
    with set_for_dbt(parameters, project):
        outcome = _invoke(arguments, project, parsed.manifest(project) if parsed else None, on_event)
    for step in getattr(outcome.result, "results", None) or []:
        status = str(step.status)
        result.counts[status] = result.counts.get(status, 0) + 1
        message = re.sub(
            r"DETAIL: Failing row contains .*?(?= compiled code at |$)", "", " ".join((step.message or "").split())
        )
        result.steps.append(Step(step.node.unique_id, status, step.execution_time, message, step.failures))
        if status in ("error", "fail", "warn"):
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
    if not outcome.success:
        raise _failed(arguments[0], result, outcome.exception, project)
    return result


def compile_models(parameters: ConnectionParameters, selection: list[str]) -> list[Compiled]:
    """Let dbt write out the SQL of models, and run none of it.

    Args:
        parameters: The database.
        selection: Models, as `--select` takes them.

    Returns:
        The models, each after those that it reads, with the seeds and models beside them that they read.

    Raises:
        BuildError: the project cannot be compiled.
        KeyboardInterrupt: Ctrl-C.
    """
    project = project_directory()
    options = ["--no-write-json", "--no-populate-cache", "--indirect-selection", "empty"]
    arguments = ["compile", *options, "--select", *selection]
    with set_for_dbt(parameters, project):
        manifest = ParsedProject().manifest(project)
        outcome = _invoke(arguments, project, manifest)
    if not outcome.success:
        raise _failed("compile", BuildResult(), outcome.exception, project)
    code = {each.node.unique_id: each.node.compiled_code for each in outcome.result.results}
    parents = {key: [each for each in manifest.nodes[key].depends_on_nodes if each in manifest.nodes] for key in code}
    return [
        Compiled(
            node.name,
            node.relation_name,
            dict(node.config.get("column_types") or {}),
            code.get(node.unique_id, ""),
            frozenset(manifest.nodes[parent].name for parent in parents.get(node.unique_id, [])),
        )
        for node in (manifest.nodes[key] for key in TopologicalSorter(parents).static_order())
    ]


def _invoke(
    arguments: list[str], project: Path, manifest: Any = None, on_event: Callable[[Any], None] = lambda _: None
) -> Any:
    """Run one dbt command; call this within `set_for_dbt`."""
    # imported here, because it takes a second that `simrace --help` need not wait
    from dbt.cli.main import dbtRunner

    from simrace.build.connections import keep_connections

    keep_connections()
    # Statements would fill many megabytes; those that failed are in target/ too.
    severity = os.environ.get("DBT_LOG_LEVEL_FILE", "info")
    options = ["--log-level", "none", "--log-level-file", severity, "--log-path", str(_log_file(project).parent)]
    return dbtRunner(manifest, [on_event]).invoke([*arguments, *options])


def _compile_macros(manifest: Any) -> None:
    """Compile what dbt would compile at its first use; it keeps that, by its text, as long as the process lives."""
    from dbt_common.clients.jinja import template_cache

    for macro in manifest.macros.values():
        template_cache.get_node_template(macro)


def _failed(command: str, result: BuildResult, exception: BaseException | None, project: Path) -> BaseException:
    if isinstance(exception, KeyboardInterrupt):  # Ctrl-C is not a failure of dbt
        return exception
    problems = "\n".join(result.problems) or str(exception or "dbt stopped without saying why")
    if way_out := tell_full_disk(problems, project) or tell_broken_off(problems):
        problems += f"\n{way_out}"
    return BuildError(
        f"dbt {command} failed:\n{problems}\nThe details are in {_log_file(project)}.",
        result.invocation_id,
        result.steps,
    )


def _log_file(project: Path) -> Path:
    return (working_directory(project) / (os.environ.get("DBT_LOG_PATH") or "logs")).absolute() / "dbt.log"


def target_directory(project: Path) -> Path:
    """The folder that dbt writes to.

    Args:
        project: Folder with dbt_project.yml.
    """
    return (working_directory(project) / (os.environ.get("DBT_TARGET_PATH") or "target")).absolute()
