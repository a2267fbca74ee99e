"""Result of Assetto Corsa on a player's own computer: the game's race_out.json.

Recognised by `track`, `players`, `sessions` and `number_of_sessions`, without Content Manager's `__raceIni`.

Parts: `players`, whose place in the list is the number of their car; `sessions` of one event, each with its `type` (1
practice, 2 qualifying, 3 race) and `laps`; a race with `raceResult`, the cars in finishing order.

Traps:
    * -1 is no time: a lap with cuts outside of a race. Its sectors are there all the same.
    * -1 in `raceResult` is no car.
    * Drivers have names and no ids. A place that nobody took has no name. The game's own drivers look like people.
    * There is no date.
    * A drift session has points and no laps, and an event that was left at once no session.
"""

from typing import Any

from ingestion.formats.kinds import Family, JsonFormat

KEYS = {"track", "players", "sessions", "number_of_sessions"}


def _unwrap(document: dict[str, Any]) -> dict[str, Any] | None:
    return document if document.keys() >= KEYS and "__raceIni" not in document else None


def has_data(results: dict[str, Any]) -> bool:
    """True when there are players and sessions."""
    sessions, players = results["sessions"], results["players"]
    return isinstance(players, list) and isinstance(sessions, list) and bool(players and sessions)


def count_entries(results: dict[str, Any]) -> int:
    """Players with a name, in each session."""
    sessions = sum(isinstance(session, dict) for session in results["sessions"])
    names = [player.get("name") for player in results["players"] if isinstance(player, dict)]
    return sessions * sum(name is not None and bool(str(name).strip()) for name in names)


FORMAT = JsonFormat("assetto_corsa_race_out_json", Family.RESULTS, _unwrap, has_data, count_entries)
