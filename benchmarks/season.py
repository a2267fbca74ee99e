"""Sessions in all formats and as many races, from files to all marts."""

from pathlib import Path
from typing import Any

import dashboard_queries
from bench import Size, bench, dearest, table

from simrace.generator import write_sample_files


def run(folder: Path, size: Size) -> dict[str, Any]:
    """Land and build them, run again, and ask what the pages of the dashboard ask."""
    files = folder / "season"
    write_sample_files(files, size.sessions)
    for path in sorted((files / "results").iterdir())[size.sessions :]:  # it writes two races for a session
        path.unlink()
    files_bytes = sum(path.stat().st_size for path in files.rglob("*") if path.is_file())
    with bench(folder, "season") as here:
        landing_s = here.timed("simrace", "land", files)
        build_s = here.timed("simrace", "build")
        seconds = here.model_seconds()
        again_s = here.timed("simrace", "run", files)
        samples, sessions, races = here.query(
            "select (select count(*) from marts.fct_telemetry_samples), (select count(*) from marts.dim_sessions), "
            "(select count(*) from marts.dim_races)"
        )[0]
        sizes = dict(here.query(
            "select coalesce(inhparent, relid)::regclass::text, sum(pg_total_relation_size(relid))::bigint "
            "from pg_stat_user_tables left join pg_inherits on inhrelid = relid group by 1 order by 2 desc limit 8"
        ))  # fmt: skip
        queries = dashboard_queries.measure(here.connect(), times=20)
    return {
        "files_mb": files_bytes / 1e6, "samples": samples, "sessions": sessions, "races": races,
        "landing_s": landing_s, "build_s": build_s, "seconds_a_session": (landing_s + build_s) / sessions,
        "nothing_new_s": again_s, "dearest_nodes_s": dearest(seconds), "largest_tables_bytes": sizes,
        "queries_ms": {query.name: query.p95_ms for query in queries},
    }  # fmt: skip


def lines(told: dict[str, Any]) -> list[str]:
    """Of the Markdown."""
    slowest = sorted(told["queries_ms"].items(), key=lambda item: -item[1])[:8]
    return [
        f"{told['sessions']:,} sessions in all formats ({told['files_mb']:,.0f} MB, {told['samples']:,} samples) and "
        f"{told['races']:,} races: landed in {told['landing_s']:,.1f} s, built and tested in {told['build_s']:,.1f} s, "
        f"{told['seconds_a_session']:.2f} s a session; run again with nothing new {told['nothing_new_s']:.1f} s.",
        "",
        *table(("dearest nodes", "seconds"), ((n, f"{s:.1f}") for n, s in told["dearest_nodes_s"].items())),
        *table(("largest tables", "MB"), ((n, f"{b / 1e6:.1f}") for n, b in told["largest_tables_bytes"].items())),
        *table(("slowest queries of the dashboard", "P95, ms"), ((n, f"{ms:.0f}") for n, ms in slowest)),
    ]
