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


def printable(text: str) -> str:
    r"""Text of a file as a terminal may have it: what would move its cursor or turn its writing shows as `\x1b`."""
    return "".join(
        character if character.isprintable() or character == "\n" else character.encode("unicode_escape").decode()
        for character in text.encode("utf-8", "backslashreplace").decode()
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
            name, detail = printable(Path(outcome.file_path).name), printable(outcome.refusal.detail)
            console.print(f"  {escape(name)}: [yellow]{outcome.refusal.reason}[/], {escape(detail)}")
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


def show_quality(console: Console, connection: Connection) -> None:
    """Print the quality figures beside their limits."""
    table = Table("quality", "value", "limit", "")
    with connection, connection.cursor() as cursor:
        if not _exists(cursor, "marts.data_quality_kpis"):
            console.print("No quality figures yet: `simrace run` builds them.")
            return
        cursor.execute(
            "select kpi, value, unit, comparison, limit_value, passes from marts.data_quality_kpis order by 1"
        )
        for kpi, value, unit, comparison, limit, passes in cursor:
            shown = "no data" if value is None else f"{value:,.4f} {unit}"
            mark = "" if passes is None else "[green]ok[/]" if passes else "[red]out of bounds[/]"
            table.add_row(kpi.replace("_", " "), shown, f"{comparison} {limit:g}", mark)
    console.print(table)


def show_status(console: Console, connection: Connection) -> None:
    """Print what is landed, refused and held, how fresh it is, and the quality figures."""
    with connection, connection.cursor() as cursor:
        if not _exists(cursor, "raw.files"):
            console.print("Nothing is landed yet: `simrace run PATH` lands files and builds the marts.")
            return
        cursor.execute("select count(distinct file_id), sum(file_bytes), max(landed_at) from raw.files")
        files, size, landed_at = cursor.fetchone() or (0, 0, None)
        cursor.execute("select count(distinct file_id) from raw.rejected_files")
        refused = (cursor.fetchone() or (0,))[0]
        cursor.execute("select pg_size_pretty(pg_database_size(current_database()))")
        disk = (cursor.fetchone() or ("?",))[0]
    last = f"{landed_at.astimezone(UTC):%Y-%m-%d %H:%M} UTC" if landed_at else "never"
    console.print(
        f"[bold]{files:,} files[/] landed ({float(size or 0) / 1e6:,.1f} MB), {refused:,} refused, "
        f"last landing {last}, {disk} on disk"
    )
    show_holdings(console, connection)
    show_quality(console, connection)


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
