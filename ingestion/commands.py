"""What the commands do, without a word to a terminal: the command line, `simrace watch` and the HTTP API call these."""

import json
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass

import psycopg2

from ingestion import last_build, warehouse
from ingestion.build import BuildError, BuildResult, Progress, project_directory, run_dbt
from ingestion.corners import CornersError
from ingestion.dashboard_command import DashboardError
from ingestion.database import ConnectionParameters, DatabaseError, connection_parameters
from ingestion.dbt_environment import home_directory
from ingestion.disk import tell_broken_off, tell_full_disk
from ingestion.export import ExportError
from ingestion.forget import Content, ForgetError, drop_work_files, find_named
from ingestion.forget import forget as forget_contents
from ingestion.landed import Outcome
from ingestion.landing import land_sources
from ingestion.last_build import Due
from ingestion.loading import Loader
from ingestion.logs import log_event
from ingestion.reading import LandingError
from ingestion.retention import Expired, Limits, RetentionError, Tier, find_expired
from ingestion.retention import retire as retire_parts
from ingestion.runs import Run, log_landing, recorded
from ingestion.server_system import Notify
from ingestion.session_report.marts import SessionReportError
from ingestion.settings import SettingError
from ingestion.sources import Recall, Source
from ingestion.webhook import notify_of_run

# Faults that are no fault of simrace: the text of each says what is wrong and what to do.
KNOWN_ERRORS = (
    DatabaseError,
    BuildError,
    CornersError,
    DashboardError,
    ExportError,
    ForgetError,
    LandingError,
    RetentionError,
    SessionReportError,
    SettingError,
    psycopg2.Error,
)


@dataclass(frozen=True)
class Held:
    """A command at work: its record, the database, and the hold on it."""

    run: Run
    parameters: ConnectionParameters
    hold: warehouse.Hold


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
    """Tell the log what nobody watches a terminal for."""
    log_event("said", message=message)


@contextmanager
def held(command: str, say: Notify) -> Iterator[Held]:
    """Hold the warehouse for a command, which is written down and whose problems are told to the webhook.

    Args:
        command: Its name, as ops.runs has it.
        say: Called with each message to people, such as that another run is waited for.

    Raises:
        DatabaseError: the database cannot be reached.
    """
    run = None
    try:
        with recorded(command) as run:
            run.parameters = parameters = connection_parameters(say)
            with warehouse.exclusive(parameters, lambda: say(warehouse.WAITING)) as hold:
                yield Held(run, parameters, hold)
    except Exception:
        if run:
            _notify(run, say)
        raise
    _notify(run, say)


def loader(parameters: ConnectionParameters) -> Loader:
    """What loads into this warehouse."""
    return Loader(home_directory(), parameters.url, warehouse.pipeline_name(parameters))


def land(
    held: Held,
    open_batch: Callable[[Recall], Iterable[Source]],
    on_bytes: Callable[[int], object] = lambda _: None,
    include_forgotten: bool = False,
) -> list[Outcome]:
    """Land what is new among files; the good beside the bad.

    Args:
        held: From `held`.
        open_batch: Gives the files, each time from the first; what it is called with tells those that are known.
        on_bytes: Called with the number of bytes read since the last call.
        include_forgotten: Land also what was forgotten on purpose.

    Returns:
        One outcome for each file, in the order they were found.

    Raises:
        LandingError: the files could not be unpacked here, or the database did not take the load.
        SettingError: an environment variable is no number.
    """
    into, outcomes = loader(held.parameters), list[Outcome]()

    def attempt() -> None:
        with closing(held.parameters.connect()) as connection:
            land_sources(into, connection, open_batch, on_bytes, outcomes, include_forgotten)

    with held.run.landing():
        held.hold.patiently(attempt)
    held.run.count(outcomes)
    with closing(held.parameters.connect()) as connection:
        log_landing(connection, outcomes)
    return outcomes


def due(held: Held) -> Due:
    """What of the marts a build would make anew."""
    with closing(held.parameters.connect()) as connection:
        return last_build.due(connection, project_directory())


def build(
    held: Held,
    on_step: Callable[[Progress], object] = lambda _: None,
    full_refresh: bool = False,
    pseudonymise: bool | None = None,
    selector: str | None = None,
) -> BuildResult:
    """Build and test the marts from what is landed.

    Args:
        held: From `held`.
        on_step: Called at the start of each step of dbt's.
        full_refresh: Build every table anew from raw.
        pseudonymise: Publish drivers under keyed hashes; None as before.
        selector: The part that is due, of `due`; None for everything.

    Raises:
        BuildError: a model or test failed, or dbt itself.
    """
    with closing(held.parameters.connect()) as connection:
        inputs = last_build.made_from(connection, project_directory())
    # Unit tests are about our logic, not about these files: `make test` runs them.
    arguments = ["build", "--exclude-resource-type", "unit_test"]
    if selector is not None:
        arguments += ["--selector", selector]
    if full_refresh:
        arguments.append("--full-refresh")
    if pseudonymise is not None:
        arguments += ["--vars", json.dumps({"pseudonymise": pseudonymise})]
    try:
        with held.run.building():
            result = held.hold.patiently(lambda: run_dbt(arguments, held.parameters, on_step))
    except BuildError as error:
        held.run.invocation_id = error.invocation_id
        raise
    held.run.invocation_id = result.invocation_id
    if pseudonymise is None:  # else the next run without it may want something else
        with closing(held.parameters.connect()) as connection:
            last_build.record(connection, inputs)
    return result


def forget(held: Held, contents: list[Content]) -> dict[str, int]:
    """Delete every row and copy of contents; how many rows of which table went."""

    def attempt() -> dict[str, int]:
        with closing(held.parameters.connect()) as connection:
            return forget_contents(connection, contents)

    deleted = held.hold.patiently(attempt)
    drop_work_files(loader(held.parameters))
    return deleted


def expired(held: Held, limits: Limits) -> list[Expired]:
    """What of old sessions is kept no longer."""
    with closing(held.parameters.connect()) as connection:
        return find_expired(connection, limits)


def retire(held: Held, old: list[Expired]) -> dict[str, int]:
    """Let go of what is kept no longer; of whole sessions, how many rows of which table went."""
    whole = [each for each in old if each.tier is Tier.SESSION]
    with closing(held.parameters.connect()) as connection:
        retire_parts(connection, (each for each in old if each.tier is not Tier.SESSION))
        contents = find_named(connection, [file_id for each in whole for file_id in each.file_ids])
    return forget(held, contents) if contents else {}


def _notify(run: Run, say: Notify) -> None:
    if answer := notify_of_run(run):
        say(answer)
