"""What the commands do, without any output: the command line, `simrace watch` and the HTTP API call these."""

import json
import logging
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass

import psycopg2
import yaml

from ingestion.disk import tell_broken_off, tell_full_disk
from ingestion.errors import ReadableError
from ingestion.landing import Landing
from ingestion.loading import Loader, import_dlt
from ingestion.outcomes import Outcome
from ingestion.read_again import older_readings
from ingestion.settings import home_directory
from ingestion.sources import Recall, Source
from simrace.build import last_build
from simrace.build.dbt import BuildError, BuildResult, ParsedProject, Progress, run_dbt
from simrace.build.last_build import Due
from simrace.build.project import is_behind, project_directory
from simrace.build.runs import Run, log_landing, recorded
from simrace.build.seed_files import put_own_rows
from simrace.database import lock
from simrace.database.connection import ConnectionParameters, connection_parameters
from simrace.database.server_system import Notify
from simrace.lake.choices import engine_of, set_engine
from simrace.lake.settings import POSTGRES, SPARK, lake
from simrace.logs import log_event
from simrace.operations.forget import Content, drop_work_files, find_named
from simrace.operations.forget import forget as forget_contents
from simrace.operations.forget import strike as strike_driver
from simrace.operations.formats import check_declared
from simrace.operations.retention import Expired, Tier, find_expired
from simrace.operations.retention import retire as retire_parts
from simrace.operations.webhook import notify_of_run

# Messages of the database itself name no way out, so `tell` adds one.
KNOWN_ERRORS = (ReadableError, psycopg2.Error)


@dataclass(frozen=True)
class Work:
    """A command at work: its record, the database, and its hold on the warehouse."""

    run: Run
    parameters: ConnectionParameters
    hold: lock.Hold


def tell(error: Exception) -> str:
    """What is wrong, and the way out.

    Args:
        error: One of KNOWN_ERRORS.
    """
    if not isinstance(error, psycopg2.Error):
        return str(error)
    said = str(error).strip()
    way_out = tell_full_disk(said, home_directory()) or tell_broken_off(said) or "Run the same again."
    return f"the database broke off: {said}\n{way_out}"


def say_in_log(message: str) -> None:
    """Write to the log, for commands that nobody watches on a terminal."""
    log_event("said", message=message)


@contextmanager
def begin(command: str, say: Notify, is_told: bool = True) -> Iterator[Work]:
    """Hold the warehouse for a command, record it, and send its problems to the webhook.

    Args:
        command: Its name, as ops.runs has it.
        say: Called with each message to people, such as that another run is waited for.
        is_told: Whether the webhook is told; not where somebody else tells it, once for several tries.

    Raises:
        DatabaseError: the database cannot be reached.
    """
    run = None
    try:
        with recorded(command) as run:
            run.parameters = parameters = connection_parameters(say)
            if is_behind(project_directory()):
                say(f"{project_directory()} is a copy of another version: `simrace init --diff` shows what is new.")
            with lock.exclusive(parameters, lambda: say(lock.WAITING)) as hold:
                yield Work(run, parameters, hold)
    except Exception:
        if run and is_told:
            _notify(run, say)
        raise
    if is_told:
        _notify(run, say)


def loader(parameters: ConnectionParameters) -> Loader:
    """The loader of this warehouse."""
    return Loader(home_directory(), parameters.url, parameters.name)


def land(
    work: Work,
    open_batch: Callable[[Recall], Iterable[Source]],
    on_bytes: Callable[[int], object] = lambda _: None,
    include_forgotten: bool = False,
) -> list[Outcome]:
    """Land what is new among files; a bad file does not keep the others out.

    Args:
        work: From `begin`.
        open_batch: Gives the files, each time from the first; what it is called with tells those that are known.
        on_bytes: Called with the number of bytes read since the last call.
        include_forgotten: Land also what was forgotten on purpose.

    Returns:
        One outcome for each file, in the order they were found.

    Raises:
        LandingError: the files could not be unpacked here, or the database did not take the load.
        SettingError: an environment variable is no number.
        DeclarationError: a format is declared wrongly.
    """
    check_declared()
    landing = Landing(loader(work.parameters), open_batch, on_bytes, include_forgotten)

    def attempt() -> list[Outcome]:
        with closing(work.parameters.connect()) as connection:
            return landing.land(connection)

    with work.run.landing():
        outcomes = work.hold.patiently(attempt)
    work.run.count(outcomes)
    with closing(work.parameters.connect()) as connection:
        log_landing(connection, outcomes)
    return outcomes


def read_by_older(work: Work) -> dict[str, int]:
    """How many landed texts are as an older declaration read them, by format: that of now cannot read them."""
    with closing(work.parameters.connect()) as connection:
        return Counter(each.source_format for each in older_readings(connection))


def due(work: Work) -> Due:
    """Which part of the marts a build would change.

    Raises:
        SeedError: a file of people's own rows is wrong.
    """
    with closing(work.parameters.connect()) as connection:
        put_own_rows(connection, project_directory())
        return last_build.due(connection, project_directory())


def prepare(parsed: ParsedProject, say: Notify) -> None:
    """Do now what the next build would do first, in a process that waits for files.

    What fails here fails again when a file comes, and is told then.

    Args:
        parsed: The project that the build will use.
        say: Called with each message to people, such as that the server is set up.
    """
    try:
        import_dlt()
        parsed.prepare(connection_parameters(say))
    except Exception as error:
        log_event("not_prepared", level=logging.WARNING, error=type(error).__name__)


def build_some(work: Work, names: list[str]) -> BuildResult:
    """Build and test some models, and nothing beside them.

    Args:
        work: From `begin`.
        names: Models and seeds, as `--select` takes them.

    Raises:
        BuildError: a model or test failed, or dbt itself.
        SeedError: a file of people's own rows is wrong.
    """
    with closing(work.parameters.connect()) as connection:
        put_own_rows(connection, project_directory())
    arguments = ["build", "--exclude-resource-type", "unit_test", "--indirect-selection", "buildable", "--select"]
    with work.run.building():
        return work.hold.patiently(lambda: run_dbt([*arguments, *names], work.parameters))


def build_marts(
    work: Work,
    on_step: Callable[[Progress], object] = lambda _: None,
    full_refresh: bool = False,
    pseudonymise: bool | None = None,
    selector: str | None = None,
    parsed: ParsedProject | None = None,
    engine: str | None = None,
) -> BuildResult:
    """Build and test the marts from what is landed.

    Args:
        work: From `begin`.
        on_step: Called at the start of each step of dbt's.
        full_refresh: Build every table anew from raw.
        pseudonymise: Publish drivers under keyed hashes; None as before.
        selector: The part that is due, of `due`; None for everything.
        parsed: The project, in a process that keeps it.
        engine: Who builds what grows, from now on; None as before.

    Raises:
        BuildError: a model or test failed, or dbt itself.
        SeedError: a file of people's own rows is wrong.
        LakeError: there is no such engine, or it does not answer.
    """
    with closing(work.parameters.connect()) as connection:
        put_own_rows(connection, project_directory())
        inputs = last_build.made_from(connection, project_directory())
        if engine is not None:
            set_engine(connection, None if engine == POSTGRES else lake(engine).engine)
        engine = engine_of(connection)
    # Unit tests check our logic and not these files; `make test` runs them.
    arguments = ["build", "--exclude-resource-type", "unit_test"]
    if selector is not None:
        # Only files are new, so the manifest that the last build wrote is that of this one; to write it takes a second.
        arguments += ["--selector", selector, "--no-write-json"]
    else:
        parsed = None  # dbt parses the project itself where it is to write the manifest
    if full_refresh:
        arguments.append("--full-refresh")
    if pseudonymise is not None:
        arguments += ["--vars", json.dumps({"pseudonymise": pseudonymise})]
    try:
        with work.run.building():
            if engine:
                from simrace.lake.build import (
                    build_by_turns,  # here: most warehouses have no engine, and Arrow takes long
                )

                result = build_by_turns(
                    work.parameters,
                    lake(engine),
                    work.hold.patiently,
                    on_step,
                    full_refresh,
                    selector is not None,
                    pseudonymise,
                )
            else:
                result = work.hold.patiently(lambda: run_dbt(arguments, work.parameters, on_step, parsed))
    except BuildError as error:
        work.run.invocation_id = error.invocation_id
        raise
    work.run.invocation_id = result.invocation_id
    if pseudonymise is None:  # with the option, the next run without it may have to build
        with closing(work.parameters.connect()) as connection:
            last_build.record(connection, inputs)
    return result


def tidy_lake(work: Work) -> None:
    """Delete from the lake what no table holds any more, after a build; where there is none, nothing is done."""
    with closing(work.parameters.connect()) as connection:
        engine = engine_of(connection)
    if engine == SPARK:
        from simrace.lake.engine import run_macro

        run_macro(lake(engine), project_directory(), "tidy_lake")


def fetch_session(work: Work, session_id: str, is_wanted: bool = True) -> dict[str, int]:
    """Copy a session's samples and traces from the lake, or let them go; see `simrace.lake.fetch`."""
    from simrace.lake.fetch import fetch

    return work.hold.patiently(lambda: fetch(work.parameters, session_id, is_wanted))


def forget(work: Work, contents: list[Content]) -> dict[str, int]:
    """Delete every row and copy of contents. Return the number of deleted rows by table."""

    def attempt() -> dict[str, int]:
        with closing(work.parameters.connect()) as connection:
            return forget_contents(connection, contents)

    deleted = work.hold.patiently(attempt)
    drop_work_files(loader(work.parameters))
    return deleted


def strike(work: Work, driver_id: str) -> bool:
    """Strike a driver from what is published of other people's logs. Return whether logs name drivers by such an id."""

    def attempt() -> bool:
        with closing(work.parameters.connect()) as connection:
            return strike_driver(connection, driver_id)

    return work.hold.patiently(attempt)


def expired(work: Work) -> list[Expired]:
    """What has expired of old sessions."""
    limits = yaml.safe_load((project_directory() / "dbt_project.yml").read_text(encoding="utf-8"))["vars"]["retention"]
    with closing(work.parameters.connect()) as connection:
        return find_expired(connection, limits)


def retire(work: Work, old: list[Expired], place: str | None, say: Notify) -> dict[str, int]:
    """Delete what has expired. For whole sessions, return the number of deleted rows by table.

    Args:
        work: From `begin`.
        old: What has expired.
        place: Folder or address that keeps its files; None keeps none.
        say: Called with what stays, and why.

    Raises:
        ArchiveError: the place does not take them. What it has taken before is let go.
    """
    if place is None:
        return _retire(work, old)
    deleted: Counter[str] = Counter()
    from simrace.operations.archive import batches, keep_files  # numpy takes long to import

    for month, batch in batches(old):
        kept = keep_files(work.parameters, place, month, batch)
        deleted.update(_retire(work, kept))
        if stay := [str(each.session_id) for each in batch if each not in kept]:
            say(
                f"{', '.join(stay)}: not let go, because simrace cannot write every file of it, and the file is not "
                "where it was seen. Without a place for files it is let go."
            )
    return dict(deleted)


def _retire(work: Work, old: list[Expired]) -> dict[str, int]:
    whole = [each for each in old if each.tier is Tier.SESSION]
    with closing(work.parameters.connect()) as connection:
        retire_parts(connection, (each for each in old if each.tier is not Tier.SESSION))
        contents = find_named(connection, [file_id for each in whole for file_id in each.file_ids])
    return forget(work, contents) if contents else {}


def _notify(run: Run, say: Notify) -> None:
    if answer := notify_of_run(run):
        say(answer)
