"""A warehouse that grows by the same number of sessions again and again; then one small file after the other."""

import math
import statistics
from pathlib import Path
from typing import Any

from bench import ROOT, Bench, Size, bench, dearest, percentile_95, table

from simrace.generator import write_sample_files

PICTURE = ROOT / "docs" / "images" / "growth.svg"
SINGLE_FILE_BYTES = 5_000_000
COMPARED = 3  # batches at each end, of which the median counts


def run(folder: Path, size: Size) -> dict[str, Any]:
    """Time every batch, and what the warehouse takes on disk after it."""
    every = folder / "growth"
    write_sample_files(every, size.batches * size.batch_sessions + size.single_runs)
    telemetry, races = (_by_age(every / name) for name in ("telemetry", "results"))
    small = [path for path in telemetry if path.stat().st_size < SINGLE_FILE_BYTES]
    single = small[-size.single_runs :]
    telemetry = [path for path in telemetry if path not in single]
    races = races[: size.batches * size.batch_sessions]  # two were written for a session
    batches: list[dict[str, Any]] = []
    with bench(folder, "growth") as here:
        for number in range(size.batches):
            new = _part(telemetry, number, size.batches) + _part(races, number, size.batches)
            seconds = here.timed("simrace", "run", *new)
            batches.append({
                "seconds": seconds, "sessions": _count(here, "marts.dim_sessions"), "files": _count(here, "raw.files"),
                "disk_bytes": here.query("select pg_database_size(current_database())")[0][0],
                "dearest_nodes_s": dearest(here.model_seconds(), 5),
            })  # fmt: skip
        taken = [here.timed("simrace", "run", path) for path in single]
        nodes = here.model_seconds()
    first, last = (
        statistics.median(batch["seconds"] for batch in some) for some in (batches[1:][:COMPARED], batches[-COMPARED:])
    )
    return {
        "batch_sessions": size.batch_sessions, "batches": batches, "growth": last / first,
        "single_file_s": {"runs": len(taken), "median": statistics.median(taken), "p95": percentile_95(taken)},
        "single_file_nodes": len(nodes), "single_file_nodes_s": sum(nodes.values()),
    }  # fmt: skip


def lines(told: dict[str, Any]) -> list[str]:
    """Of the Markdown."""
    batches, single = told["batches"], told["single_file_s"]
    shown = {0, 1, len(batches) // 10, len(batches) // 4, len(batches) // 2, len(batches) - 1}
    rows = (
        (f"{batch['sessions']:,}", f"{batch['seconds']:.1f}, {_mb_a_session(batch):.1f}")
        for batch in (batches[number] for number in sorted(shown))
    )
    return [
        f"{len(batches)} batches of {told['batch_sessions']} sessions with their races; the last {COMPARED} took "
        f"{told['growth']:.2f} times what the first {COMPARED} after the very first took.",
        "",
        *table(("sessions there after it", "seconds, MB a session"), rows),
        f"One small new file by `simrace run`, {single['runs']} times: median {single['median']:.1f} s, P95 "
        f"{single['p95']:.1f} s; dbt went through {told['single_file_nodes']} nodes, which took "
        f"{told['single_file_nodes_s']:.1f} s on two threads.",
        "",
    ]


def draw(told: dict[str, Any]) -> None:
    """Seconds of each batch and disk for each session, over the sessions there, to docs/images."""
    batches = told["batches"]
    panels = (
        ("seconds for a batch", [batch["seconds"] for batch in batches]),
        ("MB on disk for a session", [_mb_a_session(batch) for batch in batches]),
    )
    sessions = [batch["sessions"] for batch in batches]
    parts = [
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 720 420" font-family="sans-serif" font-size="13" '
        f'role="img"><title>{len(batches)} batches of {told["batch_sessions"]} sessions</title>'
        '<rect width="720" height="420" fill="white"/>'
    ]
    for place, (name, values) in enumerate(panels):
        bottom, top = 180 + 200 * place, 30 + 200 * place
        highest = _round_up(max(values))
        points = " ".join(
            f"{60 + 640 * there / sessions[-1]:.1f},{bottom - (bottom - top) * value / highest:.1f}"
            for there, value in zip(sessions, values, strict=True)
        )
        parts += [
            f'<text x="60" y="{top - 10}">{name}</text>',
            *(
                f'<line x1="60" x2="700" y1="{y}" y2="{y}" stroke="#ccc"/>'
                f'<text x="54" y="{y + 4}" text-anchor="end">{label:g}</text>'
                for y, label in ((bottom, 0), ((bottom + top) // 2, highest / 2), (top, highest))
            ),
            f'<polyline points="{points}" fill="none" stroke="#0072b2" stroke-width="2"/>',
        ]
    parts.append(f'<text x="700" y="405" text-anchor="end">sessions there, up to {sessions[-1]:,}</text></svg>')
    PICTURE.write_text("\n".join(parts) + "\n", encoding="utf-8")


def _by_age(folder: Path) -> list[Path]:
    return sorted((path for path in folder.iterdir() if path.is_file()), key=lambda p: (p.stat().st_mtime, p.name))


def _part(paths: list[Path], number: int, parts: int) -> list[Path]:
    return paths[len(paths) * number // parts : len(paths) * (number + 1) // parts]


def _count(here: Bench, table_name: str) -> int:
    return int(here.query(f"select count(*) from {table_name}")[0][0])


def _mb_a_session(batch: dict[str, Any]) -> float:
    return float(batch["disk_bytes"] / batch["sessions"] / 1e6)


def _round_up(value: float) -> float:
    step = 10 ** math.floor(math.log10(value))
    return math.ceil(value / step) * step
