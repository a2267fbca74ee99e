"""Statistics of a server of Automobilista 2, as the addon `ams2_stats` keeps them.

Recognised by `sessions` beside a `meta` with `plugin_version`.

Parts: `sessions`, the newest last, each with its `attrs`, `results` and `drivers`, who list their laps.

Traps:
    * Lines that begin with `//` stand before the JSON and behind it. An empty list is `{}`.
    * The file holds the last sessions alone, twenty if nobody set another number, so a session is in many files.
      Nothing says which sessions are of one event.
    * A session is named by the stage of the server. Where the addon did not see it begin it is `Allocating`, or has no
      name: it may have been practice, qualifying or a race.
    * Dates are those of the server's clock, without a zone; `uid` is the same as the start.
    * Old versions do not write Steam ids. `refid` stands for a driver as long as he stays.
    * Who is out has no place, and who never drove is among `drivers` alone.
    * Laps are counted from 0, and one that did not count has the number of the next.
"""

from typing import Any

from ingestion.formats.kinds import Family, JsonFormat


def _unwrap(document: dict[str, Any]) -> dict[str, Any] | None:
    meta = document.get("meta")
    return document if isinstance(meta, dict) and "plugin_version" in meta and "sessions" in document else None


def _count_results(document: dict[str, Any]) -> int:
    sessions = document["sessions"]
    lists = (
        [session.get("results") for session in sessions if isinstance(session, dict)]
        if isinstance(sessions, list)
        else ()
    )
    return sum(len(results) for results in lists if isinstance(results, list))


FORMAT = JsonFormat(
    "ams2_stats_addon_json", Family.RESULTS, _unwrap, lambda document: _count_results(document) > 0, _count_results
)
