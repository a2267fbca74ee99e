"""Statistics of a server of Automobilista 2, Project CARS 2 or Project CARS, as its addon `sms_stats` keeps them.

Recognised by `stats` with a `history`. The sim shows by the settings of its events: Project CARS has two practices,
Project CARS 2 gives practice a date of its own.

Parts: `stats` with `history`, one entry for each event that the server opened, the newest last: its `setup`, the
`members` who are there at its end, and `stages` by name (practice1, qualifying1, race1), each with its `results` and
`events`; and `players` with everybody who ever joined, by Steam id.

Traps:
    * Lines that begin with `//` stand before the JSON and behind it.
    * The server writes the file anew as it goes, so an event is in many files, and most events are empty.
    * An empty list is `{}`. A list whose keys are 1, 2, 3 is an array, with other keys it is an object.
    * A result names its driver by a number that holds as long as he stays (`refid`); `participantid` is given again
      to others. Only `members` and new files' `participants` lead from it to the Steam id, and who left is no member.
    * A name can be empty in the results, and be right in `members`.
    * A server that records no events lists no laps.
    * Laps are counted from 0, and one that did not count has the number of the next. Cars and tracks are numbers.
    * Who is disqualified keeps the place on the road.
"""

from collections.abc import Iterator
from typing import Any

from ingestion.formats.kinds import Family, JsonFormat


def _history(document: dict[str, Any]) -> list[dict[str, Any]]:
    stats = document.get("stats")
    history = stats.get("history") if isinstance(stats, dict) else None
    return [event for event in history if isinstance(event, dict)] if isinstance(history, list) else []


def _format_of(document: dict[str, Any]) -> str | None:
    stats = document.get("stats")
    if not isinstance(stats, dict) or "history" not in stats:
        return None
    setups = [event["setup"] for event in _history(document) if isinstance(event.get("setup"), dict)]
    if any("Practice2Length" in setup for setup in setups):
        return "project_cars_stats_json"
    return "project_cars2_stats_json" if any("PracticeDateYear" in setup for setup in setups) else "ams2_stats_json"


def _results(document: dict[str, Any]) -> Iterator[Any]:
    for event in _history(document):
        stages = event.get("stages")
        for stage in stages.values() if isinstance(stages, dict) else ():
            results = stage.get("results") if isinstance(stage, dict) else None
            yield from results if isinstance(results, list) else ()


def _of_sim(name: str) -> JsonFormat:
    return JsonFormat(
        name,
        Family.RESULTS,
        lambda document: document if _format_of(document) == name else None,
        lambda document: any(True for _ in _results(document)),
        lambda document: sum(1 for _ in _results(document)),
    )


FORMATS = tuple(map(_of_sim, ("ams2_stats_json", "project_cars2_stats_json", "project_cars_stats_json")))
