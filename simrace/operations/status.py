"""The state of the warehouse in figures: what `simrace status`, `simrace metrics` and the webhook tell.

It reads marts, most of which are views, so it can be asked while a build runs and after one failed. Before the first
build only runs are known, which simrace records itself.
"""

import os
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from psycopg2.extensions import connection as Connection  # noqa: N812 - psycopg2 writes its classes small
from psycopg2.extensions import cursor as Cursor  # noqa: N812

from ingestion.declared_rows import declared_no_longer
from ingestion.formats.declarations import DeclarationError
from ingestion.formats.identify import check_declarations
from ingestion.raw_tables import relation_exists
from ingestion.read_again import older_readings
from simrace.operations.freshness import Freshness, read_freshness


@dataclass(frozen=True)
class Problem:
    """Something that a person should look at.

    Attributes:
        kind: run_failed, declaration_wrong, dbt_failed, source_stale, or kpi_out_of_bounds.
        name: Of the run's command, what is declared, the node, the source or the figure.
        message: A sentence.
    """

    kind: str
    name: str
    message: str


@dataclass(frozen=True)
class Kpi:
    """A quality figure as measured last; see `data_quality_kpis` for what each means.

    Attributes:
        kpi: Its name.
        unit: Of value and limit.
        comparison: Whether the value must be at least (>=) or at most (<=) the limit.
        value: None without data.
        limit: None where there is none.
        passes: None without value or limit.
        is_alert: Whether being out of bounds is a problem.
    """

    kpi: str
    unit: str
    comparison: str
    value: float | None
    limit: float | None
    passes: bool | None
    is_alert: bool


@dataclass(frozen=True)
class FailedNode:
    """A node of dbt that failed.

    Attributes:
        node: Its name.
        status: error or fail.
        message: At most two lines.
    """

    node: str
    status: str
    message: str | None


@dataclass(frozen=True)
class DbtInvocation:
    """The last time dbt built or tested.

    Attributes:
        invocation_id: As its log names it.
        command: build, run, test and so on.
        started_at: When it began.
        seconds: Sum of the time of its nodes, which run side by side.
        nodes: How many nodes ended in each status.
        failed: Those that failed.
    """

    invocation_id: str
    command: str
    started_at: datetime
    seconds: float
    nodes: dict[str, int]
    failed: list[FailedNode]


@dataclass(frozen=True)
class LastRun:
    """The last `simrace run` or `simrace land`.

    Attributes:
        command: run or land.
        outcome: succeeded or failed.
        error: What went wrong.
        started_at: When it began.
        ended_at: When it ended.
        landing_s: Time of landing in seconds.
        dbt_s: Time of dbt in seconds.
    """

    command: str
    outcome: str
    error: str | None
    started_at: datetime
    ended_at: datetime
    landing_s: float
    dbt_s: float


@dataclass(frozen=True)
class LiveSource:
    """A source of live frames.

    Attributes:
        source: Its name.
        frames: Frames by what became of them: frames, repeated, late, held, idle, unknown.
        quarantined: Frames that could not be read, by reason.
        lag_s: From arrival to commit, the longest of the newest batch.
        lag_frames: Frames that waited at the broker; None where nobody can say.
        commits: Transactions.
        commit_s: Time of the newest.
        committed_at: When that was.
    """

    source: str
    frames: dict[str, int]
    quarantined: dict[str, int]
    lag_s: float | None
    lag_frames: int | None
    commits: int
    commit_s: float
    committed_at: datetime


@dataclass
class Status:
    """The state of the warehouse. Whatever was never built or run is empty.

    Attributes:
        files: Contents landed, by format.
        refused: Contents refused and not landed since, by reason.
        waiting: Contents landed that belong to another, which is not there.
        kept: Contents landed of which no mart is made yet.
        older_readings: Texts landed that are as an older declaration read them, by format.
        declared_no_longer: Formats of files landed that somebody declared, and nobody does here.
        declaration_error: What is wrong with what is declared; empty where nothing is.
        file_bytes: Size of what is landed, unpacked.
        lines: Lines read, loaded, superseded and refused, as `file_quality` counts them.
        last_landed_at: When the newest content was landed.
        freshness: How old that is, judged; None before the first build.
        kpis: Quality figures as measured last.
        measured_at: When that was.
        run: The last run.
        runs: How many runs ended in each outcome.
        last_success_at: When a run last ended well.
        dbt: The last time dbt built or tested.
        live: Sources of live frames.
        schema_bytes: Size of each schema on disk.
        database_bytes: Size of the whole database on disk.
        working_bytes: Size of the files in SIMRACE_HOME, without those of the embedded server.
    """

    files: dict[str, int] = field(default_factory=dict)
    refused: dict[str, int] = field(default_factory=dict)
    waiting: int = 0
    kept: int = 0
    older_readings: dict[str, int] = field(default_factory=dict)
    declared_no_longer: list[str] = field(default_factory=list)
    declaration_error: str = ""
    file_bytes: int = 0
    lines: dict[str, int] = field(default_factory=dict)
    last_landed_at: datetime | None = None
    freshness: Freshness | None = None
    kpis: list[Kpi] = field(default_factory=list)
    measured_at: datetime | None = None
    run: LastRun | None = None
    runs: dict[str, int] = field(default_factory=dict)
    last_success_at: datetime | None = None
    dbt: DbtInvocation | None = None
    live: list[LiveSource] = field(default_factory=list)
    schema_bytes: dict[str, int] = field(default_factory=dict)
    database_bytes: int = 0
    working_bytes: int = 0

    @property
    def problems(self) -> list[Problem]:
        """The problems, the worst first."""
        found = []
        if self.run and self.run.outcome == "failed":
            found.append(Problem("run_failed", self.run.command, self.run.error or "It failed."))
        if self.declaration_error:
            found.append(Problem("declaration_wrong", "formats", self.declaration_error))
        for node in self.dbt.failed if self.dbt else ():
            found.append(Problem("dbt_failed", node.node, f"{node.status}: {node.message or 'no message'}"))
        if self.freshness and self.freshness.status == "error":
            found.append(Problem("source_stale", self.freshness.source, say_freshness(self.freshness)))
        found += [
            Problem("kpi_out_of_bounds", kpi.kpi, f"{kpi.value:g} {kpi.unit}, limit {kpi.comparison} {kpi.limit:g}")
            for kpi in self.kpis
            if kpi.passes is False and kpi.is_alert
        ]
        return found


def read_status(connection: Connection, home: Path) -> Status:
    """Read all of it.

    Args:
        connection: To the warehouse, as a role that may read ops.
        home: Folder of simrace's own files.
    """
    status = Status(working_bytes=_size_of_folder(home), freshness=read_freshness(connection))
    with connection, connection.cursor() as cursor:
        for relation, read in (
            ("ops.landed_files", _read_files),
            ("ops.files_refused_now", _read_refused),
            ("marts.file_quality", _read_lines),
            ("marts.data_quality_kpis_latest", _read_kpis),
            ("ops.runs", _read_runs),
            ("marts.dbt_run_results", _read_dbt),
            ("raw.live_sources", _read_live),
        ):
            if relation_exists(cursor, relation):
                read(cursor, status)
        _read_disk(cursor, status)
    _read_declarations(connection, status)
    return status


def say_age(seconds: float) -> str:
    """How long ago, for people: `5 s`, `3 min`, `2 h`, `4 days`."""
    for unit, length in (("days", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= 2 * length:
            return f"{seconds / length:,.0f} {unit}"
    return f"{seconds:.0f} s"


def say_freshness(freshness: Freshness) -> str:
    """How old the newest content is, beside the limits."""
    limits = f"warning after {freshness.warn_after_days:g} days, error after {freshness.error_after_days:g}"
    if freshness.age_s is None:
        return f"It has no rows ({limits})."
    return f"The newest row is {say_age(freshness.age_s)} old ({limits})."


def _read_files(cursor: Cursor, status: Status) -> None:
    cursor.execute(
        "select source_format, count(*), cast(sum(file_bytes) as bigint), max(landed_at) from ops.landed_files "
        "group by 1 order by 1"
    )
    for source_format, files, size, landed_at in cursor:
        status.files[source_format] = files
        status.file_bytes += size
        status.last_landed_at = max(filter(None, (status.last_landed_at, landed_at)))


def _read_refused(cursor: Cursor, status: Status) -> None:
    cursor.execute("select reason, count(*) from ops.files_refused_now where is_counted group by 1 order by 1")
    status.refused = dict(cursor.fetchall())


def _read_lines(cursor: Cursor, status: Status) -> None:
    names = ("read", "loaded", "superseded", "refused")
    sums = ", ".join(f"coalesce(sum(lines_{name}), 0)" for name in names)
    states = ", ".join(f"count(case when state = '{state}' then 1 end)" for state in ("waiting", "kept"))
    cursor.execute(f"select {states}, {sums} from marts.file_quality")
    status.waiting, status.kept, *counts = map(int, cursor.fetchone() or ())
    status.lines = dict(zip(names, counts, strict=True))


def _read_kpis(cursor: Cursor, status: Status) -> None:
    cursor.execute(
        "select kpi, unit, comparison, cast(value as double precision), cast(limit_value as double precision), passes, "
        "is_alert, measured_at from marts.data_quality_kpis_latest order by kpi"
    )
    for *kpi, measured_at in cursor:
        status.kpis.append(Kpi(*kpi))
        status.measured_at = measured_at


def _read_runs(cursor: Cursor, status: Status) -> None:
    cursor.execute("select outcome, count(*), max(ended_at) from ops.runs group by 1")
    for outcome, runs, ended_at in cursor:
        status.runs[outcome] = runs
        if outcome == "succeeded":
            status.last_success_at = ended_at
    cursor.execute(
        "select command, outcome, error, started_at, ended_at, landing_s, dbt_s from ops.runs "
        "order by ended_at desc, run_id limit 1"
    )
    if row := cursor.fetchone():
        status.run = LastRun(*row)


def _read_live(cursor: Cursor, status: Status) -> None:
    cursor.execute(
        "select source, counts, lag_s, lag_frames, commit_number, commit_s, committed_at from raw.live_sources "
        "order by source"
    )
    for source, counts, *others in cursor:
        quarantined = counts.pop("quarantined", {})
        status.live.append(LiveSource(source, counts, quarantined, *others))


def _read_dbt(cursor: Cursor, status: Status) -> None:
    cursor.execute(
        "select invocation_id, command, started_at from marts.dbt_run_results "
        "where command in ('build', 'run', 'test') order by started_at desc, invocation_id limit 1"
    )
    if not (row := cursor.fetchone()):
        return
    invocation_id, command, started_at = row
    cursor.execute(
        "select status, count(*), sum(seconds) from marts.dbt_run_results where invocation_id = %s "
        "group by 1 order by 1",
        (invocation_id,),
    )
    by_status = cursor.fetchall()
    cursor.execute(
        "select node, status, message from marts.dbt_run_results where invocation_id = %s and is_failed order by 1",
        (invocation_id,),
    )
    status.dbt = DbtInvocation(
        invocation_id,
        command,
        started_at,
        sum(seconds for _, _, seconds in by_status),
        {name: nodes for name, nodes, _ in by_status},
        [FailedNode(*node) for node in cursor],
    )


def _read_declarations(connection: Connection, status: Status) -> None:
    try:
        check_declarations()
        status.older_readings = dict(Counter(each.source_format for each in older_readings(connection)))
        status.declared_no_longer = declared_no_longer(connection)
    except DeclarationError as error:
        status.declaration_error = str(error)


def _read_disk(cursor: Cursor, status: Status) -> None:
    cursor.execute(
        # a month of a table counts in the schema of the table
        "select nspname, cast(sum(pg_total_relation_size(pg_class.oid)) as bigint) from pg_class "
        "join pg_class as whole on whole.oid = coalesce(pg_partition_root(pg_class.oid), pg_class.oid) "
        "join pg_namespace on pg_namespace.oid = whole.relnamespace where pg_class.relkind in ('r', 'm') "
        "and nspname not in ('information_schema') and nspname not like 'pg_%' group by 1 order by 1"
    )
    status.schema_bytes = dict(cursor.fetchall())
    cursor.execute("select pg_database_size(current_database())")
    status.database_bytes = (cursor.fetchone() or (0,))[0]


def _size_of_folder(home: Path) -> int:
    size = 0
    for folder, folders, files in os.walk(home):
        if Path(folder) == home and "postgres" in folders:
            folders.remove("postgres")
        for name in files:
            with suppress(OSError):  # gone meanwhile
                size += Path(folder, name).lstat().st_size
    return size
