"""Every bad file we could think of, made by a script: what is broken, hostile, huge or strange.

A file is (path inside the corpus, bytes, what must become of it). Archives and what only a disk can hold (links, pipes,
names that are no text) are made in functions of their own.
"""

import gzip
import io
import json
import os
import random
import re
import struct
import tarfile
import warnings
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from ingestion.reading import Reason
from tests.bad_input.small import Small, dumped, header_and_data
from tests.bad_input.wrong_values import HOSTILE_TEXTS
from tests.ingestion.ibt import BROKEN, Variable, ibt
from tests.ingestion.test_garage61_tdf import made_tdf
from tests.ingestion.test_motec_ld import Made, made_ld

LANDS, EITHER = "lands", "either"
DEEP = 100_000
_STRANGE_MARKERS = (("0", "0"), ("1", "2e6"), ("1", "2e6"), ("=cmd", "1.5e6"), ("", "-5"), ("2", "4e6"), ("3", "1e300"))


@dataclass(frozen=True)
class Bad:
    """One bad file.

    Attributes:
        path: Its path in the corpus.
        data: Its bytes.
        becomes: A reason to refuse it, LANDS, or EITHER where both are right (a file cut where a line ends).
        members: What becomes of the members of an archive, by name; empty for a plain file.
    """

    path: str
    data: bytes
    becomes: str = EITHER
    members: tuple[tuple[str, str], ...] = ()


def corpus(small: Small) -> Iterator[Bad]:
    """The files of the corpus that are plain bytes."""
    for make in (truncated, encoded, tables, documents, trees, drives, hostile, named, archives, binary_logs):
        yield from make(small)


def truncated(small: Small, step: int = 1_000) -> Iterator[Bad]:
    """Each format, cut at every `step` bytes; UTF-16 also in the middle of a character."""
    for name, text in small.texts().items():
        data = text.encode()
        for end in range(step, len(data), step):
            yield Bad(
                f"truncated/{end} {name}", data[:end], EITHER if name.endswith(("csv", "jsonl")) else Reason.MALFORMED
            )
    for name, text in small.texts().items():
        yield Bad(f"truncated/half a character {name}", b"\xff\xfe" + text.encode("utf-16-le")[:-1], Reason.UNDECODABLE)
        packed = gzip.compress(text.encode(), mtime=0)
        yield Bad(f"truncated/{name}.gz", packed[: len(packed) // 2], Reason.TRUNCATED_ARCHIVE)


def encoded(small: Small) -> Iterator[Bad]:
    """Right, wrong and mixed encodings of each format."""
    for name, text in small.texts().items():
        marked = text.replace("Saltmarsh", "Sältmarsh").replace("Torrevento", "Torrevénto")
        for encoding in ("utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"):
            yield Bad(f"encoded/{encoding} {name}", marked.encode(encoding), LANDS)
        yield Bad(f"encoded/utf-32 {name}", text.encode("utf-32-le"), Reason.NUL_CHARACTERS)
        yield Bad(f"encoded/ebcdic {name}", text.encode("cp037", "replace"))
        middle = len(text) // 2
        first, second = text[:middle].encode(), text[middle:].encode()
        yield Bad(f"encoded/mixed {name}", first + "ü".encode() + "ü".encode("cp1252") + second)
        yield Bad(f"encoded/no encoding {name}", first + b"\x81\xff\x8d" + second, Reason.UNDECODABLE)
        yield Bad(f"encoded/two encodings {name}", first + second.decode().encode("utf-16-le"), Reason.NUL_CHARACTERS)
        yield Bad(f"encoded/nul {name}", first + b"\0" + second, Reason.NUL_CHARACTERS)
        yield Bad(f"encoded/mark in the middle {name}", first + b"\xef\xbb\xbf" + second)
        yield Bad(f"encoded/two marks {name}", b"\xef\xbb\xbf\xef\xbb\xbf" + text.encode())
        yield Bad(f"encoded/control characters {name}", first + b"\x01\x08\x0b\x0c\x1a\x1b[2J\x7f" + second)
        yield Bad(f"encoded/separators {name}", first + "\u2028\u2029\x85\ufffe\uffff".encode() + second)
    yield Bad("encoded/nothing.csv", b"", Reason.EMPTY)
    yield Bad("encoded/a mark alone.csv", b"\xef\xbb\xbf", Reason.UNKNOWN_FORMAT)
    yield Bad("encoded/one byte.csv", b"\0")
    yield Bad("encoded/noise.csv", random.Random(1).randbytes(20_000))  # noqa: S311


def tables(small: Small) -> Iterator[Bad]:
    """Tables with broken lines, headers and clocks."""
    for name, text in small.tables.items():
        if "[data]" in text:  # its names have a line each
            continue
        header, first = header_and_data(text)
        lines = text.replace("\r", "").split("\n")
        head, names, under, data = (
            lines[:header],
            lines[header],
            lines[header + 1 : first],
            [*filter(str.strip, lines[first:])],
        )

        def bad(what: str, made: list[str], becomes: str = EITHER, end: str = "\n", name: str = name) -> Bad:
            return Bad(f"tables/{what} {name}.csv", (end.join(made) + end).encode("utf-8", "surrogateescape"), becomes)

        yield bad("header without rows", lines[:first], Reason.NO_DATA)
        yield bad("rows without header", data, Reason.UNKNOWN_FORMAT)
        yield bad("rows before header", [*head, *data, names, *under])
        yield bad("header twice", [*lines[:first], *data[:9], names, *under, *data[9:]])
        yield bad("file twice", [*lines, *lines])
        yield bad("carriage returns alone", lines, end="\r")
        yield bad("mixed line ends", [line + "\r" * (number % 3) for number, line in enumerate(lines)])
        yield bad("quote that never closes", [*lines[:first], '"' + data[0], *data[1:]])
        yield bad("quotes everywhere", [*lines[:first], *(line.replace(",", ',"') for line in data)])
        yield bad("lone quotes", [*lines[:first], *(line.replace(".", '"', 3) for line in data)])
        yield bad("too few cells", [*lines[:first], *(line[: len(line) // 2] for line in data)])
        yield bad("too many cells", [*lines[:first], *(line + "," * 50 + "9" for line in data)])
        yield bad("ragged", [*lines[:first], *(line + "," * number for number, line in enumerate(data))])
        yield bad("clock going back", [*lines[:first], *reversed(data)])
        yield bad("clock standing", [*lines[:first], *[data[0]] * len(data)])
        yield bad("clock to and fro", [*lines[:first], *data[::2], *data[1::2]])
        yield bad("decimal commas", [*lines[:first], *(line.replace(",", ";").replace(".", ",") for line in data)])
        yield bad("decimal commas unquoted", [*lines[:first], *(line.replace(".", ",") for line in data)])
        yield bad("thousands", [*lines[:first], *(line.replace(".", ",000.") for line in data)])
        yield bad("blank lines", [*lines[:first], *(line for row in data for line in (row, "", " ", ",,,", '""'))])
        yield bad("header empty", [*head, *([","] if head else []), *under, *data])
        yield bad("names empty", [*head, names + "," * 400, *under, *(line + "," * 400 for line in data)])
        twice = [f"{line},{line}" if line.strip() else line for line in under]
        yield bad("names doubled", [*head, f"{names},{names}", *twice, *(f"{line},{line}" for line in data)])
        yield bad("names long", [*head, names + "," + "N" * 100_000, *under, *(line + ",1" for line in data)])
        hostile = ",".join('"' + text.replace('"', '""') + '"' for text in HOSTILE_TEXTS)
        yield bad("names hostile", [*head, f"{names},{hostile}", *under, *(f"{line},{hostile}" for line in data)])
        columns = ",".join(f"c{number}" for number in range(5_000))
        numbers = ",".join("0.5" for _ in range(5_000))
        few = data[:20]  # a hundred thousand cells are enough
        yield bad("5000 columns", [*head, f"{names},{columns}", *under, *(f"{line},{numbers}" for line in few)], LANDS)
        same = ",".join(['"Ground Speed"'] * 2_500 + [""] * 2_500)
        yield bad("5000 names alike", [*head, f"{names},{same}", *under, *(f"{line},{numbers}" for line in few)], LANDS)
        last = names.split(",")[-1]
        yield bad(
            "5000 times a mapped name",
            [*head, ",".join([names, *[last] * 5_000]), *under, *(line + "," * 5_000 for line in few)],
        )
        quoted = ",".join('"0,5"' for _ in range(2_000))
        yield bad("2000 quoted commas", [*head, names, *under, *data, *(f"{line},{quoted}" for line in data)])
        yield bad("a long line", [*head, names, *under, *data, "1," * 500_000], EITHER)
        yield bad("a long line of quotes", [*head, names, *under, *data, '"1,5",' * 150_000], EITHER)
        yield bad("a long line of open quotes", [*head, names, *under, *data, ',"1' * 300_000], EITHER)
        yield bad("a line too long", [*head, names, *under, *data, "1," * 1_100_000], Reason.TOO_LARGE)
        yield bad("one row", [*lines[:first], data[0]], LANDS)
        yield bad(
            "garbage rows",
            [
                *lines[:first],
                *(
                    random.Random(number).randbytes(200).decode("latin-1").replace("\0", "")  # noqa: S311
                    for number in range(50)
                ),
            ],
        )
    formulas = ["=cmd|' /C calc'!A0", "+1+1", "-1+1", "@SUM(A1)", "\t=1", "\r=1", "=HYPERLINK(1)"]
    yield Bad("tables/formulas.csv", "\n".join(formulas).encode(), Reason.UNKNOWN_FORMAT)


def documents(small: Small) -> Iterator[Bad]:
    """Documents that are broken JSON, or JSON that nobody expects."""
    for name, document in small.documents.items():
        text = dumped(document)

        def bad(what: str, made: str | bytes, becomes: str = EITHER, name: str = name) -> Bad:
            data = made if isinstance(made, bytes) else made.encode("utf-8", "surrogatepass")
            return Bad(f"documents/{what} {name}.json", data, becomes)

        with_member = lambda member, text=text: text[:-1] + "," + member + "}"  # noqa: E731
        yield bad("200 deep", with_member('"deep":' + "[" * 200 + "]" * 200), LANDS)
        yield bad("200 deep objects", with_member('"deep":' + '{"a":' * 200 + "1" + "}" * 200), LANDS)
        yield bad("3000 deep", with_member('"deep":' + "[" * 3_000 + "]" * 3_000), Reason.MALFORMED)
        yield bad("too deep", with_member('"deep":' + "[" * DEEP + "]" * DEEP), Reason.MALFORMED)
        yield bad("too deep and open", with_member('"deep":' + '{"a":' * DEEP), Reason.MALFORMED)
        for key in list(document)[:3]:
            yield bad(f"key twice {key}", with_member(f'"{key}":{{"a":1}}'))
            yield bad(f"key first {key}", f'{{"{key}":[1],' + text[1:], LANDS)
        yield bad("all keys twice", text[:-1] + "," + text[1:], LANDS)
        yield bad("1e400", with_member('"number":1e400'), Reason.MALFORMED)
        yield bad("1e200000", with_member('"number":1e200000'), Reason.MALFORMED)
        yield bad("1e-200000", with_member('"number":1e-200000'), Reason.MALFORMED)
        yield bad("400 digits", with_member('"number":' + "9" * 400), LANDS)
        yield bad("5000 digits", with_member('"number":' + "9" * 5_000), Reason.MALFORMED)
        yield bad("200000 decimals", with_member('"number":0.' + "9" * 200_000), Reason.MALFORMED)
        for number in ("NaN", "Infinity", "-Infinity", "0x1F", "01", "+1", ".5", "1.", "True", "'a'"):
            yield bad(f"no number {number}", with_member(f'"number":{number}'), Reason.MALFORMED)
        yield bad("lone surrogate", with_member(r'"text":"\ud83c"'), Reason.MALFORMED)
        yield bad("lone surrogate as a key", with_member(r'"\udfce":1'), Reason.MALFORMED)
        yield bad("wrong surrogates", with_member(r'"text":"\udfce\ud83c"'), Reason.MALFORMED)
        yield bad("surrogate bytes", with_member('"text":"\ud83c"'))
        yield bad("escaped pair", with_member(r'"text":"\ud83c\udfce"'), LANDS)
        yield bad("escaped nul", with_member(r'"text":"\u0000"'), Reason.NUL_CHARACTERS)
        yield bad("backslash before nul", with_member(r'"text":"\\u0000"'), LANDS)
        yield bad("control characters", with_member('"text\t":"\x01\n\x1b[2J"'), LANDS)
        yield bad("control character outside of a text", "{\x01" + text[1:], Reason.MALFORMED)
        yield bad("quotes without end", with_member('"' + '\\"' * 500_000), Reason.MALFORMED)
        yield bad("empty key", with_member('"":{"":""}'), LANDS)
        yield bad("comma at the end", text[:-1] + ",}", Reason.MALFORMED)
        yield bad("comment", "/* */" + text, Reason.UNKNOWN_FORMAT)
        yield bad("comment lines", f"// a\n\n //b\r\n{text}\n// c\n\n//", LANDS)
        yield bad("a comment line inside", "{\n// a\n" + text[1:], Reason.MALFORMED)
        yield bad("comment lines alone", "// a\n" * 200_000, Reason.UNKNOWN_FORMAT)
        yield bad("two documents", text + text, Reason.MALFORMED)
        yield bad("lines of documents", f"{text}\n{text}\n", Reason.MALFORMED)
        yield bad("in a list", f"[{text}]", Reason.UNKNOWN_FORMAT)
        yield bad("in a text", json.dumps(text), Reason.UNKNOWN_FORMAT)
        yield bad("white space before", " \n\t" * 1_000 + text, LANDS)
        yield bad("white space only before", "\ufeff \n" + text, LANDS)
        yield bad("in itself", dumped(document | {"data": document, "content": document}), LANDS)
        yield bad("pretty", json.dumps(document, indent=8), LANDS)
        yield bad("a million values", with_member('"many":[' + "[]," * 1_500_000 + "0]"), Reason.TOO_LARGE)
        yield bad("wide text", with_member('"text":"' + "x" * 8_500_000 + '\U0001f3c1"'), Reason.TOO_LARGE)
        yield bad("long text", with_member('"text":"' + "\U0001f3c1" * 500_000 + '"'), LANDS)
    for name, text in {"{}": "{}", "[]": "[]", "open": "{", "open list": "[", "zero": "0", "null": "null"}.items():
        yield Bad(f"documents/{name}.json", text.encode())
    yield from _twice(small)


def _twice(small: Small) -> Iterator[Bad]:
    """The same number, driver, car or session twice where there should be one."""
    for name, document in small.documents.items():
        if "session_results" in document:
            sessions = document["session_results"]
            variants = {
                "sessions": sessions * 2,
                "sessions without a number": [
                    {key: value for key, value in session.items() if key != "simsession_number"} for session in sessions
                ],
                "entries": [session | {"results": session["results"] * 2} for session in sessions],
                "drivers": [session | {"results": [session["results"][0]] * 3} for session in sessions],
            }
            for number, (what, changed) in enumerate(variants.items()):
                spoiled = document | {"subsession_id": 50_000_000 + number, "session_results": changed}
                yield Bad(f"documents/twice {what} {name}.json", dumped(spoiled).encode(), LANDS)
            classes = document | {"subsession_id": 50_000_009, "car_classes": document["car_classes"] * 2}
            yield Bad(f"documents/twice classes {name}.json", dumped(classes).encode(), LANDS)
        elif "Experience" in document:
            sessions = document["Sessions"]
            players = [session | {"Players": session["Players"] * 2} for session in sessions]
            for what, changed in {"sessions": sessions * 2, "players": players}.items():
                spoiled = document | {"Server": what, "Sessions": changed}
                yield Bad(f"documents/twice {what} {name}.json", dumped(spoiled).encode(), LANDS)
        elif "sessionResult" in document:
            result = document["sessionResult"]
            cars = result["leaderBoardLines"]
            crew = [line | {"car": line["car"] | {"drivers": line["car"]["drivers"] * 3}} for line in cars]
            for what, changed in {"cars": cars * 2, "drivers": crew}.items():
                spoiled = document | {"serverName": what, "sessionResult": result | {"leaderBoardLines": changed}}
                yield Bad(f"documents/twice {what} {name}.json", dumped(spoiled).encode(), LANDS)
            laps = document | {"serverName": "laps", "laps": document["laps"] * 2}
            yield Bad(f"documents/twice laps {name}.json", dumped(laps).encode(), LANDS)
        elif "chunk_info" in document:
            names = document["chunk_info"]["chunk_file_names"]
            spoiled = document | {"chunk_info": document["chunk_info"] | {"chunk_file_names": names * 2}}
            yield Bad(f"documents/twice files {name}.json", dumped(spoiled).encode(), LANDS)
        elif "standings" in document:
            listed = {key: rows * 2 for key, rows in document["standings"].items() if isinstance(rows, list)}
            spoiled = document | {"season_id": 70, "standings": document["standings"] | listed}
            yield Bad(f"documents/twice places {name}.json", dumped(spoiled).encode(), LANDS)
        elif "stats" in document:
            [event] = document["stats"]["history"]
            doubled = {
                name: {key: value * 2 if isinstance(value, list) else value for key, value in stage.items()}
                for name, stage in event["stages"].items()
            }
            lists = event | {"index": 70, "stages": doubled}
            for what, history in {"events": [event | {"index": 71}] * 2, "lists": [lists]}.items():
                spoiled = document | {"stats": document["stats"] | {"history": history}}
                yield Bad(f"documents/twice {what} {name}.json", dumped(spoiled).encode(), LANDS)
        else:  # Assetto Corsa
            lists = [key for key, value in document.items() if isinstance(value, list)]
            assert lists, name
            for key in lists:
                spoiled = document | {key: document[key] * 2}
                yield Bad(f"documents/twice {key} {name}.json", dumped(spoiled).encode(), LANDS)


def trees(small: Small) -> Iterator[Bad]:
    """XML that would take the memory, or read other files, or is no XML."""
    for name, text in small.trees.items():
        declared = '<!ENTITY rFEnt "rFactor Entity">'
        assert declared in text
        one_name = text.replace("Harrow & Pike", "{}", 1)

        def bad(what: str, made: str, becomes: str = Reason.MALFORMED, name: str = name) -> Bad:
            return Bad(f"trees/{what} {name}.xml", made.encode("utf-8", "surrogatepass"), becomes)

        laughs = "".join(f'<!ENTITY a{at} "{f"&a{at - 1};" * 10}">' for at in range(1, 12))
        yield bad("billion laughs", one_name.replace(declared, f'<!ENTITY a0 "ha">{laughs}').replace("{}", "&a11;"))
        yield bad("billion laughs that nobody tells", text.replace(declared, f'<!ENTITY a0 "ha">{laughs}'))
        big = f'<!ENTITY big "{"x" * 100_000}">'
        yield bad("quadratic", one_name.replace(declared, big).replace("{}", "&big;" * 10_000))
        yield bad("quadratic in an attribute", text.replace(declared, big).replace('et="12.5"', 'et="&big;&big;"'))
        yield bad("its entity used", one_name.replace("{}", "&rFEnt;"))
        yield bad("its entity used in an attribute", text.replace('et="12.5"', 'et="&rFEnt;"'))
        yield bad("a file as an entity", one_name.replace(declared, '<!ENTITY f SYSTEM "file:///etc/hostname">'))
        yield bad("a file", text.replace("DOCTYPE rF", 'DOCTYPE rF SYSTEM "file:///etc/hostname"'))
        yield bad("an address", text.replace("DOCTYPE rF", 'DOCTYPE rF PUBLIC "-//x" "http://127.0.0.1:9/x.dtd"'))
        yield bad("entity of parameters", text.replace(declared, '<!ENTITY % p "x">'))
        yield bad("entity of a file's parameters", text.replace(declared, '<!ENTITY % p SYSTEM "x.dtd"> %p;'))
        yield bad("unparsed entity", text.replace(declared, '<!ENTITY p SYSTEM "x.gif" NDATA gif>'))
        yield bad("attributes by declaration", text.replace(declared, f'<!ATTLIST Lap x CDATA "{"x" * 10_000}">'))
        yield bad("10000 nested", text.replace("<Stream>", "<a>" * 10_000 + "</a>" * 10_000 + "<Stream>"))
        yield bad("nested and open", text.partition("<Race>")[0] + "<a>" * DEEP)
        yield bad("50 nested", text.replace("<Stream>", "<a>" * 50 + "</a>" * 50 + "<Stream>"), LANDS)
        yield bad("a million tags", text.replace("<Stream>", "<a/>\n" * 2_000_001 + "<Stream>"), Reason.TOO_LARGE)
        many = f"<x {' '.join(f'a{at}=' + chr(34) * 2 for at in range(50_000))}/>"
        yield bad("50000 attributes", text.replace("<Stream>", many + "<Stream>"), LANDS)
        yield bad("attribute twice", text.replace('et="12.5"', 'et="12.5" et="1"'))
        yield bad("another root", text.replace("rFactorXML", "html", 1) + "<rFactorXML", Reason.MALFORMED)
        yield bad("no driver", re.sub("<Driver>.*</Driver>", "", text, flags=re.DOTALL), Reason.NO_DATA)
        yield bad("no results", re.sub("<RaceResults>.*</RaceResults>", "", text, flags=re.DOTALL), Reason.NO_DATA)
        yield bad("twice", text + text)
        yield bad("letters after the end", text + "\xed\x01 more", LANDS)
        yield bad("ampersands", one_name.replace("{}", "& && &x; &#0; &#xD800; &#x110000; &#65; &amp; &lt;"), LANDS)
        yield bad("control characters", one_name.replace("{}", "\x01\x1b[2J\x0b\ufffe"), LANDS)
        yield bad("a bare bracket", one_name.replace("{}", "a < b"))
        yield bad("unquoted", text.replace('et="12.5"', "et=12.5"))
        yield bad("sections", one_name.replace("{}", "<![CDATA[a < b & c]]>").replace("& ", "&amp; "), LANDS)
        yield bad("comments", text.replace("<Stream>", "<!-- <Race> & --><?php x?><Stream>"), LANDS)
        yield bad("namespaces", text.replace("<rFactorXML", '<rFactorXML xmlns:x="urn:x" x:y="1"', 1), LANDS)
        yield bad("cars twice", re.sub("(<Driver>.*</Driver>)", r"\1\n\1", text, flags=re.DOTALL), LANDS)
        yield bad("sessions twice", re.sub("(<Race>.*</Race>)", r"\1\n\1", text, flags=re.DOTALL), LANDS)
        yield bad("events twice", re.sub("(<RaceResults>.*</RaceResults>)", r"\1\n\1", text, flags=re.DOTALL), LANDS)
        yield bad("elements in a name", text.replace("<Name>", "<Name><b>x</b>", 1), LANDS)


def drives(small: Small) -> Iterator[Bad]:
    """Points and laps that would take the memory, or are none."""
    points, laps = small.drives["gpx.xml"], json.loads(small.drives["gt7_dashboard_json.json"])

    def bad(what: str, made: str, becomes: str = Reason.MALFORMED) -> Bad:
        return Bad(f"drives/{what}", made.encode("utf-8", "surrogatepass"), becomes)

    head, tail = points[: points.index("<trkpt")], points[points.rindex("</trkseg>") :]
    place = '<trkpt lat="47" lon="8">'
    laughs = '<!DOCTYPE gpx [<!ENTITY a "ha"><!ENTITY b "&a;&a;">]>\n<gpx'
    yield bad("laughs.gpx", points.replace("<gpx", laughs, 1).replace("<ele>", "<ele>&b;", 1))
    yield bad("a file.gpx", points.replace("<gpx", '<!DOCTYPE gpx SYSTEM "file:///etc/hostname">\n<gpx', 1))
    yield bad("nested.gpx", points.replace("<ele>", "<a>" * DEEP + "<ele>", 1))
    yield bad("a point in a point.gpx", points.replace("<ele>", f"{place}</trkpt><ele>"), LANDS)
    yield bad("kinds.gpx", f"{head}{place}{''.join(f'<a{at}>1</a{at}>' for at in range(5_000))}</trkpt>{tail}")
    yield bad("tags.gpx", head + "<trkpt/>\n" * 2_000_001 + tail, Reason.TOO_LARGE)
    wide = place + "".join(f"<a{at}>1</a{at}>" for at in range(190)) + "</trkpt>"
    yield bad("wide.gpx", head + wide + (place + "</trkpt>") * 60_000 + tail, Reason.TOO_LARGE)
    yield bad("no points.gpx", head + tail, Reason.NO_DATA)
    yield bad("no times.gpx", re.sub("<time>[^<]*</time>", "", points), LANDS)
    yield bad("no such times.gpx", re.sub("<time>[^<]*</time>", "<time>noon</time>", points))
    yield bad("no places.gpx", re.sub('l(at|on)="[^"]*"', r'l\1="NaN"', points), LANDS)
    yield bad("far times.gpx", points.replace("<time>2026", "<time>9999", 3), EITHER)
    yield bad("tracks of one time.gpx", points.replace("<trk>", f"<trk>{points.split('<trk>')[1]}<trk>", 1))
    yield bad("one line.gpx", points.replace("\n", " "), LANDS)
    yield bad("another root.gpx", points.replace("<gpx", "<gpxx", 1), Reason.UNKNOWN_FORMAT)

    frames = small.drives["live_json.jsonl"]
    yield bad("deep.jsonl", frames.replace('"car": "Finch"', '"x": ' + "[" * DEEP + "]" * DEEP, 1), EITHER)
    yield bad("no numbers.jsonl", frames.replace('"gear": 1', '"gear": NaN').replace('"rpm": 3', '"rpm": 1e999'), LANDS)
    yield bad("lists.jsonl", frames + "[]\n7\nnull\n{}\n", LANDS)
    yield bad("escaped NUL.jsonl", frames.replace("Finch", "\\u0000", 3), LANDS)
    yield bad("half a pair.jsonl", frames.replace("Finch", "\\ud800"), LANDS)
    yield bad("names of no character.jsonl", frames.replace('"rpm"', '"\\u0000\\ud800rpm"'), LANDS)
    yield bad("names.jsonl", frames + "".join(f'{{"a{at}": 1}}\n' for at in range(1_001)), Reason.TOO_LARGE)
    yield bad("no clock.jsonl", frames.replace('"elapsed_s": ', '"elapsed_s": null, "x": '))

    def lap(**changed: object) -> str:
        return dumped([laps[0] | changed, *laps[1:]])

    packets = laps[0]["data_speed"]
    yield bad("shorter.json", lap(data_speed=packets[1:]))
    yield bad("arrays in arrays.json", lap(data_speed=[[value] for value in packets]))
    yield bad("empty.json", dumped([{**laps[0], **{key: [] for key in laps[0] if key[:5] == "data_"}}]), Reason.NO_DATA)
    yield bad("words.json", lap(data_speed=["fast"] * len(packets), data_gear=[None] * len(packets)), LANDS)
    yield bad("no numbers.json", lap(data_speed=packets).replace(str(packets[5]), "NaN"), LANDS)
    yield bad("times.json", lap(lap_finish_time="soon", number=None, lap_start_timestamp="then", car_id=[1]), LANDS)
    yield bad("far.json", lap(lap_finish_time=1e300, lap_start_timestamp="9999-12-31 23:59:59"), LANDS)
    yield bad("values.json", lap(data_speed=[1] * 1_000_001), Reason.TOO_LARGE)
    yield bad("arrays.json", lap(**{f"data_{at}": packets for at in range(300)}), Reason.TOO_LARGE)
    yield bad("laps.json", dumped(laps)[:-1] + ',{"lap_ticks":1}' * 50_000 + "]", LANDS)
    yield bad("nested.json", dumped(laps)[:-2] + ',"data_a":' + "[" * DEEP)
    yield bad("nested whole.json", dumped(laps)[:-2] + ',"data_a":' + "[" * DEEP + "]" * DEEP + "}]")
    yield bad("braces.json", dumped(laps)[:-1] + "{" * DEEP)
    yield bad("a number.json", dumped(laps)[:-1] + ",1]")
    yield bad("no end.json", dumped(laps)[:-1])
    yield bad("quotes.json", dumped(laps)[:-1] + ',{"' + '\\\\"' * 500_000)
    yield bad("twice.json", dumped(laps + laps), LANDS)


def hostile(small: Small) -> Iterator[Bad]:
    """Names of drivers, cars, tracks and series that could be taken for code, in results and in telemetry."""
    document, table = small.documents["solo"], small.tables["motec"]
    for number, name in enumerate(HOSTILE_TEXTS):
        results = [
            session | {"results": [entry | {"display_name": name, "car_name": name} for entry in session["results"]]}
            for session in document["session_results"]
        ]
        race = document | {
            "subsession_id": 60_000_000 + number,
            "session_results": results,
            "series_name": name,
            "track": document["track"] | {"track_name": name, "config_name": name},
        }
        yield Bad(f"hostile/{number}.json", dumped(race).encode(), LANDS)
        lines = table.split("\n")
        cell = '"' + name.replace('"', '""') + '"'
        for line_number, line in enumerate(lines[:12]):
            key = line.split(",")[0]
            if key in ('"Venue"', '"Vehicle"', '"Driver"'):
                lines[line_number] = f"{key},{cell}"
        yield Bad(f"hostile/{number}.csv", "\n".join(lines).encode(), LANDS)


def named(small: Small) -> Iterator[Bad]:
    """Good files whose names suggest another format."""
    texts = small.texts()
    names = (
        *(text.strip().replace("/", "\u2215")[:60] for text in HOSTILE_TEXTS if text.strip()),
        "-rf", "--help", "~", "$HOME", "`id`", "a\nb", "a\rb", "\ttab", " space ", "*", "[a-z]", "con", "nul", "%s%n",
        "x" * 240, "eventresult_" + "9" * 200, "Garage 61 - " * 18, "Garage 61 - - - - - -", "999999_999999_R",
        "000000_000000_R99999999999999999", "\U0001f3c1", "\u0627\u0644\u0633\u0628\u0627\u0642", "e\u0301",
        "\u202efdp",
    )  # fmt: skip
    for number, name in enumerate(names):
        source, text = list(texts.items())[number % len(texts)]
        suffix = Path(source).suffix
        yield Bad(f"named/{name}{suffix}", text.encode() + b" " * number + b"\n", LANDS)


def archives(small: Small) -> Iterator[Bad]:
    """Archives that are damaged, would write elsewhere, are links, or unpack to very much."""
    good = small.texts()["garage61.csv"].encode()
    other = [good + b"\n" * number for number in range(1, 40)]
    yield Bad("archives/10 levels.zip", _nested(good, 10), members=(("level 9.zip", Reason.KNOWN_NOT_SUPPORTED),))
    names = (
        "../../outside.csv",
        "/absolute.csv",
        "windows\\..\\..\\b.csv",
        "C:\\windows.csv",
        "a/../../b.csv",
        "./c.csv",
    )
    yield Bad(
        "archives/elsewhere.zip",
        _zip({name: other[number] for number, name in enumerate(names)}),
        members=tuple((name, LANDS) for name in names),
    )
    yield Bad(
        "archives/elsewhere.tar.gz",
        _tar([(tarfile.TarInfo(name), other[6 + number]) for number, name in enumerate(names)]),
        members=tuple((name, LANDS) for name in names),
    )
    links = []
    for number, (kind, target) in enumerate(
        [
            (tarfile.SYMTYPE, "/etc/passwd"),
            (tarfile.LNKTYPE, "good.csv"),
            (tarfile.LNKTYPE, "/etc/passwd"),
            (tarfile.SYMTYPE, "link 0.csv"),
            (tarfile.FIFOTYPE, ""),
            (tarfile.CHRTYPE, ""),
            (tarfile.BLKTYPE, ""),
        ]
    ):
        member = tarfile.TarInfo(f"link {number}.csv")
        member.type, member.linkname = kind, target
        links.append((member, b""))
    yield Bad(
        "archives/links.tar.gz",
        _tar([(tarfile.TarInfo("good.csv"), other[12]), *links]),
        members=(("good.csv", LANDS), *((member.name, Reason.UNREADABLE) for member, _ in links)),
    )
    yield Bad("archives/link.zip", _zip_link(), members=(("link.csv", Reason.UNKNOWN_FORMAT),))
    yield Bad("archives/member twice.zip", _zip_twice(other[13], other[14]), members=(("twice.csv", LANDS),) * 2)
    yield Bad("archives/overlapping.zip", _overlapping(), EITHER)
    yield Bad("archives/beside a bomb.zip", _zip({"bomb.csv": bytes(64 << 20), "good.csv": other[15]}),
              members=(("bomb.csv", Reason.NUL_CHARACTERS), ("good.csv", LANDS)))  # fmt: skip
    yield Bad("archives/empty.zip", _zip({}), Reason.EMPTY)
    yield Bad("archives/empty.tar.gz", _tar([]), EITHER)
    yield Bad("archives/nothing.gz", gzip.compress(b"", mtime=0), Reason.EMPTY)
    yield Bad(
        "archives/gz in gz.csv.gz", gzip.compress(gzip.compress(good, mtime=0), mtime=0), Reason.KNOWN_NOT_SUPPORTED
    )
    yield Bad("archives/a plain file.gz", other[16], LANDS)
    yield Bad("archives/a plain file.zip", other[17], LANDS)
    yield Bad("archives/only a signature.zip", b"PK\3\4", Reason.TRUNCATED_ARCHIVE)
    yield Bad("archives/only a signature.gz", b"\x1f\x8b", Reason.TRUNCATED_ARCHIVE)
    whole = _zip({"a.csv": other[18], "b.csv": other[19]})
    for end in range(1_000, len(whole), 1_000):
        yield Bad(f"archives/cut at {end}.zip", whole[:end])
    damaged = bytearray(whole)
    damaged[len(damaged) // 4] ^= 0xFF
    yield Bad("archives/damaged.zip", bytes(damaged))
    tarred = _tar([(tarfile.TarInfo("a.csv"), other[20]), (tarfile.TarInfo("b.csv"), other[21])])
    for end in range(1_000, len(tarred), 1_000):
        yield Bad(f"archives/cut at {end}.tar.gz", tarred[:end])
    old = tarfile.TarInfo("year 0.csv")
    old.mtime = -62_200_000_000
    late = tarfile.TarInfo("year 9999.csv")
    late.mtime = 253_402_300_799
    yield Bad(
        "archives/dates.tar.gz",
        _tar([(old, other[22]), (late, other[23])]),
        members=(("year 0.csv", LANDS), ("year 9999.csv", LANDS)),
    )
    yield Bad("archives/header bomb.tar.gz", tar_header_bomb(8 << 20), Reason.TOO_LARGE)
    unnamed = tarfile.TarInfo("\udcff\udcfe.csv")
    yield Bad("archives/no text.tar.gz", _tar([(unnamed, other[24])]), EITHER)


def binary_logs(_: Small) -> Iterator[Bad]:
    """Logs whose header says what cannot be, what only begins as one, and odd ones that are read all the same."""
    for name, data in BROKEN.items():
        yield Bad(f"logs/{name}.ibt", data, Reason.MALFORMED)
    yield Bad("logs/no record.ibt", ibt(count=0, rest=b"\1"), Reason.NO_DATA)
    yield Bad("logs/first bytes alone.ibt", ibt()[:12], Reason.MALFORMED)
    yield Bad("logs/an impostor.ibt", struct.pack("<400f", *range(400)))
    yield from _strange_ibt()
    yield from _strange_ld()
    lap = {1: np.arange(90, dtype="<f4"), 2: np.full(90, np.nan, "<f4"), 10: np.ones(90, "u1")}
    yield Bad("logs/a lap.tdf", made_tdf(lap), LANDS)
    yield Bad("logs/channels of no known number.tdf", made_tdf({2**31 - 1: lap[1], 0: lap[2]}), Reason.NO_DATA)
    yield Bad("logs/cut.tdf", made_tdf(lap)[:-40], Reason.MALFORMED)


def _strange_ibt() -> Iterator[Bad]:
    """What a sim writes while it runs or is stopped, and what only somebody with ill intent writes."""
    named = [Variable(text.strip()[:31]) for text in HOSTILE_TEXTS if text.strip() and len(text.encode()) < 32]
    people = "".join(f" - UserName: {json.dumps(text)}\n   UserID: {at}\n" for at, text in enumerate(HOSTILE_TEXTS))
    texts = {
        "no text": b"",
        "a text that is no YAML": b"---\n: [}\n\t- *nobody\n",
        "a text in another encoding": '---\nDriverInfo:\n Drivers:\n - UserName: Jürgen "x: y'.encode("cp1252"),
        "a text of lists in lists": b"---\nWeekendInfo: " + b"[" * 20_000,
        "a text that names itself": b"---\na: &a [*a, *a, *a]\nWeekendInfo: *a\n",
        "hostile people": f"---\nDriverInfo:\n DriverUserID: 1\n Drivers:\n{people}...\n".encode(),
        "zeros after the text": b"---\nWeekendInfo:\n TrackName: alder\n...\n" + bytes(90),
    }
    for name, text in texts.items():
        yield Bad(f"logs/{name}.ibt", ibt(count=40, text=text), LANDS)
    for name, data in {
        "still being written": ibt(count=41, records=0),
        "fewer records than bytes": ibt(count=42, records=7),
        "more records than bytes": ibt(count=43, records=9_999_999),
        "cut in a record": ibt(count=44, rest=b"\1"),
        "hostile names": ibt(named, 40),
        "one name twice": ibt((Variable("SessionTime", "double"), Variable("Speed"), Variable("Speed")), 40),
        "no name": ibt((Variable("SessionTime", "double"), Variable("")), 40),
        "a clock that stands still": ibt(count=45, data=bytes(17 * 45)),
        "no clock": ibt((Variable("Speed"), Variable("Lap", "int")), 40),
        "doubles of any size": ibt(
            (Variable("SessionTime", "double"), Variable("Speed", "double")),
            40,
            data=np.column_stack([np.arange(40) / 60, np.ldexp(1.1, np.linspace(-1_070, 1_023, 40).astype(int))])
            .astype("<f8")
            .tobytes(),
        ),
        "dates that are none": ibt(count=46, date=-(2**62), start=float("nan"), end=float("inf")),
    }.items():
        yield Bad(f"logs/{name}.ibt", data, LANDS)


def _strange_ld() -> Iterator[Bad]:
    """Logs of MoTeC: a channel that cannot be placed is left out, and the rest is read."""
    speed, gear = Made("SPEED", np.arange(300, dtype="<f4"), 60), Made("GEAR", np.arange(100, dtype="<i2"), 20, 3)
    odd = Made("SPEED", np.array([np.nan, np.inf, -np.inf, 3e38] * 75, "<f4"), 60)
    hostile = {
        place: text.encode()[:60] + b"\0" for place, text in zip((0x9E, 0xDE, 0x15E), HOSTILE_TEXTS, strict=False)
    }
    for name, data in {
        "whole": made_ld(speed, gear),
        "bytes behind its values": made_ld(speed, gear, tail=b"\0behind"),
        "values that are no numbers": made_ld(odd),
        "a channel behind the end": made_ld(speed, replace(gear, fields={"data": 2**31})),
        "a channel without end": made_ld(speed, replace(gear, fields={"count": 2**32 - 1})),
        "a channel of no rate": made_ld(speed, replace(gear, rate=0)),
        "a channel of no known type": made_ld(speed, replace(gear, kind=99)),
        "scales of nothing": made_ld(speed, replace(gear, scaled=(32_767, 0, 0, -32_768))),
        "hostile texts": made_ld(speed, header=hostile),
        "a date that is none": made_ld(speed, gear, header={0x5E: b"99/99/9999\0", 0x7E: b"25:61:61\0"}),
    }.items():
        yield Bad(f"logs/{name}.ld", data, LANDS)
    yield Bad("logs/channels in a circle.ld", made_ld(speed, replace(gear, fields={"next": 0x1000})), Reason.MALFORMED)
    twice = made_ld(speed, replace(gear, fields={"data": 0x1000 + 2 * 124}))
    yield Bad("logs/two channels in one place.ld", twice, Reason.MALFORMED)
    yield Bad("logs/the header alone.ld", made_ld(speed)[:0x900], Reason.MALFORMED)
    markers = "".join(f'<Marker Name="{name}" Time="{at}"/>' for name, at in _STRANGE_MARKERS)
    group = f'<MarkerBlock><MarkerGroup Name="Beacons">{markers}</MarkerGroup></MarkerBlock>'
    yield Bad("logs/whole.ldx", f"<LDXFile><Layers><Layer>{group}</Layer></Layers></LDXFile>".encode(), LANDS)
    yield Bad("logs/of no log.ldx", b"<LDXFile/>", LANDS)
    for time in ("nan", "=cmd|x", "1e999"):
        yield Bad(
            f"logs/{time.strip('=|x')}.ldx",
            f"<LDXFile>{group}</LDXFile>".replace("2e6", time).encode(),
            Reason.MALFORMED,
        )


def _nested(data: bytes, levels: int) -> bytes:
    for level in range(levels):
        data = _zip({f"level {level}.zip" if level else "good.csv": data})
    return data


def _zip(members: dict[str, bytes]) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            member = zipfile.ZipInfo("x", (2026, 3, 1, 12, 0, 0))
            member.filename, member.compress_type = name, zipfile.ZIP_DEFLATED
            archive.writestr(member, data)
    return packed.getvalue()


def _zip_twice(first: bytes, second: bytes) -> bytes:
    packed = io.BytesIO()
    with warnings.catch_warnings(), zipfile.ZipFile(packed, "w") as archive:
        warnings.simplefilter("ignore")
        for data in (first, second):
            archive.writestr(zipfile.ZipInfo("twice.csv", (2026, 3, 1, 12, 0, 0)), data)
    return packed.getvalue()


def _zip_link() -> bytes:
    packed = io.BytesIO()
    link = zipfile.ZipInfo("link.csv", (2026, 3, 1, 12, 0, 0))
    link.create_system, link.external_attr = 3, 0o120777 << 16
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr(link, "/etc/passwd")
    return packed.getvalue()


def _overlapping(entries: int = 200) -> bytes:
    """Many entries of the directory that all point to one member of 8 MB, so that a small file unpacks to 1.6 GB."""
    data = zlib.compress(b"1,2\n" * (2 << 20), 9)[2:-4]
    crc, size = zlib.crc32(b"1,2\n" * (2 << 20)), 8 << 20
    local = struct.pack("<4s5HLLL2H", b"PK\3\4", 20, 0, 8, 0, 0x5C61, crc, len(data), size, 5, 0) + b"0.csv" + data
    directory = b"".join(
        struct.pack("<4s6H3L5H2L", b"PK\1\2", 20, 20, 0, 8, 0, 0x5C61, crc, len(data), size, 5, 0, 0, 0, 0, 0, 0)
        + b"0.csv"
        for _ in range(entries)
    )
    end = struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, entries, entries, len(directory), len(local), 0)
    return local + directory + end


def _tar(members: list[tuple[tarfile.TarInfo, bytes]]) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w", format=tarfile.GNU_FORMAT) as archive:
        for member, data in members:
            member.size = len(data)
            member.mtime = member.mtime or 1_700_000_000
            archive.addfile(member, io.BytesIO(data))
    return gzip.compress(packed.getvalue(), mtime=0)


def tar_header_bomb(size: int) -> bytes:
    """A member whose extended header, which a reader holds in memory, is of this size: zeros, so the file is small."""
    header = tarfile.TarInfo("././@PaxHeader")
    header.type, header.size = tarfile.XHDTYPE, size
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    packed = packer.compress(header.tobuf(tarfile.USTAR_FORMAT))
    chunk = b"9" * (1 << 20)
    for _ in range(size >> 20):
        packed += packer.compress(chunk)
    return packed + packer.compress(bytes(1024)) + packer.flush()


def write(files: Iterator[Bad], directory: Path) -> list[Bad]:
    """Write files as bytes, each under its path, without those whose names the disk does not take."""
    written = []
    for bad in files:
        path = directory / bad.path
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            path.write_bytes(bad.data)
        except OSError:  # Windows does not take some names
            continue
        written.append(bad)
    return written


def write_disk_troubles(directory: Path) -> dict[Path, str]:
    """Links that go round, a pipe, a folder with a file's name, a name that is no text; what becomes of each."""
    directory.mkdir(parents=True, exist_ok=True)
    made: dict[Path, str] = {}

    def make(name: str, how: Callable[[Path], object], becomes: str) -> None:
        how(directory / name)
        made[directory / name] = becomes

    make("loop.csv", lambda path: path.symlink_to(path), Reason.UNREADABLE)
    make("there.csv", lambda path: path.symlink_to(directory / "back.csv"), Reason.UNREADABLE)
    make("back.csv", lambda path: path.symlink_to(directory / "there.csv"), Reason.UNREADABLE)
    make("dangling.csv", lambda path: path.symlink_to(directory / "nowhere"), Reason.UNREADABLE)
    make("pipe.csv", lambda path: os.mkfifo(path), Reason.UNREADABLE)
    (directory / "folder.csv").mkdir()
    (directory / "folder.csv" / "again").symlink_to(directory, target_is_directory=True)
    name = os.fsdecode(b"\xff\xfe no text.csv")
    make(name, lambda path: path.write_bytes(b"x\n"), Reason.UNKNOWN_FORMAT)
    return made
