"""Build the marts by turns: PostgreSQL what is small, the engine what grows."""

import json
import os
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from functools import partial
from typing import Any

from simrace.build.dbt import BuildResult, ParsedProject, Progress, run_dbt, set_for_dbt
from simrace.build.last_build import hash_of_project
from simrace.build.project import project_directory
from simrace.database.connection import ConnectionParameters
from simrace.lake.choices import forget_choices
from simrace.lake.engine import run_on_engine
from simrace.lake.inputs import copy_inputs
from simrace.lake.plan import Phase, grows, phases
from simrace.lake.publish import publish
from simrace.lake.settings import Lake
from simrace.logs import log_event

# Unit tests check our logic and not these files; `make test` runs them.
# A test has its phase as a model has: that of a model beside it may be too early.
_QUICKLY = ("--no-write-json", "--exclude-resource-type", "unit_test", "--indirect-selection", "empty")
PART_VARIABLE = "SIMRACE_BUILDS_PART"  # read by macros: what the end of a build does waits for its last part


def build_by_turns(
    parameters: ConnectionParameters,
    lake: Lake,
    patiently: Callable[[Callable[[], Any]], Any],
    on_step: Callable[[Progress], object] = lambda _: None,
    full_refresh: bool = False,
    only_files: bool = False,
    pseudonymise: bool | None = None,
) -> BuildResult:
    """Build and test everything.

    Args:
        parameters: The warehouse, which is held.
        lake: The lake, which is named in it (`publish.set_engine`).
        patiently: Calls what talks to the warehouse, and again after a fault that passes.
        on_step: Called at the start of each step.
        full_refresh: Build every table anew.
        only_files: Nothing but files is new: seeds and views stay.
        pseudonymise: Publish drivers under keyed hashes, which PostgreSQL makes; None as before.

    Raises:
        BuildError: a model or test failed.
        LakeError: the engine has no environment, or does not answer.
    """
    project = project_directory()
    parsed = ParsedProject()
    with set_for_dbt(parameters, project):
        manifest = parsed.manifest(project)
    by_name = {node.name: node for node in manifest.nodes.values()}
    keys = {name: node.config.get("key") for name, node in by_name.items() if grows(node)}
    options = ("--full-refresh",) if full_refresh else ()
    told = () if pseudonymise is None else ("--vars", json.dumps({"pseudonymise": pseudonymise}))
    code = hash_of_project(project)
    counts: Counter[str] = Counter()
    total = BuildResult()
    found = phases(manifest)
    for number, phase in enumerate(found):
        if phase.is_of_lake:
            on_step(Progress(number, len(found), f"on {lake.engine}"))
            result = build_phase(parameters, lake, patiently, phase, options, keys, by_name, code)
        else:
            names = [name for name in phase.names if not (only_files and _stays(by_name[name]))]
            if not names:
                continue
            arguments = ["build", *_QUICKLY, *options, *told, "--select", *names]
            with as_part(is_last=number == len(found) - 1):
                result = patiently(partial(run_dbt, arguments, parameters, on_step, None if told else parsed))
            total.invocation_id = result.invocation_id
        counts.update(result.counts)
        total.problems += result.problems
        total.steps += result.steps
    total.counts = dict(counts)

    def forget() -> None:
        with closing(parameters.connect()) as connection:
            forget_choices(connection)

    patiently(forget)
    return total


def build_phase(
    parameters: ConnectionParameters,
    lake: Lake,
    patiently: Callable[[Callable[[], Any]], Any],
    phase: Phase,
    options: tuple[str, ...],
    keys: dict[str, str],
    nodes: dict[str, Any],
    code: str,
) -> BuildResult:
    """Build a phase of the lake; nothing, where neither an input nor code changed since it was done.

    Args:
        parameters: The warehouse.
        lake: The lake.
        patiently: As `build_by_turns` takes it.
        phase: The phase.
        options: More of `dbt build`.
        keys: Key column of each model that grows.
        nodes: dbt's models and seeds by name.
        code: Hash of the project.

    Raises:
        BuildError: a model or test failed.
        LakeError: as `run_on_engine`.
    """
    done = lake.folder / f"{lake.engine}-{phase.names[0]}.done"
    state = repr((code, phase, lake, os.environ.get("SIMRACE_SPARK_PUBLISHES")))
    relations = {name: f"{nodes[name].schema}.{nodes[name].alias}" for name in phase.inputs}

    def copy() -> dict[str, int]:
        with closing(parameters.connect()) as connection:
            return copy_inputs(connection, lake.exchange / "inputs", relations)

    def take_over() -> dict[str, int]:
        with closing(parameters.connect()) as connection:
            return publish(connection, lake.exchange / "published", keys)

    patiently(take_over)  # what one that was killed left
    copied = patiently(copy)
    if not (copied or options) and done.exists() and done.read_text("utf-8") == state:
        return BuildResult()
    tests_all = not done.exists()  # of what a build left that did not end nobody knows what was tested
    done.unlink(missing_ok=True)
    result = run_on_engine(lake, project_directory(), phase, options, tests_all)
    published = patiently(take_over)
    patiently(copy)  # what is published from now on is a change
    done.write_text(state, "utf-8")
    log_event("lake_built", engine=lake.engine, copied=copied, published=published)
    return result


def _stays(node: Any) -> bool:
    return bool(node.resource_type == "seed" or node.config.materialized == "view")


@contextmanager
def as_part(is_last: bool) -> Iterator[None]:
    """Let dbt know for a while that what it builds is a part.

    Args:
        is_last: Whether all others are built.
    """
    os.environ[PART_VARIABLE] = "last" if is_last else "early"
    try:
        yield
    finally:
        os.environ.pop(PART_VARIABLE, None)
