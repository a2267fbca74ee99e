"""Standings as iRacing gives them: of a season (CSV; JSON in an index and its rows) and of a league (JSON).

Recognised by: the CSV by the first four names of its header; the index by `season_id` beside `chunk_info`; its rows by
`rank`, `cust_id`, `points` and `weeks_counted` in the first of them; those of a league by `season_id` beside
`standings`.

Parts: a line or row a place. Of a league's, `driver_standings` and `team_standings`; the latter have no points.

Traps:
    * The CSV names neither series nor season. That of a week differs from that of a season in one name alone (`week`,
      `weekscounted`).
    * Large standings of a league are empty, with addresses of CSV files that last for an hour.
"""

from typing import Any

from ingestion.formats.kinds import Family, JsonFormat, Layout, TableFormat
from ingestion.formats.lines import Rows, first_filled
from ingestion.formats.results.iracing_laps import begins_with, chunk_names, count_rows, is_chunk_index

FIRST_COLUMNS = ["position", "name", "points", "dropped"]
LISTS = ("driver_standings", "team_standings")


def _is_csv(rows: Rows) -> bool:
    return bool(rows) and list(rows[0][:4]) == FIRST_COLUMNS


def _locate(rows: Rows) -> Layout | None:
    data = first_filled(rows, 1)
    return Layout(1, None, None if data is None else data + 1)


def _index(document: dict[str, Any]) -> dict[str, Any] | None:
    return document if is_chunk_index(document, "season_id") and "session_info" not in document else None


def _has_chunks(index: dict[str, Any]) -> bool:
    return bool(chunk_names(index))


def _count_chunks(index: dict[str, Any]) -> int:
    return len(chunk_names(index))


def _rows(document: list[Any]) -> list[Any] | None:
    return document if begins_with(document, "rank", "cust_id", "points", "weeks_counted") else None


def _league(document: dict[str, Any]) -> dict[str, Any] | None:
    return document if "season_id" in document and isinstance(document.get("standings"), dict) else None


def _count_places(document: dict[str, Any]) -> int:
    listed = (document["standings"].get(key) for key in LISTS)
    return sum(count_rows(rows) for rows in listed if isinstance(rows, list))


FORMATS = (
    TableFormat("iracing_standings_csv", Family.RESULTS, _is_csv, _locate),
    JsonFormat("iracing_standings_index_json", Family.RESULTS, _index, _has_chunks, _count_chunks),
    JsonFormat("iracing_standings_json", Family.RESULTS, _rows, bool, count_rows, list),
    JsonFormat(
        "iracing_league_standings_json", Family.RESULTS, _league, lambda document: _count_places(document) > 0,
        _count_places,
    ),
)  # fmt: skip
