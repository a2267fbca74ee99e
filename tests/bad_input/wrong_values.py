"""A wrong value in every place of every format: types, sizes, and texts that could be taken for code.

The files are well formed, so they land; the build with dbt then shows that no single value stops it.
"""

import copy
import csv
import random
import re
import string
from collections.abc import Iterator
from typing import Any
from xml.sax.saxutils import quoteattr

from tests.bad_input.small import Small, dumped, header_and_data

HOSTILE_TEXTS = (
    "Robert'); drop table raw.files;--",
    "{{ 1 + 1 }}",
    "{% raw %}{{ env_var('HOME') }}",
    "=cmd|' /C calc'!A0",
    "<script>alert(1)</script>",
    "[red]bold[/] \x1b[2J\x1b]0;title\x07",
    "\u202egnp.exe \u0645\u0631\u062d\u0628\u0627 \U0001f3ce\ufe0f",
    "$$; select pg_sleep(9) --",
    "back\\slash %s %(x)s \\N \\.",
    "  ",
    "\U0001f3c1" * 3_000,
    "".join(random.Random(1).choices(string.ascii_letters, k=9_000)),  # noqa: S311 - it does not compress, as an index would
)
"""Names of drivers, tracks, cars and channels that are data and nothing else."""

WRONG_NUMBERS = (
    "nan", "-inf", "Infinity", "1e400", "1e308", "-1e308", "3.5e38", "1e-320", "1e-44", "4.9e-324", "0x1F",
    "1_000", "999999999", "2147483647", "2147483648", "9223372036854775808", "1" + "0" * 400, "-1",
    "-2147483649", "0", "-0", "1,5", "1.234,5", "1;5", "\uff11\uff12", "1 2", "+", ".", "e5", "", " ", '"',
    '""', "''", "true", "null", "1:99", "99:99:99", "999:59:59.9999999999999", "9999:59.5", "99999.9",
    "99999 L", "999999999999 L",

)  # fmt: skip

WRONG_PREAMBLE = (
    *WRONG_NUMBERS, "0000-00-00", "0000-01-01", "9999-12-31", "2999-12-31", "30/02/2024", "31.12.9999",
    "1/1/0001", "99/99/2024", "now", "infinity", "epoch", "24:00:00", "25:61:61", "12:00 PM", "0:00 AM",
    "99:99", "13:00:00 PM", "Lap 99999999999", "Lap -1", "Lap x", "1e308 1e308", "1 2 3 nan inf 1e400 -5",
    "0.0001 " * 3_000, "0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "0000-01-01T00:00:00Z",
    "2026-02-30T00:00:00Z", "2026-01-01T00:00:00+99:00", "0001.01.01 1:00 AM GMT", "9999.12.31 11:59 PM GMT",
    "2026-01-01T::::Z",

)  # fmt: skip

WRONG_TYPES: tuple[Any, ...] = (
    None, "", " ", "text", True, 0, -1, 1.5, 999_999_999, 2_147_483_647, 2_147_483_648,
    9_223_372_036_854_775_808, 1e15, 1e300, 10**400, -(10**400), "nan", "1e400", "\ufeff", [], {}, [[]], [None],
    [1, "a"], {"a": 1}, {"0": {"": None}}, "9999-12-31T23:59:59Z", "0001-01-01T00:00:00Z",
    "0000-00-00T00:00:00Z", *HOSTILE_TEXTS,

)  # fmt: skip


def wrong_documents(small: Small, places_a_file: int, every: int = 1) -> Iterator[tuple[str, str]]:
    """Documents with each wrong value in each place of each document, as (name, text).

    Args:
        small: Documents to spoil.
        places_a_file: Places that one document has the value in, spread over it; 1 spoils one place at a time. A list
            or an object is always spoiled alone: what is inside it could not be spoiled any more.
        every: Take only one in so many of the combinations.
    """
    number = 0
    for kind, document in small.documents.items():
        leaves, branches = [], []
        for place in _places(document):
            (branches if isinstance(_at(document, place), list | dict) else leaves).append(place)
        groups = [
            leaves[start :: max(1, len(leaves) // places_a_file)] for start in range(len(leaves) // places_a_file)
        ]
        groups += [[place] for place in branches if place]
        for value in WRONG_TYPES:
            for places in groups:
                number += 1
                if number % every:
                    continue
                spoiled = _own(copy.deepcopy(document), number)
                for place in places:
                    _at(spoiled, place[:-1])[place[-1]] = value
                yield f"{kind} {number}.json", dumped(spoiled)


def wrong_laps(small: Small) -> Iterator[tuple[str, str]]:
    """Laps of the solo race with each wrong value in each place of a row, and the index that names them."""
    race = small.documents["solo"]
    driver = race["session_results"][0]["results"][0]
    good = {
        "group_id": driver["cust_id"], "cust_id": driver["cust_id"], "display_name": driver["display_name"],
        "lap_number": 1, "lap_time": 901_234, "lap_position": 2, "interval": -1_250, "interval_units": "ms",
        "lap_events": ["off track"], "flags": 4, "ai": False,
    }  # fmt: skip
    rows: list[Any] = [good]
    for key in good:
        for value in WRONG_TYPES:
            rows.append(good | {"lap_number": len(rows) + 1} | {key: value})
            rows.append(good | {"lap_number": len(rows) + 1} | {key: [value]})
    yield "wrong laps.json", dumped([*rows, *WRONG_TYPES])
    index = small.documents["lap_index"]
    of_race = index["session_info"] | {"subsession_id": race["subsession_id"], "simsession_number": 0}
    chunks = index["chunk_info"] | {"chunk_file_names": ["wrong laps.json", *WRONG_TYPES]}
    yield "index of wrong laps.json", dumped(index | {"session_info": of_race, "chunk_info": chunks})


def wrong_standings() -> Iterator[tuple[str, str]]:
    """Places of a season with each wrong value in each place of a row, and the index that names them."""
    good = {
        "rank": 1, "cust_id": 410_000, "display_name": "Ada Vale", "points": 81.5, "wins": 1, "starts": 2,
        "weeks_counted": 1,
    }  # fmt: skip
    rows: list[Any] = [good]
    for key in good:
        for value in WRONG_TYPES:
            rows.append(good | {"rank": len(rows) + 1, "cust_id": 410_000 + len(rows)} | {key: value})
            rows.append(good | {"rank": len(rows) + 1, "cust_id": 410_000 + len(rows)} | {key: [value]})
    yield "wrong standings.json", dumped([*rows, *WRONG_TYPES])
    chunks = {"chunk_file_names": ["wrong standings.json", *WRONG_TYPES]}
    for number, value in enumerate(WRONG_TYPES):
        index = {"season_id": 5_300, "series_name": value, "car_class_id": value, "race_week_num": value}
        yield f"index {number} of wrong standings.json", dumped(index | {"chunk_info": chunks})


def wrong_trees(small: Small, places_a_file: int, every: int = 1) -> Iterator[tuple[str, str]]:
    """XML with each wrong value in each text and attribute, as (name, text).

    Args:
        small: XML to spoil.
        places_a_file: Places that one file has the value in.
        every: Take only one in so many of the combinations.
    """
    number = 0
    for kind, text in small.trees.items():
        pieces = re.split(r"((?<==\")[^\"<>]*(?=\")|(?<=>)[^<>\n]+(?=<))", text)
        places = range(1, len(pieces), 2)
        for value in (*WRONG_NUMBERS, *HOSTILE_TEXTS):
            for start in range(0, len(places), places_a_file):
                number += 1
                if number % every:
                    continue
                spoiled = list(pieces)
                for place in places[start : start + places_a_file]:
                    spoiled[place] = quoteattr(value)[1:-1].replace(chr(34), "&quot;")
                server = f"<ServerName>server {number}</ServerName>"
                yield f"{kind} {number}.xml", re.sub("<ServerName>[^<]*</ServerName>", server, "".join(spoiled))


def _own(document: dict[str, Any], number: int) -> dict[str, Any]:
    """Make it a race of its own; otherwise all would be one race, and only the newest would be built."""
    if "chunk_info" in document:
        return document | {"last_updated": f"2026-01-01T00:00:00.{number:09}Z"}
    if "subsession_id" in document:
        return document | {"subsession_id": 40_000_000 + number}
    if "stats" in document:
        history = document["stats"].get("history") if isinstance(document["stats"], dict) else None
        for event in history if isinstance(history, list) else ():
            if isinstance(event, dict):
                event["index"] = number
        return document
    if "players" in document:
        added = {"lap": number, "car": 99, "time": number, "sectors": []}
        return document | {"sessions": [one | {"laps": [*one["laps"], added]} for one in document["sessions"]]}
    if "Result" in document:
        later = [lap | {"Timestamp": lap["Timestamp"] + number} for lap in document["Laps"]]
        return document | {"Laps": later}
    return document | {"Server" if "Experience" in document else "serverName": f"server {number}"}


def _places(node: Any, at: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield at
    if isinstance(node, dict):
        for key, child in node.items():
            yield from _places(child, (*at, key))
    elif isinstance(node, list):
        for index, child in enumerate(node[:2]):
            yield from _places(child, (*at, index))


def _at(node: Any, place: tuple[Any, ...]) -> Any:
    for key in place:
        node = node[key]
    return node


def wrong_tables(small: Small, every: int = 1) -> Iterator[tuple[str, str]]:
    """Tables with wrong cells, as (name, text): each value down the diagonal of the data, and in every preamble cell.

    Args:
        small: Tables to spoil.
        every: Take only one in so many of the preamble's combinations.
    """
    for name, text in small.tables.items():
        header, first = header_and_data(text)
        lines = text.split("\n")
        quoted = lines[first].startswith('"')
        data = [_split(line) for line in lines[first:] if line.strip()]
        for value_number, value in enumerate((*WRONG_NUMBERS, *HOSTILE_TEXTS)):
            spoiled = copy.deepcopy(data)
            for column in range(len(data[0])):
                row = spoiled[column % len(spoiled)]
                row[column % len(row)] = value
            label = f"value {value_number}"
            body = [_joined(row, quoted) for row in spoiled]
            yield f"{name} {label}.csv", _own_table("\n".join([*lines[:first], *body, ""]), label)
        for line_number in range(header):
            cells = _split(lines[line_number])
            for column, cell in enumerate(cells):
                for value_number, value in enumerate((*WRONG_PREAMBLE, *HOSTILE_TEXTS)):
                    if cell and (line_number + column + value_number) % every == 0:
                        line = _joined([*cells[:column], value, *cells[column + 1 :]], quoted)
                        label = f"preamble {line_number} {column} {value_number}"
                        preamble = [*lines[:line_number], line, *lines[line_number + 1 :]]
                        yield f"{name} {label}.csv", _own_table("\n".join(preamble), label)


def _split(line: str) -> list[str]:
    return next(csv.reader([line.rstrip("\r")]), [])


def _joined(cells: list[str], quoted: bool) -> str:
    marked = ['"' + cell.replace('"', '""') + '"' if quoted or "," in cell or '"' in cell else cell for cell in cells]
    return ",".join(marked)


def _own_table(text: str, label: str) -> str:
    """A session or race of its own, told by the driver or the track where the file names one."""
    for names in ('"Venue","', "Venue,"):
        if text.count(names) == 1:
            return text.replace(names, f"{names}{label} ", 1)
    return text
