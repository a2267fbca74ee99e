"""Event log of one session of iRacing, from the `/data` API: its index, and the list of events.

Recognised by: the index by `session_info` beside `chunk_info`, without what an index of laps has; the events by
`event_seq` and `event_code` in the first of them.

It is landed and kept; no model reads it yet.
"""

from typing import Any

from ingestion.formats.kinds import Family, JsonFormat
from ingestion.formats.results.iracing_laps import begins_with, chunk_names, count_rows, is_chunk_index, is_lap_index


def _index(document: dict[str, Any]) -> dict[str, Any] | None:
    return document if is_chunk_index(document, "session_info") and not is_lap_index(document) else None


def _has_chunks(index: dict[str, Any]) -> bool:
    return bool(chunk_names(index))


def _count_chunks(index: dict[str, Any]) -> int:
    return len(chunk_names(index))


def _events(document: list[Any]) -> list[Any] | None:
    return document if begins_with(document, "event_seq", "event_code") else None


FORMATS = (
    JsonFormat("iracing_event_log_index_json", Family.RESULTS, _index, _has_chunks, _count_chunks),
    JsonFormat("iracing_event_log_json", Family.RESULTS, _events, bool, count_rows, list),
)
