"""Run dbt on the engine: in its own environment, with a target and a parse of its own."""

import json
import os
import re
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from simrace.build.dbt import BuildError, BuildResult, Step
from simrace.build.environment import make_environment
from simrace.lake.cluster import known
from simrace.lake.plan import Phase
from simrace.lake.settings import PINS, SPARK, Lake, LakeError

_BUILD = ("build", "--indirect-selection", "empty")
_NO_UNIT_TESTS = ("--exclude-resource-type", "unit_test")  # which `empty` leaves out of nothing
_FINE = ("success", "pass", "skipped", "no-op")
_SECRET = re.compile(r"(password=)[^&\s'\":]+")  # of the catalog, in what Spark says of it
_HIDDEN = re.compile(r"PYTHONPATH|DBT_|SIMRACE_(DB|DATABASE)_|PG|DBT_ENV_SECRET_")


def run_on_engine(
    lake: Lake,
    project: Path,
    phase: Phase,
    options: tuple[str, ...] = (),
    tests_all: bool = False,
    unit_tests: bool = False,
) -> BuildResult:
    """Build models of the lake, test them, and write what is to be published.

    Args:
        lake: The lake; its inputs are copied.
        project: Folder of dbt_project.yml.
        phase: What is built.
        options: More of `dbt build`.
        tests_all: Whether tests of sessions look at all of them, and not only at those that are built now.
        unit_tests: Whether unit tests are run too. They check our logic and not these files.

    Raises:
        BuildError: a model or test failed; the text says what.
        LakeError: there is no environment, and none can be made; or no Spark runs.
    """
    variables = {"SIMRACE_SPARK_INPUTS": " ".join(phase.inputs), "SIMRACE_SPARK_TESTS": "all" if tests_all else ""}
    left_out = () if unit_tests else _NO_UNIT_TESTS
    return _run(lake, project, [*_BUILD, *left_out, *options, "--select", *phase.names], variables)


def run_macro(lake: Lake, project: Path, macro: str) -> None:
    """Run a macro of the project on the engine.

    Args:
        lake: The lake.
        project: Folder of dbt_project.yml.
        macro: Its name.

    Raises:
        BuildError: it failed; the text says what.
        LakeError: as `run_on_engine`.
    """
    _run(lake, project, ["run-operation", macro], {})


@contextmanager
def statements_on_engine(lake: Lake, project: Path) -> Iterator[Callable[[list[str]], list[list[list[Any]] | None]]]:
    """Connect to the engine, and go on meanwhile.

    Args:
        lake: The lake.
        project: Folder of dbt_project.yml.

    Yields:
        What runs statements, once: it gives the rows of each; None of one that gives no rows. It raises BuildError
        where one failed; the text says what.

    Raises:
        LakeError: as `run_on_engine`.
    """
    dbt, environment = dbt_of(lake, project)
    # isolated: the modules beside it have names that packages have too
    command = [str(dbt.with_name("python")), "-I", str(Path(__file__).with_name("statements.py")), lake.engine]
    with subprocess.Popen(
        command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:

        def run(statements: list[str]) -> list[list[list[Any]] | None]:
            said, errors = process.communicate(json.dumps(statements))
            if process.returncode:
                lines = errors.strip().splitlines()[-5:]
                raise BuildError(_without_secrets("\n".join([f"Statements on {lake.engine} failed:", *lines])))
            answers: list[list[list[Any]] | None] = json.loads(said.splitlines()[-1])
            return answers

        try:
            yield run
        finally:
            process.kill()  # which has ended, where it was told what to do


def dbt_of(lake: Lake, project: Path) -> tuple[Path, dict[str, str]]:
    """The dbt of the engine's environment, and the environment variables that it is called with.

    Args:
        lake: The lake.
        project: Folder of dbt_project.yml.

    Raises:
        LakeError: no Spark runs, or its server would be open to everyone.
        PackagesError: there is no environment, and none can be made.
    """
    server = _thrift_server(lake)
    python = make_environment(lake.environment, PINS / f"{lake.engine}.lock")
    # nothing of PostgreSQL: its passwords are no business of another process
    environment = {name: value for name, value in os.environ.items() if not _HIDDEN.match(name)}
    return python.with_name("dbt"), environment | {
        "DBT_TARGET_PATH": str(_target(lake)),
        "DBT_LOG_PATH": str(lake.folder / f"{lake.engine}-logs"),
        "DBT_PROFILES_DIR": str(project),
        "DBT_PROJECT_DIR": str(project),
        "DBT_LOG_LEVEL_FILE": "info",
        "DBT_USE_COLORS": "false",
        # its schemas need not be there, and models ask for what they need to know
        "DBT_POPULATE_CACHE": "false",
        "TZ": "UTC",
        **lake.variables(),
        **server,
    }


def _target(lake: Lake) -> Path:
    return lake.folder / f"{lake.engine}-target"


def _run(lake: Lake, project: Path, arguments: list[str], variables: dict[str, str]) -> BuildResult:
    dbt, environment = dbt_of(lake, project)
    (_target(lake) / "run_results.json").unlink(missing_ok=True)
    done = subprocess.run(
        [dbt, *arguments, "--target", lake.engine],
        cwd=project,
        env=environment | variables,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    results = _target(lake) / "run_results.json"
    result = BuildResult()
    for each in json.loads(results.read_text("utf-8"))["results"] if results.exists() else []:
        result.counts[each["status"]] = result.counts.get(each["status"], 0) + 1
        message = " ".join((each["message"] or "").split())
        result.steps.append(Step(each["unique_id"], each["status"], each["execution_time"], message))
        if each["status"] not in _FINE:
            result.problems.append(f"{each['status']}: {each['unique_id'].split('.')[2]}: {message}")
    if done.returncode:
        lines = result.problems or done.stdout.strip().splitlines()[-15:]
        text = [f"dbt on {lake.engine} failed:", *lines, f"The details are in {environment['DBT_LOG_PATH']}."]
        raise BuildError(_without_secrets("\n".join(text)))
    return result


def _without_secrets(text: str) -> str:
    return _SECRET.sub(r"\1...", text)


def _thrift_server(lake: Lake) -> dict[str, str]:
    """Where the thrift server is: as the environment says, else the one that `simrace spark up` started."""
    if lake.engine != SPARK:
        return {}
    host, password = os.environ.get("SIMRACE_SPARK_HOST"), os.environ.get("SIMRACE_SPARK_PASSWORD")
    if host and not password and host not in ("localhost", "127.0.0.1", "::1"):
        raise LakeError(
            f"The thrift server at {host} is on another machine: let it ask for a password, and set "
            "SIMRACE_SPARK_PASSWORD and SIMRACE_SPARK_AUTH (LDAP or CUSTOM)."
        )
    if password:
        return {
            "DBT_ENV_SECRET_SIMRACE_SPARK_PASSWORD": password,
            "SIMRACE_SPARK_AUTH": os.environ.get("SIMRACE_SPARK_AUTH") or "LDAP",
        }
    if host:
        return {}
    cluster = known(lake)
    if cluster is None:
        raise LakeError("No Spark runs here: `simrace spark up`, or name one in SIMRACE_SPARK_HOST (docs/scale.md).")
    return {"SIMRACE_SPARK_PORT": str(cluster.port)}
