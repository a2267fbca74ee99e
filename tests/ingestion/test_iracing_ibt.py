"""iRacing logs: what is read of them, and what is refused before it is believed."""

import csv
import os
from pathlib import Path

import numpy as np
import pytest
import yaml

from ingestion.formats.logs import find_log_format
from ingestion.formats.logs.iracing_ibt import FORMAT, IbtLog
from ingestion.formats.logs.iracing_session_text import MAX_CHARACTERS, read_session_text
from ingestion.formats.logs.log import ValueType
from ingestion.reading import Reason, RefusedError
from tests.ingestion.ibt import BROKEN, Variable, ibt
from tests.ingestion.logs import fuzz

REAL = os.environ.get("SIMRACE_REAL_FILES")
SPAN = 16 * 60


def opened(tmp_path: Path, data: bytes) -> IbtLog:
    (file := tmp_path / "log.ibt").write_bytes(data)
    return IbtLog(file)


def rebuilt(log: IbtLog) -> bytes:
    assert FORMAT.rebuild
    return b"".join(FORMAT.rebuild(log.channels, log.documents, log.blocks()))


def values(log: IbtLog, name: str) -> "np.ndarray[tuple[int], np.dtype[np.generic]]":
    [number] = (channel.number for channel in log.channels if channel.name == name)
    return np.concatenate([block.values for block in log.blocks() if block.channel_number == number])


@pytest.mark.parametrize("version", [1, 2])
def test_channels_and_values_are_those_of_the_file(tmp_path: Path, version: int) -> None:
    speed = np.arange(2_000, dtype="<f4")
    records = np.zeros(2_000, np.dtype([("SessionTime", "<f8"), ("Lap", "<i4"), ("Speed", "<f4"), ("OnTrack", "?")]))
    records["Speed"], records["OnTrack"] = speed, speed > 5
    log = opened(tmp_path, ibt(data=records.tobytes(), version=version))
    assert [(each.number, each.name, each.unit, each.value_type) for each in log.channels] == [
        (1, "SessionTime", "m/s", ValueType.FLOAT8),
        (2, "Lap", "m/s", ValueType.INT4),
        (3, "Speed", "m/s", ValueType.FLOAT4),
        (4, "OnTrack", "m/s", ValueType.BOOL),
    ]
    assert {(each.sample_rate_hz, each.sample_count) for each in log.channels} == {(60, 2_000)}
    assert values(log, "Speed").tobytes() == speed.tobytes()
    assert values(log, "OnTrack").tolist() == (speed > 5).tolist()
    spans = [(block.block_number, block.channel_number, block.first_sample) for block in log.blocks()]
    assert spans == [(span, channel, (span - 1) * SPAN) for span in (1, 2, 3) for channel in (1, 2, 3, 4)]


def test_an_array_is_a_channel_an_element_or_one_between_the_ticks(tmp_path: Path) -> None:
    variables = (Variable("CarIdxLap", "int", 3), Variable("Torque_ST", "float", 6, is_time=True))
    records = np.zeros(1_500, np.dtype([("laps", "<i4", 3), ("torque", "<f4", 6)]))
    records["laps"] = np.arange(4_500).reshape(1_500, 3)
    records["torque"] = np.arange(9_000).reshape(1_500, 6)
    log = opened(tmp_path, ibt(variables, 1_500, data=records.tobytes()))
    assert [(each.name, each.sample_rate_hz, each.sample_count) for each in log.channels] == [
        *((f"CarIdxLap[{element}]", 60, 1_500) for element in range(3)),
        ("Torque_ST", 360, 9_000),
    ]
    assert values(log, "CarIdxLap[1]").tolist() == list(range(1, 4_500, 3))
    assert values(log, "Torque_ST").tolist() == list(range(9_000))
    assert [block.first_sample for block in log.blocks() if block.channel_number == 4] == [0, 6 * SPAN]
    assert rebuilt(log) == (tmp_path / "log.ibt").read_bytes()


ODD = {
    "as it should be": ibt(),
    "version 1": ibt(version=1),
    "of one record": ibt(count=1),
    "just a span": ibt(count=SPAN),
    "count of records 0": ibt(records=0),
    "count of records stale": ibt(records=100),
    "cut off in a record": ibt(rest=b"\1\2\3"),
    "bytes between the parts": ibt(padding=b"\0between\xff"),
    "bytes in a record that no variable has": ibt((Variable("Speed", gap=3), Variable("Gear", "int", gap=2))),
    "booleans that are none": ibt((Variable("OnTrack", "bool"), Variable("Speed")), data=bytes(range(250)) * 20),
    "characters": ibt((Variable("Name", "char", 5),)),
    "every type": ibt(tuple(Variable(kind, kind, 2) for kind in ("char", "bool", "int", "bits", "float", "double"))),
    "text of cp1252": ibt(text=b"---\nDriverInfo:\n UserName: Jos\xe9\n"),
    "text padded with NUL": ibt(text=b"---\nA:\n B: c\n" + bytes(40)),
    "without a text": ibt(text=b""),
}


@pytest.mark.parametrize("what", ODD)
def test_a_log_is_rebuilt_to_the_byte(tmp_path: Path, what: str) -> None:
    data = ODD[what]
    assert find_log_format(data[:4096]) is FORMAT
    log = opened(tmp_path, data)
    assert rebuilt(log) == data
    assert sum(channel.sample_count for channel in log.channels) == sum(len(block.values) for block in log.blocks())


def test_records_are_counted_by_size_and_the_rest_is_said(tmp_path: Path) -> None:
    log = opened(tmp_path, ibt(records=0, rest=b"\1\2\3"))
    assert log.channels[0].sample_count == 2_000
    rest = log.documents[-1]
    assert (rest.name, rest.data, rest.position) == ("rest", b"\1\2\3", (tmp_path / "log.ibt").stat().st_size - 3)


def test_a_block_of_booleans_that_are_none_comes_as_integers(tmp_path: Path) -> None:
    data = np.zeros(2_000, "u1")
    data[1_500] = 7
    log = opened(tmp_path, ibt((Variable("OnTrack", "bool"),), data=data.tobytes()))
    first, second, _ = log.blocks()
    assert (first.values.dtype, second.values.dtype, second.values[1_500 - SPAN]) == (np.bool_, np.int32, 7)


@pytest.mark.parametrize("what", BROKEN)
def test_what_cannot_be_is_refused_at_the_header(tmp_path: Path, what: str) -> None:
    assert find_log_format(BROKEN[what][:4096]) is FORMAT
    with pytest.raises(RefusedError) as refused:
        opened(tmp_path, BROKEN[what])
    assert refused.value.reason is Reason.MALFORMED


def test_damaged_headers(tmp_path: Path) -> None:
    variables = (Variable("Lap", "int"), Variable("Torque_ST", "float", 6, is_time=True), Variable("OnTrack", "bool"))
    whole = ibt(variables, 40)
    found = fuzz(FORMAT, whole, tmp_path, 400)
    assert found.total() >= 400
    assert {"lands", Reason.MALFORMED} <= found.keys() <= {"lands", Reason.MALFORMED, Reason.NO_DATA}


def test_a_log_without_a_whole_record_has_no_data(tmp_path: Path) -> None:
    with pytest.raises(RefusedError) as refused:
        opened(tmp_path, ibt(count=0, rest=b"\1"))
    assert refused.value.reason is Reason.NO_DATA


def test_an_impostor_is_of_no_format() -> None:
    assert find_log_format(np.arange(4_000, dtype="<f4").tobytes()) is None
    assert find_log_format(b"\2\0\0\0") is None
    assert find_log_format(b"") is None


def test_the_session_text_is_read_as_yaml_would_be_where_that_can(tmp_path: Path) -> None:
    text = """---
WeekendInfo:
 TrackName: alderbrook
 Empty:
 WeekendOptions:
  NumStarters: 0
SplitTimeInfo:
 Sectors:
 - SectorNum: 0
   SectorStartPct: 0.000
 - SectorNum: 1
   SectorStartPct: 0.500
DriverInfo:
 Drivers:
  - CarIdx: 0
    CarNumber: "07"
    Laps:
     - 1
  -
    CarIdx: 1
 After: yes it is

...
"""

    def as_text(node: object) -> object:
        if isinstance(node, dict):
            return {key: as_text(value) for key, value in node.items()}
        if isinstance(node, list):
            return [as_text(each) if isinstance(each, dict) else {} for each in node]
        return "" if node is None else str(node)

    assert read_session_text(text) == as_text(yaml.load(text, yaml.BaseLoader))  # noqa: S506 - makes text alone


@pytest.mark.parametrize(
    "name", ['Jo "Flash" Bell', "Bell: the second", "#1 Fan", "{Jo", "- Jo", "*Jo", "'Jo", "Jo, Bell"]
)
def test_a_name_that_breaks_yaml_is_read_as_it_stands(name: str) -> None:
    read = read_session_text(f"---\nDriverInfo:\n Drivers:\n - CarIdx: 0\n   UserName: {name}\n   UserID: 7\n")
    assert read == {"DriverInfo": {"Drivers": [{"CarIdx": "0", "UserName": name, "UserID": "7"}]}}


def test_no_session_text_makes_the_log_fail() -> None:
    random = np.random.default_rng(1)
    letters = np.array(list('a :-\n\r\t"#{[\0é.0'))
    for _ in range(2_000):
        read_session_text("".join(random.choice(letters, 200)))
    assert read_session_text("x" * (MAX_CHARACTERS + 1)) is None
    deep = read_session_text("".join(" " * depth + "a:\n" for depth in range(1_400)))
    assert len(str(deep)) < 200


@pytest.mark.skipif(not REAL, reason="SIMRACE_REAL_FILES is not set")
def test_real_logs_are_rebuilt_or_refused() -> None:
    folder = Path(str(REAL))
    with (folder / "SOURCES.csv").open(encoding="utf-8", newline="") as sources:
        said = {row[0]: ",".join(row[7:]) for row in csv.reader(sources)}
    files = sorted(folder.glob("iracing-ibt/*.ibt"))
    assert len(files) > 5
    for file in files:
        log_format = find_log_format(file.read_bytes()[:4096])
        expected = said[str(file.relative_to(folder))]
        if log_format is None:
            assert "NOT an iRacing file" in expected or "empty" in file.name or "invalid" in file.name
            continue
        log = IbtLog(file)
        assert rebuilt(log) == file.read_bytes()
        variables = {channel.name.partition("[")[0] for channel in log.channels}
        for number, what in ((log.channels[0].sample_count, "records"), (len(variables), "vars")):
            assert f" {what}" not in expected or f"{number} {what}" in expected, file.name
