"""Results as XML are read as a tree that holds all they say; what they declare is believed in nothing."""

import json
from pathlib import Path
from typing import Any

import pytest

from ingestion.formats.identify import Identity, identify
from ingestion.formats.xml_tree import MAX_DEPTH, read_tree
from ingestion.log_rows import as_json
from ingestion.reading import Reason, RefusedError, read_content

HEAD = '<?xml version="1.0" encoding="utf-8"?>\n<!DOCTYPE rF [\n<!ENTITY rFEnt "rFactor Entity">\n]>\n'
RACE = """<rFactorXML version="1.0">
<RaceResults>
<TrackVenue>Oak Ring</TrackVenue>
<Race>
<Stream/>
<Driver><Name>Ada Vale</Name><Lap num="1" p="1">91.2500</Lap><Lap num="2">--.----</Lap></Driver>
<Driver><Name>Jo Elm</Name><Swap startLap="1">Jo Elm</Swap><Swap>Kim Ash</Swap><Swap> Jo Elm</Swap><Swap/></Driver>
</Race>
</RaceResults>
</rFactorXML>
"""


def identified(tmp_path: Path, data: bytes) -> Identity:
    (tmp_path / "race.txt").write_bytes(data)
    return identify(read_content(tmp_path / "race.txt"))


def tree_of(identity: Identity) -> dict[str, Any]:
    content = identity.documents[0].content
    assert (identity.documents[0].name, isinstance(content, dict)) == ("tree", True)
    return content or {}


def repairs_of(identity: Identity) -> dict[str, int]:
    assert identity.repairs is not None
    return identity.repairs


@pytest.mark.parametrize(
    ("head", "source_format"),
    [
        ("", "lmu_results_xml"),
        ("<ClientFuelVisible>3</ClientFuelVisible><Mod>alder.rfm</Mod>", "rfactor2_results_xml"),
        ("<Mod>alder.srs</Mod>", "ams_results_xml"),
        ("<Mod>alder.rfm</Mod>", "rfactor_results_xml"),
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_the_sim_shows_by_what_it_writes(tmp_path: Path, head: str, source_format: str, encoding: str) -> None:
    text = HEAD + RACE.replace("<TrackVenue>", head + "<TrackVenue>", 1).replace("Vale", "Väle")
    identity = identified(tmp_path, text.encode(encoding))
    assert (identity.source_format, identity.family, identity.layout) == (source_format, "results", None)
    assert identity.entry_count == 3, "a driver, and two who shared a car"
    assert "Ada Väle" in json.dumps(tree_of(identity), ensure_ascii=False)
    assert repairs_of(identity) == ({"latin_1_characters": 1} if encoding == "cp1252" else {})


def test_a_tree_has_all_elements_attributes_and_texts_in_their_order() -> None:
    text = '<a>\n <b y="2" x="1 &lt;"/>one <!-- no --> two<b>&#233;</b>\n<c> </c><d></d> end </a>'
    assert read_tree(text).root == {
        "tag": "a",
        "content": [
            {"tag": "b", "attributes": {"y": "2", "x": "1 <"}},
            "one  two",
            {"tag": "b", "content": ["é"]},
            {"tag": "c", "content": [" "]},
            {"tag": "d"},
            " end ",
        ],
    }


def test_a_long_text_is_one() -> None:
    name = "ä&amp;\n" * 100_000
    assert read_tree(f"<a><b>{name}</b></a>").root["content"][0]["content"] == [name.replace("&amp;", "&")]


@pytest.mark.parametrize(
    ("written", "read", "repairs"),
    [
        ("A & B", "A & B", {"ampersands": 1}),
        ("A&B; &&amp;", "A&B; &&", {"ampersands": 2}),
        ("&#65;&#x42;&#0;&#xD800;&#x110000;&#99999999;", "AB&#0;&#xD800;&#x110000;&#99999999;", {"ampersands": 4}),
        ("&#9;&#xFFFE;", "\t&#xFFFE;", {"ampersands": 1}),
        ("A\x01\x1bB\ufffe", "A\ufffd\ufffdB\ufffd", {"control_characters": 3}),
        ("<![CDATA[A & <B>]]>", "A & <B>", {}),
    ],
)
def test_what_is_no_xml_is_put_right_for_the_tree_and_counted(
    tmp_path: Path, written: str, read: str, repairs: dict[str, int]
) -> None:
    identity = identified(tmp_path, (HEAD + RACE.replace("Ada Vale", written)).encode())
    race = tree_of(identity)["content"][0]["content"][1]
    assert race["content"][1]["content"][0] == {"tag": "Name", "content": [read]}
    assert repairs_of(identity) == repairs


def test_characters_after_the_end_are_left_out_and_counted(tmp_path: Path) -> None:
    identity = identified(tmp_path, (HEAD + RACE).encode() + b"\xed\n")
    assert repairs_of(identity) == {"characters_after_the_end": 3, "latin_1_characters": 1}
    assert tree_of(identity) == tree_of(identified(tmp_path, (HEAD + RACE).encode()))


@pytest.mark.parametrize(
    "declared",
    [
        '<!ENTITY a "x"><!ENTITY b "&a;&a;">',
        '<!ENTITY rFEnt "x&#38;y">',
        '<!ENTITY % a "x">',
        '<!ENTITY a SYSTEM "file:///etc/hostname">',
        '<!ENTITY a PUBLIC "x" "http://127.0.0.1/">',
        '<!ENTITY a SYSTEM "x" NDATA gif>',
        '<!NOTATION gif SYSTEM "x">',
        '<!ATTLIST Lap pit CDATA "1">',
    ],
)
def test_more_than_a_plain_text_is_not_declared(tmp_path: Path, declared: str) -> None:
    text = HEAD.replace('<!ENTITY rFEnt "rFactor Entity">', declared) + RACE
    with pytest.raises(RefusedError) as refused:
        identified(tmp_path, text.encode())
    assert (refused.value.reason, refused.value.detail) == (
        Reason.MALFORMED,
        "not valid XML: it declares what no such document needs",
    )


@pytest.mark.parametrize(
    "text",
    [
        HEAD + RACE.replace("Ada Vale", "&rFEnt;"),
        HEAD + RACE.replace('p="1"', 'p="&rFEnt;"'),
        HEAD.replace("DOCTYPE rF", 'DOCTYPE rF SYSTEM "file:///etc/hostname"') + RACE,
        HEAD.replace("DOCTYPE rF", 'DOCTYPE rF PUBLIC "x" "http://127.0.0.1:9/"') + RACE,
        (HEAD + RACE).replace("</Race>", ""),
        (HEAD + RACE)[:-30],
        HEAD + RACE.replace("Ada Vale", "A < B"),
        HEAD + RACE.replace("<rFactorXML", "<html><rFactorXML") + "</html>",
        "<html><rFactorXML/></html>",
        HEAD + RACE.replace("<Stream/>", "<a>" * MAX_DEPTH + "</a>" * MAX_DEPTH),
        HEAD + RACE.replace("<Stream/>", "<a>" * 10_000 + "</a>" * 10_000),
    ],
)
def test_what_cannot_be_believed_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(RefusedError) as refused:
        identified(tmp_path, text.encode())
    assert refused.value.reason is Reason.MALFORMED
    assert "Ada Vale" not in refused.value.detail


def test_results_of_nobody_are_refused_as_such(tmp_path: Path) -> None:
    for text in (RACE.replace("Driver", "Guest"), RACE.replace("RaceResults", "Other"), "<rFactorXML></rFactorXML>"):
        with pytest.raises(RefusedError) as refused:
            identified(tmp_path, (HEAD + text).encode())
        assert refused.value.reason is Reason.NO_DATA


def test_a_document_over_the_limits_is_not_parsed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = (HEAD + RACE).encode()
    monkeypatch.setattr("ingestion.formats.xml_tree.MAX_MARKS", data.count(b"<") + data.count(b"="))
    assert identified(tmp_path, data).source_format == "lmu_results_xml"
    monkeypatch.setattr("ingestion.formats.xml_tree._Parser", None)
    with pytest.raises(RefusedError) as refused:
        identified(tmp_path, data.replace(b"<Stream/>", b"<a/><Stream/>"))
    assert refused.value.reason is Reason.TOO_LARGE


def test_a_tree_is_landed_as_it_is() -> None:
    tree = read_tree(RACE).root
    assert json.loads(as_json(tree)) == tree
