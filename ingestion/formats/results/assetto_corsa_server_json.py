"""Result of an Assetto Corsa server as JSON, as the server wrote it or as a server manager saved it again.

Recognised by `TrackName`, `Cars`, `Result` and `Laps`.

Parts: one session, whose `Type` is PRACTICE, QUALIFY or RACE; `Result` in finishing order, a line for each place of the
entry list; `Laps` in the order in which they ended, each with its driver, car and the server's clock in milliseconds
(`Timestamp`).

Traps:
    * 999999999 and 0 are no time. `BestLap` counts laps without cuts alone.
    * A place that nobody took has a line without name and id. It is no entry.
    * A driver who came back in another car has two lines. A driver who left, and whose place somebody took, has laps
      and no line.
    * The only date is in the file's name: the server's local time at the end (`2026_2_9_20_47_RACE.json`). A manager
      adds `Date`.
    * A manager adds penalties: `PenaltyTime` is in nanoseconds, and `TotalTime` is without it. The order is with it.
"""

from typing import Any

from ingestion.formats.kinds import Family, JsonFormat


def _unwrap(document: dict[str, Any]) -> dict[str, Any] | None:
    return document if {"TrackName", "Cars", "Result", "Laps"} <= document.keys() else None


def _has_data(results: dict[str, Any]) -> bool:
    return isinstance(results["Result"], list) and bool(results["Result"])


def _count_entries(results: dict[str, Any]) -> int:
    return sum(not _is_empty_place(line) for line in results["Result"])


def _is_empty_place(line: Any) -> bool:
    return isinstance(line, dict) and not any(line.get(key) for key in ("DriverName", "DriverGuid", "TotalTime"))


FORMAT = JsonFormat("assetto_corsa_server_json", Family.RESULTS, _unwrap, _has_data, _count_entries)
