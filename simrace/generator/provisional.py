"""The results of a league's race as the sim gave them, before stewards corrected them and exported them again."""

import json
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

from simrace.generator.iracing_json import document
from simrace.generator.race import Race
from simrace.generator.writing import set_modified

CORRECTED = "ai"
CORRECTED_AFTER = timedelta(days=1)
OF_THE_PLACE = (
    "finish_position", "finish_position_in_class", "position", "interval", "class_interval", "league_points",
)  # fmt: skip
MORE_INCIDENTS = 4


def write_provisional_results(directory: Path, results: Path, races: list[Race]) -> list[Path]:
    """Write what was exported when a race was over; the file of the season is the corrected one from then on.

    Two neighbours of a class had each other's places, and the first of them had more incidents.

    Args:
        directory: Folder to write to.
        results: Folder with the files of the season.
        races: The races of iRacing that the season told of.

    Returns:
        Paths written: none where the season has no such race.
    """
    corrected = [race for race in races if race.variant == CORRECTED][:1]
    directory.mkdir(parents=True, exist_ok=True)
    written = []
    for race in corrected:
        path = directory / f"{race.subsession_id} provisional.json"
        path.write_text(json.dumps(_provisional(race), ensure_ascii=False), encoding="utf-8")
        set_modified(path, race.ended_at)
        set_modified(results / f"{race.subsession_id}.json", race.ended_at + CORRECTED_AFTER)
        written.append(path)
    return written


def _provisional(race: Race) -> dict[str, Any]:
    told = document(race)
    rows = next(each["results"] for each in told["session_results"] if each["simsession_number"] == 0)
    at, (ahead, behind) = next(
        (at, pair)
        for at, pair in enumerate(pairwise(rows))
        if pair[0]["car_class_id"] == pair[1]["car_class_id"] and pair[0]["interval"] > 0 and pair[1]["interval"] > 0
    )
    for name in OF_THE_PLACE:
        ahead[name], behind[name] = behind[name], ahead[name]
    ahead["incidents"] += MORE_INCIDENTS
    rows[at], rows[at + 1] = behind, ahead
    return told
