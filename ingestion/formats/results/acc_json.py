"""Assetto Corsa Competizione result as JSON, from a dedicated server or a player's own computer.

Recognised by `sessionResult` (server) or `snapShot` (player) beside `laps` or `trackName`.

Parts: `leaderBoardLines` in finishing order, one line a car; `laps` in order of crossing the line; penalties.

Traps:
    * The server writes UTF-16 without a byte order mark; copies by server managers are UTF-8 with sorted keys.
    * The only date stands in the file's name (`YYMMDD_HHMMSS_R.json`).
    * The first lap includes the formation lap; 2147483647 is no time.
    * A sixth of a server's files are sessions in which nobody drove; entry lists lie beside them.
"""

from typing import Any

from ingestion.formats.kinds import Family, JsonFormat


def _unwrap(document: dict[str, Any]) -> dict[str, Any] | None:
    if "laps" not in document and "trackName" not in document:
        return None
    return next((document[key] for key in ("sessionResult", "snapShot") if isinstance(document.get(key), dict)), None)


def _has_data(results: dict[str, Any]) -> bool:
    return isinstance(results.get("leaderBoardLines"), list) and bool(results["leaderBoardLines"])


def _count_entries(results: dict[str, Any]) -> int:
    cars = [line.get("car") if isinstance(line, dict) else None for line in results["leaderBoardLines"]]
    drivers = [car.get("drivers") if isinstance(car, dict) else None for car in cars]
    return sum(max(len(listed), 1) if isinstance(listed, list) else 1 for listed in drivers)


FORMAT = JsonFormat("acc_results_json", Family.RESULTS, _unwrap, _has_data, _count_entries)
