"""Sample files in the sims' own formats, from a small lap simulator: same seed, same bytes."""

import json
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

from simrace.generator.iracing_api import write_iracing_api
from simrace.generator.native import evening_log, practice_log, race_log
from simrace.generator.provisional import write_provisional_results
from simrace.generator.refused import MADE_AT, write_archives, write_refused
from simrace.generator.season import write_other_events, write_other_seasons, write_season
from simrace.generator.telemetry import drive, write_telemetry
from simrace.generator.wide import write_wide_log
from simrace.generator.writing import set_modified, write_text

__all__ = ["write_sample_files", "write_wide_log"]

TRUTH_NAME = ".truth.json"
FEWEST_RACES = 8
ARCHIVED_RESULTS = 3
LOG_SEED = 200  # drives of logs count from here, those of other telemetry from 0


def write_sample_files(
    directory: Path,
    sessions: int = 12,
    seed: int = 1,
    on_progress: Callable[[Path], None] | None = None,
) -> list[Path]:
    """Write telemetry, a season of results, archives and files to refuse; eight sessions show every format.

    A log of Le Mans Ultimate is among them where the extra `simrace[lmu]` is installed. What is true of them (lap
    times, corners, ratings) is written beside them to `.truth.json`.

    Args:
        directory: Folder to write to; it gets the folders telemetry, results, provisional, seasons, iracing_api,
            archive and refused.
        sessions: Telemetry sessions, at least one. The season has twice as many races, at least eight.
        seed: Same seed, same bytes, but for a few that DuckDB leaves to chance in a new file.
        on_progress: Called after each file with its path.

    Returns:
        Paths of the files, without `.truth.json`.
    """
    telemetry, driven = write_telemetry(directory / "telemetry", sessions, seed, on_progress)
    results, raced, races = write_season(directory / "results", max(FEWEST_RACES, 2 * sessions), seed, on_progress)
    logs = [race_log(races), evening_log([race for race in raced if race["variant"] == "acc"])]
    if find_spec("duckdb"):
        logs.append(practice_log())
    for at, variant in enumerate(logs):
        paths, told = drive(directory / "telemetry", variant, (seed, LOG_SEED + at), on_progress)
        telemetry, driven = [*telemetry, *paths], [*driven, *told]
    packed = results[:ARCHIVED_RESULTS]
    others = [
        *write_other_events(directory / "results", seed),
        *write_other_seasons(directory / "seasons", seed),
        *write_iracing_api(directory / "iracing_api", races, seed),
        *write_provisional_results(directory / "provisional", directory / "results", races),
        *write_archives(directory / "archive", telemetry[0], packed),
        *write_refused(directory / "refused"),
    ]
    if on_progress:
        for path in others:
            on_progress(path)
    truth = directory / TRUTH_NAME
    write_text(truth, json.dumps({"telemetry": driven, "races": raced}, ensure_ascii=False, indent=1) + "\n")
    set_modified(truth, MADE_AT)
    return [*telemetry, packed[0], *results[ARCHIVED_RESULTS:], *others]
