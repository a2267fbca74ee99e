"""Laps of one session of iRacing, from the `/data` API: lap data (of one car) and lap chart (of all).

The API answers with an index, which names the session and the files in which the laps are. Programs save these files
as they come, or all their rows as one list.

Recognised by: the index by `session_info` beside `chunk_info`, with a best lap or with `lapdata` in the address of its
files; the rows by `lap_number` and `lap_time` beside `cust_id` or `group_id` in the first of them.

Parts: `chunk_info.chunk_file_names` of the index; a row a lap, with what happened in it (`lap_events`). A lap chart has
the position after the lap and the gap too.

Traps:
    * Rows name no session. Only the index does, and it knows the files by their names: 64 hexadecimal digits.
    * Those names can be followed by a signature (`?X-Amz-...`).
    * Lap 0 is the start: its position is that on the grid, and it has no time.
    * Times are in ten-thousandths of a second, -1 is none; the gap is in milliseconds or in laps, and negative.
    * `group_id` is the car: the driver's own id, or of a team a negative one.
    * Bits of `flags` that no lap event names are set too.
"""

from typing import Any

from ingestion.formats.kinds import Family, JsonFormat


def is_chunk_index(document: dict[str, Any], key: str) -> bool:
    """Whether this is an answer of the API that names files and holds, under the key, what they are of."""
    return key in document and isinstance(document.get("chunk_info"), dict)


def chunk_names(index: dict[str, Any]) -> list[Any]:
    """Names of the files in which the rows are."""
    names = index["chunk_info"].get("chunk_file_names")
    return names if isinstance(names, list) else []


def is_lap_index(document: dict[str, Any]) -> bool:
    """Whether this is an index of laps; that of an event log looks much alike."""
    return is_chunk_index(document, "session_info") and (
        "best_lap_time" in document or "lapdata" in str(document["chunk_info"].get("base_download_url"))
    )


def count_rows(rows: list[Any]) -> int:
    """Objects in a list."""
    return sum(isinstance(row, dict) for row in rows)


def begins_with(rows: list[Any], *keys: str) -> bool:
    """Whether the first of a list is an object with these keys."""
    return bool(rows) and isinstance(rows[0], dict) and rows[0].keys() >= set(keys)


def _index(document: dict[str, Any]) -> dict[str, Any] | None:
    return document if is_lap_index(document) else None


def _rows(document: list[Any]) -> list[Any] | None:
    is_of_laps = any(begins_with(document, "lap_number", "lap_time", key) for key in ("cust_id", "group_id"))
    return document if is_of_laps else None


def _count_chunks(index: dict[str, Any]) -> int:
    return len(chunk_names(index))


FORMATS = (
    JsonFormat("iracing_lap_index_json", Family.RESULTS, _index, lambda index: bool(chunk_names(index)), _count_chunks),
    JsonFormat("iracing_laps_json", Family.RESULTS, _rows, bool, count_rows, list),
)
