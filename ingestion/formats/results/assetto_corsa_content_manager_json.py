"""Content Manager's copy of Assetto Corsa's race_out.json, in its folder Sessions.

Recognised by what the game's file has, and `__raceIni`.

Parts: those of the game's file; `__raceIni`, the settings with which Content Manager started the game: track and layout
apart, and whether a server was there.

Traps:
    * Those of the game's file.
    * The only date is in the file's name: the local time at the end (`260302-201500.json`).
"""

from typing import Any

from ingestion.formats.kinds import Family, JsonFormat
from ingestion.formats.results.assetto_corsa_race_out_json import KEYS, count_entries, has_data


def _unwrap(document: dict[str, Any]) -> dict[str, Any] | None:
    return document if KEYS | {"__raceIni"} <= document.keys() else None


FORMAT = JsonFormat("assetto_corsa_content_manager_json", Family.RESULTS, _unwrap, has_data, count_entries)
