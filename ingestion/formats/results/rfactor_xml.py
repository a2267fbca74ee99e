"""Results as XML of the sims that came of rFactor: rFactor, rFactor 2, Automobilista, Le Mans Ultimate.

Recognised by `<rFactorXML`. The sim shows by `Mod`, which Le Mans Ultimate has not, Automobilista ends in `.srs`, and
by `ClientFuelVisible`, which rFactor has not.

Parts: `RaceResults` with the event, and in it one element for each session, named for its kind (TestDay, Practice1,
Qualify, Warmup, Race, Race2, Race3). A session has its `Stream` of what happened, and a `Driver` for each car, with its
`Lap`s, and with its `Swap`s where drivers changed.

Traps:
    * It says UTF-8 and can be Latin-1; it can have bare `&`, characters that XML does not know, and some after its end.
    * It declares an entity that it never uses.
    * A lap without a time is `--.----`, so laps do not sum to `FinishTime`, which is the time of the race.
    * A `Swap` can name nobody. `Position` can be broken. `isPlayer` lies.
"""

from collections.abc import Sequence
from typing import Any

from ingestion.formats.kinds import Family, XmlFormat
from ingestion.formats.logs.log import Document
from ingestion.formats.xml_tree import read_tree
from ingestion.reading import Reason, RefusedError

MAX_BYTES = 32 << 20  # a race of an hour with 44 cars takes one megabyte
NAME_CHARACTERS = 128
_ROOT = "rFactorXML"
_END = f"</{_ROOT}>"


def _format_of(head: str) -> str | None:
    if not head.lstrip().startswith("<") or f"<{_ROOT}" not in head:
        return None
    if "<Mod>" not in head:
        return "lmu_results_xml"
    if ".srs</Mod>" in head:
        return "ams_results_xml"
    return "rfactor2_results_xml" if "<ClientFuelVisible>" in head else "rfactor_results_xml"


def _read(text: str) -> tuple[list[Document], dict[str, int]]:
    whole, end, rest = text.rpartition(_END)
    is_cut = not end or not rest.strip()
    tree = read_tree(text if is_cut else whole + end)
    if tree.root["tag"] != _ROOT:
        raise RefusedError(Reason.MALFORMED, f"results that stand in no {_ROOT}")
    if not any(_drivers(tree.root)):
        raise RefusedError(Reason.NO_DATA, "results XML without a single driver")
    repairs = tree.repairs if is_cut else tree.repairs | {"characters_after_the_end": len(rest)}
    return [Document("tree", tree.root, None, None, 0)], repairs


def _children(element: dict[str, Any]) -> list[dict[str, Any]]:
    return [child for child in element.get("content", ()) if isinstance(child, dict)]


def _drivers(root: dict[str, Any]) -> list[dict[str, Any]]:
    results = [child for child in _children(root) if child["tag"] == "RaceResults"]
    sessions = [session for event in results[:1] for session in _children(event)]
    return [child for session in sessions for child in _children(session) if child["tag"] == "Driver"]


def _count_entries(documents: Sequence[Document]) -> int:
    drivers = _drivers(documents[0].content or {})
    return sum(max(len(_crew(driver)), 1) for driver in drivers)


def _crew(driver: dict[str, Any]) -> set[str]:
    """Names in the changes of drivers, as SQL reads them."""
    swaps = [child.get("content", [""])[0] for child in _children(driver) if child["tag"] == "Swap"]
    return {name[:NAME_CHARACTERS].strip(" ") for name in swaps if isinstance(name, str)} - {""}


def _of_sim(name: str) -> XmlFormat:
    return XmlFormat(name, Family.RESULTS, lambda head: _format_of(head) == name, _read, _count_entries, MAX_BYTES)


FORMATS = tuple(map(_of_sim, ("lmu_results_xml", "ams_results_xml", "rfactor2_results_xml", "rfactor_results_xml")))
