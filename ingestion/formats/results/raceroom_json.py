"""RaceRoom result as JSON, from a player's own computer or a dedicated server.

Recognised by `Server`, `Experience` and `Sessions`.

Parts: `Sessions`, each with its `Type` (Practice, Qualify, Warmup, Race, Race2, Race3) and its `Players` in finishing
order; each player with `RaceSessionLaps`.

Traps:
    * `StartTime` (often missing) and `Time` (the end) are seconds, or milliseconds in `/Date(...)/`.
    * Sector times add up along the lap; -1000 and -1 are no time.
    * Old files have no ids of drivers, no total times and no laps.
    * The last lap of a driver who retired is no whole lap.
"""

from typing import Any

from ingestion.formats.kinds import Family, JsonFormat


def _unwrap(document: dict[str, Any]) -> dict[str, Any] | None:
    return document if {"Server", "Experience", "Sessions"} <= document.keys() else None


def _has_data(results: dict[str, Any]) -> bool:
    sessions = results["Sessions"]
    return isinstance(sessions, list) and any(isinstance(one, dict) and one.get("Players") for one in sessions)


def _count_entries(results: dict[str, Any]) -> int:
    sessions = [session for session in results["Sessions"] if isinstance(session, dict)]
    return sum(len(session["Players"]) for session in sessions if isinstance(session.get("Players"), list))


FORMAT = JsonFormat("raceroom_results_json", Family.RESULTS, _unwrap, _has_data, _count_entries)
