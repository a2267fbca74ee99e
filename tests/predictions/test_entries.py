"""Entry lists are read strictly: what is not understood is refused with where it is."""

import json
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simrace.predictions.entries import MOST_BYTES, MOST_ENTRIES, EntryList, Listed, read_document, read_file
from simrace.predictions.errors import EntryListError

CSV = """\
driver,car,start_position,qualifying_lap,irating,layout,license_category,starts_at,is_official
Anna Bell,GT3 Example,1,1:43.21,2500,somewhere - long,Sports Car,2031-05-03T19:00:00,false
77001,,2,,,,,,
"""


def test_a_csv_and_a_json_say_the_same(tmp_path: Path) -> None:
    (tmp_path / "list.csv").write_text(CSV, "utf-8-sig")
    document = {
        "race": {"layout": "somewhere - long", "license_category": "Sports Car", "starts_at": "2031-05-03T19:00:00Z",
                 "is_official": False},
        "entries": [
            {"driver": "Anna Bell", "car": "GT3 Example", "start_position": 1, "qualifying_lap": 103.21,
             "irating": 2500},
            {"driver": 77001, "start_position": 2},
        ],
    }  # fmt: skip
    (tmp_path / "list.json").write_text(json.dumps(document), "utf-8")
    read = read_file(tmp_path / "list.csv")
    assert read == read_file(tmp_path / "list.json")
    assert read.entries == (Listed("Anna Bell", "GT3 Example", None, 1, 103_210, 2500), Listed("77001", None, None, 2))
    assert read.starts_at and read.starts_at.isoformat() == "2031-05-03T19:00:00+00:00" and not read.is_official


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "names nobody"),
        ("driver\n", "names nobody"),
        ("who\nAnna\n", "Entry 1 has who, which is none of: driver, car"),
        ("driver,car\n,GT3\n", "Entry 1 names no driver"),
        ("driver\nAnna\nanna\n", "a driver twice: anna"),
        ("driver,start_position\nAnna,1\nBo,1\n", "a place on the grid twice: 1"),
        ("driver,start_position\nAnna,0\n", "start_position of entry 1 is a whole number from 1"),
        ("driver,start_position\nAnna,1.5\n", "start_position of entry 1 is a whole number"),
        ("driver,irating\nAnna,999999\n", "irating of entry 1 is a whole number from 1 to 20,000"),
        ("driver,irating\nAnna,-5\n", "irating of entry 1"),
        ("driver,qualifying_lap\nAnna,fast\n", "qualifying_lap of entry 1 is seconds"),
        ("driver,qualifying_lap\nAnna,0.5\n", "qualifying_lap of entry 1 is seconds"),
        ("driver,layout\nAnna,here\nBo,there\n", "Entry 2 says another layout"),
        ("driver,starts_at\nAnna,tomorrow\n", "starts_at is a moment"),
        ("driver,starts_at\nAnna,0001-01-01\n", "in no year of sim racing"),
        ("driver,is_official\nAnna,perhaps\n", "is_official is true or false"),
        ("driver\nAnna,Bo\n", "Entry 1 has more cells"),
        (f"driver\n{'x' * 201}\n", "is no name"),
        ("driver\nAn\x07na\n", "is no name"),
        ('driver\n"Anna\n', "no CSV"),
        ("{", "no JSON"),
        ("[" * 99_999, "no JSON"),
        ("[1]", "An entry list is"),
        ('{"entries": 5}', "An entry list is"),
        ('{"entries": [5]}', "Entry 1 is no object"),
        ('{"race": 5, "entries": [{"driver": "a"}]}', "`race` is an object"),
        ('{"race": {"track": "x"}, "entries": [{"driver": "a"}]}', "The race has track, which is none of: layout"),
        ('{"entries": [{"driver": true}]}', "driver of entry 1 is a text"),
        ('{"entries": [{"driver": "a", "irating": true}]}', "irating of entry 1"),
        ('{"entries": [{"driver": "a", "qualifying_lap": NaN}]}', "qualifying_lap of entry 1"),
    ],
)
def test_what_is_not_understood_is_refused_with_its_place(text: str, said: str, tmp_path: Path) -> None:
    (tmp_path / "list").write_text(text, "utf-8")
    with pytest.raises(EntryListError, match=said.replace("(", r"\(")):
        read_file(tmp_path / "list")


def test_files_that_are_no_lists_are_refused(tmp_path: Path) -> None:
    for name, content in (("utf16", "driver\nA\n".encode("utf-16")), ("large", b"x" * (MOST_BYTES + 1))):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(EntryListError):
            read_file(tmp_path / name)
    for path in (tmp_path / "none", tmp_path):
        with pytest.raises(EntryListError, match="cannot be read"):
            read_file(path)
    with pytest.raises(EntryListError, match=f"at most {MOST_ENTRIES}"):
        read_document({"entries": [{"driver": str(number)} for number in range(MOST_ENTRIES + 1)]})


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner, max_size=3),
)


@settings(max_examples=60, deadline=None)
@given(ANYTHING | st.fixed_dictionaries({"entries": st.lists(st.fixed_dictionaries({"driver": ANYTHING}), max_size=3)}))
def test_any_document_is_read_or_refused(document: Any) -> None:
    with suppress(EntryListError):
        assert isinstance(read_document(document), EntryList)
