"""Records every run: a row in ops.runs, also when the run failed, and lines in the log."""

import logging
import time
import uuid
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime

import psycopg2
import typer
from psycopg2.extensions import connection as Connection  # noqa: N812 - psycopg2 writes its classes small

from ingestion.outcomes import Outcome, State
from ingestion.raw_tables import relation_exists
from ingestion.warehouse import read_loads
from simrace.build.dbt import BuildError
from simrace.build.project import ProjectError, project_directory
from simrace.database.connection import ConnectionParameters, DatabaseError
from simrace.logs import bound, log_event

ERROR_CHARACTERS_KEPT = 300


@dataclass
class Run:
    """One command, from its start to its end.

    Attributes:
        command: Its name, such as run or land.
        parameters: The database; None until there is one to write to.
        error: What went wrong, on one line; None when nothing did.
        invocation_id: dbt's, when dbt ran.
        files: How many files ended in each state.
        bytes_landed: Size of the files landed, unpacked.
        landing_s: Time that landing took.
        dbt_s: Time that dbt took.
    """

    command: str
    parameters: ConnectionParameters | None = None
    error: str | None = None
    invocation_id: str | None = None
    files: Counter[State] = field(default_factory=Counter)
    bytes_landed: int = 0
    landing_s: float = 0.0
    dbt_s: float = 0.0
    run_id: str = field(default_factory=lambda: str(uuid.uuid4()))
    started_at: datetime = field(default_factory=lambda: datetime.now(UTC))
    ended_at: datetime | None = None

    @property
    def outcome(self) -> str:
        """How the run ended: succeeded or failed."""
        return "failed" if self.error else "succeeded"

    def count(self, outcomes: Iterable[Outcome]) -> None:
        """Add the outcomes of files."""
        for outcome in outcomes:
            self.files[outcome.state] += 1
            self.bytes_landed += outcome.file_bytes if outcome.state is State.LANDED else 0

    @contextmanager
    def landing(self) -> Iterator[None]:
        """Time landing."""
        began = time.monotonic()
        try:
            yield
        finally:
            self.landing_s += time.monotonic() - began

    @contextmanager
    def building(self) -> Iterator[None]:
        """Time dbt."""
        began = time.monotonic()
        try:
            yield
        finally:
            self.dbt_s += time.monotonic() - began


@contextmanager
def recorded(command: str) -> Iterator[Run]:
    """Log a command, and write it to ops.runs when it ends, however it ends.

    Args:
        command: Name of the command.
    """
    run = Run(command)
    with bound(run_id=run.run_id):
        log_event("run_started", command=command)
        try:
            yield run
        except typer.Exit:  # who raises it says on the run what went wrong, if anything did
            raise
        except BaseException as error:
            run.error = (" ".join(str(error).split()) or type(error).__name__)[:ERROR_CHARACTERS_KEPT]
            raise
        finally:
            run.ended_at = datetime.now(UTC)
            _write(run)
            log_event(
                "run_ended",
                level=logging.ERROR if run.error else logging.INFO,
                command=command,
                outcome=run.outcome,
                invocation_id=run.invocation_id,
                files_landed=run.files[State.LANDED],
                files_already_landed=run.files[State.ALREADY_LANDED],
                files_refused=run.files[State.REFUSED],
                bytes_landed=run.bytes_landed,
                landing_s=round(run.landing_s, 3),
                dbt_s=round(run.dbt_s, 3),
            )


def log_landing(connection: Connection, outcomes: list[Outcome]) -> None:
    """Log the outcome of each file and the loads; call this after the database has them."""
    ids = [outcome.file_id for outcome in outcomes if outcome.file_id]
    loads = {table: read_loads(connection, table, ids) for table in ("files", "rejected_files")}
    completed: Counter[str] = Counter()
    for outcome in outcomes:
        table = "rejected_files" if outcome.state is State.REFUSED else "files"
        load_id = loads[table].get(outcome.file_id or "")
        if outcome.state is State.LANDED and load_id:
            completed[load_id] += 1
        log_event(
            f"file_{outcome.state}",
            level=_LEVELS[outcome.state],
            file_id=outcome.file_id,
            load_id=load_id,
            path=outcome.file_path,
            source_format=outcome.source_format,
            bytes=outcome.file_bytes,
            reason=str(outcome.refusal.reason) if outcome.refusal else None,
        )
    for load_id, files in completed.items():
        log_event("load_completed", load_id=load_id, files=files)


# Every run sees all landed files again: a line for each would push out the rest.
_LEVELS = {State.LANDED: logging.INFO, State.ALREADY_LANDED: logging.DEBUG, State.REFUSED: logging.WARNING}


def _create_table() -> str:
    """The statement that dbt makes the table by."""
    from jinja2 import Environment  # here, because it is needed once in the life of a warehouse

    macro = next((project_directory() / "macros").rglob("create_runs_table.sql"), None)
    if macro is None:
        raise BuildError("The project has no macro create_runs_table. Take macros/ of this version of simrace.")
    template = Environment().from_string(macro.read_text(encoding="utf-8"), {"ops_schema": lambda: "ops"})  # noqa: S701 - SQL, not HTML
    return f"create schema if not exists ops; {template.module.create_runs_table()}"  # type: ignore[attr-defined]


def _write(run: Run) -> None:
    """Add the row. If that fails, the run does not."""
    if run.parameters is None:
        return
    row = {
        "run_id": run.run_id,
        "command": run.command,
        "outcome": run.outcome,
        "error": run.error,
        "invocation_id": run.invocation_id,
        "files_found": run.files.total(),
        "files_landed": run.files[State.LANDED],
        "files_already_landed": run.files[State.ALREADY_LANDED],
        "files_refused": run.files[State.REFUSED],
        "bytes_landed": run.bytes_landed,
        "landing_s": run.landing_s,
        "dbt_s": run.dbt_s,
        "started_at": run.started_at,
        "ended_at": run.ended_at,
    }
    try:
        with closing(run.parameters.connect()) as connection, connection, connection.cursor() as cursor:
            if not relation_exists(cursor, "ops.runs"):
                cursor.execute(_create_table())
            names = ", ".join(row)
            places = ", ".join(f"%({name})s" for name in row)
            cursor.execute(f"insert into ops.runs ({names}) values ({places})", row)
    except (BuildError, ProjectError, DatabaseError, psycopg2.Error) as error:
        log_event("run_not_recorded", level=logging.WARNING, error=type(error).__name__)
