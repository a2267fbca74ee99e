"""Entry list of an ACC server as JSON: who may take part, in which car.

Recognised by `entries` and `forceEntryList`. The server writes one beside the results of each session.

Parts: `entries`, each with its `drivers` and `raceNumber`. It holds no result, and results name their drivers and cars
themselves, so it is landed and kept. Who stands in it is known, so that it can be forgotten.

Traps:
    * UTF-16 without a mark, as results are.
    * A number of -1 is none, and so is an empty `playerID`.
"""

from typing import Any

from ingestion.formats.kinds import Family, JsonFormat


def _unwrap(document: dict[str, Any]) -> dict[str, Any] | None:
    return document if {"entries", "forceEntryList"} <= document.keys() else None


def _count_entries(document: dict[str, Any]) -> int:
    return len(document["entries"]) if isinstance(document["entries"], list) else 0


FORMAT = JsonFormat(
    "acc_entry_list_json", Family.RESULTS, _unwrap, lambda document: _count_entries(document) > 0, _count_entries
)
