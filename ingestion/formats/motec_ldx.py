"""MoTeC beacons (.ldx): when the laps of the .ld beside it begin, which has the same name but for its ending.

Recognised by `<LDXFile` or its group of beacons, whatever its name: such a text named .ld exists.

Parts: `MarkerGroup` named `Beacons`, whose `Marker` each have a `Time` in microseconds from the start of the log;
`Details`, the laps that the writer counted.

Traps:
    * Layers, beacons and details may be missing, and a group may be empty.
    * Numbers have a point, whatever `Locale` says.
    * A beacon that cannot be read would make one lap of two, so the file is refused.
    * It may declare entities, which are never expanded.
"""

import math
from typing import Any

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import ParseError, fromstring

from ingestion.formats.kinds import Family, XmlFormat
from ingestion.formats.logs.log import Document
from ingestion.reading import Reason, RefusedError

MAX_BYTES = 1 << 20
_BEACONS = '<MarkerGroup Name="Beacons"'


def _recognise(head: str) -> bool:
    return head.lstrip().startswith("<") and ("<LDXFile" in head or _BEACONS in head)


def _read(text: str) -> tuple[list[Document], dict[str, int]]:
    try:
        root = fromstring(text, forbid_dtd=True)
    except (ParseError, DefusedXmlException) as error:
        told = str(error) if isinstance(error, ParseError) else "it declares a document type"
        raise RefusedError(Reason.MALFORMED, f"not valid XML: {told}") from None
    if root.tag != "LDXFile":
        raise RefusedError(Reason.MALFORMED, "beacons that stand in no LDXFile")
    groups = [group for group in root.iter("MarkerGroup") if group.get("Name") == "Beacons"]
    markers = [_marker(marker) for group in groups for marker in group.iter("Marker")]
    details = {one.get("Id"): one.get("Value") for part in root.iter("Details") for one in part if one.get("Id")}
    return [Document("markers", markers, None, None, 0), Document("details", details, None, None, 0)], {}


def _marker(marker: Any) -> dict[str, Any]:
    try:
        time_us = float(marker.get("Time", ""))
    except ValueError:
        time_us = math.nan
    if not math.isfinite(time_us):
        raise RefusedError(Reason.MALFORMED, "a beacon without a time")
    return {"name": marker.get("Name", ""), "time_us": time_us}


FORMAT = XmlFormat(
    "motec_ldx", Family.MARKERS, _recognise, _read, lambda documents: len(documents[0].content or ()), MAX_BYTES
)
