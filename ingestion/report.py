"""What people are told: what arrived, what was refused and why, what the warehouse holds, where to look next."""

from collections import Counter
from datetime import UTC
from pathlib import Path

from psycopg2.extensions import connection as Connection  # noqa: N812 - psycopg2 writes its classes small
from psycopg2.extensions import cursor as Cursor  # noqa: N812
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from ingestion.landing import Outcome, State
from ingestion.status import Status, say_freshness

MAX_REFUSED_SHOWN = 40

# Relation, and what of it is counted.
_HOLDINGS = {
    "telemetry sessions": ("marts.dim_sessions", "*"),
    "laps": ("marts.fct_laps", "*"),
    "samples": ("marts.fct_telemetry_samples", "*"),
    "races": ("marts.fct_race_fields", "distinct race_id"),
    "race results": ("marts.fct_race_results", "*"),
    "drivers": ("marts.dim_drivers", "*"),
}

NEXT_QUERIES = (
    "select * from marts.fct_laps order by lap_time_s limit 10",
    "select * from marts.fct_lap_corners order by delta_s desc nulls last limit 10",
    "select * from marts.driver_race_form order by feature_cutoff_at desc nulls last limit 10",
    "select * from marts.unmapped_channels order by files desc",
)


def show_landing(console: Console, outcomes: list[Outcome]) -> None:
    """Print what became of every file: one table by format, one line for each refusal."""
    states = Counter(outcome.state for outcome in outcomes)
    console.print(
        f"[bold]{len(outcomes):,} files[/]: {states[State.LANDED]:,} landed, "
        f"{states[State.ALREADY_LANDED]:,} already landed, {states[State.REFUSED]:,} refused"
    )
    formats = Counter(outcome.source_format for outcome in outcomes if outcome.source_format)
    if formats:
        table = Table("format", "files landed", "MB")
        for source_format, count in sorted(formats.items()):
            size = sum(outcome.file_bytes for outcome in outcomes if outcome.source_format == source_format)
            table.add_row(source_format, f"{count:,}", f"{size / 1e6:,.1f}")
        console.print(table)
    refused = [outcome for outcome in outcomes if outcome.refusal]
    if not refused:
        return
    console.print("[bold]Refused[/] (kept in raw.rejected_files):")
    for outcome in refused[:MAX_REFUSED_SHOWN]:
        if outcome.refusal:
            name = escape(Path(outcome.file_path).name)
            console.print(f"  {name}: [yellow]{outcome.refusal.reason}[/], {escape(outcome.refusal.detail)}")
    if len(refused) > MAX_REFUSED_SHOWN:
        console.print(f"  and {len(refused) - MAX_REFUSED_SHOWN:,} more")
    for reason in sorted({outcome.refusal.reason for outcome in refused if outcome.refusal}):
        console.print(f"  [yellow]{reason}[/]: {reason.sentence}")


def show_holdings(console: Console, connection: Connection) -> None:
    """Print how much the marts hold, and the fastest laps."""
    table = Table("the warehouse holds", "rows")
    with connection, connection.cursor() as cursor:
        for name, (relation, counted) in _HOLDINGS.items():
            if _exists(cursor, relation):
                cursor.execute(f"select count({counted}) from {relation}")
                table.add_row(name, f"{(cursor.fetchone() or (0,))[0]:,}")
    if table.row_count:
        console.print(table)


def show_status(console: Console, connection: Connection, status: Status) -> None:
    """Print what is landed, refused and held, how fresh and how good it is, how the last run went, and the problems."""
    if not status.freshness:
        console.print("Nothing is landed yet: `simrace run PATH` lands files and builds the marts.")
        return
    last = f"{status.last_landed_at.astimezone(UTC):%Y-%m-%d %H:%M} UTC" if status.last_landed_at else "never"
    console.print(
        f"[bold]{sum(status.files.values()):,} files[/] landed ({status.file_bytes / 1e6:,.1f} MB), "
        f"{sum(status.refused.values()):,} refused, last landing {last}"
    )
    for reason, count in status.refused.items():
        console.print(f"  refused: {count:,} {reason}")
    if lines := status.lines:
        console.print(
            f"[bold]{lines['read']:,} lines[/] read: {lines['loaded']:,} loaded, {lines['superseded']:,} superseded, "
            f"{lines['refused']:,} quarantined"
        )
    colour = {"pass": "green", "warn": "yellow", "error": "red"}[status.freshness.status]
    console.print(
        f"[bold]freshness[/] of {status.freshness.source}: [{colour}]{status.freshness.status}[/]. "
        f"{say_freshness(status.freshness)}",
        highlight=False,
    )
    sizes = ", ".join(f"{name} {size / 1e6:,.1f}" for name, size in status.schema_bytes.items())
    console.print(
        f"[bold]disk[/]: database {status.database_bytes / 1e6:,.1f} MB ({sizes}), "
        f"working files {status.working_bytes / 1e6:,.1f} MB",
        highlight=False,
    )
    _show_last_run(console, status)
    show_holdings(console, connection)
    _show_quality(console, status)
    for problem in status.problems:
        console.print(f"[red]{problem.kind}[/]: {escape(problem.name)}: {escape(problem.message)}", highlight=False)
    if not status.problems:
        console.print("[green]No problems.[/]")


def _show_last_run(console: Console, status: Status) -> None:
    if run := status.run:
        console.print(
            f"[bold]last run[/]: {run.command} {run.outcome} at {run.ended_at.astimezone(UTC):%Y-%m-%d %H:%M} UTC, "
            f"landing {run.landing_s:,.1f} s, dbt {run.dbt_s:,.1f} s",
            highlight=False,
        )
    if dbt := status.dbt:
        nodes = ", ".join(f"{count:,} {name}" for name, count in dbt.nodes.items())
        console.print(
            f"[bold]last dbt {dbt.command}[/] at {dbt.started_at.astimezone(UTC):%Y-%m-%d %H:%M} UTC: {nodes}",
            highlight=False,
        )


def _show_quality(console: Console, status: Status) -> None:
    if not status.kpis:
        console.print("No quality figures yet: `simrace run` builds them.")
        return
    table = Table("quality", "value", "limit", "")
    for kpi in status.kpis:
        # Six places, as it was measured: 0.99896 beside a limit of 0.999 must not be shown as 0.9990.
        shown = "no data" if kpi.value is None else f"{kpi.value:,.6f}".rstrip("0").rstrip(".") + f" {kpi.unit}"
        limit = "" if kpi.limit is None else f"{kpi.comparison} {kpi.limit:g}"
        mark = "" if kpi.passes is None else "[green]ok[/]" if kpi.passes else "[red]out of bounds[/]"
        table.add_row(kpi.kpi.replace("_", " "), shown, limit, mark)
    console.print(table)


def show_next_steps(console: Console) -> None:
    """Print where to look next."""
    console.print(
        "[bold]Where to look next[/]\n"
        "  simrace docs         every table and column, and how each is made\n"
        "  simrace status       files, rows, quality figures"
    )
    for query in NEXT_QUERIES:
        console.print(f'  simrace db psql -c "{query}"', markup=False, highlight=False)


def _exists(cursor: Cursor, relation: str) -> bool:
    cursor.execute("select to_regclass(%s) is not null", (relation,))
    return bool((cursor.fetchone() or (False,))[0])
