"""What people are told: what arrived, what was refused and why, what the warehouse holds, where to look next."""

import os
import shutil
import sys
from collections import Counter
from collections.abc import Sequence
from datetime import UTC
from pathlib import Path

from psycopg2.extensions import connection as Connection  # noqa: N812 - psycopg2 writes its classes small
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from ingestion.outcomes import Outcome, State, unaccounted
from ingestion.raw_tables import relation_exists
from ingestion.settings import home_directory
from ingestion.sim_folders import SimFolder
from simrace.dashboard.command import missing_packages
from simrace.operations.forget import Content
from simrace.operations.freshness import Freshness
from simrace.operations.replay import Refusal
from simrace.operations.retention import MAX_SHOWN, Expired, Tier
from simrace.operations.status import Status, say_freshness

MAX_REFUSED_SHOWN = 40

# Relation, and what is counted in it.
_HOLDINGS = {
    "telemetry sessions": ("marts.dim_sessions", "*"),
    "laps": ("marts.fct_laps", "*"),
    "samples": ("marts.fct_telemetry_samples", "*"),
    "races": ("marts.dim_races", "*"),
    "race results": ("marts.fct_race_results", "*"),
    "drivers": ("marts.dim_drivers", "*"),
}

GOES = {
    Tier.RAW: "lines and samples",
    Tier.TRACES: "lines, samples and lap traces",
    Tier.SESSION: "all of it, for good",
}

# Mart, and the order in which its first ten rows are worth a look.
_NEXT_LOOKS = {
    "marts.fct_laps": "lap_time_s",
    "marts.fct_lap_corners": "delta_s desc nulls last",
    "marts.fct_race_results": "race_id desc, finish_position",
    "marts.driver_race_form": "feature_cutoff_at desc nulls last",
    "marts.unmapped_channels": "files desc",
}


def printable(text: str) -> str:
    r"""Text of a file, safe for a terminal: what moves the cursor or turns the writing becomes an escape (`\x1b`)."""
    return "".join(
        character if character.isprintable() or character == "\n" else character.encode("unicode_escape").decode()
        for character in text.encode("utf-8", "backslashreplace").decode()
    )


def shown(text: str) -> str:
    """The same for text in which rich reads markup."""
    return escape(printable(text))


def show_sim_folders(console: Console, found: list[SimFolder]) -> None:
    """Print where files of sims lie: one line for each folder."""
    console.print("Files of sims on this machine:")
    for each in found:
        size = f"{each.files:,} files, {each.bytes / 1e6:,.1f} MB"
        console.print(f"  [bold]{shown(each.sim)}[/]: {size} in {shown(str(each.folder))}", highlight=False)


def show_landing(console: Console, outcomes: list[Outcome], given: Sequence[object]) -> None:
    """Print what became of every file that was given: one table by format, one line for each refusal."""
    states = Counter(outcome.state for outcome in outcomes)
    console.print(
        f"[bold]{len(outcomes):,} files[/]: {states[State.LANDED]:,} landed, "
        f"{states[State.ALREADY_LANDED]:,} already landed, {states[State.REFUSED]:,} refused"
    )
    if missing := unaccounted(given, outcomes):
        console.print(f"[red]{len(missing):,} of {len(given):,} given are in none of these[/], a fault of simrace:")
        for path in missing:
            console.print(f"  {shown(path)}")
    else:
        archives = {outcome.given for outcome in outcomes if outcome.given != outcome.file_path}
        packed = sum(outcome.given in archives for outcome in outcomes)
        of_which = f" (archives: {len(archives):,}, with {packed:,} files)" if archives else ""
        console.print(f"{len(given):,} given{of_which}, all accounted for")
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
            name, detail = printable(Path(outcome.file_path).name), printable(outcome.refusal.detail)
            console.print(f"  {shown(name)}: [yellow]{outcome.refusal.reason}[/], {shown(detail)}")
    if len(refused) > MAX_REFUSED_SHOWN:
        console.print(f"  and {len(refused) - MAX_REFUSED_SHOWN:,} more")
    for reason in sorted({outcome.refusal.reason for outcome in refused if outcome.refusal}):
        console.print(f"  [yellow]{reason}[/]: {reason.sentence}")


def show_replay(
    console: Console,
    before: list[Refusal],
    after: list[Refusal],
    out_of_reach: set[tuple[str, str]],
    lines_before: dict[str, tuple[str, int]],
    lines_after: dict[str, tuple[str, int]],
) -> None:
    """Print what a replay took in, files and lines, and what stays out and why."""
    still = {(refusal.file_id, refusal.file_path) for refusal in after}
    left = [refusal for refusal in before if (refusal.file_id, refusal.file_path) not in still]
    console.print(f"[bold]{len(before):,} refused files tried again[/]: {len(left):,} landed, {len(after):,} stay")
    for refusal in left[:MAX_REFUSED_SHOWN]:
        console.print(f"  {shown(refusal.file_name)}: [green]landed[/], was {refusal.reason}")
    for refusal in after[:MAX_REFUSED_SHOWN]:
        gone = (refusal.file_id, refusal.file_path) in out_of_reach
        why = "it is gone and no copy was kept; it was refused for: " if gone else ""
        console.print(f"  {shown(refusal.file_name)}: stays, {why}[yellow]{refusal.reason}[/], {shown(refusal.detail)}")
    if (more := max(len(left), len(after)) - MAX_REFUSED_SHOWN) > 0:
        console.print(f"  and {more:,} more: raw.rejected_files")
    was, now = (sum(lines for _, lines in table.values()) for table in (lines_before, lines_after))
    console.print(f"[bold]{was:,} refused lines judged again[/]: {now:,} are refused now")
    for file_id, (name, lines) in sorted(lines_after.items(), key=lambda item: item[1]):
        before_lines = lines_before.get(file_id, (name, 0))[1]
        console.print(f"  {shown(name)}: {lines:,} of its lines are refused, {before_lines:,} were")


def show_contents(console: Console, contents: list[Content]) -> None:
    """Print contents with where they were seen."""
    for content in contents:
        state = f"[yellow]{content.reason}[/]" if content.reason else "landed"
        console.print(f"  {(content.file_id or 'never read')[:12]}  {state}  {shown(content.paths[0])}")
        for path in content.paths[1:]:
            console.print(f"                also {shown(path)}")


def show_expired(console: Console, expired: list[Expired]) -> None:
    """Print what of old sessions is kept no longer, the oldest first."""
    if not expired:
        console.print("Nothing is older than the var retention says, or it is pinned.")
        return
    table = Table("started", "session_id", "what goes", "files", "MB of files")
    for each in sorted(expired, key=lambda each: each.started_at)[:MAX_SHOWN]:
        started = f"{each.started_at.astimezone(UTC):%Y-%m-%d}"
        size = f"{each.file_bytes / 1e6:,.1f}"
        table.add_row(started, str(each.session_id), GOES[each.tier], f"{len(each.file_ids):,}", size)
    console.print(table)
    if len(expired) > MAX_SHOWN:
        console.print(f"and {len(expired) - MAX_SHOWN:,} more")


def show_holdings(console: Console, connection: Connection) -> None:
    """Print how much the marts hold."""
    table = Table("the warehouse holds", "rows")
    with connection, connection.cursor() as cursor:
        for name, (relation, counted) in _HOLDINGS.items():
            if relation_exists(cursor, relation):
                cursor.execute(f"select count({counted}) from {relation}")
                table.add_row(name, f"{(cursor.fetchone() or (0,))[0]:,}")
    if table.row_count:
        console.print(table)


def show_status(console: Console, connection: Connection, status: Status) -> None:
    """Print what is landed, refused and held, how fresh and how good it is, how the last run went, and the problems."""
    if status.freshness:
        _show_files(console, status, status.freshness)
    elif status.run:
        console.print("No marts are built yet, so nothing is known of the files: `simrace build` builds them.")
    else:
        console.print("Nothing is landed yet: `simrace run PATH` lands files and builds the marts.")
    sizes = ", ".join(f"{name} {size / 1e6:,.1f}" for name, size in status.schema_bytes.items())
    console.print(
        f"[bold]disk[/]: database {status.database_bytes / 1e6:,.1f} MB ({sizes}), "
        f"working files {status.working_bytes / 1e6:,.1f} MB in {shown(str(home_directory()))}",
        highlight=False,
    )
    _show_last_run(console, status)
    show_holdings(console, connection)
    _show_quality(console, status)
    for problem in status.problems:
        console.print(f"[red]{problem.kind}[/]: {shown(problem.name)}: {shown(problem.message)}", highlight=False)
    if not status.problems:
        console.print("[green]No problems.[/]")


def _show_files(console: Console, status: Status, freshness: Freshness) -> None:
    last = f"{status.last_landed_at.astimezone(UTC):%Y-%m-%d %H:%M} UTC" if status.last_landed_at else "never"
    console.print(
        f"[bold]{sum(status.files.values()):,} files[/] landed ({status.file_bytes / 1e6:,.1f} MB), "
        f"{sum(status.refused.values()):,} refused, last landing {last}"
    )
    for reason, count in status.refused.items():
        console.print(f"  refused: {count:,} {reason}")
    if status.waiting:
        console.print(f"  waiting: {status.waiting:,} files, for what they belong to: select * from marts.file_quality")
    if status.kept:
        console.print(f"  kept: {status.kept:,} files, of which no mart is made yet")
    for source_format, count in status.older_readings.items():
        console.print(f"  as an older declaration read them: {count:,} files of {shown(source_format)}")
    for source_format in status.declared_no_longer:
        console.print(f"  declared here no longer: {shown(source_format)}, whose files mean what they did")
    if lines := status.lines:
        console.print(
            f"[bold]{lines['read']:,} lines[/] read: {lines['loaded']:,} loaded, {lines['superseded']:,} superseded, "
            f"{lines['refused']:,} quarantined"
        )
    colour = {"pass": "green", "warn": "yellow", "error": "red"}[freshness.status]
    console.print(
        f"[bold]freshness[/] of {freshness.source}: [{colour}]{freshness.status}[/]. {say_freshness(freshness)}",
        highlight=False,
    )


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
        # Six places: 0.99896 beside a limit of 0.999 must not be shown as 0.9990.
        shown = "no data" if kpi.value is None else f"{kpi.value:,.6f}".rstrip("0").rstrip(".") + f" {kpi.unit}"
        limit = "" if kpi.limit is None else f"{kpi.comparison} {kpi.limit:g}"
        mark = "" if kpi.passes is None else "[green]ok[/]" if kpi.passes else "[red]out of bounds[/]"
        table.add_row(kpi.kpi.replace("_", " "), shown, limit, mark)
    console.print(table)


def show_next_steps(console: Console, connection: Connection) -> None:
    """Print where to look next: what holds something, by a name of simrace that the shell finds."""
    simrace = "simrace" if shutil.which("simrace") else os.path.relpath(sys.argv[0])
    console.print("[bold]Where to look next[/]")
    for command, shows in (
        ("docs", "every table and column, and how each is made"),
        ("status", "files, rows, quality figures"),
    ):
        console.print(f"  {simrace} {command:<12} {shows}", markup=False, highlight=False)
    for relation, order in _NEXT_LOOKS.items():
        if _has_rows(connection, relation):
            query = f"select * from {relation} order by {order} limit 10"
            console.print(f'  {simrace} db psql -c "{query}"', markup=False, highlight=False)
    needs = 'pip install "simrace[dashboard]", then ' if missing_packages() else ""
    told = f"Open the dashboard: {needs}{simrace} dashboard"
    console.print(told, markup=False, highlight=False, style="bold")


def _has_rows(connection: Connection, relation: str) -> bool:
    with connection, connection.cursor() as cursor:
        if not relation_exists(cursor, relation):
            return False
        cursor.execute(f"select 1 from {relation} limit 1")
        return cursor.fetchone() is not None
