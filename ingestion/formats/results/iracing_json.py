"""iRacing event result as JSON, from the `/data` API or the results page.

Recognised by `subsession_id` beside `session_results`, wherever the keys stand in the object.

Parts: the API's answer as it is; under `data` in a download of the results page (`type` is `event_result`); under
`content` in a dump that also keeps the answer's headers. `session_results` holds one entry a session of the event.

Traps:
    * Places count from 0; in the CSV from 1.
    * Times are in ten-thousandths of a second; -1 is none.
    * An event can hold several races (heats and their feature); simsession 0 can be a practice.
    * Keys come and go with the years; a file's name can hold the id of another event.
    * A dump can begin with a byte order mark.
"""

from typing import Any

from ingestion.formats.kinds import Family, JsonFormat


def _unwrap(document: dict[str, Any]) -> dict[str, Any] | None:
    """The first place that holds both keys; stg_iracing__race_sessions has the same rule."""
    for place in (document, document.get("data"), document.get("content")):
        if isinstance(place, dict) and {"subsession_id", "session_results"} <= place.keys():
            return place
    return None


def _has_data(results: dict[str, Any]) -> bool:
    return isinstance(results["session_results"], list) and bool(results["session_results"])


def _count_entries(results: dict[str, Any]) -> int:
    sessions = [session.get("results") for session in results["session_results"] if isinstance(session, dict)]
    entries = [entry for session in sessions if isinstance(session, list) for entry in session]
    members = [entry.get("driver_results") for entry in entries if isinstance(entry, dict)]
    return len(entries) + sum(len(listed) for listed in members if isinstance(listed, list))


FORMAT = JsonFormat("iracing_results_json", Family.RESULTS, _unwrap, _has_data, _count_entries)
