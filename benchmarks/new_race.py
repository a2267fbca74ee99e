"""One new race on few races and on many, and nothing else: what it costs must not grow with the races there are."""

from pathlib import Path
from typing import Any

from bench import Size, bench, dearest, table

from simrace.generator.season import write_season

PARTS = (4, 1)  # a quarter of the races, then all


def run(folder: Path, size: Size) -> dict[str, Any]:
    """Land and build races, then the next one alone, twice."""
    races = size.batches * size.batch_sessions
    write_season(folder / "races", races, seed=7)
    files = sorted((folder / "races").iterdir(), key=lambda path: (path.stat().st_mtime, path.name))
    single = [path for path in files if path.name.removesuffix(".json").isdecimal()][-len(PARTS) :]
    others = [path for path in files if path not in single]
    measured: list[dict[str, Any]] = []
    with bench(folder, "new_race") as here:
        for part, new in zip(PARTS, single, strict=True):
            here.run("simrace", "run", *others[: len(others) // part])
            before = here.query("select count(*) from marts.dim_races")[0][0]
            seconds = here.timed("simrace", "run", new)
            measured.append({
                "races": before, "seconds": seconds, "nodes_s": here.model_seconds(),
                "added": here.query("select count(*) from marts.dim_races")[0][0] - before,
            })  # fmt: skip
    return {"measured": measured}


def lines(told: dict[str, Any]) -> list[str]:
    """Of the Markdown."""
    few, many = told["measured"]
    return [
        f"One new race by `simrace run` on {few['races']:,} races: {few['seconds']:.1f} s, nodes "
        f"{sum(few['nodes_s'].values()):.1f} s; on {many['races']:,}: {many['seconds']:.1f} s, nodes "
        f"{sum(many['nodes_s'].values()):.1f} s.",
        "",
        *table(
            (f"dearest nodes on {many['races']:,} races", f"seconds there, on {few['races']:,}"),
            ((n, f"{s:.2f}, {few['nodes_s'].get(n, 0):.2f}") for n, s in dearest(many["nodes_s"]).items()),
        ),
    ]
